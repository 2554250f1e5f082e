"""Reference models are what they are called: against closed forms, statsmodels and scikit-learn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch

from nasbench.errors import NasbenchError
from nasbench.live.experiment.reference_models import FORECASTERS, check_reference, run_reference
from nasbench.live.experiment.size_baselines import choose_by_size
from nasbench.live.hardware.cost_counters import CostCounters
from nasbench.live.networks.space_networks import get_cell_networks
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.tasks.references import forecasts, linear_models
from nasbench.live.tasks.shape import TaskShape
from nasbench.live.tasks.task import Split, Splits, Task, windows
from nasbench.live.training.metrics import macro_f1
from nasbench.live.training.recipe import SMALL
from nasbench.spaces.nas_bench_201 import NasBench201Space

CPU = torch.device("cpu")


def series_task(series: np.ndarray, season: int = 0, length: int = 12, horizon: int = 4) -> tuple[Task, Splits]:
    """Return a forecasting task of one series, cut by time in 60, 20 and 20%."""
    shape = TaskShape(dims=1, channels=1, size=length, outputs=horizon, kind="forecasting")
    cuts = [int(0.6 * len(series)), int(0.8 * len(series))]
    parts = [windows(part, 0, length, horizon) for part in np.split(series.astype(np.float32)[:, None], cuts)]
    splits = Splits(*parts)
    return Task("series", shape, "mse", "made here", lambda: splits, season=season), splits


def mse(task: Task, splits: Splits, name: str) -> float:
    """Return the score of a reference."""
    return float(run_reference(name, task, splits, SMALL, CPU)["test_mse"])


def test_macro_f1_equals_that_of_scikit_learn() -> None:
    from sklearn.metrics import f1_score

    rng = np.random.default_rng(0)
    actual, predicted = rng.integers(0, 5, 200), rng.integers(0, 4, 200)  # class 4 is never predicted
    expected = f1_score(actual, predicted, average="macro", zero_division=0)
    assert macro_f1(predicted, actual, 5) == pytest.approx(100 * expected)
    assert macro_f1(actual, actual, 5) == 100 and macro_f1(np.zeros(3, int), np.ones(3, int), 2) == 0


def test_a_season_that_repeats_is_forecast_without_error() -> None:
    task, splits = series_task(np.tile([1.0, 5.0, 2.0, 8.0, 3.0, 0.0], 40), season=6)
    assert mse(task, splits, "seasonal_naive") == pytest.approx(0, abs=1e-9)
    assert mse(task, splits, "persistence") > 1
    with pytest.raises(NasbenchError, match="has no season within its window"):
        mse(replace(task, season=30), splits, "seasonal_naive")


def test_persistence_and_the_training_mean_have_the_errors_of_their_formulas() -> None:
    series = np.random.default_rng(1).normal(3, 2, 300)
    task, splits = series_task(series)
    last, future = splits.test.x[:, 0, -1:], splits.test.y + splits.test.x[:, 0, -1:]
    assert mse(task, splits, "persistence") == pytest.approx(float(np.square(future - last).mean()), rel=1e-5)
    level = float((splits.train.x[:, 0, -1:] + splits.train.y).mean())
    assert mse(task, splits, "training_mean") == pytest.approx(float(np.square(future - level).mean()), rel=1e-5)


def test_arima_forecasts_as_statsmodels_does_from_every_origin() -> None:
    from statsmodels.tsa.arima.model import ARIMA

    rng = np.random.default_rng(2)
    noise = rng.normal(size=400)
    series = np.zeros(400)
    for t in range(2, 400):
        series[t] = 0.6 * series[t - 1] - 0.3 * series[t - 2] + noise[t] + 0.4 * noise[t - 1]
    task, splits = series_task(series)
    whole = forecasts._series(task, splits.test)
    np.testing.assert_allclose(whole, series[320:], atol=1e-5)
    for order in ((2, 0, 1), (2, 1, 1)):
        model = ARIMA(forecasts._series(task, splits.train), order=order, trend="n").fit()
        rolled = forecasts._rolled(model, task, splits.test)
        for origin in (0, 17, len(rolled) - 1):
            end = origin + task.shape.size
            expected = model.apply(whole[:end]).forecast(task.shape.outputs) - whole[end - 1]
            np.testing.assert_allclose(rolled[origin], expected, atol=1e-6)
    assert mse(task, splits, "arima") < mse(task, splits, "training_mean") < mse(task, splits, "persistence")


def test_logistic_regression_reads_pixels_and_the_majority_reads_nothing() -> None:
    task = get_task("digits")
    splits = task.load()
    good = run_reference("logistic_regression", task, splits, SMALL, CPU)
    guess = run_reference("majority", task, splits, SMALL, CPU)
    assert good["test_error"] < 4 and good["test_macro_f1"] > 96
    counts = np.bincount(np.concatenate([splits.train.y, splits.search.y]))
    assert guess["test_error"] == pytest.approx(100 * np.mean(splits.test.y != counts.argmax()))


def test_tf_idf_finds_the_words_that_tell_classes_apart() -> None:
    """Class is whether word 7 occurs; three of four positions are noise."""
    rng = np.random.default_rng(3)

    def split(n: int) -> Split:
        y = rng.integers(0, 2, n)
        x = rng.integers(10, 60, (n, 4))
        x[:, 1] = np.where(y == 1, 7, x[:, 1])
        x[rng.random((n, 4)) < 0.2] = 0
        return Split(x, np.asarray((x == 7).any(axis=1), np.int64))

    splits = Splits(split(300), split(100), split(200))
    shape = TaskShape(dims=1, channels=1, size=4, outputs=2, vocabulary=60)
    task = Task("words", shape, "error", "made here", lambda: splits)
    assert np.mean(linear_models.logistic_regression(task, splits).argmax(axis=1) != splits.test.y) < 0.02


def test_the_small_network_trains_by_the_recipe_and_resumes(tmp_path: Path) -> None:
    task = get_task("co2")
    splits = task.load().reduced(200, 50)
    recipe = replace(SMALL, epochs=2, channels=4)
    first = run_reference("small_cnn", task, splits, recipe, CPU, tmp_path)
    again = run_reference("small_cnn", task, splits, recipe, CPU, tmp_path)
    assert first["test_mse"] == again["test_mse"] and len(first["train_curve"]) == 2 and first["parameters"] > 0
    with pytest.raises(NasbenchError, match="no reference model named 'cnn'"):
        check_reference("cnn", task)


def test_a_reference_out_of_memory_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(task: Task, splits: Splits) -> np.ndarray:
        raise MemoryError

    monkeypatch.setitem(cast(dict[str, Any], FORECASTERS), "persistence", exhausted)
    task, splits = series_task(np.arange(120.0))
    with pytest.raises(NasbenchError, match="Memory ran out on cpu while fitting persistence; choose fewer"):
        run_reference("persistence", task, splits, SMALL, CPU)


def test_series_are_split_by_time(task_data: Path) -> None:
    """No target of the search split lies in the training part, and none of the test split in the search part."""
    for name in ("co2", "ett"):
        task = get_task(name)
        splits = task.load()
        before, after = forecasts._series(task, splits.train), forecasts._series(task, splits.search)
        overlap = task.shape.size if name == "ett" else 0  # it may read the window before it
        if overlap:
            np.testing.assert_allclose(before[-overlap:], after[:overlap], atol=1e-5)
        targets = after[task.shape.size : task.shape.size + 40]
        found = [s for s in range(len(before) - 40) if np.allclose(before[s : s + 40], targets, atol=1e-4)]
        assert not found


def test_medical_images_keep_the_order_of_their_file(task_data: Path) -> None:
    splits = get_task("breast-mnist").load()
    with np.load(task_data / "medical" / "breastmnist.npz") as data:
        np.testing.assert_array_equal(splits.train.y, data["train_labels"].ravel())
        np.testing.assert_array_equal(splits.test.x[:, 0], data["test_images"])


def test_architectures_chosen_by_size() -> None:
    shape = get_task("digits").shape
    assert choose_by_size("largest", "nas-bench-201", shape, SMALL).tolist() == [3] * 6
    drawn = {tuple(choose_by_size("random_large", "nas-bench-201", shape, replace(SMALL, seed=s))) for s in range(5)}
    counts = CostCounters(get_cell_networks("nas-bench-201"), shape, SMALL.channels, SMALL.cells)
    space = NasBench201Space()
    every = counts(["flops"], np.unique(space.canonical(space.all), axis=0))[:, 0]
    assert len(drawn) > 1 and (counts(["flops"], np.array(list(drawn)))[:, 0] >= np.quantile(every, 0.94)).all()
    with pytest.raises(NasbenchError, match="darts has too many; leave it out"):
        check_reference("largest", get_task("digits"), "darts")
    task = get_task("digits")
    found = run_reference("largest", task, task.load().reduced(64, 32), replace(SMALL, epochs=1, channels=4), CPU)
    assert space.from_string(found["architecture"]).tolist() == [3] * 6 and 0 < found["test_error"] <= 100
