"""Optimizers on one benchmark, each against the best; what tables print and the summary says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from nasbench.reports.statistics.bootstrap import studentised_mean
from nasbench.reports.statistics.multiple import holm
from nasbench.reports.statistics.pairwise import a12, wilcoxon_all_pairs
from nasbench.reports.statistics.result import ONE_RUN, Estimate, Interval, Undefined
from nasbench.spaces.space import Floats
from nasbench.ties import differences, lowest, tolerance

ALPHA = 0.05
"""Error rate of tests and intervals, where no other is chosen."""
Verdict = Literal["best", "worse", "not significant", "contrary"]


@dataclass(frozen=True)
class OptimizerSummary:
    """Where one optimizer stands on one benchmark.

    Attributes:
        mean: of the score over runs, with its interval.
        sd: standard deviation over runs.
        median: over runs.
        n: runs.
        best: whether its mean is the lowest (several may share it; equal up to rounding is equal).
        p_value: of its difference from the best, adjusted.
        lean: sum of the signed ranks of its differences from the best; positive where it is worse in most pairs.
        effect: A12 against the best; above a half it scores worse.
        runs: hash of its runs.
        compared: hashes of its runs and the best's.
        alpha: error rate of the tests of a data set.
    """

    mean: Estimate | Undefined
    sd: float | Undefined
    median: float
    n: int
    best: bool
    p_value: float | Undefined
    lean: float
    effect: Estimate | Undefined
    runs: str
    compared: str
    alpha: float = ALPHA

    @property
    def verdict(self) -> Verdict:
        """The outcome of the test against the best.

        A test on ranks may contradict the means: one that is usually better can have the higher mean through a few bad runs.
        """
        if self.best:
            return "best"
        if isinstance(self.p_value, Undefined) or self.p_value >= self.alpha:
            return "not significant"
        return "worse" if self.lean > 0 else "contrary"


@dataclass(frozen=True)
class Comparison:
    """All optimizers on one benchmark.

    Attributes:
        best: label with the lowest mean; the first in the study's order where several share it.
        standings: by label, in the order of the study.
        p_values: of all pairs (i, j), i < j, adjusted by Holm.
    """

    best: str
    standings: Mapping[str, OptimizerSummary]
    p_values: Mapping[tuple[int, int], float | Undefined]


def compare(
    scores: Mapping[str, Floats], digests: Mapping[str, str], rng: np.random.Generator, alpha: float = ALPHA
) -> Comparison:
    """Compare optimizers by scores of which lower is better.

    The test is Wilcoxon's signed rank, paired by run, adjusted by Holm over all pairs since the best is chosen by looking.

    Args:
        scores: `(R,)` of each optimizer, by label.
        digests: hash of the runs of each.
        rng: the random stream of the bootstrap.
        alpha: error rate of the tests, and of each interval.
    """
    labels, values = list(scores), list(scores.values())
    leaders = lowest([score.mean() for score in values], tolerance(*values))
    best = int(np.argmax(leaders))
    tests = wilcoxon_all_pairs(values)
    adjusted = dict(zip(tests, holm([test.p_value for test in tests.values()]), strict=True))
    itself = Undefined("the best is not compared with itself" if len(labels) > 1 else "there is no other optimizer")
    standings = {}
    for i, (label, score) in enumerate(scores.items()):
        n, digest = len(score), digests[label]
        standings[label] = OptimizerSummary(
            mean=studentised_mean(score, rng, resamples=resamples_for(n), level=1.0 - alpha),
            sd=float(score.std(ddof=1)) if n > 1 else ONE_RUN,
            median=float(np.median(score)),
            n=n,
            best=bool(leaders[i]),
            p_value=itself if i == best else adjusted[min(i, best), max(i, best)],
            lean=_signed_ranks(differences(score, values[best])),
            effect=itself if i == best else a12(score, values[best], level=1.0 - alpha),
            runs=digest,
            compared=digest if i == best else f"{digest}+{digests[labels[best]]}",
            alpha=alpha,
        )
    return Comparison(labels[best], standings, adjusted)


def resamples_for(runs: int) -> int:
    """Return the bootstrap resamples: 10,000, or 4,000 for many runs, whose mean is nearly normally distributed."""
    return 10_000 if runs <= 100 else 4_000


def _signed_ranks(difference: Floats) -> float:
    from scipy.stats import rankdata

    known = difference[difference != 0]
    return float((np.sign(known) * rankdata(np.abs(known))).sum()) if known.size else 0.0


def digits_for(estimates: Iterable[Estimate | Undefined], least: int = 2, most: int = 4) -> int:
    """Return the number of decimals at which the narrowest interval has distinct bounds."""
    bounds = [e.interval for e in estimates if isinstance(e, Estimate) and isinstance(e.interval, Interval)]
    widths = [b.upper - b.lower for b in bounds if b.upper > b.lower]
    return int(np.clip(np.ceil(-np.log10(min(widths))), least, most)) if widths else least
