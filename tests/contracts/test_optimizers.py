"""What every registered optimizer must keep: shapes, feasibility, determinism, lockstep, workers, pickling, budgets, no test score."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.errors import NasbenchError
from nasbench.search.ledger import Budget
from nasbench.search.parallelism import Parallelism
from nasbench.search.random_streams import Streams
from nasbench.search.registry import get_optimizer
from nasbench.search.search_protocol import SearchProtocol
from nasbench.search.single_run import SingleRun
from nasbench.spaces.nas_bench_201 import NasBench201Space
from nasbench.tables.column import Column, Measured
from nasbench.tables.table import open_table
from nasbench.tables.writer import write_table
from nasbench.testing.optimizer_contract import ask_tell, global_state, reachable, same, trace, with_machines

from registered_optimizers import installed_optimizers, queries_of
from table_protocol import table_protocol

SEED = 7
TEST_MARK = 12345.678
FIDELITIES = (3, 9, 27)


@pytest.fixture(scope="module")
def benchmark_(tmp_path_factory: pytest.TempPathFactory) -> TabularBenchmark:
    """A made-up table with three fidelities, two seeds and a test split whose every value is `TEST_MARK` per cent of nothing."""
    folder: Path = tmp_path_factory.mktemp("table")
    space = NasBench201Space()
    rng = np.random.default_rng(0)
    truth = (space.one_hot(space.all) * rng.random(30)).sum(axis=1) * 10
    lengths = np.random.default_rng(1).uniform(0.5, 1.0, space.size)
    columns = []
    for epochs in FIDELITIES:
        noisy = np.clip(truth[:, None] + rng.normal(0, 10 / epochs, (space.size, 2)), 0, 100)
        columns.append(
            Measured(
                Column(
                    dataset="cifar10", quantity="accuracy", split="validation", epochs=epochs, seeds=(1, 2), unit="%"
                ),
                noisy,
            )
        )
        columns.append(
            Measured(
                Column(dataset="cifar10", quantity="train_time", epochs=epochs, unit="s"),
                epochs * lengths,
            )
        )
    columns.append(
        Measured(Column(dataset="cifar10", quantity="loss", split="test", unit="loss"), np.full(space.size, TEST_MARK))
    )
    columns.append(Measured(Column(dataset="cifar10", quantity="latency", unit="ms"), rng.random(space.size)))
    write_table(folder, name="toy", space=space, columns=columns, provenance="made up for tests")
    return TabularBenchmark(open_table(folder), "cifar10")


def protocol(name: str, *, objectives: tuple[str, ...] = ("error",), most: int = 40) -> SearchProtocol:
    queries = queries_of(name, most)
    fidelities = FIDELITIES if get_optimizer(name).fidelities else FIDELITIES[-1:]
    return table_protocol(
        Budget({"queries": queries}),
        objectives=objectives,
        epochs=fidelities,
        training_seed="random",
        repeat_policy="retrain",
    )


def start(benchmark: TabularBenchmark, name: str, runs: tuple[int, ...], **options: Any) -> tuple[Any, Any]:
    problem = benchmark.problem(protocol(name, **options), SEED, runs)
    return problem, get_optimizer(name).create(problem, Streams(SEED, runs))


pytestmark = pytest.mark.parametrize("name", installed_optimizers())


def test_runs_to_its_budget_with_feasible_architectures(benchmark_: TabularBenchmark, name: str) -> None:
    problem, optimizer = start(benchmark_, name, (0, 1, 2))
    batches = ask_tell(problem, optimizer)
    for run in range(3):
        architectures, objectives, *_ = trace(batches, run)
        assert 0 < len(architectures) <= 40
        assert benchmark_.space.is_feasible(architectures).all()
        assert np.isfinite(objectives).all()
    assert all(batch.architectures.dtype == np.int8 and batch.architectures.shape[0] == 3 for batch in batches)
    if not get_optimizer(name).label:
        assert problem.ledger.exhausted.all(), "an optimizer that is not replayed uses its budget"


@pytest.mark.parametrize("account", ["unique_queries", "epochs", "train_seconds"])
def test_respects_every_budget(benchmark_: TabularBenchmark, name: str, account: str) -> None:
    limit = 20.0 if account == "unique_queries" else 300.0
    base = protocol(name)
    limited = SearchProtocol(**{**vars(base), "budget": Budget({account: limit, "queries": 400})})
    problem = benchmark_.problem(limited, SEED, (0, 1))
    ask_tell(problem, get_optimizer(name).create(problem, Streams(SEED, (0, 1))))
    # The query that crosses the limit counts; the one after it is not answered.
    assert (problem.ledger.spent[account] < limit + (1 if account == "unique_queries" else 27)).all()
    assert (problem.ledger.spent["queries"] <= 400).all()


def test_same_seed_same_bits_and_other_seed_other_bits(benchmark_: TabularBenchmark, name: str) -> None:
    first = trace(ask_tell(*start(benchmark_, name, (0,))), 0)
    again = trace(ask_tell(*start(benchmark_, name, (0,))), 0)
    assert same(first, again)
    if not get_optimizer(name).label:
        other = trace(ask_tell(*start(benchmark_, name, (1,))), 0)
        assert not np.array_equal(first[0], other[0])


def test_run_17_alone_is_run_17_of_many(benchmark_: TabularBenchmark, name: str) -> None:
    many = tuple(range(500)) if get_optimizer(name).lockstep else tuple(range(14, 20))
    together = trace(ask_tell(*start(benchmark_, name, many)), many.index(17))
    alone = trace(ask_tell(*start(benchmark_, name, (17,))), 0)
    assert same(together, alone)


def test_pickled_in_the_middle_it_goes_on_as_if_nothing_had_happened(benchmark_: TabularBenchmark, name: str) -> None:
    whole = trace(ask_tell(*start(benchmark_, name, (3, 4))), 1)
    problem, optimizer = start(benchmark_, name, (3, 4))
    begun = ask_tell(problem, optimizer, steps=3)
    problem, optimizer = pickle.loads(pickle.dumps((problem, optimizer)))
    if not problem.ledger.exhausted.all():
        begun += ask_tell(problem, optimizer)
    assert same(trace(begun, 1), whole)


def few(name: str) -> int:
    """Return a number of queries that leads beyond most initial designs, or to the second rung of a bracket."""
    return 40 if get_optimizer(name).fidelities else 16


def test_one_machine_is_the_sequential_run(benchmark_: TabularBenchmark, name: str) -> None:
    sequential = trace(ask_tell(*start(benchmark_, name, (3,), most=few(name))), 0)
    for parallelism in (Parallelism(workers=1), Parallelism(batch_size=1)):
        assert same(with_machines(*start(benchmark_, name, (3,), most=few(name)), parallelism), sequential)


@pytest.mark.parametrize("parallelism", [Parallelism(workers=4), Parallelism(batch_size=4)], ids=["workers", "batches"])
def test_four_machines_use_the_budget_and_give_the_same_bits_again(
    benchmark_: TabularBenchmark, name: str, parallelism: Parallelism
) -> None:
    problem, optimizer = start(benchmark_, name, (3,), most=few(name))
    run = SingleRun(optimizer, problem.space.d)
    declared = "batch rule" if run.has_batch_rule else "asynchronous" if run.is_asynchronous else "constant liar"
    assert get_optimizer(name).workers == declared
    first = with_machines(problem, optimizer, parallelism)
    assert benchmark_.space.is_feasible(first[0]).all() and np.isfinite(first[1]).all()
    if not get_optimizer(name).label:
        assert problem.ledger.spent["queries"] == len(first[0]) == problem.budget.limits["queries"]
    assert same(first, with_machines(*start(benchmark_, name, (3,), most=few(name)), parallelism))


def test_leaves_global_random_numbers_alone(benchmark_: TabularBenchmark, name: str) -> None:
    np.random.seed(99)  # noqa: NPY002
    before = global_state()
    ask_tell(*start(benchmark_, name, (0,)))
    assert np.array_equal(before, global_state())


def test_reaches_no_test_score(benchmark_: TabularBenchmark, name: str) -> None:
    _, optimizer = start(benchmark_, name, (0, 1))
    optimizer.tell  # noqa: B018
    for thing in reachable(optimizer):
        if isinstance(thing, np.ndarray) and thing.dtype.kind == "f" and thing.size:
            assert not (thing == TEST_MARK).any(), "the optimizer can reach the test column"
        assert type(thing).__name__ not in ("Table", "TableOracle", "TabularBenchmark"), (
            f"the optimizer can reach a {type(thing).__name__}"
        )


def test_several_objectives_are_refused_or_minimised(benchmark_: TabularBenchmark, name: str) -> None:
    if get_optimizer(name).objectives == "one":
        with pytest.raises(NasbenchError, match="one objective"):
            start(benchmark_, name, (0,), objectives=("error", "latency", "parameters"))
        return
    problem, optimizer = start(benchmark_, name, (0, 1), objectives=("error", "latency", "parameters"))
    for batch in ask_tell(problem, optimizer):
        assert batch.objectives.shape[2] == 3
    assert problem.ledger.exhausted.all()


def test_unknown_setting_is_refused(benchmark_: TabularBenchmark, name: str) -> None:
    problem = benchmark_.problem(protocol(name), SEED, (0,))
    with pytest.raises(NasbenchError, match="setting"):
        get_optimizer(name).create(problem, Streams(SEED, (0,)), {"no_such_setting": 1})
