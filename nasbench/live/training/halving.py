"""What happens when memory runs out: batches are computed in two halves from there on, once, and said so."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from nasbench.errors import NasbenchError


class Halving:
    """In how many parts a batch is computed.

    Args:
        batch: examples of a batch, for messages.
        device: where.
        say: takes the message.

    Attributes:
        parts: 1, or 2 once memory has run out. A batch normalises by its part then.
    """

    def __init__(self, batch: int, device: torch.device, say: Callable[[str], None]) -> None:
        self.batch, self.device, self.say = batch, device, say
        self.parts = 1

    def run(self, step: Callable[[], Tensor]) -> Tensor:
        """Take a step that computes its batch in `parts`; the one that runs out of memory is taken again, in halves.

        Raises:
            NasbenchError: if memory runs out with halves too.
        """
        try:
            return step()
        except RuntimeError as fault:
            if not _is_out_of_memory(fault):
                raise
            if self.parts > 1:
                raise NasbenchError(
                    f"Memory ran out with half a batch of {self.batch}; choose a smaller batch or fewer channels."
                ) from None
        self.parts = 2
        self.say(f"Memory ran out: batches of {self.batch} are computed in two halves from here on.")
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        return self.run(step)


def _is_out_of_memory(fault: RuntimeError) -> bool:
    """Whether torch could not allocate; on the CPU it has no exception of its own for that."""
    return isinstance(fault, torch.OutOfMemoryError) or "can't allocate memory" in str(fault)
