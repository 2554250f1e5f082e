"""A linear prior mean: what is known of an architecture without training, fitted together with the Gaussian process.

The prior mean is `h(x)^T b` with `h` the known quantities of an architecture and `b ~ N(0, w I)`: ridge regression inside the Gaussian
process, whose posterior is that of universal kriging with a proper prior (Rasmussen and Williams 2006, section 2.7; O'Hagan 1978).
Integrating `b` out adds the kernel `w h(x)^T h(x')`. Its weight is a hyperparameter like that of any group of features, so that
the marginal likelihood shrinks a quantity that tells nothing, and observations settle the sign and the size of one that does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.hybrid.enumeration import enumerate_space
from nasbench.hybrid.kernel import KNOWN, FeatureKernel, Reals
from nasbench.search.normal_scores import normal_scores
from nasbench.spaces.space import Architectures, Floats, Space

QuantityFunction = Callable[[Architectures], Floats]
"""Architectures `(n, d)` to what is known of them without training, `(n, p)`; NaN where it is not."""

SAMPLED = 1_000
"""Uniform architectures among which quantities are ranked where the space is not enumerated."""


@dataclass(frozen=True)
class PriorMeanKernel(FeatureKernel):
    """The kernel of a Gaussian process with a linear prior mean, whose coefficients are integrated out.

    Quantities enter as normal scores among the architectures of the space, so that neither units nor outliers matter; an unknown one is
    average. They are those of the architecture itself, isomorphic ones may differ.

    Attributes:
        known: the quantities.
    """

    _: KW_ONLY
    known: QuantityFunction

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Return the names of the groups; the known quantities are the last."""
        return (*super().groups, KNOWN)

    def features(self, architectures: Architectures, rung: int | None = None) -> Floats:
        """Return features `(n, F)` of architectures `(n, d)`, at one rung (the highest if None)."""
        features = super().features(architectures, rung)
        features[:, self.slices[-1]] = self._scores(architectures)
        return features

    def _group(self, group: str, architectures: Architectures, rung: int) -> Floats:
        # Those of the canonical form, which is what comes in here, may be others, or none: `features` enters those of the architecture.
        width = _reference_values(self.space, self.known).shape[1]
        return np.zeros((len(architectures), width)) if group == KNOWN else super()._group(group, architectures, rung)

    def _scores(self, architectures: Architectures) -> Floats:
        references = _reference_values(self.space, self.known).T
        columns = [
            np.where(np.isnan(values), 0.0, normal_scores(np.nan_to_num(values), among=reference))
            for values, reference in zip(self.known(architectures).T, references, strict=True)
        ]
        return np.stack(columns, axis=1)

    def variance(self, features: Reals, weights: Floats) -> Floats:
        """Return the prior variance at features `(n, F)`, `(n,)`: the larger, the further a quantity is from its average."""
        known = features[:, self.slices[-1]].astype(np.float64)
        return np.asarray(1.0 + weights[-1] * np.einsum("np,np->n", known, known))

    def distances(self, left: Floats, right: Floats) -> Floats:
        """Return half the squared distance in each group, and in the last place the scalar product of known quantities, `(G, n, m)`."""
        distances = super().distances(left, right)
        columns = self.slices[-1]
        distances[-1] = left[:, columns] @ right[:, columns].T
        return distances

    def from_distances(self, distances: Floats, weights: Floats) -> Floats:
        """Return the kernel from `distances`, `(n, m)`."""
        return super().from_distances(distances[:-1], weights[:-1]) + weights[-1] * distances[-1]

    def half_norms(self, features: Reals, weights: Floats) -> Reals:
        """Return half the squared norms of the features `(n, F)` in which the kernel is stationary, `(n,)`."""
        return super().half_norms(features, _stationary(weights))

    def __call__(self, left: Floats, right: Reals, weights: Floats, half_norms: Reals | None = None) -> NDArray[Any]:
        """Return the kernel of features `(n, F)` and `(m, F)` under group weights `(G,)`, `(n, m)`, in the precision of `right`."""
        columns = self.slices[-1]
        linear = (weights[-1] * left[:, columns]).astype(right.dtype) @ right[:, columns].T
        return np.asarray(super().__call__(left, right, _stationary(weights), half_norms) + linear)


def _stationary(weights: Floats) -> Floats:
    """Return the weights of the groups `(G,)` with 0 for the linear part."""
    return np.append(weights[:-1], 0.0)


@lru_cache(maxsize=4)
def _reference_values(space: Space, known: QuantityFunction) -> Floats:
    """Return the quantities of all architectures of a space, or of uniform ones where they are too many, `(n, p)`."""
    enumeration = enumerate_space(space, merge_isomorphic=False)
    uniform = np.random.default_rng(0).random((SAMPLED, space.d))
    values = known(space.sample(uniform) if enumeration is None else enumeration.architectures)
    return values[np.isfinite(values).all(axis=1)]
