"""Time to target on one benchmark: success rate, restricted mean time, and the time saved against the reference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nasbench.reports.analysis.comparison import ALPHA, resamples_for
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation
from nasbench.reports.analysis.targets import Target
from nasbench.reports.statistics.multiple import holm
from nasbench.reports.statistics.proportion import rate
from nasbench.reports.statistics.restricted_mean_ratio import RestrictedMeanRatio, restricted_mean_ratio
from nasbench.reports.statistics.result import Estimate, Undefined
from nasbench.reports.statistics.runtime import expected_running_time
from nasbench.reports.statistics.survival import RestrictedMean, log_rank, restricted_mean


@dataclass(frozen=True)
class TimeToTargetResult:
    """How one optimizer reached one target.

    Attributes:
        benchmark, target, account, label: of what.
        reached: fraction of runs that reached it within the horizon (Wilson's interval).
        mean: restricted mean time.
        expected: expected running time, each failed run charged the horizon.
        saving: against the reference, paired by run; undefined for the reference itself.
        p_value: log-rank against the reference, adjusted by Holm over the optimizers.
        horizon: up to where runs are followed, for everything here.
        planned: whether that is the limit that the study set beforehand.
        runs: hash of its runs.
        compared: hashes of its runs and the reference's.
        alpha: error rate of tests and intervals.
    """

    benchmark: str
    target: Target
    account: str
    label: str
    reached: Estimate | Undefined
    mean: RestrictedMean | Undefined
    expected: float | Undefined
    saving: RestrictedMeanRatio | Undefined
    p_value: float | Undefined
    horizon: float
    planned: bool
    runs: str
    compared: str
    alpha: float = ALPHA


def times_to_target(
    evaluation: BenchmarkEvaluation, account: str, reference: str, rng: np.random.Generator
) -> tuple[TimeToTargetResult, ...]:
    """Judge every optimizer on every target of a benchmark.

    Args:
        evaluation: the benchmark.
        account: one of its accounts.
        reference: label of the optimizer that the others are compared with, chosen before the results are seen.
        rng: the random stream of the bootstrap.
    """
    found: list[TimeToTargetResult] = []
    for target in evaluation.targets:
        horizon = evaluation.horizons[target.key, account]
        base = evaluation.outcomes[reference]
        others = [label for label in evaluation.outcomes if label != reference]
        tests = [
            log_rank([base.times[target.key, account], evaluation.outcomes[o].times[target.key, account]])
            for o in others
        ]
        p_values = dict(zip(others, holm([test.p_value for test in tests]), strict=True))
        for label, outcome in evaluation.outcomes.items():
            times = outcome.times[target.key, account]
            itself = Undefined("the reference is not compared with itself")
            saving: RestrictedMeanRatio | Undefined = itself
            if label != reference:
                saving = restricted_mean_ratio(
                    times,
                    base.times[target.key, account],
                    horizon,
                    rng,
                    paired=True,
                    resamples=resamples_for(times.runs),
                    level=evaluation.level,
                )
            found.append(
                TimeToTargetResult(
                    benchmark=evaluation.short,
                    target=target,
                    account=account,
                    label=label,
                    reached=rate(times.events, times.runs, level=evaluation.level),
                    mean=restricted_mean(times, horizon, level=evaluation.level),
                    expected=expected_running_time(times),
                    saving=saving,
                    p_value=p_values.get(label, itself),
                    horizon=horizon,
                    planned=evaluation.is_planned(target.key, account),
                    runs=outcome.digest,
                    compared=outcome.digest if label == reference else f"{outcome.digest}+{base.digest}",
                    alpha=evaluation.alpha,
                )
            )
    return tuple(found)
