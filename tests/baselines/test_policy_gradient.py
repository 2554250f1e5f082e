"""REINFORCE and Adam: against exact expectations, and against the authors' loop in torch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nasbench.baselines.reinforce import OPTIMIZER, Reinforce, score, softmax
from nasbench.search.random_streams import Streams
from nasbench.search.simplex import support, vertices
from nasbench.testing.toy import toy_error, toy_space

from toy import Problems


def random_logits(seed: int) -> np.ndarray:
    choices = support(toy_space().cardinalities)
    return np.where(choices, np.random.default_rng(seed).normal(size=choices.shape), -np.inf)


def expectation(logits: np.ndarray) -> float:
    theta, everything = softmax(logits), toy_space().all
    probability = (vertices(everything, 4) * theta).sum(axis=-1).prod(axis=-1)
    return float(probability @ toy_error(everything))


@pytest.mark.parametrize("baseline", [0.0, 17.0])
def test_score_function_gradient_is_unbiased(baseline: float) -> None:
    logits, everything = random_logits(3), toy_space().all
    theta = softmax(logits)
    probability = (vertices(everything, 4) * theta).sum(axis=-1).prod(axis=-1)
    estimates = score(theta, everything) * (toy_error(everything) - baseline)[:, None, None]
    expected = (probability[:, None, None] * estimates).sum(axis=0)
    step = 1e-6
    for i, j in np.argwhere(support(toy_space().cardinalities)):
        up, down = logits.copy(), logits.copy()
        up[i, j] += step
        down[i, j] -= step
        assert expected[i, j] == pytest.approx((expectation(up) - expectation(down)) / (2 * step), abs=1e-7)
    assert (expected[~support(toy_space().cardinalities)] == 0).all()


def test_first_step_moves_nothing_since_the_baseline_takes_the_reward_first(problems: Problems) -> None:
    problem = problems(runs=3)
    optimizer = OPTIMIZER.create(problem, Streams(0, range(3)))
    assert isinstance(optimizer, Reinforce)
    before = optimizer.theta
    optimizer.tell(problem.query(optimizer.ask()))
    np.testing.assert_array_equal(optimizer.theta, before)
    optimizer.tell(problem.query(optimizer.ask()))
    assert not np.array_equal(optimizer.theta, before)


def test_follows_the_authors_loop(problems: Problems) -> None:
    torch = pytest.importorskip("torch")
    problem = problems(runs=1, repeat_policy="retrain", queries=60)
    optimizer = OPTIMIZER.create(problem, Streams(4, range(1)))
    assert isinstance(optimizer, Reinforce)
    logits = [torch.nn.Parameter(torch.tensor(optimizer._logits[0, i, :k])) for i, k in enumerate((4, 2, 3))]
    adam = torch.optim.Adam(logits, lr=0.01)
    numerator = denominator = 0.0
    for _ in range(60):
        observations = problem.query(optimizer.ask())
        optimizer.tell(observations)
        # AutoDL-Projects, exps/NATS-algos/reinforce.py, with the accuracy as the reward.
        reward = 100.0 - float(observations.objectives[0, 0, 0])
        numerator, denominator = 0.9 * numerator + 0.1 * reward, 0.9 * denominator + 0.1
        log_prob = sum(
            torch.log_softmax(p, -1)[int(c)] for p, c in zip(logits, observations.architectures[0, 0], strict=True)
        )
        adam.zero_grad()
        (-log_prob * (reward - numerator / denominator)).backward()
        adam.step()
    for i, p in enumerate(logits):
        np.testing.assert_allclose(optimizer._logits[0, i, : len(p)], p.detach().numpy(), rtol=0, atol=1e-9)


def test_shift_of_the_objective_changes_nothing(problems: Problems) -> None:
    problem = problems(runs=2, queries=50)
    plain, shifted = (OPTIMIZER.create(problem, Streams(4, range(2))) for _ in range(2))
    for _ in range(40):
        observations = problem.query(plain.ask())
        shifted.ask()
        plain.tell(observations)
        shifted.tell(replace(observations, objectives=observations.objectives + 1000.0))
    assert isinstance(plain, Reinforce) and isinstance(shifted, Reinforce)
    np.testing.assert_allclose(plain.theta, shifted.theta, atol=1e-6)


def test_learns(problems: Problems) -> None:
    problem = problems(runs=10, repeat_policy="retrain", queries=400)
    optimizer = OPTIMIZER.create(problem, Streams(4, range(10)), {"learning_rate": 0.05})
    assert isinstance(optimizer, Reinforce)
    start = np.mean([expectation(logits) for logits in optimizer._logits])
    while not problem.ledger.exhausted.all():
        optimizer.tell(problem.query(optimizer.ask()))
    assert np.mean([expectation(logits) for logits in optimizer._logits]) < start - 4
