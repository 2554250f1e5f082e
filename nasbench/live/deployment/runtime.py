"""ONNX files in onnxruntime on one thread: outputs, latency and memory."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nasbench.errors import NasbenchError
from nasbench.live.deployment.onnx_file import INPUT
from nasbench.live.hardware.counting import example
from nasbench.live.tasks.shape import TaskShape
from nasbench.live.training.batches import DeviceSplit
from nasbench.live.training.metrics import score

WARM_UP = 10


class OnnxModel:
    """An ONNX file in onnxruntime on one CPU thread.

    Args:
        content: the file's bytes.

    Raises:
        NasbenchError: if onnxruntime cannot run it.
    """

    def __init__(self, content: bytes) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session: Any = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as fault:  # onnxruntime has its own exception for each kind of error
            raise NasbenchError(f"onnxruntime cannot run this network: {str(fault).splitlines()[0]}") from None

    def __call__(self, x: Tensor) -> Tensor:
        """Map inputs `(B, ...)` to outputs `(B, outputs)`."""
        return torch.from_numpy(self.run(x.numpy()))

    def run(self, x: NDArray[Any]) -> NDArray[np.float32]:
        """Map an array `(B, ...)` to outputs `(B, outputs)`."""
        outputs: list[NDArray[np.float32]] = self._session.run(None, {INPUT: x})
        return outputs[0]

    def latency(self, shape: TaskShape, seconds: float = 0.2) -> float:
        """Return the median latency in milliseconds of one example after a warm-up, over at least `seconds` of passes."""
        x = example(shape).numpy()
        for _ in range(WARM_UP):
            self.run(x)
        times: list[float] = []
        while sum(times) < seconds:
            start = time.perf_counter()
            self.run(x)
            times.append(time.perf_counter() - start)
        return float(np.median(times)) * 1e3

    def score(self, shape: TaskShape, data: DeviceSplit) -> float:
        """Return the score on a split that lives on the CPU: error in %, or mean squared error."""
        return score(shape, self, data)


def executed_operations(content: bytes) -> list[str]:
    """Return the operations of an ONNX file that onnxruntime executes, after it has fused and replaced some."""
    import onnx
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # it warns that such a file is for this machine
    with tempfile.TemporaryDirectory() as folder:
        options.optimized_model_filepath = str(Path(folder, "optimised.onnx"))
        onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        return [node.op_type for node in onnx.load(options.optimized_model_filepath).graph.node]


def largest_difference(model: OnnxModel, network: torch.nn.Module, x: Tensor) -> float:
    """Return the difference between the file's outputs and torch's on inputs `(B, ...)`.

    It is the largest absolute difference divided by the largest absolute output of torch.
    """
    with torch.no_grad():
        expected = network(x)
    expected = expected[0] if isinstance(expected, tuple) else expected
    scale = float(expected.abs().max())
    return float((model(x) - expected).abs().max()) / max(scale, 1e-30)


def peak_memory(file: Path) -> int | None:
    """Return the peak memory growth in bytes of a fresh process that loads the file and runs one example.

    None if unavailable (it is read from /proc on Linux). A new process is used, so memory of torch or earlier networks
    does not count.

    Raises:
        NasbenchError: if the process fails.
    """
    if not Path("/proc/self/status").exists():
        return None
    command = [sys.executable, "-m", "nasbench.live.deployment.peak_memory_probe", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NasbenchError(f"The memory of {file} cannot be measured: {done.stderr.strip().splitlines()[-1]}")
    return int(done.stdout)
