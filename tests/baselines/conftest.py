"""Small made-up benchmarks on which an algorithm's steps can be followed by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.search.ledger import Budget
from nasbench.search.problem import Problem
from nasbench.tables.column import Column, Measured
from nasbench.tables.table import open_table
from nasbench.tables.writer import write_table
from nasbench.testing.toy import toy_error, toy_space

from table_protocol import table_protocol
from toy import FIDELITIES, Problems


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> TabularBenchmark:
    """The toy space with three fidelities; training for `e` epochs adds 20 / e to the error. Two more objectives."""
    folder: Path = tmp_path_factory.mktemp("toy")
    space = toy_space()
    error = toy_error(space.all)
    rng = np.random.default_rng(5)
    columns = [
        Measured(Column(dataset="d", quantity="accuracy", split="validation", epochs=e, unit="%"), 100 - error - 20 / e)
        for e in FIDELITIES
    ]
    columns += [
        Measured(Column(dataset="d", quantity="train_time", epochs=e, unit="s"), np.full(24, float(e)))
        for e in FIDELITIES
    ]
    columns += [
        Measured(Column(dataset="d", quantity=q, unit=u), rng.random(24))
        for q, u in (("latency", "ms"), ("parameters", "M"))
    ]
    write_table(folder, name="toy", space=space, columns=columns, provenance="made up for tests")
    return TabularBenchmark(open_table(folder), "d")


@pytest.fixture
def problems(toy: TabularBenchmark) -> Problems:
    """Make problems on the toy benchmark: runs, limits of the budget, objectives, epochs."""

    def make(
        runs: int = 1,
        objectives: tuple[str, ...] = ("error",),
        epochs: tuple[int, ...] = FIDELITIES[-1:],
        repeat_policy: str = "cache",
        **limits: float,
    ) -> Problem:
        protocol = table_protocol(
            Budget(limits or {"queries": 1000}), objectives=objectives, epochs=epochs, repeat_policy=repeat_policy
        )
        return toy.problem(protocol, seed=1, runs=range(runs))

    return make
