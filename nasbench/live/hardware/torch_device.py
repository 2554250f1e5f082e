"""Selection and preparation of the torch device."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from nasbench.errors import NasbenchError


def choose_device(name: str = "auto") -> torch.device:
    """Return the prepared device of that name (see `prepare`): "auto" is the first GPU if there is one, else the CPU.

    Raises:
        NasbenchError: if this machine does not have the device.
    """
    if name == "auto":
        return prepare(torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    try:
        device = torch.device(name)
    except RuntimeError:
        raise NasbenchError(f"There is no device {name!r}; it should be auto, cpu or cuda.") from None
    if device.type == "cuda" and (not torch.cuda.is_available() or (device.index or 0) >= torch.cuda.device_count()):
        raise NasbenchError(f"Device {name!r} is asked for and this machine has no such GPU; use --device cpu.")
    if device.type not in ("cpu", "cuda"):
        raise NasbenchError(f"Device {name!r} is not supported; it should be auto, cpu or cuda.")
    return prepare(device)


def prepare(device: torch.device) -> torch.device:
    """Apply the settings of all live commands to a device, and return it.

    On a GPU convolutions are autotuned on first use, and float32 matrix products use TF32; the CPU is unchanged.
    """
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = True
        torch.set_float32_matmul_precision("high")
    return device


@contextmanager
def without_autotuning() -> Iterator[None]:
    """Disable autotuning of convolutions on a GPU, which takes longer than it saves in trainings of a few seconds."""
    tuned = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = tuned


def channels_last_is_sound(network: nn.Module, device: torch.device) -> bool:
    """Return whether a network may be trained in channels-last layout on a device.

    On the CPU torch 2.13 corrupts memory in the backward pass of a 1 x 1 convolution with stride 2 or more in this
    layout, as in ResNet-18 and the DARTS space, but not in NAS-Bench-201 and the hierarchical space.
    """
    if device.type != "cpu":
        return True
    convolutions = (module for module in network.modules() if isinstance(module, nn.Conv2d))
    return not any(max(c.kernel_size) == 1 and max(c.stride) > 1 for c in convolutions)


def synchronize(device: torch.device) -> None:
    """Wait until the device has finished all submitted work, for timing."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def describe(device: torch.device) -> dict[str, Any]:
    """Return the description of the device for evidence files."""
    facts: dict[str, Any] = {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or "cpu",
        "device_type": device.type,
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "platform": platform.platform(),
    }
    if device.type == "cuda":
        facts["cuda"] = torch.version.cuda
        facts["cudnn"] = torch.backends.cudnn.version()
        facts["memory_bytes"] = torch.cuda.get_device_properties(device).total_memory
    return facts
