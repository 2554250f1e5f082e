"""Operation counts reported by numerical primitives, for measuring complexity.

Outside a `counting` block nothing is counted, at almost no cost. Counts are leading terms, in multiplications or kernel
evaluations.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol


class OperationCounter(Protocol):
    """Receives the operations of every call of a primitive."""

    def add(self, name: str, operations: float) -> None:
        """Count one call of the primitive `name`."""
        ...


_COUNTER: ContextVar[OperationCounter | None] = ContextVar("operation_counter", default=None)


@contextmanager
def counting(counter: OperationCounter) -> Iterator[None]:
    """Let `counter` receive the operations recorded within the block."""
    before = _COUNTER.set(counter)
    try:
        yield
    finally:
        _COUNTER.reset(before)


def record(name: str, operations: float) -> None:
    """Report one call of a primitive and its number of operations."""
    counter = _COUNTER.get()
    if counter is not None:
        counter.add(name, operations)
