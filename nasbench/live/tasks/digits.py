"""Handwritten digits, 8 x 8 pixels (scikit-learn, embedded): the default task, small enough for two CPU cores."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from nasbench.extras import require_modules
from nasbench.live.tasks.shape import TaskShape
from nasbench.live.tasks.task import Augmentation, Split, Splits, Task, shuffled
from nasbench.spaces.space import Floats, Ints


def load() -> Splits:
    """Return 899 / 449 / 449 of the 1,797 images, split by a fixed permutation."""
    images, target = _read()
    order = shuffled(len(target))
    x = (images[order, None] / 16.0).astype(np.float32)
    x = (x - x[:899].mean()) / x[:899].std()
    y = target[order].astype(np.int64)
    return Splits(Split(x[:899], y[:899]), Split(x[899:1348], y[899:1348]), Split(x[1348:], y[1348:]))


def _read() -> tuple[Floats, Ints]:
    """Return what `load_digits` returns: images `(1797, 8, 8)` and labels `(1797,)`.

    They are read from the file of scikit-learn, whose import would take as long as a short training.
    """
    require_modules(("sklearn",))
    package = find_spec("sklearn")
    assert package is not None and package.origin is not None
    table = np.loadtxt(Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz", delimiter=",")
    return table[:, :-1].reshape(-1, 8, 8), table[:, -1].astype(int)


TASK = Task(
    name="digits",
    shape=TaskShape(dims=2, channels=1, size=8, outputs=10),
    metric="error",
    source="embedded: scikit-learn load_digits",
    load=load,
    augmentation=Augmentation(translate=1),
)
