"""Scores of a network or reference model on the test split beside its error, with the uncertainty of a finite test split.

All are in %. Intervals cover 95% and describe which other test examples might have been drawn, not other seeds of training.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.live.tasks.shape import TaskShape
from nasbench.live.training.metrics import macro_f1

BINS = 15
"""Bins of confidence of the calibration error, as in Guo et al. (2017)."""
DRAWS = 2000
RESAMPLED = 10**7
"""Examples drawn in a bootstrap, at most; a large test split is resampled less often."""
TAILS = (2.5, 97.5)

Floats = NDArray[np.float64]
Classes = NDArray[np.int64]


def class_scores(
    predicted: Classes, actual: Classes, classes: int, probabilities: Floats | None = None
) -> dict[str, Any]:
    """Return the scores of a classification; keys end in `_low` and `_high` for the ends of an interval.

    The error has the exact interval of Clopper and Pearson (1934). Macro F1 and balanced accuracy (the mean recall of the
    classes that occur) have that of the posterior of each row of the confusion matrix, a Dirichlet distribution (Caelen,
    2017), since a bootstrap sees no uncertainty where there is no mistake.

    Args:
        predicted: predicted classes `(n,)`.
        actual: true classes `(n,)`.
        classes: number of classes.
        probabilities: of the classes, `(n, classes)`, for the calibration error; None if unknown.
    """
    confusion = np.zeros((classes, classes))
    np.add.at(confusion, (actual, predicted), 1)
    drawn = _drawn_confusions(confusion)
    scores = {
        **_with_ends("test_error", 100 * float(np.mean(predicted != actual)), _exact(predicted != actual)),
        **_with_ends("test_macro_f1", macro_f1(predicted, actual, classes), _tails(_macro_f1(drawn))),
        **_with_ends("test_balanced_accuracy", _balanced(confusion[None])[0], _tails(_balanced(drawn))),
        "test_class_counts": np.bincount(actual, minlength=classes).tolist(),
    }
    if probabilities is None:
        return scores
    error, ends = calibration_error(probabilities, actual)
    return scores | _with_ends("test_calibration_error", error, ends)


def number_scores(predicted: Floats, actual: Floats) -> dict[str, Any]:
    """Return the interval of the mean squared error of independent examples `(n, 1)`, and the share of the variance explained."""
    squares = np.square(predicted - actual).mean(axis=1)
    rng = np.random.default_rng(0)
    means = [rng.choice(squares, len(squares)).mean() for _ in range(_times(len(squares)))]
    explained = 100 * (1 - squares.mean() / np.square(actual - actual.mean()).mean())
    return {**_with_ends("test_mse", float(squares.mean()), _tails(np.array(means))), "test_r2": float(explained)}


def network_scores(
    shape: TaskShape, outputs: Floats, actual: NDArray[Any], seen: Floats | None = None
) -> dict[str, Any]:
    """Return the scores of a network that complement its error.

    Args:
        shape: shape of the task.
        outputs: `(n, outputs)`, logits or numbers.
        actual: classes `(n,)` or numbers `(n, outputs)`.
        seen: outputs averaged over test-time views, from which classes are then predicted.
    """
    if shape.kind == "classification":
        predicted = (outputs if seen is None else seen).argmax(axis=1)
        return class_scores(predicted, actual, shape.outputs, softmax(outputs))
    # Windows of a series overlap, so their errors are no independent examples.
    return number_scores(outputs, actual) if not shape.dims else {}


def softmax(outputs: Floats) -> Floats:
    """Return probabilities from logits `(n, classes)`."""
    powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    probabilities: Floats = powers / powers.sum(axis=1, keepdims=True)
    return probabilities


def calibration_error(probabilities: Floats, actual: Classes) -> tuple[float, tuple[float, float]]:
    """Return the expected calibration error in % and its interval.

    The mean distance between confidence and accuracy over `BINS` equal bins of confidence, weighted by their examples
    (Naeini et al., AAAI 2015). Its estimate is too large in small splits; the basic bootstrap interval corrects for that.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == actual
    bins = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    gap = confidence - right

    def error(rows: NDArray[np.int64]) -> float:
        return 100 * float(np.abs(np.bincount(bins[rows], gap[rows], BINS)).sum()) / len(rows)

    n = len(actual)
    found, rng = error(np.arange(n)), np.random.default_rng(0)
    low, high = _tails(np.array([error(rng.integers(0, n, n)) for _ in range(_times(n))]))
    return found, (max(2 * found - high, 0.0), max(2 * found - low, 0.0))


def _times(n: int) -> int:
    return int(np.clip(RESAMPLED // n, 100, DRAWS // 2))


def _with_ends(name: str, value: float, ends: tuple[float, float]) -> dict[str, float]:
    """Return a score and its interval, which includes it even at the end of the range."""
    return {name: float(value), f"{name}_low": min(ends[0], float(value)), f"{name}_high": max(ends[1], float(value))}


def _tails(values: Floats) -> tuple[float, float]:
    low, high = np.percentile(values, TAILS)
    return float(low), float(high)


def _exact(wrong: NDArray[np.bool_]) -> tuple[float, float]:
    from scipy.stats import beta

    n, k = len(wrong), int(wrong.sum())
    low = float(beta.ppf(TAILS[0] / 100, k, n - k + 1)) if k else 0.0
    high = float(beta.ppf(TAILS[1] / 100, k + 1, n - k)) if k < n else 1.0
    return 100 * low, 100 * high


def _drawn_confusions(confusion: Floats) -> Floats:
    """Return draws of the confusion matrix, with the classes as frequent as they are: `(draws, classes, classes)`."""
    rng, classes = np.random.default_rng(0), len(confusion)
    draws = max(DRAWS // max(classes // 10, 1), 200)
    # Gamma variables in proportion; the prior has the weight of one example a class, spread over the answers.
    powers = rng.gamma(confusion + 1 / classes, size=(draws, classes, classes))
    shares = powers / powers.sum(axis=2, keepdims=True)
    return shares * confusion.sum(axis=1)[:, None]


def _balanced(confusions: Floats) -> Floats:
    totals = confusions.sum(axis=2)
    hits = np.diagonal(confusions, axis1=1, axis2=2)
    recalls = np.divide(hits, totals, out=np.zeros_like(hits), where=totals > 0)
    return 100 * recalls.sum(axis=1) / (totals > 0).sum(axis=1)


def _macro_f1(confusions: Floats) -> Floats:
    hits = np.diagonal(confusions, axis1=1, axis2=2)
    total = confusions.sum(axis=1) + confusions.sum(axis=2)
    return 100 * np.divide(2 * hits, total, out=np.zeros_like(hits), where=total > 0).mean(axis=1)
