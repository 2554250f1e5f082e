"""Test-time augmentation: views of an image whose outputs are averaged, declared in reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True)
class Views:
    """Test-time views of an image.

    Attributes:
        flip: also use the mirror image.
        shift: also use the image shifted by this many pixels up and left, and down and right, with reflected borders;
            both together have the weight of the unshifted image (as in airbench; Jordan 2024, section 3.5).
    """

    flip: bool = False
    shift: int = 0

    @property
    def count(self) -> int:
        """Number of views."""
        return (2 if self.flip else 1) * (3 if self.shift else 1)

    def __str__(self) -> str:
        parts = [*(["mirror"] if self.flip else []), *([f"shifts by {self.shift}"] if self.shift else [])]
        return " and ".join(parts) or "none"

    def outputs(self, forward: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """Return the weighted sum of the outputs of `forward` on the views of `x`, in float32: `(n, outputs)`."""
        total = self._mirrored(forward, x)
        if not self.shift:
            return total
        h, w = x.shape[-2:]
        padded = nn.functional.pad(x, (self.shift,) * 4, "reflect")
        corners = (0, 2 * self.shift)
        moved = [self._mirrored(forward, padded[..., at : at + h, at : at + w]) for at in corners]
        return total + 0.5 * (moved[0] + moved[1])

    def _mirrored(self, forward: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        outputs = forward(x).float()
        return outputs + forward(x.flip(-1)).float() if self.flip else outputs


NO_VIEWS = Views()
"""The unchanged image only."""
