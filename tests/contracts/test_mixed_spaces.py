"""Every registered optimizer searches numbers and conditions, or says that it cannot, and searches categorical decisions as before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasbench.api.registration import function_benchmark
from nasbench.benchmarks.function_benchmark import FunctionBenchmark
from nasbench.benchmarks.recipe import make_recipe
from nasbench.benchmarks.synthetic import synthetic_benchmark
from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.errors import NasbenchError
from nasbench.search.ledger import Budget
from nasbench.search.random_streams import Streams
from nasbench.search.registry import get_optimizer
from nasbench.spaces.decisions import Decision
from nasbench.spaces.mixed import MixedSpace
from nasbench.tables.column import Column, Measured
from nasbench.tables.table import open_table
from nasbench.tables.writer import write_table
from nasbench.testing.optimizer_contract import ask_tell, same, trace
from nasbench.testing.toy import toy_benchmark, toy_error, toy_space

from registered_optimizers import installed_optimizers, queries_of
from table_protocol import table_protocol

SEED = 7
FIDELITIES = (3, 9, 27)

Searched = FunctionBenchmark | TabularBenchmark

pytestmark = pytest.mark.parametrize("name", installed_optimizers())


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> TabularBenchmark:
    """The small recipe as a table of every combination, with three fidelities."""
    recipe = make_recipe("small")
    truth = 100.0 - recipe(recipe.space.all)
    columns = [
        Measured(
            Column(dataset="d", quantity="accuracy", split="validation", epochs=epochs, unit="%"), truth - 9 / epochs
        )
        for epochs in FIDELITIES
    ]
    seconds = [
        Measured(
            Column(dataset="d", quantity="train_time", epochs=epochs, unit="s"), np.full(len(truth), float(epochs))
        )
        for epochs in FIDELITIES
    ]
    folder: Path = tmp_path_factory.mktemp("recipe")
    write_table(folder, name="recipes", space=recipe.space, columns=columns + seconds, provenance="computed")
    return TabularBenchmark(open_table(folder), "d")


def run(name: str, benchmark: Searched, queries: int) -> tuple[np.ndarray, ...]:
    """Return the trace of a run; skip an optimizer that says that the space is none for it."""
    kind = get_optimizer(name)
    epochs = (1,) if isinstance(benchmark, FunctionBenchmark) else FIDELITIES if kind.fidelities else FIDELITIES[-1:]
    problem = benchmark.problem(
        table_protocol(Budget({"queries": queries_of(name, queries)}), epochs=epochs), SEED, (3,)
    )
    try:
        optimizer = kind.create(problem, Streams(SEED, (3,)))
    except NasbenchError as fault:
        assert "space" in str(fault)
        assert kind.numbers == "refused"
        pytest.skip(str(fault))
    return trace(ask_tell(problem, optimizer), 0)


def test_searches_a_space_of_numbers_and_conditions(name: str, table: TabularBenchmark) -> None:
    benchmark = table if get_optimizer(name).fidelities else synthetic_benchmark("recipe/small")
    architectures, objectives, *_ = run(name, benchmark, 30)
    space = benchmark.space
    assert isinstance(space, MixedSpace)
    assert len(architectures) > 0
    assert space.is_feasible(architectures).all()
    recipe = make_recipe("small")
    np.testing.assert_allclose(objectives[:, 0], recipe(architectures), atol=3.1 if benchmark is table else 0)


def test_categorical_decisions_give_the_same_bits_in_either_kind_of_space(name: str) -> None:
    if get_optimizer(name).fidelities:
        pytest.skip("functions have one fidelity")
    plain = toy_space()
    mixed = MixedSpace("toy", [Decision(*pair) for pair in zip(plain.decisions, plain.choices, strict=True)])

    def error(**values: Any) -> float:
        return float(toy_error(np.array([int(one) for one in values.values()])))

    source = toy_benchmark().source
    assert isinstance(source, FunctionBenchmark)
    assert same(run(name, source, 20), run(name, function_benchmark("toy", error, mixed), 20))


def test_numbers_are_categories_or_in_order_as_the_list_of_optimizers_says(name: str) -> None:
    kind = get_optimizer(name)
    if kind.fidelities:
        pytest.skip("functions have one fidelity, and the unit cube of DEHB has every decision in order")
    mixed = MixedSpace("p", [{"name": one, "low": 0, "high": 5} for one in "abc"])
    plain = dict.fromkeys("abc", range(6))

    def error(a: int, b: int, c: int) -> float:
        return float(10 * abs(a - 4) + 7 * abs(b - 1) + abs(c - 3) + (a * b * c) % 5)

    found = [run(name, function_benchmark("p", error, space), 30) for space in (mixed, plain)]
    assert same(*found) == (kind.numbers == "as categories")
