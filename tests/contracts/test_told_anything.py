"""Every registered optimizer may be told what it did not propose, in any order, also before it is asked; and its copies are independent."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.search.ledger import Budget
from nasbench.search.observations import Observations
from nasbench.search.random_streams import Streams
from nasbench.search.registry import get_optimizer
from nasbench.spaces.transnas_bench_101 import TransNasBench101MicroSpace
from nasbench.tables.column import Column, Measured
from nasbench.tables.table import open_table
from nasbench.tables.writer import write_table
from nasbench.testing.optimizer_contract import (
    ask_ahead_and_tell_backwards,
    ask_tell,
    ask_tell_beside_a_copy,
    made_up_evaluations,
    same,
    skip_if_it_takes_its_own_alone,
    trace,
)

from registered_optimizers import SLOW, installed_optimizers, queries_of
from table_protocol import table_protocol

SEED = 7
FIDELITIES = (3, 9, 27)

pytestmark = pytest.mark.parametrize("name", installed_optimizers(without=("darts_replay",)))


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> TabularBenchmark:
    """A made-up table of the cells of TransNAS-Bench-101 with three fidelities and two more objectives."""
    folder: Path = tmp_path_factory.mktemp("table")
    space = TransNasBench101MicroSpace()
    rng = np.random.default_rng(0)
    truth = (space.one_hot(space.all) * rng.random(24)).sum(axis=1) * 10
    columns = []
    for epochs in FIDELITIES:
        accuracy = Column(dataset="d", quantity="accuracy", split="validation", epochs=epochs, unit="%")
        columns.append(Measured(accuracy, np.clip(truth + rng.normal(0, 10 / epochs, space.size), 0, 100)))
        seconds = Column(dataset="d", quantity="train_time", epochs=epochs, unit="s")
        columns.append(Measured(seconds, np.full(space.size, float(epochs))))
    for quantity, unit in (("latency", "ms"), ("parameters", "M")):
        columns.append(Measured(Column(dataset="d", quantity=quantity, unit=unit), rng.random(space.size)))
    write_table(folder, name="made-up", space=space, columns=columns, provenance="made up for tests")
    return TabularBenchmark(open_table(folder), "d")


def start(table: TabularBenchmark, name: str, runs: tuple[int, ...]) -> tuple[Any, Any]:
    """Return a problem, of several objectives where it takes them, and the optimizer, with populations of a few and short trainings."""
    kind = get_optimizer(name)
    several = kind.objectives == "many" and name not in SLOW
    protocol = table_protocol(
        Budget({"queries": queries_of(name, 24)}),
        objectives=("error", "latency", "parameters") if several else ("error",),
        epochs=FIDELITIES if kind.fidelities else FIDELITIES[-1:],
        training_seed="mean",
        repeat_policy="retrain",
    )
    problem = table.problem(protocol, SEED, runs)
    small = {"population_size": 6, "training_steps": 20}
    settings = {setting: value for setting, value in small.items() if setting in kind.settings}
    return problem, kind.create(problem, Streams(SEED, runs), settings)


def of_run(observations: Observations, position: int) -> Observations:
    arrays = {field.name: getattr(observations, field.name) for field in fields(observations)}
    cut: dict[str, Any] = {name: a[position : position + 1] for name, a in arrays.items() if isinstance(a, np.ndarray)}
    return replace(observations, **cut)


def test_a_copy_goes_its_own_way(table: TabularBenchmark, name: str) -> None:
    whole = trace(ask_tell(*start(table, name, (3, 4))), 1)
    assert same(trace(ask_tell_beside_a_copy(*start(table, name, (3, 4))), 1), whole)


def test_takes_what_was_evaluated_elsewhere_before_it_is_asked(table: TabularBenchmark, name: str) -> None:
    """Run 1 is the same beside run 0, which is told one evaluation more, and alone."""
    problem, optimizer = start(table, name, (0, 1))
    skip_if_it_takes_its_own_alone(optimizer)
    given = made_up_evaluations(problem)
    optimizer.tell(given)
    together = ask_tell(problem, optimizer)
    assert problem.ledger.exhausted.all()
    assert all(table.space.is_feasible(trace(together, run)[0]).all() for run in range(2))
    problem, optimizer = start(table, name, (1,))
    optimizer.tell(of_run(given, 1))
    assert same(trace(together, 1), trace(ask_tell(problem, optimizer), 0))


def test_takes_results_out_of_order(table: TabularBenchmark, name: str) -> None:
    def searched() -> tuple[Any, ...]:
        problem, optimizer = start(table, name, (0,))
        skip_if_it_takes_its_own_alone(optimizer)
        found = trace(ask_ahead_and_tell_backwards(problem, optimizer), 0)
        assert problem.ledger.exhausted.all()
        return found

    first = searched()
    assert table.space.is_feasible(first[0]).all()
    assert same(first, searched())
