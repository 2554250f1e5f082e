"""What the hybrid learns of training times, and where that steers its search."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from nasbench.benchmarks.catalogue import get_benchmark
from nasbench.hybrid.cost import RIDGE, CostModel
from nasbench.hybrid.kernel import choice_counts
from nasbench.hybrid.optimizer import OPTIMIZER
from nasbench.search.ledger import Budget
from nasbench.search.streams import Streams
from nasbench.spaces.catalogue import get_space

from table_setting import table_setting

NB201 = get_space("nas-bench-201")
SETTING = table_setting(Budget({"unique_queries": 40}), training_seed="random")


def test_it_is_ridge_regression_of_the_logarithm_of_seconds_an_epoch() -> None:
    rng = np.random.default_rng(0)
    seen, asked, epochs = rng.normal(size=(9, 4)), rng.normal(size=(5, 4)), rng.integers(1, 200, 9)
    log_seconds = rng.normal(size=9)
    model = CostModel()
    for features, y, e in zip(seen, log_seconds, epochs, strict=True):
        model.add(features, float(np.exp(y)) * int(e), int(e))
    reference = Ridge(alpha=RIDGE).fit(seen, log_seconds)
    np.testing.assert_allclose(model(asked), reference.predict(asked) - log_seconds.mean())


def test_trainings_that_took_no_time_teach_nothing() -> None:
    model = CostModel()
    model.add(np.ones(3), 0.0, 200)
    np.testing.assert_array_equal(model(np.eye(3)), np.zeros(3))
    model.add(np.array([1.0, 0.0, 0.0]), 10.0, 1)
    model.add(np.array([0.0, 1.0, 0.0]), 20.0, 1)
    assert model(np.eye(3))[0] < model(np.eye(3))[2] < model(np.eye(3))[1]


@pytest.mark.parametrize("dataset", ["cifar10", "cifar100", "imagenet16-120"])
def test_sixteen_random_cells_tell_the_times_of_all(dataset: str) -> None:
    """Share of the variance explained over all 15,625 cells, on the embedded table."""
    benchmark = get_benchmark(f"nas-bench-201/{dataset}")
    handle = benchmark.handle(replace(SETTING, budget=Budget({"queries": 20_000})), 0, (0,))
    seconds = handle.query(NB201.all[None]).cost[0]
    cells = NB201.sample(np.random.default_rng(1).random((16, NB201.d)))
    model = CostModel()
    for counts, paid in zip(choice_counts(NB201, cells), seconds[NB201.index(cells)], strict=True):
        model.add(counts, float(paid), 200)
    assert np.corrcoef(model(choice_counts(NB201, NB201.all)), np.log(seconds))[0, 1] ** 2 > 0.85


def test_counts_are_by_name_whatever_the_decision() -> None:
    counts = choice_counts(NB201, np.array([[0, 0, 3, 3, 3, 4]], dtype=np.int8))
    np.testing.assert_array_equal(counts, [[2, 0, 0, 3, 1]])


def test_where_times_are_measured_they_do_not_steer() -> None:
    """Else the same seeds would not give the same search."""
    found = {}
    for repeat, price in ((True, 0.5), (False, 0.5), (True, 0.0)):
        handle = get_benchmark("nas-bench-201/cifar10").handle(SETTING, 3, (0,))
        handle.times_repeat = repeat
        optimizer = OPTIMIZER.create(handle, Streams(3, (0,)), {"price": price})
        seen = []
        while not handle.ledger.exhausted.all():
            answers = handle.query(optimizer.ask())
            optimizer.tell(answers)
            seen.append(answers.architectures[0, 0])
        found[repeat, price] = np.array(seen)
    np.testing.assert_array_equal(found[False, 0.5], found[True, 0.0])
    assert not np.array_equal(found[True, 0.5], found[True, 0.0])
