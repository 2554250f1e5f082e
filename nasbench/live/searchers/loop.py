"""The loop that drives every searcher: epochs, learning rate, curve, early stopping, checkpoint."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nasbench.errors import NasbenchError
from nasbench.live.hardware.torch_device import synchronize
from nasbench.live.networks.mixed_operation import OperationWeights
from nasbench.live.networks.space_networks import Architecture, get_cell_networks
from nasbench.live.searchers.searcher import Searcher, SupernetConfig
from nasbench.live.searchers.stopping import EarlyStopping, count_skip_connections
from nasbench.live.supernets.hypergradient import dominant_eigenvalue
from nasbench.live.supernets.supernet import Supernet
from nasbench.live.tasks.task import Splits, Task
from nasbench.live.training import checkpoint
from nasbench.live.training.arithmetic import choose_arithmetic
from nasbench.live.training.batches import DeviceSplit
from nasbench.live.training.following import tell_followers
from nasbench.live.training.metrics import score
from nasbench.live.training.training import EpochCallback, noop_callback
from nasbench.ranges import COUNT
from nasbench.renamed import RECIPE, SETTINGS, stored_with_new_names

SearcherFactory = Callable[[Supernet, SupernetConfig, torch.Generator], Searcher]
SEARCH_CHECKPOINT = "search.pt"
"""File name of the checkpoint of a weight-sharing search."""


@dataclass(frozen=True)
class SearchResult:
    """Result of a weight-sharing search.

    Attributes:
        architecture: `(d,)`.
        curve: one row per epoch: epoch, train_loss, search (score of the supernet at its point), entropy (mean over the
            simplices, in nats), skips, seconds, architecture, and eigenvalue where it was measured.
        seconds: measured total seconds.
        stopped_early: whether an early-stopping rule ended it.
        searcher: the searcher with its supernet, for further use.
    """

    architecture: Architecture
    curve: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    stopped_early: bool = False
    searcher: Searcher | None = None


def build_searcher(
    make: SearcherFactory, task: Task, space: str, settings: SupernetConfig, device: torch.device, partial: int = 1
) -> Searcher:
    """Return a searcher on a newly initialised supernet, with all randomness from the seed of the settings.

    Raises:
        NasbenchError: if `partial`, the partial channels of the supernet, or an option of the searcher is invalid.
    """
    if partial not in COUNT:
        raise NasbenchError(f"Partial channels are {partial!r}; they should be {COUNT.words}.")
    if settings.channels % partial:
        raise NasbenchError(f"Partial channels cut {settings.channels} channels in {partial} parts; choose a multiple.")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        supernet = Supernet(get_cell_networks(space), task.shape, settings.channels, settings.cells, partial)
    supernet.to(device).compute_in(choose_arithmetic(settings, supernet, task.shape.dims, device))
    return make(supernet, settings, torch.Generator().manual_seed(settings.seed + 1))


def _with_todays_names(content: dict[str, Any]) -> dict[str, Any]:
    """Return a checkpoint with current names in its identity."""
    identity = dict(content["identity"])
    settings = identity.get("settings")
    if isinstance(settings, dict):
        identity["settings"] = stored_with_new_names(settings, RECIPE)
    if isinstance(identity.get("options"), dict):
        identity["options"] = stored_with_new_names(
            identity["options"], SETTINGS.get(identity.get("optimizer", ""), {})
        )
    if isinstance(identity.get("stopping"), str):
        identity["stopping"] = str(EarlyStopping.parse(identity["stopping"]))
    return {**content, "identity": identity}


class SupernetSearch:
    """A search on a task's training and search splits; resumes from its checkpoint in `folder` if there is one.

    Args:
        searcher: newly built searcher.
        task, splits: the task and its data; the test split is not used.
        stopping: the early-stopping rule.
        folder: folder of the checkpoint, written after each epoch; None for no checkpoint.
        identity: further data that a checkpoint must match, in addition to the settings.
    """

    def __init__(
        self,
        searcher: Searcher,
        task: Task,
        splits: Splits,
        stopping: EarlyStopping | None = None,
        folder: Path | None = None,
        identity: dict[str, Any] | None = None,
    ) -> None:
        self.searcher, self.task = searcher, task
        self.stopping = stopping or EarlyStopping()
        self.train = DeviceSplit(splits.train, task, searcher.device)
        self.held = DeviceSplit(splits.search, task, searcher.device)
        self.generator = torch.Generator().manual_seed(searcher.settings.seed)
        self.curve: list[dict[str, Any]] = []
        self.ended: Architecture | None = None
        self.path = folder / SEARCH_CHECKPOINT if folder else None
        if self.stopping.needs_eigenvalue and searcher.architecture_probabilities().shape != searcher.mask.shape:
            raise NasbenchError(
                f"Stopping by eigenvalue needs a point on the relaxation of the space, and this searcher's lies elsewhere in "
                f"{searcher.networks.space}; use none or max-skip-connections."
            )
        if self.stopping.needs_eigenvalue and not searcher.mixes_probabilities:
            raise NasbenchError("Stopping by eigenvalue needs a softmax of the logits; leave out arch_activation.")
        if self.stopping.needs_eigenvalue and searcher.supernet.arithmetic.bfloat16:
            raise NasbenchError("Stopping by eigenvalue takes second derivatives, which need the precision float32.")
        self.identity = {"task": task.name, "settings": asdict(searcher.settings), **(identity or {})}
        if self.stopping.rule != "none":  # so that folders written before rules were part of the identity are resumed
            self.identity["stopping"] = str(self.stopping)
        self._resume()

    def run(self, until: int | None = None, epoch_callback: EpochCallback = noop_callback) -> SearchResult:
        """Search to the last epoch (or to `until`), or until the early-stopping rule applies.

        `epoch_callback` is called before each epoch; an exception from it ends the search, and finished epochs are kept
        in the checkpoint.
        """
        settings = self.searcher.settings
        ended = self.ended
        last = 0 if ended is not None else min(settings.epochs if until is None else until, settings.epochs)
        for epoch in range(len(self.curve), last):
            epoch_callback()
            start = time.perf_counter()
            row = self._epoch(epoch)
            ended = self.stopping.tell(
                self.searcher.networks, np.array(row["architecture"], np.int8), row.get("eigenvalue")
            )
            synchronize(self.searcher.device)
            row["seconds"] = time.perf_counter() - start
            self.curve.append(row)
            tell_followers("search", row)
            self._save(ended)
            if ended is not None:
                break
        start = time.perf_counter()
        self.searcher.finish(self.held)
        found = self.searcher.discretize() if ended is None else ended
        seconds = sum(row["seconds"] for row in self.curve) + time.perf_counter() - start
        return SearchResult(found, self.curve, seconds, ended is not None, self.searcher)

    def _epoch(self, epoch: int) -> dict[str, Any]:
        searcher, settings = self.searcher, self.searcher.settings
        searcher.supernet.train()
        augmentation = self.task.augmentation if self.task.shape.dims == 2 else None
        steps = max(len(self.train) // min(settings.batch_size, len(self.train)), 1)
        search = self.held.forever(settings.batch_size, self.generator)
        total = torch.zeros((), device=searcher.device)
        for step, batch in enumerate(self.train.epoch(settings.batch_size, self.generator, augmentation)):
            searcher.progress = (epoch + step / steps) / settings.epochs
            for group in searcher.optimizer.param_groups:
                group["lr"] = settings.learning_rate * 0.5 * (1 + math.cos(math.pi * searcher.progress))
            searcher.search_batch = next(search)
            total += searcher.step(batch, searcher.search_batch)
        if not torch.isfinite(total):
            raise NasbenchError(
                f"The loss of the supernet is not finite in epoch {epoch + 1}; lower the learning rate."
            )
        return self._row(epoch, float(total) / steps)

    def _row(self, epoch: int, train_loss: float) -> dict[str, Any]:
        searcher = self.searcher
        searcher.supernet.eval()
        searcher.finish_epoch(self.held)
        mixture, architecture_probabilities = searcher.mixture(), searcher.architecture_probabilities()
        architecture = searcher.discretize()
        row: dict[str, Any] = {
            "epoch": epoch + 1,
            "train_loss": train_loss,
            "search": score(self.task.shape, lambda x: searcher.supernet(x, mixture), self.held),
            "entropy": float(
                -torch.special.xlogy(architecture_probabilities, architecture_probabilities).sum(dim=1).mean()
            ),
            "skips": count_skip_connections(searcher.networks, architecture),
            "architecture": architecture.tolist(),
        }
        if self.stopping.needs_eigenvalue:
            row["eigenvalue"] = self._eigenvalue()
        return row

    def _eigenvalue(self) -> float:
        """Return the dominant Hessian eigenvalue of the search loss in the logits of the current point, on one batch."""
        searcher = self.searcher
        logits = torch.log(searcher.architecture_probabilities().clamp_min(1e-12)).detach().requires_grad_()
        batch = self.held.cut(slice(0, searcher.settings.batch_size))
        weights = searcher.networks.relaxation(torch.softmax(logits.masked_fill(~searcher.mask, -torch.inf), dim=1))
        value = searcher.loss(batch, OperationWeights(weights=weights, scale=searcher.mixture().scale))
        return dominant_eigenvalue(value, logits, torch.Generator().manual_seed(0))

    def _save(self, ended: Architecture | None) -> None:
        if self.path is None:
            return
        searcher = self.searcher
        checkpoint.save(
            self.path,
            {
                "identity": self.identity,
                "supernet": searcher.supernet.state_dict(),
                "optimizer": searcher.optimizer.state_dict(),
                "searcher": searcher.state(),
                "operation_stopping": searcher.operation_stopping.state() if searcher.operation_stopping else None,
                "generators": [self.generator.get_state(), searcher.generator.get_state()],
                "curve": self.curve,
                "ended": None if ended is None else ended.tolist(),
                "eigenvalues": self.stopping.eigenvalues,
                "parts": searcher.microbatching.n_microbatches,
            },
        )

    def _resume(self) -> None:
        state = checkpoint.load(self.path, self.identity, _with_todays_names) if self.path else None
        if state is None:
            return
        searcher = self.searcher
        searcher.supernet.load_state_dict(state["supernet"])
        searcher.optimizer.load_state_dict(state["optimizer"])
        searcher.restore(state["searcher"])
        if searcher.operation_stopping is not None:
            searcher.operation_stopping.restore(state["operation_stopping"])
        self.generator.set_state(state["generators"][0])
        searcher.generator.set_state(state["generators"][1])
        self.curve = state["curve"]
        self.ended = None if state["ended"] is None else np.array(state["ended"], np.int8)
        self.stopping.eigenvalues = state["eigenvalues"]
        searcher.microbatching.n_microbatches = state.get("parts", 1)
        self.stopping.architectures = [np.array(row["architecture"], np.int8) for row in self.curve]
