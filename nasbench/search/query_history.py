"""What each run of a search problem has queried before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nasbench.search.evaluator import Evaluator
from nasbench.spaces.space import Architectures, Ints

DENSE_LIMIT = 2**28
"""Maximum number of (run, architecture) counters kept as an array; beyond it each run uses a dictionary."""
MOST_REPETITIONS = np.iinfo(np.uint16).max
"""Maximum repetitions with distinct training seeds; further repetitions reuse the seed of the last."""


class QueryHistory:
    """Query history of each run: repetitions of each architecture (at each fidelity), and the first architecture of
    each isomorphism class.
    """

    def __init__(self, runs: int, evaluator: Evaluator, levels: int, functions: bool) -> None:
        self._runs = np.arange(runs)
        self._levels = levels
        self._functions = evaluator.functions
        self._keep_source = functions
        self._size = 0 if evaluator.rows is None else evaluator.rows * levels
        self._dense = evaluator.rows is not None and runs * self._size <= DENSE_LIMIT
        self._space = evaluator.space
        slots = runs * self._size if self._dense else 0
        # Small integers: these two arrays are accessed randomly, which is slow beyond the processor's cache.
        self._times = np.zeros(slots, dtype=np.uint16)
        self._known = np.zeros(0 if functions else slots, dtype=bool)
        self._source = np.full(slots if functions else 0, -1, dtype=np.int32)
        self._seen: list[dict[tuple[bytes, int], int]] = [{} for _ in range(0 if self._dense else runs)]
        self._met: list[dict[tuple[bytes, int], int]] = [{} for _ in range(0 if self._dense else runs)]

    def recall(
        self, rows: Ints, architectures: Architectures, level: Ints, proposed: NDArray[np.bool_]
    ) -> tuple[Ints, NDArray[np.bool_], Ints]:
        """Return the repetition number, whether the function is new, and the row that answers, each `(R, B)`; and
        remember the batch.
        """
        step = self._dense_step if self._dense else self._sparse_step
        every = bool(proposed.all())
        if every and rows.shape[1] == 1:
            one, first, met = step(self._runs, rows[:, 0], architectures[:, 0], level[:, 0])
            return one[:, None], first[:, None], met[:, None]
        repetition = np.zeros(rows.shape, dtype=np.int64)
        fresh = np.zeros(rows.shape, dtype=bool)
        source = rows.copy() if self._keep_source else rows
        # Column by column, so that repetitions within a batch are recognised.
        for b in range(rows.shape[1]):
            runs = self._runs if every else np.flatnonzero(proposed[:, b])
            repetition[runs, b], fresh[runs, b], met = step(runs, rows[runs, b], architectures[runs, b], level[runs, b])
            if self._keep_source:
                source[runs, b] = met
        return repetition, fresh, source

    def _dense_step(
        self, runs: Ints, rows: Ints, architectures: Architectures, level: Ints
    ) -> tuple[Ints, NDArray[np.bool_], Ints]:
        assert self._functions is not None
        base = runs * self._size + (level if self._levels > 1 else 0)
        slot = base + rows * self._levels
        repetition = self._times[slot].astype(np.int64)
        self._times[slot] = np.minimum(repetition + 1, MOST_REPETITIONS)
        function = base + self._functions[rows] * self._levels
        if not self._keep_source:
            fresh = ~self._known[function]
            self._known[function] = True
            return repetition, fresh, rows
        met = self._source[function]
        fresh = met < 0
        met = np.where(fresh, rows, met)
        self._source[function] = met
        return repetition, fresh, met

    def _sparse_step(
        self, runs: Ints, rows: Ints, architectures: Architectures, level: Ints
    ) -> tuple[Ints, NDArray[np.bool_], Ints]:
        repetition = np.zeros(len(runs), dtype=np.int64)
        fresh = np.zeros(len(runs), dtype=bool)
        met = rows.copy()
        canonical = self._space.canonical(architectures)
        for i, run in enumerate(runs):
            key = (architectures[i].tobytes(), int(level[i]))
            repetition[i] = self._seen[run].get(key, 0)
            self._seen[run][key] = int(repetition[i]) + 1
            function = (canonical[i].tobytes(), int(level[i]))
            fresh[i] = function not in self._met[run]
            met[i] = self._met[run].setdefault(function, int(rows[i]))
        return repetition, fresh, met
