"""Searches on supernets that ship, on a task of Gaussian classes that is small enough to be differentiated twice in a tenth of a second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nasbench.live.networks.mixed_operation import OperationWeights
from nasbench.live.searchers.catalogue import get_searcher
from nasbench.live.searchers.gaea import Gaea
from nasbench.live.searchers.loop import build_searcher
from nasbench.live.searchers.searcher import LogitSearcher, Searcher, SupernetConfig
from nasbench.live.tasks.shape import TaskShape
from nasbench.live.tasks.task import Split, Splits, Task
from nasbench.live.training.batches import Batch, DeviceSplit

CPU = torch.device("cpu")
CLASSES, SIZE = 4, 4


@dataclass(frozen=True)
class SmallSearch:
    """A newly built searcher, the task and its data.

    Attributes:
        searcher: of `nasbench.live.searchers`, in float64 unless built otherwise.
        task, splits: Gaussian classes, images of 4 x 4 pixels.
        train, search: mini-batches that partition the two splits, in the precision of the searcher.
    """

    searcher: Searcher
    task: Task
    splits: Splits
    train: Sequence[Batch]
    search: Sequence[Batch]


def small_search(
    rng: np.random.Generator,
    name: str,
    options: Mapping[str, Any] | None = None,
    *,
    batches: int = 4,
    batch_size: int = 16,
    double: bool = True,
    **settings: Any,
) -> SmallSearch:
    """Return a searcher by its registered name on the NAS-Bench-201 space: a supernet of three cells of four channels and more.

    Args:
        rng: of the data and of the seed of the search.
        name: of the searcher.
        options: of the searcher.
        batches: number of mini-batches of each split.
        batch_size: examples of a mini-batch.
        double: convert weights, architecture parameters and data to float64.
        settings: of `SupernetConfig` where they differ from 4 channels, one cell a stage and one epoch.
    """
    centres = rng.normal(size=(CLASSES, 1, SIZE, SIZE))
    parts = [_split(rng, centres, batches * batch_size) for _ in range(3)]
    splits = Splits(*parts)
    shape = TaskShape(dims=2, channels=1, size=SIZE, outputs=CLASSES)
    task = Task("gaussian-classes", shape, "error", "Gaussian classes", lambda: splits)
    config = SupernetConfig(
        **{
            "epochs": 1,
            "channels": 4,
            "cells": 1,
            "batch_size": batch_size,
            "seed": int(rng.integers(2**31)),
            **settings,
        }
    )
    make, partial = get_searcher(name, options)
    searcher = build_searcher(make, task, "nas-bench-201", config, CPU, partial)
    if double:
        _convert(searcher)
    dtype = next(searcher.supernet.parameters()).dtype
    train, search = (
        [(x.to(dtype), y) for x, y in DeviceSplit(part, task, CPU).in_order(batch_size)] for part in parts[:2]
    )
    return SmallSearch(searcher, task, splits, train, search)


def _split(rng: np.random.Generator, centres: np.ndarray, n: int) -> Split:
    labels = rng.integers(CLASSES, size=n)
    return Split((centres[labels] + rng.normal(size=(n, *centres.shape[1:]))).astype(np.float32), labels)


def _convert(searcher: Searcher) -> None:
    """Convert the tensors of a searcher to float64 in place, so that its optimizers keep them."""
    searcher.supernet.double()
    if isinstance(searcher, LogitSearcher):
        searcher.alpha.data = searcher.alpha.data.double()
    if isinstance(searcher, Gaea):
        searcher.theta = searcher.theta.double()


def loss_at(search: SmallSearch, batch: Batch, theta: Tensor) -> Tensor:
    """Return the loss of the mixed supernet at a point of the relaxation `(n, k)`, by the searcher's own loss."""
    searcher = search.searcher
    return searcher.loss(batch, OperationWeights(weights=searcher.networks.relaxation(theta)))


def mixture_of(searcher: LogitSearcher) -> OperationWeights:
    """Return the mixture at the logits of a searcher, differentiable in them."""
    return OperationWeights(weights=searcher.networks.relaxation(searcher.soften()))


def flat(tensors: Sequence[Tensor]) -> Tensor:
    """Return tensors as one vector, detached."""
    return torch.cat([tensor.detach().reshape(-1) for tensor in tensors])


def copied(weights: Sequence[Tensor]) -> list[Tensor]:
    """Return detached copies."""
    return [w.detach().clone() for w in weights]


@torch.no_grad()
def move_to(weights: Sequence[Tensor], origin: Sequence[Tensor], direction: Sequence[Tensor], t: float) -> None:
    """Set weights to `origin + t direction` in place."""
    for w, at, step in zip(weights, origin, direction, strict=True):
        w.copy_(at + t * step)


def smoothed(module: nn.Module, activation: type[nn.Module]) -> None:
    """Replace every ReLU of a network by another activation, in place."""
    for name, child in module.named_children():
        if isinstance(child, nn.ReLU):
            module.add_module(name, activation())
        else:
            smoothed(child, activation)
