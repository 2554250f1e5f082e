"""Posteriors of many draws in lockstep, one noisy observation a draw and step."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nasbench.theory.families.bayesian.kernel import AnovaKernel

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


class Covariances(Protocol):
    """Posterior covariances of `draws` functions on N architectures."""

    def row(self, at: Indices) -> Floats:
        """Return cov(f(x_at), f(.)) of each draw, shape (draws, N)."""

    def observe(self, at: Indices, total: Floats) -> None:
        """Condition each draw on an observation at `at` of total variance `total`, shape (draws,)."""


class LowRank:
    """Covariances in the span of the kernel's eigenvectors: for few architectures or few eigen-directions."""

    def __init__(self, kernel: AnovaKernel, draws: int) -> None:
        everything = kernel.architectures()
        values, vectors = np.linalg.eigh(kernel.matrix(everything, everything))
        kept = values > 1e-10 * values[-1]
        self.features = vectors[:, kept] * np.sqrt(values[kept])
        self.covariance = np.tile(np.eye(self.features.shape[1]), (draws, 1, 1))

    def row(self, at: Indices) -> Floats:
        """See `Covariances`."""
        return np.einsum("drs,ds->dr", self.covariance, self.features[at]) @ self.features.T

    def observe(self, at: Indices, total: Floats) -> None:
        """See `Covariances`."""
        direction = np.einsum("drs,ds->dr", self.covariance, self.features[at])
        self.covariance -= direction[:, :, None] * (direction / total[:, None])[:, None, :]


class Factored:
    """Covariances as k(x, x') - V(x)'V(x') with one row of V a step: for many architectures and few steps."""

    def __init__(self, kernel: AnovaKernel, draws: int) -> None:
        self.kernel = kernel
        self.everything = kernel.architectures()
        self.factors: list[Floats] = []
        self.lane = np.arange(draws)

    def row(self, at: Indices) -> Floats:
        """See `Covariances`."""
        row = self.kernel.matrix(self.everything[at], self.everything)
        for factor in self.factors:
            row -= factor[self.lane, at][:, None] * factor
        return row

    def observe(self, at: Indices, total: Floats) -> None:
        """See `Covariances`."""
        self.factors.append(self.row(at) / np.sqrt(total)[:, None])
