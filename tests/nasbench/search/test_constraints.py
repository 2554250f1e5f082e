"""Constraints of a search: their text, what is known beforehand, what is measured, and what an optimizer is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from nasbench.baselines.gp_bo import EncodingGp, GpBo
from nasbench.benchmarks.catalogue import get_searchable
from nasbench.benchmarks.surrogate import ConstrainedSurrogateOracle
from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.errors import NasbenchError
from nasbench.search.constant_liar import ConstantLiar
from nasbench.search.constraints import Constraint, as_constraints
from nasbench.search.ledger import INFEASIBLE, Budget
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.search.registry import get_optimizer
from nasbench.spaces.constrained import FilteredSpace, restrict
from nasbench.spaces.nas_bench_201 import NasBench201Space
from nasbench.spaces.space import Space
from nasbench.testing.optimizer_contract import HIDDEN, ask_tell, reachable, trace

from constrained_table import EPOCHS, constrained_benchmark
from registered_optimizers import installed_optimizers, queries_of
from table_protocol import table_protocol


@pytest.fixture(scope="module")
def benchmark_(tmp_path_factory: pytest.TempPathFactory) -> TabularBenchmark:
    folder: Path = tmp_path_factory.mktemp("constrained")
    return constrained_benchmark(folder)


def problem(
    benchmark: TabularBenchmark, *constraints: str, queries: float = 30, runs: tuple[int, ...] = (0, 1), **changes: Any
) -> Problem:
    plain: dict[str, Any] = {"epochs": (9,), "training_seed": "mean", "constraints": constraints}
    return benchmark.problem(table_protocol(Budget({"queries": queries}), **(plain | changes)), 5, runs)


def latencies(benchmark: TabularBenchmark) -> np.ndarray:
    column = benchmark.table.find("data", "latency")
    assert column is not None
    return benchmark.table.measured(column).values


def everything(problem: Problem) -> np.ndarray:
    return np.broadcast_to(problem.space.all, (2, *problem.space.all.shape))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("parameters <= 0.8", Constraint("parameters", "<=", 0.8)),
        (" accuracy>=70 ", Constraint("accuracy", ">=", 70.0)),
        ("latency@edge ≤ 5e-1", Constraint("latency@edge", "<=", 0.5)),
        ("latency <= 5 (measured)", Constraint("latency", "<=", 5.0, measured=True)),
        ("score >= -3 measured", Constraint("score", ">=", -3.0, measured=True)),
    ],
)
def test_a_text_is_read_and_written(text: str, found: Constraint) -> None:
    assert Constraint.parse(text) == found
    assert Constraint.parse(str(found)) == found


@pytest.mark.parametrize("text", ["parameters < 0.8", "<= 3", "parameters <= much", "parameters <= nan", "0.8", ""])
def test_another_text_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(NasbenchError, match=r"should (read like|be a finite number)"):
        Constraint.parse(text)


def test_one_text_stands_for_a_list_and_none_is_given_twice() -> None:
    assert as_constraints("parameters <= 1") == as_constraints(["parameters <= 1"])
    with pytest.raises(NasbenchError, match="give each once"):
        as_constraints(["parameters <= 1", "parameters <= 1.0"])


def test_a_known_constraint_is_part_of_the_space(benchmark_: TabularBenchmark) -> None:
    found = problem(benchmark_, "latency <= 0.5", "latency >= 0.2").space
    latency = latencies(benchmark_)
    inside = (latency <= 0.5 * (1 + 1e-6)) & (latency >= 0.2 * (1 - 1e-6))
    assert np.array_equal(found.all, benchmark_.space.all[inside])
    assert np.array_equal(found.is_feasible(benchmark_.space.all), inside)
    assert 2 < found.size < benchmark_.space.size


def test_a_constraint_that_everything_satisfies_leaves_the_space_as_it_is(benchmark_: TabularBenchmark) -> None:
    assert problem(benchmark_, "latency <= 1e9").space is benchmark_.space


@pytest.mark.parametrize("constraints", [("latency <= 1e-9",), ("latency <= 0.3", "latency >= 0.4")])
def test_nothing_to_search_is_said(benchmark_: TabularBenchmark, constraints: tuple[str, ...]) -> None:
    with pytest.raises(NasbenchError, match=r"architectures of .* satisfies latency .*loosen that"):
        problem(benchmark_, *constraints)


def test_an_unknown_quantity_is_said(benchmark_: TabularBenchmark) -> None:
    with pytest.raises(NasbenchError, match=r"no objective of .* named 'latncy'.*latency"):
        problem(benchmark_, "latncy <= 3")


def test_a_measured_constraint_is_observed(benchmark_: TabularBenchmark) -> None:
    asked = problem(benchmark_, "accuracy >= 60", "latency <= 0.5 (measured)", objectives=("error",), queries=1e6)
    assert asked.space is benchmark_.space
    observed = asked.query(everything(asked))
    assert observed.feasible is not None and observed.constraint_values is not None and observed.unpenalised is not None
    error, latency = observed.constraint_values[0, :, 0], observed.constraint_values[0, :, 1]
    assert np.array_equal(error, observed.unpenalised[0, :, 0])
    expected = (error <= 40 + 60e-6) & (latency <= 0.5 * (1 + 1e-6))
    assert np.array_equal(observed.feasible[0], expected) and 0 < expected.mean() < 1
    assert asked.ledger.spent[INFEASIBLE].tolist() == [(~expected).sum()] * 2


def test_what_is_told_orders_feasible_before_infeasible_and_those_by_violation(benchmark_: TabularBenchmark) -> None:
    asked = problem(benchmark_, "accuracy >= 60", "latency <= 0.5 (measured)", queries=1e6)
    observed = asked.query(everything(asked))
    assert observed.feasible is not None and observed.constraint_values is not None and observed.unpenalised is not None
    feasible, told = observed.feasible[0], observed.objectives[0, :, 0]
    assert np.array_equal(told[feasible], observed.unpenalised[0, feasible, 0])
    assert told[~feasible].min() > 100.0 >= told[feasible].max()
    # The violation as it is defined, constraint by constraint.
    error, latency = observed.constraint_values[0, ~feasible].T
    violation = np.maximum(error - 40, 0) / 60 + np.maximum(latency - 0.5, 0) / 0.5
    assert np.array_equal(np.argsort(told[~feasible]), np.argsort(violation))


def test_without_constraints_nothing_is_added(benchmark_: TabularBenchmark) -> None:
    asked = problem(benchmark_)
    observed = asked.query(everything(asked)[:, :4])
    assert (observed.feasible, observed.constraint_values, observed.unpenalised) == (None, None, None)
    assert not asked.ledger.spent[INFEASIBLE].any()


def test_what_the_budget_does_not_cover_is_not_observed(benchmark_: TabularBenchmark) -> None:
    asked = problem(benchmark_, "accuracy >= 60", queries=3)
    observed = asked.query(everything(asked)[:, :5])
    assert observed.constraint_values is not None and observed.unpenalised is not None
    for values in (observed.objectives, observed.constraint_values, observed.unpenalised):
        assert np.isnan(values[:, 3:]).all() and np.isfinite(values[:, :3]).all()
    assert len(observed.select_run(0).constraint_values) == 3  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> TabularBenchmark:
    """A made-up table of the cells of NAS-Bench-201, which every optimizer takes."""
    return constrained_benchmark(tmp_path_factory.mktemp("cells"), NasBench201Space())


@pytest.mark.parametrize("name", installed_optimizers(without=("darts_replay",)))
@pytest.mark.parametrize("constraint", ["latency <= 0.45", "latency <= 0.45 (measured)"])
def test_every_optimizer_keeps_a_known_constraint_and_ends_under_a_measured_one(
    cells: TabularBenchmark, name: str, constraint: str
) -> None:
    optimizer = get_optimizer(name)
    several = optimizer.objectives == "many"
    asked = problem(
        cells,
        constraint,
        queries=queries_of(name, 25),
        epochs=EPOCHS if optimizer.fidelities else EPOCHS[-1:],
        objectives=("error", "latency") if several else ("error",),
    )
    batches = ask_tell(asked, optimizer.create(asked, Streams(5, (0, 1))))
    latency = latencies(cells)
    assert 0.01 < (latency <= 0.45).mean() < 0.5
    for run in range(2):
        architectures, objectives, *_ = trace(batches, run)
        assert 0 < len(architectures) <= 25 and np.isfinite(objectives).all()
        seen = np.concatenate([batch.select_run(run).feasible for batch in batches])
        assert np.array_equal(seen, latency[cells.table.rows(architectures)] <= 0.45 * (1 + 1e-6))
        if "measured" not in constraint:
            assert seen.all()


@pytest.mark.parametrize(
    "name", installed_optimizers(without=("darts_replay", "optuna_gp", "smac", "qnehvi", "prescreened_nsga2", "nsga3"))
)
def test_a_search_of_three_architectures_ends(cells: TabularBenchmark, name: str) -> None:
    optimizer = get_optimizer(name)
    fastest = np.sort(latencies(cells))
    asked = cells.problem(
        table_protocol(
            Budget({"unique_queries": 9}),
            epochs=EPOCHS if optimizer.fidelities else EPOCHS[-1:],
            constraints=(f"latency <= {float(fastest[2:4].mean())!r}",),
        ),
        5,
        (0, 1),
    )
    assert asked.space.size == 3
    ask_tell(asked, optimizer.create(asked, Streams(5, (0, 1))))
    assert (asked.ledger.spent["unique_queries"] <= 3 * (len(EPOCHS) if optimizer.fidelities else 1)).all()


def test_the_constant_liar_tells_nothing_of_a_pending_constraint(benchmark_: TabularBenchmark) -> None:
    asked = problem(benchmark_, "accuracy >= 60", "latency <= 0.7", runs=(0,))
    liar = ConstantLiar(asked, "mean")
    some = asked.space.all[None]
    told = asked.query(some[:, :6])
    liar.learn(told)
    lies = [liar._lie_about(asked.query(some[:, i : i + 1])) for i in (8, 20)]
    assert told.constraint_values is not None and told.unpenalised is not None
    for lie in lies:
        assert lie.constraint_values is not None and lie.unpenalised is not None and lie.feasible is not None
        assert lie.unpenalised[0, 0, 0] == told.unpenalised[0, :, 0].mean()
        assert lie.constraint_values[0, 0, 0] == told.constraint_values[0, :, 0].mean()
        assert lie.feasible[0, 0] == (lie.constraint_values[0, 0, 0] <= 40.0)
    # What is known beforehand is told as it is.
    assert lies[0].constraint_values[0, 0, 1] != lies[1].constraint_values[0, 0, 1]  # type: ignore[index]


def test_a_problem_under_constraints_reaches_no_test_score(benchmark_: TabularBenchmark) -> None:
    asked = problem(benchmark_, "accuracy >= 60", "latency <= 0.6")
    search = get_optimizer("gp_bo").create(asked, Streams(0, (0, 1)))
    ask_tell(asked, search, steps=2)
    column = benchmark_.table.find("data", "accuracy", "test", EPOCHS[-1])
    assert column is not None
    hidden = set(np.round(100.0 - benchmark_.table.measured(column).values, 12).ravel().tolist())
    for thing in reachable((asked, search)):
        assert type(thing).__name__ not in HIDDEN
        if isinstance(thing, np.ndarray) and thing.dtype.kind == "f":
            assert not hidden & set(np.round(thing, 12).ravel().tolist()) - {0.0, 100.0}


def test_constrained_expected_improvement_is_that_of_its_definition(benchmark_: TabularBenchmark) -> None:
    asked = problem(benchmark_, "accuracy >= 60", "latency <= 0.6 (measured)", runs=(0,))
    search = GpBo(asked, np.random.default_rng(1), target_transform="standardised")
    told = asked.query(search.ask()[None]).select_run(0)
    search.tell(told)
    search.update()
    assert told.feasible is not None and told.unpenalised is not None and told.constraint_values is not None
    assert 0 < told.feasible.sum() < len(told)
    new = asked.space.all[::7]

    def process(model: EncodingGp, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Condition a normal distribution, whose variance is that of largest likelihood, on noisy values."""

        def covariance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
            return np.exp(-model.rate * (a[:, None] != b[None]).sum(axis=2))

        gram = covariance(told.architectures, told.architectures) + model.noise * np.eye(len(told))
        cross = covariance(new, told.architectures)
        scale = values @ np.linalg.solve(gram, values) / len(values)
        variance = 1.0 - np.einsum("nt,tn->n", cross, np.linalg.solve(gram, cross.T))
        return cross @ np.linalg.solve(gram, values), np.sqrt(scale * variance)

    errors = told.unpenalised[:, 0]
    targets = (errors - errors.mean()) / errors.std()
    mean, deviation = process(search._model, targets)
    best = targets[told.feasible].min()
    expected = deviation * norm.pdf((best - mean) / deviation) + (best - mean) * norm.cdf((best - mean) / deviation)
    for k, (bound, size) in enumerate(((40.0, 60.0), (0.6, 0.6))):
        values = (told.constraint_values[:, k] - bound) / size
        mean, deviation = process(search._constraint_models[k], values - values.mean())
        expected *= norm.cdf(-(mean + values.mean()) / deviation)
    assert search.acquisition(new) == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_before_a_feasible_architecture_the_probability_alone_counts(benchmark_: TabularBenchmark) -> None:
    asked = problem(benchmark_, "latency <= 0.2 (measured)", runs=(0,))
    search = GpBo(asked, np.random.default_rng(1))
    slow = asked.space.all[latencies(benchmark_) > 0.4][::8]
    search.tell(asked.query(slow[None]).select_run(0))
    search.update()
    ((mean, deviation),) = (model.predict(asked.space.all) for model in search._constraint_models)
    assert search.acquisition(asked.space.all) == pytest.approx(norm.cdf(-(mean + search._centre[0]) / deviation))


def test_a_space_that_cannot_be_listed_is_filtered() -> None:
    base = Space("wide", tuple(f"d{i}" for i in range(30)), (("0", "1", "2", "3"),) * 30)
    space = restrict(base, lambda a: a.sum(axis=-1) <= 35, "few")
    assert isinstance(space, FilteredSpace) and 0 < space.size < base.size
    uniform = np.random.default_rng(0).random((200, 30))
    sampled = space.sample(uniform)
    assert space.is_feasible(sampled).all() and np.array_equal(sampled, space.sample(uniform))
    inside = space.is_feasible(base.sample(uniform))
    assert np.array_equal(sampled[inside], base.sample(uniform)[inside]) and not inside.all()
    # Rejection keeps the distribution: the decisions are exchangeable, and so are their means.
    many = space.sample(np.random.default_rng(1).random((4000, 30)))
    assert len(np.unique(many, axis=0)) > 3990
    spread = many.mean(axis=0)
    assert spread.max() - spread.min() < 6 * many.std() / np.sqrt(4000)
    children = space.mutate(sampled, np.random.default_rng(2).random((200, 2)))
    assert space.is_feasible(children).all() and ((children != sampled).sum(axis=1) == 1).mean() > 0.99
    outside = base.sample(uniform)[~inside]
    repaired = space.repair(base.sample(uniform))
    assert space.is_feasible(repaired).all() and np.array_equal(repaired[inside], sampled[inside])
    assert ((repaired[~inside] != outside).sum(axis=1) < 20).all()
    with pytest.raises(NasbenchError, match=r"None of .* random architectures of wide satisfies never; .*loosen that"):
        restrict(base, lambda a: a.sum(axis=-1) < 0, "never")


def test_a_class_of_architectures_that_no_constraint_leaves_is_not_reachable(cells: TabularBenchmark) -> None:
    limited = problem(cells, "latency <= 0.45", repeat_policy="cache_isomorphic", queries=1e5)
    canonical = cells.space.canonical(limited.space.all)
    reachable = {int(row) if row >= 0 else None for row in cells.table.rows(canonical)}
    assert limited.ledger is not None and limited._reachable() == len(reachable)


def test_a_surrogate_knows_constraints() -> None:
    benchmark = get_searchable("accel-nasbench/imagenet")
    constraints = ("throughput@a100 >= 15000", "accuracy >= 60")
    protocol = table_protocol(Budget({"queries": 40}), split="", epochs=(1,), constraints=constraints)
    asked = benchmark.problem(protocol, 0, (0,))
    assert isinstance(asked.space, FilteredSpace)
    observed = asked.query(asked.space.sample(np.random.default_rng(0).random((1, 40, asked.space.d))))
    values, feasible = observed.constraint_values, observed.feasible
    assert values is not None and feasible is not None and observed.unpenalised is not None
    assert (-values[0, :, 0] >= 15000 * (1 - 1e-6)).all()
    assert np.array_equal(feasible[0], values[0, :, 1] <= 40.0 + 60e-6) and 0 < feasible.sum() < 40
    oracle = benchmark.oracle(protocol)
    assert isinstance(oracle, ConstrainedSurrogateOracle) and not oracle.is_optimum_known
    rows = oracle.row(observed.architectures[0])
    assert np.array_equal(oracle.is_feasible(rows), feasible[0])
    scores = oracle.score(np.append(rows, -1))
    assert np.array_equal(np.isnan(scores), np.append(~feasible[0], True))
    assert oracle.best_score <= np.nanmin(scores) <= np.nanmax(scores) <= oracle.worst_score
    assert 0.0 < oracle.feasible_share < 0.1
