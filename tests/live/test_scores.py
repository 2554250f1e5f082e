"""Scores beside the error: against scikit-learn and formulas, and intervals that contain what they are to contain."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from nasbench.live.experiment.scores import calibration_error, class_scores, network_scores, number_scores, softmax
from nasbench.live.tasks.shape import TaskShape


def test_scores_of_classes_equal_those_of_scikit_learn() -> None:
    from sklearn.metrics import balanced_accuracy_score, f1_score

    rng = np.random.default_rng(0)
    actual = rng.choice(4, 300, p=[0.6, 0.2, 0.15, 0.05])
    predicted = np.where(rng.random(300) < 0.7, actual, rng.integers(0, 4, 300))
    scores = class_scores(predicted, actual, 4)
    assert scores["test_macro_f1"] == pytest.approx(100 * f1_score(actual, predicted, average="macro"))
    assert scores["test_balanced_accuracy"] == pytest.approx(100 * balanced_accuracy_score(actual, predicted))
    assert scores["test_error"] == pytest.approx(100 * np.mean(predicted != actual))
    for name in ("test_error", "test_macro_f1", "test_balanced_accuracy"):
        assert scores[f"{name}_low"] < scores[name] < scores[f"{name}_high"]
    flawless = class_scores(actual, actual, 4)
    assert flawless["test_error_low"] == 0 and 0.5 < flawless["test_error_high"] < 2  # three of 300, about
    assert flawless["test_balanced_accuracy_low"] < 97 < flawless["test_balanced_accuracy_high"] == 100


def drawn(rng: np.random.Generator, n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return predictions with recalls of 0.9 and 0.6 for classes of 80 and 20%."""
    actual = (rng.random(n) < 0.2).astype(np.int64)
    right = rng.random(n) < np.where(actual, 0.6, 0.9)
    return np.where(right, actual, 1 - actual), actual


def test_intervals_contain_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    truths = {
        "test_error": 16.0,
        "test_balanced_accuracy": 75.0,
        "test_macro_f1": 100 * (1.44 / 1.56 + 0.24 / 0.40) / 2,
    }
    confusion = np.array([[0.72, 0.08], [0.08, 0.12]])
    truths["test_macro_f1"] = 50 * sum(
        2 * confusion[i, i] / (confusion[i].sum() + confusion[:, i].sum()) for i in (0, 1)
    )
    hits = dict.fromkeys(truths, 0)
    for _ in range(200):
        scores = class_scores(*drawn(rng, 150), 2)
        for name, truth in truths.items():
            hits[name] += scores[f"{name}_low"] <= truth <= scores[f"{name}_high"]
    assert all(0.90 <= count / 200 <= 0.995 for count in hits.values()), hits


def test_the_calibration_error_is_that_of_its_definition() -> None:
    rng = np.random.default_rng(2)
    certainty = rng.uniform(0.5, 1, 3000)
    right = rng.random(3000) < certainty
    probabilities = np.stack([certainty, 1 - certainty], axis=1)
    calibrated, (low, high) = calibration_error(probabilities, np.where(right, 0, 1))
    assert low == 0 and calibrated < 4 and high < 4
    always = rng.random(3000) < 0.7
    over, (low, high) = calibration_error(np.tile([0.95, 0.05], (3000, 1)), np.where(always, 0, 1))
    assert over == pytest.approx(abs(95 - 100 * always.mean())) and low < 25 < high and high - low < 5


def test_scores_of_numbers_and_of_networks() -> None:
    rng = np.random.default_rng(3)
    actual = rng.normal(size=(400, 1))
    scores = number_scores(actual + rng.normal(size=(400, 1)) * 0.5, actual)
    assert scores["test_mse_low"] < 0.25 < scores["test_mse_high"] and scores["test_r2"] == pytest.approx(75, abs=4)
    table, series = (TaskShape(dims, 3, 1 if not dims else 8, 1, "forecasting") for dims in (0, 1))
    assert "test_r2" in network_scores(table, actual, actual) and network_scores(series, actual, actual) == {}
    logits = rng.normal(size=(60, 3))
    scores = network_scores(TaskShape(0, 3, 1, 3), logits, logits.argmax(axis=1))
    assert scores["test_balanced_accuracy"] == 100 and scores["test_calibration_error"] > 20
    np.testing.assert_allclose(softmax(logits).sum(axis=1), 1)
    assert sum(scores["test_class_counts"]) == 60
