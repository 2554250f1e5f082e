"""Adam (Kingma and Ba, ICLR 2015, algorithm 1), for arrays of any shape."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class Adam:
    """Adam optimizer; updates arrays in place.

    Args:
        parameters: the arrays.
        learning_rate: step size.
        decay: beta_1 and beta_2.
        epsilon: added to the root of the second moment.
    """

    def __init__(
        self,
        parameters: Sequence[NDArray],
        learning_rate: float,
        decay: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
    ) -> None:
        self._learning_rate = learning_rate
        self._decay = decay
        self._epsilon = epsilon
        self._first = [np.zeros(p.shape, p.dtype) for p in parameters]
        self._second = [np.zeros(p.shape, p.dtype) for p in parameters]
        self._steps: int | NDArray[np.int64] = 0

    def step(
        self, parameters: Sequence[NDArray], gradients: Sequence[NDArray], moving: NDArray[np.bool_] | None = None
    ) -> None:
        """Move `parameters` against `gradients`, both in the order given to the constructor.

        Args:
            parameters: the arrays.
            gradients: of the same shapes.
            moving: which positions of the leading axis take this step; all if None.
        """
        self._steps = self._steps + (1 if moving is None else moving.astype(np.int64))
        for parameter, gradient, m, v in zip(parameters, gradients, self._first, self._second, strict=True):
            lead = (-1, *[1] * (m.ndim - 1))
            left_of_first, left_of_second = (self._decayed(decay, lead) for decay in self._decay)
            rate = self._learning_rate / (1.0 - left_of_first)
            root = (1.0 - left_of_second) ** 0.5
            taken = moving if moving is None else moving.reshape(lead)
            m += _where(taken, (1.0 - self._decay[0]) * (gradient - m))
            v += _where(taken, (1.0 - self._decay[1]) * (gradient * gradient - v))
            parameter -= _where(taken, rate * m / (np.sqrt(v) / root + self._epsilon))

    def _decayed(self, decay: float, shape: tuple[int, ...]) -> float | NDArray[np.float64]:
        """Return what is left of a decay after the steps taken: one number, or one for each position of the leading axis."""
        if isinstance(self._steps, int):
            return decay**self._steps
        return np.array([decay ** int(steps) for steps in np.maximum(self._steps, 1)]).reshape(shape)


def _where(moving: NDArray[np.bool_] | None, change: NDArray) -> NDArray:
    return change if moving is None else np.where(moving, change, 0.0)
