"""Export a trained network to ONNX, compare it with torch, and measure its costs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

from nasbench.errors import NasbenchError
from nasbench.live.deployment.onnx_file import to_onnx
from nasbench.live.deployment.quantization import quantised
from nasbench.live.deployment.runtime import OnnxModel, executed_operations, largest_difference, peak_memory
from nasbench.live.hardware.counting import memory
from nasbench.live.tasks.task import Splits, Task
from nasbench.live.training.batches import DeviceSplit
from nasbench.live.training.metrics import evaluate
from nasbench.live.training.training import Trained

TOLERANCE = 1e-4
"""Maximum difference between outputs of the file and of torch, relative to the largest output. Single precision and
summation order account for about 1e-6.
"""
COMPARED = 256
"""Number of training examples for the comparison."""


def check_target(file: Path) -> None:
    """Raise NasbenchError if `file` cannot be written, before any training."""
    if file.is_dir() or not file.name:
        raise NasbenchError(f"{file} is a folder; --onnx should name the file to write.")
    if not os.access(file.resolve().parent, os.W_OK):
        raise NasbenchError(f"{file} cannot be written: its folder is not there or refuses; name another.")


def deploy(task: Task, splits: Splits, trained: Trained, file: Path, int8: bool = False) -> dict[str, Any]:
    """Write the ONNX file of a trained network, optionally with an int8 version; return the measurements.

    The test split is evaluated once each by torch, the ONNX file and its int8 version.

    Args:
        task: the task.
        splits: its examples; calibration and comparison only use training examples.
        trained: the network.
        file: output file; the int8 version is NAME.int8.onnx.
        int8: whether to quantise.

    Raises:
        NasbenchError: if ONNX or onnxruntime does not support the network, its outputs differ from torch's by more than
            `TOLERANCE`, or the file cannot be written.
    """
    cpu = torch.device("cpu")
    network, shape = trained.network.cpu().eval(), task.shape
    train, test = DeviceSplit(splits.train, task, cpu), DeviceSplit(splits.test, task, cpu)
    content = to_onnx(network, shape)
    model = OnnxModel(content)
    difference = largest_difference(model, network, train.cut(slice(0, COMPARED))[0])
    if not difference <= TOLERANCE:
        raise NasbenchError(
            f"The ONNX file differs from torch by {difference:.2g} of its largest output, more than the {TOLERANCE:g} "
            "allowed; nothing was written."
        )
    _write(file, content)
    scored, latency = model.score(shape, test), model.latency(shape)
    row = {
        "file": str(file),
        "bytes": len(content),
        "difference_from_torch": difference,
        "tolerance": TOLERANCE,
        f"test_{task.metric}": evaluate(network, shape, test),
        f"test_{task.metric}_onnx": scored,
        "latency_ms_onnx_1_thread": latency,
        "peak_memory_bytes": peak_memory(file),
        "counted_memory_bytes": memory(network, shape)["total"],
    }
    if not int8:
        return row
    small = quantised(content, train)
    small_file = file.with_suffix(".int8.onnx")
    _write(small_file, small)
    small_model = OnnxModel(small)
    small_score = small_model.score(shape, test)
    small_latency = small_model.latency(shape)
    return row | {
        "int8_file": str(small_file),
        "int8_bytes": len(small),
        f"int8_test_{task.metric}": small_score,
        f"int8_{task.metric}_added": small_score - scored,
        "int8_latency_ms_onnx_1_thread": small_latency,
        "int8_latency_note": slower_because(content, small, latency, small_latency),
        "int8_peak_memory_bytes": peak_memory(small_file),
    }


def slower_because(content: bytes, small: bytes, milliseconds: float, small_milliseconds: float) -> str:
    """Return why an int8 file is slower than its float file, "" if it is not.

    Args:
        content: the float file.
        small: the int8 file.
        milliseconds: latency of the float file.
        small_milliseconds: latency of the int8 file.
    """
    if small_milliseconds <= milliseconds:
        return ""
    plain, integer = executed_operations(content), executed_operations(small)
    conversions = sum(name in ("QuantizeLinear", "DequantizeLinear") for name in integer)
    return (
        f"int8 is slower here, {small_milliseconds:.3g} ms against {milliseconds:.3g}: onnxruntime executes {len(integer)} operations "
        f"for it where the float file has {len(plain)} (sums and ReLU can go into its convolutions), {conversions} of them conversions "
        "between integers and floats, and in a small network a call costs more than integer arithmetic saves; bytes are saved in any case"
    )


def _write(file: Path, content: bytes) -> None:
    part = file.with_name(f".{file.name}.part")
    try:
        part.write_bytes(content)
        part.replace(file)
    except OSError as fault:
        raise NasbenchError(f"{file} cannot be written ({fault.strerror}); name another.") from None
