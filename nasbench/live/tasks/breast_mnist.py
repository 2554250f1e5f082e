"""BreastMNIST (Yang et al. 2023, MedMNIST v2): 780 breast ultrasound images of 28 x 28 pixels, malignant or not."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nasbench.live.tasks.shape import TaskShape
from nasbench.live.tasks.task import Augmentation, Split, Splits, Task
from nasbench.live.tasks.user_files import UserFiles


def read(folder: Path) -> Splits:
    """Return the official 546 / 78 / 156 images."""
    with np.load(folder / "breastmnist.npz", allow_pickle=False) as data:
        parts = [
            Split(data[f"{s}_images"][:, None], data[f"{s}_labels"].astype(np.int64).ravel())
            for s in ("train", "val", "test")
        ]
    return Splits(*parts)


FILES = UserFiles(
    task="breast-mnist",
    names=("breastmnist.npz",),
    published="BreastMNIST of 28 x 28 pixels from medmnist.com, licence CC BY 4.0",
    read=read,
    sizes=(546, 78, 156),
)
TASK = Task(
    name="breast-mnist",
    shape=TaskShape(dims=2, channels=1, size=28, outputs=2),
    metric="error",
    source=FILES.source,
    load=FILES.load,
    fetch=FILES.fetch,
    augmentation=Augmentation(flip=True, translate=2),
    mean=(83.53,),
    deviation=(52.46,),
)
