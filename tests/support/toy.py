"""A space of 24 architectures and an error on it, small enough to follow an algorithm by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nasbench.search.problem import Problem
from nasbench.spaces.space import Architectures, Space

FIDELITIES = (1, 3, 9)
Problems = Callable[..., Problem]


def toy_space() -> Space:
    """Three decisions of 4, 2 and 3 choices: 24 architectures."""
    return Space("toy", ("a", "b", "c"), (("0", "1", "2", "3"), ("0", "1"), ("0", "1", "2")))


def toy_error(architectures: Architectures) -> np.ndarray:
    """Error in per cent, separable, with its one minimum at (2, 1, 0)."""
    a, b, c = np.moveaxis(architectures.astype(float), -1, 0)
    return 10 + 5 * np.abs(a - 2) + 8 * (1 - b) + 3 * c
