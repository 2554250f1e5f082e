"""ParEGO: the scalarisation as published, its expected improvement as an integral, exact objectives exact, the largest value proposed."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

from nasbench.baselines import parego
from nasbench.baselines.gp_bo import EncodingGp
from nasbench.search.random_streams import Streams
from nasbench.testing.toy import toy_space

from toy import Problems

OBJECTIVES = ("error", "latency", "parameters")


def test_scalarisation_is_knowless() -> None:
    """Equation 2 of the paper, by hand: max(.2 * .5, .3 * 1, .5 * .1) + .05 * (.1 + .3 + .05)."""
    value = parego.augmented_tchebycheff(np.array([0.5, 1.0, 0.1]), np.array([0.2, 0.3, 0.5]), 0.05)
    assert value == pytest.approx(0.3 + 0.05 * 0.45)


@pytest.mark.parametrize("n_exact", [0, 1, 2])
def test_improvement_with_one_prediction_is_the_integral(n_exact: int) -> None:
    rng = np.random.default_rng(n_exact)
    for _ in range(30):
        mean, deviation, rho = rng.random(), rng.uniform(0.05, 0.6), rng.uniform(0.01, 0.3)
        exact, weights, best = rng.random(n_exact), rng.dirichlet(np.ones(n_exact + 1)), rng.uniform(0.05, 0.7)

        def integrand(f: float) -> float:
            value = parego.augmented_tchebycheff(np.array([f, *exact]), weights, rho)  # noqa: B023
            return max(best - float(value), 0.0) * float(stats.norm.pdf(f, mean, deviation))  # noqa: B023

        edges = np.linspace(mean - 8 * deviation, mean + 8 * deviation, 33)
        expected = sum(integrate.quad(integrand, low, high, epsabs=1e-12)[0] for low, high in pairwise(edges))
        (value,) = parego.improvement_of_one(
            np.array([mean]), np.array([deviation]), exact[None], weights[:1], weights[1:], rho, best
        )
        assert value == pytest.approx(expected, abs=1e-8)


def test_draws_are_one_a_stratum_of_the_normal() -> None:
    drawn = parego.latin_normals(50, 3, np.random.default_rng(0))
    assert drawn.shape == (50, 3)
    strata = np.floor(stats.norm.cdf(drawn) * 50).astype(int)
    np.testing.assert_array_equal(np.sort(strata, axis=0), np.tile(np.arange(50)[:, None], 3))


def test_objectives_without_charge_are_not_modelled(problems: Problems) -> None:
    """The toy's latency and parameters are columns without training."""
    problem = problems(queries=14, objectives=OBJECTIVES)
    assert problem.cheap == (False, True, True)
    optimizer = parego.OPTIMIZER.create(problem, Streams(3, range(1)))
    member: Any = optimizer.members[0]  # type: ignore[attr-defined]
    assert len(member._models) == 1
    while not problem.ledger.exhausted.all():
        optimizer.tell(problem.query(optimizer.ask()))
    space = toy_space()
    # With a process that is certain, what is expected is the improvement of the true scalarisation.
    member.update()
    member._models[0].predict = lambda a: (np.zeros(len(a)), np.full(len(a), 1e-9))
    scaled = (problem.facts(space.all) - member._low[1:]) / member._range[1:]
    everything = np.column_stack([np.full(24, member._mean[0]), scaled])
    values = parego.augmented_tchebycheff(everything, member._scalarization, 0.05)
    np.testing.assert_allclose(member.acquisition(space.all), np.maximum(member._best - values, 0.0), atol=1e-8)


def test_averages_over_draws_agree_with_the_closed_form(problems: Problems) -> None:
    problem = problems(queries=12, objectives=OBJECTIVES)
    optimizer = parego.OPTIMIZER.create(problem, Streams(3, range(1)))
    member: Any = optimizer.members[0]  # type: ignore[attr-defined]
    optimizer.tell(problem.query(optimizer.ask()))
    member.update()
    closed = member.acquisition(toy_space().all)
    certain: Any = EncodingGp(toy_space())
    member._cheap = np.array([False, False, True])
    low, span = member._low[1], member._range[1]
    certain.predict = lambda a: ((problem.facts(a)[:, 0] - low) / span, np.zeros(len(a)))
    member._models.append(certain)
    member._mean, member._deviation = np.append(member._mean, 0.0), np.append(member._deviation, 1.0)
    member._normals = parego.latin_normals(4000, 2, np.random.default_rng(0))
    member._problem = type("Facts", (), {"facts": staticmethod(lambda a: problem.facts(a)[:, 1:])})
    np.testing.assert_allclose(member.acquisition(toy_space().all), closed, atol=2e-4)


def test_proposes_the_largest_expected_improvement_of_the_space(problems: Problems) -> None:
    problem = problems(queries=20, objectives=OBJECTIVES)
    optimizer = parego.OPTIMIZER.create(problem, Streams(3, range(1)), {"n_initial_samples": 4})
    member: Any = optimizer.members[0]  # type: ignore[attr-defined]
    weights = []
    while not problem.ledger.exhausted.all():
        proposed: Any = optimizer.ask()
        if proposed.shape[1] == 1:
            left = member._history.unseen(toy_space().all)
            gain = member.acquisition(left)
            assert gain[(left == proposed[0, 0]).all(axis=1)][0] == gain.max()
            weights.append(member._scalarization)
        optimizer.tell(problem.query(proposed))
    assert len(np.unique(weights, axis=0)) == len(weights) > 10, "weights are drawn anew for every query"
