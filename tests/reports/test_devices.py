"""Transfer between devices against brute force: dominance pair by pair, hypervolume cell by cell."""

from __future__ import annotations

from itertools import product

import moocore
import numpy as np
import pytest
from typer.testing import CliRunner

from nasbench.benchmarks.catalogue import get_benchmark
from nasbench.errors import NasbenchError
from nasbench.reports.analysis.device_transfer import DEVICES, Device, device_of, measured_devices, transfer
from nasbench.spaces.space import Floats

BENCHMARK = "nas-bench-201-hardware/cifar10"


def dominated(points: Floats, row: int) -> bool:
    return any((other <= points[row]).all() and (other < points[row]).any() for other in points)


def volume_by_cells(points: Floats, corner: float) -> float:
    """Hypervolume below `corner`: the boxes between all coordinates, each counted if some point dominates it."""
    grids = [np.unique(np.append(np.minimum(points[:, m], corner), corner)) for m in range(points.shape[1])]
    total = 0.0
    for cell in product(*(range(len(grid) - 1) for grid in grids)):
        low = np.array([grid[i] for grid, i in zip(grids, cell, strict=True)])
        high = np.array([grid[i + 1] for grid, i in zip(grids, cell, strict=True)])
        if (points <= low).all(axis=1).any():
            total += float(np.prod(high - low))
    return total


def devices(rows: int, seed: int) -> tuple[Device, Device]:
    """Two devices that share an error, with ties, whose costs are related."""
    rng = np.random.default_rng(seed)
    error = rng.integers(0, 12, rows).astype(float)
    cost = rng.integers(0, 12, (2, rows)) + rng.integers(0, 12, rows)
    third = rng.integers(0, 5, rows)
    return tuple(  # type: ignore[return-value]
        device_of((name, "p"), ("ms", "M"), np.stack([error, c, third], axis=1).astype(float))
        for name, c in zip("ab", cost, strict=True)
    )


@pytest.mark.parametrize("seed", range(6))
def test_the_share_is_that_of_brute_force(seed: int) -> None:
    source, target = devices(40, seed)
    for one, other in ((source, target), (target, source)):
        own = [row for row in range(40) if not dominated(other.objectives, row)]
        brought = [row for row in range(40) if not dominated(one.objectives, row)]
        assert other.rows.tolist() == own and one.rows.tolist() == brought
        low, high = other.objectives[own].min(axis=0), other.objectives[own].max(axis=0)
        scaled = (other.objectives - low) / np.where(high > low, high - low, 1.0)
        expected = volume_by_cells(scaled[brought], 1.1) / volume_by_cells(scaled[own], 1.1)
        found = transfer(one, other)
        assert found.share == pytest.approx(expected, rel=1e-12)
        assert found.held == pytest.approx(len({*own} & {*brought}) / len(own))


def test_a_front_serves_its_own_device_and_a_missing_cost_is_left_out() -> None:
    device, _ = devices(40, 3)
    assert transfer(device, device).share == pytest.approx(1.0)
    holes = device.objectives.copy()
    holes[device.rows[0], 1] = np.nan
    assert device.rows[0] not in device_of(("a", "p"), ("ms", "M"), holes).rows


def test_fronts_on_measured_devices() -> None:
    """Real measurements: every share in (0, 1], one on the diagonal, and moocore agrees about one of them from scratch."""
    benchmark = get_benchmark(BENCHMARK)
    found, error = measured_devices(benchmark)
    assert error == "validation error (%)" and [device.costs for device in found] == list(DEVICES)
    shares = np.array([[transfer(a, b).share for b in found] for a in found])
    np.testing.assert_allclose(np.diag(shares), 1.0)
    assert (shares > 0).all() and (shares <= 1 + 1e-12).all() and shares.min() < 0.99
    source, target = found[0].objectives, found[4].objectives
    brought, own = moocore.is_nondominated(source, keep_weakly=True), moocore.is_nondominated(target)
    low, high = target[own].min(axis=0), target[own].max(axis=0)
    volumes = [
        moocore.hypervolume((target[rows] - low) / (high - low), ref=[1.1] * 3)
        for rows in (np.flatnonzero(brought), own)
    ]
    assert shares[0, 4] == pytest.approx(volumes[0] / volumes[1], rel=1e-9)


def test_costs_that_are_not_held_are_named() -> None:
    benchmark = get_benchmark(BENCHMARK)
    with pytest.raises(NasbenchError, match="did you mean 'latency@pixel3'"):
        measured_devices(benchmark, [("latency@pixel33",)])
    with pytest.raises(NasbenchError, match="each once"):
        measured_devices(benchmark, [("error", "parameters")])


def test_the_command_prints_one_object() -> None:
    import json

    import typer

    from nasbench.reports.analysis.device_commands import devices as command

    app = typer.Typer()
    app.command()(command)
    costs = ["--cost", "latency@fpga,parameters", "--cost", "latency@pixel3"]
    result = CliRunner().invoke(app, [*costs, "--json"], catch_exceptions=False)
    printed = json.loads(result.stdout)
    assert [row["device"] for row in printed["fronts"]] == ["latency@fpga, parameters", "latency@pixel3"]
    assert len(printed["transfers"]) == 4
    assert "own front" in CliRunner().invoke(app, costs, catch_exceptions=False).stdout
