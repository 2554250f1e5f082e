"""Registry of all claims, and their joint verification at one family-wise error rate."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec

import numpy as np

from nasbench.errors import MissingExtraError, NasbenchError, unknown_name
from nasbench.extras import PACKAGES, missing_extra, require_modules
from nasbench.multiplicity import adjust_holm
from nasbench.plugins import points, usable, use
from nasbench.registered import carrying, registered
from nasbench.theory.machinery.claim import ALPHA, Claim, Context, Outcome, Verdict, not_judged
from nasbench.theory.machinery.detection_limit import DetectionLimit, find_detection_limit, is_rejected

GROUP = "nasbench.claims"
"""Entry-point group for claims of other packages."""

FAMILIES = (
    "nasbench.theory.families.random_search",
    "nasbench.theory.families.markov",
    "nasbench.theory.families.drift",
    "nasbench.theory.families.evolution",
    "nasbench.theory.families.pareto",
    "nasbench.theory.families.nsga2",
    "nasbench.theory.families.gradient",
    "nasbench.theory.families.bayesian",
    "nasbench.theory.families.hybrid",
    "nasbench.theory.families.registered",
    "nasbench.theory.families.complexity",
    "nasbench.theory.families.starts",
    "nasbench.theory.families.live",
)
"""Modules with `CLAIMS`, one family of theorems each."""

NEEDS: Mapping[str, str] = {"live": "torch"}
"""Families that are registered only where a package is installed, and that package."""


@dataclass(frozen=True)
class Finding:
    """A claim with the verdict of its check.

    Attributes:
        claim: the claim.
        verdict: after the family-wise decision.
        seconds: wall time of the check.
        mutant: whether the mutant was checked instead of the claim.
        limit: the detection limit of the claim whose mutant was rejected.
    """

    claim: Claim
    verdict: Verdict
    seconds: float
    mutant: bool = False
    limit: DetectionLimit | None = None

    @property
    def passed(self) -> bool:
        """Whether the claim is not violated, or its mutant is rejected; a check that raised does neither."""
        return self.verdict.outcome is not Outcome.ERROR and (self.verdict.outcome is Outcome.VIOLATED) == self.mutant


@lru_cache(maxsize=1)
def _installed() -> dict[str, Claim]:
    """Return the claims of the suite, then those of other packages (entry-point group `nasbench.claims`), by name."""
    own = _by_name(claim for family in FAMILIES for claim in import_module(family).CLAIMS)
    others = usable(points(GROUP).values(), lambda point: use(point, "claim", _claim))
    return _by_name((*own.values(), *others))


def all_claims() -> dict[str, Claim]:
    """Return all claims by name, in the order of families; those of other packages and of the running program last.

    Raises:
        NasbenchError: if two claims have the same name.
    """
    return _by_name((*_installed().values(), *registered("claim").values()))


def _claim(loaded: object) -> Claim:
    if not isinstance(loaded, Claim):
        raise NasbenchError(f"An entry point of {GROUP} gives a {type(loaded).__name__}; it should give a Claim.")
    return loaded


def left_out() -> list[str]:
    """Return a sentence for each family of claims that needs a package that is not installed."""
    return [
        f"The claims of the family {family} are left out: they need {PACKAGES[module][1]} (pip install 'nas-verify[{PACKAGES[module][0]}]')."
        for family, module in NEEDS.items()
        if find_spec(module) is None
    ]


def find(name: str) -> Claim:
    """Return the claim of that name.

    Raises:
        NasbenchError: if there is none, with the nearest match.
        MissingExtraError: if its family needs a package that is not installed.
    """
    claims = all_claims()
    if name not in claims and (needed := NEEDS.get(name.partition(".")[0])) is not None:
        require_modules((needed,))
    if name not in claims:
        raise unknown_name("claim", name, claims)
    return claims[name]


def select(names: Sequence[str]) -> tuple[Claim, ...]:
    """Return the named claims without duplicates; a family's name selects all of its claims, and no name selects every
    claim.
    """
    if not names:
        return tuple(all_claims().values())
    chosen: dict[str, Claim] = {}
    for name in names:
        family = {key: claim for key, claim in all_claims().items() if key.split(".")[0] == name}
        chosen |= family or {name: find(name)}
    return tuple(chosen.values())


def verify(
    claims: Sequence[Claim],
    context: Context | None = None,
    jobs: int = 1,
    mutants: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Finding]:
    """Check claims, or their mutants, with a joint decision.

    Holm's step-down procedure (1979) over all p-values of the call controls the family-wise error rate at `ALPHA`. A
    mutant must be rejected even at the Bonferroni level over all registered claims, `ALPHA` divided by their number; where
    a constant can be multiplied by a factor, the detection limit is found as well. A check that raises has the outcome "error".

    Args:
        claims: registered claims.
        context: seeds and tables.
        jobs: number of processes.
        mutants: check the mutants instead of the claims.
        progress: called with (claims done, total claims).

    Raises:
        MissingExtraError: if a check needs a package that is not installed.
    """
    from joblib import Parallel, delayed

    context = context or Context()
    level = ALPHA / len(all_claims())
    work = Parallel(n_jobs=jobs, batch_size=1, pre_dispatch=jobs, return_as="generator")
    checked = []
    for done, found in enumerate(
        work(delayed(carrying(_check))(claim.name, context, level if mutants else None) for claim in claims), start=1
    ):
        checked.append(found)
        progress(done, len(claims))
    p_values = np.array([np.nan if v.p_value is None else v.p_value for v, _, _ in checked])
    rejected = p_values <= level if mutants else adjust_holm(p_values) <= ALPHA
    return [
        Finding(claim, verdict.decided(bool(reject)), seconds, mutants, limit)
        for claim, (verdict, seconds, limit), reject in zip(claims, checked, rejected, strict=True)
    ]


def _check(name: str, context: Context, mutant_level: float | None) -> tuple[Verdict, float, DetectionLimit | None]:
    """Check a claim, or its mutant where there is a level, on one thread of linear algebra; return verdict, seconds and detection limit.

    Several threads share a processor badly, and bend the times that claims of growth rest on.
    """
    from threadpoolctl import threadpool_limits

    claim, limit = find(name), None
    begin, spent = time.perf_counter(), time.process_time()
    with threadpool_limits(1):
        try:
            if mutant_level is None:
                verdict = claim.check(context)
            else:
                verdict = replace(claim.mutant.check(context), note=f"mutant: {claim.mutant.description}", curve=None)
                if is_rejected(verdict, mutant_level):
                    limit = find_detection_limit(claim, context, mutant_level, time.process_time() - spent)
        except MissingExtraError:
            raise
        except Exception as fault:
            if (extra := missing_extra(fault)) is not None:
                raise extra from None
            verdict = not_judged(Outcome.ERROR, f"the check raised {type(fault).__name__}: {fault}")
    # What was observed stays in this process.
    return replace(verdict, restated=None), time.perf_counter() - begin, limit


def _by_name(claims: Iterable[Claim]) -> dict[str, Claim]:
    named: dict[str, Claim] = {}
    for claim in claims:
        if claim.name in named:
            raise NasbenchError(f"Two claims are named {claim.name!r}; each needs a name of its own.")
        named[claim.name] = claim
    return named
