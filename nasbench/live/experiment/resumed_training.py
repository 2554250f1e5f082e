"""Trainings of several lengths that continue each other, for optimizers that choose how long to train (successive halving, Hyperband)."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nasbench.live.experiment.known_quantities import KnowingEvaluator
from nasbench.live.networks.space_networks import Architecture
from nasbench.live.training.training import Trainer
from nasbench.search.random_streams import hashed_uniform
from nasbench.spaces.space import Floats, Ints


class ResumingEvaluator(KnowingEvaluator):
    """An evaluator that trains an architecture as far as it is asked, and later continues where it stopped.

    Every length is a part of the longest training, with its seed and its schedule of learning rates, so that a continued training has the
    bits of an uninterrupted one (on a CPU). A length that is asked for after a longer one is trained anew. An answer is charged the seconds that
    it added; the account `epochs` counts the epochs that it rests on.

    Attributes:
        folder: folder of the checkpoints, from which a killed search continues its trainings too; None to keep them in memory.
    """

    folder: Path | None = None
    _keys: dict[int, np.uint64]

    @cached_property
    def _trainers(self) -> dict[int, Trainer]:
        """The training of each architecture, by its row, as far as it has come."""
        return {}

    def evaluate(
        self, rows: Ints, architectures: NDArray[np.int8], level: Ints, key: NDArray[np.uint64], repetition: Ints
    ) -> tuple[Floats, Ints]:
        """Train the architectures that are not cached to their level; see the protocol."""
        self._keys = dict(zip(rows.tolist(), key, strict=True))
        return super().evaluate(rows, architectures, level, key, repetition)

    def _train(self, architecture: Architecture, level: int, draw: float) -> tuple[list[float], int, float]:
        row, until, longest = int(self.space.index(architecture)), self.protocol.epochs[level], self.protocol.epochs[-1]
        # The same draw at every level.
        draw = float(hashed_uniform(*(np.array([value]) for value in (self._keys[row], row, 0, 0)))[0])
        if row not in self._trainers:
            folder = self.folder / f"training-{row}" if self.folder else None
            self._trainers[row] = self._build(architecture, longest, draw, folder)
        trainer = self._trainers[row]
        if len(trainer.curve) > until:  # it has gone further, and its weights with it
            trainer = self._build(architecture, longest, draw)
        return self._answer(trainer, architecture, until)
