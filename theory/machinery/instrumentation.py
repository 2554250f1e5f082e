"""Operation counts for claims about cost and growth."""

from __future__ import annotations


class OperationTally:
    """An operation counter (`nasbench.search.operation_counter`) that keeps operations and calls by primitive."""

    def __init__(self) -> None:
        self.operations: dict[str, float] = {}
        self.calls: dict[str, int] = {}

    def add(self, name: str, operations: float) -> None:
        """Count one call of the primitive `name`."""
        self.operations[name] = self.operations.get(name, 0.0) + operations
        self.calls[name] = self.calls.get(name, 0) + 1

    @property
    def total(self) -> float:
        """Operations of all primitives."""
        return sum(self.operations.values())
