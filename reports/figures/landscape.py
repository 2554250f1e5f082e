"""A benchmark as a landscape: how errors are distributed, its local optima, error against distance, and where its variance comes from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.benchmarks.landscape import basins, correlation, distance_to_nearest, neighbour_rows, variance_shares
from nasbench.benchmarks.landscape_report import landscape_values
from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.reports.figures.figure import Figure, Panel, panel_name, write_figure_files
from nasbench.reports.figures.style import PALETTE, log_axis, shown
from nasbench.spaces.space import Floats
from nasbench.ties import is_constant


def landscape(benchmark: TabularBenchmark) -> Figure:
    """Draw three panels of a benchmark, and a fourth where its table is complete.

    Raises:
        NasbenchError: if the benchmark has no error, or not for every architecture.
    """
    values, label = landscape_values(benchmark)
    name = panel_name(benchmark.name)
    panels = tuple(_panels(benchmark, values, label, name))
    return Figure(
        name=f"landscape-{name}",
        title=f"Landscape of {benchmark.name}",
        caption=(
            f"All {len(values):,} architectures. Distribution: share of architectures at most that far from the optimum. Local optima: "
            "architectures without a better neighbour, with the share of architectures from which steepest descent ends there. Distance: median "
            "and quartiles of the error by the number of decisions that differ from the nearest optimum. Variance: functional analysis of variance."
        ),
        panels=panels,
    )


def write_landscape(benchmark: TabularBenchmark, folder: Path) -> list[Path]:
    """Write the panels as SVG, PDF and PNG into a folder, made if it is not there; return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    return write_figure_files([landscape(benchmark)], folder)


def _panels(benchmark: TabularBenchmark, values: Floats, label: str, name: str) -> Iterator[Panel]:
    yield _distribution(values, label, name)
    neighbours = neighbour_rows(benchmark.space)
    yield _optima(values, neighbours, label, name)
    yield _distance(benchmark, values, label, name)
    if benchmark.table.is_complete and not is_constant(values):
        yield _variance(benchmark, values, name)


def _distribution(values: Floats, label: str, name: str) -> Panel:
    regret = np.sort(values) - values.min()
    share = np.arange(1, len(values) + 1) / len(values)
    # The optimum itself has no place on a logarithmic axis.
    positive = regret > 0

    def draw(axes: Any) -> None:
        axes.step(regret[positive], share[positive], where="post", color=PALETTE[0])
        if positive.any():
            axes.set(xscale="log", yscale="log")
            log_axis(axes.xaxis)
            log_axis(axes.yaxis)
        axes.set(xlabel=f"{label}, above the least", ylabel="share of architectures")

    half = float(np.median(values) - values.min())
    alt = f"The least {label} is {values.min():.3g}; half of the architectures are within {half:.3g} of it."
    return Panel(f"{name}-distribution", "distribution", draw, alt)


def _optima(values: Floats, neighbours: np.ndarray, label: str, name: str) -> Panel:
    found = basins(values, neighbours)
    share = found.sizes / len(values)
    best = values[found.optima] == values.min()

    def draw(axes: Any) -> None:
        axes.scatter(values[found.optima], share, s=14, color=PALETTE[0], alpha=0.7, linewidths=0)
        axes.scatter(values[found.optima][best], share[best], s=26, color=PALETTE[1], marker="D")
        axes.set(yscale="log", xlabel=label, ylabel="share of starts that end there")
        log_axis(axes.yaxis)

    alt = (
        f"{len(found.optima)} local optima; steepest descent ends in the optimum (a diamond) from "
        f"{100 * share[best].sum():.3g} per cent of the architectures."
    )
    return Panel(f"{name}-local-optima", "local optima", draw, alt)


def _distance(benchmark: TabularBenchmark, values: Floats, label: str, name: str) -> Panel:
    distance = distance_to_nearest(benchmark.space, np.flatnonzero(values == values.min()))
    at = np.unique(distance)
    low, middle, high = (
        np.array([np.quantile(values[distance == d], quantile) for d in at]) for quantile in (0.25, 0.5, 0.75)
    )

    def draw(axes: Any) -> None:
        axes.fill_between(at, low, high, color=PALETTE[0], alpha=0.16, linewidth=0)
        axes.plot(at, middle, color=PALETTE[0], marker="o")
        axes.set(xlabel="decisions that differ from the optimum", ylabel=label)
        axes.xaxis.get_major_locator().set_params(integer=True)

    known = correlation(values, distance)
    told = (
        "there is no correlation, since one of them does not vary"
        if known is None
        else f"the correlation is {known:.2f}"
    )
    alt = f"The median {label} goes from {middle[0]:.3g} at distance {at[0]} to {middle[-1]:.3g} at distance {at[-1]}; {told}."
    return Panel(f"{name}-distance", "error and distance", draw, alt)


def _variance(benchmark: TabularBenchmark, values: Floats, name: str) -> Panel:
    space = benchmark.space
    shares = variance_shares(values, tuple(int(k) for k in space.cardinalities))
    orders = [sum(v for kept, v in shares.items() if len(kept) == order) for order in range(1, space.d + 1)]
    alone = [shares[(decision,)] for decision in range(space.d)]
    names = [*space.decisions, *(f"order {order}" for order in range(2, space.d + 1))]

    def draw(axes: Any) -> None:
        colors = [PALETTE[0]] * space.d + [PALETTE[1]] * (space.d - 1)
        axes.bar(range(len(names)), [*alone, *orders[1:]], color=colors)
        axes.set(ylabel="share of the variance")
        axes.set_xticks(range(len(names)), [shown(each) for each in names], rotation=90)
        axes.grid(axis="x", visible=False)

    most = int(np.argmax(alone))
    alt = (
        f"Single decisions explain {100 * orders[0]:.3g} per cent of the variance, most of it {space.decisions[most]} "
        f"with {100 * alone[most]:.3g}; pairs explain {100 * orders[1]:.3g}."
    )
    return Panel(f"{name}-variance", "variance", draw, alt)
