"""Claims (statements of theory with a check and a mutant that the check must reject) and verdicts (results of checks)."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nasbench.errors import NasbenchError
from nasbench.theory.machinery.law_curve import LawCurve

if TYPE_CHECKING:
    from nasbench.theory.exact.landscape import Landscape
    from nasbench.theory.machinery.optimizer_runs import OptimizerRuns

ALPHA = 0.05
"""Family-wise error rate of all claims checked together."""

VACUOUS_FACTOR = 10.0
"""A bound that is never within this factor of the observation is vacuous."""


class Outcome(StrEnum):
    """Outcome of a check."""

    HOLDS = "holds"
    VIOLATED = "violated"
    VACUOUS = "vacuous"
    ASSUMPTION_VIOLATED = "assumption-violated"
    UNDECIDED = "undecided"
    NOT_PROVED = "not-proved"
    NOTHING_STATED = "nothing-stated"
    """Of some runs: no claim is compared with them."""
    ERROR = "error"
    """The check raised an exception: nothing was found out."""


@dataclass(frozen=True)
class Verdict:
    """Result of one check with its evidence.

    Attributes:
        outcome: for a check with a p-value this is the decision at `ALPHA` as if it had been checked alone; the
            registry decides again, by Holm, over all p-values of one call.
        statistic: observed value.
        bound: bound of the statement (for an equality, the expected value).
        tightness: bound / observed; None if the ratio is meaningless.
        p_value: p-value under the statement; None for deterministic checks.
        interval: confidence interval of the statistic, if any.
        n: number of runs, points or instances.
        note: one line for the reader.
        curve: what is stated and what was observed over a size or a time, for a figure.
        restated: returns the verdict had the stated value been a factor times what it is, where that can be told from what was observed.
    """

    outcome: Outcome
    statistic: float
    bound: float
    tightness: float | None
    p_value: float | None
    interval: tuple[float, float] | None
    n: int
    note: str = ""
    curve: LawCurve | None = field(default=None, compare=False, repr=False)
    restated: Callable[[float], Verdict] | None = field(default=None, compare=False, repr=False)

    def decided(self, rejected: bool) -> Verdict:
        """Return this verdict with the family-wise decision on its p-value; unchanged without a p-value."""
        if self.p_value is None or self.outcome not in (Outcome.HOLDS, Outcome.VIOLATED):
            return self
        return replace(self, outcome=Outcome.VIOLATED if rejected else Outcome.HOLDS)

    def if_shown(self, shown: bool) -> Verdict:
        """Return this verdict, undecided where the statement is neither shown nor rejected."""
        return replace(self, outcome=Outcome.UNDECIDED) if self.outcome is Outcome.HOLDS and not shown else self


def at_most(
    statistic: float,
    bound: float,
    n: int,
    *,
    vacuous_beyond: float | None = None,
    interval: tuple[float, float] | None = None,
    note: str = "",
) -> Verdict:
    """Check the deterministic inequality statistic <= bound; NaN violates it.

    Args:
        statistic: observed value; `bound` should include a tolerance for rounding.
        bound: largest value allowed by the statement.
        n: number of instances behind the statistic.
        vacuous_beyond: call it vacuous when bound / statistic exceeds this factor; None never does.
        interval: confidence interval of the statistic, for the record.
        note: one line for the reader.
    """
    tightness = _ratio(bound, statistic) if statistic > 0 else None
    if not statistic <= bound:
        outcome = Outcome.VIOLATED
    elif vacuous_beyond is not None and (tightness is None or tightness > vacuous_beyond):
        outcome = Outcome.VACUOUS
    else:
        outcome = Outcome.HOLDS
    verdict = Verdict(outcome, float(statistic), float(bound), tightness, None, interval, n, note)
    return verdict if vacuous_beyond is None else replace(verdict, restated=lambda f: at_most(statistic, f * bound, n))


def all_at_most(
    observed: ArrayLike, bounds: ArrayLike, *, vacuous_beyond: float | None = None, n: int | None = None, note: str = ""
) -> Verdict:
    """Check observed <= bounds elementwise; one violation falsifies, vacuous when not one bound is within the factor.

    The verdict shows the element with the greatest ratio observed / bound, or the greatest excess where one is violated
    or bounds are not positive.
    """
    seen, allowed = np.broadcast_arrays(np.asarray(observed, dtype=float), np.asarray(bounds, dtype=float))
    seen, allowed = seen.ravel(), allowed.ravel()
    if not np.all(seen <= allowed):
        worst = int(np.argmax(np.where(np.isnan(seen - allowed), np.inf, seen - allowed)))
    elif np.all(allowed > 0):
        worst = int(np.argmax(seen / allowed))
    else:
        worst = int(np.argmax(seen - allowed))
    # The element shown is the first to be violated where all bounds, if positive, are multiplied by one factor.
    return at_most(seen[worst], allowed[worst], n or seen.size, vacuous_beyond=vacuous_beyond, note=note)


def equal_within(statistic: float, expected: float, tolerance: float, n: int, *, note: str = "") -> Verdict:
    """Check a deterministic equality: |statistic - expected| <= tolerance (absolute; scale it yourself)."""
    outcome = Outcome.HOLDS if abs(statistic - expected) <= tolerance else Outcome.VIOLATED
    tightness = _ratio(expected, statistic) if statistic else None
    return Verdict(
        outcome, float(statistic), float(expected), tightness, None, None, n, note,
        restated=lambda f: equal_within(statistic, f * expected, tolerance, n),
    )  # fmt: skip


def by_p_value(
    p_value: float,
    statistic: float,
    bound: float,
    n: int,
    *,
    interval: tuple[float, float] | None = None,
    vacuous_beyond: float | None = None,
    note: str = "",
) -> Verdict:
    """Decide on a statistical statement by its p-value, as if it were the only one tested."""
    tightness = _ratio(bound, statistic) if statistic > 0 else None
    outcome = Outcome.VIOLATED if not p_value > ALPHA else Outcome.HOLDS
    if outcome is Outcome.HOLDS and vacuous_beyond is not None and (tightness is None or tightness > vacuous_beyond):
        outcome = Outcome.VACUOUS
    return Verdict(outcome, float(statistic), float(bound), tightness, float(p_value), interval, n, note)


def _ratio(above: float, below: float) -> float | None:
    """Return a ratio, or None where it is too large for a number."""
    ratio = float(above) / float(below)
    return ratio if np.isfinite(ratio) else None


def not_judged(outcome: Outcome, note: str, *, statistic: float = np.nan, bound: float = np.nan, n: int = 0) -> Verdict:
    """Return a verdict that neither confirms nor refutes: undecided, assumption-violated or not-proved."""
    return Verdict(outcome, statistic, bound, None, None, None, n, note)


def smallest_p_value(p_values: Sequence[float]) -> float:
    """Combine p-values of one claim into one by Bonferroni: min(1, m * smallest). Valid under any dependence."""
    return min(1.0, len(p_values) * min(p_values))


@dataclass(frozen=True)
class Assumption:
    """An assumption of a statement; `checked` states whether the check tests it."""

    text: str
    checked: bool = True


@dataclass(frozen=True)
class Context:
    """Inputs of checks: named random streams, and the real tables.

    Attributes:
        seed: master seed; the random numbers of a check do not depend on other checks.
    """

    seed: int = 0

    def rng(self, name: str) -> np.random.Generator:
        """Return the generator of `name` derived from the master seed."""
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])

    def landscape(self, dataset: str, epochs: int = 200) -> Landscape:
        """Return NAS-Bench-201's validation error on `dataset` (cifar10, cifar100, ImageNet16-120), read once.

        Args:
            dataset: name, ignoring case.
            epochs: 200, or 12 (separate trainings).

        Raises:
            NasbenchError: an unknown data set or fidelity.
        """
        from nasbench.theory.exact.landscape import load

        return load(dataset, epochs)

    def seconds(self, dataset: str) -> NDArray[np.float64]:
        """Return the seconds that training each NAS-Bench-201 cell on `dataset` takes, in the order of `landscape`."""
        from nasbench.theory.exact.landscape import training_seconds

        return training_seconds(dataset)


Check = Callable[[Context], Verdict]

TraceCheckFunction = Callable[["OptimizerRuns", Context], Verdict | None]
"""Judges a claim on all runs of one optimizer on one benchmark; None where it says nothing about them."""

ClaimKind = Literal["theorem", "exact law", "calibration", "software check"]
"""What a claim is: a theorem (a bound or a limit, proved under its assumptions); an exact law (a distribution or a mean computed without
approximation); a calibration (a frequency compared with a threshold that the authors chose); or a software check (a property of this code,
an identity, or a growth that can be refuted by measurement and not proved)."""

CLAIM_KINDS: tuple[ClaimKind, ...] = get_args(ClaimKind)


@dataclass(frozen=True)
class Mutant:
    """A deliberately wrong variant (a biased sampler, a wrong constant) that the check of the claim must reject.

    Attributes:
        description: what is wrong.
        check: the check with the variant in place of what the claim is about.
        scaled: the check with a constant of the algorithm multiplied by a factor (1 is right), from which the mutation test finds the
            detection limit: the factor nearest to 1 that is still rejected. Without it, the limit is that of the stated value.
        factor: a factor that is rejected, from which the limit is sought towards 1; may be 0.
        constant: which constant, in words.
    """

    description: str
    check: Check
    scaled: Callable[[Context, float], Verdict] | None = None
    factor: float | None = None
    constant: str = "the constant"

    def __post_init__(self) -> None:
        if (self.scaled is None) != (self.factor is None) or self.factor == 1 or (self.factor or 0) < 0:
            raise NasbenchError(
                f"The mutant {self.description!r} should give `scaled` together with `factor`, a number of 0 or more that is not 1."
            )

    @property
    def is_scaled(self) -> bool:
        """Whether `check` is that of `scaled` at `factor`."""
        return isinstance(self.check, partial) and self.check.func is _at_factor

    @classmethod
    def by_factor(cls, constant: str, scaled: Callable[[Context, float], Verdict], factor: float) -> Mutant:
        """Return the mutant whose constant is `factor` times the true one.

        Args:
            constant: which one, in words such as "the step"; or what is wrong, with `{factor:g}` for the factor.
            scaled: the check with the constant multiplied by a factor.
            factor: must be rejected.
        """
        named = "{factor" in constant
        description = constant.format(factor=factor) if named else f"{constant} is {factor:g} times what it should be"
        true = constant.format(factor=1) if named else constant
        return cls(description, partial(_at_factor, scaled, factor), scaled, factor, true)


def _at_factor(scaled: Callable[[Context, float], Verdict], factor: float, context: Context) -> Verdict:
    return scaled(context, factor)


class Evidence(StrEnum):
    """What a check rests on: a distribution or value computed without sampling, runs of the registered optimizer, or both."""

    EXACT = "exact"
    SHIPPED = "shipped run"


@dataclass(frozen=True)
class Claim:
    """A testable statement of theory.

    Attributes:
        name: family and statement, as in "random-search.rank-law".
        statement: LaTeX, without surrounding dollar signs where it is one formula, else text with its own.
        assumptions: all assumptions, including unchecked ones.
        source: author, year, theorem or equation.
        check: runs in seconds, deterministic given the context.
        mutant: a wrong variant that the check must reject.
        optimizers: registered names of the optimizers that it concerns; none where it concerns no optimizer in particular.
        evidence: what the check rests on.
        kind: see `ClaimKind`; a claim that does not say what it is counts as a software check.
        trace_check: judges it on the runs of a study, of those `optimizers` (of any, where there are none).

    Raises:
        NasbenchError: if the kind is unknown.
    """

    name: str
    statement: str
    assumptions: tuple[Assumption, ...]
    source: str
    check: Check
    mutant: Mutant
    optimizers: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    kind: ClaimKind = "software check"
    trace_check: TraceCheckFunction | None = None

    def __post_init__(self) -> None:
        if self.kind not in CLAIM_KINDS:
            raise NasbenchError(
                f"The claim {self.name!r} is of kind {self.kind!r}; it should be one of {', '.join(CLAIM_KINDS)}."
            )

    @property
    def family(self) -> str:
        """Part of the name before the first dot."""
        return self.name.partition(".")[0]


def concerning(optimizers: Sequence[str], evidence: Sequence[Evidence], claims: Sequence[Claim]) -> tuple[Claim, ...]:
    """Return claims with the optimizers that they concern and their evidence; those that name optimizers already stay as they are."""
    names, kinds = tuple(optimizers), tuple(evidence)
    return tuple(claim if claim.optimizers else replace(claim, optimizers=names, evidence=kinds) for claim in claims)
