"""The interface of whatever answers the queries of a search problem."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nasbench.spaces.space import Architectures, Floats, Ints, Space


class Evaluator(Protocol):
    """Source of observations: validation columns of a table, or a trainer. It must not contain test data."""

    @property
    def space(self) -> Space:
        """Space of the architectures."""
        ...

    @property
    def rows(self) -> int | None:
        """Number of distinct rows, or None if unbounded in practice."""
        ...

    @property
    def functions(self) -> Ints | None:
        """For each row the row of its canonical form, `(rows,)`, or None where `rows` is None."""
        ...

    @property
    def cheap(self) -> tuple[bool, ...]:
        """For each objective, whether it is known from the architecture free of charge."""
        ...

    def row(self, architectures: Architectures) -> Ints:
        """Return the row of each architecture, `(...)`; -1 if unavailable."""
        ...

    def evaluate(
        self, rows: Ints, architectures: Architectures, level: Ints, key: NDArray[np.uint64], repetition: Ints
    ) -> tuple[Floats, Ints]:
        """Return objectives `(n, M)` and training seeds `(n,)` of `n` queries.

        Args:
            rows: from `row`.
            architectures: `(n, d)`.
            level: position of the fidelity in `SearchProtocol.epochs`, `(n,)`.
            key: key of the run's environment, `(n,)`.
            repetition: how often the run trained this architecture before, `(n,)`.
        """
        ...

    def seconds(self, rows: Ints, architectures: Architectures, level: Ints) -> Floats:
        """Return the training seconds of `n` queries, `(n,)`; called after `evaluate` for the same queries."""
        ...

    def facts(self, architectures: Architectures) -> Floats:
        """Return the cheap objectives, `(..., number of cheap)`."""
        ...
