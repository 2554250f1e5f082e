"""Custom image-classification tasks from arrays, or from a folder with one sub-folder of images per class."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError
from nasbench.extras import require_extra
from nasbench.live.tasks.shape import TaskShape
from nasbench.live.tasks.task import Split, Splits, Task, shuffled

IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")


def task_from_arrays(name: str, x: NDArray[np.generic], y: NDArray[np.generic], seed: int = 0) -> Task:
    """Return a task of images `(n, channels, size, size)` or `(n, size, size)` and classes `(n,)` from 0.

    Raises:
        NasbenchError: if shapes or classes are invalid, or there are fewer than eight images.
    """
    images = np.asarray(x, dtype=np.float32)
    images = images[:, None] if images.ndim == 3 else images
    classes = np.asarray(y)
    if images.ndim != 4 or images.shape[2] != images.shape[3] or len(images) < 8 or classes.shape != (len(images),):
        raise NasbenchError(
            f"Task {name!r} has images of shape {images.shape} and classes of shape {classes.shape}; "
            "they should be (n, channels, size, size) and (n,), with n at least 8."
        )
    if classes.dtype.kind not in "iu" or classes.min() < 0 or classes.max() < 1 or not np.isfinite(images).all():
        raise NasbenchError(
            f"Task {name!r} needs finite images and classes that are whole numbers, two at least, from 0."
        )
    shape = TaskShape(dims=2, channels=images.shape[1], size=images.shape[2], outputs=int(classes.max()) + 1)
    return Task(
        name, shape, "error", "registered by a program", partial(_splits, images, classes.astype(np.int64), seed)
    )


def task_from_folder(name: str, folder: Path, size: int = 32, seed: int = 0) -> Task:
    """Return a task of the images in a folder; each sub-folder is a class, in alphabetical order.

    Raises:
        NasbenchError: if there are fewer than two classes or eight images, an image cannot be read, or pillow is not
            installed.
    """
    Image = require_extra("live", "PIL.Image")
    classes = sorted(one for one in folder.iterdir() if one.is_dir()) if folder.is_dir() else []
    if len(classes) < 2:
        raise NasbenchError(
            f"{folder} has {len(classes)} sub-folders; a task needs one of images for each of two classes at least."
        )
    x, y = [], []
    for label, sub in enumerate(classes):
        for path in sorted(p for p in sub.iterdir() if p.suffix.lower() in IMAGES):
            try:
                with Image.open(path) as image:
                    pixels = np.asarray(image.convert("RGB").resize((size, size)), dtype=np.float32)
            except (OSError, ValueError, Image.DecompressionBombError):
                raise NasbenchError(f"{path} cannot be read as an image; remove it.") from None
            x.append(pixels.transpose(2, 0, 1) / 255.0)
            y.append(label)
    if len(x) < 8:
        raise NasbenchError(f"{folder} has {len(x)} images; a task needs eight at least.")
    return task_from_arrays(name, np.stack(x), np.array(y), seed)


def _splits(x: NDArray[np.float32], y: NDArray[np.int64], seed: int) -> Splits:
    order = shuffled(len(x), seed)
    train, search, test = np.split(order, [len(x) // 2, len(x) * 3 // 4])
    mean = x[train].mean(axis=(0, 2, 3), keepdims=True)
    deviation = np.maximum(x[train].std(axis=(0, 2, 3), keepdims=True), 1e-6)
    x = (x - mean) / deviation
    return Splits(*(Split(x[part], y[part]) for part in (train, search, test)))
