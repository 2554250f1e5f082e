"""A benchmark that answers by training: the same optimizers, the same ledger, seconds that were measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nasbench.benchmarks.handle import SearchHandle
from nasbench.benchmarks.setting import Setting
from nasbench.errors import NasbenchError, unknown_name
from nasbench.live.alone import initialised, train_alone
from nasbench.live.batches import DeviceSplit
from nasbench.live.blueprints import Architecture, blueprint
from nasbench.live.counting import macs, memory, parameters
from nasbench.live.journal import Journal
from nasbench.live.latency import measure_network
from nasbench.live.metrics import evaluate
from nasbench.live.recipe import Recipe
from nasbench.live.tasks.task import Split, Splits, Task
from nasbench.search.observations import Observations, Query
from nasbench.search.streams import hashed_uniform
from nasbench.spaces.space import Architectures, Floats, Ints, Space

FACTS = ("parameters", "flops", "memory")
"""Objectives that are counted and cost nothing.

Millions, millions of multiply-accumulates, MB of an inference of one.
"""
LATENCY = "latency"
"""Milliseconds for a batch of one on the device of the training.

Measured, so it comes with the training and is not free.
"""


@dataclass(frozen=True)
class LiveBenchmark:
    """A task and a recipe.

    Attributes:
        task: what is learnt.
        train, search: its splits; there is no way from here to the test split.
        space_name: the live space.
        recipe: how an architecture is trained; a study's epochs take the place of its own.
        device: where.
    """

    task: Task
    train: Split
    search: Split
    space_name: str
    recipe: Recipe
    device: torch.device

    @property
    def name(self) -> str:
        """`live-SPACE/TASK`."""
        return f"live-{self.space_name}/{self.task.name}"

    @property
    def space(self) -> Space:
        """The space that is searched."""
        return blueprint(self.space_name).make_space()

    def longest(self, objectives: Sequence[str], split: str) -> int:
        """Return the epochs of the recipe: the longest training there is."""
        return self.recipe.epochs

    def handle(self, setting: Setting, seed: int, runs: Sequence[int], journal: Journal | None = None) -> SearchHandle:
        """Return the search side, which answers from the journal what that knows.

        Raises NasbenchError if the task cannot answer the setting.
        """
        return LiveHandle(Trainings(self, setting, journal), setting, seed, tuple(runs))


class LiveHandle(SearchHandle):
    """A search handle that trains the architectures of a batch one after another, and none beyond the budget."""

    def query(self, batch: Architectures | Query) -> Observations:
        """Answer a batch `(R, B, d)`; see `SearchHandle.query`."""
        architectures = batch.architectures if isinstance(batch, Query) else batch
        width = architectures.shape[1] if architectures.ndim == 3 else 0
        if width < 2:
            return super().query(batch)
        parts = []
        for b in range(width):
            column = architectures[:, b : b + 1]
            parts.append(
                super().query(Query(column, batch.epochs[:, b : b + 1]) if isinstance(batch, Query) else column)
            )
        arrays = [f.name for f in fields(Observations) if isinstance(getattr(parts[0], f.name), np.ndarray)]
        joined: dict[str, Any] = {
            name: np.concatenate([getattr(part, name) for part in parts], axis=1) for name in arrays
        }
        return replace(parts[0], **joined)


class Trainings:
    """Answers by training each architecture alone; see `nasbench.benchmarks.handle.Evaluator`."""

    def __init__(self, live: LiveBenchmark, setting: Setting, journal: Journal | None = None) -> None:
        if setting.split != "search":
            raise NasbenchError(f"A live task answers from its split 'search', not from {setting.split!r}.")
        if setting.training_seed == "mean":
            raise NasbenchError("A live task trains one seed a query; training_seed should be 'random' or a number.")
        for name in setting.objectives:
            if name not in (live.task.metric, LATENCY, *FACTS):
                raise unknown_name(f"objective of {live.name}", name, (live.task.metric, LATENCY, *FACTS))
        self.live, self.setting = live, setting
        self.journal = journal or Journal()
        self.space = live.space
        self.cheap = tuple(name in FACTS for name in setting.objectives)
        small = self.space.is_enumerable
        self.rows: int | None = self.space.size if small else None
        self.functions: Ints | None = self.space.index(self.space.canonical(self.space.all)) if small else None
        self._done: dict[tuple[int, int, int, int], tuple[list[float], int, float]] = {}
        self._last: list[float] = []

    def row(self, architectures: Architectures) -> Ints:
        """Index of each architecture."""
        return self.space.index(architectures)

    def evaluate(
        self, rows: Ints, architectures: Architectures, level: Ints, key: NDArray[np.uint64], repetition: Ints
    ) -> tuple[Floats, Ints]:
        """Train what has not been trained; see the protocol."""
        draws = hashed_uniform(key, rows, level, repetition)
        answers = []
        for row, at, run, again, draw in zip(rows, level, key, repetition, draws, strict=True):
            place = (int(row), int(at), int(run), int(again))
            if place not in self._done:
                train = partial(self._train, self.space.from_index(int(row)), int(at), float(draw))
                self._done[place] = self.journal.answer(place, train)
            answers.append(self._done[place])
        self._last = [seconds for _, _, seconds in answers]
        values = np.array([value for value, _, _ in answers]).reshape(-1, len(self.setting.objectives))
        return values, np.array([seed for _, seed, _ in answers], dtype=np.int64)

    def seconds(self, rows: Ints, architectures: Architectures, level: Ints) -> Floats:
        """Measured seconds of the trainings that the last `evaluate` answered with."""
        return np.array(self._last)

    def facts(self, architectures: Architectures) -> Floats:
        """Counted objectives, `(..., number of cheap)`."""
        names = [name for name in self.setting.objectives if name in FACTS]
        flat = architectures.reshape(-1, self.space.d)
        values = np.array([[self._fact(name, a) for name in names] for a in flat], dtype=np.float64)
        return values.reshape(*architectures.shape[:-1], len(names))

    def _fact(self, name: str, architecture: Architecture) -> float:
        network = initialised(self.live.task, self.live.space_name, architecture, self.live.recipe)
        shape = self.live.task.shape
        if name == "parameters":
            return parameters(network) / 1e6
        return macs(network, shape) / 1e6 if name == "flops" else memory(network, shape)["total"] / 1e6

    def _train(self, architecture: Architecture, level: int, draw: float) -> tuple[list[float], int, float]:
        live, policy = self.live, self.setting.training_seed
        seed = int(draw * 2**31) if policy == "random" else int(policy)
        recipe = replace(live.recipe, epochs=self.setting.epochs[level], seed=seed)
        splits = Splits(live.train, live.search, live.search.first(0))
        trained = train_alone(live.task, splits, live.space_name, architecture, recipe, live.device)
        values = []
        for name in self.setting.objectives:
            if name == live.task.metric:
                data = DeviceSplit(live.search, live.task, live.device)
                values.append(evaluate(trained.network, live.task.shape, data, flip=recipe.test_time_flip))
            elif name == LATENCY:
                values.append(measure_network(trained.network, live.task.shape, (1,))[1])
            else:
                values.append(self._fact(name, architecture))
        return values, seed, trained.seconds
