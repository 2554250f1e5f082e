"""The multi-objective surrogate: its confidence bound, the decay of beta, and the expected improvement that takes over."""

from __future__ import annotations

from math import inf, sqrt

import numpy as np
import pytest

from nasbench.baselines.gp_bo import expected_improvement
from nasbench.benchmarks.function_benchmark import FunctionEvaluator
from nasbench.benchmarks.synthetic import synthetic_benchmark
from nasbench.hybrid.exploration import PATIENCE, decaying_coefficient, decaying_until_stagnation
from nasbench.hybrid.gradients import ConditionalGradient, ProductKernelGradient
from nasbench.hybrid.hyperparameters import ONE_OBJECTIVE
from nasbench.hybrid.multi_objective_surrogate import MultiObjectiveSurrogate
from nasbench.search.history import History
from nasbench.search.ledger import Budget
from nasbench.search.problem import Problem
from nasbench.spaces.catalogue import get_space

from table_protocol import table_protocol

LANDSCAPE = synthetic_benchmark("nk/6x4-k2")


def _of_landscape(observations: int, decay_start: float) -> MultiObjectiveSurrogate:
    protocol = table_protocol(Budget({"queries": 100}), split="none", epochs=(1,), repeat_policy="retrain")
    problem = Problem(FunctionEvaluator(LANDSCAPE.space, LANDSCAPE.function), protocol, 0, (0,))
    history = History(LANDSCAPE.space, merge_isomorphic=True)
    surrogate = MultiObjectiveSurrogate(
        problem,
        history,
        path_features=True,
        canonical=True,
        rungs=1,
        ucb_beta=3.0,
        ucb_beta_decay_start=decay_start,
        prior=ONE_OBJECTIVE,
    )
    architectures = LANDSCAPE.space.sample(np.random.default_rng(0).random((observations, LANDSCAPE.space.d)))
    history.add(architectures, LANDSCAPE.function(architectures)[:, None])
    return surrogate


@pytest.mark.parametrize(
    ("observations", "decay_start", "expected"),
    [(0, 15.0, 3.0), (15, 15.0, 3.0), (16, 4.0, 1.5), (40, 10.0, 1.5), (40, inf, 3.0), (32, 2.0, 3.0 * sqrt(2 / 32))],
)
def test_beta_decays_as_one_over_the_root_of_the_observations(
    observations: int, decay_start: float, expected: float
) -> None:
    assert _of_landscape(observations, decay_start).exploration_coefficient == pytest.approx(expected)


def test_expected_improvement_takes_over_while_nothing_improves() -> None:
    """Here the hybrid's queries are not what they were: the coefficient used to return to its start at every other query. Expected
    improvement gets out of the wider of two basins sooner, and no family of tables loses (docs/HYBRID.md).
    """
    surrogate, start = _of_landscape(0, 4.0), 40
    history = surrogate.history

    def coefficients(values: np.ndarray) -> list[float | None]:
        found = []
        for value in values:
            history.add(history.space.all[len(history)][None], np.full((1, 1), value))
            found.append(surrogate.exploration_coefficient)
        return found

    def decayed(first: int, last: int) -> np.ndarray:
        return 3.0 * np.sqrt(4.0 / np.arange(first, last + 1))

    # The incumbent improves with each of the first 40, with none of the next 29, and with the 70th.
    improving = coefficients(np.arange(40, 0, -1))
    np.testing.assert_allclose(np.array(improving[3:], dtype=float), decayed(4, start))
    stuck = coefficients(np.full(29, 50.0))
    np.testing.assert_allclose(np.array(stuck[: PATIENCE - 1], dtype=float), decayed(41, 39 + PATIENCE))
    assert stuck[PATIENCE - 1 :] == [None] * (30 - PATIENCE)
    np.testing.assert_allclose(np.array(coefficients(np.zeros(3)), dtype=float), decayed(70, 72))
    assert decaying_coefficient(3.0, 4.0, 61, 21) == pytest.approx(3.0 * sqrt(4 / 61))
    assert decaying_until_stagnation(3.0, inf, 61, 21) == 3.0


def test_where_nothing_improves_candidates_are_ranked_by_expected_improvement() -> None:
    """On the least posterior mean of what was evaluated, and in a batch of what is believed of pending architectures too."""
    surrogate = _of_landscape(36, 9.0)
    best = LANDSCAPE.space.all[[0]]
    surrogate.history.add(np.repeat(best, PATIENCE, axis=0), np.full((PATIENCE, 1), 1e9))
    surrogate.update()
    assert surrogate.enumeration is not None
    posterior = surrogate.posterior_enumerated(np.ones(len(surrogate.enumeration), dtype=bool))
    mean, deviation = posterior.mean[:, 0], posterior.deviation[:, 0]
    incumbent = surrogate.posterior(surrogate.history.architectures).mean.min()
    assert surrogate.incumbent == incumbent
    gain = expected_improvement(mean, deviation, incumbent)
    np.testing.assert_allclose(np.exp(surrogate.acquisition(posterior)), gain, rtol=1e-6, atol=1e-15)
    # What is believed to be better than all before is what a candidate has to improve on; what is merely pending does not.
    other = surrogate.enumeration.architectures[[deviation.argmax()]]
    twin, rung = surrogate.hallucinating(), np.zeros(1, dtype=np.int64)
    twin.hallucinate(other, rung, None)
    assert twin.incumbent == incumbent
    twin.hallucinate(other, rung, lambda process, features: np.full(1, -9.0))
    assert twin.incumbent == twin.posterior(other).mean[0, 0] < incumbent - 1.0
    assert surrogate.incumbent == incumbent
    # An acquisition value that was injected is not replaced.
    surrogate._acquisition = lambda optimistic, front: -optimistic[:, 0]
    assert surrogate.exploration_coefficient == decaying_coefficient(3.0, 9.0, 36 + PATIENCE)


def test_candidates_are_ranked_by_the_bound_of_the_moment() -> None:
    surrogate = _of_landscape(36, 9.0)
    surrogate.update()
    assert surrogate.enumeration is not None
    everything = np.ones(len(surrogate.enumeration), dtype=bool)
    posterior = surrogate.posterior_enumerated(everything)
    bound = (posterior.mean - 1.5 * posterior.deviation)[:, 0]
    assert not np.array_equal(
        np.argsort(bound)[:20], np.argsort((posterior.mean - 3.0 * posterior.deviation)[:, 0])[:20]
    )
    np.testing.assert_array_equal(np.argsort(-surrogate.acquisition(posterior))[:20], np.argsort(bound)[:20])


@pytest.mark.parametrize(("name", "exact"), [("hierarchical", True), ("convnet", False)])
def test_the_closed_form_of_the_gradient_is_not_used_where_decisions_are_ordered(name: str, exact: bool) -> None:
    space = get_space(name)
    protocol = table_protocol(Budget({"queries": 100}), split="none", epochs=(1,), repeat_policy="retrain")
    problem = Problem(FunctionEvaluator(space, lambda a: a.sum(axis=-1, keepdims=True) * 1.0), protocol, 0, (0,))
    history = History(space)
    surrogate = MultiObjectiveSurrogate(
        problem,
        history,
        path_features=True,
        canonical=False,
        rungs=1,
        ucb_beta=3.0,
        ucb_beta_decay_start=inf,
        prior=ONE_OBJECTIVE,
    )
    architectures = space.sample(np.random.default_rng(0).random((6, space.d)))
    history.add(architectures, architectures.sum(axis=1, keepdims=True) * 1.0)
    surrogate.update()
    source = surrogate.gradient_source(np.ones(1), np.random.default_rng(0))
    assert isinstance(source, ProductKernelGradient if exact else ConditionalGradient)
