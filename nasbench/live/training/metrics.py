"""Training losses and reported scores; both minimised."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nasbench.live.tasks.shape import TaskShape
from nasbench.live.training.arithmetic import EXACT, Arithmetic
from nasbench.live.training.batches import DeviceSplit
from nasbench.live.training.views import NO_VIEWS, Views

Forward = Callable[[Tensor], Tensor]


def loss(shape: TaskShape, outputs: Tensor, targets: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """Return the mean cross-entropy (classification) or mean squared error (forecasting) of a batch."""
    if shape.kind == "forecasting":
        return nn.functional.mse_loss(outputs, targets)
    return nn.functional.cross_entropy(outputs, targets, label_smoothing=label_smoothing)


@torch.no_grad()
def score(shape: TaskShape, forward: Forward, data: DeviceSplit, batch: int = 500, views: Views = NO_VIEWS) -> float:
    """Return the error in % (classification) or the mean squared error (forecasting) over a whole split.

    Args:
        shape: shape of the task.
        forward: maps inputs to outputs, in evaluation mode.
        data: the split.
        batch: batch size.
        views: views of an image whose outputs are averaged (declared in reports).
    """
    total = torch.zeros((), dtype=torch.float64, device=data.device)
    for x, y in data.in_order(batch):
        outputs = views.outputs(forward, x)
        if shape.kind == "forecasting":
            total += (outputs - y).square().mean(1).sum()
        else:
            total += (outputs.argmax(1) != y).sum()
    return float(total) / len(data) * (1.0 if shape.kind == "forecasting" else 100.0)


@torch.no_grad()
def mean_loss(shape: TaskShape, forward: Forward, data: DeviceSplit, batch: int = 500) -> float:
    """Return the mean loss over a whole split, which discriminates better than the error between similar architectures."""
    total = torch.zeros((), dtype=torch.float64, device=data.device)
    for x, y in data.in_order(batch):
        total += loss(shape, forward(x).float(), y) * len(y)
    return float(total) / len(data)


def primary(outputs: Tensor | tuple[Tensor, Tensor]) -> Tensor:
    """Return the main output of a network with or without an auxiliary output."""
    return outputs[0] if isinstance(outputs, tuple) else outputs


def evaluate(
    network: nn.Module,
    shape: TaskShape,
    data: DeviceSplit,
    batch: int = 500,
    views: Views = NO_VIEWS,
    arithmetic: Arithmetic = EXACT,
) -> float:
    """Return the score of a stand-alone network in evaluation mode; its mode is restored."""
    with _evaluating(network, arithmetic) as forward:
        return score(shape, forward, data, batch, views)


def evaluate_loss(network: nn.Module, shape: TaskShape, data: DeviceSplit) -> float:
    """Return the mean loss of a stand-alone network in evaluation mode over a whole split; its mode is restored."""
    with _evaluating(network, EXACT) as forward:
        return mean_loss(shape, forward, data)


@torch.no_grad()
def predict(
    network: nn.Module, data: DeviceSplit, batch: int = 500, views: Views = NO_VIEWS, arithmetic: Arithmetic = EXACT
) -> NDArray[np.float64]:
    """Return the outputs of a stand-alone network in evaluation mode for a whole split, `(n, outputs)`."""
    with _evaluating(network, arithmetic) as forward:
        return torch.cat([views.outputs(forward, x) for x, _ in data.in_order(batch)]).double().cpu().numpy()


@contextmanager
def _evaluating(network: nn.Module, arithmetic: Arithmetic) -> Iterator[Forward]:
    """Yield the network's main output as a function, computed in evaluation mode."""
    training = network.training
    network.eval()

    def forward(x: Tensor) -> Tensor:
        with arithmetic.autocast(x.device):
            return primary(network(arithmetic.laid_out(x)))

    try:
        yield forward
    finally:
        network.train(training)


def score_outputs(shape: TaskShape, outputs: NDArray[np.float64], targets: NDArray[Any]) -> float:
    """Return the error in % or the mean squared error of outputs `(n, outputs)` for the targets of a split."""
    if shape.kind == "forecasting":
        return float(np.square(outputs - targets).mean())
    return float(100 * np.mean(outputs.argmax(axis=1) != targets))


def macro_f1(predicted: NDArray[np.int64], actual: NDArray[np.int64], classes: int) -> float:
    """Return the mean over the classes of F1 = 2 TP / (2 TP + FP + FN), in %; a class that does not occur counts as 0."""
    confusion = np.zeros((classes, classes))
    np.add.at(confusion, (actual, predicted), 1)
    hits, total = np.diag(confusion), confusion.sum(axis=0) + confusion.sum(axis=1)
    return float(100 * np.mean(np.divide(2 * hits, total, out=np.zeros(classes), where=total > 0)))
