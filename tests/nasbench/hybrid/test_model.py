"""What the model makes of its beliefs: optimism and how it falls, and the price of training."""

from __future__ import annotations

from dataclasses import replace
from math import inf, sqrt

import numpy as np
import pytest

from nasbench.benchmarks.catalogue import get_benchmark
from nasbench.benchmarks.handle import SearchHandle
from nasbench.benchmarks.synthetic import FunctionEvaluator, synthetic_benchmark
from nasbench.hybrid.kernel import choice_counts
from nasbench.hybrid.model import Model
from nasbench.hybrid.surrogate import ONE_OBJECTIVE, Prior
from nasbench.search.ledger import Budget
from nasbench.spaces.catalogue import get_space

from table_setting import table_setting

NB201 = get_space("nas-bench-201")
LANDSCAPE = synthetic_benchmark("nk/6x4-k2")


def _model(
    handle: SearchHandle, *, beta: float, cooling: float = inf, price: float = 0.0, prior: Prior = ONE_OBJECTIVE
) -> Model:
    return Model(
        handle,
        paths=True,
        canonical=True,
        merged=True,
        rungs=1,
        beta=beta,
        cooling=cooling,
        price=price,
        prior=prior,
    )


def _of_landscape(observations: int, cooling: float) -> Model:
    setting = table_setting(Budget({"queries": 100}), split="none", epochs=(1,), repeats="charged")
    handle = SearchHandle(FunctionEvaluator(LANDSCAPE.space, LANDSCAPE.function), setting, 0, (0,))
    model = _model(handle, beta=3.0, cooling=cooling)
    architectures = LANDSCAPE.space.sample(np.random.default_rng(0).random((observations, LANDSCAPE.space.d)))
    for number, architecture in enumerate(architectures):
        model.add(architecture, LANDSCAPE.function(architecture[None]), 0, number, 1.0, 1)
    return model


def _of_cells(price: float) -> Model:
    setting = table_setting(Budget({"unique_queries": 40}), training_seed="random")
    handle = get_benchmark("nas-bench-201/cifar10").handle(setting, 0, (0,))
    model = _model(handle, beta=2.0, price=price, prior=replace(ONE_OBJECTIVE, spread=0.0))
    for number, cell in enumerate(NB201.sample(np.random.default_rng(2).random((12, NB201.d)))):
        seconds = 100.0 * 2.0 ** choice_counts(NB201, cell[None])[0, 3]
        model.add(cell, np.array([float(number)]), 0, number, seconds, 1)
    model.update()
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


def test_the_price_is_paid_in_normal_scores() -> None:
    """A candidate that is `s` in log seconds dearer must have a lower bound that is better by `price * s`."""
    free, priced = _of_cells(0.0), _of_cells(0.7)
    assert free.listing is not None
    everything = np.ones(len(free.listing), dtype=bool)
    belief = priced.believed_listed(everything)
    assert belief.log_seconds.std() > 0.3
    bound = (belief.mean - 2.0 * belief.deviation)[:, 0]
    for model, expected in ((free, bound), (priced, bound + 0.7 * belief.log_seconds)):
        got = np.argsort(-model.acquisition(model.believed_listed(everything)), kind="stable")
        best = expected <= np.sort(expected)[50]
        np.testing.assert_array_equal(expected[got][: best.sum()], np.sort(expected[best]))
