"""Subset of data: the observations that a Gaussian process is conditioned on when there are many (Rasmussen and Williams 2006, section 8.3.3)."""

from __future__ import annotations

import numpy as np

from nasbench.spaces.space import Floats, Ints


def select_subset(targets: Floats, size: int) -> Ints:
    """Return the rows that stay, ascending, `(size,)`: the best half, and of the rest equally many from every stretch of ranks.

    The best say where the optimum is, the rest what the landscape is like; both are needed, since a process of good observations
    alone has seen no slope.

    Args:
        targets: smaller is better, `(t,)`.
        size: at most `t`.
    """
    order = np.argsort(targets, kind="stable")
    best = size // 2
    others = np.linspace(best, len(order) - 1, size - best).round().astype(np.int64)
    return np.sort(np.concatenate([order[:best], order[others]]))
