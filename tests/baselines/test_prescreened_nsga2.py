"""NSGA-II with pre-screening: what it evaluates, exact objectives, and NSGA-II where nothing is screened."""

from __future__ import annotations

from typing import Any

import numpy as np

from nasbench.baselines import nsga2, prescreened_nsga2
from nasbench.search.dominance import nondominated
from nasbench.search.random_streams import Streams
from nasbench.testing.optimizer_contract import ask_tell, trace
from nasbench.testing.toy import toy_space

from toy import Problems

OBJECTIVES = ("error", "latency", "parameters")


def after_a_generation(problems: Problems, **settings: Any) -> tuple[Any, Any]:
    problem = problems(queries=40, objectives=OBJECTIVES)
    optimizer = prescreened_nsga2.OPTIMIZER.create(problem, Streams(4, range(1)), {"population_size": 6} | settings)
    optimizer.tell(problem.query(optimizer.ask()))
    member: Any = optimizer.members[0]  # type: ignore[attr-defined]
    return problem, member


def test_without_screening_it_is_nsga2(problems: Problems) -> None:
    """One offspring for each evaluated: those of NSGA-II, in the same order."""
    searched = []
    for module, extra in ((nsga2, {}), (prescreened_nsga2, {"offspring_factor": 1})):
        problem = problems(queries=36, objectives=OBJECTIVES)
        optimizer = module.OPTIMIZER.create(problem, Streams(4, range(1)), {"population_size": 6} | extra)
        searched.append(trace(ask_tell(problem, optimizer), 0)[0])
    np.testing.assert_array_equal(searched[0], searched[1])


def test_bounds_are_exact_where_objectives_are_free_and_below_the_mean_elsewhere(problems: Problems) -> None:
    problem, member = after_a_generation(problems, ucb_beta=0.0)
    means = member._lower_bounds(toy_space().all)
    member._ucb_beta = 2.0
    bounds = member._lower_bounds(toy_space().all)
    assert problem.cheap == (False, True, True)
    np.testing.assert_array_equal(bounds[:, 1:], problem.facts(toy_space().all))
    assert (bounds[:, 0] < means[:, 0]).all()
    mean, deviation = member._models[0].predict(toy_space().all)
    observed = member._history.objectives[:, 0]
    np.testing.assert_allclose(bounds[:, 0], observed.mean() + observed.std() * (mean - 2 * deviation))


def test_what_is_screened_out_is_no_better(problems: Problems) -> None:
    """No unevaluated offspring that is left out dominates one that is kept, and evaluated ones are kept last."""
    _, member = after_a_generation(problems)
    offspring = np.random.default_rng(0).permutation(toy_space().all)
    kept = member.prescreen(offspring)
    assert len(set(kept.tolist())) == 6
    bounds = member._lower_bounds(offspring)
    known = np.array([(member._history.architectures == a).all(axis=1).any() for a in offspring])
    assert not known[kept].any()
    left = np.setdiff1d(np.flatnonzero(~known), kept)
    for one in left:
        dominated = (bounds[one] <= bounds[kept]).all(axis=1) & (bounds[one] < bounds[kept]).any(axis=1)
        assert not dominated.any()
    parents = member._algorithm.pop.get("F")
    front = nondominated(np.concatenate([parents, bounds]))[len(parents) :]
    assert front[kept].sum() == min(6, (front & ~known).sum()), "the front of parents and offspring comes first"
