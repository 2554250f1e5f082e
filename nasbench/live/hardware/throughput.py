"""Images a second, and the share of what the device could do at its best."""

from __future__ import annotations

from statistics import median

import torch

from nasbench.live.hardware.torch_device import describe

PEAKS = {"H100": 989e12, "H200": 989e12, "A100": 312e12}
"""Dense bfloat16 operations a second that makers state, by a part of the device's name."""
TENSOR_FLOAT = 0.5
"""Rate of TF32, in which float32 networks are multiplied on these devices, as a share of bfloat16's."""
TRAINING = 6
"""Operations of a training step for each multiply-accumulate of the forward pass: two each, and twice as many backward."""


def training_throughput(
    curve: list[dict[str, float]], batch_size: int, bfloat16: bool, examples: int, count: int, device: torch.device
) -> dict[str, float | None]:
    """Return the throughput of a training: `images_per_second` in the median epoch, and `share_of_peak` in [0, 1].

    Args:
        curve: of `Trained`.
        batch_size: examples a step.
        bfloat16: whether it computes in bfloat16, else in float32.
        examples: of the training split.
        count: multiply-accumulates of the network for one image.
        device: where it ran; the share is None where its peak is not known.
    """
    seen = examples - examples % min(batch_size, examples)
    rate = seen / median(row["seconds"] for row in curve)
    return {"images_per_second": rate, "share_of_peak": share_of_peak(count * rate, bfloat16, device)}


def share_of_peak(rate: float, bfloat16: bool, device: torch.device) -> float | None:
    """Return the share of the device's peak at `rate` multiply-accumulates of the forward pass a second."""
    name = str(describe(device)["device"])
    peak = next((operations for part, operations in PEAKS.items() if part in name), None)
    return None if peak is None else TRAINING * rate / (peak if bfloat16 else TENSOR_FLOAT * peak)
