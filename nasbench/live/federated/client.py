"""A client: it holds local examples and, in each round, makes one pass over them starting from the server's state."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nasbench.errors import NasbenchError
from nasbench.live.experiment.retraining import final_splits
from nasbench.live.federated.federated_config import (
    LOSSES,
    THETA,
    Array,
    FederatedConfig,
    derive_seed,
    get_weights,
    load_weights,
)
from nasbench.live.federated.partition import check_client
from nasbench.live.searchers.loop import SupernetSearch
from nasbench.live.tasks.task import Splits, Task
from nasbench.live.training.batches import DeviceSplit
from nasbench.live.training.metrics import evaluate_loss
from nasbench.live.training.microbatching import memory_guard
from nasbench.live.training.training import Trainer

FLOOR = 1e-20
"""Smallest probability that a client sends: exponentiated gradient never reaches zero except by rounding."""

LARGEST = 1e9
"""Largest validation loss that a client sends."""


@dataclass(frozen=True)
class FitInstructions:
    """Instructions of the server to a client for one round.

    Attributes:
        number: the round, counted from 1 over all phases.
        architecture: the architecture found, or the finalists, one a line; "" during the search.
        share: fraction of its local examples that the client processes; below 1 for a straggler.
    """

    number: int
    architecture: str = ""
    share: float = 1.0


class Client:
    """A federated client and its local data.

    Args:
        number: index of the client, from 0.
        task, splits: the task and the local examples; the test split is never used.
        device: device for the computation.
    """

    def __init__(self, number: int, task: Task, splits: Splits, device: torch.device | None = None) -> None:
        self.number, self.task, self.splits = number, task, splits
        self.device = device or torch.device("cpu")

    def join(self, config: FederatedConfig) -> dict[str, int]:
        """Return the client's number and its number of examples, or raise NasbenchError if it cannot take part."""
        if config.task != self.task.name:
            raise NasbenchError(
                f"client {self.number} has data of task {self.task.name}; the search is on {config.task}, and should be."
            )
        check_client(self.task, self.splits, self.number)
        return {"client": self.number, "examples": len(self.splits.train)}

    def work(
        self, config: FederatedConfig, instruction: FitInstructions, state: Mapping[str, Array]
    ) -> tuple[dict[str, Array], float]:
        """Make one pass over the local examples from the server's state; return the new state and the mean loss.

        The computation uses one thread: with more, sums are rounded differently, and the simulation would not agree bit
        for bit with the in-process runtime. Momentum restarts at zero in every round, so clients are stateless.

        Raises:
            NasbenchError: if the loss is not finite, or memory runs out.
        """
        with one_thread(), memory_guard(self.device, "computing a round"):
            seed = derive_seed(config.seed, instruction.number, self.number)
            work = {"search": self._search, "finalists": self._compare, "train": self._train}
            return work[config.phase(instruction.number)](config, instruction, state, seed)

    def _search(
        self, config: FederatedConfig, instruction: FitInstructions, state: Mapping[str, Array], seed: int
    ) -> tuple[dict[str, Array], float]:
        searcher = config.searcher(seed, self.device)
        load_weights(searcher.supernet, {name: value for name, value in state.items() if name != THETA})
        searcher.theta = torch.from_numpy(np.array(state[THETA])).to(self.device)
        searcher.warming_up = instruction.number <= config.warmup_rounds
        run = SupernetSearch(searcher, self.task, subset(self.splits, instruction.share, seed))
        run.curve = completed_rounds(instruction.number)
        loss = run.run(until=instruction.number).curve[-1]["train_loss"]
        theta = apply_floor(searcher.theta.detach().cpu().numpy(), state[THETA])
        return {THETA: theta, **get_weights(searcher.supernet)}, float(loss)

    def _compare(
        self, config: FederatedConfig, instruction: FitInstructions, state: Mapping[str, Array], seed: int
    ) -> tuple[dict[str, Array], float]:
        """Train each finalist on the training examples; in the last round score them before, on the search examples."""
        number = instruction.number - config.supernet.epochs
        splits = subset(self.splits, instruction.share, seed)
        held = DeviceSplit(self.splits.search, self.task, self.device)
        update: dict[str, Array] = {}
        losses, scores = [], []
        for finalist, name in enumerate(instruction.architecture.split("\n")):
            network = config.network(config.parse(name)).to(self.device)
            prefix = f"{finalist}."
            load_weights(network, {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})
            if config.scoring(instruction.number):
                scores.append(evaluate_loss(network, self.task.shape, held))
            run = Trainer(network, self.task, splits, replace(config.recipe, seed=seed), self.device, track=False)
            run.curve = completed_rounds(number)
            trained = run.run(until=number)
            losses.append(trained.curve[-1]["train_loss"])
            update |= {f"{prefix}{name}": value for name, value in get_weights(trained.network).items()}
        if scores:
            update[LOSSES] = as_losses(np.array(scores))
        return update, float(np.mean(losses))

    def _train(
        self, config: FederatedConfig, instruction: FitInstructions, state: Mapping[str, Array], seed: int
    ) -> tuple[dict[str, Array], float]:
        number = instruction.number - config.supernet.epochs
        network = config.network(config.parse(instruction.architecture))
        load_weights(network, state)
        splits = subset(final_splits(self.splits), instruction.share, seed)
        run = Trainer(network, self.task, splits, replace(config.recipe, seed=seed), self.device, track=False)
        run.curve = completed_rounds(number)
        trained = run.run(until=number)
        return get_weights(trained.network), float(trained.curve[-1]["train_loss"])


def as_losses(losses: NDArray[np.float64]) -> Array:
    """Return losses as they are sent: in single precision, and one that is not finite as a very large one."""
    return np.nan_to_num(losses, nan=LARGEST, posinf=LARGEST).clip(max=LARGEST).astype(np.float32)


def completed_rounds(number: int) -> list[dict[str, Any]]:
    """Return a learning curve with one row for each round before `number`, so that schedules continue correctly."""
    return [{"seconds": 0.0} for _ in range(number - 1)]


def subset(splits: Splits, share: float, seed: int) -> Splits:
    """Return splits with a random fraction `share` of the training examples, at least two."""
    if share >= 1:
        return splits
    train = splits.train
    kept = np.random.default_rng(seed).permutation(len(train))[: max(2, math.ceil(share * len(train)))]
    return replace(splits, train=replace(train, x=train.x[kept], y=train.y[kept]))


def apply_floor(theta: Array, start: Array) -> Array:
    """Return theta with entries that were rounded to zero raised to `FLOOR`; padding, which was zero at the start,
    stays zero.
    """
    return np.where((start > 0) & (theta < FLOOR), np.asarray(FLOOR, theta.dtype), theta)


@contextmanager
def one_thread() -> Iterator[None]:
    """Restrict torch to one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
