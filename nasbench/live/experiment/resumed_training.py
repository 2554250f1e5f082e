"""Trainings of several lengths that continue each other, for optimizers that choose how long to train (successive halving, Hyperband)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nasbench.live.experiment.known_quantities import KnowingEvaluator
from nasbench.live.experiment.training_benchmark import CHEAP, measure_objectives
from nasbench.live.networks.space_networks import Architecture
from nasbench.live.tasks.task import Splits
from nasbench.live.training.batches import DeviceSplit
from nasbench.live.training.metrics import evaluate
from nasbench.live.training.standalone import build_trainer
from nasbench.live.training.training import Trainer
from nasbench.search.random_streams import hashed_uniform
from nasbench.spaces.space import Floats, Ints


class ResumingEvaluator(KnowingEvaluator):
    """An evaluator that trains an architecture as far as it is asked, and later continues where it stopped.

    Every length is a part of the longest training, with its seed and its schedule of learning rates, so that a continued training has the
    bits of an uninterrupted one (on a CPU). An answer is charged the seconds that it added; the account `epochs` counts the epochs that it
    rests on.

    Attributes:
        folder: folder of the checkpoints, from which a killed search continues its trainings too; None to keep them in memory.
    """

    folder: Path | None = None
    _keys: dict[int, np.uint64]
    _trainers: dict[int, Trainer]

    def evaluate(
        self, rows: Ints, architectures: NDArray[np.int8], level: Ints, key: NDArray[np.uint64], repetition: Ints
    ) -> tuple[Floats, Ints]:
        """Train the architectures that are not cached to their level; see the protocol."""
        self._keys = dict(zip(rows.tolist(), key, strict=True))
        return super().evaluate(rows, architectures, level, key, repetition)

    def _train(self, architecture: Architecture, level: int, draw: float) -> tuple[list[float], int, float]:
        live, names = self.live, self.protocol.objectives
        row = int(self.space.index(architecture))
        trainer = self._trainer(row, architecture)
        before = sum(each["seconds"] for each in trainer.curve)
        trained = trainer.run(self.protocol.epochs[level], self.epoch_callback)
        held = DeviceSplit(live.search, live.task, live.device)
        shape, views = live.task.shape, trainer.recipe.views
        values = {live.task.metric: evaluate(trained.network, shape, held, views=views, arithmetic=trained.arithmetic)}
        values |= measure_objectives(trained.network, shape, names)
        values |= dict(zip((name for name in names if name in CHEAP), self.facts(architecture).tolist(), strict=True))
        return [values[name] for name in names], trainer.recipe.seed, trained.seconds - before

    def _trainer(self, row: int, architecture: Architecture) -> Trainer:
        """Return the training of an architecture, as far as it has come."""
        kept = self.__dict__.setdefault("_trainers", {})
        if row not in kept:
            live, policy = self.live, self.protocol.training_seed
            # The same draw at every level.
            draw = hashed_uniform(*(np.array([value]) for value in (self._keys[row], row, 0, 0)))[0]
            seed = int(draw * 2**31) if policy == "random" else int(policy)
            recipe = replace(live.recipe, epochs=self.protocol.epochs[-1], seed=seed)
            splits = Splits(live.train, live.search, live.search.first(0))
            folder = self.folder / f"training-{row}" if self.folder else None
            where = (live.space_name, architecture, recipe, live.device, folder)
            kept[row] = build_trainer(live.task, splits, *where, track=False)
        return kept[row]
