"""Exponentiated gradient: the descent lemma on exact gradients, its mutant, floors and supports."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nasbench.hybrid.gradients import EnumeratedGradient
from nasbench.hybrid.relaxation import Relaxation, max_centered_gradient
from nasbench.search.simplex import entropy, exponentiated_gradient, mix_with_uniform, support, uniform_theta
from nasbench.spaces.space import Space

SPACE = Space("grid", tuple("abcd"), (("0", "1", "2"),) * 4)


def walk(rate: float, seed: int, steps: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Values of F along a descent and the divergences KL(theta, next)."""
    values = np.random.default_rng(seed).random(SPACE.size)
    values = (values - values.min()) / np.ptp(values)
    source = EnumeratedGradient(values, SPACE.cardinalities)
    theta = uniform_theta(support(SPACE.cardinalities))
    heights, divergences = [source.extension(theta)[0]], []
    for _ in range(steps):
        moved = exponentiated_gradient(theta, source.gradient(theta), rate)
        divergences.append((theta * np.log(np.maximum(theta, 1e-300) / np.maximum(moved, 1e-300))).sum())
        theta = moved
        heights.append(source.extension(theta)[0])
    return np.array(heights), np.array(divergences)


@pytest.mark.parametrize("seed", range(10))
def test_descent_is_monotone_at_the_stated_rate(seed: int) -> None:
    rate = 2 / (SPACE.d - 1)
    heights, divergences = walk(rate, seed)
    assert (heights[:-1] - heights[1:] >= divergences / rate - 1e-12).all()


def test_a_rate_far_too_large_breaks_the_descent() -> None:
    broken = [bool((np.diff(walk(2 / (SPACE.d - 1) * 50, seed)[0]) > 1e-12).any()) for seed in range(10)]
    assert any(broken)


def test_relaxation_follows_to_a_local_optimum() -> None:
    values = np.random.default_rng(0).random(SPACE.size)
    relaxation = Relaxation(support(SPACE.cardinalities), 1, learning_rate=1.0, uniform_mix=0.0)
    for _ in range(2000):
        relaxation.descend(EnumeratedGradient(values, SPACE.cardinalities), 0)
    assert entropy(relaxation.theta)[0] < 1e-3
    vertex = relaxation.theta[0].argmax(axis=-1).astype(np.int8)
    around = SPACE.neighbours(vertex)
    assert values[SPACE.index(vertex)] <= values[SPACE.index(around)].min()


def test_steps_depend_on_neither_unit_nor_offset_of_the_objective() -> None:
    values = np.random.default_rng(1).random(SPACE.size)
    moved = []
    for scaled in (values, 1e-6 * values, 7.0 + 100.0 * values):
        relaxation = Relaxation(support(SPACE.cardinalities), 1, learning_rate=0.5, uniform_mix=0.1)
        for _ in range(5):
            relaxation.descend(EnumeratedGradient(scaled, SPACE.cardinalities), 0)
        moved.append(relaxation.theta)
    np.testing.assert_allclose(moved[1], moved[0], rtol=1e-9)
    np.testing.assert_allclose(moved[2], moved[0], rtol=1e-9)
    assert entropy(moved[0])[0] < entropy(uniform_theta(support(SPACE.cardinalities)))[0] - 0.1


def test_a_flat_gradient_moves_nothing_and_only_allowed_choices_count() -> None:
    allowed = support(np.array([2, 3]))
    gradient = np.array([[[1.0, 3.0, -1e9], [2.0, 2.0, 2.0]]])
    assert max_centered_gradient(gradient, allowed) == 1.0
    relaxation = Relaxation(support(SPACE.cardinalities), 1, learning_rate=0.5, uniform_mix=0.0)
    relaxation.descend(EnumeratedGradient(np.ones(SPACE.size), SPACE.cardinalities), 0)
    np.testing.assert_allclose(relaxation.theta, 1 / 3)


def test_floor_and_support() -> None:
    allowed = support(np.array([2, 3]))
    theta = mix_with_uniform(np.array([[[1.0, 0, 0], [0, 0, 1.0]]]), allowed, 0.3)
    np.testing.assert_allclose(theta, [[[0.85, 0.15, 0], [0.1, 0.1, 0.8]]])
    relaxation = Relaxation(allowed, 1, learning_rate=1.0, uniform_mix=0.3)
    narrower = allowed.copy()
    narrower[1, 2] = False
    relaxation.restrict(narrower)
    assert (relaxation.theta[0][~narrower] == 0).all()
    assert (relaxation.propose(200, 0, np.random.default_rng(0))[:, 1] < 2).all()
    relaxation.restrict(allowed)
    assert relaxation.theta[0, 1, 2] == pytest.approx(0.1)


def test_gradient_outside_the_support_is_ignored() -> None:
    theta = np.array([[[0.5, 0.5, 0.0]]])
    moved = exponentiated_gradient(theta, np.array([[[1.0, 2.0, -1e308]]]), 1.0)
    np.testing.assert_allclose(moved[0, 0], [1 / (1 + np.exp(-1)), 1 / (1 + math.e), 0.0])
