"""What every optimizer must keep: shapes, feasibility, budgets, determinism, lockstep, workers, pickling, copies, no global randomness,
no test score, and that it may be told what it did not propose.
"""

from __future__ import annotations

import copy
import gc
import inspect
import pickle
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import pytest

from nasbench.api.benchmark import Benchmark
from nasbench.errors import NasbenchError
from nasbench.search.loop import search
from nasbench.search.methods import as_optimizer
from nasbench.search.observations import PADDING, Observations
from nasbench.search.optimizer import Lockstep, PerRun, identify_asker, own_proposals_only
from nasbench.search.parallelism import Parallelism
from nasbench.search.random_streams import Streams
from nasbench.search.registry import get_optimizer
from nasbench.search.workers import search_with_workers
from nasbench.testing.toy import toy_benchmark

SEED = 7
HIDDEN = (
    "Table",
    "TableOracle",
    "ConstrainedTableOracle",
    "FunctionOracle",
    "TabularBenchmark",
    "FunctionBenchmark",
    "Benchmark",
    "SurrogateOracle",
    "ConstrainedSurrogateOracle",
    "SurrogateBenchmark",
)
"""Classes that lead to a test score."""


class OptimizerContract:
    """Subclass it as `class TestMine(OptimizerContract)` and override the fixture `optimizer`; `benchmark_` may be overridden too."""

    @pytest.fixture
    def optimizer(self) -> object:
        """Return the optimizer under test: a name, "module:ATTR", class, function, `Lockstep` or `PerRun`."""
        raise NotImplementedError("Override the fixture `optimizer`.")

    @pytest.fixture
    def benchmark_(self) -> Benchmark:
        """Return the benchmark to search, with one objective and the fidelities that the optimizer needs."""
        return toy_benchmark()

    @pytest.fixture
    def kind(self, optimizer: object) -> Lockstep | PerRun:
        """Return the optimizer as a `Lockstep` or `PerRun`."""
        return get_optimizer(optimizer) if isinstance(optimizer, str) else as_optimizer(optimizer)

    def test_runs_to_its_budget_with_feasible_architectures(
        self, kind: Lockstep | PerRun, benchmark_: Benchmark
    ) -> None:
        problem, made = start(kind, benchmark_, (0, 1, 2))
        batches = ask_tell(problem, made)
        for run in range(3):
            architectures, objectives, *_ = trace(batches, run)
            assert 0 < len(architectures) <= 20
            assert benchmark_.space.is_feasible(architectures).all()
            assert np.isfinite(objectives).all()
        assert all(batch.architectures.dtype == np.int8 for batch in batches)

    def test_same_seed_same_bits(self, kind: Lockstep | PerRun, benchmark_: Benchmark) -> None:
        first = trace(ask_tell(*start(kind, benchmark_, (0,))), 0)
        assert same(first, trace(ask_tell(*start(kind, benchmark_, (0,))), 0))

    def test_a_run_alone_is_that_run_of_many(self, kind: Lockstep | PerRun, benchmark_: Benchmark) -> None:
        together = trace(ask_tell(*start(kind, benchmark_, tuple(range(14, 20)))), 3)
        assert same(together, trace(ask_tell(*start(kind, benchmark_, (17,))), 0))

    def test_pickled_in_the_middle_it_goes_on(
        self, optimizer: object, kind: Lockstep | PerRun, benchmark_: Benchmark
    ) -> None:
        if inspect.isgeneratorfunction(optimizer):
            pytest.skip("a generator cannot be pickled")
        whole = trace(ask_tell(*start(kind, benchmark_, (3, 4))), 1)
        problem, made = start(kind, benchmark_, (3, 4))
        begun = ask_tell(problem, made, steps=3)
        problem, made = pickle.loads(pickle.dumps((problem, made)))
        if not problem.ledger.exhausted.all():
            begun += ask_tell(problem, made)
        assert same(trace(begun, 1), whole)

    def test_a_copy_goes_its_own_way(self, optimizer: object, kind: Lockstep | PerRun, benchmark_: Benchmark) -> None:
        if inspect.isgeneratorfunction(optimizer):
            pytest.skip("a generator cannot be copied")
        whole = trace(ask_tell(*start(kind, benchmark_, (3, 4))), 1)
        problem, made = start(kind, benchmark_, (3, 4))
        assert same(trace(ask_tell_beside_a_copy(problem, made), 1), whole)

    def test_takes_what_was_evaluated_elsewhere_before_it_is_asked(
        self, kind: Lockstep | PerRun, benchmark_: Benchmark
    ) -> None:
        problem, made = start(kind, benchmark_, (0, 1))
        skip_if_it_takes_its_own_alone(made)
        made.tell(made_up_evaluations(problem))
        first = ask_tell(problem, made)
        for run in range(2):
            architectures, objectives, *_ = trace(first, run)
            assert 0 < len(architectures) <= 20
            assert benchmark_.space.is_feasible(architectures).all()
            assert np.isfinite(objectives).all()
        problem, made = start(kind, benchmark_, (0, 1))
        made.tell(made_up_evaluations(problem))
        again = ask_tell(problem, made)
        assert all(same(trace(first, run), trace(again, run)) for run in range(2))

    def test_takes_results_out_of_order(self, kind: Lockstep | PerRun, benchmark_: Benchmark) -> None:
        problem, made = start(kind, benchmark_, (0,))
        skip_if_it_takes_its_own_alone(made)
        first = ask_ahead_and_tell_backwards(problem, made)
        assert 0 < len(trace(first, 0)[0]) <= 20
        assert benchmark_.space.is_feasible(trace(first, 0)[0]).all()
        again = ask_ahead_and_tell_backwards(*start(kind, benchmark_, (0,)))
        assert same(trace(first, 0), trace(again, 0))

    def test_leaves_global_random_numbers_alone(self, kind: Lockstep | PerRun, benchmark_: Benchmark) -> None:
        np.random.seed(99)  # noqa: NPY002
        before = global_state()
        ask_tell(*start(kind, benchmark_, (0,)))
        assert np.array_equal(before, global_state())

    def test_reaches_no_test_score(self, kind: Lockstep | PerRun, benchmark_: Benchmark) -> None:
        _, made = start(kind, benchmark_, (0, 1))
        for thing in reachable(made):
            assert type(thing).__name__ not in HIDDEN, f"the optimizer can reach a {type(thing).__name__}"

    def test_four_workers_give_the_same_bits_again(
        self, optimizer: object, kind: Lockstep | PerRun, benchmark_: Benchmark
    ) -> None:
        if inspect.isgeneratorfunction(optimizer):
            pytest.skip("a generator cannot be copied, which the constant liar needs")
        for parallelism in (Parallelism(workers=4), Parallelism(batch_size=4)):
            first = with_machines(*start(kind, benchmark_, (5,)), parallelism)
            assert benchmark_.space.is_feasible(first[0]).all()
            assert same(first, with_machines(*start(kind, benchmark_, (5,)), parallelism))

    def test_one_worker_is_the_sequential_run(self, kind: Lockstep | PerRun, benchmark_: Benchmark) -> None:
        sequential = trace(ask_tell(*start(kind, benchmark_, (5,))), 0)
        for parallelism in (Parallelism(workers=1), Parallelism(batch_size=1)):
            assert same(with_machines(*start(kind, benchmark_, (5,)), parallelism), sequential)

    def test_unknown_setting_is_refused(self, kind: Lockstep | PerRun, benchmark_: Benchmark) -> None:
        with pytest.raises(NasbenchError, match="setting"):
            kind.create(benchmark_.problem(), Streams(SEED, (0,)), {"no_such_setting": 1})


def start(kind: Lockstep | PerRun, benchmark: Benchmark, runs: tuple[int, ...], queries: float = 20) -> tuple[Any, Any]:
    """Return a problem for runs of these numbers, and the optimizer on it."""
    problem = benchmark.source.problem(benchmark.protocol({"queries": queries}), SEED, runs)
    return problem, kind.create(problem, Streams(SEED, runs))


def ask_tell(problem: Any, optimizer: Any, steps: int | None = None) -> list[Observations]:
    """Ask, answer and tell until budgets are spent, nothing is proposed or the given number of batches was answered;
    return the batches.
    """
    left = count(1)
    return search(problem, optimizer, lambda _: next(left) == steps)[0]


def with_machines(problem: Any, optimizer: Any, parallelism: Parallelism) -> tuple[np.ndarray, ...]:
    """Search one run on simulated machines; return what came back, in order, as `trace` does."""
    completions, _ = search_with_workers(problem, optimizer, parallelism)
    return trace([completion.observations for completion in completions], 0)


def ask_tell_beside_a_copy(problem: Any, optimizer: Any) -> list[Observations]:
    """Return the batches of a search of which a deep copy, made in its course, ran to its end before it went on."""
    begun = ask_tell(problem, optimizer, steps=3)
    if problem.ledger.exhausted.all():
        return begun
    ask_tell(*copy.deepcopy((problem, optimizer)))
    return begun + ask_tell(problem, optimizer)


def made_up_evaluations(problem: Any, number: int = 12) -> Observations:
    """Return evaluations of random architectures at any fidelity, two of them repeats, for each run one fewer than for the one before."""
    rng = np.random.default_rng(SEED)
    shape = (problem.runs, number)
    architectures = problem.space.sample(rng.random((*shape, problem.space.d)))
    architectures[:, 2:4] = architectures[:, :2]
    objectives = rng.uniform(1, 60, (*shape, len(problem.objectives)))
    if any(problem.cheap):
        objectives[..., np.array(problem.cheap)] = problem.facts(architectures)
    for run in range(problem.runs):
        architectures[run, number - run :], objectives[run, number - run :] = PADDING, np.nan
    return Observations.given(architectures, objectives, rng.choice(problem.epochs, shape))


def ask_ahead_and_tell_backwards(problem: Any, optimizer: Any) -> list[Observations]:
    """Return the batches of a search that begins as one on several machines: a copy that is told guesses proposes further batches, and
    results come back one by one, the last first.
    """
    asker = identify_asker(optimizer)
    told: list[Observations] = []
    for _ in range(2):
        pending = problem.query(optimizer.ask(), asker)
        ahead = copy.deepcopy(optimizer, {id(problem): problem})
        ahead.tell(replace(pending, objectives=np.where(np.isfinite(pending.objectives), 30.0, np.nan)))
        for batch in (problem.query(ahead.ask(), asker), pending):
            for one in reversed(batch.columns()):
                if one.answered.any():
                    told.append(one)
                    optimizer.tell(one)
    return told if problem.ledger.exhausted.all() else told + ask_tell(problem, optimizer)


def skip_if_it_takes_its_own_alone(optimizer: Any) -> None:
    """Skip the test of an optimizer that says in a sentence why it takes no observation of what it did not propose."""
    reason = own_proposals_only(optimizer)
    assert not reason or reason.endswith("."), f"OWN_PROPOSALS_ONLY should be a sentence, not {reason!r}"
    if reason:
        pytest.skip(reason)


def trace(batches: list[Observations], run: int) -> tuple[np.ndarray, ...]:
    """Return the observations of a run, one row per query: architectures, objectives, cost, epochs and training seeds."""
    members = [batch.select_run(run) for batch in batches]
    fields = ("architectures", "objectives", "charged_seconds", "epochs", "training_seed")
    return tuple(np.concatenate([getattr(member, field) for member in members]) for field in fields)


def same(left: tuple[np.ndarray, ...], right: tuple[np.ndarray, ...]) -> bool:
    """Return whether two traces agree bit for bit."""
    return all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(left, right, strict=True))


def reachable(root: Any) -> Iterator[Any]:
    """Yield everything an object holds, however deep; classes, functions and modules are code and not followed."""
    seen: set[int] = set()
    pending = [root]
    while pending:
        thing = pending.pop()
        if id(thing) in seen or isinstance(thing, type | ModuleType | FunctionType):
            continue
        seen.add(id(thing))
        yield thing
        pending += gc.get_referents(thing)
        if isinstance(thing, np.ndarray) and thing.base is not None:
            pending.append(thing.base)


def global_state() -> np.ndarray:
    """Return the state of numpy's global generator, which nothing of the suite may touch."""
    state = np.random.get_state(legacy=False)  # noqa: NPY002
    assert isinstance(state, dict)
    return np.append(state["state"]["key"], state["state"]["pos"])
