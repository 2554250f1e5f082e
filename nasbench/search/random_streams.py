"""Random streams: one seeded stream per run, independent of the number of runs.

A run's stream is the sequence of doubles of its own PCG64 generator, seeded by (study seed, run). Lockstep algorithms draw a
row for every run at once; what run 17 sees is the same sequence whether it runs alone or among 500, since blocks are cut from
its own generator and only the runs that draw advance.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nasbench.spaces.space import Floats

_LOCKSTEP, _GENERATOR, _ENVIRONMENT, _SUBSTITUTES = range(4)
_BLOCK = 1024
_LINE = 8
"""Doubles in a line of the processor's cache."""
_STEPS = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1B54A32D192ED03), np.uint64(0x8CB92BA72F3D8DD7))


def _sequence(seed: int, run: int, purpose: int) -> np.random.SeedSequence:
    return np.random.SeedSequence(seed, spawn_key=(run, purpose))


class Streams:
    """The random streams of the optimizers of several runs.

    Args:
        seed: seed of the study.
        runs: number of each run, `(R,)`; a run's stream depends on its number and the seed alone.
    """

    def __init__(self, seed: int, runs: Sequence[int]) -> None:
        self.seed = seed
        self.runs = tuple(int(run) for run in runs)
        self._sources = [np.random.default_rng(_sequence(seed, run, _LOCKSTEP)) for run in self.runs]
        # Rows that begin a power of two apart would share a few lines of the cache: each column would be read from memory.
        self._wide = np.empty((len(self.runs), _LINE))
        self._cursor = np.zeros(len(self.runs), dtype=np.int64)
        self._aligned = True

    def __len__(self) -> int:
        return len(self.runs)

    @property
    def _buffer(self) -> Floats:
        """Numbers that were drawn ahead, `(R, width)`, of which those from the cursor on are unread."""
        return self._wide[:, :-_LINE]

    def uniform(self, n: int, active: NDArray[np.bool_] | None = None) -> Floats:
        """Draw `n` uniform numbers in [0, 1) for every run, `(R, n)`.

        Args:
            n: numbers per run.
            active: `(R,)`; runs that draw. The others do not advance and receive zeros.
        """
        if active is None and self._aligned:
            return self._draw_aligned(n)
        rows = np.arange(len(self)) if active is None else np.flatnonzero(active)
        result = np.zeros((len(self), n))
        if len(rows):
            self._reserve(n, rows)
            width = self._wide.shape[1]
            drawn = self._wide.reshape(-1).take((rows * width + self._cursor[rows])[:, None] + np.arange(n))
            result[rows] = drawn
            self._cursor[rows] += n
            self._aligned = bool((self._cursor == self._cursor[0]).all())
        return result

    def _draw_aligned(self, n: int) -> Floats:
        start = int(self._cursor[0]) if len(self) else 0
        if start + n > self._buffer.shape[1]:
            self._reserve_aligned(n, start)
            start = int(self._cursor[0])
        self._cursor += n
        return self._buffer[:, start : start + n].copy()

    def _reserve_aligned(self, n: int, start: int) -> None:
        """Do as `_reserve` for all runs, whose cursors are at `start`."""
        if n > self._buffer.shape[1]:
            self._reserve(n, np.arange(len(self)))
            return
        unread = self._buffer.shape[1] - start
        self._buffer[:, :unread] = self._buffer[:, start:]
        for source, row in zip(self._sources, self._buffer[:, unread:], strict=True):
            source.random(out=row)
        self._cursor[:] = 0

    def _reserve(self, n: int, rows: NDArray[np.int64]) -> None:
        """Make `n` unread numbers available to each of `rows`, never skipping one."""
        width = self._buffer.shape[1]
        if n > width:
            self._widen(max(_BLOCK, 4 * n))
            width = self._buffer.shape[1]
        for row in rows[self._cursor[rows] + n > width]:
            unread = width - self._cursor[row]
            self._buffer[row, :unread] = self._buffer[row, self._cursor[row] :]
            self._sources[row].random(out=self._buffer[row, unread:])
            self._cursor[row] = 0

    def _widen(self, width: int) -> None:
        # Unread numbers move to the right end, where a cursor expects them.
        wider = np.empty((len(self), width + _LINE))
        old = self._buffer.shape[1]
        wider[:, width - old : width] = self._buffer
        self._wide = wider
        self._cursor += width - old

    def generator(self, position: int) -> np.random.Generator:
        """Return a fresh generator for the run at `position`, independent of `uniform`; for single-run algorithms."""
        return np.random.default_rng(_sequence(self.seed, self.runs[position], _GENERATOR))

    def substitutes(self, position: int) -> np.random.Generator:
        """Return a fresh generator for what replaces proposals of the run at `position`, independent of both."""
        return np.random.default_rng(_sequence(self.seed, self.runs[position], _SUBSTITUTES))


def environment_keys(seed: int, runs: Sequence[int]) -> NDArray[np.uint64]:
    """Return one key per run for the randomness of the benchmark (which training seed answers), apart from every optimizer's,
    `(R,)`.
    """
    return np.array(
        [_sequence(seed, int(run), _ENVIRONMENT).generate_state(1, np.uint64)[0] for run in runs], dtype=np.uint64
    )


def hashed_uniform(keys: NDArray[np.uint64], *numbers: NDArray[np.int64]) -> Floats:
    """Return a uniform number in [0, 1) that is a function of a key and some integers, all of one shape.

    The integers move the key along Weyl sequences of different odd steps, and the finaliser of SplitMix64 (Steele, Lea
    and Flood 2014) mixes the sum. The result does not depend on the order of calls, so two optimizers that query the
    same architecture in the same run observe the same training.

    Raises:
        ValueError: if there are more integers than steps.
    """
    z = keys.copy()
    for number, step in zip(numbers, _STEPS[: len(numbers)], strict=True):
        z += number.view(np.uint64) * step
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    uniform: Floats = (z >> np.uint64(11)) * np.float64(2.0**-53)
    return uniform
