"""`nasbench describe`: landscape statistics of a benchmark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from nasbench.benchmarks.landscape import (
    autocorrelation,
    basins,
    correlation,
    distance_to_nearest,
    neighbour_rows,
    rank_correlations,
    seed_noise,
    variance_shares,
)
from nasbench.benchmarks.objectives import Objective, find_longest, find_objective, find_quantity, objective_names
from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.errors import NasbenchError
from nasbench.search.dominance import nondominated
from nasbench.spaces.space import Floats, Space
from nasbench.tables.table import Table
from nasbench.ties import is_constant, snapped

CLOSE = (0.1, 0.5, 1.0)
"""Distances from the optimum at which architectures are counted, in the unit of the error."""


@dataclass(frozen=True)
class Fact:
    """One fact.

    Attributes:
        topic: group of facts.
        name: quantity.
        value: the number, or None if undefined.
        detail: architecture, column or unit that it refers to.
    """

    topic: str
    name: str
    value: float | int | None
    detail: str = ""


def landscape_values(benchmark: TabularBenchmark) -> tuple[Floats, str]:
    """Return the landscape of a benchmark, `(N,)` (seed means of `error` after the longest training on its first
    split), and its name.

    Raises:
        NasbenchError: if the table holds no error on the data set, or an architecture lacks its value.
    """
    searched, splits = _searched(benchmark)
    values: Floats = np.asarray(
        snapped(searched.mean()), dtype=np.float64
    )  # what differs by rounding alone is one error
    if not np.isfinite(values).all():
        raise NasbenchError(
            f"{int((~np.isfinite(values)).sum())} architectures of {benchmark.name} have no error; it cannot be described."
        )
    return values, f"{splits[0]} error ({searched.unit})"


def find_cost(benchmark: TabularBenchmark, name: str) -> Objective:
    """Return an objective other than the error, after the longest training on the split of the error where it depends on
    one.
    """
    return find_longest(benchmark.table, benchmark.dataset, name, _searched(benchmark)[1][0])


def _searched(benchmark: TabularBenchmark) -> tuple[Objective, list[str]]:
    """Return the error after the longest training on the first split, and all splits that the table has of it."""
    table, dataset = benchmark.table, benchmark.dataset
    quantity = find_quantity(table, dataset, "error")
    splits = [s for s in ("validation", "test", "train") if any(_holds(table, dataset, quantity, s))]
    if not splits:
        raise NasbenchError(f"{benchmark.name} holds no error; it has {', '.join(objective_names(table, dataset))}.")
    return find_longest(table, dataset, "error", splits[0]), splits


def describe(benchmark: TabularBenchmark, costs: Sequence[str] | None = None) -> list[Fact]:
    """Compute the facts about a benchmark: exact, over every architecture that its table holds.

    The landscape is that of the seed mean of `error` after the longest training, on the validation split where there is one.

    Args:
        benchmark: a data set of a table.
        costs: objectives that fronts are computed with in addition to the error; by default latency and parameters if
            available.

    Raises:
        NasbenchError: if the table holds no error on the data set, an objective is unknown, or an architecture lacks its value.
    """
    table, dataset = benchmark.table, benchmark.dataset
    searched, splits = _searched(benchmark)
    values, _ = landscape_values(benchmark)
    held = objective_names(table, dataset)
    chosen = [c for c in ("latency", "parameters") if c in held] if costs is None else list(costs)
    return [
        *_size(table),
        *optimum_facts(table.space, values, searched.unit, f"{splits[0]} "),
        *_fronts(benchmark, values, chosen),
        *shape_facts(table.space, values),
        *(variance_facts(table.space, values) if table.is_complete else ()),
        *_noise(searched, splits[0]),
        *_correlations(table, dataset, splits),
    ]


def _holds(table: Table, dataset: str, quantity: str, split: str) -> Iterator[bool]:
    return ((c.dataset, c.quantity, c.split) == (dataset, quantity, split) for c in table.columns)


def _size(table: Table) -> Iterator[Fact]:
    yield Fact("size", "architectures", len(table), table.name)
    yield from size_facts(table.space, table.base_space)


def size_facts(space: Space, base: Space) -> Iterator[Fact]:
    """Yield the size of a space that can be enumerated, as part of another."""
    canonical = np.unique(space.index(space.canonical(space.all)))
    yield Fact("size", "decisions", space.d, ", ".join(space.decisions))
    yield Fact("size", "combinations", float(base.product_size), base.name)
    yield Fact("size", "isomorphism classes", len(canonical), "by the canonical form of the space")


def optimum_facts(space: Space, values: Floats, unit: str, split: str = "") -> Iterator[Fact]:
    """Yield the optimum of values of all architectures, `(N,)`, and how many are near; `split` ends in a blank."""
    best = int(values.argmin())
    optimum = f"{unit}; {space.to_string(space.all[best])}"
    yield Fact("optimum", f"least {split}error", float(values[best]), optimum)
    yield Fact("optimum", "architectures that attain it", int((values == values[best]).sum()))
    for quantile, name in ((0.5, "median error"), (0.01, "error of the best hundredth")):
        yield Fact("optimum", name, float(np.quantile(values, quantile)), unit)
    for distance in CLOSE if unit == "%" else ():
        near = int((values <= values[best] + distance).sum())
        yield Fact("optimum", f"architectures within {distance}", near, "percentage points")


def _fronts(benchmark: TabularBenchmark, values: Floats, costs: Sequence[str]) -> Iterator[Fact]:
    given = {cost: find_cost(benchmark, cost).mean() for cost in costs}
    for some in (some for count in range(1, len(costs) + 1) for some in combinations(costs, count)):
        points = np.stack([values, *(given[cost] for cost in some)], axis=1)
        front = int(nondominated(points[np.isfinite(points).all(axis=1)]).sum())
        yield Fact("front", "non-dominated architectures", front, ", ".join(("error", *some)))


def shape_facts(space: Space, values: Floats) -> list[Fact]:
    """Return local optima, basins and correlations of values of all architectures, `(N,)`."""
    neighbours = neighbour_rows(space)
    found = basins(values, neighbours)
    optima = np.flatnonzero(values == values.min())
    largest = space.to_string(space.all[found.optima[found.sizes.argmax()]])
    share = float((found.optimum == int(values.argmin())).mean())
    attained = float((values[found.optimum] == values.min()).mean())
    rho = autocorrelation(values, neighbours)
    length = float(-1 / np.log(abs(rho))) if rho is not None and 0 < abs(rho) < 1 else None
    fitness_distance = correlation(values, distance_to_nearest(space, optima))
    rows: tuple[tuple[str, float | int | None, str], ...] = (
        ("neighbours of an architecture", float((neighbours >= 0).sum(axis=1).mean()), "mean"),
        ("local optima", len(found.optima), "no neighbour is better"),
        ("share of the global optimum's basin", share, "steepest descent ends there"),
        ("chance of one descent to attain the optimum", attained, "from a uniform start"),
        ("largest basin", int(found.sizes.max()), largest),
        ("moves of a descent", float(found.steps.mean()), "mean"),
        ("correlation of neighbours", rho, "Pearson, all pairs"),
        ("correlation length", length, "-1 / ln |correlation of neighbours|"),
        ("fitness-distance correlation", fitness_distance, "Pearson, error and distance to the optimum"),
    )
    return [Fact("landscape", *row) for row in rows]


def variance_facts(space: Space, values: Floats) -> Iterator[Fact]:
    """Yield the shares of the variance that decisions explain, of values of all combinations, `(N,)`; none if constant."""
    if is_constant(values):
        return
    shares = variance_shares(values, tuple(int(k) for k in space.cardinalities))
    for position, decision in enumerate(space.decisions):
        yield Fact("variance", "share of a decision alone", shares[(position,)], decision)
    for order in range(1, space.d + 1):
        share = sum(v for k, v in shares.items() if len(k) == order)
        yield Fact("variance", f"share of order {order}", share, "functional ANOVA")


def _noise(searched: Objective, split: str) -> Iterator[Fact]:
    if searched.values.ndim != 2:
        return
    noise = seed_noise(np.asarray(searched.values, dtype=np.float64), searched.missing)
    if noise is None:
        return
    detail = f"{split}, seeds {', '.join(map(str, searched.seeds))}"
    yield Fact("seeds", "architectures with two seeds or more", noise.architectures, detail)
    yield Fact("seeds", "standard deviation of a training", noise.deviation, searched.unit)
    yield Fact("seeds", "reliability of a training", noise.reliability, "intraclass correlation")


def _correlations(table: Table, dataset: str, splits: list[str]) -> Iterator[Fact]:
    """Between splits at the longest training, between trainings of one split, and with other data sets on one split."""
    pairs: list[tuple[str, Floats, Floats]] = []
    longest = {split: find_longest(table, dataset, "error", split).mean() for split in splits}
    for one, other in combinations(splits, 2):
        pairs.append((f"{one} and {other}", longest[one], longest[other]))
    for split in splits:
        timed = table.epochs(dataset, find_quantity(table, dataset, "error"), split)
        for epochs in timed[:-1]:
            shorter = find_objective(table, dataset, "error", split, epochs).mean()
            pairs.append((f"{split}, {epochs} and {timed[-1]} epochs", shorter, longest[split]))
    for other in table.datasets:
        if other != dataset and any(_holds(table, other, find_quantity(table, other, "error"), splits[0])):
            there = find_longest(table, other, "error", splits[0]).mean()
            pairs.append((f"{splits[0]}, {dataset} and {other}", longest[splits[0]], there))
    for what, a, b in pairs:
        spearman, kendall = rank_correlations(a, b)
        yield Fact("ranks", "Spearman", spearman, what)
        yield Fact("ranks", "Kendall", kendall, what)
