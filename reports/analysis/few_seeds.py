"""Inference from a handful of seeds: the interval of a mean, its greatest coverage, and the seeds that a test needs."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nasbench.reports.analysis.comparison import ALPHA
from nasbench.reports.statistics.bootstrap import stratified
from nasbench.reports.statistics.location import mean
from nasbench.reports.statistics.result import Estimate, Undefined
from nasbench.reports.wording import pluralize


def seed_mean(values: ArrayLike, rng: np.random.Generator) -> Estimate | Undefined:
    """Return the mean over seeds with its 95% bootstrap interval (expanded percentile).

    No bootstrap interval leaves the range of its sample, which contains the mean of a symmetric distribution with probability
    `1 - 2^(1 - n)`: 75% for 3 seeds, 94% for 5; reports say so.
    """
    return stratified(np.asarray(values, dtype=float)[:, None], mean, rng)


def most_coverage(seeds: int) -> float:
    """Return the probability that the range of a number of seeds contains the mean of a symmetric distribution."""
    return 1.0 - 2.0 ** (1 - seeds)


def seeds_needed(methods: int) -> int:
    """Return the fewest seeds with which a signed rank test, adjusted by Holm over all pairs, can reach `ALPHA`."""
    pairs = methods * (methods - 1) // 2
    seeds = 1
    while 2.0 ** (1 - seeds) * pairs >= ALPHA:
        seeds += 1
    return seeds


def why_no_test(seeds: int, methods: int) -> str:
    """Return why no test of differences between methods is possible, empty where one is."""
    if methods < 2:
        return "there is one optimizer, so there is no comparison"
    needed = seeds_needed(methods)
    if seeds >= needed:
        return ""
    smallest = min(1.0, 2.0 ** (1 - seeds))
    return (
        f"with {pluralize(seeds, 'seed')} a signed rank test cannot go below p = {smallest:g}; {needed} seeds are "
        f"needed for a significant difference at {ALPHA:g} among {methods} optimizers (all pairs, Holm)"
    )
