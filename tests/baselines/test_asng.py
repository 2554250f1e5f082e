"""ASNG against the authors' update, written out, and against the Fisher matrix."""

from __future__ import annotations

import numpy as np
import pytest

from nasbench.baselines.asng import OPTIMIZER, Asng, fisher_root, restrict, utilities
from nasbench.search.random_streams import Streams

from toy import Problems


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([3.0, 1.0], [-1.0, 1.0]),
        ([2.0, 2.0], [0.0, 0.0]),
        ([1.0, 2.0, 3.0, 4.0], [1.0, 0.0, 0.0, -1.0]),
        ([1.0, 1.0, 3.0, 4.0], [0.5, 0.5, 0.0, -1.0]),
        ([6.0, 5.0, 4.0, 3.0, 2.0, 1.0], [-0.5, -0.5, 0.0, 0.0, 0.5, 0.5]),
    ],
)
def test_utilities(losses: list[float], expected: list[float]) -> None:
    np.testing.assert_allclose(utilities(np.array(losses)), expected)


def test_norm_is_that_of_the_fisher_metric() -> None:
    rng = np.random.default_rng(1)
    cardinalities = np.array([4, 2, 3])
    theta = np.zeros((1, 3, 4))
    gradient = np.zeros((1, 3, 4))
    length = 0.0
    for i, k in enumerate(cardinalities):
        theta[0, i, :k] = rng.dirichlet(np.ones(k))
        gradient[0, i, :k] = rng.normal(size=k)
        gradient[0, i, :k] -= gradient[0, i, :k].mean()
        # Fisher matrix of a categorical distribution in its first k - 1 probabilities.
        fisher = np.diag(1 / theta[0, i, : k - 1]) + 1 / theta[0, i, k - 1]
        length += gradient[0, i, : k - 1] @ fisher @ gradient[0, i, : k - 1]
    assert (fisher_root(theta, gradient, cardinalities) ** 2).sum() == pytest.approx(length, rel=1e-12)


def test_restrict_keeps_the_simplex_and_the_bound() -> None:
    theta = np.random.default_rng(2).dirichlet(np.ones(4), size=(50, 3))
    least = np.full((3, 4), 1 / 9)
    kept = restrict(theta, least)
    np.testing.assert_allclose(kept.sum(axis=-1), 1)
    assert (kept >= 1 / 9 - 1e-12).all()
    inside = (theta >= least).all(axis=-1)
    np.testing.assert_allclose(kept[inside], theta[inside])


def test_follows_the_authors_update(problems: Problems) -> None:
    problem = problems(runs=1, repeat_policy="retrain", queries=80)
    optimizer = OPTIMIZER.create(problem, Streams(9, range(1)))
    assert isinstance(optimizer, Asng)
    sizes = (4, 2, 3)
    theta = [np.full(k, 1 / k) for k in sizes]
    path, gamma, shrink = np.zeros(6), 0.0, 1.0
    for _ in range(40):
        observations = problem.query(optimizer.ask())
        optimizer.tell(observations)
        losses = observations.objectives[0, :, 0]
        if losses[0] == losses[1]:
            continue
        utility = np.where(losses == losses.min(), 1.0, -1.0)
        delta = 1.0 / shrink
        beta = delta / np.sqrt(6)
        natural = [
            np.mean(
                [u * (np.eye(k)[c] - p) for u, c in zip(utility, observations.architectures[0, :, i], strict=True)],
                axis=0,
            )
            for i, (k, p) in enumerate(zip(sizes, theta, strict=True))
        ]
        if max(np.abs(g).max() for g in natural) < 1e-18:
            continue
        root = np.concatenate(
            [
                g[:-1] / np.sqrt(p[:-1]) + np.sqrt(p[:-1]) * g[:-1].sum() / (p[-1] + np.sqrt(p[-1]))
                for g, p in zip(natural, theta, strict=True)
            ]
        )
        norm = np.sqrt(root @ root)
        for i, k in enumerate(sizes):
            p = theta[i] + delta * natural[i] / norm
            # The authors' bound 1 / (d (k - 1)), here 1/3 for the second decision, which has two choices.
            least = min(1 / (3 * (k - 1)), 0.5 / k)
            p = np.maximum(p, least)
            total = p.sum()
            p -= (total - 1) * (p - least) / (total - least * k)
            theta[i] = p / p.sum()
        path = (1 - beta) * path + np.sqrt(beta * (2 - beta)) * root / norm
        gamma = (1 - beta) ** 2 * gamma + beta * (2 - beta)
        shrink *= np.exp(beta * (gamma - path @ path / 1.5))
    for i, k in enumerate(sizes):
        np.testing.assert_allclose(optimizer.theta[0, i, :k], theta[i], atol=1e-12)
        assert (optimizer.theta[0, i, k:] == 0).all()


def test_concentrates_on_the_optimum(problems: Problems) -> None:
    problem = problems(runs=20, repeat_policy="retrain", queries=400)
    optimizer = OPTIMIZER.create(problem, Streams(9, range(20)))
    assert isinstance(optimizer, Asng)
    while not problem.ledger.exhausted.all():
        optimizer.tell(problem.query(optimizer.ask()))
    assert (optimizer.theta.argmax(axis=-1) == [2, 1, 0]).mean() >= 0.8
