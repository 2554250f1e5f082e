"""BreastMNIST (Yang et al. 2023, MedMNIST v2): 780 breast ultrasound images of 28 x 28 pixels, malignant or not."""

from __future__ import annotations

import numpy as np

from nasbench.live.tasks.shape import TaskShape
from nasbench.live.tasks.task import Augmentation, Split, Splits, Task, reference_file


def load() -> Splits:
    """Return the official 546 / 78 / 156 images."""
    path = reference_file("breast-mnist", "medical", "breastmnist.npz")
    with np.load(path, allow_pickle=False) as data:
        parts = [
            Split(data[f"{s}_images"][:, None], data[f"{s}_labels"].astype(np.int64)) for s in ("train", "val", "test")
        ]
    return Splits(*parts)


TASK = Task(
    name="breast-mnist",
    shape=TaskShape(dims=2, channels=1, size=28, outputs=2),
    metric="error",
    source="reference data (NASBENCH_DATA): medical/breastmnist.npz",
    load=load,
    augmentation=Augmentation(flip=True, translate=2),
    mean=(83.53,),
    deviation=(52.46,),
)
