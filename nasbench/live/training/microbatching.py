"""What happens when memory runs out.

In a step, batches are computed in two halves from there on, once, and said so; elsewhere a sentence ends the run.
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
"""How torch says that memory ran out where it has no exception of its own for that: on the CPU, and in libraries."""


class MicrobatchFallback:
    """In how many parts a batch is computed.

    Args:
        batch: examples of a batch, for messages.
        device: where.
        reporter: takes the message.

    Attributes:
        n_microbatches: 1, or 2 once memory has run out. A batch normalises by its part then.
    """

    def __init__(self, batch: int, device: torch.device, reporter: Callable[[str], None]) -> None:
        self.batch, self.device, self.reporter = batch, device, reporter
        self.n_microbatches = 1

    def run(self, step: Callable[[], Result]) -> Result:
        """Take a step that computes its batch in `n_microbatches`; the one that runs out of memory is taken again, in halves.

        A step that is taken again should find what it found the first time: it should change nothing before all that
        needs memory is done, or begin by undoing it.

        Raises:
            NasbenchError: if memory runs out with halves too.
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
    """Say in one sentence that memory ran out where no halving helps.

    Args:
        device: where.
        doing: what the block does, to follow "while".

    Raises:
        NasbenchError: if memory runs out inside the block.
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
    """Return whether a fault says that memory could not be had."""
    if isinstance(fault, torch.OutOfMemoryError | MemoryError):
        return True
    return any(text in str(fault) for text in OUT_OF_MEMORY)
