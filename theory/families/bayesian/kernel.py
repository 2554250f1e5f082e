"""The ANOVA kernel on a product of choices, its spectrum, and exact draws from its prior.

k(x, x') = (1/Z) sum_{d <= order} a^d e_d(c), c_e = 1 where decision e agrees and -1/(k-1) where not, e_d the elementary symmetric
polynomial, Z so that k(x, x) = 1. With order = n this is the product prod_e (1 + a c_e)/(1 + a)^n; with order = 1 it is additive.
Each c_e is k/(k-1) times the projection onto the contrasts of decision e, so under the uniform measure the eigenvalues are
(a/(k-1))^d / Z with multiplicity C(n, d)(k-1)^d, d = 0 ... order (derived in `nasbench.theory.symbolic.anova_kernel`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class AnovaKernel:
    """A kernel on [k]^n.

    Attributes:
        a: weight of one order of interaction against the one before.
        decisions: n.
        choices: k, at least 2.
        order: highest order of interaction, 1 to n.
    """

    a: float
    decisions: int
    choices: int
    order: int

    def __post_init__(self) -> None:
        if not (self.a > 0 and self.choices >= 2 and 1 <= self.order <= self.decisions):
            raise NasbenchError("An ANOVA kernel needs a > 0, two choices or more, and an order between 1 and n.")

    @property
    def normaliser(self) -> float:
        """Return Z."""
        return sum(self.a**d * comb(self.decisions, d) for d in range(self.order + 1))

    @property
    def size(self) -> int:
        """Number of architectures."""
        return int(self.choices**self.decisions)

    def spectrum(self) -> tuple[Floats, Floats]:
        """Return eigenvalues under the uniform measure and their multiplicities, one entry an order."""
        orders = np.arange(self.order + 1)
        values = (self.a / (self.choices - 1)) ** orders / self.normaliser
        counts = [comb(self.decisions, d) * (self.choices - 1) ** d for d in orders.tolist()]
        return np.asarray(values, dtype=np.float64), np.array(counts, dtype=np.float64)

    def from_agreement(self, agreement: Floats) -> Floats:
        """Return k from c_e, shape (n, ...) to (...): also from the multilinear c_e of a mixture."""
        if self.order == self.decisions:
            return np.asarray(np.prod(1 + self.a * agreement, axis=0) / (1 + self.a) ** self.decisions)
        orders = [np.ones(agreement.shape[1:])] + [np.zeros(agreement.shape[1:]) for _ in range(self.order)]
        for c in agreement:
            for d in range(self.order, 0, -1):
                orders[d] = orders[d] + self.a * c * orders[d - 1]
        return np.asarray(sum(orders) / self.normaliser)

    def matrix(self, left: NDArray[np.integer], right: NDArray[np.integer]) -> Floats:
        """Return k between architectures (N, n) and (M, n), shape (N, M)."""
        equal = left.T[:, :, None] == right.T[:, None, :]
        return self.from_agreement(np.where(equal, 1.0, -1.0 / (self.choices - 1)))

    def architectures(self) -> NDArray[np.intp]:
        """Return all architectures in mixed-radix order, shape (k^n, n)."""
        return np.stack(np.unravel_index(np.arange(self.size), (self.choices,) * self.decisions), axis=1)

    def draw(self, rng: np.random.Generator, draws: int) -> Floats:
        """Return exact draws from the prior on all architectures, shape (draws, k^n), by projections along each axis."""
        shape = (draws, *(self.choices,) * self.decisions)
        parts = [rng.normal(size=shape)] + [np.zeros(shape) for _ in range(self.order)]
        for axis in range(1, self.decisions + 1):
            means = [part.mean(axis=axis, keepdims=True) for part in parts]
            contrasts = [part - mean for part, mean in zip(parts, means, strict=True)]
            parts = [np.broadcast_to(means[d], shape) + (contrasts[d - 1] if d else 0.0) for d in range(self.order + 1)]
        values, _ = self.spectrum()
        scaled = sum(np.sqrt(self.size * value) * part for value, part in zip(values, parts, strict=True))
        return np.asarray(scaled).reshape(draws, -1)
