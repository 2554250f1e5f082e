"""A benchmark that answers queries by training, with measured seconds, for ask-tell optimizers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from nasbench.errors import NasbenchError, unknown_name
from nasbench.extras import require_extra
from nasbench.live.deployment.onnx_file import to_onnx
from nasbench.live.deployment.runtime import OnnxModel
from nasbench.live.experiment.evaluation_cache import EvaluationCache
from nasbench.live.hardware.cost_counters import COUNTED, CostCounters
from nasbench.live.hardware.latency import LatencyTable, measure_network
from nasbench.live.networks.builders import get_networks
from nasbench.live.networks.space_networks import Architecture, SpaceNetworks
from nasbench.live.tasks.shape import TaskShape
from nasbench.live.tasks.task import Split, Splits, Task
from nasbench.live.training.batches import DeviceSplit
from nasbench.live.training.metrics import evaluate
from nasbench.live.training.recipe import Recipe
from nasbench.live.training.standalone import build_trainer
from nasbench.live.training.training import DivergedError, EpochCallback, Trained, Trainer, noop_callback
from nasbench.search.observations import MultiFidelityBatch, Observations
from nasbench.search.problem import ANYONE, Problem
from nasbench.search.proposals import Asker
from nasbench.search.random_streams import hashed_uniform
from nasbench.search.search_protocol import SearchProtocol
from nasbench.spaces.space import Architectures, Floats, Ints, Space

LATENCY = "latency"
"""Latency in milliseconds for batch size one on the training device."""
ONNX_LATENCY, BYTES = "latency@onnx-1-thread", "bytes"
"""Latency in milliseconds for one example with onnxruntime on one thread, and the size of the ONNX file."""
PREDICTED = "latency@predicted"
"""`LATENCY` predicted from a table of measured operations: free once the operations have been measured, with the
accuracy reported by `nasbench latency`. Measured again by every process.
"""
CALIBRATION = 10
"""Number of architectures for calibration of the prediction."""
CHEAP = (*COUNTED, PREDICTED)
MEASURED = (LATENCY, ONNX_LATENCY, BYTES)
"""Objectives that require a training: an ONNX file takes 0.1 to 0.4 s to write, too long for thousands of candidates,
and its size depends on the weights, since equal arrays are stored once.
"""


@dataclass(frozen=True)
class LiveBenchmark:
    """A live benchmark: a task and a recipe.

    Attributes:
        task: the task.
        train, search: its splits; the test split is not accessible.
        space_name: name of the live space.
        recipe: training recipe; a study's epochs override its own.
        device: device for training.
        diverged: score assigned to a diverged training; None to raise DivergedError, which ends the search.
    """

    task: Task
    train: Split
    search: Split
    space_name: str
    recipe: Recipe
    device: torch.device
    diverged: float | None = None

    @property
    def name(self) -> str:
        """`live-SPACE/TASK`."""
        return f"live-{self.space_name}/{self.task.name}"

    @property
    def space(self) -> Space:
        """The space that is searched."""
        return get_networks(self.space_name).make_space()

    def longest(self, objectives: Sequence[str], split: str) -> int:
        """Return the epochs of the recipe, the longest training."""
        return self.recipe.epochs

    def problem(
        self,
        protocol: SearchProtocol,
        seed: int,
        runs: Sequence[int],
        cache: EvaluationCache | None = None,
        epoch_callback: EpochCallback = noop_callback,
    ) -> Problem:
        """Return the search problem, which answers from the evaluation cache where possible.

        `epoch_callback` is called before each epoch of a training; an exception from it ends the query, and finished
        evaluations stay cached.

        Raises NasbenchError if the task does not support the protocol.
        """
        return LiveProblem(TrainingEvaluator(self, protocol, cache, epoch_callback), protocol, seed, tuple(runs))


class LiveProblem(Problem):
    """A search problem that trains the architectures of a batch in sequence, stopping at the budget."""

    def query(self, batch: Architectures | MultiFidelityBatch, asker: Asker = ANYONE) -> Observations:
        """Answer a batch `(R, B, d)`; see `Problem.query`."""
        architectures = batch.architectures if isinstance(batch, MultiFidelityBatch) else batch
        shape = np.shape(architectures)
        width = shape[1] if len(shape) == 3 else 0
        if width < 2:
            return super().query(batch, asker)
        parts = []
        for b in range(width):
            column = architectures[:, b : b + 1]
            parts.append(
                super().query(
                    MultiFidelityBatch(column, batch.epochs[:, b : b + 1])
                    if isinstance(batch, MultiFidelityBatch)
                    else column,
                    asker,
                )
            )
        arrays = [f.name for f in fields(Observations) if isinstance(getattr(parts[0], f.name), np.ndarray)]
        joined: dict[str, Any] = {
            name: np.concatenate([getattr(part, name) for part in parts], axis=1) for name in arrays
        }
        return replace(parts[0], **joined)


class TrainingEvaluator:
    """Evaluator that trains each architecture from scratch; see `nasbench.search.evaluator.Evaluator`."""

    def __init__(
        self,
        live: LiveBenchmark,
        protocol: SearchProtocol,
        cache: EvaluationCache | None = None,
        epoch_callback: EpochCallback = noop_callback,
    ) -> None:
        if protocol.split != "search":
            raise NasbenchError(f"A live task answers from its split 'search', not from {protocol.split!r}.")
        if protocol.training_seed == "mean":
            raise NasbenchError("A live task trains one seed per query; training_seed should be 'random' or a number.")
        networks, recipe = get_networks(live.space_name), live.recipe
        priced = (PREDICTED,) if isinstance(networks, SpaceNetworks) else ()
        known = (live.task.metric, *MEASURED, *COUNTED, *priced)
        for name in protocol.objectives:
            if name not in known:
                raise unknown_name(f"objective of {live.name}", name, known)
        if {ONNX_LATENCY, BYTES} & {*protocol.objectives}:
            require_extra("edge", "onnx")
            require_extra("edge", "onnxruntime")
        self.live, self.protocol, self.epoch_callback = live, protocol, epoch_callback
        self.cache = cache or EvaluationCache()
        self.space = live.space
        size = (live.task.shape, recipe.channels, recipe.cells)
        self._facts = CostCounters(networks, *size, recipe.auxiliary_weight > 0)
        self._latency = (
            LatencyTable(networks, *size, device=live.device) if isinstance(networks, SpaceNetworks) else None
        )
        self.cheap = tuple(name in CHEAP for name in protocol.objectives)
        small = self.space.is_enumerable
        # By index, which includes infeasible combinations.
        self.rows: int | None = self.space.product_size if small else None
        self.functions: Ints | None = self.space.index(self.space.canonical(self._everything())) if small else None
        self._done: dict[tuple[int, int, int, int], tuple[list[float], int, float]] = {}
        self._last: list[float] = []

    def _everything(self) -> Architectures:
        return self.space.from_index(np.arange(self.space.product_size))

    def row(self, architectures: Architectures) -> Ints:
        """Index of each architecture."""
        return self.space.index(architectures)

    def evaluate(
        self, rows: Ints, architectures: Architectures, level: Ints, key: NDArray[np.uint64], repetition: Ints
    ) -> tuple[Floats, Ints]:
        """Train the architectures that are not cached; see the protocol."""
        draws = hashed_uniform(key, rows, level, repetition)
        answers = []
        for row, at, run, again, draw in zip(rows, level, key, repetition, draws, strict=True):
            place = (int(row), int(at), int(run), int(again))
            if place not in self._done:
                train = partial(self._train, self.space.from_index(int(row)), int(at), float(draw))
                self._done[place] = self.cache.answer(place, train)
            answers.append(self._done[place])
        self._last = [seconds for _, _, seconds in answers]
        values = np.array([value for value, _, _ in answers]).reshape(-1, len(self.protocol.objectives))
        return values, np.array([seed for _, seed, _ in answers], dtype=np.int64)

    def seconds(self, rows: Ints, architectures: Architectures, level: Ints) -> Floats:
        """Return the measured seconds of the trainings of the last `evaluate`."""
        return np.array(self._last)

    def facts(self, architectures: Architectures) -> Floats:
        """Return counted and predicted objectives, `(..., number of cheap)`."""
        flat = architectures.reshape(-1, self.space.d)
        columns = [
            self._predicted(flat) if name == PREDICTED else self._facts([name], flat)[:, 0]
            for name in self.protocol.objectives
            if name in CHEAP
        ]
        values = np.stack(columns, axis=1) if columns else np.empty((len(flat), 0))
        return values.reshape(*architectures.shape[:-1], len(columns))

    def _predicted(self, architectures: Architectures) -> Floats:
        assert self._latency is not None
        if not self._latency.calibrated:
            uniform = np.random.default_rng(0).random((CALIBRATION, self.space.d))
            self._latency.calibrate(self.space.sample(uniform))
        return np.array([self._latency.predict(a) for a in architectures])

    def _train(self, architecture: Architecture, level: int, draw: float) -> tuple[list[float], int, float]:
        return self._answer(self._build(architecture, self.protocol.epochs[level], draw), architecture)

    def _build(self, architecture: Architecture, epochs: int, draw: float, folder: Path | None = None) -> Trainer:
        """Return a training of that length, resumed from its checkpoint in `folder` if there is one; `draw` in [0, 1) gives a random seed."""
        live, policy = self.live, self.protocol.training_seed
        seed = int(draw * 2**31) if policy == "random" else int(policy)
        recipe = replace(live.recipe, epochs=epochs, seed=seed)
        splits = Splits(live.train, live.search, live.search.first(0))
        return build_trainer(live.task, splits, live.space_name, architecture, recipe, live.device, folder, track=False)

    def _answer(
        self, run: Trainer, architecture: Architecture, until: int | None = None
    ) -> tuple[list[float], int, float]:
        """Continue a training to its end, or to the epochs `until`; return the objectives, the seed and the seconds that it added."""
        live, recipe = self.live, run.recipe
        before = sum(row["seconds"] for row in run.curve)
        try:
            trained = run.run(until, self.epoch_callback)
            data = DeviceSplit(live.search, live.task, live.device)
            error = evaluate(trained.network, live.task.shape, data, views=recipe.views, arithmetic=trained.arithmetic)
        except DivergedError:
            if live.diverged is None:
                raise
            trained, error = Trained(run.network, run.curve, sum(row["seconds"] for row in run.curve)), live.diverged
        values = {live.task.metric: error}
        values |= measure_objectives(trained.network, live.task.shape, self.protocol.objectives)
        cheap = [name for name in self.protocol.objectives if name in CHEAP]
        values |= dict(zip(cheap, self.facts(architecture).tolist(), strict=True))
        return [values[name] for name in self.protocol.objectives], recipe.seed, trained.seconds - before


def measure_objectives(network: nn.Module, shape: TaskShape, objectives: Sequence[str]) -> dict[str, float]:
    """Return the objectives that are measured on a trained network; one ONNX file is used for both that need it."""
    values = {}
    if LATENCY in objectives:
        values[LATENCY] = measure_network(network, shape, (1,))[1]
    if {ONNX_LATENCY, BYTES} & {*objectives}:
        content = to_onnx(network, shape)
        values |= {BYTES: float(len(content))} if BYTES in objectives else {}
        values |= {ONNX_LATENCY: OnnxModel(content).latency(shape)} if ONNX_LATENCY in objectives else {}
    return values
