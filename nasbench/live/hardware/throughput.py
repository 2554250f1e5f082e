"""Images a second, and the share of what the device could do at its best."""

from __future__ import annotations

import time
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from nasbench.live.hardware.counting import macs
from nasbench.live.hardware.torch_device import describe, synchronize
from nasbench.live.networks.mixed_operation import OperationWeights
from nasbench.live.searchers.searcher import Searcher
from nasbench.live.tasks.task import Splits, Task
from nasbench.live.training.batches import DeviceSplit
from nasbench.live.training.recipe import Recipe

PEAKS = {"H100": 989e12, "H200": 989e12, "A100": 312e12}
"""Dense bfloat16 operations a second that makers state, by a part of the device's name."""
TENSOR_FLOAT = 0.5
"""Rate of TF32, in which float32 networks are multiplied on these devices, as a share of bfloat16's."""
TRAINING = 6
"""Operations of a training step for each multiply-accumulate of the forward pass: two each, and twice as many backward."""


def training_throughput(
    curve: list[dict[str, float]], recipe: Recipe, examples: int, count: int, device: torch.device
) -> dict[str, float | None]:
    """Throughput of a training: `images_per_second` in the median epoch, and `share_of_peak` in [0, 1].

    Args:
        curve: of `Trained`.
        recipe: of the training.
        examples: of the training split.
        count: multiply-accumulates of the network for one image.
        device: where it ran; the share is None where its peak is not known.
    """
    seen = examples - examples % min(recipe.batch, examples)
    rate = seen / median(row["seconds"] for row in curve)
    return {"images_per_second": rate, "share_of_peak": _share(count * rate, recipe.precision == "bfloat16", device)}


def supernet_throughput(
    searcher: Searcher, task: Task, splits: Splits, steps: int = 20, warm_up: int = 5
) -> dict[str, float | None]:
    """Throughput of training the mixture of a supernet, measured over some steps: see `training_throughput`.

    The searcher's weights change; give it one that nothing else needs.
    """
    data = DeviceSplit(splits.train, task, searcher.device)
    batches = data.forever(searcher.settings.batch, torch.Generator().manual_seed(0))
    searcher.supernet.train()
    for _ in range(warm_up):
        searcher.update_weights(next(batches), searcher.mixture)
    synchronize(searcher.device)
    start, images = time.perf_counter(), 0
    for _ in range(steps):
        batch = next(batches)
        images += len(batch[0])
        searcher.update_weights(batch, searcher.mixture)
    synchronize(searcher.device)
    rate = images / (time.perf_counter() - start)
    count = macs(_Mixed(searcher.supernet, searcher.mixture()), task.shape)
    return {
        "supernet_images_per_second": rate,
        "supernet_share_of_peak": _share(count * rate, searcher.supernet.arithmetic.bfloat16, searcher.device),
    }


class _Mixed(nn.Module):
    """A supernet under one mixture, as a network of its input alone."""

    def __init__(self, supernet: nn.Module, mixture: OperationWeights) -> None:
        super().__init__()
        self.supernet, self.mixture = supernet, mixture

    def forward(self, x: Tensor) -> Any:
        return self.supernet(x, self.mixture)


def _share(rate: float, bfloat16: bool, device: torch.device) -> float | None:
    """Share of the peak at `rate` multiply-accumulates of the forward pass a second."""
    name = str(describe(device)["device"])
    peak = next((operations for part, operations in PEAKS.items() if part in name), None)
    return None if peak is None else TRAINING * rate / (peak if bfloat16 else TENSOR_FLOAT * peak)
