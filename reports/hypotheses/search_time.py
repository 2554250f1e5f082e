"""Hypotheses about time: the method's restricted mean time to a target, or to a share of the hypervolume, against each baseline's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nasbench.reports.hypotheses.evidence import HypothesisEvidence, labels_of
from nasbench.reports.hypotheses.registration import HypothesisRegistration
from nasbench.reports.hypotheses.statements import QueriesToHypervolume, TimeToTargetRatio
from nasbench.reports.hypotheses.verdict import ErrorRates, HypothesisVerdict, Part, below
from nasbench.reports.statistics.inputs import CensoredTimes
from nasbench.reports.statistics.restricted_mean_ratio import restricted_mean_ratio
from nasbench.reports.statistics.result import Undefined

SEED = 201
RESAMPLES, MANY_RESAMPLES = 10_000, 40_000
"""Of a bound, and of one that is corrected for all parts and lies far out."""


def judge_search_time(registration: HypothesisRegistration, evidence: HypothesisEvidence) -> HypothesisVerdict:
    """Judge a hypothesis of the kind "time to target" or "queries to hypervolume"."""
    hypothesis = registration.statement
    assert isinstance(hypothesis, TimeToTargetRatio | QueriesToHypervolume)
    threshold = hypothesis.threshold
    return below(hypothesis, list(_parts(registration, evidence, threshold)), threshold, strictly=threshold == 1.0)


def _parts(registration: HypothesisRegistration, evidence: HypothesisEvidence, threshold: float) -> Iterator[Part]:
    hypothesis, rng = registration.statement, np.random.default_rng(SEED)
    rates = ErrorRates(registration.error_rate, registration.parts)
    for study in registration.studies:
        for benchmark in hypothesis.benchmarks:
            for measure in hypothesis.measures:
                for label in labels_of(registration, study)[1:]:
                    yield ratio_part(
                        f"{where(registration, study, benchmark)} against {label} in {measure.replace('_', ' ')}",
                        evidence.values[study, benchmark, hypothesis.method, measure],
                        evidence.values[study, benchmark, label, measure],
                        registration.horizons[benchmark][measure],
                        rng,
                        evidence.digest((study, benchmark, hypothesis.method), (study, benchmark, label)),
                        rates,
                        threshold,
                    )


def where(registration: HypothesisRegistration, study: str, benchmark: str) -> str:
    """Return what a part calls a benchmark: the data set alone where one table has all, with the study where there are several."""
    tables = {name.partition("/")[0] for name in registration.statement.benchmarks}
    short = benchmark.partition("/")[2] or benchmark if len(tables) == 1 else benchmark
    return short if len(registration.studies) == 1 else f"{study}, {short}"


def ratio_part(
    of: str,
    times: CensoredTimes,
    baseline: CensoredTimes,
    horizon: float,
    rng: np.random.Generator,
    digest: str,
    rates: ErrorRates,
    threshold: float,
) -> Part:
    """Return the ratio of restricted means with its one-sided bounds, paired by run."""
    ratio = restricted_mean_ratio(times, baseline, horizon, rng, paired=True, level=rates.level, resamples=RESAMPLES)
    if isinstance(ratio, Undefined):
        return Part(of=of, statistic=ratio, lower=ratio, upper=ratio, n=times.runs, runs=digest)
    beyond = not isinstance(ratio.lower, Undefined) and ratio.lower > threshold
    if beyond and rates.parts > 1:
        strict = restricted_mean_ratio(
            times, baseline, horizon, rng, paired=True, level=rates.strict_level, resamples=MANY_RESAMPLES
        )
        beyond = (
            not isinstance(strict, Undefined) and not isinstance(strict.lower, Undefined) and strict.lower > threshold
        )
    return Part(
        of=of, statistic=ratio.value, lower=ratio.lower, upper=ratio.upper, n=times.runs, runs=digest, beyond=beyond
    )
