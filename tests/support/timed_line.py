"""A problem of one decision whose training times are listed, so that a schedule can be computed by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from nasbench.search.ledger import Budget
from nasbench.search.problem import Problem
from nasbench.spaces.space import Architectures, Floats, Ints, Space

from table_protocol import table_protocol


class TimedLine:
    """An evaluator: architecture `a` of `n` has the error `errors[a]`, and trains for `seconds[a]` in proportion to its epochs."""

    def __init__(self, seconds: Sequence[float], errors: Sequence[float] = (), epochs: Sequence[int] = (200,)) -> None:
        self.space = Space("line", ("a",), (tuple(map(str, range(len(seconds)))),))
        self.rows = len(seconds)
        self.functions = np.arange(len(seconds))
        self.cheap = (False,)
        self._seconds = np.array(seconds, dtype=float)
        self._errors = np.array(errors or range(len(seconds)), dtype=float)
        self._epochs = np.array(epochs)

    def row(self, architectures: Architectures) -> Ints:
        return architectures[..., 0].astype(np.int64)

    def evaluate(
        self, rows: Ints, architectures: Architectures, level: Ints, key: NDArray[np.uint64], repetition: Ints
    ) -> tuple[Floats, Ints]:
        return self._errors[rows][:, None], np.full(len(rows), -1)

    def seconds(self, rows: Ints, architectures: Architectures, level: Ints) -> Floats:
        return self._seconds[rows] * (self._epochs[level] / self._epochs[-1])

    def facts(self, architectures: Architectures) -> Floats:
        return np.empty((*architectures.shape[:-1], 0))


def timed_problem(
    seconds: Sequence[float],
    limits: Mapping[str, float],
    *,
    errors: Sequence[float] = (),
    fidelities: tuple[int, ...] = (200,),
    repeat_policy: str = "cache",
) -> Problem:
    """Return the problem of one run with these training times and limits of the budget."""
    protocol = table_protocol(Budget(dict(limits)), epochs=fidelities, repeat_policy=repeat_policy)
    return Problem(TimedLine(seconds, errors, fidelities), protocol, 0, (0,))
