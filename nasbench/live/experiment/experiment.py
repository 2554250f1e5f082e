"""A whole live search: search, train what was found, score it once on the test split. One plan, one flat result."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nasbench.errors import NasbenchError
from nasbench.live.experiment.config import Plan, check_plan, plan_as_dict
from nasbench.live.experiment.retraining import describe_trained, train_final
from nasbench.live.experiment.search import Searched, resumed_search, shared_search
from nasbench.live.networks.builders import builder
from nasbench.live.supernets.ranking import supernet_ranking
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.tasks.task import Splits, Task
from nasbench.live.training.microbatching import memory_guard
from nasbench.live.training.training import Say, to_stderr


def run_plan(
    plan: Plan, device: torch.device, folder: Path | None = None, say: Say = to_stderr, rank: int = 0
) -> dict[str, Any]:
    """Search, train, score: return one flat result, with the curves and every setting beside it.

    Args:
        plan: what to do.
        device: where.
        folder: resumed where it holds the same plan; None keeps nothing.
        say: takes messages.
        rank: architectures to train alone beside, so as to see how well the shared weights rank them; 0 for none.

    Raises:
        NasbenchError: for a plan that cannot be run, or a ranking where no weights are shared.
    """
    check_plan(plan)
    if rank:
        _check_rank(plan, rank)
    task = get_task(plan.task)
    splits = task.load().reduced(*plan.examples)
    say(f"{plan.optimizer} searches {plan.space} on {plan.task} (seed {plan.seed}, {device.type})")
    searched = resumed_search(plan, task, splits, device, folder)
    recipe = replace(plan.recipe, seed=plan.seed)
    trained = train_final(task, splits, plan.space, searched.architecture, recipe, device, folder, say)
    space = builder(plan.space).make_space()
    ranked = _ranked(plan, task, splits, searched, device, folder, say, rank) if rank else {}
    return {
        "task": plan.task,
        "space": plan.space,
        "optimizer": plan.optimizer,
        "seed": plan.seed,
        "architecture": space.to_string(searched.architecture),
        "search_seconds": searched.seconds,
        **({"stopped_early": searched.stopped_early} if plan.shares_weights else {}),
        **describe_trained(task, splits, trained, recipe, device),
        **ranked,
        "search_curve": searched.curve,
        "train_curve": trained.curve,
        "plan": plan_as_dict(plan),
    }


def _check_rank(plan: Plan, rank: int) -> None:
    """Raise NasbenchError unless `rank` architectures can be ranked by the shared weights of a plan."""
    if not plan.shares_weights:
        raise NasbenchError(
            f"A ranking holds shared weights against training alone, and {plan.optimizer} shares none here; leave out --rank."
        )
    if rank < 2:
        raise NasbenchError(f"The number of architectures to rank is {rank}; it should be 2 or more.")


def _ranked(
    plan: Plan,
    task: Task,
    splits: Splits,
    searched: Searched,
    device: torch.device,
    folder: Path | None,
    say: Say,
    rank: int,
) -> dict[str, Any]:
    """How the supernet of a search ranks uniform architectures: flat values, and the rest as `ranking`."""
    say(f"{rank} architectures are trained alone, to be ranked")
    space = builder(plan.space).make_space()
    architectures = space.sample(np.random.default_rng(plan.seed).random((rank, space.d)))
    recipe = replace(plan.search_recipe, seed=plan.seed)
    with memory_guard(device, "ranking"):
        found = searched.found or shared_search(plan, task, splits, device, folder).run()
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
