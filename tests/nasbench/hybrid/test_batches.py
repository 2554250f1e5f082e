"""Batches of the hybrid: what is proposed beside what is pending, from one fit, by every batch rule."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any, get_args

import numpy as np
import pytest

import nasbench
from nasbench.benchmarks.function_benchmark import FunctionEvaluator
from nasbench.benchmarks.synthetic import synthetic_benchmark
from nasbench.errors import NasbenchError
from nasbench.hybrid.batch_rules import BatchRuleName, LocalPenalization, PosteriorDraw, believe, lie
from nasbench.hybrid.hyperparameters import ONE_OBJECTIVE
from nasbench.hybrid.multi_objective_surrogate import MultiObjectiveSurrogate
from nasbench.hybrid.optimizer import OPTIMIZER, Hybrid
from nasbench.search.history import History
from nasbench.search.ledger import Budget
from nasbench.search.observations import MultiFidelityBatch
from nasbench.search.operation_counter import counting
from nasbench.search.parallelism import Parallelism
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.search.workers import search_with_workers
from nasbench.spaces.catalogue import get_space
from nasbench.spaces.space import Architectures, Floats, Space
from nasbench.theory.machinery.testbed import ALL_OPERATORS

from table_protocol import table_protocol

RULES = get_args(BatchRuleName)
CELLS = get_space("nas-bench-201")
ENUMERATED, LARGE = synthetic_benchmark("nk/6x4-k2"), synthetic_benchmark("nk/10x6-k2")
TARGET = np.array([1, 3, 2, 4, 1, 3])


def cell_error(architectures: Architectures) -> Floats:
    """A function of the canonical form, so that isomorphic cells are equal."""
    return np.asarray((CELLS.canonical(architectures) != TARGET).sum(axis=-1), dtype=float)


def problem_of(space: Space, function: Any, queries: int = 300, epochs: tuple[int, ...] = (1,)) -> Problem:
    protocol = table_protocol(Budget({"queries": queries}), split="none", epochs=epochs, repeat_policy="retrain")
    return Problem(FunctionEvaluator(space, function), protocol, 0, (0,))


def hybrid_of(problem: Problem, seed: int = 0, **settings: Any) -> Hybrid:
    member: Hybrid = OPTIMIZER.create(problem, Streams(seed, (0,)), settings).members[0]  # type: ignore[attr-defined]
    return member


def told(problem: Problem, hybrid: Hybrid, architectures: Architectures) -> None:
    hybrid.tell(problem.query(architectures[None]).select_run(0))


def after(problem: Problem, observations: int, **settings: Any) -> Hybrid:
    """Return a hybrid that was told the results of uniform architectures."""
    hybrid = hybrid_of(problem, **settings)
    drawn = problem.space.sample(np.random.default_rng(7).random((observations, problem.space.d)))
    told(problem, hybrid, drawn)
    return hybrid


@pytest.mark.parametrize("rule", RULES)
def test_a_batch_of_one_is_the_sequential_search(rule: str) -> None:
    large = nasbench.load_benchmark("nk/10x6-k2")
    sequential = nasbench.search("hybrid", large, budget=24, runs=1, seed=3).to_pandas()
    machines = nasbench.search("hybrid", large, budget=24, runs=1, seed=3, batch_size=1, settings={"batch_rule": rule})
    columns = ["architecture", "error", "operator"]
    assert machines.to_pandas()[columns].equals(sequential[columns])


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("count", [4, 64])
def test_no_two_of_a_batch_are_isomorphic_or_known_or_pending(rule: str, count: int) -> None:
    problem = problem_of(CELLS, cell_error)
    hybrid = after(problem, 40, batch_rule=rule)
    pending = CELLS.sample(np.random.default_rng(1).random((15, 6)))
    batch = hybrid.ask_many(count, pending)
    assert isinstance(batch, np.ndarray) and batch.shape == (count, 6)
    assert len(hybrid.batch_operators) == count
    classes = {form.tobytes() for form in CELLS.canonical(batch)}
    taken = {form.tobytes() for form in CELLS.canonical(np.concatenate([pending, hybrid.history.architectures]))}
    assert len(classes) == count and not classes & taken


def test_a_space_is_used_up_by_batches_and_each_architecture_is_proposed_once() -> None:
    space = Space("small", ("a", "b", "c"), (tuple("012"),) * 3)
    problem = problem_of(space, lambda a: a.sum(axis=-1).astype(float))
    hybrid = hybrid_of(problem)
    sizes, seen = [], set[bytes]()
    while len(batch := np.asarray(hybrid.ask_many(8, np.empty((0, 3), dtype=np.int8)), dtype=np.int8)):
        sizes.append(len(batch))
        seen |= {a.tobytes() for a in batch}
        told(problem, hybrid, batch)
    assert sizes == [8, 8, 8, 3] and len(seen) == 27


@pytest.mark.parametrize("landscape", [ENUMERATED, LARGE], ids=["enumerated", "large"])
def test_what_was_hallucinated_is_forgotten(landscape: Any) -> None:
    """A batch leaves the surrogate as it was: the posterior after its results is that of a surrogate that saw no batch."""
    problem = problem_of(landscape.space, landscape.function)
    hybrid, plain = after(problem, 20), after(problem, 20)
    probe = landscape.space.sample(np.random.default_rng(2).random((50, landscape.space.d)))
    for _ in range(3):
        batch = np.asarray(hybrid.ask_many(5, probe[:3]), dtype=np.int8)
        assert plain.surrogate is not None and hybrid.surrogate is not None
        plain.surrogate.update()
        told(problem, hybrid, batch)
        told(problem, plain, batch)
    for one in (hybrid.surrogate, plain.surrogate):
        assert one is not None
        one.update()
    ours, theirs = hybrid.surrogate.posterior(probe), plain.surrogate.posterior(probe)  # type: ignore[union-attr]
    np.testing.assert_array_equal(ours.mean, theirs.mean)
    np.testing.assert_array_equal(ours.deviation, theirs.deviation)


@pytest.mark.parametrize("rule", RULES)
def test_hyperparameters_are_fitted_once_a_batch(rule: str) -> None:
    class Fits:
        number = 0

        def add(self, name: str, operations: float) -> None:
            self.number += name == "fit"

    problem, fits = problem_of(ENUMERATED.space, ENUMERATED.function), Fits()
    hybrid = after(problem, 30, batch_rule=rule)
    with counting(fits):
        hybrid.ask_many(40, np.empty((0, 6), dtype=np.int8))
    assert fits.number == 1


def surrogate_of(benchmark: Any, observations: int = 30) -> MultiObjectiveSurrogate:
    history = History(benchmark.space, merge_isomorphic=True)
    surrogate = MultiObjectiveSurrogate(
        problem_of(benchmark.space, benchmark.function),
        history,
        path_features=True,
        canonical=True,
        rungs=1,
        ucb_beta=3.0,
        ucb_beta_decay_start=np.inf,
        prior=ONE_OBJECTIVE,
    )
    drawn = benchmark.space.sample(np.random.default_rng(0).random((observations, benchmark.space.d)))
    history.add(drawn, benchmark.function(drawn)[:, None])
    surrogate.update()
    return surrogate


@pytest.mark.parametrize("result", [believe, lie])
@pytest.mark.parametrize("landscape", [ENUMERATED, LARGE], ids=["enumerated", "large"])
def test_hallucinated_results_are_those_of_regression_with_more_data(landscape: Any, result: Any) -> None:
    surrogate = surrogate_of(landscape)
    model = surrogate.processes[0]
    probe = landscape.space.sample(np.random.default_rng(5).random((60, landscape.space.d)))
    pending, rungs = probe[:7], np.zeros(7, dtype=np.int64)
    invented = result(model, surrogate.features(pending))
    copy = surrogate.hallucinating()
    copy.hallucinate(pending[:4], rungs[:4], result)
    copy.hallucinate(pending[4:], rungs[4:], lambda one, features: invented[4:])
    x = np.concatenate([model.features, surrogate.features(pending)])
    y = np.concatenate([model.targets, invented])
    weights, noise = model.hyperparameters.weights, model.hyperparameters.noise
    gram = model.kernel(x, x, weights) + noise * np.eye(len(x))
    cross = model.kernel(x, surrogate.features(probe), weights)
    mean, variance = cross.T @ np.linalg.solve(gram, y), 1 - (cross * np.linalg.solve(gram, cross)).sum(axis=0)
    found = copy.posterior(probe)
    np.testing.assert_allclose(found.mean[:, 0], mean, atol=2e-4)
    np.testing.assert_allclose(found.deviation[:, 0] ** 2, variance, atol=2e-4)
    if result is believe:
        np.testing.assert_allclose(found.mean, surrogate.posterior(probe).mean, atol=2e-4)
    assert (found.deviation[:7] < surrogate.posterior(pending).deviation - 0.01).all()


@pytest.mark.parametrize("landscape", [ENUMERATED, LARGE], ids=["enumerated", "large"])
def test_draws_have_the_mean_and_the_variance_of_the_posterior(landscape: Any) -> None:
    surrogate, rng = surrogate_of(landscape), np.random.default_rng(0)
    probe = landscape.space.sample(np.random.default_rng(5).random((40, landscape.space.d)))
    draws = []
    for _ in range(5):
        draw = PosteriorDraw(surrogate.processes[0], surrogate.enumerated_features, rng)
        for _ in range(80):
            draw.renew(rng)
            at_enumerated = surrogate.enumeration is not None
            draws.append(
                draw.enumerated[surrogate.positions(probe)] if at_enumerated else draw(surrogate.features(probe))
            )
    posterior = surrogate.posterior(probe)
    deviation = posterior.deviation[:, 0]
    assert (np.abs(np.mean(draws, axis=0) - posterior.mean[:, 0]) < 5 * deviation / np.sqrt(len(draws)) + 0.05).all()
    np.testing.assert_allclose(np.std(draws, axis=0), deviation, rtol=0.2)


def test_local_penalization_lowers_what_is_near_and_refuses_several_objectives() -> None:
    surrogate = surrogate_of(ENUMERATED)
    rule, everything = LocalPenalization(surrogate), np.arange(ENUMERATED.space.size)
    before = rule.acquisition(rule.posterior_enumerated(everything))
    best = int(before.argmax())
    rule.add(ENUMERATED.space.all[[best]], np.zeros(1, dtype=np.int64))
    fall = before - rule.acquisition(rule.posterior_enumerated(everything))
    changed = (ENUMERATED.space.all != ENUMERATED.space.all[best]).sum(axis=1)
    assert (fall >= 0).all() and fall.argmax() == best
    by_distance = [float(fall[changed == number].mean()) for number in range(7)]
    assert by_distance == sorted(by_distance, reverse=True)
    np.testing.assert_allclose(
        rule.acquisition(rule.posterior(ENUMERATED.space.all[:9])), (before - fall)[:9], atol=1e-9
    )
    several: Any = SimpleNamespace(predicted=np.array([True, True]))
    with pytest.raises(NasbenchError, match="choose another batch_rule"):
        LocalPenalization(several)


@pytest.mark.parametrize(
    ("name", "settings"),
    [("recipe/small", {}), ("accel-nasbench/imagenet", {}), ("recipe/small", {"use_surrogate": False})],
)
def test_a_study_of_sixteen_workers_is_reproducible_bit_for_bit(name: str, settings: dict[str, Any]) -> None:
    benchmark = nasbench.load_benchmark(name)

    def search(runs: int, workers: int = 1) -> Any:
        return nasbench.search(
            "hybrid", benchmark, budget=40, runs=runs, seed=5, settings=settings, workers=workers
        ).to_pandas()

    twice = search(2, workers=16)
    alone = search(1, workers=16)
    assert alone.equals(twice[twice["run"] == 0].reset_index(drop=True))
    assert not alone["architecture"].equals(search(1)["architecture"]), "workers see fewer results"


def test_a_batch_climbs_the_ladder_of_fidelities() -> None:
    problem = problem_of(ENUMERATED.space, ENUMERATED.function, epochs=(1, 9))
    hybrid = hybrid_of(problem, progressive=True)
    nothing = np.empty((0, 6), dtype=np.int8)
    seen = set()
    for _ in range(4):
        batch, epochs = hybrid.ask_many(12, nothing)
        hybrid.tell(problem.query(MultiFidelityBatch(batch[None], np.asarray(epochs)[None])).select_run(0))
        seen |= {(a.tobytes(), int(epoch)) for a, epoch in zip(batch, epochs, strict=True)}
    assert len(seen) == 48 and {epoch for _, epoch in seen} == {1, 9}
    assert all((a, 1) in seen for a, epoch in seen if epoch == 9)


def test_each_operator_of_a_batch_is_rewarded_for_its_own() -> None:
    problem = problem_of(ENUMERATED.space, ENUMERATED.function)
    hybrid = after(problem, 30, **ALL_OPERATORS, surrogate_probability=0.4, min_operator_probability=0.2)
    rewarded: list[str] = []
    hybrid.scheduler.reward = lambda name, reward: rewarded.append(name)  # type: ignore[method-assign]
    batch = np.asarray(hybrid.ask_many(12, np.empty((0, 6), dtype=np.int8)), dtype=np.int8)
    names = dict(zip([a.tobytes() for a in batch], hybrid.batch_operators, strict=True))
    assert len(set(names.values())) > 1
    order = np.random.default_rng(0).permutation(12)
    told(problem, hybrid, batch[order])
    assert rewarded == [names[a.tobytes()] for a in batch[order]]


def test_traces_name_the_operator_of_each_proposal() -> None:
    problem = problem_of(ENUMERATED.space, ENUMERATED.function, queries=60)
    optimizer = OPTIMIZER.create(problem, Streams(1, (0,)), {**ALL_OPERATORS, "surrogate_probability": 0.4})
    completions, _ = search_with_workers(problem, optimizer, Parallelism(batch_size=20))
    last = [one.observations.operators for one in completions[-20:]]
    assert len({names[0] for names in last if names}) > 1


def test_a_batch_of_64_at_300_observations_takes_less_than_a_second() -> None:
    hybrid = after(problem_of(CELLS, cell_error, queries=400), 300)
    assert hybrid.surrogate is not None
    hybrid.surrogate.update()
    started = time.process_time()
    hybrid.ask_many(64, np.empty((0, 6), dtype=np.int8))
    assert time.process_time() - started < 1.0
