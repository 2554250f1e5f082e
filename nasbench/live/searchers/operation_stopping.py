"""Operation-level early stopping (OLES, Jiang et al., NeurIPS 2023): an operation that overfits is trained no longer.

An operation overfits where the gradients of its weights on the training batch and on the search batch point apart. As in the authors' code, the
cosine of the two is averaged over the weights of an operation and over 20 steps, and below 0.4 the operation is frozen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from nasbench.live.networks.mixed_operation import Edge

STEPS, THRESHOLD = 20, 0.4


@dataclass
class OperationStopping:
    """The operations of a supernet, their similarities since the last decision, and which are frozen.

    Attributes:
        operations: weights of each operation that has any.
        sums: sum of the similarities of each operation.
        frozen: which operations are trained no longer.
        steps: steps since the last decision.
    """

    operations: Sequence[Sequence[Tensor]]
    sums: list[float] = field(default_factory=list)
    frozen: list[bool] = field(default_factory=list)
    steps: int = 0

    def __post_init__(self) -> None:
        self.sums, self.frozen = [0.0] * len(self.operations), [False] * len(self.operations)

    @classmethod
    def of(cls, supernet: nn.Module) -> OperationStopping:
        """Return the state at the start of a search."""
        edges = [module for module in supernet.modules() if isinstance(module, Edge)]
        found = [list(operation.parameters()) for edge in edges for operation in edge.operations.values()]
        return cls([weights for weights in found if weights])

    @property
    def weights(self) -> list[Tensor]:
        """All weights of operations, in order."""
        return [weight for operation in self.operations for weight in operation]

    def tell(self, search: Sequence[Tensor | None]) -> None:
        """Compare the gradients on the search batch with those on the training batch, which are in `grad`, then drop those of the frozen."""
        place = 0
        for i, operation in enumerate(self.operations):
            pairs = zip(operation, search[place : place + len(operation)], strict=True)
            cosines = [
                float(torch.cosine_similarity(w.grad.flatten(), g.flatten(), dim=0))
                for w, g in pairs
                if w.grad is not None and g is not None
            ]
            place += len(operation)
            self.sums[i] += sum(cosines) / len(cosines) if cosines else 0.0
        self.steps += 1
        if self.steps == STEPS:
            self.frozen = [was or total / STEPS < THRESHOLD for was, total in zip(self.frozen, self.sums, strict=True)]
            self.sums, self.steps = [0.0] * len(self.operations), 0
        for operation, is_frozen in zip(self.operations, self.frozen, strict=True):
            for weight in operation if is_frozen else ():
                weight.grad = None  # neither the step nor its weight decay and momentum

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {"sums": self.sums, "frozen": self.frozen, "steps": self.steps}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned."""
        self.sums, self.frozen, self.steps = list(state["sums"]), list(state["frozen"]), int(state["steps"])
