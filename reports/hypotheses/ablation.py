"""Hypotheses about the parts of a method: what is lost without each, against the whole, paired by run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from nasbench.reports.hypotheses.evidence import HypothesisEvidence
from nasbench.reports.hypotheses.registration import HypothesisRegistration
from nasbench.reports.hypotheses.search_time import RESAMPLES, SEED, where
from nasbench.reports.hypotheses.statements import Ablation
from nasbench.reports.hypotheses.verdict import HypothesisVerdict, Outcome, Part
from nasbench.reports.statistics.bootstrap import studentised_mean
from nasbench.reports.statistics.multiple import holm
from nasbench.reports.statistics.pairwise import sign_flip
from nasbench.reports.statistics.result import Interval, Undefined
from nasbench.spaces.space import Floats
from nasbench.ties import differences

HELPS, HURTS, OPEN = "helps", "hurts", "not shown"


def judge_ablation(registration: HypothesisRegistration, evidence: HypothesisEvidence) -> HypothesisVerdict:
    """Judge a hypothesis of the kind "ablation".

    A part helps on a data set where a sign-flip test of the paired difference, Holm over all parts, data sets and studies, rejects in its
    favour, and hurts where it rejects against it.
    """
    hypothesis = registration.statement
    assert isinstance(hypothesis, Ablation)
    rng, alpha = np.random.default_rng(SEED), registration.error_rate
    tested = list(_tested(registration, hypothesis, evidence, rng))
    adjusted = holm([p_value for _, p_value in tested])
    parts = [replace(part, verdict=_verdict(part, p, alpha)) for (part, _), p in zip(tested, adjusted, strict=True)]
    verdicts, names = [part.verdict for part in parts], [entry.part for entry in hypothesis.parts]
    outcome: Outcome = "holds" if set(verdicts) == {HELPS} else "fails" if HURTS in verdicts else "not shown"
    places = [where(registration, study, name) for study in registration.studies for name in hypothesis.benchmarks]
    told = "; ".join(_told(name, verdicts[i :: len(names)], places) for i, name in enumerate(names))
    return HypothesisVerdict(
        hypothesis=hypothesis,
        outcome=outcome,
        threshold=0.0,
        parts=tuple(parts),
        evidence=f"{told} (n = {parts[0].n}, runs {', '.join(dict.fromkeys(part.runs for part in parts))})",
        change=hypothesis.falsified_by
        if outcome == "holds"
        else "more runs, a space on which a part matters, or another hybrid",
    )


def _tested(
    registration: HypothesisRegistration, hypothesis: Ablation, evidence: HypothesisEvidence, rng: np.random.Generator
) -> Iterator[tuple[Part, float | Undefined]]:
    """Yield every part on each data set of each study, with the p-value of its test before adjustment."""
    (measure,), method = hypothesis.measures, hypothesis.method
    for study in registration.studies:
        for benchmark in hypothesis.benchmarks:
            horizon = registration.horizons[benchmark].get(measure, np.inf)
            full = np.minimum(evidence.values[study, benchmark, method, measure].time, horizon)
            for entry in hypothesis.parts:
                label = entry.ablated_label
                loss = np.minimum(evidence.values[study, benchmark, label, measure].time, horizon)
                of = f"{entry.part} on {where(registration, study, benchmark)}, {hypothesis.measure} lost without it"
                digest = evidence.digest((study, benchmark, method), (study, benchmark, label))
                yield _compared(of, loss, full, digest, rng, 1.0 - registration.error_rate)


def _compared(
    of: str, loss: Floats, full: Floats, digest: str, rng: np.random.Generator, level: float
) -> tuple[Part, float | Undefined]:
    test = sign_flip(loss, full, rng)
    # Both ends of a two-sided interval are one-sided bounds.
    mean = studentised_mean(differences(loss, full), rng, level=2 * level - 1, resamples=RESAMPLES)
    inside = mean if isinstance(mean, Undefined) else mean.interval
    bounds = (inside.lower, inside.upper) if isinstance(inside, Interval) else (inside, inside)
    statistic = mean if isinstance(mean, Undefined) else mean.value
    part = Part(of=of, statistic=statistic, lower=bounds[0], upper=bounds[1], n=len(loss), runs=digest)
    return part, test if isinstance(test, Undefined) else test.p_value


def _verdict(part: Part, p_value: float | Undefined, alpha: float) -> str:
    if isinstance(p_value, Undefined) or isinstance(part.statistic, Undefined) or p_value >= alpha:
        return OPEN
    return HELPS if part.statistic > 0 else HURTS


def _told(name: str, verdicts: Sequence[str], shorts: Sequence[str]) -> str:
    """Return `surrogate helps on cifar10 and cifar100, not shown on imagenet16-120`."""
    groups = {kind: [s for s, v in zip(shorts, verdicts, strict=True) if v == kind] for kind in (HELPS, HURTS, OPEN)}
    return f"{name} " + ", ".join(f"{kind} on {' and '.join(found)}" for kind, found in groups.items() if found)
