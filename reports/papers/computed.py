"""Numbers that follow from tables: maxima, expectations of random selection, rank correlations, facts about the landscape."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from nasbench.benchmarks.landscape import neighbour_rows
from nasbench.reports.papers.estimate import ReproducedEstimate, fixed_value, mean_of_runs
from nasbench.reports.papers.paper import PublishedValue, Reported
from nasbench.reports.papers.random_search_distribution import Law, law_of_queries
from nasbench.reports.papers.simulate import accuracy
from nasbench.spaces.space import Floats, Ints
from nasbench.tables.catalogue import get_table

SEED = 2020
SAMPLES = 400
"""Random sets of architectures behind the distribution of a correlation."""

Compute = Callable[[PublishedValue, Reported], ReproducedEstimate]


def reported_accuracy(figure: PublishedValue, reported: Reported) -> Floats:
    """Return the accuracy that a value is about, of every architecture, `(N,)`."""
    return accuracy(get_table(reported.table), figure.dataset, figure.split, reported.epochs)


def best_accuracy(figure: PublishedValue, reported: Reported) -> ReproducedEstimate:
    """Return the highest accuracy of the table."""
    return fixed_value(float(reported_accuracy(figure, reported).max()))


def best_of(draws: int) -> Compute:
    """Return the computation of the best accuracy among so many random architectures, selected by that accuracy itself."""

    def compute(figure: PublishedValue, reported: Reported) -> ReproducedEstimate:
        values = reported_accuracy(figure, reported)
        return expectation(law_of_queries(values, draws), values)

    return compute


def best_by_score(draws: int, table: str, dataset: str, quantity: str) -> Compute:
    """Return the computation of the accuracy of that one of so many random architectures which has the highest score."""

    def compute(figure: PublishedValue, reported: Reported) -> ReproducedEstimate:
        held = get_table(table)
        column = held.find(dataset, quantity)
        assert column is not None
        measured = held.measured(column)
        scores = np.asarray(measured.values, dtype=float)
        if measured.missing is not None:
            scores = np.where(measured.missing, -np.inf, scores)
        return expectation(law_of_queries(scores, draws), reported_accuracy(figure, reported))

    return compute


def expectation(law: Law, values: Floats) -> ReproducedEstimate:
    """Return mean and deviation of a value whose distribution is known exactly."""
    return ReproducedEstimate(mean=law.mean(values), deviation=law.deviation(values))


def latency(device: str, table: str = "nas-bench-201-devices") -> Floats:
    """Return the latency of every cell on a device in ms, `(N,)`."""
    held = get_table(table)
    column = held.find("cifar10", f"latency@{device}")
    assert column is not None
    return np.asarray(held.measured(column).mean(), dtype=float)


def sampled_spearman(first: Floats, second: Floats, size: int, cut: float = 0.0) -> ReproducedEstimate:
    """Return Spearman's correlation over one random set of architectures, with its deviation over such sets.

    Args:
        first: one score of every architecture, `(N,)`.
        second: another one.
        size: architectures in the set.
        cut: share of the set that is left out at either end of the second score.
    """
    from scipy.stats import spearmanr

    rng = np.random.default_rng(SEED)
    drop = int(size * cut)
    found = []
    for _ in range(SAMPLES):
        rows = rng.choice(len(first), size, replace=False)
        rows = rows[np.argsort(second[rows], kind="stable")][drop : size - drop]
        found.append(float(spearmanr(first[rows], second[rows]).statistic))
    return ReproducedEstimate(mean=float(np.mean(found)), deviation=float(np.std(found, ddof=1)))


def local_maxima(values: Floats, neighbours: Ints) -> int:
    """Return how many architectures are better than each of their neighbours; accuracies equal to four decimals are ties."""
    rounded = np.round(values, 4)
    return int((rounded[neighbours] < rounded[:, None]).all(axis=1).sum())


def walk_correlation(values: Floats, neighbours: Ints, walks: int, length: int) -> ReproducedEstimate:
    """Return the correlation of a value with that of the next architecture on a random walk, mean over walks.

    Args:
        values: of every architecture, `(N,)`.
        neighbours: rows of the neighbours, `(N, n)`.
        walks: number of walks, each from a random architecture.
        length: architectures on a walk.
    """
    rng = np.random.default_rng(SEED)
    rows = np.empty((walks, length), dtype=np.int64)
    rows[:, 0] = rng.integers(0, len(values), walks)
    for step in range(1, length):
        rows[:, step] = neighbours[rows[:, step - 1], rng.integers(0, neighbours.shape[1], walks)]
    seen = values[rows]
    return mean_of_runs([np.corrcoef(walk[:-1], walk[1:])[0, 1] for walk in seen])


@lru_cache(maxsize=2)
def neighbours_of(reported: Reported) -> Ints:
    """Return the rows of the neighbours of every architecture of a table, `(N, n)`."""
    return neighbour_rows(get_table(reported.table).space)
