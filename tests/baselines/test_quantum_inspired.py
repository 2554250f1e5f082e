"""The rotation gate and the bookkeeping of the quantum-inspired algorithm."""

from __future__ import annotations

import math

import numpy as np

from nasbench.baselines.quantum_inspired import OPTIMIZER, QuantumInspired, apply_probability_floor, rotate
from nasbench.search.random_streams import Streams

from toy import Problems


def test_for_two_choices_the_gate_is_the_papers_rotation() -> None:
    angle = 0.01 * math.pi
    for phi in (0.2, 0.7, 1.3):
        before = np.array([math.cos(phi), math.sin(phi)])
        for target, turn in ((0, -angle), (1, angle)):
            gate = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
            np.testing.assert_allclose(rotate(before, np.array(target), angle), gate @ before, atol=1e-12)


def test_the_gate_keeps_length_and_proportions_and_stops_at_the_axis() -> None:
    before = np.sqrt(np.random.default_rng(0).dirichlet(np.ones(5), size=200))
    after = rotate(before, np.zeros(200, dtype=np.int64), 0.1)
    np.testing.assert_allclose((after**2).sum(axis=-1), 1)
    assert (after[:, 0] >= before[:, 0]).all()
    np.testing.assert_allclose(after[:, 1] * before[:, 2], after[:, 2] * before[:, 1], atol=1e-12)
    np.testing.assert_allclose(
        np.arccos(before[:, 0]) - np.arccos(after[:, 0]), np.minimum(0.1, np.arccos(before[:, 0])), atol=1e-7
    )
    np.testing.assert_allclose(rotate(before[0], np.array(3), 1.57), np.eye(5)[3], atol=1e-3)


def test_no_choice_dies_out() -> None:
    offered = np.array([True, True, True, False])
    kept = apply_probability_floor(np.array([1.0, 0.0, 0.0, 0.0]), 0.01, offered) ** 2
    np.testing.assert_allclose(kept, [0.98, 0.01, 0.01, 0.0])


def test_turns_only_what_differs_from_a_better_best_and_shares_within_groups(problems: Problems) -> None:
    problem = problems(runs=2, repeat_policy="retrain", queries=1000)
    optimizer = OPTIMIZER.create(
        problem, Streams(3, range(2)), {"population_size": 4, "n_groups": 2, "migration_period": 3}
    )
    assert isinstance(optimizer, QuantumInspired)
    for generation in range(1, 7):
        amplitudes, best, error = optimizer.amplitudes.copy(), optimizer._best.copy(), optimizer._best_error.copy()
        observations = problem.query(optimizer.ask())
        optimizer.tell(observations)
        worse = observations.objectives[..., 0] >= error
        turned = (optimizer.amplitudes != amplitudes).any(axis=-1)
        np.testing.assert_array_equal(turned, worse[..., None] & (observations.architectures != best))
        own = np.minimum(error, observations.objectives[..., 0])
        shared = np.repeat(own.reshape(2, 2, 2).min(axis=-1), 2, axis=-1)
        expected = np.repeat(own.min(axis=1, keepdims=True), 4, axis=1) if generation % 3 == 0 else shared
        np.testing.assert_array_equal(optimizer._best_error, expected)


def test_learns(problems: Problems) -> None:
    problem = problems(runs=10, repeat_policy="retrain", queries=600)
    optimizer = OPTIMIZER.create(problem, Streams(3, range(10)), {"rotation_angle": 0.1})
    assert isinstance(optimizer, QuantumInspired)
    while not problem.ledger.exhausted.all():
        optimizer.tell(problem.query(optimizer.ask()))
    probability = (optimizer.amplitudes**2)[:, :, [0, 1, 2], [2, 1, 0]]
    assert probability.mean() > 0.8
