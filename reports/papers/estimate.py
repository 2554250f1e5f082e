"""A number of ours beside a published one, with what is known of its distribution."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nasbench.ties import is_constant


@dataclass(frozen=True, kw_only=True)
class ReproducedEstimate:
    """What was found for a published value.

    Attributes:
        mean: ours; NaN where some run did not get there.
        deviation: standard deviation over runs, or over the cells of a fixed value; None where there is none.
        runs: number of ours; infinite where the distribution is known exactly.
        fixed: whether nothing in it is random, so that the published digits must be met.
        missing: runs that did not get there.
    """

    mean: float
    deviation: float | None = None
    runs: float = math.inf
    fixed: bool = False
    missing: int = 0

    @property
    def variance(self) -> float:
        """Variance of the mean."""
        return 0.0 if self.fixed or self.deviation is None else self.deviation**2 / self.runs


def mean_of_runs(values: ArrayLike) -> ReproducedEstimate:
    """Return the mean of a sample of runs, `(runs,)`."""
    sample = np.asarray(values, dtype=float)
    missing = int(np.isnan(sample).sum())
    deviation = None if len(sample) < 2 or missing else 0.0 if is_constant(sample) else float(sample.std(ddof=1))
    return ReproducedEstimate(mean=float(sample.mean()), deviation=deviation, runs=len(sample), missing=missing)


def mean_of_cells(values: ArrayLike) -> ReproducedEstimate:
    """Return the mean of what was measured of fixed architectures, `(cells,)`."""
    sample = np.asarray(values, dtype=float)
    return ReproducedEstimate(mean=float(sample.mean()), deviation=float(sample.std()), runs=len(sample), fixed=True)


def fixed_value(value: float) -> ReproducedEstimate:
    """Return a number in which nothing is random, such as the maximum of a table."""
    return ReproducedEstimate(mean=value, fixed=True)
