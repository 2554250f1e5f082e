"""One array of a table: what it holds, and its values.

Every column says what it is: data set, quantity, split, epochs, seeds and unit; the meaning of the axes is always (architecture,),
(architecture, seed) or, for a learning curve, (architecture, seed, epoch). What was not measured is masked by a column of its
own and raises when asked for.
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
"""What data sets and quantities are called; files of a table bear these names."""
MOST_EPOCHS = 10**9
LARGEST_SEED = 2**63 - 1
LONGEST_KEY = 200
"""Most letters of a column's key, which is also the name of its file."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """What one array of a table holds.

    Attributes:
        dataset: data set that was trained on.
        quantity: "accuracy", "train_time", "latency", ...; with a device as `latency@device`.
        split: one of `SPLITS`, or None where a split has no meaning (latency).
        epochs: length of the training, or None where it does not matter.
        seeds: training seeds, the second axis of the array; None for an array of one axis.
        unit: one of `nasbench.tables.units.UNITS`.
        direction: "max" if more is better, else "min"; taken from the quantity where the suite knows it.
        note: how it was measured, in a sentence.
        curve: whether the array has a third axis, the epochs from the first to the last.
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
        column: what they are.
        values: `(N,)`, `(N, S)` or, of a curve, `(N, S, epochs)`; zero where nothing was measured.
        missing: bool array of the same shape, or None where everything was measured.
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
