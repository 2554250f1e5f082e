"""How well the best architectures for one device serve another: exact, over every architecture of a table.

A device is the objectives that are minimised on it, `error` and one or more costs. The share of device B that device A attains
is the hypervolume, in B's objectives, of the architectures on A's true front, over that of B's own true front: 1 if A's front
serves B perfectly. Objectives are scaled by B's front and the reference point is 1.1 in each, as in `nasbench.reports.analysis.pareto_fronts`, so an
architecture that is worse than B's whole front by more than a tenth in some objective adds nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nasbench.benchmarks.landscape import rank_correlations
from nasbench.benchmarks.landscape_report import find_cost, landscape_values
from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.benchmarks.views import View
from nasbench.errors import NasbenchError
from nasbench.reports.analysis.pareto_fronts import REFERENCE, TrueFront, tied, true_front
from nasbench.reports.statistics.multiobjective import hypervolume
from nasbench.search.dominance import nondominated
from nasbench.spaces.space import Floats

DEVICES = (
    ("latency@raspi4", "parameters"),
    ("latency@pixel3", "parameters"),
    ("latency@gold-6226", "parameters"),
    ("latency@titan-rtx-batch-256", "parameters"),
    ("latency@fpga", "parameters"),
)
"""Costs beside the error: Raspberry Pi 4, Pixel 3, a processor, a GPU and an FPGA, as measured by HW-NAS-Bench and HELP."""


@dataclass(frozen=True)
class Device:
    """The true front of a device.

    Attributes:
        costs: objectives beside the error.
        units: unit of each cost.
        objectives: `(N, M)` by row of the table, the error first; NaN where not measured.
        rows: rows of the table on the front, every one of equal points.
        front: the front itself.
        views: how users see each cost.
    """

    costs: tuple[str, ...]
    units: tuple[str, ...]
    objectives: Floats
    rows: NDArray[np.int64]
    front: TrueFront
    views: tuple[View, ...] = ()

    @property
    def name(self) -> str:
        """Its costs."""
        return ", ".join(self.costs)


@dataclass(frozen=True)
class Transfer:
    """The front of device `source` on device `target`.

    Attributes:
        source, target: names of the devices.
        share: hypervolume attained, as a fraction of that of the target's own front.
        held: share of the architectures on the target's front that are on the source's too.
        kendall: rank correlation of the first costs of the two, over all architectures; None where one does not vary.
    """

    source: str
    target: str
    share: float
    held: float
    kendall: float | None


def measured_devices(
    benchmark: TabularBenchmark, devices: Sequence[Sequence[str]] = DEVICES
) -> tuple[list[Device], str]:
    """Return the true front of each device, and what the error is.

    Raises:
        NasbenchError: if the benchmark lacks an error or a cost, saying what it has.
    """
    error, called = landscape_values(benchmark)
    return [_device(benchmark, error, tuple(costs)) for costs in devices], called


def _device(benchmark: TabularBenchmark, error: Floats, costs: tuple[str, ...]) -> Device:
    if not costs or len(set(costs)) != len(costs) or {"error", "accuracy"} & {*costs}:
        raise NasbenchError(f"The costs of a device are {list(costs)}; name one or more beside the error, each once.")
    found = [find_cost(benchmark, cost) for cost in costs]
    device = device_of(costs, tuple(f.unit for f in found), np.stack([error, *(f.mean() for f in found)], axis=1))
    return replace(device, views=tuple(f.view for f in found))


def device_of(costs: tuple[str, ...], units: tuple[str, ...], objectives: Floats) -> Device:
    """Return the device of these objectives `(N, M)`."""
    objectives = tied(objectives)
    known = np.flatnonzero(np.isfinite(objectives).all(axis=1))
    rows = known[nondominated(objectives[known])]
    return Device(costs, units, objectives, rows, true_front(objectives))


def transfer(source: Device, target: Device) -> Transfer:
    """Return how well the source's front serves the target."""
    there = target.objectives[source.rows]
    there = there[np.isfinite(there).all(axis=1)]
    attained = hypervolume(target.front.scaled(there), np.full(there.shape[1], REFERENCE))
    assert isinstance(attained, float)
    both = np.isfinite(source.objectives[:, 1]) & np.isfinite(target.objectives[:, 1])
    _, kendall = rank_correlations(source.objectives[both, 1], target.objectives[both, 1])
    held = float(np.isin(target.rows, source.rows).mean())
    return Transfer(source.name, target.name, attained / target.front.volume, held, kendall)
