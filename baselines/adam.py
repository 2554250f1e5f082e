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
        self._steps = 0

    def step(self, parameters: Sequence[NDArray], gradients: Sequence[NDArray]) -> None:
        """Move `parameters` against `gradients`, both in the order given to the constructor."""
        self._steps += 1
        first, second = self._decay
        rate = self._learning_rate / (1.0 - first**self._steps)
        root = (1.0 - second**self._steps) ** 0.5
        for parameter, gradient, m, v in zip(parameters, gradients, self._first, self._second, strict=True):
            m += (1.0 - first) * (gradient - m)
            v += (1.0 - second) * (gradient * gradient - v)
            parameter -= rate * m / (np.sqrt(v) / root + self._epsilon)
