"""Training a stand-alone network from scratch: checkpointed, resumable bit for bit on the CPU."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nasbench.errors import NasbenchError
from nasbench.live.hardware.torch_device import synchronize
from nasbench.live.networks.drop_path import set_drop_path
from nasbench.live.tasks.task import Splits, Task
from nasbench.live.training import checkpoint
from nasbench.live.training.arithmetic import EXACT, Arithmetic, choose_arithmetic
from nasbench.live.training.batches import Batch, DeviceSplit
from nasbench.live.training.following import tell_followers
from nasbench.live.training.metrics import evaluate, loss, primary
from nasbench.live.training.microbatching import MicrobatchFallback
from nasbench.live.training.moving_average import Lookahead, MovingAverage
from nasbench.live.training.recipe import Recipe
from nasbench.renamed import RECIPE

Reporter = Callable[[str], None]
EpochCallback = Callable[[], None]
"""Callback before each epoch; an exception from it ends the run."""


NORMALISATION = (nn.BatchNorm1d, nn.BatchNorm2d)
CHECKPOINT_SECONDS = 120.0
"""Age of the last checkpoint after which another is written, in addition to those at interruptions and at the end;
short trainings need none.
"""


class DivergedError(NasbenchError):
    """The training loss is no longer finite."""


def noop_callback() -> None:
    """Do nothing."""


def stderr_reporter(message: str) -> None:
    """Write a line of progress to standard error."""
    print(message, file=sys.stderr)


@dataclass(frozen=True)
class Trained:
    """Result of a training.

    Attributes:
        network: the network to evaluate: the moving average, if the recipe has one.
        curve: one row per epoch: epoch, learning_rate, train_loss, seconds, and search if a search split was given.
        seconds: measured training time, summed over all sessions of a resumed training.
        arithmetic: arithmetic of the training, recommended for evaluation.
    """

    network: nn.Module
    curve: list[dict[str, float]] = field(default_factory=list)
    seconds: float = 0.0
    arithmetic: Arithmetic = EXACT


def build_optimizer(network: nn.Module, recipe: Recipe, device: torch.device) -> torch.optim.SGD:
    """Return SGD over the trainable parameters, each group with the `scale` of its learning rate.

    Normalisation and biases (one axis) do not decay, unless decay is decoupled. torch multiplies a group's decay by its
    learning rate, so decoupled decay is divided by it beforehand.
    """
    trained = [p for p in network.parameters() if p.requires_grad]
    biases = {id(m.bias) for m in network.modules() if isinstance(m, NORMALISATION) and m.bias is not None}
    scaled = biases if recipe.bias_scale != 1.0 else set()
    kinds = {
        "decayed": [p for p in trained if p.dim() > 1],
        "plain": [p for p in trained if p.dim() <= 1 and id(p) not in scaled],
        "biases": [p for p in trained if id(p) in scaled],
    }
    groups = []
    for kind, parameters in kinds.items():
        scale = recipe.bias_scale if kind == "biases" else 1.0
        decay = recipe.weight_decay if recipe.decoupled_decay or kind == "decayed" else 0.0
        if recipe.decoupled_decay:
            decay /= recipe.learning_rate * scale
        if parameters or kind != "biases":
            groups.append({"params": parameters, "weight_decay": decay, "scale": scale})
    return torch.optim.SGD(
        groups,
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        nesterov=recipe.nesterov,
        fused=True if device.type == "cuda" else None,
    )


def compile_network(network: nn.Module) -> Callable[[Tensor], Any]:
    """Return the network compiled by torch.

    The compiler's cache is cleared, since torch silently stops compiling after a few graphs of the same code, and a
    search trains dozens of networks.
    """
    torch.compiler.reset()
    return torch.compile(network)  # type: ignore[no-any-return]


def _is_of_the_compiler(fault: RuntimeError) -> bool:
    from torch._dynamo.exc import TorchDynamoException  # slow to import, and rarely needed

    return isinstance(fault, TorchDynamoException)


def _with_todays_digest(content: dict[str, Any]) -> dict[str, Any]:
    """Return a checkpoint with the digest of its recipe computed over current names."""
    settings = content.get("settings")
    if not isinstance(settings, dict) or not RECIPE.keys() & settings.keys():
        return content
    return {**content, "identity": {**content["identity"], "recipe": Recipe.from_dict(settings).digest}}


class Trainer:
    """Training of a network with a recipe.

    Args:
        network: network initialised from the recipe's seed.
        task: the task.
        splits: training and search examples; the test split is not used.
        recipe: training recipe.
        device: device for training.
        folder: folder of the checkpoint (see `CHECKPOINT_SECONDS`); None for no checkpoint.
        identity: further data that a checkpoint must match (architecture, task).
        track: whether to score the search split after each epoch.
        reporter: callback for messages.
        forward: the network as compiled by the caller, possibly for an earlier training; None to compile it on a GPU if
            the recipe says so, but never on a CPU, where compilation takes longer than most trainings.

    Raises:
        DivergedError: during training, if the loss is not finite (the last checkpoint is kept).
        NasbenchError: if memory is exhausted twice, or the folder contains a checkpoint of another recipe.
    """

    def __init__(
        self,
        network: nn.Module,
        task: Task,
        splits: Splits,
        recipe: Recipe,
        device: torch.device,
        folder: Path | None = None,
        identity: dict[str, Any] | None = None,
        track: bool = True,
        reporter: Reporter = stderr_reporter,
        forward: Callable[[Tensor], Any] | None = None,
    ) -> None:
        self.arithmetic = choose_arithmetic(recipe, network, task.shape.dims, device)
        layout = torch.channels_last if self.arithmetic.channels_last else torch.preserve_format
        self.network = network.to(device).to(memory_format=layout)  # type: ignore[call-overload]
        self.task, self.recipe, self.device, self.reporter = task, recipe, device, reporter
        self.train = DeviceSplit(splits.train, task, device)
        self.search = DeviceSplit(splits.search, task, device) if track else None
        self.optimizer = build_optimizer(self.network, recipe, device)
        self.average = MovingAverage(self.network, recipe.ema_decay) if recipe.ema_decay else None
        lookahead = recipe.lookahead
        self.lookahead = Lookahead(self.network, lookahead, recipe.lookahead_decay) if lookahead else None
        self.generator = torch.Generator().manual_seed(recipe.seed)
        self.masks = torch.Generator(device).manual_seed(recipe.seed)
        self.path = folder / "checkpoint.pt" if folder else None
        self.identity = {"recipe": recipe.digest, "task": task.name, **(identity or {})}
        self.curve: list[dict[str, float]] = []
        self.microbatching = MicrobatchFallback(recipe.batch_size, device, reporter)
        self._resume()
        self._kept, self._written = len(self.curve), time.monotonic()
        self.forward: Callable[[Tensor], Any] = self.network if forward is None else forward
        if forward is None and recipe.compile and device.type == "cuda":
            self.forward = compile_network(self.network)

    def run(self, until: int | None = None, epoch_callback: EpochCallback = noop_callback) -> Trained:
        """Train to the recipe's last epoch (or to `until`), resuming from the checkpoint.

        `epoch_callback` is called before each epoch; an exception from it ends the training, and finished epochs are
        kept in the checkpoint.
        """
        last = min(self.recipe.epochs if until is None else until, self.recipe.epochs)
        for epoch in range(len(self.curve), last):
            try:
                epoch_callback()
            except BaseException:
                self._keep()
                raise
            self.curve.append(self._epoch(epoch))
            tell_followers("training", self.curve[-1])
            if time.monotonic() - self._written >= CHECKPOINT_SECONDS:
                self._keep()
        self._keep()
        network = self.average.network if self.average else self.network
        return Trained(network, self.curve, sum(row["seconds"] for row in self.curve), self.arithmetic)

    def _keep(self) -> None:
        """Write a checkpoint of the last finished epoch, unless there is one."""
        if self.path and self._kept < len(self.curve):
            checkpoint.save(self.path, self._state())
            self._kept, self._written = len(self.curve), time.monotonic()

    def _epoch(self, epoch: int) -> dict[str, float]:
        recipe = self.recipe
        synchronize(self.device)
        start = time.perf_counter()
        self.network.train()
        set_drop_path(self.network, recipe.drop_path * epoch / recipe.epochs, self.masks)
        augmentation = (recipe.augmentation or self.task.augmentation) if self.task.shape.dims == 2 else None
        steps = max(len(self.train) // min(recipe.batch_size, len(self.train)), 1)
        total = torch.zeros((), device=self.device)
        for step, batch in enumerate(self.train.epoch(recipe.batch_size, self.generator, augmentation, epoch)):
            rate = recipe.rate((epoch + step / steps) / recipe.epochs)
            for group in self.optimizer.param_groups:
                group["lr"] = rate * group["scale"]
            total += self.microbatching.run(partial(self._step, batch))
            if self.lookahead:
                self.lookahead.update(epoch * steps + step + 1, recipe.epochs * steps)
        mean = float(total) / steps
        if not torch.isfinite(total):
            kept = f"; the checkpoint of epoch {self._kept} is kept in {self.path}" if self._kept else ""
            raise DivergedError(f"The training loss of epoch {epoch + 1} is not finite{kept}; lower the learning rate.")
        synchronize(self.device)
        row = {"epoch": epoch + 1, "learning_rate": rate, "train_loss": mean, "seconds": time.perf_counter() - start}
        if self.search is not None:
            scored = self.average.network if self.average else self.network
            row["search"] = evaluate(
                scored, self.task.shape, self.search, views=recipe.views, arithmetic=self.arithmetic
            )
        return row

    def _step(self, batch: Batch) -> Tensor:
        """Take one step; if the compiler fails on this machine, report it once and continue without it."""
        try:
            return self._update(batch)
        except RuntimeError as fault:
            if self.forward is self.network or not _is_of_the_compiler(fault):
                raise
            self.reporter(
                f"torch.compile fails here ({type(fault).__name__}); training continues without it, more slowly."
            )
            self.forward = self.network
            return self._update(batch)

    def _update(self, batch: Batch) -> Tensor:
        recipe, (x, y) = self.recipe, batch
        self.optimizer.zero_grad(set_to_none=True)
        total = torch.zeros((), device=self.device)
        for part_x, part_y in zip(
            x.chunk(self.microbatching.n_microbatches), y.chunk(self.microbatching.n_microbatches), strict=True
        ):
            share = len(part_x) / len(x)
            with self.arithmetic.autocast(self.device):
                outputs = self.forward(self.arithmetic.laid_out(part_x))
            value = loss(self.task.shape, primary(outputs).float(), part_y, recipe.label_smoothing)
            if isinstance(outputs, tuple):
                extra = loss(self.task.shape, outputs[1].float(), part_y, recipe.label_smoothing)
                value = value + recipe.auxiliary_weight * extra
            (value * share).backward()
            total += value.detach() * share
        if recipe.gradient_clip:
            nn.utils.clip_grad_norm_(self.network.parameters(), recipe.gradient_clip)
        self.optimizer.step()
        if self.average:
            self.average.update()
        return total

    def _state(self) -> dict[str, Any]:
        return {
            "identity": self.identity,
            "settings": self.recipe.as_dict(),
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.network.state_dict() if self.average else None,
            "slow": self.lookahead.slow if self.lookahead else None,
            "average_steps": self.average.steps if self.average else 0,
            "generator": self.generator.get_state(),
            "masks": self.masks.get_state(),
            "device": self.device.type,
            "curve": self.curve,
            "parts": self.microbatching.n_microbatches,
        }

    def _resume(self) -> None:
        state = checkpoint.load(self.path, self.identity, _with_todays_digest) if self.path else None
        if state is None:
            return
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.average:
            self.average.network.load_state_dict(state["average"])
            self.average.steps = state["average_steps"]
        if self.lookahead:
            torch._foreach_copy_(self.lookahead.slow, state["slow"])
        self.generator.set_state(state["generator"])
        # A generator's state is only valid on its own kind of device.
        if state.get("device", self.device.type) == self.device.type:
            self.masks.set_state(state["masks"])
        elif self.recipe.drop_path and len(state["curve"]) < self.recipe.epochs:
            raise NasbenchError(
                f"{self.path} was written on {state['device']}, and drop path can only be resumed there; use --device {state['device']}."
            )
        self.curve, self.microbatching.n_microbatches = state["curve"], state["parts"]
