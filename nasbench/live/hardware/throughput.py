"""Training throughput and utilisation of the device's peak performance."""

from __future__ import annotations

from statistics import median

import torch

from nasbench.live.hardware.torch_device import describe

PEAKS = {"H100": 989e12, "H200": 989e12, "A100": 312e12}
"""Nominal dense bfloat16 operations per second, by part of the device's name."""
TENSOR_FLOAT = 0.5
"""Rate of TF32, used for float32 networks on these devices, relative to bfloat16."""
TRAINING = 6
"""Operations of a training step per multiply-accumulate of the forward pass: two, plus twice as many in the backward
pass.
"""


def training_throughput(
    curve: list[dict[str, float]], batch_size: int, bfloat16: bool, examples: int, count: int, device: torch.device
) -> dict[str, float | None]:
    """Return the throughput of a training: `images_per_second` in the median epoch, and `share_of_peak` in [0, 1].

    Args:
        curve: learning curve of `Trained`.
        batch_size: examples per step.
        bfloat16: whether arithmetic is bfloat16, else float32.
        examples: number of training examples.
        count: multiply-accumulates of the network for one image.
        device: device of the training; `share_of_peak` is None if its peak is unknown.
    """
    seen = examples - examples % min(batch_size, examples)
    rate = seen / median(row["seconds"] for row in curve)
    return {"images_per_second": rate, "share_of_peak": share_of_peak(count * rate, bfloat16, device)}


def share_of_peak(rate: float, bfloat16: bool, device: torch.device) -> float | None:
    """Return the fraction of the device's peak at `rate` forward multiply-accumulates per second."""
    name = str(describe(device)["device"])
    peak = next((operations for part, operations in PEAKS.items() if part in name), None)
    return None if peak is None else TRAINING * rate / (peak if bfloat16 else TENSOR_FLOAT * peak)
