"""A space of 24 architectures and an error on it, small enough to follow an algorithm by hand."""

from __future__ import annotations

import numpy as np

from nasbench.api.benchmark import Benchmark
from nasbench.api.registration import function_benchmark
from nasbench.search.problem import Problem
from nasbench.spaces.space import Architectures, Space


def toy_space() -> Space:
    """Return a space of three decisions of 4, 2 and 3 choices: 24 architectures.

    Example:
        >>> toy_space().size
        24
    """
    return Space("toy", ("a", "b", "c"), (("0", "1", "2", "3"), ("0", "1"), ("0", "1", "2")))


def toy_error(architectures: Architectures) -> np.ndarray:
    """Return the error in per cent, `(..., d)` to `(...)`: separable, with its one minimum at (2, 1, 0)."""
    a, b, c = np.moveaxis(architectures.astype(float), -1, 0)
    return np.asarray(10 + 5 * np.abs(a - 2) + 8 * (1 - b) + 3 * c)


def _one(architecture: Architectures) -> float:
    return float(toy_error(architecture))


def toy_benchmark() -> Benchmark:
    """Return the benchmark of `toy_error` on `toy_space`."""
    return Benchmark(function_benchmark("toy", _one, toy_space()))


def toy_problem(budget: float = 20, *, runs: int = 1, seed: int = 0) -> Problem:
    """Return `toy_benchmark` as a problem of one objective.

    Args:
        budget: queries per run.
        runs: how many advance in lockstep.
        seed: of the chance of the benchmark, of which this one has none.

    Example:
        >>> toy_problem(5, runs=2).runs
        2
    """
    return toy_benchmark().problem({"queries": budget}, runs=runs, seed=seed)
