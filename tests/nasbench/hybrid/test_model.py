"""What the model makes of its beliefs: optimism and how it falls."""

from __future__ import annotations

from math import inf, sqrt

import numpy as np
import pytest

from nasbench.benchmarks.synthetic import FunctionEvaluator, synthetic_benchmark
from nasbench.hybrid.gradients import ConditionalGradient, ProductKernelGradient
from nasbench.hybrid.multi_objective_surrogate import Model
from nasbench.hybrid.surrogate import ONE_OBJECTIVE
from nasbench.search.ledger import Budget
from nasbench.search.problem import Problem
from nasbench.spaces.catalogue import get_space

from table_protocol import table_protocol

LANDSCAPE = synthetic_benchmark("nk/6x4-k2")


def _of_landscape(observations: int, cooling: float) -> Model:
    protocol = table_protocol(Budget({"queries": 100}), split="none", epochs=(1,), repeats="charged")
    problem = Problem(FunctionEvaluator(LANDSCAPE.space, LANDSCAPE.function), protocol, 0, (0,))
    model = Model(
        problem, paths=True, canonical=True, merged=True, rungs=1, beta=3.0, cooling=cooling, prior=ONE_OBJECTIVE
    )
    architectures = LANDSCAPE.space.sample(np.random.default_rng(0).random((observations, LANDSCAPE.space.d)))
    for number, architecture in enumerate(architectures):
        model.add(architecture, LANDSCAPE.function(architecture[None]), 0, number)
    return model


@pytest.mark.parametrize(
    ("observations", "cooling", "expected"),
    [(0, 15.0, 3.0), (15, 15.0, 3.0), (16, 4.0, 1.5), (40, 10.0, 1.5), (40, inf, 3.0), (32, 2.0, 3.0 * sqrt(2 / 32))],
)
def test_optimism_falls_as_one_over_the_root_of_the_observations(
    observations: int, cooling: float, expected: float
) -> None:
    assert _of_landscape(observations, cooling).optimism == pytest.approx(expected)


def test_candidates_are_ranked_by_the_bound_of_the_moment() -> None:
    model = _of_landscape(36, 9.0)
    model.update()
    assert model.listing is not None
    everything = np.ones(len(model.listing), dtype=bool)
    belief = model.believed_listed(everything)
    bound = (belief.mean - 1.5 * belief.deviation)[:, 0]
    assert not np.array_equal(np.argsort(bound)[:20], np.argsort((belief.mean - 3.0 * belief.deviation)[:, 0])[:20])
    np.testing.assert_array_equal(np.argsort(-model.acquisition(belief))[:20], np.argsort(bound)[:20])


@pytest.mark.parametrize(("name", "exact"), [("hierarchical", True), ("convnet", False)])
def test_the_closed_form_of_the_gradient_is_not_used_where_decisions_are_ordered(name: str, exact: bool) -> None:
    space = get_space(name)
    protocol = table_protocol(Budget({"queries": 100}), split="none", epochs=(1,), repeats="charged")
    problem = Problem(FunctionEvaluator(space, lambda a: a.sum(axis=-1, keepdims=True) * 1.0), protocol, 0, (0,))
    model = Model(
        problem, paths=True, canonical=False, merged=False, rungs=1, beta=3.0, cooling=inf, prior=ONE_OBJECTIVE
    )
    for number, architecture in enumerate(space.sample(np.random.default_rng(0).random((6, space.d)))):
        model.add(architecture, np.array([float(architecture.sum())]), 0, number)
    model.update()
    source = model.gradient_source(np.ones(1), np.random.default_rng(0))
    assert isinstance(source, ProductKernelGradient if exact else ConditionalGradient)
