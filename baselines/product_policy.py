"""Distributions on the product of simplices, `theta` of shape `(R, d, k)`, in lockstep; what policy-based algorithms share.

`theta[r, i]` is the distribution of decision `i` in run `r`, padded with zeros where a decision has fewer than `k` choices.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nasbench.search.streams import Streams
from nasbench.spaces.space import Architectures, Floats, Space

ATTEMPTS = 20
"""Draws of an infeasible architecture are repeated so often before a uniform feasible one takes its place."""


def offered(space: Space) -> NDArray[np.bool_]:
    """Which choices each decision has, `(d, k)` with `k` the largest cardinality."""
    return np.arange(space.cardinalities.max()) < space.cardinalities[:, None]


def uniform_theta(space: Space, runs: int) -> Floats:
    """The uniform distribution in every run, `(R, d, k)`."""
    theta = offered(space) / space.cardinalities[:, None]
    return np.repeat(theta[None], runs, axis=0)


def one_hot(architectures: Architectures, k: int) -> Floats:
    """Vertices of the product of simplices: `(..., d)` to `(..., d, k)`."""
    return (architectures[..., None] == np.arange(k)).astype(np.float64)


def inverse_transform(theta: Floats, uniform: Floats) -> Architectures:
    """Architectures from `theta` `(..., d, k)` by uniform numbers `(..., d)`, decision by decision."""
    edges = np.cumsum(theta, axis=-1)
    # Scaled by the total, so that rounding never leads past the last choice that has any weight.
    return (uniform[..., None] * edges[..., -1:] >= edges).sum(axis=-1).astype(np.int8)


def draw(theta: Floats, space: Space, streams: Streams) -> Architectures:
    """Independent feasible architectures from the policies of a batch: `(R, B, d, k)` to `(R, B, d)`."""
    shape = theta.shape[:-1]
    numbers = shape[1] * shape[2]
    proposals = inverse_transform(theta, streams.uniform(numbers).reshape(shape))
    for attempt in range(ATTEMPTS):
        infeasible = ~space.is_feasible(proposals)
        if not infeasible.any():
            break
        uniform = streams.uniform(numbers, np.asarray(infeasible.any(axis=1))).reshape(shape)
        again = space.sample(uniform) if attempt == ATTEMPTS - 1 else inverse_transform(theta, uniform)
        proposals = np.where(infeasible[..., None], again, proposals)
    return proposals
