"""Simulated annealing: its acceptance rule, its stationary law, its temperatures."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from nasbench.baselines.simulated_annealing import OPTIMIZER, SimulatedAnnealing, acceptance_probability
from nasbench.errors import NasbenchError
from nasbench.search.random_streams import Streams
from nasbench.testing.toy import toy_error, toy_space

from toy import Problems


def test_acceptance() -> None:
    rise = np.array([-1.0, 0.0, 2.0, 2.0, 2.0])
    temperature = np.array([1.0, 0.0, 0.0, 4.0, np.inf])
    np.testing.assert_allclose(acceptance_probability(rise, temperature), [1, 1, 0, np.exp(-0.5), 1])


def test_at_one_temperature_the_walk_is_boltzmann(problems: Problems) -> None:
    """Proposals are symmetric only if all decisions are picked alike, so the law is exp(-f / T); false alarm 1e-4 (chi-square)."""
    runs, temperature = 3000, 6.0
    problem = problems(runs=runs, queries=200)
    optimizer = OPTIMIZER.create(problem, Streams(2, range(runs)), {"proposals_per_temperature": 10**6})
    assert isinstance(optimizer, SimulatedAnnealing)
    optimizer.temperature[:] = temperature
    for _ in range(60):
        optimizer.tell(problem.query(optimizer.ask()))
    space = toy_space()
    law = np.exp(-toy_error(space.all) / temperature)
    count = np.bincount(space.index(optimizer._incumbent), minlength=24)
    assert stats.chisquare(count, runs * law / law.sum()).pvalue > 1e-4
    # The test can fail: another temperature is refused.
    wrong = np.exp(-toy_error(space.all) / (1.2 * temperature))
    assert stats.chisquare(count, runs * wrong / wrong.sum()).pvalue < 1e-4


def test_first_temperature_accepts_the_mean_uphill_move_as_asked(problems: Problems) -> None:
    problem = problems(runs=4, queries=200)
    optimizer = OPTIMIZER.create(problem, Streams(2, range(4)), {"warmup": 12, "initial_acceptance_prob": 0.3})
    assert isinstance(optimizer, SimulatedAnnealing)
    errors = []
    for _ in range(13):
        assert np.isinf(optimizer.temperature).all()
        observations = problem.query(optimizer.ask())
        errors.append(observations.objectives[:, 0, 0])
        optimizer.tell(observations)
    rises = np.diff(np.array(errors), axis=0)
    for run in range(4):
        mean = rises[:, run][rises[:, run] > 0].mean()
        assert np.exp(-mean / optimizer.temperature[run]) == pytest.approx(0.3)


def test_frozen_runs_start_again(problems: Problems) -> None:
    problem = problems(runs=1, queries=3000)
    optimizer = OPTIMIZER.create(problem, Streams(2, range(1)), {"temperature_decay": 0.5})
    assert isinstance(optimizer, SimulatedAnnealing)
    temperatures = []
    while not problem.ledger.exhausted.all():
        optimizer.tell(problem.query(optimizer.ask()))
        temperatures.append(float(optimizer.temperature[0]))
    finite = np.array([t for t in temperatures if np.isfinite(t)])
    assert (np.diff(finite) > 0).sum() >= 3
    assert set(finite[1:][np.diff(finite) > 0]) == {finite[0]}


def test_settings_are_checked(problems: Problems) -> None:
    with pytest.raises(
        NasbenchError, match=r"temperature_decay of SimulatedAnnealing is 1\.5; it should be a number between 0 and 1"
    ):
        OPTIMIZER.create(problems(), Streams(0, range(1)), {"temperature_decay": 1.5})
