"""CIFAR-100 (Krizhevsky 2009): 50,000 training and 10,000 test images of 32 x 32 pixels in 100 classes.

Read from the folder `cifar-100-python` that torchvision, among others, stores; its pickles are read as plain data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.files.atomic import write_atomically
from nasbench.live.tasks.shape import TaskShape
from nasbench.live.tasks.task import Augmentation, Fetched, Split, Splits, Task, shuffled, task_folder

MD5 = {"train": "16019d7e3df5f24257cddd939b257f8d", "test": "f0ef6b0ae62326f3e7ffdfab6717acfc"}
"""Of the two files, as torchvision verifies them; no SHA-256 is published."""
FOLDER = "cifar-100-python"
COMMAND = "nasbench data fetch cifar100 --source FOLDER"
SEARCH_IMAGES = 5000


def fetch(source: Path | None) -> Fetched:
    """Copy the two files into the cache; return its folder and the source used.

    Args:
        source: the folder `cifar-100-python`, or one that holds it, such as the `root` given to torchvision.

    Raises:
        NasbenchError: if no source is given, a file is missing there, or has another checksum.
    """
    if source is None:
        raise NasbenchError(
            f"Task 'cifar100' is not downloaded; run {COMMAND}, with the folder where torchvision keeps {FOLDER}."
        )
    folder = source / FOLDER if (source / FOLDER).is_dir() else source
    content = {}
    for name, expected in MD5.items():
        path = folder / name
        if not path.is_file():
            raise NasbenchError(
                f"{folder} has no file {name!r}; --source should name {FOLDER}, which torchvision.datasets.CIFAR100 keeps, or "
                "the folder that holds it."
            )
        content[name] = path.read_bytes()
        if hashlib.md5(content[name], usedforsecurity=False).hexdigest() != expected:
            raise NasbenchError(f"{path} is not that of CIFAR-100: it has another MD5; get it again.")
    for name, data in content.items():
        write_atomically(task_folder("cifar100") / name, data)
    return Fetched(task_folder("cifar100"), str(folder))


def load() -> Splits:
    """Return 45,000 / 5,000 / 10,000 images; the search split is cut from the training images by a fixed permutation.

    Raises:
        NasbenchError: if the files are not in the cache, or are damaged.
    """
    folder = task_folder("cifar100")
    if not all((folder / name).is_file() for name in MD5):
        raise NasbenchError(f"CIFAR-100 is not in the cache; run: {COMMAND}, where FOLDER holds {FOLDER}.")
    train, test = (_read(folder / name) for name in MD5)
    order = shuffled(len(train))
    held, kept = order[:SEARCH_IMAGES], order[SEARCH_IMAGES:]
    return Splits(Split(train.x[kept], train.y[kept]), Split(train.x[held], train.y[held]), test)


def _read(path: Path) -> Split:
    """Return the images and fine labels of a file: a dictionary with `data (n, 3072)` in bytes and `fine_labels`."""
    from nasbench.tables.restricted_pickle import load_file

    content: Any = load_file(path)
    if isinstance(content, Mapping):  # written by Python 2, so the keys are bytes
        named = {key.decode() if isinstance(key, bytes) else key: value for key, value in content.items()}
        x, y = (np.asarray(named.get(name)) for name in ("data", "fine_labels"))
        is_images = x.dtype == np.uint8 and x.ndim == 2 and x.shape[1] == 3072
        if is_images and y.shape == (len(x),) and y.dtype.kind in "iu" and 0 <= y.min() <= y.max() < 100:
            return Split(x.reshape(-1, 3, 32, 32), y.astype(np.int64))
    raise NasbenchError(f"{path} is no file of CIFAR-100; run: {COMMAND}.")


TASK = Task(
    name="cifar100",
    shape=TaskShape(dims=2, channels=3, size=32, outputs=100),
    metric="error",
    source=f"{COMMAND}, which holds {FOLDER} as torchvision.datasets.CIFAR100 keeps it",
    load=load,
    fetch=fetch,
    augmentation=Augmentation(flip=True, translate=4),
    mean=(129.304, 124.070, 112.434),
    deviation=(68.170, 65.392, 70.418),
)
