"""Final scores on one benchmark, each optimizer against the best; what the main table prints and the summary says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from reports.evaluation import BenchmarkEvaluation
from reports.statistics.bootstrap import studentised_mean
from reports.statistics.multiple import holm
from reports.statistics.pairwise import a12, wilcoxon_signed_rank
from reports.statistics.result import Estimate, Undefined

ALPHA = 0.05


@dataclass(frozen=True)
class Standing:
    """Where one optimizer stands on one benchmark.

    Attributes:
        mean: of the final score over runs, with its interval.
        sd: standard deviation over runs.
        median: over runs.
        n: runs.
        best: whether its mean is the lowest (several may share it).
        p_value: of its difference from the best, adjusted.
        effect: A12 against the best; above a half it scores worse.
        runs: hash of its runs.
        compared: hashes of its runs and the best's.
    """

    mean: Estimate | Undefined
    sd: float | Undefined
    median: float
    n: int
    best: bool
    p_value: float | Undefined
    effect: Estimate | Undefined
    runs: str
    compared: str

    @property
    def worse(self) -> bool:
        """Whether the test says that it is worse than the best."""
        return not isinstance(self.p_value, Undefined) and self.p_value < ALPHA


@dataclass(frozen=True)
class Comparison:
    """All optimizers on one benchmark.

    Attributes:
        best: label with the lowest mean; the first in the study's order where several share it.
        standings: by label, in the order of the study.
        p_values: of all pairs (i, j), i < j, adjusted by Holm.
    """

    best: str
    standings: Mapping[str, Standing]
    p_values: Mapping[tuple[int, int], float | Undefined]


def compare(evaluation: BenchmarkEvaluation, rng: np.random.Generator) -> Comparison:
    """Compare the optimizers on one benchmark.

    The test is Wilcoxon's signed rank, paired by run, adjusted by Holm over all pairs since the best is chosen by looking.

    Args:
        evaluation: the benchmark.
        rng: the random stream of the bootstrap.
    """
    labels, outcomes = list(evaluation.outcomes), list(evaluation.outcomes.values())
    means = [float(outcome.score.mean()) for outcome in outcomes]
    best = int(np.argmin(means))
    pairs = list(combinations(range(len(labels)), 2))
    tests = [wilcoxon_signed_rank(outcomes[i].score, outcomes[j].score) for i, j in pairs]
    raw = [test if isinstance(test, Undefined) else test.p_value for test in tests]
    adjusted = dict(zip(pairs, holm(raw), strict=True))
    itself = Undefined("the best is not compared with itself" if len(labels) > 1 else "there is no other optimizer")
    standings = {}
    for i, (label, outcome) in enumerate(zip(labels, outcomes, strict=True)):
        score, n = outcome.score, len(outcome.score)
        standings[label] = Standing(
            mean=studentised_mean(score, rng, resamples=resamples_for(n)),
            sd=float(score.std(ddof=1)) if n > 1 else Undefined("one run shows no variation between runs"),
            median=float(np.median(score)),
            n=n,
            best=means[i] == means[best],
            p_value=itself if i == best else adjusted[min(i, best), max(i, best)],
            effect=itself if i == best else a12(score, outcomes[best].score),
            runs=outcome.digest,
            compared=outcome.digest if i == best else f"{outcome.digest}+{outcomes[best].digest}",
        )
    return Comparison(labels[best], standings, adjusted)


def resamples_for(runs: int) -> int:
    """Bootstrap resamples: 10,000, fewer where runs are so many that the law of the mean is nearly normal."""
    return 10_000 if runs <= 100 else 4_000
