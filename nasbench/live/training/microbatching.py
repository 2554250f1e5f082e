"""Gradient accumulation when memory is exhausted.

In a training step, batches are computed in two halves from then on (with one message); elsewhere the run ends with an
error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

from nasbench.errors import NasbenchError

Result = TypeVar("Result")

OUT_OF_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
)
"""Messages of torch for exhausted memory without a dedicated exception: on the CPU, and in libraries."""


class MicrobatchFallback:
    """Number of microbatches of a batch.

    Args:
        batch: batch size, for messages.
        device: device of the computation.
        reporter: callback for messages.

    Attributes:
        n_microbatches: 1, or 2 once memory was exhausted; batch normalisation then uses each part.
    """

    def __init__(self, batch: int, device: torch.device, reporter: Callable[[str], None]) -> None:
        self.batch, self.device, self.reporter = batch, device, reporter
        self.n_microbatches = 1

    def run(self, step: Callable[[], Result]) -> Result:
        """Run a step that computes its batch in `n_microbatches`; if memory is exhausted, repeat it in halves.

        A repeated step must find the same state: it should not change anything before its memory-intensive part, or
        begin by undoing it.

        Raises:
            NasbenchError: if memory is exhausted with halves, too.
        """
        try:
            return step()
        except RuntimeError as fault:
            if not is_out_of_memory(fault):
                raise
            if self.n_microbatches > 1:
                raise NasbenchError(
                    f"Memory ran out with half a batch of {self.batch}; choose a smaller batch or fewer channels."
                ) from None
        self.n_microbatches = 2
        self.reporter(f"Memory ran out: batches of {self.batch} are computed in two halves from here on.")
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        return self.run(step)


@contextmanager
def memory_guard(device: torch.device, doing: str) -> Iterator[None]:
    """Convert exhausted memory into a one-sentence error, where halving does not apply.

    Args:
        device: device of the computation.
        doing: activity, following "while" in the message.

    Raises:
        NasbenchError: if memory is exhausted inside the block.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as fault:
        if not is_out_of_memory(fault):
            raise
        raise NasbenchError(
            f"Memory ran out on {device} while {doing}; choose fewer channels, cells or examples, or a smaller batch."
        ) from None


def is_out_of_memory(fault: RuntimeError | MemoryError) -> bool:
    """Return whether an exception reports exhausted memory."""
    if isinstance(fault, torch.OutOfMemoryError | MemoryError):
        return True
    return any(text in str(fault) for text in OUT_OF_MEMORY)
