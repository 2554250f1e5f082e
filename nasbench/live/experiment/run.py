"""Run a live experiment: search, retrain, evaluate once on the test split; one flat result."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nasbench.errors import NasbenchError
from nasbench.live.experiment.config import ExperimentConfig, check_config, config_as_dict
from nasbench.live.experiment.experiment import Experiment, open_experiment
from nasbench.live.experiment.search import SearchOutcome, resume_or_search, supernet_search
from nasbench.live.supernets.ranking import supernet_ranking
from nasbench.live.training.microbatching import memory_guard
from nasbench.live.training.training import Reporter, stderr_reporter
from nasbench.study.trace_table import Columns


def run_experiment(
    config: ExperimentConfig,
    device: torch.device,
    workdir: Path | None = None,
    reporter: Reporter = stderr_reporter,
    rank: int = 0,
) -> dict[str, Any]:
    """Search, retrain and evaluate; return one flat result with curves and configuration.

    Args:
        config: configuration of the experiment.
        device: device for all computation.
        workdir: folder of checkpoints, resumed if it has the same configuration; None for no checkpoints.
        reporter: callback for messages.
        rank: number of random architectures for the rank correlation of the supernet; 0 for none.

    Raises:
        NasbenchError: for an invalid configuration, or a rank correlation without weight sharing.
    """
    check_config(config)
    if rank:
        _check_rank(config, rank)
    return search_and_score(open_experiment(config, device, workdir, reporter), rank)[0]


def search_and_score(experiment: Experiment, rank: int = 0) -> tuple[dict[str, Any], Columns]:
    """Return the result of an experiment whose configuration was checked, and the trace of its search."""
    config = experiment.config
    experiment.reporter(
        f"{config.optimizer} searches {config.space} on {config.task} (seed {config.seed}, {experiment.device.type})"
    )
    outcome = resume_or_search(experiment)
    trained = experiment.retrain(outcome.architecture, experiment.workdir)
    result = {
        "task": config.task,
        "space": config.space,
        "optimizer": config.optimizer,
        "seed": config.seed,
        "architecture": experiment.space.to_string(outcome.architecture),
        "search_seconds": outcome.seconds,
        **({"stopped_early": outcome.stopped_early} if config.shares_weights else {}),
        **experiment.score(trained),
        **(_ranked(experiment, outcome, rank) if rank else {}),
        "search_curve": outcome.curve,
        "train_curve": trained.curve,
        "config": config_as_dict(config),
    }
    return result, outcome.trace


def _check_rank(config: ExperimentConfig, rank: int) -> None:
    """Raise NasbenchError unless `rank` architectures can be ranked by the shared weights of a search."""
    if not config.shares_weights:
        raise NasbenchError(
            f"A rank correlation compares one-shot scores with training from scratch, and {config.optimizer} shares no weights; leave out --rank-correlation."
        )
    if rank < 2:
        raise NasbenchError(f"The number of architectures to rank is {rank}; it should be 2 or more.")


def _ranked(experiment: Experiment, outcome: SearchOutcome, rank: int) -> dict[str, Any]:
    """Return the rank correlation of a search's supernet over uniform architectures: flat values, and details as
    `ranking`.
    """
    config, device, space = experiment.config, experiment.device, experiment.space
    experiment.reporter(f"training {rank} random architectures from scratch for the rank correlation")
    architectures = space.sample(np.random.default_rng(config.seed).random((rank, space.d)))
    recipe = replace(config.search_recipe, seed=config.seed)
    with memory_guard(device, "ranking"):
        found = outcome.found or supernet_search(experiment).run()
        assert found.searcher is not None
        supernet = found.searcher.supernet.eval()
        data = (experiment.task, experiment.splits)
        result = supernet_ranking(supernet, *data, architectures, recipe, max(rank // 5, 1), device, experiment.workdir)
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
