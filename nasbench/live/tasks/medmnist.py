"""Tasks of MedMNIST (Yang et al., Scientific Data 2023) from the files that its package stores, with the parts published.

    medmnist:NAME[#size=PIXELS,root=FOLDER]        such as medmnist:pathmnist, or medmnist:bloodmnist#size=64

A file is FOLDER/NAME.npz, or NAME_64.npz for images of 64 pixels, and FOLDER is ~/.medmnist, as for the package `medmnist`. The
parts are those of the authors, who keep the images of a patient together where they know the patient; they are never mixed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError, unknown_name
from nasbench.live.tasks.array_file import read_arrays
from nasbench.live.tasks.custom import number_classes
from nasbench.live.tasks.shape import TaskShape
from nasbench.live.tasks.task import Augmentation, Split, Splits
from nasbench.live.tasks.user_task import Loaded, UserTask

NAMES = tuple(
    f"{name}mnist"
    for name in [
        "path",
        "derma",
        "oct",
        "pneumonia",
        "retina",
        "breast",
        "blood",
        "tissue",
        "organa",
        "organc",
        "organs",
    ]
)
"""The data sets of images with one label each; `chestmnist` has several, and those whose names end in 3d have volumes."""
SIZES = (28, 64, 128, 224)
PARTS = ("train", "val", "test")
ROOT = "~/.medmnist"


def medmnist_file(name: str, options: Mapping[str, str]) -> Path:
    """Return the file of a data set.

    Raises:
        NasbenchError: if there is no such data set or size; or no file, with where it belongs.
    """
    if name in ("chestmnist",) or name.endswith("mnist3d"):
        what = "volumes" if name.endswith("3d") else "several labels for each image"
        raise NasbenchError(f"{name} has {what}, for which there are no networks here; choose of {', '.join(NAMES)}.")
    if name not in NAMES:
        raise unknown_name("data set of MedMNIST", name, NAMES)
    side = _side(options)
    root = Path(options.get("root", ROOT)).expanduser()
    path = root / (f"{name}.npz" if side == SIZES[0] else f"{name}_{side}.npz")
    if not path.is_file():
        raise NasbenchError(
            f"There is no file {path}; put {path.name} of medmnist.com there, which the package medmnist does too, or name "
            "another folder with #root=FOLDER."
        )
    return path


def task_from_medmnist(address: str, path: Path, options: Mapping[str, str]) -> UserTask:
    """Return the task of a file of MedMNIST.

    Raises:
        NasbenchError: if it is damaged, has other arrays than such files, or images of another size than its name says.
    """
    arrays = read_arrays(path)
    wanted = [f"{part}_{what}" for part in PARTS for what in ("images", "labels")]
    if missing := [name for name in wanted if name not in arrays]:
        raise NasbenchError(
            f"{path} has no array {missing[0]}; it should be a file of MedMNIST, with {', '.join(wanted)}."
        )
    images = [_images(arrays[f"{part}_images"], path) for part in PARTS]
    labels = [arrays[f"{part}_labels"] for part in PARTS]
    for x, y in zip(images, labels, strict=True):
        if y.shape not in ((len(x),), (len(x), 1)) or x.shape[1:] != images[0].shape[1:] or not len(x):
            raise NasbenchError(
                f"{path} has images of shape {x.shape} with labels of shape {y.shape}; each image should have one label, and all "
                "images one shape."
            )
    channels, side = images[0].shape[1:3]
    if side != _side(options):
        raise NasbenchError(
            f"{path} has images of {side} pixels and its name is that of a file with {_side(options)}; get it again."
        )
    numbered, classes = number_classes(str(path), np.concatenate([y.ravel() for y in labels]))
    if len(classes) < 2:
        raise NasbenchError(f"{path} has one class; it should have two or more.")
    bounds = np.cumsum([len(y) for y in labels])[:-1]
    train, search, test = (Split(x, y) for x, y in zip(images, np.split(numbered, bounds), strict=True))
    mean, deviation = _statistics(train.x)
    counts = " / ".join(str(len(part)) for part in (train, search, test))
    return UserTask(
        name=address,
        shape=TaskShape(dims=2, channels=channels, size=side, outputs=len(classes)),
        metric="error",
        source=f"the file {path}",
        load=Loaded(Splits(train, search, test)),
        augmentation=Augmentation(translate=side // 16),
        mean=mean,
        deviation=deviation,
        classes=classes,
        preparation={"kind": "image", "side": side, "mean": [*mean], "deviation": [*deviation]},
        said=f"{path}: {side} x {side} pixels of {len(classes)} classes, {counts} for training, search and test as published.",
    )


def _side(options: Mapping[str, str]) -> int:
    """Return the number of pixels of a side that an address asks for."""
    size = options.get("size", str(SIZES[0]))
    if size not in map(str, SIZES):
        raise NasbenchError(
            f"MedMNIST has no images of {size!r} pixels; size should be one of {', '.join(map(str, SIZES))}."
        )
    return int(size)


def _images(x: NDArray[Any], path: Path) -> NDArray[np.uint8]:
    """Return images `(n, channels, side, side)`."""
    x = x[:, None] if x.ndim == 3 else x.transpose(0, 3, 1, 2) if x.ndim == 4 and x.shape[3] == 3 else x
    if x.dtype != np.uint8 or x.ndim != 4 or x.shape[1] not in (1, 3) or x.shape[2] != x.shape[3] or x.shape[2] % 4:
        raise NasbenchError(
            f"{path} has images of shape {x.shape} ({x.dtype}); they should be (n, side, side) or (n, side, side, 3) in bytes."
        )
    return x


def _statistics(x: NDArray[np.uint8]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation of each channel, from how often each of the 256 values occurs."""
    values = np.arange(256)
    counts = [np.bincount(x[:, channel].ravel(), minlength=256) for channel in range(x.shape[1])]
    means = [float(np.average(values, weights=count)) for count in counts]
    squares = [np.average((values - mean) ** 2, weights=count) for mean, count in zip(means, counts, strict=True)]
    return tuple(means), tuple(max(float(np.sqrt(square)), 1e-6) for square in squares)
