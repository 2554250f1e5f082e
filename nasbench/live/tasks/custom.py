"""Image-classification and tabular tasks from arrays: of any height and width, grey or colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError
from nasbench.live.tasks.shape import TaskShape
from nasbench.live.tasks.splitting import NO_TEST, check_counts, check_parts, divide
from nasbench.live.tasks.task import Augmentation, Split, Splits
from nasbench.live.tasks.user_task import Loaded, UserTask

STEP = 4
"""Sides of images are padded to a multiple of this, since networks halve them twice."""
LARGEST = 2**30
"""Bytes that the images of a task may take in memory."""

UNLABELLED = ("", "nan")
"""Texts that stand for a missing label."""

Images = Sequence[NDArray[np.float32]]
"""Images `(channels, height, width)`, of equal or different sizes."""
Labels = NDArray[np.int64]
Groups = Sequence[Any] | NDArray[Any] | None


def task_from_arrays(
    name: str,
    x: NDArray[Any],
    y: NDArray[Any],
    seed: int = 0,
    *,
    groups: Groups = None,
    test: tuple[NDArray[Any], NDArray[Any]] | None = None,
    search: tuple[NDArray[Any], NDArray[Any]] | None = None,
    source: str = "registered by a program",
) -> UserTask:
    """Return a task of arrays.

    Args:
        name: name of the task.
        x: images `(n, channels, height, width)`, `(n, height, width, channels)` or `(n, height, width)`, or rows of
            numbers `(n, columns)`.
        y: classes `(n,)`: whole numbers from 0, or texts.
        seed: seed of the division into parts.
        groups: group of each example; a group falls into one part.
        test: given test examples, as x and y; None to cut them from `x`.
        search: given search examples likewise.
        source: where the data are from.

    Raises:
        NasbenchError: if shapes or classes are invalid, or there are fewer than eight examples.
    """
    given = [part for part in ((x, y), search, test) if part is not None]
    arrays = [_inputs(name, *part) for part in given]
    if len({one.shape[1:] for one in arrays}) > 1:
        raise NasbenchError(
            f"The parts of task {name!r} have examples of the shapes {', '.join(str(one.shape[1:]) for one in arrays)}; "
            "they should have one shape."
        )
    together = np.concatenate(arrays)
    labels, classes = number_classes(name, np.concatenate([np.asarray(part[1]).ravel() for part in given]))
    bounds = np.cumsum([0, *(len(part[0]) for part in given)])
    rows = [np.arange(*bounds[i : i + 2]) for i in range(len(given))]
    if groups is not None:  # given parts have no groups: each example is its own
        groups = [*map(str, groups), *(f"given example {i}" for i in range(len(labels) - bounds[1]))]
    parts = arrange_parts(
        name,
        labels,
        classes,
        seed,
        groups,
        train=rows[0],
        search=None if search is None else rows[1],
        test=None if test is None else rows[-1],
    )
    make = rows_task if together.ndim == 2 else images_task
    sizes = " / ".join(str(len(part)) for part in parts)
    each = " x ".join(map(str, together.shape[1:]))
    said = (
        f"{source}: {len(together)} examples ({each}) of {len(classes)} classes, {sizes} for training, search and test."
    )
    return make(name, together, labels, classes, parts, source, said)


def _inputs(name: str, x: Any, y: Any) -> NDArray[np.float32]:
    """Return examples as `(n, columns)` or `(n, channels, height, width)`; raise NasbenchError for other shapes."""
    array = np.asarray(x)
    classes = np.asarray(y)
    if array.ndim == 3:
        array = array[:, None]
    if array.ndim == 4 and array.shape[3] <= 4 < array.shape[1]:
        array = array.transpose(0, 3, 1, 2)
    if array.ndim not in (2, 4) or classes.shape not in ((len(array),), (len(array), 1)) or array.size == 0:
        raise NasbenchError(
            f"Task {name!r} has examples of shape {np.shape(x)} and classes of shape {classes.shape}; "
            "they should be (n, channels, height, width), (n, height, width) or (n, columns), and (n,)."
        )
    if array.dtype.kind not in "iufb" or not np.isfinite(array).all():
        kind = "texts or objects" if array.dtype.kind not in "iufb" else "NaN or infinite numbers"
        raise NasbenchError(f"The examples of task {name!r} contain {kind}; they should be finite numbers.")
    return array.astype(np.float32)


def number_classes(name: str, y: NDArray[Any]) -> tuple[Labels, tuple[str, ...]]:
    """Return classes as numbers from 0, and their names; texts are numbered in alphabetical order.

    Raises:
        NasbenchError: for numbers that are not whole, negative, or with gaps, and for empty texts; such labels usually mark what is unknown.
    """
    if y.dtype.kind in "OSU":
        texts = [_text(one) for one in y]
        unknown = sum(one is None or text.strip().lower() in UNLABELLED for one, text in zip(y, texts, strict=True))
        if unknown:
            raise NasbenchError(
                f"{unknown} labels of {name!r} are empty or 'nan', which marks what is unknown; remove these examples or label them."
            )
        names, numbers = np.unique(texts, return_inverse=True)
        return numbers.astype(np.int64), tuple(names.tolist())
    if y.dtype.kind == "f" and np.isnan(y).any():
        raise NasbenchError(
            f"{int(np.isnan(y).sum())} labels of {name!r} are NaN; remove these examples or label them."
        )
    if y.dtype.kind not in "iub" and not (y.dtype.kind == "f" and (y == np.round(y)).all()):
        raise NasbenchError(f"The labels of {name!r} are {y.dtype}; classes should be whole numbers from 0, or texts.")
    labels = y.astype(np.int64)
    found = np.unique(labels)
    if found[0] < 0 or found[-1] != len(found) - 1:
        shown = ", ".join(map(str, found[:8].tolist())) + (", ..." if len(found) > 8 else "")
        raise NasbenchError(
            f"The labels of {name!r} are out of range: {len(found)} classes should be the whole numbers 0 to {len(found) - 1}, "
            f"and they are {shown}; number them anew, or remove what is not labelled."
        )
    return labels, tuple(map(str, found.tolist()))


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def arrange_parts(
    what: str,
    labels: Labels,
    classes: Sequence[str],
    seed: int,
    groups: Groups = None,
    *,
    train: NDArray[np.int64],
    search: NDArray[np.int64] | None = None,
    test: NDArray[np.int64] | None = None,
) -> list[NDArray[np.int64]]:
    """Return the rows for training, search and test: those given, and what is missing cut from the training rows.

    Args:
        what: the data, for errors.
        labels: of all rows.
        classes: their names.
        seed: see `divide`.
        groups: group of each row.
        train: rows for training, from which missing parts are cut.
        search: rows for the search; None to cut them.
        test: rows for the test; None to cut them.

    Raises:
        NasbenchError: if there are fewer than two classes, too few examples, or a class that a part lacks.
    """
    if len(labels) < 8:
        raise NasbenchError(f"{what} has {len(labels)} examples; a task needs eight at least.")
    if groups is not None and len(groups) != len(labels):
        raise NasbenchError(f"{what} has {len(labels)} examples and {len(groups)} groups; give the group of each.")
    check_counts(labels, classes, what, grouped=groups is not None)
    of = None if groups is None else np.asarray(groups)[train]
    if test is None:
        cut = divide(labels[train], seed, of)
        parts = [train[rows] for rows in cut]
        if search is not None:
            parts = [np.concatenate(parts[:2]), search, parts[2]]
    elif search is None:
        parts = [*(train[rows] for rows in divide(labels[train], seed, of, NO_TEST)), test]
    else:
        parts = [train, search, test]
    if groups is not None:
        _check_groups(what, np.asarray(groups), parts)
    check_parts(parts, labels, classes, what)
    return parts


def _check_groups(what: str, groups: NDArray[Any], parts: Sequence[NDArray[np.int64]]) -> None:
    train, search, test = ({*groups[part].astype(str).tolist()} for part in parts)
    if shared := sorted((train | search) & test):
        raise NasbenchError(
            f"Group {shared[0]!r} of {what} is in its test part and outside of it; move it to one of them."
        )


def images_task(
    name: str,
    images: Images | NDArray[np.float32],
    labels: Labels,
    classes: tuple[str, ...],
    parts: Sequence[NDArray[np.int64]],
    source: str,
    said: str = "",
) -> UserTask:
    """Return a task of images `(channels, height, width)` of equal or different sizes.

    Channels are standardised by the training part; then every image is padded, in the middle of a square whose side is a
    multiple of four, with zeros, the mean of the training part. No pixel is interpolated.

    Raises:
        NasbenchError: if the images are too large for the memory of a task.
    """
    channels = int(images[0].shape[0])
    longest = max(max(image.shape[1:]) for image in images)
    side = max(STEP * -(-longest // STEP), 2 * STEP)
    needed = 4 * len(images) * channels * side**2
    if needed > LARGEST:
        fitting = int(side * (LARGEST / needed) ** 0.5) // STEP * STEP
        raise NasbenchError(
            f"{len(images)} images of {side} x {side} pixels take {needed / 2**30:.1f} GiB in memory, more than the {LARGEST / 2**30:.0f} "
            f"that a task may have; scale them down, in a folder with #size={max(fitting, STEP)}."
        )
    x = np.full((len(images), channels, side, side), np.nan, np.float32)
    for row, image in zip(x, images, strict=True):
        top, left = ((side - length) // 2 for length in image.shape[1:])
        row[:, top : top + image.shape[1], left : left + image.shape[2]] = image
    mean, deviation = (np.empty(channels) for _ in range(2))
    for channel in range(channels):
        seen = x[parts[0], channel]
        mean[channel] = np.nanmean(seen, dtype=np.float64)
        deviation[channel] = max(float(np.nanstd(seen, dtype=np.float64)), 1e-6)
        x[:, channel] = (x[:, channel] - mean[channel]) / deviation[channel]
    np.nan_to_num(x, copy=False)
    return UserTask(
        name=name,
        shape=TaskShape(dims=2, channels=channels, size=side, outputs=len(classes)),
        metric="error",
        source=source,
        load=Loaded(Splits(*(Split(x[part], labels[part]) for part in parts))),
        augmentation=Augmentation(translate=side // 16),
        classes=classes,
        preparation={"kind": "image", "side": side, "mean": mean.tolist(), "deviation": deviation.tolist()},
        said=said,
    )


def rows_task(
    name: str,
    x: NDArray[np.float32],
    labels: Labels,
    classes: tuple[str, ...],
    parts: Sequence[NDArray[np.int64]],
    source: str,
    said: str = "",
) -> UserTask:
    """Return a task of rows `(n, columns)`, standardised by the training part; constant columns are left out."""
    mean, deviation = (f(x[parts[0]].astype(np.float64), axis=0) for f in (np.mean, np.std))
    kept = deviation > 1e-9 * np.maximum(np.abs(mean), 1)
    if not kept.any():
        raise NasbenchError(f"Every column of {name!r} is constant; at least one should vary.")
    x = ((x[:, kept] - mean[kept]) / deviation[kept]).astype(np.float32)
    return UserTask(
        name=name,
        shape=TaskShape(dims=0, channels=int(kept.sum()), size=1, outputs=len(classes)),
        metric="error",
        source=source,
        load=Loaded(Splits(*(Split(x[part], labels[part]) for part in parts))),
        classes=classes,
        preparation={
            "kind": "table",
            "kept_columns": np.flatnonzero(kept).tolist(),
            "mean": mean[kept].tolist(),
            "deviation": deviation[kept].tolist(),
        },
        said=said,
    )
