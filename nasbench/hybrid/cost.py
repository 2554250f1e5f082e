"""What a training will take, learnt from those that have been paid for.

The logarithm of the seconds that an epoch takes is nearly linear in how often each choice occurs, so ridge regression does. Snoek,
Larochelle and Adams 2012 (section 3.2) model the logarithm of the duration too, and divide expected improvement by it; the hybrid
subtracts a price from its confidence bound, which saved more in development.
"""

from __future__ import annotations

import numpy as np

from nasbench.spaces.space import Floats

RIDGE = 1.0
"""Prior precision of a coefficient in units of the precision of one training."""


class CostModel:
    """Ridge regression of log seconds an epoch on features of architectures, such as counts of their choices."""

    def __init__(self) -> None:
        self._features: list[Floats] = []
        self._logarithms: list[float] = []
        self._fitted: tuple[Floats, Floats] | None = None

    def add(self, features: Floats, seconds: float, epochs: int) -> None:
        """Take one training, `(F,)`; one that took no time, as where a table records none, teaches nothing."""
        if seconds > 0:
            self._features.append(features)
            self._logarithms.append(float(np.log(seconds / epochs)))
            self._fitted = None

    def __call__(self, features: Floats) -> Floats:
        """Log seconds an epoch, `(n, F)` to `(n,)`, above the mean of those paid for; zero before any was."""
        if not self._logarithms:
            return np.zeros(len(features))
        if self._fitted is None:
            self._fitted = self._fit()
        centre, coefficients = self._fitted
        return (features - centre) @ coefficients

    def _fit(self) -> tuple[Floats, Floats]:
        """Centre of the features and coefficients, each `(F,)`."""
        seen, targets = np.array(self._features), np.array(self._logarithms)
        centre = seen.mean(axis=0)
        seen -= centre
        gram = seen.T @ seen + RIDGE * np.eye(len(centre))
        return centre, np.linalg.solve(gram, seen.T @ (targets - targets.mean()))
