"""What NSGA-II's survivor selection keeps: all of the front with two objectives and room enough, not so with three.

With two objectives an individual can have positive crowding distance only at an end of its block of equal vectors, in either
order: at most four a vector. With m objectives the m orders differ, and only (end of a block, objective, value) is counted: at
most 2 sum_j |values of objective j| individuals have positive distance, so on 3-OneMinMax at most
2 ((n + 1) + 2 (n/2 + 1)) = 4n + 6. Ties broken evenly then leave at least N - (4n + 6) places for the rest: with S the size of the
front and N >= S + 4n + 6 no vector is ever lost (Doerr, Ivan and Krejca 2025). Given that, a fixed vector at Hamming distance d
from the nearest individual comes closer with probability at least d/n a generation; multiplicative drift and a union bound over
the S vectors give P(T > n (ln n + ln S + r)) <= e^-r, so E[T] <= n (ln n + ln S + 1).
"""

from __future__ import annotations

from functools import partial

import numpy as np

from nasbench.theory.families.nsga2.algorithm import BitStringNsga2, run
from nasbench.theory.families.nsga2.problems import LOTZ, ONE_MIN_MAX, THREE_ONE_MIN_MAX
from nasbench.theory.families.nsga2.runtime import FAIR, ZHENG
from nasbench.theory.families.nsga2.sorting import sort_counting, sort_peeling
from nasbench.theory.machinery.claim import Assumption, Claim, Context, Mutant, Verdict, at_most, equal_within
from nasbench.theory.machinery.statistical_checks import means_at_most, rate_at_least

BITS = 16
FRONT = THREE_ONE_MIN_MAX.front_size(BITS)
BALANCED = BitStringNsga2(FRONT + 4 * BITS + 6, balanced=True)
DOERR = "Doerr, Ivan, Krejca (AAAI 2025, arXiv 2412.11931)"


def check_no_loss(ctx: Context, factor: int = 4) -> Verdict:
    """Count generations in which a vector of the first front is lost: OneMinMax and LOTZ, both mutations, N = factor (n + 1)."""
    losses, generations = 0, 0
    for problem in (ONE_MIN_MAX, LOTZ):
        for n in (8, 15, 24):
            for rate in (None, 1.0 / n):
                algorithm = BitStringNsga2(factor * (n + 1), rate)
                rng = ctx.rng(f"nsga2.no-loss.{problem.name}.{n}.{rate}")
                losses += int(run(problem, n, algorithm, 4, 120, rng, watch_losses=True).losses.sum())
                generations += 4 * 120
    return at_most(losses, 0, generations, note="generations that lost a vector of the first front, none allowed")


def check_three_objectives(ctx: Context, balanced: bool = False) -> Verdict:
    """Give NSGA-II four times the front's size and 10 n ln n generations on 3-OneMinMax: 90% of runs must miss some of it."""
    runs, limit = 32, int(10 * BITS * np.log(BITS))
    algorithm = BitStringNsga2(4 * FRONT, balanced=balanced)
    found = run(THREE_ONE_MIN_MAX, BITS, algorithm, runs, limit, ctx.rng(f"nsga2.three.{balanced}"))
    note = f"n = {BITS}, N = {4 * FRONT}, {limit} generations; mean coverage {found.coverage.mean() / FRONT:.0%}"
    return rate_at_least(int((found.generations < 0).sum()), runs, 0.9, note=note)


def check_balanced(ctx: Context, algorithm: BitStringNsga2 = BALANCED) -> Verdict:
    """Run the balanced rule with N = S + 4n + 6: no vector may ever be lost, and every run must cover the front."""
    limit = int(4 * BITS * (np.log(BITS) + np.log(FRONT) + 1))
    rng = ctx.rng("nsga2.balanced")
    found = run(THREE_ONE_MIN_MAX, BITS, algorithm, 8, limit, rng, watch_losses=True)
    failures = int(found.losses.sum() + (found.generations < 0).sum())
    return at_most(failures, 0, 8, note=f"losses and uncovered fronts in {limit} generations, none allowed")


def check_balanced_time(ctx: Context, algorithm: BitStringNsga2 = BALANCED) -> Verdict:
    """Test E[T] <= n (ln n + ln S + 1) from N copies of 0^n, the farthest from the rest, by a one-sided z test."""
    bound = BITS * (np.log(BITS) + np.log(FRONT) + 1)
    start = np.zeros(BITS, dtype=np.uint8)
    limit = int(4 * bound)
    found = run(THREE_ONE_MIN_MAX, BITS, algorithm, 32, limit, ctx.rng("nsga2.balanced-time"), start=start).generations
    return means_at_most([np.where(found < 0, limit, found).astype(float)], [bound], note="mean generations")


def check_sort_cost(ctx: Context, peeling: bool = False) -> Verdict:
    """Count the dominance tests of one sort on chains (P fronts, the worst case) and on random populations."""
    sort = sort_peeling if peeling else sort_counting
    rng = ctx.rng("nsga2.sort-cost")
    sizes = 2 ** np.arange(3, 9)
    excess = 0.0
    for size in sizes:
        chain = np.repeat(rng.permutation(size)[:, None], 3, axis=1)
        for population in (chain, rng.integers(size, size=(size, 3))):
            excess = max(excess, sort(population)[1] / (size * (size - 1)))
    note = "dominance tests / P(P - 1), P up to 256, the worst of both"
    return equal_within(excess, 1.0, 0.0, 2 * len(sizes), note=note)


CLAIMS = (
    Claim(
        "nsga2.no-loss",
        r"N\ge 4(n+1):\ \text{two objectives: no vector of the first front is ever lost}",
        (Assumption("at most $n+1$ incomparable vectors, as on OneMinMax and LOTZ"),),
        f"{ZHENG}, survival of the objective vectors of the first front",
        check_no_loss,
        Mutant("the population is n + 1", partial(check_no_loss, factor=1)),
        kind="theorem",
    ),
    Claim(
        "nsga2.three-objectives",
        r"N=4S:\ \Pr[\text{front of 3-OneMinMax not covered after } 10\,n\ln n]\ge 0.9",
        (FAIR, Assumption("uniformly random first population")),
        "Zheng, Doerr (2024, arXiv 2211.13084): crowding distance misses a constant fraction for exponential time",
        check_three_objectives,
        Mutant("ties are broken evenly over the vectors", partial(check_three_objectives, balanced=True)),
        kind="theorem",
    ),
    Claim(
        "nsga2.balanced-no-loss",
        r"N\ge S+4n+6, \text{ ties broken evenly: no vector of 3-OneMinMax is ever lost, and all are found}",
        (FAIR,),
        f"{DOERR}",
        check_balanced,
        Mutant("ties are broken at random", partial(check_balanced, algorithm=BitStringNsga2(BALANCED.population))),
        kind="theorem",
    ),
    Claim(
        "nsga2.balanced-time",
        r"\mathbb{E}[T]\le n(\ln n+\ln S+1) \text{ generations on 3-OneMinMax, ties broken evenly}",
        (FAIR, Assumption("$N=S+4n+6$")),
        f"{DOERR}; multiplicative drift and a union bound for the constant",
        check_balanced_time,
        Mutant(
            "ties are broken at random", partial(check_balanced_time, algorithm=BitStringNsga2(BALANCED.population))
        ),
        kind="theorem",
    ),
    Claim(
        "nsga2.sort-cost",
        r"\text{fast non-dominated sorting tests each ordered pair once: } P(P-1) \text{ dominance tests}",
        (),
        "Deb, Pratap, Agarwal, Meyarivan (2002), III.A",
        check_sort_cost,
        Mutant("each front is sought afresh among those that remain", partial(check_sort_cost, peeling=True)),
    ),
)
"""Claims about survivor selection and its cost."""
