"""Image-classification tasks from a folder with one sub-folder of images per class.

    folder/cats/1.png                  one folder: parts are cut by a seed, or by the groups in the file names
    folder/train/cats/1.png            train, test and possibly val, under these or the usual other names

Images keep their pixels where they all have one size and no side is longer than `USUAL_SIDE`; otherwise they are scaled,
without distortion, so that the longer side has `size` pixels. Grey images have one channel, all others three.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError
from nasbench.extras import require_extra
from nasbench.live.tasks.custom import arrange_parts, images_task
from nasbench.live.tasks.user_task import UserTask

IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm")
PARTS = {
    "train": ("train", "training"),
    "search": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing"),
}
"""Names of the folders of each part, in lower case."""
USUAL_SIDE = 64
"""Longest side of images that are not scaled unless asked for."""
GREY = ("1", "L", "LA", "I", "F", "I;16", "I;16B", "I;16L")
"""Modes of images without colour."""


def task_from_folder(
    name: str, folder: Path, size: int | None = None, seed: int = 0, *, group: str | None = None
) -> UserTask:
    """Return a task of the images in a folder; each sub-folder is a class, in alphabetical order.

    Args:
        name: name of the task.
        folder: the folder; where it has the folders train and test (or val), these are the parts.
        size: pixels of the longer side; None to keep images that have one size of up to 64 pixels.
        seed: seed of the division into parts.
        group: a separator: all images whose names in the class folder begin alike up to it belong to one group and fall
            into one part; "/" stands for sub-folders of the class folder.

    Raises:
        NasbenchError: if there are fewer than two classes or eight images, an image cannot be read, or pillow is not
            installed.
    """
    if not folder.is_dir():
        raise NasbenchError(f"{folder} is no folder; name one that has a sub-folder of images for each class.")
    found = _parts_of(folder)
    classes = sorted({one.name for part in found.values() for one in _folders(part)})
    files = [(part, path, label) for part in found for path, label in _files(found[part], classes)]
    if not files or len(classes) < 2:
        raise NasbenchError(
            f"{folder} has {len(classes)} sub-folder{'' if len(classes) == 1 else 's'} and {len(files)} images; "
            "a task needs one of images for each of two classes at least."
        )
    labels = np.array([label for _, _, label in files], np.int64)
    groups = (
        None if group is None else [_group(found[part] / classes[label], path, group) for part, path, label in files]
    )
    rows = {part: np.array([i for i, (of, _, _) in enumerate(files) if of == part], np.int64) for part in found}
    if "test" not in rows and "search" in rows:
        rows["test"] = rows.pop("search")
    parts = arrange_parts(str(folder), labels, classes, seed, groups, **rows)
    images, said = read_images([path for _, path, _ in files], size)
    counts = " / ".join(str(len(part)) for part in parts)
    by = f", divided by the {len({*groups})} groups in their names" if groups is not None else ""
    said = (
        f"{folder}: {len(files)} images of {len(classes)} classes{by}, {counts} for training, search and test; {said}"
    )
    return images_task(name, images, labels, tuple(classes), parts, f"the folder {folder}", said)


def _parts_of(folder: Path) -> dict[str, Path]:
    """Return the folders of the parts by their names; the folder itself as `train` if it has none."""
    named = {one.name.lower(): one for one in _folders(folder)}
    found = {part: named[alias] for part, names in PARTS.items() for alias in names if alias in named}
    divided = "train" in found and len(found) > 1 and len(found) == len(named)
    return found if divided else {"train": folder}


def _folders(folder: Path) -> list[Path]:
    """Return the sub-folders but those that systems and archives leave behind, such as __MACOSX."""
    return sorted(one for one in folder.iterdir() if one.is_dir() and not one.name.startswith((".", "__")))


def _files(folder: Path, classes: Sequence[str]) -> Iterator[tuple[Path, int]]:
    for label, of in enumerate(classes):
        inside = sorted(
            p for p in (folder / of).rglob("*") if p.suffix.lower() in IMAGES and not p.name.startswith(".")
        )
        yield from ((path, label) for path in inside if path.is_file())


def _group(folder: Path, path: Path, separator: str) -> str:
    inside = path.relative_to(folder).as_posix()
    before, found, _ = inside.partition(separator)
    if not found:
        raise NasbenchError(
            f"{path} names no group: {separator!r} does not occur in {inside!r}; rename it or choose another separator."
        )
    return before


def read_images(files: Sequence[Path], size: int | None) -> tuple[list[NDArray[np.float32]], str]:
    """Return images `(channels, height, width)` with values from 0 to 1, and a sentence on how they were treated.

    Raises:
        NasbenchError: for a file that is no image, or one too large.
    """
    headers = [_header(path) for path in files]
    shapes = {(height, width) for height, width, _ in headers}
    longest = np.array([max(height, width) for height, width, _ in headers])
    grey = all(is_grey for _, _, is_grey in headers)
    if size is None:
        side = min(int(np.median(longest)), USUAL_SIDE)
        scaled = len(shapes) > 1 or int(longest.max()) > USUAL_SIDE
    else:
        side, scaled = size, True
    images = [_pixels(path, grey, side if scaled else None) for path in files]
    kind = (
        "grey" if grey else "colour" if not any(is_grey for _, _, is_grey in headers) else "grey and colour as colour"
    )
    if not scaled:
        height, width = next(iter(shapes))
        return images, f"{kind}, {width} x {height} pixels, none scaled."
    many = f"{len(shapes)} sizes" if len(shapes) > 1 else "{1} x {0} pixels".format(*next(iter(shapes)))
    return (
        images,
        f"{kind}, of {many}, scaled without distortion to {side} pixels on the longer side (#size=N for another).",
    )


def _header(path: Path) -> tuple[int, int, bool]:
    """Return height, width and whether it is grey, without decoding the image."""
    image_of = require_extra("live", "PIL.Image")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", image_of.DecompressionBombWarning)
            with image_of.open(path) as image:
                (width, height), mode = image.size, image.mode
    except (image_of.DecompressionBombError, image_of.DecompressionBombWarning):
        raise NasbenchError(
            f"{path} has more than {image_of.MAX_IMAGE_PIXELS / 1e6:.0f} million pixels; scale it down or remove it."
        ) from None
    except (OSError, ValueError, SyntaxError):
        raise _unreadable(path) from None
    return height, width, mode in GREY


def _pixels(path: Path, grey: bool, side: int | None) -> NDArray[np.float32]:
    image_of = require_extra("live", "PIL.Image")
    try:
        with image_of.open(path) as opened:
            image = _plain(opened, grey)
            if side is not None:
                if image.mode in ("L", "RGB"):
                    image.thumbnail((4 * side, 4 * side), image_of.Resampling.BOX)  # far quicker for large images
                factor = side / max(image.size)
                image = image.resize(tuple(max(round(length * factor), 1) for length in image.size))
            pixels = np.asarray(image, dtype=np.float32)
    except (OSError, ValueError, SyntaxError, image_of.DecompressionBombError):
        raise _unreadable(path) from None
    if not np.isfinite(pixels).all():
        raise NasbenchError(f"{path} has pixels that are NaN or infinite; give them a number, or remove the image.")
    pixels = pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
    return pixels / (255.0 if image.mode in ("L", "RGB") else 65535.0)


def _plain(image: Any, grey: bool) -> Any:
    """Return an image in the mode L, RGB or, for grey images of more than eight bits, F."""
    if grey and image.mode in GREY[3:]:
        return image.convert("I").convert("F") if image.mode.startswith("I") else image.copy()
    return image.convert("L" if grey else "RGB")


def _unreadable(path: Path) -> NasbenchError:
    return NasbenchError(f"{path} cannot be read as an image; remove it, or save it again as PNG or JPEG.")
