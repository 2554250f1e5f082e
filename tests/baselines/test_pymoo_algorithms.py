"""NSGA-II, NSGA-III and SMS-EMOA: stepped by ask and tell they are pymoo's, and leave the process as they found it."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import moocore
import numpy as np
import pytest

from nasbench.baselines.nsga3 import divisions, reference_directions
from nasbench.baselines.pymoo_operators import ChoiceMutation, FeasibleRepair
from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.errors import NasbenchError
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.spaces.nas_bench_201 import NasBench201Space
from nasbench.spaces.space import Architectures, Space
from nasbench.testing.toy import toy_space

from toy import Problems

THREE = ("error", "latency", "parameters")
NAMES = ("nsga2", "nsga3", "sms_emoa")


def create(name: str, problem: Problem, **settings: Any) -> Any:
    return importlib.import_module(f"nasbench.baselines.{name}").OPTIMIZER.create(
        problem, Streams(5, range(problem.runs)), settings
    )


def reference(name: str, member: Any, objectives: np.ndarray) -> np.ndarray:
    """What pymoo's own loop evaluates, with the same operators and random numbers, `(n, d)`."""
    from pymoo.core.problem import Problem as PymooProblem

    space, evaluated = toy_space(), []

    class Tabular(PymooProblem):  # type: ignore[misc]
        def _evaluate(self, x: np.ndarray, out: dict[str, np.ndarray], *args: Any, **kwargs: Any) -> None:
            evaluated.append(x.astype(np.int8))
            out["F"] = objectives[space.index(x.astype(np.int8))]

    algorithm = member._algorithm
    problem = Tabular(n_var=3, n_obj=objectives.shape[1], xl=np.zeros(3), xu=space.cardinalities - 1.0, vtype=int)
    algorithm.problem = problem
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        for _ in range(4 if name != "sms_emoa" else 12):
            infills = algorithm.infill()
            algorithm.evaluator.eval(problem, infills, algorithm=algorithm)
            algorithm.advance(infills=infills)
    return np.concatenate(evaluated)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("objectives", [("error",), ("error", "latency"), THREE])
def test_queries_are_those_of_pymoos_own_loop(
    name: str, objectives: tuple[str, ...], problems: Problems, toy: TabularBenchmark
) -> None:
    problem = problems(objectives=objectives, queries=1000)
    optimizer = create(name, problem, population_size=6)
    asked = []
    for _ in range(4 if name != "sms_emoa" else 12):
        observations = problem.query(optimizer.ask())
        asked.append(observations.architectures[0])
        optimizer.tell(observations)
    fresh = create(name, problem, population_size=6)
    table = problems(objectives=objectives, queries=1000).query(toy_space().all[None]).objectives[0]
    np.testing.assert_array_equal(np.concatenate(asked), reference(name, fresh.members[0], table))


def test_first_front_of_the_population_is_moocores(problems: Problems) -> None:
    problem = problems(objectives=THREE, queries=200)
    optimizer = create("nsga2", problem, population_size=8)
    for _ in range(6):
        optimizer.tell(problem.query(optimizer.ask()))
        population = optimizer.members[0]._algorithm.pop
        front = moocore.is_nondominated(population.get("F"), keep_weakly=True)
        np.testing.assert_array_equal(population.get("rank") == 0, front)


def test_sms_emoa_is_steady_state_and_drops_the_least_contributor(problems: Problems) -> None:
    problem = problems(objectives=("error", "latency"), queries=200)
    optimizer = create("sms_emoa", problem, population_size=3)
    optimizer.tell(problem.query(optimizer.ask()))
    algorithm = optimizer.members[0]._algorithm
    checked = 0
    for _ in range(10):
        before = algorithm.pop.get("F")
        observations = problem.query(optimizer.ask())
        assert observations.architectures.shape[1] == 1
        optimizer.tell(observations)
        merged = np.vstack([before, observations.objectives[0]])
        ideal, nadir = before.min(axis=0), before.max(axis=0)
        worst = merged[~moocore.is_nondominated(merged, keep_weakly=True)]
        if len(worst) or (nadir == ideal).any():
            # A dominated member is in the worst front, of which one leaves.
            left = sum(not (merged == row).all(axis=1).any() for row in algorithm.pop.get("F"))
            assert left == 0 and len(algorithm.pop) == 3
            continue
        scaled = (merged - ideal) / (nadir - ideal)
        gone = moocore.hv_contributions(scaled, ref=np.full(2, 11.0)).argmin()
        np.testing.assert_allclose(
            np.sort(algorithm.pop.get("F"), axis=0), np.sort(np.delete(merged, gone, axis=0), axis=0)
        )
        checked += 1
    assert checked > 0


def test_paper_population_of_nsga3_has_the_papers_directions() -> None:
    assert divisions(3, 92) == 12
    directions = reference_directions(3, 92)
    assert directions.shape == (91, 3)
    np.testing.assert_allclose(directions.sum(axis=1), 1)
    assert divisions(2, 40) == 39 and len(reference_directions(2, 40)) == 40
    assert divisions(5, 4) == 1


def test_mutation_draws_each_decision_anew_at_its_rate() -> None:
    """Each count is binomial; 6 standard errors."""
    space = NasBench201Space()
    rng = np.random.default_rng(0)
    before = space.sample(rng.random((40_000, 6))).astype(np.int64)
    after = ChoiceMutation(space, 0.25)._do(None, before, random_state=rng)
    changed = 0.25 * 4 / 5
    np.testing.assert_allclose(
        (after != before).mean(axis=0), changed, atol=6 * np.sqrt(changed * (1 - changed) / 40_000)
    )


def test_infeasible_offspring_are_replaced() -> None:
    class Narrow(Space):
        def is_feasible(self, architectures: Architectures) -> Any:
            return architectures[..., 0] != 1

        def sample(self, uniform: np.ndarray) -> Architectures:
            drawn = super().sample(uniform)
            drawn[..., 0] = np.where(drawn[..., 0] == 1, 0, drawn[..., 0])
            return drawn

    space = Narrow("narrow", ("a", "b"), (("x", "y", "z"), ("x", "y")))
    some = np.array([[1, 0], [2, 1], [1, 1]], dtype=np.int64)
    repaired = FeasibleRepair(space)._do(None, some.copy(), random_state=np.random.default_rng(0))
    assert space.is_feasible(repaired.astype(np.int8)).all()
    np.testing.assert_array_equal(repaired[1], some[1])


def test_warnings_stay_on(problems: Problems) -> None:
    problem = problems(objectives=THREE, queries=60)
    optimizer = create("nsga3", problem, population_size=6)
    before = list(warnings.filters)
    while not problem.ledger.exhausted.all():
        optimizer.tell(problem.query(optimizer.ask()))
    assert list(warnings.filters) == before


@pytest.mark.parametrize("name", NAMES)
def test_settings_are_checked(name: str, problems: Problems) -> None:
    with pytest.raises(NasbenchError, match=r"population_size of .* is 1; it should be"):
        create(name, problems(), population_size=1)
    with pytest.raises(NasbenchError, match=r"crossover_prob of .* is 1\.5; it should be"):
        create(name, problems(), crossover_prob=1.5)
    with pytest.raises(NasbenchError, match=r"mutation_prob of .* is -1; it should be"):
        create(name, problems(), mutation_prob=-1)


def test_a_space_that_is_used_up_ends_the_run(problems: Problems) -> None:
    problem = problems(queries=10_000)
    optimizer = create("nsga2", problem, population_size=24)
    while True:
        observations = problem.query(optimizer.ask())
        if not observations.answered.any():
            break
        optimizer.tell(observations)
    assert problem.ledger.spent["unique_queries"][0] == 24
