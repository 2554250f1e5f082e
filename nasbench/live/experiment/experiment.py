"""A whole live search: search, train what was found, score it once on the test split. One plan, one flat result."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nasbench.errors import NasbenchError
from nasbench.live.experiment.config import ExperimentConfig, check_config, config_as_dict
from nasbench.live.experiment.retraining import describe_trained, train_final
from nasbench.live.experiment.search import SearchOutcome, resume_or_search, supernet_search
from nasbench.live.networks.builders import get_networks
from nasbench.live.supernets.ranking import supernet_ranking
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.tasks.task import Splits, Task
from nasbench.live.training.microbatching import memory_guard
from nasbench.live.training.training import Reporter, stderr_reporter


def run_experiment(
    config: ExperimentConfig,
    device: torch.device,
    folder: Path | None = None,
    reporter: Reporter = stderr_reporter,
    rank: int = 0,
) -> dict[str, Any]:
    """Search, train, score: return one flat result, with the curves and every setting beside it.

    Args:
        config: what to do.
        device: where.
        folder: resumed where it holds the same plan; None keeps nothing.
        reporter: takes messages.
        rank: architectures to train alone beside, so as to see how well the shared weights rank them; 0 for none.

    Raises:
        NasbenchError: for a plan that cannot be run, or a ranking where no weights are shared.
    """
    check_config(config)
    if rank:
        _check_rank(config, rank)
    task = get_task(config.task)
    splits = task.load().reduced(*config.examples)
    reporter(f"{config.optimizer} searches {config.space} on {config.task} (seed {config.seed}, {device.type})")
    outcome = resume_or_search(config, task, splits, device, folder)
    recipe = replace(config.recipe, seed=config.seed)
    trained = train_final(task, splits, config.space, outcome.architecture, recipe, device, folder, reporter)
    space = get_networks(config.space).make_space()
    ranked = _ranked(config, task, splits, outcome, device, folder, reporter, rank) if rank else {}
    return {
        "task": config.task,
        "space": config.space,
        "optimizer": config.optimizer,
        "seed": config.seed,
        "architecture": space.to_string(outcome.architecture),
        "search_seconds": outcome.seconds,
        **({"stopped_early": outcome.stopped_early} if config.shares_weights else {}),
        **describe_trained(task, splits, trained, recipe, device),
        **ranked,
        "search_curve": outcome.curve,
        "train_curve": trained.curve,
        "plan": config_as_dict(config),
    }


def _check_rank(config: ExperimentConfig, rank: int) -> None:
    """Raise NasbenchError unless `rank` architectures can be ranked by the shared weights of a plan."""
    if not config.shares_weights:
        raise NasbenchError(
            f"A ranking holds shared weights against training alone, and {config.optimizer} shares none here; leave out --rank."
        )
    if rank < 2:
        raise NasbenchError(f"The number of architectures to rank is {rank}; it should be 2 or more.")


def _ranked(
    config: ExperimentConfig,
    task: Task,
    splits: Splits,
    outcome: SearchOutcome,
    device: torch.device,
    folder: Path | None,
    reporter: Reporter,
    rank: int,
) -> dict[str, Any]:
    """How the supernet of a search ranks uniform architectures: flat values, and the rest as `ranking`."""
    reporter(f"{rank} architectures are trained alone, to be ranked")
    space = get_networks(config.space).make_space()
    architectures = space.sample(np.random.default_rng(config.seed).random((rank, space.d)))
    recipe = replace(config.search_recipe, seed=config.seed)
    with memory_guard(device, "ranking"):
        found = outcome.found or supernet_search(config, task, splits, device, folder).run()
        assert found.searcher is not None
        supernet = found.searcher.supernet.eval()
        result = supernet_ranking(supernet, task, splits, architectures, recipe, max(rank // 5, 1), device, folder)
    scores = zip(map(space.to_string, architectures), result.shared, result.alone, strict=True)
    return {
        "rank_tau": result.kendall_tau,
        "rank_overlap": result.top_k_overlap,
        "ranking": {
            "architectures": result.n,
            "kendall_tau": result.kendall_tau,
            "kendall_tau_low": result.low,
            "kendall_tau_high": result.high,
            "p_value": result.p_value,
            "top_k": result.k,
            "overlap": result.top_k_overlap,
            "seconds": result.seconds,
            "scores": [{"architecture": name, "shared": float(s), "alone": float(a)} for name, s, a in scores],
        },
    }
