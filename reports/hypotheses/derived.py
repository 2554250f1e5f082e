"""What in a registration follows from the rest of it, so that a file that was edited and sealed anew contradicts itself."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from nasbench.errors import quoted
from nasbench.reports.hypotheses.bound_study import absent_baselines, baseline_labels, is_bound_study
from nasbench.reports.hypotheses.statements import MedianToTarget, StudyHypothesis

if TYPE_CHECKING:
    from nasbench.reports.hypotheses.registration import HypothesisRegistration

ERROR_RATE = 0.05
"""Of all looks at a hypothesis together: look k may spend a share 1/2^k of it."""


def error_rate_of(look: int) -> float:
    """Return what a look may spend."""
    return float(ERROR_RATE / 2**look)


def study_seed(name: str, sources: str) -> int:
    """Return the seed of a study under these sources, below 2^31."""
    return int(hashlib.sha256(f"{name} {sources}".encode()).hexdigest()[:8], 16) >> 1


def count_parts(hypothesis: StudyHypothesis, study: Mapping[str, Any]) -> int:
    """Return how many numbers of one study are judged."""
    compared = len(baseline_labels(hypothesis, study)) + len(hypothesis.labels) - 1
    each = 2 if isinstance(hypothesis, MedianToTarget) else compared * len(hypothesis.measures)
    return each * len(hypothesis.benchmarks)


def power_of(effect: float, runs: int, error_rate: float) -> float:
    """Return the probability that a bound at `1 - error_rate` meets its threshold, by the normal law."""
    from scipy.stats import norm

    return float(norm.cdf(effect * math.sqrt(runs) - norm.isf(error_rate)))


def contradictions(registration: HypothesisRegistration) -> Iterator[str]:
    """Yield a clause for each thing in a registration that does not follow from the rest, as it does where it was registered."""
    hypothesis, studies = registration.hypothesis, registration.studies
    if not isinstance(hypothesis, StudyHypothesis):
        yield f"a hypothesis of the kind {hypothesis.kind!r} rests on no study"
        return
    told = {
        "name": (registration.name, f"{hypothesis.name}-{registration.look}"),
        "error_rate": (registration.error_rate, error_rate_of(registration.look)),
        "studies": (sorted(studies), sorted(hypothesis.studies)),
        "benchmarks": (sorted(registration.benchmarks), sorted(hypothesis.benchmarks)),
        "horizons": (sorted(registration.horizons), sorted(hypothesis.benchmarks)),
    }
    if broken := next((name for name, study in studies.items() if not is_bound_study(study)), None):
        yield f"the study {quoted(broken)} does not say all that binds it"
        return
    for name, study in studies.items():
        for absent in absent_baselines(hypothesis, study):
            yield f"the study {name} has no baseline {absent}, which the statement names"
        told |= {
            f"the seed of {name}": (study["seed"], study_seed(name, registration.sources_sha256)),
            f"the runs of {name}": (study["runs"], hypothesis.runs),
            f"the budget of {name}": (study["budget"], {"unique_queries": hypothesis.query_cap}),
        }
    for benchmark, horizons in registration.horizons.items():
        queries = horizons.get("unique_queries")
        told[f"the horizon of {benchmark} in unique_queries"] = (queries, float(hypothesis.query_cap))
    parts = sum(count_parts(hypothesis, study) for study in studies.values())
    told["parts"] = (registration.parts, parts)
    for what, (found, follows) in told.items():
        if found != follows:
            yield f"{what} is {quoted(found)} and {quoted(follows)} follows"
    for benchmark, account in ((b, a) for b in registration.horizons for a in getattr(hypothesis, "accounts", ())):
        horizon = registration.horizons[benchmark].get(account, math.nan)
        if not 0.0 < horizon < math.inf:
            yield f"the horizon of {benchmark} in {account} is {horizon} and should be positive"
    power = power_of(hypothesis.assumed_effect, hypothesis.runs, error_rate_of(registration.look))
    for what, stated, right in (
        ("power", registration.power, power),
        ("joint_power", registration.joint_power, power**parts),
    ):
        if not math.isclose(stated, right, abs_tol=2e-4):
            yield f"{what} is {stated:g} and {right:.4f} follows"
