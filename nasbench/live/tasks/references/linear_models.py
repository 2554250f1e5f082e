"""Classifiers of scikit-learn on pixels or TF-IDF, and the majority class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.live.tasks.task import Split, Splits, Task

STRENGTHS = (0.001, 0.01, 0.1, 1.0, 10.0)
"""Candidate inverse regularisation strengths, selected on the search split; 100 times as large for text."""
ITERATIONS = 300


def majority(task: Task, splits: Splits) -> NDArray[np.int64]:
    """Return the most frequent training class for every test example (a trivial baseline)."""
    classes = np.bincount(np.concatenate([splits.train.y, splits.search.y]))
    return np.full(len(splits.test), classes.argmax(), np.int64)


def logistic_regression(task: Task, splits: Splits) -> NDArray[np.float64]:
    """Return the probabilities of the classes by multinomial logistic regression for the test examples, `(n, classes)`.

    Inputs are standardised pixels, or the TF-IDF of words and word pairs; the penalty is selected on the search split,
    and the model is refitted on both splits.
    """
    text = bool(task.shape.vocabulary)
    read = _tf_idf(splits) if text else _pixels(task)
    train, search, test = (read(split) for split in (splits.train, splits.search, splits.test))
    strengths = [100 * c if text else c for c in STRENGTHS]
    errors = [np.mean(_fitted(train, splits.train.y, c).predict(search) != splits.search.y) for c in strengths]
    together = _stacked(train, search), np.concatenate([splits.train.y, splits.search.y])
    model = _fitted(*together, strengths[int(np.argmin(errors))])
    probabilities = np.zeros((len(splits.test), task.shape.outputs))
    probabilities[:, model.classes_] = model.predict_proba(test)
    return probabilities


def _fitted(x: Any, y: NDArray[Any], strength: float) -> Any:
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        # A fit that stops early is acceptable: early stopping acts as regularisation.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LogisticRegression(C=strength, max_iter=ITERATIONS, tol=1e-3).fit(x, y)


def _pixels(task: Task) -> Any:
    axes = (1, -1, *(1,) * task.shape.dims)
    mean, deviation = (np.array(v).reshape(axes) for v in (task.mean or (0.0,), task.deviation or (1.0,)))
    return lambda split: ((split.x - mean) / deviation).reshape(len(split), -1)


def _tf_idf(splits: Splits) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    # Tokens are word numbers and 0 is padding; the vectoriser converts each row to a text of them.
    def texts(split: Split) -> list[str]:
        return [" ".join(f"w{token}" for token in row if token) for row in split.x]

    vectoriser = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\S+", sublinear_tf=True).fit(texts(splits.train))
    return lambda split: vectoriser.transform(texts(split))


def _stacked(first: Any, second: Any) -> Any:
    from scipy import sparse

    return sparse.vstack([first, second]) if sparse.issparse(first) else np.concatenate([first, second])
