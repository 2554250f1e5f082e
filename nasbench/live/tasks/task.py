"""Tasks and their data splits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError
from nasbench.files.atomic import cache_home
from nasbench.live.tasks.shape import TaskShape
from nasbench.ranges import SINCE_0_2, SIZE, SWITCH, OneOf, check_ranges

PADDING = OneOf(("zeros", "reflect"))


@dataclass(frozen=True)
class Split:
    """Examples: `x (n, channels, *size)` or tokens `(n, length)`, and `y (n,)` classes or `(n, horizon)` values.

    Images are stored as bytes and normalised on the device by the task's mean and deviation.
    """

    x: NDArray[Any]
    y: NDArray[Any]

    def __len__(self) -> int:
        return len(self.x)

    def first(self, n: int | None) -> Split:
        """Return the first `n` examples; all of them for None."""
        return self if n is None else Split(self.x[:n], self.y[:n])


@dataclass(frozen=True)
class Splits:
    """The three splits of a task. Training and search must not see test examples: pass them only `train` and `search`."""

    train: Split
    search: Split
    test: Split

    def reduced(self, train: int | None, search: int | None) -> Splits:
        """Return reduced training and search splits (deterministic subsets); the test split is unchanged."""
        return replace(self, train=self.train.first(train), search=self.search.first(search))


@dataclass(frozen=True)
class Augmentation:
    """Augmentation of training images.

    Attributes:
        flip: mirror half of the images.
        alternate: flip the other half in the next epoch instead of drawing at random.
        translate: shift by up to this many pixels each way.
        padding: padding of shifted images, "zeros" or "reflect".
        cutout: side length of a square set to zero (DeVries and Taylor, 2017), 0 for none.

    Raises:
        NasbenchError: if a setting is invalid.
    """

    flip: bool = False
    alternate: bool = field(default=False, metadata=SINCE_0_2)
    translate: int = 0
    padding: str = field(default="zeros", metadata=SINCE_0_2)
    cutout: int = 0

    def __post_init__(self) -> None:
        switches = {"flip": SWITCH, "alternate": SWITCH}
        check_ranges("augmentation", self, {**switches, "translate": SIZE, "padding": PADDING, "cutout": SIZE})
        if self.alternate and not self.flip:
            raise NasbenchError("The augmentation alternates mirrors without flip; alternate needs flip = true.")


@dataclass(frozen=True)
class Fetched:
    """Cache folder of a task's data and their source: a path, an address or a package."""

    folder: Path
    source: str


@dataclass(frozen=True)
class Task:
    """A data set with fixed splits.

    Attributes:
        name: name on the command line.
        shape: input and output shape of networks.
        metric: "error" (% of wrong classes) or "mse" (of values standardised by the training split); minimised.
        source: origin of the data, one sentence.
        load: returns the splits; raises NasbenchError with the command to fetch the data if they are missing.
        fetch: fetches the data into the cache from a given or default source and returns it; None for embedded data.
        pack: writes the cached data as a number of parts into a folder for `fetch`; None if unsupported.
        augmentation: augmentation of training images.
        mean, deviation: of each channel, in the units of `x`; empty where `x` is standardised already.
        target, season: for a series, the channel to forecast, and the period of its season in steps.
    """

    name: str
    shape: TaskShape
    metric: str
    source: str
    load: Callable[[], Splits]
    fetch: Callable[[Path | None], Fetched] | None = None
    pack: Callable[[int, Path], list[Path]] | None = None
    augmentation: Augmentation = Augmentation()
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()
    target: int = 0
    season: int = 0


def task_folder(name: str) -> Path:
    """Return the folder of a fetched task: in `NASBENCH_CACHE`, else in the user's cache directory."""
    return cache_home() / "tasks" / name


def shuffled(n: int, seed: int = 0) -> NDArray[np.int64]:
    """Return the permutation that splits a task without official splits."""
    return np.random.default_rng(seed).permutation(n)


def windows(series: NDArray[np.float32], target: int, length: int, horizon: int, step: int = 1) -> Split:
    """Split a series `(t, channels)` into windows and the `horizon` values of channel `target` that follow each.

    Returns:
        x `(n, channels, length)` and y `(n, horizon)`; y is relative to the last value of the window, so that a
        constant zero output is the persistence forecast.
    """
    starts = np.arange(0, len(series) - length - horizon + 1, step)
    x = np.stack([series[s : s + length].T for s in starts])
    y = np.stack([series[s + length : s + length + horizon, target] for s in starts])
    return Split(x.astype(np.float32), (y - x[:, target, -1:]).astype(np.float32))
