"""Bayesian signed-rank test with a region of practical equivalence.

Sources: Benavoli et al. 2014, "A Bayesian Wilcoxon signed-rank test based on the Dirichlet process"; Benavoli, Corani,
Demšar and Zaffalon 2017, "Time for a Change", section 4.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nasbench.errors import NasbenchError
from nasbench.reports.statistics.inputs import FloatArray, as_array, incomplete
from nasbench.reports.statistics.result import Undefined
from nasbench.ties import differences, tolerance

CHUNK = 2_000_000  # weights held at once


@dataclass(frozen=True)
class RopePosterior:
    """Posterior over three answers: x practically lower (better), practically equal, y practically lower.

    Attributes:
        x_better, equivalent, y_better: the posterior probability that this answer is the most probable of the three
            ("P(left), P(rope), P(right)" of Benavoli et al. 2017).
        draws: `(draws, 3)`, the probabilities of the three answers in each posterior draw, each row summing to one.
        rope: half-width of the region of practical equivalence, in the units of the scores.
        n: differences (signed rank) or data sets (hierarchical) it rests on.
    """

    x_better: float
    equivalent: float
    y_better: float
    draws: FloatArray
    rope: float
    n: int

    @property
    def expected(self) -> tuple[float, float, float]:
        """Posterior means of the three probabilities."""
        low, middle, high = self.draws.mean(axis=0)
        return float(low), float(middle), float(high)


def posterior(draws: FloatArray, rope: float, n: int) -> RopePosterior:
    """Summarise draws `(draws, 3)`; where answers tie in a draw they share it."""
    best = draws >= draws.max(axis=1, keepdims=True) - tolerance(1.0)
    low, middle, high = (best / best.sum(axis=1, keepdims=True)).mean(axis=0)
    return RopePosterior(float(low), float(middle), float(high), draws, rope, n)


def check_rope(rope: float) -> None:
    """Raise `NasbenchError` unless the half-width is finite and not negative."""
    if not 0.0 <= rope < np.inf:
        raise NasbenchError(f"The region of practical equivalence has a half-width >= 0; got {rope}.")


def signed_rank(
    x: ArrayLike, y: ArrayLike, rope: float, rng: np.random.Generator, *, prior: float = 0.5, draws: int = 20_000
) -> RopePosterior | Undefined:
    """Compare paired scores by the posterior of their Walsh averages.

    The differences x - y are a draw from a Dirichlet process with `prior` weight at zero, so inside the region.

    Args:
        x: `(data sets,)` or `(runs,)`, lower is better.
        y: the same, paired by position.
        rope: half-width of the region, in the units of the scores.
        rng: the random stream of the posterior draws.
        prior: the weight of the pseudo-observation.
        draws: posterior draws.

    Raises:
        NasbenchError: a negative half-width or prior.
    """
    check_rope(rope)
    if not 0.0 < prior < np.inf:
        raise NasbenchError(f"The prior weight must be positive; got {prior}.")
    first, second = as_array(x, 1, "x"), as_array(y, 1, "y")
    if problem := incomplete(first, "x", 2) or incomplete(second, "y", 2):
        return problem
    if first.size != second.size:
        return Undefined(
            f"a paired comparison needs as many scores of both, and there are {first.size} and {second.size}"
        )
    difference = np.concatenate([[0.0], differences(first, second)])
    walsh = difference[:, None] + difference
    within = tolerance(first, second)
    below, above = (
        0.5 * (side < -2.0 * rope - within) + 0.5 * (side <= -2.0 * rope + within) for side in (walsh, -walsh)
    )
    concentration = np.concatenate([[prior], np.ones(first.size)])
    low, high = np.empty(draws), np.empty(draws)
    chunk = max(1, CHUNK // difference.size)
    for start in range(0, draws, chunk):
        weights = rng.dirichlet(concentration, size=min(chunk, draws - start))
        low[start : start + chunk] = ((weights @ below) * weights).sum(axis=1)
        high[start : start + chunk] = ((weights @ above) * weights).sum(axis=1)
    return posterior(np.column_stack([low, np.maximum(1.0 - low - high, 0.0), high]), rope, first.size)
