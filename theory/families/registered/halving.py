"""Successive halving, Hyperband and BOHB as registered: brackets, promotions, and what they find."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy.stats import binom

from nasbench.baselines.bohb import Bohb
from nasbench.baselines.hyperband import Hyperband
from nasbench.baselines.successive_halving import Bracket, Rung, SuccessiveHalving
from nasbench.search.observations import RunObservations
from nasbench.search.optimizer import PerRun
from nasbench.spaces.space import Floats
from nasbench.theory.exact.landscape import Landscape
from nasbench.theory.machinery.claim import (
    Assumption,
    Claim,
    ClaimKind,
    Context,
    Evidence,
    Mutant,
    Verdict,
    equal_within,
)
from nasbench.theory.machinery.registered_runs import (
    Algorithm,
    Objective,
    RegisteredRuns,
    objective_of,
    random_table,
    run,
    space_of,
    start,
)
from nasbench.theory.machinery.statistical_checks import law_equals, mean_equals
from nasbench.theory.machinery.testbed import make_space

SHIPPED, BOTH = (Evidence.SHIPPED,), (Evidence.EXACT, Evidence.SHIPPED)
EPOCHS = (1, 3, 9, 27, 81)
ETA = 3
RACES = {"successive_halving": SuccessiveHalving, "hyperband": Hyperband, "bohb": Bohb}
SYNCHRONOUS = Assumption("one worker; eta = 3 and 1, 3, 9, 27, 81 epochs")
JAMIESON = "Jamieson and Talwalkar 2016, algorithm 1"
LI = "Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar 2018, algorithm 1"
FALKNER = "Falkner, Klein and Hutter 2018; sizes of HpBandSter"
SOURCES = {"successive_halving": JAMIESON, "hyperband": LI, "bohb": FALKNER}


def stated_bracket(name: str, number: int) -> list[tuple[int, int]]:
    """Return epochs and size of each rung of a bracket with `EPOCHS`: n = eta^4, ceil(5 eta^s / (s + 1)) or floor(5 / (s + 1)) eta^s."""
    most = len(EPOCHS) - 1
    halvings = most if name == "successive_halving" else most - number % (most + 1)
    size = {
        "successive_halving": ETA**most,
        "hyperband": math.ceil((most + 1) * ETA**halvings / (halvings + 1)),
        "bohb": (most + 1) // (halvings + 1) * ETA**halvings,
    }[name]
    return [(EPOCHS[most - halvings + i], max(size // ETA**i, 1)) for i in range(halvings + 1)]


def of_two_tables(cheap: Landscape, full: Landscape, longest: int) -> Objective:
    """Return the objective that is the rank in one table below the longest training, and in another one at it."""
    low, high = objective_of(cheap), objective_of(full)
    return lambda a, epochs: np.where((epochs == longest)[:, None], high(a, epochs), low(a, epochs))


def _raced(
    context: Context, name: str, algorithm: Algorithm, consistent: bool, queries: int, runs: int = 1
) -> tuple[RegisteredRuns, Landscape]:
    """Return runs on one random table, or on a table of its own for the longest training."""
    rng = context.rng(f"halving.{name}")
    full = random_table(rng, 4, 4)
    cheap = full if consistent else random_table(rng, 4, 4)
    optimizer = start(algorithm, space_of(full), runs, int(rng.integers(2**31)), epochs=EPOCHS)
    return run(optimizer, of_two_tables(cheap, full, EPOCHS[-1]), queries), full


class OneMore:
    """What makes a search keep one more on every rung but the first."""

    def _next_rungs(self) -> tuple[Rung, ...]:
        first, *others = super()._next_rungs()  # type: ignore[misc]
        return first, *(Rung(rung.epochs, min(rung.size + 1, first.size)) for rung in others)


def _one_more(name: str) -> PerRun:
    return PerRun(type("OneMoreSurvivor", (OneMore, RACES[name]), {}), fidelities=True)


def _brackets(context: Context, name: str, algorithm: Algorithm | None = None) -> Verdict:
    """Count queries whose epochs are not those of the stated brackets, over two rounds."""
    stated = [epochs for number in range(10) for epochs, size in stated_bracket(name, number) for _ in range(size)]
    seen, _ = _raced(context, name, algorithm or name, False, len(stated))
    wrong = int((seen.epochs[0] != stated).sum())
    cost = sum(epochs * size for epochs, size in stated_bracket(name, 0))
    note = f"queries at other epochs than stated, of {len(stated)}; the first bracket takes {cost} epochs, at most 5 x 81 = 405"
    return equal_within(wrong + (cost > 405), 0, 0, len(stated), note=note)


def _promotions(context: Context, name: str, algorithm: Algorithm | None = None) -> Verdict:
    """Count promoted architectures that were not among the best of their rung, over one round of brackets."""
    stated = [stated_bracket(name, number) for number in range(5)]
    queries = sum(size for bracket in stated for _, size in bracket)
    seen, _ = _raced(context, name, algorithm or name, False, queries)
    architectures, errors = seen.architectures[0], seen.objectives[0, :, 0]
    wrong, at, promoted = 0, 0, 0
    for bracket in stated:
        for (_, size), (_, above) in itertools.pairwise(bracket):
            best = np.argsort(errors[at : at + size], kind="stable")[:above]
            expected = sorted(a.tobytes() for a in architectures[at : at + size][best])
            found = sorted(a.tobytes() for a in architectures[at + size : at + size + above])
            wrong += sum(a != b for a, b in zip(expected, found, strict=True))
            promoted, at = promoted + above, at + size
        at += bracket[-1][1]
    return equal_within(wrong, 0, 0, promoted, note=f"wrong promotions, of {promoted}")


class WorstGoesUp(Bracket):
    """A bracket that promotes the worst."""

    def record(self, architectures: Any, errors: Floats) -> None:
        """Enter the negative of the errors."""
        super().record(architectures, -errors)


def _found(context: Context, name: str, brackets: int, algorithm: Algorithm | None = None) -> Verdict:
    """Compare the rank of the best after some brackets with that of the best of uniform draws: no bracket loses its best."""
    stated = [stated_bracket(name, number) for number in range(brackets)]
    drawn = sum(bracket[0][1] for bracket in stated)
    queries = sum(size for bracket in stated for _, size in bracket)
    seen, table = _raced(context, f"{name}.found", algorithm or name, True, queries, runs=400)
    longest = np.where(seen.epochs == EPOCHS[-1], seen.objectives[..., 0], np.inf)
    cdf = 1 - (1 - np.arange(1, table.size + 1) / table.size) ** drawn
    return law_equals(
        longest.min(axis=1), cdf, note=f"rank of the best of {drawn} draws at 81 epochs, {brackets} brackets"
    )


def survival_probability(cheap: Landscape, full: Landscape, drawn: int, kept: int) -> float:
    """Return P(the best of uniform draws, with replacement, is among those kept by their rank in a cheap table).

    Given that an architecture c is the best, drawn j times, each other draw is uniform over those worse than c; it comes before c in the
    cheap table with a probability that is a count of pairs of ranks.
    """
    size = full.size
    low, high = cheap.rank, full.rank
    probability = 0.0
    before = np.zeros(size)
    by_high = np.argsort(-high)  # worst first
    seen = np.zeros(size, dtype=np.int64)  # whether a rank of the cheap table belongs to one that is worse
    block = 256
    counts = np.zeros(-(-size // block), dtype=np.int64)
    for c in by_high.tolist():
        r = int(low[c])
        before[c] = counts[: r // block].sum() + seen[r // block * block : r].sum()
        seen[r] += 1
        counts[r // block] += 1
    worse = size - 1 - high
    for copies in range(1, drawn + 1):
        others = drawn - copies
        with np.errstate(invalid="ignore", divide="ignore"):
            ahead = np.where(worse > 0, before / worse, 0.0)
        alive = binom.cdf(kept - 1, others, ahead) if others else np.ones(size)
        weight = math.comb(drawn, copies) * (worse / size) ** others * (1.0 / size) ** copies
        probability += float((weight * alive).sum())
        if copies > 8:
            break
    return probability


def _survives(context: Context, algorithm: Algorithm = "successive_halving") -> Verdict:
    """Run brackets of 27 cells at 12 epochs, of which 3 go on to 200, on the ranks of CIFAR-10."""
    cheap, full = context.landscape("cifar10", 12), context.landscape("cifar10", 200)
    runs = 3_000
    seed = int(context.rng("halving.survival").integers(2**31))
    optimizer = start(algorithm, make_space(6, 5), runs, seed, epochs=(12, 200), n_configurations=27)
    seen = run(optimizer, of_two_tables(cheap, full, 200), 31)
    rank = full.rank[seen.architectures.astype(np.int64) @ full.strides]
    promoted = np.where(seen.epochs == 200, rank, full.size)
    survived = promoted.min(axis=1) <= rank[:, :27].min(axis=1)
    stated = survival_probability(cheap, full, 27, 3)
    note = "share of brackets whose best of 27 at 200 epochs is among the best 3 at 12"
    return mean_equals(survived, stated, stated * (1 - stated), note=note)


def _of_each(stem: str, kind: ClaimKind, statement: str, check: Callable[..., Verdict]) -> tuple[Claim, ...]:
    return tuple(
        Claim(
            f"{stem}-{name.replace('_', '-')}",
            statement,
            (SYNCHRONOUS,),
            SOURCES[name],
            partial(check, name=name),
            Mutant("one more on every rung but the first", partial(check, name=name, algorithm=_one_more(name))),
            optimizers=(name,),
            evidence=BOTH,
            kind=kind,
        )
        for name in RACES
    )


class HalvesTheBest(OneMore):
    """What makes a search promote the worst of every rung."""

    def _next_rungs(self) -> tuple[Rung, ...]:
        return super(OneMore, self)._next_rungs()  # type: ignore[misc,no-any-return]

    def tell(self, observations: RunObservations) -> None:
        """Turn the errors below the longest training around."""
        from dataclasses import replace

        turned = np.where((observations.epochs == EPOCHS[-1])[:, None], 1, -1) * observations.objectives
        super().tell(replace(observations, objectives=turned))  # type: ignore[misc]


def _worst_first(name: str) -> PerRun:
    return PerRun(type("WorstFirst", (HalvesTheBest, RACES[name]), {}), fidelities=True)


CLAIMS = (
    *_of_each(
        "complexity.epochs",
        "exact law",
        r"\text{a bracket trains } \max(\lfloor n \eta^{-i} \rfloor, 1) \text{ architectures for } R \eta^{i-s} \text{ epochs, } i = 0, \dots, s",
        _brackets,
    ),
    *_of_each(
        "halving.promotions",
        "software check",
        r"\text{rung } i + 1 \text{ holds the } n_{i+1} \text{ best of rung } i",
        _promotions,
    ),
    *(
        Claim(
            f"halving.consistent-{name.replace('_', '-')}",
            r"\text{equal rankings at all fidelities} \Rightarrow P(\text{best rank} > r) = (1 - (r+1)/N)^n, \ n \text{ drawn}",
            (SYNCHRONOUS, Assumption("no model yet" if name == "bohb" else "uniform draws")),
            f"{SOURCES[name]}; a race loses its best only where rankings differ",
            partial(_found, name=name, brackets=1 if name == "bohb" else 2),
            Mutant("the worst go up", partial(_found, name=name, brackets=1, algorithm=_worst_first(name))),
            optimizers=(name,),
            evidence=BOTH,
            kind="exact law",
        )
        for name in ("successive_halving", "hyperband")
    ),
    Claim(
        "halving.survival-cifar10",
        r"P(\text{best of } n \text{ is promoted}) = \sum_c \sum_j \binom{n}{j} N^{-j} \Bigl(\tfrac{w_c}{N}\Bigr)^{n-j} "
        r"P\bigl(\mathrm{Bin}(n - j, b_c / w_c) < m\bigr)",
        (Assumption("27 uniform draws with replacement at 12 epochs, 3 at 200; CIFAR-10, ranks in place of errors"),),
        f"{JAMIESON}; derived here from the two rankings: w worse cells at 200 epochs, b of these better at 12",
        _survives,
        Mutant("4 go on in place of 3", partial(_survives, algorithm=_one_more("successive_halving"))),
        optimizers=("successive_halving",),
        evidence=BOTH,
        kind="exact law",
    ),
)
"""Claims about synchronous races."""
