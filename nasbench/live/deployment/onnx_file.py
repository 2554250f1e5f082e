"""Conversion of a network to an ONNX file with variable batch size.

The file is reduced to inference: normalisation is folded into convolutions, unused weights are omitted, and equal
arrays are stored once.
"""

from __future__ import annotations

import copy
import re
import tempfile
import warnings
from pathlib import Path

import torch
from torch import nn
from torch.onnx import errors

from nasbench.errors import UnsupportedError
from nasbench.live.hardware.counting import example
from nasbench.live.tasks.shape import TaskShape

INPUT, OUTPUT = "input", "output"
OPSET = 17
"""Version of the operator set: fixed, so that the size of a file does not change with torch."""


def to_onnx(network: nn.Module, shape: TaskShape) -> bytes:
    """Return the ONNX file of a network in evaluation mode, in single precision; the network is not changed.

    Raises:
        UnsupportedError: if ONNX does not support an operation, which is named.
    """
    alone = copy.deepcopy(network).cpu().float().eval()
    axes = {INPUT: {0: "batch"}, OUTPUT: {0: "batch"}}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        file = Path(folder, "network.onnx")
        # The tracing exporter: the newer one takes 20 times as long and writes local paths into the file.
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        # Networks check their input shape in Python; the trace correctly omits these checks.
        warnings.filterwarnings("ignore", message="Converting a tensor to a Python boolean")
        try:
            torch.onnx.export(
                alone,
                (example(shape),),
                str(file),
                dynamo=False,
                opset_version=OPSET,
                input_names=[INPUT],
                output_names=[OUTPUT],
                dynamic_axes=axes,
            )
        except errors.OnnxExporterError as fault:
            raise UnsupportedError(
                f"ONNX cannot hold {_operation(fault)}; choose an architecture without it."
            ) from None
        return file.read_bytes()


def _operation(fault: Exception) -> str:
    found = re.search(r"operator '([^']+)'", str(fault))
    return f"the operation {found[1]}" if found else f"this network ({str(fault).splitlines()[0]})"
