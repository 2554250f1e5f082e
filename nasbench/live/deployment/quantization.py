"""Static int8 quantisation by onnxruntime: weights per channel, activations by their range on training examples."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nasbench.errors import NasbenchError
from nasbench.live.deployment.onnx_file import INPUT
from nasbench.live.training.batches import DeviceSplit

EXAMPLES, BATCH = 256, 64
"""Number of training examples for calibration, and their batch size."""


class _Calibration:
    """Calibration batches for onnxruntime (its `CalibrationDataReader`)."""

    def __init__(self, train: DeviceSplit) -> None:
        self._batches: Iterator[Any] = train.head(EXAMPLES).in_order(BATCH)

    def get_next(self) -> dict[str, Any] | None:
        """Return the next batch by input name, or None at the end."""
        batch = next(self._batches, None)
        return None if batch is None else {INPUT: batch[0].numpy()}


def quantised(content: bytes, train: DeviceSplit) -> bytes:
    """Return the int8 version of an ONNX file.

    Args:
        content: the file's bytes.
        train: training examples on the CPU, the first `EXAMPLES` of which are used for calibration; no other split may
            be used.

    Raises:
        NasbenchError: if onnxruntime cannot quantise the network.
    """
    import onnx
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    logger = logging.getLogger()
    level = logger.level
    logger.setLevel(logging.ERROR)  # the quantiser logs advice through the root logger
    try:
        with tempfile.TemporaryDirectory() as folder:
            prepared, target = Path(folder, "prepared.onnx"), Path(folder, "int8.onnx")
            # Shape inference by onnx suffices; symbolic inference is for transformers.
            quant_pre_process(onnx.load_from_string(content), str(prepared), skip_symbolic_shape=True)
            quantize_static(
                str(prepared),
                str(target),
                _Calibration(train),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )
            return target.read_bytes()
    except (ValueError, RuntimeError, TypeError, KeyError) as fault:
        raise NasbenchError(f"onnxruntime cannot quantise this network: {str(fault).splitlines()[0]}") from None
    finally:
        logger.setLevel(level)
