"""Columns of a table: metadata and values.

Every column has metadata: data set, quantity, split, epochs, seeds and unit. The axes are (architecture,),
(architecture, seed) or, for a learning curve, (architecture, seed, epoch). Missing values are masked and raise when
requested.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import MissingDataError, NasbenchError, quoted
from nasbench.spaces.space import Ints
from nasbench.tables.units import direction_of

SPLITS = ("train", "validation", "test", "validation+test")
NAME = r"[A-Za-z0-9_-]+(@[A-Za-z0-9_-]+)?"
"""Valid names of data sets and quantities, which are also file names."""
MOST_EPOCHS = 10**9
LARGEST_SEED = 2**63 - 1
LONGEST_KEY = 200
"""Maximum length of a column's key, which is also its file name."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """Metadata of one array of a table.

    Attributes:
        dataset: training data set.
        quantity: "accuracy", "train_time", "latency", ...; with a device as `latency@device`.
        split: one of `SPLITS`, or None where a split has no meaning (latency).
        epochs: number of training epochs, or None if not applicable.
        seeds: training seeds, the second axis of the array; None for an array of one axis.
        unit: one of `nasbench.tables.units.UNITS`.
        direction: "max" if higher is better, else "min"; by default that of a known quantity.
        note: how it was measured, in a sentence.
        curve: whether the array has a third axis of epochs.
    """

    dataset: str
    quantity: str
    unit: str
    split: str | None = None
    epochs: int | None = None
    seeds: tuple[int, ...] | None = None
    note: str = ""
    curve: bool = False
    direction: str = ""

    def __post_init__(self) -> None:
        for name in (self.dataset, self.quantity):
            if not re.fullmatch(NAME, name):
                raise NasbenchError(f"{name[:80]!r} is no name; use letters, digits, '-', '_' and one '@'.")
        object.__setattr__(self, "direction", direction_of(self.quantity, self.unit, self.direction))
        if len(self.key) > LONGEST_KEY:
            raise NasbenchError(
                f"The names of a column make up {len(self.key):,} letters, {self.key[:20]!r} and so on; they may have {LONGEST_KEY}."
            )
        if self.epochs is not None and not 0 < self.epochs <= MOST_EPOCHS:
            raise NasbenchError(
                f"Column {quoted(self.quantity)} has {self.epochs:.3g} epochs; it should be 1 to {MOST_EPOCHS:,}."
            )
        if self.seeds is not None and (
            len(set(self.seeds)) < len(self.seeds) or not all(0 <= seed <= LARGEST_SEED for seed in self.seeds)
        ):
            raise NasbenchError(
                f"Column {quoted(self.quantity)} has the seeds {str(self.seeds)[:80]}; they should differ and lie in 0 to {LARGEST_SEED}."
            )
        if self.split is not None and self.split not in SPLITS:
            raise NasbenchError(
                f"Column {quoted(self.quantity)} has the split {quoted(self.split)}; splits are {', '.join(SPLITS)}."
            )
        if self.curve and (self.seeds is None or self.epochs is None):
            raise NasbenchError(f"Column {quoted(self.quantity)} is a learning curve; it needs epochs and seeds.")

    @property
    def key(self) -> str:
        """Unique name within a table, such as `cifar10.accuracy.validation.200`."""
        parts = (self.dataset, self.quantity, self.split, self.epochs, "curve" if self.curve else None)
        return ".".join(str(part) for part in parts if part is not None)


@dataclass(frozen=True)
class Measured:
    """A column with its values.

    Attributes:
        column: metadata.
        values: `(N,)`, `(N, S)` or, for a curve, `(N, S, epochs)`; zero where missing.
        missing: bool array of the same shape, or None if complete.
    """

    column: Column
    values: NDArray[Any]
    missing: NDArray[np.bool_] | None = None

    @property
    def available(self) -> Ints:
        """Number of seeds measured for each architecture, `(N,)`."""
        if self.missing is None:
            return np.full(len(self.values), 1 if self.values.ndim == 1 else self.values.shape[1])
        present = ~self.missing
        return present.astype(np.int64) if present.ndim == 1 else present.sum(axis=1)

    def mean(self) -> NDArray[np.float64]:
        """Return the mean over the measured seeds, `(N,)`.

        Raises:
            MissingDataError: if an architecture has no seed at all.
        """
        if (self.available == 0).any():
            raise MissingDataError(
                f"{int((self.available == 0).sum())} architectures have no {self.column.key}; ask for those that have."
            )
        if self.values.ndim == 1:
            return np.asarray(self.values, dtype=np.float64)
        if self.missing is None:
            return np.asarray(self.values.mean(axis=1), dtype=np.float64)
        return np.where(self.missing, 0.0, self.values).sum(axis=1) / self.available
