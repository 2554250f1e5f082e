"""A complete table of values over a product of choices, minimised and totally ordered, as assumed by the theorems."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError, unknown_name

DATASETS = ("cifar10", "cifar100", "ImageNet16-120")

_TABLES = {200: "nas-bench-201", 12: "nas-bench-201-reference"}
"""Epochs to the table that holds their validation accuracy."""

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
    def strides(self) -> NDArray[np.int64]:
        """What a choice counts in the index of an architecture, shape (n,): index = architecture @ strides."""
        return np.cumprod((1, *self.cardinalities[:0:-1]))[::-1]

    @cached_property
    def neighbours(self) -> NDArray[np.intp]:
        """Indices of the architectures that differ in one decision, shape (N, sum of (k - 1))."""
        columns = []
        index = np.arange(self.size)
        for decision, (k, stride) in enumerate(zip(self.cardinalities, self.strides, strict=True)):
            digit = self.architectures[:, decision].astype(np.intp)
            columns += [index + ((digit + step) % k - digit) * stride for step in range(1, k)]
        return np.stack(columns, axis=1)


@lru_cache(maxsize=8)
def load(dataset: str, epochs: int = 200) -> Landscape:
    """Return the validation error (%) of all 15,625 NAS-Bench-201 cells, mean over the training seeds.

    Args:
        dataset: one of `DATASETS`, in any case of letters.
        epochs: 200, or 12, a training of its own.

    Raises:
        NasbenchError: an unknown data set or fidelity.
    """
    if epochs not in _TABLES:
        raise NasbenchError(
            f"NAS-Bench-201 is known here after {' and '.join(map(str, _TABLES))} epochs, not after {epochs}."
        )
    return Landscape(100.0 - column(dataset, "accuracy", "validation", epochs), (5,) * 6)


@lru_cache(maxsize=8)
def training_seconds(dataset: str) -> Floats:
    """Return the seconds of the 200-epoch training of each cell, shape (15625,)."""
    return column(dataset, "train_time", None, 200)


def column(dataset: str, quantity: str, split: str | None, epochs: int, table: str | None = None) -> Floats:
    """Return a column of a complete NAS-Bench-201 table, mean over seeds, in mixed-radix order, shape (15625,).

    Args:
        dataset: one of `DATASETS`, in any case of letters.
        quantity: as the table names it.
        split: as the table names it, None where it has no meaning.
        epochs: length of the training.
        table: name of the table; None takes the one that is known to hold these epochs.

    Raises:
        NasbenchError: there is no such data set, table or column.
    """
    from nasbench.tables.catalogue import get_table

    known = {name.lower(): name for name in DATASETS}
    if dataset.lower() not in known:
        raise unknown_name("data set", dataset, DATASETS)
    opened = get_table(table or _TABLES[epochs])
    found = opened.find(dataset.lower(), quantity, split, epochs)
    if found is None:
        raise NasbenchError(f"Table {opened.name!r} has no {quantity} on {dataset} after {epochs} epochs.")
    return opened.measured(found).mean()
