"""The hybrid as a whole: its parts alone, every ablation, every kind of space and setting."""

from __future__ import annotations

import pickle
from functools import partial
from typing import Any

import moocore
import numpy as np
import pytest

from nasbench.benchmarks.function_benchmark import FunctionBenchmark, FunctionEvaluator
from nasbench.benchmarks.synthetic import synthetic_benchmark
from nasbench.errors import NasbenchError
from nasbench.hybrid import climbing, decaying
from nasbench.hybrid.evolution import Evolution
from nasbench.hybrid.exploration import PATIENCE
from nasbench.hybrid.optimizer import BETA_DECAY_START, OPTIMIZER
from nasbench.search.history import History
from nasbench.search.ledger import Budget
from nasbench.search.observations import MultiFidelityBatch
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.search.search_protocol import SearchProtocol
from nasbench.search.simplex import support, uniform_theta
from nasbench.spaces.catalogue import get_space
from nasbench.spaces.space import Architectures, Floats, Ints, Space
from nasbench.theory.machinery.testbed import ALL_OPERATORS

from table_protocol import table_protocol

PARTS = ("use_surrogate", "use_gradient", "use_evolution")
NB201 = get_space("nas-bench-201")
SMALL, LARGE = synthetic_benchmark("nk/6x4-k2"), synthetic_benchmark("nk/10x6-k2")


def protocol(
    queries: float, objectives: tuple[str, ...] = ("error",), epochs: tuple[int, ...] = (1,)
) -> SearchProtocol:
    return table_protocol(
        Budget({"queries": queries}), objectives=objectives, split="none", epochs=epochs, repeat_policy="retrain"
    )


def follow(problem: Problem, optimizer: Any, steps: int = 10**9) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Architectures, objectives and epochs of the first run."""
    seen: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    while len(seen) < steps:
        batch = optimizer.ask()
        answers = problem.query(batch)
        if not answers.answered.any():
            break
        optimizer.tell(answers)
        seen.append((answers.architectures[0], answers.objectives[0], answers.epochs[0]))
        if problem.ledger.exhausted.all():
            break
    return tuple(np.concatenate(column) for column in zip(*seen, strict=True))  # type: ignore[return-value]


def run(benchmark: FunctionBenchmark, queries: int, seed: int = 0, **settings: Any) -> tuple[np.ndarray, np.ndarray]:
    problem = benchmark.problem(protocol(queries), seed, (0,))
    architectures, objectives, _ = follow(problem, OPTIMIZER.create(problem, Streams(seed, (0,)), settings))
    return architectures, objectives


def asked_of(evaluator: FunctionEvaluator, objectives: tuple[str, ...], **settings: Any) -> np.ndarray:
    problem = Problem(evaluator, protocol(40, objectives), 3, (0,))
    return follow(problem, OPTIMIZER.create(problem, Streams(3, (0,)), settings))[0]


class Constrained(Space):
    """Only combinations whose choices sum to an even number; sampling rejects by flipping the last decision."""

    def is_feasible(self, architectures: Architectures) -> np.ndarray:
        return np.asarray(super().is_feasible(architectures) & (architectures.sum(axis=-1) % 2 == 0))

    def sample(self, uniform: Floats) -> Architectures:
        drawn = super().sample(uniform)
        drawn[..., -1] ^= (drawn.sum(axis=-1) % 2).astype(np.int8)
        return drawn


class TwoCheap(FunctionEvaluator):
    """An expensive error against one cheap objective, `cheap` in closed form."""

    cheap = (False, True)

    def evaluate(
        self, rows: Ints, architectures: Architectures, level: Ints, key: np.ndarray, repetition: Ints
    ) -> tuple[Floats, Ints]:
        error, seeds = super().evaluate(rows, architectures, level, key, repetition)
        return np.concatenate([error, self.facts(architectures)], axis=1), seeds

    def facts(self, architectures: Architectures) -> Floats:
        return (architectures == 3).mean(axis=-1, keepdims=True) + 0.1 * (architectures == 2).mean(
            axis=-1, keepdims=True
        )


def cell_error(architectures: Architectures) -> Floats:
    """A made-up error of a cell: few strong operations are bad, with an interaction."""
    strong = (architectures == 3).sum(axis=-1) + 0.6 * (architectures == 2).sum(axis=-1)
    return np.asarray(60.0 - 8.0 * strong + 5.0 * ((architectures[..., 0] == 3) & (architectures[..., 5] == 3)))


def test_with_several_objectives_the_confidence_bound_is_one_deviation_wide_and_stays_so() -> None:
    """Decided on development tables (docs/HYBRID.md): 5 % fewer queries to 90 and to 95 % of the hypervolume than with 1.5."""
    problem = Problem(TwoCheap(NB201, cell_error), protocol(30, ("error", "cheap")), 3, (0,))
    optimizer: Any = OPTIMIZER.create(problem, Streams(3, (0,)), {})
    follow(problem, optimizer)
    assert optimizer.members[0].surrogate.exploration_coefficient == 1.0


def test_alone_evolution_is_exactly_the_evolution_part() -> None:
    """Surrogate and gradient off: the same architectures as the part stepped by hand with the same random numbers."""
    benchmark = synthetic_benchmark("nk/6x4-k2")
    got, _ = run(benchmark, 60, use_surrogate=False, use_gradient=False, epsilon=0.0, merge_isomorphic=False)
    rng = Streams(0, (0,)).generator(0)
    own, evolving, _, _ = rng.spawn(4)
    cardinalities = benchmark.space.cardinalities
    history = History(benchmark.space)
    evolution = Evolution(history, evolving, population_size=20, crossover_prob=0.3, guided_mutation_prob=0.5)
    uniform = uniform_theta(support(cardinalities))[0]
    everything, known, expected = benchmark.space.all, set(), []
    for step in range(60):
        if step < 4:
            shut = np.array([a.tobytes() in known for a in everything])
            offspring = everything[~shut][own.integers((~shut).sum()) :]
        else:
            own.random()
            offspring = evolution.propose(64, uniform, uniform)
        child = next(a for a in offspring if a.tobytes() not in known)
        known.add(child.tobytes())
        history.add(child[None], benchmark.function(child[None])[:, None])
        evolution.update()
        expected.append(child)
    np.testing.assert_array_equal(got, expected)


def test_theta_frozen_at_uniform_changes_nothing_for_evolution() -> None:
    """A relaxation of rate 0 guides mutation as no relaxation does."""
    cardinalities = np.array([3, 4])
    uniform = uniform_theta(support(cardinalities))[0]
    children = []
    for guidance in (0.0, 0.5, 1.0):
        history = History(Space("s", ("a", "b"), (("0", "1", "2"), ("0", "1", "2", "3"))))
        evolution = Evolution(
            history, np.random.default_rng(0), population_size=5, crossover_prob=0.3, guided_mutation_prob=guidance
        )
        history.add(np.zeros((1, 2), dtype=np.int8), np.zeros((1, 1)))
        evolution.update()
        children.append(evolution.propose(50, uniform, uniform))
    np.testing.assert_array_equal(children[0], children[1])
    np.testing.assert_array_equal(children[0], children[2])


@pytest.mark.parametrize("name", ["nk/6x4-k2", "nk/10x6-k2"])
@pytest.mark.parametrize("on", [(PARTS[0],), (PARTS[1],), (PARTS[2],), PARTS[1:], PARTS], ids="+".join)
def test_every_combination_of_parts_searches_and_repeats_nothing(name: str, on: tuple[str, ...]) -> None:
    benchmark = synthetic_benchmark(name)
    architectures, objectives = run(benchmark, 70, **{part: part in on for part in PARTS})
    assert len(architectures) == 70
    assert len(np.unique(architectures, axis=0)) == 70
    assert objectives[:, 0].min() < np.sort(objectives[:4, 0])[0]


def test_with_everything_off_there_is_nothing_to_do() -> None:
    with pytest.raises(NasbenchError, match="every operator switched off"):
        run(synthetic_benchmark("nk/6x4-k2"), 5, use_surrogate=False, use_gradient=False, use_evolution=False)


@pytest.mark.parametrize("start", [0.0, -1.0, float("nan")])
def test_a_decay_after_no_observation_is_refused(start: float) -> None:
    with pytest.raises(
        NasbenchError, match=r"ucb_beta_decay_start of Hybrid is .*; it should be a positive number, or inf for never"
    ):
        run(synthetic_benchmark("nk/6x4-k2"), 5, ucb_beta_decay_start=start)


@pytest.mark.parametrize(
    ("evaluator", "objectives", "same"),
    [
        (FunctionEvaluator(SMALL.space, SMALL.function), ("error",), BETA_DECAY_START),
        (FunctionEvaluator(LARGE.space, LARGE.function), ("error",), float("inf")),
        (TwoCheap(NB201, cell_error), ("error", "size"), float("inf")),
    ],
    ids=["enumerated", "too large to enumerate", "two objectives"],
)
def test_beta_decays_by_default_with_one_objective_in_an_enumerated_space(
    evaluator: FunctionEvaluator, objectives: tuple[str, ...], same: float
) -> None:
    asked = partial(asked_of, evaluator, objectives)
    by_itself = asked()
    other = BETA_DECAY_START if same > BETA_DECAY_START else float("inf")
    np.testing.assert_array_equal(by_itself, asked(ucb_beta_decay_start=same))
    assert not np.array_equal(by_itself, asked(ucb_beta_decay_start=other))


def test_the_first_edition_differs_once_nothing_improves() -> None:
    """Equal queries until the incumbent has stayed for a while; without any decay equal throughout."""

    def asked(optimizer: PerRun, **settings: float) -> tuple[np.ndarray, np.ndarray]:
        problem = SMALL.problem(protocol(80), 3, (0,))
        return follow(problem, optimizer.create(problem, Streams(3, (0,)), settings))[:2]

    now, values = asked(OPTIMIZER)
    then = asked(decaying.OPTIMIZER)[0]
    best = np.minimum.accumulate(values[:, 0])
    first_stuck = next(t for t in range(PATIENCE, 80) if best[t - PATIENCE] == best[t])
    np.testing.assert_array_equal(now[: first_stuck + 1], then[: first_stuck + 1])
    assert not np.array_equal(now, then)
    steady = {"ucb_beta_decay_start": float("inf")}
    np.testing.assert_array_equal(asked(OPTIMIZER, **steady)[0], asked(decaying.OPTIMIZER, **steady)[0])


def test_climbed_from_incumbents_a_listed_space_is_searched_as_a_large_one() -> None:
    """What is proposed has no better neighbour that is new, and nothing is repeated."""
    problem = SMALL.problem(protocol(60), 3, (0,))
    optimizer: Any = climbing.OPTIMIZER.create(problem, Streams(3, (0,)), {"epsilon": 0.0})
    asked = follow(problem, optimizer)[0]
    assert len(np.unique(asked, axis=0)) == 60
    hybrid = optimizer.members[0]
    proposed = hybrid.ask()[0]
    seen = {a.tobytes() for a in asked}
    value = hybrid.surrogate.acquisition(hybrid.surrogate.posterior(SMALL.space.all))
    new = np.array([a.tobytes() not in seen for a in SMALL.space.all])
    beside = SMALL.space.index(SMALL.space.neighbours(proposed[None])[0])
    mine = value[SMALL.space.index(proposed)]
    assert new[SMALL.space.index(proposed)] and mine >= value[beside[new[beside]]].max()
    assert len(SMALL.space.all) == 4096 and hybrid.selection.enumeration is None


@pytest.mark.parametrize(
    ("evaluator", "objectives", "kernel"),
    [
        (FunctionEvaluator(NB201, cell_error), ("error",), "matern52"),
        (TwoCheap(NB201, cell_error), ("error", "size"), "rbf"),
    ],
    ids=["one objective", "two objectives"],
)
def test_kernel_is_matern_by_default_with_one_objective(
    evaluator: FunctionEvaluator, objectives: tuple[str, ...], kernel: str
) -> None:
    asked = partial(asked_of, evaluator, objectives)
    np.testing.assert_array_equal(asked(), asked(kernel=kernel))
    assert not np.array_equal(asked(), asked(kernel={"rbf": "matern52", "matern52": "rbf"}[kernel]))
    np.testing.assert_array_equal(
        asked(path_features=False, kernel="matern52"), asked(path_features=False, kernel="rbf")
    )


def test_full_hybrid_finds_the_optimum_of_an_additive_space() -> None:
    """OneMax with 20 decisions of 4 choices, 10^12 architectures, in 300 queries."""
    _, objectives = run(synthetic_benchmark("onemax/20x4"), 300)
    assert objectives.min() == 0.0


@pytest.mark.parametrize("settings", [{}, ALL_OPERATORS], ids=["default", "all operators"])
def test_functions_are_measured_once(settings: dict[str, bool]) -> None:
    problem = Problem(FunctionEvaluator(NB201, cell_error), protocol(80), 0, (0,))
    architectures, *_ = follow(problem, OPTIMIZER.create(problem, Streams(0, (0,)), settings))
    assert len(np.unique(NB201.canonical(architectures), axis=0)) == 80


@pytest.mark.parametrize("settings", [{}, ALL_OPERATORS], ids=["default", "all operators"])
def test_infeasible_combinations_are_never_proposed(settings: dict[str, bool]) -> None:
    for space in (
        Constrained("small", tuple("abcd"), (("0", "1", "2", "3"),) * 4),
        Constrained("large", tuple("abcdefghijkl"), (("0", "1", "2", "3"),) * 12),
    ):
        problem = Problem(FunctionEvaluator(space, lambda a: a.sum(axis=-1).astype(float)), protocol(60), 0, (0,))
        architectures, objectives, _ = follow(problem, OPTIMIZER.create(problem, Streams(0, (0,)), settings))
        assert len(architectures) == 60
        assert space.is_feasible(architectures).all()
        assert objectives.min() <= 2


@pytest.mark.parametrize("settings", [{}, ALL_OPERATORS], ids=["default", "all operators"])
def test_a_space_is_used_up_and_then_nothing_is_proposed(settings: dict[str, bool]) -> None:
    benchmark = synthetic_benchmark("nk/3x3-k1")
    architectures, _ = run(benchmark, 100, **settings)
    assert len(architectures) == 27


@pytest.mark.parametrize(("parts", "share"), [(ALL_OPERATORS, 0.97), ({}, 0.97)])
def test_two_objectives_with_a_cheap_one(parts: dict[str, bool], share: float) -> None:
    """60 of 15,625 cells reach the stated share of the attainable hypervolume."""
    evaluator = TwoCheap(NB201, cell_error)
    reference = np.array([60.0, 1.0])

    def volume(points: np.ndarray) -> float:
        return float(moocore.hypervolume(points[(points < reference).all(axis=1)], ref=reference))

    attainable = volume(np.concatenate([cell_error(NB201.all)[:, None], evaluator.facts(NB201.all)], axis=1))
    reached = []
    for seed in range(3):
        problem = Problem(evaluator, protocol(60, ("error", "size")), seed, (0,))
        _, objectives, _ = follow(problem, OPTIMIZER.create(problem, Streams(seed, (0,)), parts))
        reached.append(volume(objectives) / attainable)
    assert np.mean(reached) > share


def test_ladder_starts_low_and_promotes() -> None:
    class Fidelities(FunctionEvaluator):
        def evaluate(
            self, rows: Ints, architectures: Architectures, level: Ints, key: np.ndarray, repetition: Ints
        ) -> tuple[Floats, Ints]:
            values, seeds = super().evaluate(rows, architectures, level, key, repetition)
            return values + 20.0 / (1 + level[:, None]), seeds

    problem = Problem(Fidelities(NB201, cell_error), protocol(90, epochs=(1, 3, 9)), 0, (0,))
    optimizer = OPTIMIZER.create(problem, Streams(0, (0,)), {"progressive": True})
    assert isinstance(optimizer.ask(), MultiFidelityBatch)
    problem = Problem(Fidelities(NB201, cell_error), protocol(90, epochs=(1, 3, 9)), 0, (0,))
    architectures, objectives, epochs = follow(
        problem, OPTIMIZER.create(problem, Streams(0, (0,)), {"progressive": True})
    )
    assert epochs[0] == 1
    assert set(epochs) == {1, 3, 9}
    for position, (architecture, level) in enumerate(zip(architectures, epochs, strict=True)):
        earlier = epochs[:position][(architectures[:position] == architecture).all(axis=1)]
        assert list(earlier) == [e for e in (1, 3, 9) if e < level], "one rung at a time, none twice"
    promoted, low = objectives[epochs == 9, 0] - 20 / 3, objectives[epochs == 1, 0] - 20.0
    assert np.mean(promoted) < np.mean(low), "what is promoted is better than what is tried"


def test_progressive_search_prunes_on_a_space_with_hopeless_choices() -> None:
    problem = Problem(FunctionEvaluator(NB201, cell_error), protocol(120), 0, (0,))
    optimizer = OPTIMIZER.create(problem, Streams(0, (0,)), {"progressive": True})
    follow(problem, optimizer)
    member: Any = optimizer.members[0]  # type: ignore[attr-defined]
    assert not member.active_choices.is_full
    assert (member.relaxation.theta[0][~member.active_choices.allowed] == 0).all()


@pytest.mark.parametrize(("name", "settings"), [("nk/6x4-k2", ALL_OPERATORS), ("nk/10x6-k2", {})])
def test_pickled_across_a_refit_it_goes_on_the_same(name: str, settings: dict[str, bool]) -> None:
    benchmark = synthetic_benchmark(name)
    whole, _ = run(benchmark, 60, **settings)
    problem = benchmark.problem(protocol(60), 0, (0,))
    optimizer = OPTIMIZER.create(problem, Streams(0, (0,)), settings)
    begun, *_ = follow(problem, optimizer, steps=23)
    problem, optimizer = pickle.loads(pickle.dumps((problem, optimizer)))
    rest, *_ = follow(problem, optimizer)
    np.testing.assert_array_equal(np.concatenate([begun, rest]), whole)
