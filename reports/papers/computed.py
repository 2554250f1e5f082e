"""Numbers that follow from tables: maxima, expectations of random selection, rank correlations, facts about the landscape."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Literal

import numpy as np

from nasbench.benchmarks.landscape import neighbour_rows
from nasbench.reports.papers.estimate import ReproducedEstimate, fixed_value, mean_of_runs
from nasbench.reports.papers.paper import PublishedValue, Reported
from nasbench.reports.papers.random_search_distribution import Law, law_of_queries
from nasbench.reports.papers.simulate import accuracy
from nasbench.reports.papers.transnas import count_flops, count_parameters
from nasbench.spaces.nas_bench_201 import CELLS_A_STAGE, CHANNELS, RESOLUTION, NasBench201Space
from nasbench.spaces.nas_bench_201_cell import AVG_POOL
from nasbench.spaces.nats_size import NatsSizeSpace
from nasbench.spaces.space import Floats, Ints, Space
from nasbench.spaces.transnas_bench_101 import TransNasBench101MicroSpace
from nasbench.tables.catalogue import get_table

SEED = 2020
SAMPLES = 400
"""Random sets of architectures behind the distribution of a correlation."""

Compute = Callable[[PublishedValue, Reported], ReproducedEstimate]


def reported_accuracy(figure: PublishedValue, reported: Reported) -> Floats:
    """Return the accuracy that a value is about, of every architecture, `(N,)`."""
    assert reported.epochs is not None
    return accuracy(get_table(reported.table), figure.dataset, figure.split, reported.epochs)


def best_accuracy(figure: PublishedValue, reported: Reported) -> ReproducedEstimate:
    """Return the highest accuracy of the table."""
    return fixed_value(float(reported_accuracy(figure, reported).max()))


def best_of(draws: int) -> Compute:
    """Return the computation of the best accuracy among this number of random architectures."""

    def compute(figure: PublishedValue, reported: Reported) -> ReproducedEstimate:
        values = reported_accuracy(figure, reported)
        return expectation(law_of_queries(values, draws), values)

    return compute


def best_by_score(draws: int, table: str, dataset: str, quantity: str) -> Compute:
    """Return the computation of the accuracy of the random architecture with the highest score, among this number of them."""

    def compute(figure: PublishedValue, reported: Reported) -> ReproducedEstimate:
        law = law_of_queries(scores_of(table, dataset, quantity), draws)
        return expectation(law, reported_accuracy(figure, reported))

    return compute


def scores_of(table: str, dataset: str, quantity: str) -> Floats:
    """Return a score of every architecture, `(N,)`; minus infinity where it is missing."""
    held = get_table(table)
    column = held.find(dataset, quantity)
    assert column is not None
    measured = held.measured(column)
    values = np.asarray(measured.values, dtype=float)
    return values if measured.missing is None else np.where(measured.missing, -np.inf, values)


def size_of(space: Space, kind: Literal["parameters", "flops"], dataset: str) -> Floats:
    """Return parameters or FLOPs of every architecture of a space by closed form, up to a constant, `(N,)`.

    FLOPs of a cell of NAS-Bench-201 are those of tools that count poolings, nine operations an output; without them they would rank the
    cells as parameters do.
    """
    if isinstance(space, TransNasBench101MicroSpace):
        return count_parameters(space) if kind == "parameters" else count_flops(space)
    if isinstance(space, NasBench201Space) and kind == "flops":
        outputs = CELLS_A_STAGE * sum(c * (RESOLUTION[dataset] >> stage) ** 2 for stage, c in enumerate(CHANNELS))
        return space.flops(space.all, dataset) + 9 * outputs * (space.all == AVG_POOL).sum(axis=1) / 1e6
    assert isinstance(space, (NasBench201Space, NatsSizeSpace))
    return (space.parameters if kind == "parameters" else space.flops)(space.all, dataset)


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
    from scipy.stats import rankdata

    rng = np.random.default_rng(SEED)
    drop = int(size * cut)
    rows = np.stack([rng.choice(len(first), size, replace=False) for _ in range(SAMPLES)])
    order = np.argsort(second[rows], axis=1, kind="stable")[:, drop : size - drop]
    rows = np.take_along_axis(rows, order, axis=1)
    ranks = [rankdata(score[rows], axis=1) for score in (first, second)]
    centred = [rank - rank.mean(axis=1, keepdims=True) for rank in ranks]
    found = (centred[0] * centred[1]).sum(axis=1) / np.sqrt(
        (centred[0] ** 2).sum(axis=1) * (centred[1] ** 2).sum(axis=1)
    )
    return ReproducedEstimate(mean=float(found.mean()), deviation=float(found.std(ddof=1)))


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
