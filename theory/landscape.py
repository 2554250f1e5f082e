"""A complete table of values over a product of choices, as the theorems see it: minimised, and totally ordered."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError, unknown_name

DATASETS = ("cifar10", "cifar100", "ImageNet16-120")

_REFERENCE = {"cifar10": "cifar10", "cifar100": "cifar100", "ImageNet16-120": "imagenet"}

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Landscape:
    """Values of every architecture of a product space, minimised.

    Ties are broken by index: of two equal values the lower index is the better one. That total order is what `rank` and
    `order` express and what every exact result of this package refers to.

    Attributes:
        values: shape (N,), the error of each architecture in mixed-radix order, first decision most significant.
        cardinalities: number of choices of each decision, length n, with product N.
    """

    values: NDArray[np.float64]
    cardinalities: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.values.shape != (int(np.prod(self.cardinalities)),) or not np.isfinite(self.values).all():
            raise NasbenchError(
                f"A landscape of cardinalities {self.cardinalities} needs one finite value for each of its "
                f"{int(np.prod(self.cardinalities))} architectures, not an array of shape {self.values.shape}."
            )

    @property
    def size(self) -> int:
        """Number of architectures N."""
        return len(self.values)

    @property
    def decisions(self) -> int:
        """Number of decisions n."""
        return len(self.cardinalities)

    @cached_property
    def architectures(self) -> NDArray[np.int8]:
        """All architectures, shape (N, n)."""
        return np.stack(np.unravel_index(np.arange(self.size), self.cardinalities), axis=1).astype(np.int8)

    @cached_property
    def order(self) -> NDArray[np.intp]:
        """Indices from best to worst, shape (N,)."""
        return np.argsort(self.values, kind="stable")

    @cached_property
    def rank(self) -> NDArray[np.intp]:
        """Rank of each architecture, 0 the best, shape (N,)."""
        rank = np.empty(self.size, dtype=np.intp)
        rank[self.order] = np.arange(self.size)
        return rank

    @cached_property
    def neighbours(self) -> NDArray[np.intp]:
        """Indices of the architectures that differ in one decision, shape (N, sum of (k - 1))."""
        columns = []
        strides = np.cumprod((1, *self.cardinalities[:0:-1]))[::-1]
        index = np.arange(self.size)
        for decision, (k, stride) in enumerate(zip(self.cardinalities, strides, strict=True)):
            digit = self.architectures[:, decision].astype(np.intp)
            columns += [index + ((digit + step) % k - digit) * stride for step in range(1, k)]
        return np.stack(columns, axis=1)


@lru_cache(maxsize=8)
def load(dataset: str, epochs: int = 200) -> Landscape:
    """Return the validation error (%) of all 15,625 NAS-Bench-201 cells, mean over the training seeds.

    Args:
        dataset: one of `DATASETS`.
        epochs: 200 comes from the embedded table, 12 (the separate short training) from the reference data.

    Raises:
        NasbenchError: an unknown data set or fidelity, or reference data that are not there.
    """
    name = _canonical(dataset)
    if epochs == 200:
        return Landscape(100.0 - _column(name, "accuracy", "validation", 200), (5,) * 6)
    if epochs == 12:
        return Landscape(100.0 - reference_column(f"e12_{_REFERENCE[name]}_val"), (5,) * 6)
    raise NasbenchError(f"NAS-Bench-201 is known here after 12 and 200 epochs, not after {epochs}.")


@lru_cache(maxsize=8)
def training_seconds(dataset: str) -> Floats:
    """Return the seconds of the 200-epoch training of each cell, shape (15625,)."""
    return _column(_canonical(dataset), "train_time", None, 200)


def reference_column(name: str) -> Floats:
    """Return a column of `nas-bench-201/accuracy.parquet` in mixed-radix order.

    Raises:
        NasbenchError: `NASBENCH_DATA` is not set, or has no such file.
    """
    import pandas as pd

    file = Path(os.environ.get("NASBENCH_DATA", "")) / "nas-bench-201" / "accuracy.parquet"
    if not os.environ.get("NASBENCH_DATA") or not file.is_file():
        raise NasbenchError(f"Column {name!r} is reference data: set NASBENCH_DATA to a folder with {file.name} in it.")
    digits = [f"op{decision}" for decision in range(6)]
    return pd.read_parquet(file, columns=[*digits, name]).sort_values(digits)[name].to_numpy(dtype=np.float64)


def _canonical(dataset: str) -> str:
    for name in DATASETS:
        if name.lower() == dataset.lower():
            return name
    raise unknown_name("data set", dataset, DATASETS)


def _column(dataset: str, quantity: str, split: str | None, epochs: int) -> Floats:
    from nasbench.tables.catalogue import get_table

    table = get_table("nas-bench-201")
    column = table.find(dataset.lower(), quantity, split, epochs)
    if column is None:
        raise NasbenchError(f"Table {table.name!r} has no {quantity} on {dataset} after {epochs} epochs.")
    return table.measured(column).mean()
