"""How long NSGA-II takes to cover a front of two objectives, with N = 4(n + 1) and with less.

The constants follow from two facts. (1) Among pairwise incomparable vectors at most four individuals of each vector have
positive crowding distance, so N >= 4(n + 1) never loses a vector of the first front (Zheng, Liu and Doerr 2022).
(2) With one-bit mutation of every parent, a string with i ones has a neighbour with i + 1 ones with probability (n - i)/n.
Summing waiting times upwards from i_0 to n and downwards to 0 gives E[T] <= n (H_{n - i_0} + H_{i_0}) on OneMinMax. On LOTZ one
given bit raises the greatest leading-ones + trailing-zeros, at most n times, and one given bit takes each of the n steps along
the front: E[T] <= n^2 + n^2. T counts generations; evaluations are N (T + 1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from nasbench.theory.families.nsga2.algorithm import BitStringNsga2, run
from nasbench.theory.families.nsga2.problems import LOTZ, ONE_MIN_MAX, Bits, BitStringProblem
from nasbench.theory.machinery.claim import Assumption, Claim, Context, Mutant, Verdict
from nasbench.theory.machinery.law_curve import LawCurve
from nasbench.theory.machinery.statistical_checks import means_at_most, rate_at_least, slope_within

RUNS = 48
SIZES = {ONE_MIN_MAX.name: (8, 12, 16, 24, 32, 48), LOTZ.name: (10, 14, 20, 27, 36)}
MUTANT_SIZES = {ONE_MIN_MAX.name: (7, 9, 12, 16), LOTZ.name: (8, 12, 26)}

FAIR = Assumption("every parent has one child by one-bit mutation, no crossover; parents and children compete")
LARGE = Assumption(r"population $N=4(n+1)$, from $N$ copies of the worst single start")
ZHENG = "Zheng, Liu, Doerr (2022, arXiv 2112.08581)"


def harmonic(n: int) -> float:
    """Return H_n = 1 + 1/2 + ... + 1/n."""
    return float((1.0 / np.arange(1, n + 1)).sum())


def worst_start(problem: BitStringProblem, n: int) -> Bits:
    """Return 0^n for OneMinMax, one end of the front; for LOTZ 0^(n-1) 1, with neither leading ones nor trailing zeros."""
    start = np.zeros(n, dtype=np.uint8)
    start[-1] = problem is LOTZ
    return start


def time_bound(problem: BitStringProblem, n: int) -> float:
    """Return the bound on the expected number of generations from `worst_start`."""
    return 2.0 * n * n if problem is LOTZ else n * harmonic(n)


@lru_cache(maxsize=8)
def times(
    ctx: Context, problem: BitStringProblem, sizes: tuple[int, ...], crowding: bool = True
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return bit-string lengths and generations to cover the front, `RUNS` entries a length.

    A run that has not covered the front at the cap (8 times the bound, twice for LOTZ's slow mutant) counts with the cap: that
    can only understate its time.
    """
    slow = problem is LOTZ and not crowding
    lengths, generations = [], []
    for n in sizes:
        cap = int((2.0 if slow else 8.0) * time_bound(problem, n))
        rng = ctx.rng(f"nsga2.{problem.name}.{n}.{crowding}")
        algorithm = BitStringNsga2(4 * (n + 1), crowding=crowding)
        found = run(problem, n, algorithm, RUNS, cap, rng, start=worst_start(problem, n)).generations
        lengths += [n] * RUNS
        generations += np.where(found < 0, cap, found).tolist()
    return np.array(lengths), np.array(generations, dtype=float)


def check_bound(ctx: Context, problem: BitStringProblem, crowding: bool = True) -> Verdict:
    """Test E[T] <= bound at every length."""
    sizes = SIZES[problem.name] if crowding else MUTANT_SIZES[problem.name]
    lengths, generations = times(ctx, problem, sizes, crowding)
    samples = [generations[lengths == n] for n in sizes]
    bounds = [time_bound(problem, n) for n in sizes]
    verdict = means_at_most(samples, bounds, note=f"mean generations, the tightest of n = {sizes}")
    means = np.array([sample.mean() for sample in samples])
    return replace(verdict, curve=LawCurve.of_growth(np.array(sizes, dtype=float), np.array(bounds), means, "E T", "n"))


def check_order(ctx: Context, problem: BitStringProblem, crowding: bool = True) -> Verdict:
    """Fit the slope of ln T (LOTZ) or ln (T / ln n) (OneMinMax) on ln n, HC3 interval, within 0.15 of the stated one."""
    lengths, generations = times(
        ctx, problem, SIZES[problem.name] if crowding else MUTANT_SIZES[problem.name], crowding
    )
    stated, divisor = (2.0, 1.0) if problem is LOTZ else (1.0, np.log(lengths))
    return slope_within(
        np.log(lengths), np.log(np.maximum(generations, 1.0) / divisor), stated - 0.15, stated + 0.15,
        note=f"log-log slope of generations over n = {min(lengths)}..{max(lengths)}; 95% interval must lie within 0.15",
    )  # fmt: skip


def check_small_population(ctx: Context, factor: int = 1) -> Verdict:
    """Let OneMinMax with N = factor (n + 1) run ten times the bound for 4 (n + 1): at least 95% of runs must miss."""
    n, runs = 32, 64
    limit = int(10 * time_bound(ONE_MIN_MAX, n))
    algorithm = BitStringNsga2(factor * (n + 1))
    found = run(ONE_MIN_MAX, n, algorithm, runs, limit, ctx.rng(f"nsga2.small.{factor}"))
    missed = int((found.generations < 0).sum())
    note = f"n = {n}, {limit} generations; mean coverage at the end {found.coverage.mean() / (n + 1):.0%}"
    return rate_at_least(missed, runs, 0.95, note=note)


def _timed(name: str, statement: str, source: str, check: Callable[..., Verdict], problem: BitStringProblem) -> Claim:
    """Return a claim about the time to cover a front; its mutant ranks without crowding distance."""
    on_problem = partial(check, problem=problem)
    blind = "the critical front is cut at random instead of by crowding distance"
    mutant = Mutant(blind, partial(on_problem, crowding=False))
    return Claim(f"nsga2.{name}", statement, (FAIR, LARGE), f"{ZHENG}{source}", on_problem, mutant, kind="theorem")


CLAIMS = (
    _timed(
        "one-min-max-time",
        r"\mathbb{E}[T]\le n\,H_n \text{ generations on OneMinMax, } N=4(n+1)",
        ", runtime on OneMinMax, with the constant of one-bit mutation",
        check_bound,
        ONE_MIN_MAX,
    ),
    _timed(
        "one-min-max-order",
        r"T=\Theta(n\ln n) \text{ generations, } \Theta(N n\ln n) \text{ evaluations on OneMinMax}",
        "; lower bound: Doerr and Qu (2023, arXiv 2209.13974)",
        check_order,
        ONE_MIN_MAX,
    ),
    _timed(
        "lotz-time",
        r"\mathbb{E}[T]\le 2n^2 \text{ generations on LOTZ, } N=4(n+1)",
        ", runtime on LOTZ, with the constant of one-bit mutation",
        check_bound,
        LOTZ,
    ),
    _timed(
        "lotz-order",
        r"T=\Theta(n^2) \text{ generations, } \Theta(N n^2) \text{ evaluations on LOTZ}",
        "",
        check_order,
        LOTZ,
    ),
    Claim(
        "nsga2.small-population",
        r"N=n+1:\ \Pr[T>10\,n H_n]\ge 0.95 \text{ on OneMinMax, } n=32",
        (FAIR, Assumption("uniformly random first population")),
        f"{ZHENG}, on N = n + 1: a constant fraction of the front is missed for exponential time",
        check_small_population,
        Mutant("the population is 4(n + 1), which is enough", partial(check_small_population, factor=4)),
        kind="theorem",
    ),
)
"""Run-time claims on two objectives."""
