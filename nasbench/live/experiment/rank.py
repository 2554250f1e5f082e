"""How well the supernet of a search ranks architectures, compared with trainings of its own or against a table of trained ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError
from nasbench.live.experiment.experiment import Experiment
from nasbench.live.experiment.search import SearchOutcome, supernet_search
from nasbench.live.networks.space_networks import Architecture
from nasbench.live.supernets.one_shot_evaluation import shared_errors, shared_losses
from nasbench.live.supernets.ranking import SupernetRanking, ranking_of_trainings, supernet_ranking
from nasbench.live.supernets.supernet import Supernet
from nasbench.live.training.batches import DeviceSplit
from nasbench.live.training.microbatching import memory_guard

TRAINING, TABLE = "training", "table"
TABLES = {"cifar10": "nas-bench-201/cifar10", "mnist-1d": "mnist-1d-reference/mnist-1d"}
"""Benchmarks with trained architectures of a live task."""


@dataclass(frozen=True)
class RankConfig:
    """What the supernet of a search is compared with.

    Attributes:
        n: number of random architectures; 0 for no comparison.
        against: "training" trains them from scratch; "table" takes trained ones of the task's table, and the name of a benchmark
            those of that one.
        trainings: trainings of each architecture; two or more show their noise. A table has its own number.
    """

    n: int = 0
    against: str = TRAINING
    trainings: int = 1

    def check(self, optimizer: str, shares_weights: bool, task: str, space: str) -> None:
        """Raise NasbenchError unless architectures can be ranked by the shared weights of a search."""
        if not shares_weights:
            raise NasbenchError(
                f"A rank correlation compares one-shot scores with training from scratch, and {optimizer} shares no weights; leave out --rank-correlation."
            )
        if self.n < 2:
            raise NasbenchError(f"The number of architectures to rank is {self.n}; it should be 2 or more.")
        if self.against != TRAINING and space != "nas-bench-201":
            raise NasbenchError(f"Tables hold cells of nas-bench-201, not of {space}; use --rank-against training.")
        if self.against == TABLE and task not in TABLES:
            raise NasbenchError(
                f"No table has trained architectures of {task}, only of {' and '.join(TABLES)}; use --rank-against training."
            )


NO_RANK = RankConfig()


def rank_supernet(experiment: Experiment, outcome: SearchOutcome, rank: RankConfig) -> dict[str, Any]:
    """Return the rank correlation of a search's supernet: flat values, and details as `ranking`."""
    with memory_guard(experiment.device, "ranking"):
        found = outcome.found or supernet_search(experiment).run()
        assert found.searcher is not None
        supernet = found.searcher.supernet.eval()
        if rank.against == TRAINING:
            architectures, result = _by_training(experiment, supernet, rank)
        else:
            architectures, result = _by_table(experiment, supernet, rank)
    names = map(experiment.space.to_string, architectures)
    scores = zip(names, result.shared, result.alone, result.shared_errors, strict=True)
    experiment.reporter(describe_ranking(result))
    return {
        "rank_tau": result.kendall_tau,
        "rank_ceiling": result.ceiling,
        "rank_overlap": result.top_k_overlap,
        "ranking": {
            "architectures": result.n,
            "against": rank.against,
            "kendall_tau": result.kendall_tau,
            "kendall_tau_low": result.low,
            "kendall_tau_high": result.high,
            "ceiling": result.ceiling,
            "median_shared_error": float(np.median(result.shared_errors)),
            "p_value": result.p_value,
            "top_k": result.k,
            "overlap": result.top_k_overlap,
            "seconds": result.seconds,
            "scores": [
                {"architecture": name, "shared": float(s), "alone": float(a), "shared_error": float(e)}
                for name, s, a, e in scores
            ],
        },
    }


def describe_ranking(result: SupernetRanking) -> str:
    """Return a sentence with tau, its interval and ceiling, and the error of the paths."""
    if result.kendall_tau is None:
        return "Kendall's tau is not defined: all scores are equal."
    interval = f" (95% {result.low:.2f} to {result.high:.2f})" if result.low is not None else ""
    ceiling = "" if result.ceiling is None else f"; two trainings of the same architectures have {result.ceiling:.2f}"
    error = float(np.median(result.shared_errors))
    return f"Kendall's tau of {result.n} paths is {result.kendall_tau:.2f}{interval}{ceiling}. Their median shared score is {error:.4g}."


def _by_training(experiment: Experiment, supernet: Supernet, rank: RankConfig) -> tuple[Architecture, SupernetRanking]:
    config, space = experiment.config, experiment.space
    experiment.reporter(f"training {rank.n} random architectures from scratch for the rank correlation")
    architectures = space.sample(np.random.default_rng(config.seed).random((rank.n, space.d)))
    recipe = replace(config.search_recipe, seed=config.seed)
    result = supernet_ranking(
        supernet,
        experiment.task,
        experiment.splits,
        architectures,
        recipe,
        max(rank.n // 5, 1),
        experiment.device,
        experiment.workdir,
        rank.trainings,
    )
    return architectures, result


def _by_table(experiment: Experiment, supernet: Supernet, rank: RankConfig) -> tuple[Architecture, SupernetRanking]:
    name = TABLES[experiment.config.task] if rank.against == TABLE else rank.against
    architectures, trainings = trained_architectures(name, rank.n, experiment.config.seed)
    held = DeviceSplit(experiment.splits.search, experiment.task, experiment.device)
    shared = shared_losses(supernet, architectures, held)
    result = ranking_of_trainings(shared, trainings, max(len(architectures) // 5, 1))
    return architectures, replace(result, shared_errors=shared_errors(supernet, architectures, held))


def trained_architectures(name: str, n: int, seed: int) -> tuple[Architecture, NDArray[np.float64]]:
    """Return `n` random architectures of different function of a table, `(n, d)`, and their validation errors in %, `(seeds, n)`.

    Errors are those after the longest training; NaN where a seed was not measured. A table with fewer gives all it has.

    Raises:
        NasbenchError: if the table is not of NAS-Bench-201, or has no errors.
    """
    from nasbench.benchmarks.catalogue import get_benchmark
    from nasbench.benchmarks.objectives import find_longest

    benchmark = get_benchmark(name)
    table = benchmark.table
    if table.base_space.name != "nas-bench-201":
        raise NasbenchError(f"{name} is a table of {table.base_space.name}; name one of nas-bench-201.")
    objective = find_longest(table, benchmark.dataset, "error", "validation")
    space = table.base_space
    index = np.arange(len(table)) if table.is_complete else np.asarray(table.row_index)
    canonical = np.flatnonzero(space.index(space.canonical(space.from_index(index))) == index)
    rows = np.random.default_rng(seed).permutation(canonical)[:n]
    values = np.asarray(objective.values, dtype=np.float64)[rows].reshape(len(rows), -1)
    if objective.missing is not None:
        values = np.where(np.asarray(objective.missing)[rows].reshape(values.shape), np.nan, values)
    return space.from_index(index[rows]), values.T
