"""Claims about random search: exact distributions, tested on real tables."""

from __future__ import annotations

from functools import partial

import numpy as np

from nasbench.search.random_streams import Streams
from nasbench.search.registry import get_optimizer
from nasbench.theory.exact import random_search as law
from nasbench.theory.exact.random_search import Floats
from nasbench.theory.exact.simulation import draws_without_replacement, target_times
from nasbench.theory.machinery.claim import (
    Assumption,
    Claim,
    Context,
    Evidence,
    Mutant,
    Verdict,
    all_at_most,
    by_p_value,
    concerning,
)
from nasbench.theory.machinery.confidence_bands import chi_square_p_value, mean_interval
from nasbench.theory.machinery.statistical_checks import law_equals, mean_equals
from nasbench.theory.machinery.testbed import make_problem, make_space

SIZE = 625
RUNS = 4_000
UNIFORM = Assumption("draws are uniform over the space")
HALF = "the weight of the better half in the draw"
ORDER = Assumption("values are totally ordered; ties are broken by index")


def _favouring_good(size: int, factor: float) -> Floats:
    """Return the weights of a biased sampler: each of the better half is drawn `factor` times as often."""
    return np.where(np.arange(size) < size // 2, factor, 1.0)


def _rank_law(context: Context, weight: float = 1.0) -> Verdict:
    draws = 25
    weights = None if weight == 1 else _favouring_good(SIZE, weight)
    best = draws_without_replacement(context.rng("rank-law"), SIZE, draws, RUNS, weights).min(axis=1)
    p = chi_square_p_value(np.bincount(best, minlength=SIZE), law.best_rank_pmf(SIZE, draws))
    expected = (SIZE + 1) / (draws + 1) - 1
    return by_p_value(p, best.mean(), expected, RUNS, interval=mean_interval(best), note="chi-square over pooled ranks")


def _with_replacement(context: Context, replace: bool = True, weight: float = 1.0) -> Verdict:
    size, draws = 60, 20
    rng = context.rng("with-replacement")
    weights = _favouring_good(size, weight)
    draws_of_runs = (
        rng.integers(size, size=(RUNS, draws))
        if replace and weight == 1
        else rng.choice(size, size=(RUNS, draws), p=weights / weights.sum())
        if replace
        else draws_without_replacement(rng, size, draws, RUNS)
    )
    best = draws_of_runs.min(axis=1)
    pmf = law.best_rank_pmf_with_replacement(size, draws)
    p = chi_square_p_value(np.bincount(best, minlength=size), pmf)
    return by_p_value(p, best.mean(), float(pmf @ np.arange(size)), RUNS, interval=mean_interval(best))


def _time_law(context: Context, replace: bool = False, weight: float = 1.0) -> Verdict:
    targets = 5
    rng = context.rng("time-law")
    weights = None if weight == 1 else np.where(np.arange(SIZE) < targets, weight, 1.0)
    times = rng.geometric(targets / SIZE, size=RUNS) if replace else target_times(rng, SIZE, targets, RUNS, weights)
    return law_equals(times, law.time_cdf(SIZE, targets, np.arange(1, SIZE + 1)), first=1)


def _time_moments(context: Context, missing_one: bool = False) -> Verdict:
    targets, runs = 3, 20_000
    size = 150
    times = target_times(context.rng("time-moments"), size, targets, runs).astype(float)
    mean, variance = law.time_moments(size, targets)
    if missing_one:
        mean = size / targets
    return mean_equals(times, mean, variance, test_variance=True, note=f"Var T = {variance:.1f}")


def _incumbent(context: Context, ranked: Floats, stated: float, name: str, weights: Floats | None = None) -> Verdict:
    draws, runs = 50, 2_500
    best = draws_without_replacement(context.rng(name), len(ranked), draws, runs, weights).min(axis=1)
    variance = law.variance_of_incumbent(ranked, draws)
    return mean_equals(ranked[best], stated, variance, note="CIFAR-10 cells, 50 queries")


def _regret(context: Context, weight: float = 1.0) -> Verdict:
    ranked = np.sort(context.landscape("cifar10").values)
    weights = None if weight == 1 else _favouring_good(len(ranked), weight)
    return _incumbent(context, ranked - ranked[0], law.expected_regret(ranked, 50), "expected-regret", weights)


def _concomitant(context: Context, best_with_best: bool = False) -> Verdict:
    searched, reported = context.landscape("cifar10"), context.landscape("cifar100")
    ranked = reported.values[searched.order]
    stated = law.expected_of_incumbent(np.sort(ranked) if best_with_best else ranked, 50)
    return _incumbent(context, ranked, stated, "concomitants")


def _seconds(context: Context, cheap_first: bool = False) -> Verdict:
    targets, runs = 16, 2_000
    landscape, rng = context.landscape("cifar10"), context.rng("seconds-to-target")
    costs = context.seconds("cifar10")[landscape.order]
    mean, variance = law.seconds_to_target(costs, targets)
    spent = np.empty(runs)
    for run in range(runs):
        keys = rng.exponential(size=landscape.size) * (costs if cheap_first else 1.0)
        reached = keys[:targets].min()
        spent[run] = costs[keys <= reached].sum()
    return mean_equals(spent, mean, variance, note="seconds, 16 best CIFAR-10 cells")


def _replacement_costs(context: Context, reversed_sides: bool = False) -> Verdict:
    size, times = 625, np.arange(1, 626)
    tails = []
    for targets in (1, 5, 25):
        without = 1 - law.time_cdf(size, targets, times)
        tails.append(np.stack([without, (1 - targets / size) ** times]))
    lower, upper = np.concatenate(tails, axis=1)
    if reversed_sides:
        lower, upper = upper, lower
    return all_at_most(lower, upper + 1e-12, vacuous_beyond=10, note="P(T > t), all t and 3 numbers of targets")


_CLAIMS = (
    Claim(
        "random-search.uniform-draws",
        r"P(a_t = a) = 1/N \text{ at every query } t",
        (UNIFORM,),
        "the definition of random search; Pearson 1900 for the test",
        lambda context: _uniform_draws(context),
        Mutant.by_factor("the weight of one half of the space", lambda c, factor: _uniform_draws(c, factor), 2.0),
        kind="exact law",
        evidence=(Evidence.SHIPPED,),
        optimizers=("random_search",),
    ),
    Claim(
        "random-search.rank-law",
        r"P(B_n = r) = \binom{N-r}{n-1} / \binom{N}{n}, \quad E\,B_n = \frac{N+1}{n+1}",
        (UNIFORM, ORDER),
        "David and Nagaraja 2003, Order Statistics (a finite population sampled without replacement)",
        _rank_law,
        Mutant.by_factor(HALF, _rank_law, 2.0),
        kind="exact law",
    ),
    Claim(
        "random-search.rank-law-with-replacement",
        r"P(B_n \le r) = 1 - (1 - r/N)^n",
        (UNIFORM, ORDER),
        "elementary: n independent draws",
        _with_replacement,
        Mutant(
            "draws without replacement",
            partial(_with_replacement, replace=False),
            scaled=lambda context, factor: _with_replacement(context, weight=factor),
            factor=2.0,
            constant=HALF,
        ),
        kind="exact law",
    ),
    Claim(
        "random-search.time-law",
        r"P(T > t) = \binom{N-K}{t} / \binom{N}{t}",
        (UNIFORM, ORDER),
        "Johnson, Kemp and Kotz 2005, Univariate Discrete Distributions (negative hypergeometric)",
        _time_law,
        Mutant(
            "draws with replacement",
            partial(_time_law, replace=True),
            scaled=lambda context, factor: _time_law(context, weight=factor),
            factor=2.0,
            constant="the weight of the targets in the draw",
        ),
        kind="exact law",
    ),
    Claim(
        "random-search.time-moments",
        r"E\,T = \frac{N+1}{K+1}, \quad \mathrm{Var}\,T = \frac{K(N+1)(N-K)}{(K+1)^2(K+2)}",
        (UNIFORM, ORDER),
        "derived in nasbench.theory.symbolic.waiting_times by the hockey-stick identity",
        _time_moments,
        Mutant("the mean N/K of the process with replacement", partial(_time_moments, missing_one=True)),
        kind="exact law",
    ),
    Claim(
        "random-search.expected-regret",
        r"E[y_{B_n} - y_{(1)}] = \sum_r P(B_n = r)\,(y_{(r)} - y_{(1)})",
        (UNIFORM, ORDER),
        "order statistics; NAS-Bench-201, CIFAR-10 validation, 200 epochs",
        _regret,
        Mutant.by_factor(HALF, _regret, 2.0),
        kind="exact law",
    ),
    Claim(
        "random-search.concomitants",
        r"E[z_{[B_n]}] = \sum_r P(B_n = r)\, z_{[r]} \text{ for any score } z \text{ reported of the incumbent}",
        (UNIFORM, ORDER),
        "Yang 1977 (concomitants of order statistics); searched on CIFAR-10, reported on CIFAR-100",
        _concomitant,
        Mutant("the best of one score paired with the best of the other", partial(_concomitant, best_with_best=True)),
        kind="exact law",
    ),
    Claim(
        "random-search.seconds-to-target",
        r"E\,C = \frac{1}{K+1}\sum_{a \notin \text{targets}} c_a + \frac{1}{K}\sum_{a \in \text{targets}} c_a",
        (UNIFORM, ORDER, Assumption("the cost of an architecture is fixed")),
        "exchangeability: each non-target precedes all K targets with probability 1/(K+1)",
        _seconds,
        Mutant("a sampler that draws cheap architectures first", partial(_seconds, cheap_first=True)),
        kind="exact law",
    ),
    Claim(
        "random-search.replacement-costs",
        r"\binom{N-K}{t}/\binom{N}{t} \le (1 - K/N)^t",
        (UNIFORM,),
        "Hoeffding 1963, section 6, theorem 4: sampling without replacement is no worse",
        _replacement_costs,
        Mutant("the two sides exchanged", partial(_replacement_costs, reversed_sides=True)),
    ),
)


def _uniform_draws(context: Context, weight: float = 1.0) -> Verdict:
    """Count each architecture among the queries of the registered optimizer on a space of 64; a mutant favours a half of the space."""
    space, runs = make_space(3, 4), 400
    optimizer = get_optimizer("random_search").create(
        make_problem(space), Streams(int(context.rng("uniform-draws").integers(2**31)), tuple(range(runs)))
    )
    drawn = np.concatenate([space.index(np.asarray(optimizer.ask())).ravel() for _ in range(25)])
    kept = context.rng("uniform-draws.mutant").random(len(drawn)) < np.where(drawn < 32, 1.0, 1 / max(weight, 1.0))
    counts = np.bincount(drawn[kept], minlength=space.size)
    p_value = chi_square_p_value(counts, np.full(space.size, 1 / space.size))
    share = float(counts.max()) * space.size / counts.sum()
    return by_p_value(p_value, share, 1.0, int(counts.sum()), note="most frequent architecture over its share")


CLAIMS = concerning(("random_search",), (Evidence.EXACT,), _CLAIMS)
