"""Feasible samples from product distributions in lockstep, shared by policy-based algorithms."""

from __future__ import annotations

import numpy as np

from nasbench.search.random_streams import Streams
from nasbench.search.simplex import sample
from nasbench.spaces.space import Architectures, Floats, Space

ATTEMPTS = 20
"""Maximum number of redraws of an infeasible architecture before it is replaced by a uniform feasible one."""


def draw(theta: Floats, space: Space, streams: Streams) -> Architectures:
    """Return independent feasible architectures from the policies of a batch: `(R, B, d, k)` to `(R, B, d)`."""
    shape = theta.shape[:-1]
    numbers = shape[1] * shape[2]
    proposals = sample(theta, streams.uniform(numbers).reshape(shape))
    for attempt in range(ATTEMPTS):
        infeasible = ~space.is_feasible(proposals)
        if not infeasible.any():
            break
        uniform = streams.uniform(numbers, np.asarray(infeasible.any(axis=1))).reshape(shape)
        again = space.sample(uniform) if attempt == ATTEMPTS - 1 else sample(theta, uniform)
        proposals = np.where(infeasible[..., None], again, proposals)
    return proposals
