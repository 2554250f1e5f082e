"""Tables with two seeds, two fidelities, a test split and a latency, for searches under constraints."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.spaces.space import Space
from nasbench.tables.column import Column, Measured
from nasbench.tables.table import open_table
from nasbench.tables.writer import write_table

EPOCHS = (3, 9)


def constrained_benchmark(folder: Path, space: Space | None = None) -> TabularBenchmark:
    """Write the table, of a space of 81 architectures or another; the better an architecture, the slower it is, up to chance."""
    space = Space("choices", tuple("abcd"), (("x", "y", "z"),) * 4) if space is None else space
    rng = np.random.default_rng(3)
    merit = space.all.sum(axis=1) / (space.cardinalities - 1).sum()
    columns = []
    for epochs in EPOCHS:
        for split, shift in (("validation", 0.0), ("test", -2.0)):
            mean = 40 + 45 * merit + shift + rng.normal(0, 4, space.size)
            values = np.clip(mean[:, None] + rng.normal(0, 9 / epochs, (space.size, 2)), 0, 100)
            columns.append(_column("accuracy", values, split=split, epochs=epochs, seeds=(1, 2), unit="%"))
        columns.append(_column("train_time", np.full(space.size, float(epochs)), epochs=epochs, unit="s"))
    columns.append(_column("latency", 0.1 + 0.7 * merit + 0.3 * rng.random(space.size), unit="ms"))
    write_table(folder, name="choices", space=space, columns=columns, provenance="made up for tests")
    return TabularBenchmark(open_table(folder), "data")


def _column(quantity: str, values: np.ndarray, **more: object) -> Measured:
    return Measured(Column(dataset="data", quantity=quantity, **more), values)  # type: ignore[arg-type]
