"""Handwritten digits, 8 x 8 pixels (scikit-learn, embedded): the default task, small enough for two CPU cores."""

from __future__ import annotations

import numpy as np

from nasbench.extras import require_extra
from nasbench.live.tasks.shape import TaskShape
from nasbench.live.tasks.task import Augmentation, Split, Splits, Task, shuffled


def load() -> Splits:
    """Return 899 / 449 / 449 of the 1,797 images, split by a fixed permutation."""
    data = require_extra("live", "sklearn.datasets").load_digits()
    order = shuffled(len(data.target))
    x = (data.images[order, None] / 16.0).astype(np.float32)
    x = (x - x[:899].mean()) / x[:899].std()
    y = data.target[order].astype(np.int64)
    return Splits(Split(x[:899], y[:899]), Split(x[899:1348], y[899:1348]), Split(x[1348:], y[1348:]))


TASK = Task(
    name="digits",
    shape=TaskShape(dims=2, channels=1, size=8, outputs=10),
    metric="error",
    source="embedded: scikit-learn load_digits",
    load=load,
    augmentation=Augmentation(translate=1),
)
