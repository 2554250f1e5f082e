"""Claims about fitness levels and drift: from the progress of one step to the expected time."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np

from nasbench.theory.exact import onemax
from nasbench.theory.exact import simulation as simulate
from nasbench.theory.exact.elitist import Floats, Mutation, hitting_time
from nasbench.theory.machinery.claim import (
    Assumption,
    Claim,
    Context,
    Evidence,
    Mutant,
    Outcome,
    Verdict,
    all_at_most,
    at_most,
    concerning,
    equal_within,
)
from nasbench.theory.machinery.law_curve import LawCurve
from nasbench.theory.machinery.statistical_checks import mean_equals

DECISIONS, CHOICES = 20, 5
RUNS = 2_000
ELITIST = Assumption("a mutant replaces its parent only if it is at least as good")
SEPARABLE = Assumption("fitness counts the wrong decisions (multi-valued OneMax)")
RATE = Assumption("every decision changes with probability 1/d, to each other choice alike")


def _onemax() -> tuple[Floats, Floats, Floats]:
    """Return exact expected steps and exact drift from 1..n wrong decisions, and these numbers."""
    chain = onemax.transitions(DECISIONS, CHOICES)
    return onemax.steps(chain)[1:], onemax.drift(chain)[1:], np.arange(1, DECISIONS + 1, dtype=float)


def _of_starts(steps: Floats, bounds: Floats, wrong: Floats, note: str) -> Verdict:
    """Check exact expected steps against bounds from each number of wrong decisions; show the start where all are wrong."""
    verdict = all_at_most(steps, bounds + 1e-9, vacuous_beyond=10, note=note)
    curve = LawCurve.of_growth(wrong, bounds, steps, "E T", "wrong decisions at the start")
    if verdict.outcome is Outcome.VIOLATED:
        return replace(verdict, curve=curve)
    # At one wrong decision equality is forced; what a bound is worth shows at the farthest start.
    last = at_most(float(steps[-1]), float(bounds[-1]), len(steps), vacuous_beyond=10, note=note)
    return replace(last, curve=curve, restated=verdict.restated)


def _fitness_levels(context: Context, free_of_damage: bool = False) -> Verdict:
    steps, _, wrong = _onemax()
    leave = wrong / (DECISIONS * (CHOICES - 1))
    if not free_of_damage:
        leave *= (1 - 1 / DECISIONS) ** (DECISIONS - 1)
    return _of_starts(steps, np.cumsum(1 / leave), wrong, "all starts, n = 20, k = 5")


def _fitness_levels_table(context: Context, luckiest: bool = False) -> Verdict:
    """Levels between ranks 0, 1, 2, 4, 8, ...; each is left at the rate of its worst member, towards better levels."""
    landscape = context.landscape("cifar10")
    mutation, n = Mutation.standard(landscape), landscape.size
    edges = [0, *(2**i for i in range(n.bit_length())), n]
    waiting = np.zeros(n)
    level_time = 0.0
    for low, high in pairwise(edges[1:]):
        better = (landscape.rank < low).astype(float)[:, None]
        leave = mutation.apply(better)[landscape.order[low:high], 0]
        level_time += 1 / (leave.max() if luckiest else leave.min())
        waiting[low:high] = level_time
    exact = hitting_time(landscape).uniform_mean
    return at_most(exact, 1 + waiting.mean(), n, vacuous_beyond=10, note="levels double in size, CIFAR-10")


def _additive_drift(context: Context, largest: bool = False) -> Verdict:
    steps, drift, wrong = _onemax()
    delta = drift.max() if largest else drift.min()
    return _of_starts(steps, wrong / delta, wrong, "potential: number of wrong decisions")


def _multiplicative_drift(context: Context, missing_one: bool = False) -> Verdict:
    from nasbench.theory.symbolic import drift as derived

    steps, drift, wrong = _onemax()
    bound = derived.numeric_variable_drift(1)
    delta = (drift / wrong).min()
    bounds = np.array([bound(delta, 1.0, s) for s in wrong]) - (1 / delta if missing_one else 0)
    return _of_starts(steps, bounds, wrong, "bound evaluated from its sympy derivation")


def _multiplicative_tail(context: Context, exponent: float = 1) -> Verdict:
    chain = onemax.transitions(DECISIONS, CHOICES)
    delta = (onemax.drift(chain)[1:] / np.arange(1, DECISIONS + 1)).min()
    r = np.linspace(0.25, 4, 16)
    times = np.ceil((np.log(DECISIONS) + r) / delta).astype(np.intp)
    tails = onemax.survival(chain, DECISIONS, times)
    return all_at_most(tails, np.exp(-exponent * r), vacuous_beyond=10, note="exact tail from the all-wrong start")


def _variable_drift(context: Context, largest: bool = False) -> Verdict:
    """Check the theorem on the (1+1)-EA's own drift, made monotone; the integral of a step function is a sum."""
    steps, drift, wrong = _onemax()
    envelope = np.minimum.accumulate(drift[::-1])[::-1]
    bounds = np.cumsum(1 / (np.full_like(envelope, envelope.max()) if largest else envelope))
    return _of_starts(steps, bounds, wrong, "h = exact drift, monotone envelope")


def _variable_drift_power(context: Context, missing_start: bool = False) -> Verdict:
    """A process that needs two coincidences: from s it steps down with probability (s / n)^2."""
    from nasbench.theory.symbolic import drift as derived

    n = 50
    states = np.arange(1, n + 1, dtype=float)
    exact = np.cumsum((n / states) ** 2)
    bound = derived.numeric_variable_drift(2)
    bounds = np.array([bound(1 / n**2, 1.0, s) for s in states]) - (n**2 if missing_start else 0)
    return all_at_most(exact, bounds + 1e-6, vacuous_beyond=10, note="h(s) = (s/n)^2, integral derived by sympy")


def _identity_drift(context: Context, other_potential: bool = False) -> Verdict:
    """Check E_x - E[E_X' | X = x] = 1 on the real table, by rows of the full proposal matrix, not by the solver."""
    landscape = context.landscape("cifar10")
    solved = hitting_time(landscape).mean
    g = hitting_time(landscape, 2).mean if other_potential else solved
    chosen = landscape.order[np.unique(np.geomspace(1, landscape.size - 1, 200).astype(int))]
    rows = Mutation.standard(landscape).probabilities(landscape.architectures[chosen], landscape.architectures)
    better = landscape.rank[None, :] < landscape.rank[chosen][:, None]
    drift = np.where(better, rows * (g[chosen][:, None] - g[None, :]), 0).sum(axis=1)
    worst = drift[np.abs(drift - 1).argmax()]
    return equal_within(worst, 1.0, 1e-8, len(chosen), note="200 CIFAR-10 cells of all ranks; the one farthest from 1")


def _onemax_local(context: Context, may_repeat: bool = False) -> Verdict:
    from nasbench.theory.symbolic import drift as derived

    decisions, choices = 8, 4
    times = simulate.randomised_onemax(context.rng("onemax-local"), decisions, choices, 2 * RUNS).astype(float)
    stated = derived.numeric_onemax_time()(decisions, choices + may_repeat)
    success = np.arange(1, decisions + 1) / (decisions * (choices - 1))
    variance = float(np.sum((1 - success) / success**2))
    return mean_equals(times, stated, variance, note="n = 8, k = 4, all wrong")


def _onemax_ea(context: Context, without_e: bool = False) -> Verdict:
    from nasbench.theory.symbolic import drift as derived

    observed, bounds = [], []
    for decisions in (2, 5, 10, 20, 40):
        for choices in (2, 3, 5, 8):
            observed.append(onemax.steps(onemax.transitions(decisions, choices))[-1])
            bounds.append(derived.numeric_onemax_time()(decisions, choices) * (1 if without_e else math.e))
    return all_at_most(observed, bounds, vacuous_beyond=10, note="exact, 20 pairs of n and k, all wrong")


_CLAIMS = (
    Claim(
        "drift.fitness-levels",
        r"E\,T \le \sum_{j \le i} 1/p_j, \quad p_j = \tfrac{j}{n(k-1)} (1 - 1/n)^{n-1}",
        (ELITIST, SEPARABLE, RATE),
        "Wegener 2002, fitness-based partitions",
        _fitness_levels,
        Mutant("levels left without the factor for undamaged decisions", partial(_fitness_levels, free_of_damage=True)),
        kind="theorem",
    ),
    Claim(
        "drift.fitness-levels-table",
        r"E\,T \le \sum_i P(A_i) \sum_{j \le i} 1/p_j \text{ with levels of the table that double in size}",
        (ELITIST, RATE),
        "Wegener 2002, on NAS-Bench-201",
        _fitness_levels_table,
        Mutant("each level left at the rate of its luckiest member", partial(_fitness_levels_table, luckiest=True)),
        kind="theorem",
    ),
    Claim(
        "drift.additive-drift",
        r"E[g(X_t) - g(X_{t+1}) \mid X_t] \ge \delta \Rightarrow E\,T \le g(X_0)/\delta",
        (SEPARABLE, RATE),
        "He and Yao 2001 (additive drift)",
        _additive_drift,
        Mutant("the largest drift in place of the smallest", partial(_additive_drift, largest=True)),
        kind="theorem",
    ),
    Claim(
        "drift.multiplicative-drift",
        r"E[s - s' \mid s] \ge \delta s \Rightarrow E\,T \le (1 + \ln(s_0/s_{\min}))/\delta",
        (SEPARABLE, RATE),
        "Doerr, Johannsen and Winzen 2012 (multiplicative drift)",
        _multiplicative_drift,
        Mutant("the 1 left out", partial(_multiplicative_drift, missing_one=True)),
        kind="theorem",
    ),
    Claim(
        "drift.multiplicative-tail",
        r"P(T > (\ln(s_0/s_{\min}) + r)/\delta) \le e^{-r}",
        (SEPARABLE, RATE),
        "Doerr and Goldberg 2013 (multiplicative drift, upper tail)",
        _multiplicative_tail,
        Mutant.by_factor("the exponent of the tail", _multiplicative_tail, 2.0),
        kind="theorem",
    ),
    Claim(
        "drift.variable-drift",
        r"E[s - s' \mid s] \ge h(s) \Rightarrow E\,T \le \frac{s_{\min}}{h(s_{\min})} + "
        r"\int_{s_{\min}}^{s_0} \frac{ds}{h(s)}",
        (SEPARABLE, RATE, Assumption("h is non-decreasing")),
        "Johannsen 2010; Mitavskiy, Rowe and Cannings 2009 (variable drift)",
        _variable_drift,
        Mutant("the largest drift in place of h", partial(_variable_drift, largest=True)),
        kind="theorem",
    ),
    Claim(
        "drift.variable-drift-power",
        r"h(s) = c s^2 \Rightarrow E\,T \le \frac{2 s_0 - s_{\min}}{c\, s_0 s_{\min}}",
        (Assumption("the process steps down by one"),),
        "Johannsen 2010 (variable drift); integral derived in nasbench.theory.symbolic.drift",
        _variable_drift_power,
        Mutant("the term of the last step left out", partial(_variable_drift_power, missing_start=True)),
    ),
    Claim(
        "drift.identity-drift",
        r"g(x) = E_x T \Rightarrow E[g(X_t) - g(X_{t+1}) \mid X_t = x] = 1",
        (ELITIST, RATE),
        "He and Yao 2004: the expected time is the one exact potential",
        _identity_drift,
        Mutant("the expected time to the two best as potential", partial(_identity_drift, other_potential=True)),
        kind="exact law",
    ),
    Claim(
        "drift.onemax-local-search",
        r"E\,T = (k - 1)\, n\, H_n \text{ from the all-wrong start}",
        (SEPARABLE, ELITIST),
        "coupon collector; sum derived in nasbench.theory.symbolic.drift",
        _onemax_local,
        Mutant("k in place of k - 1", partial(_onemax_local, may_repeat=True)),
        kind="exact law",
    ),
    Claim(
        "drift.onemax-upper-bound",
        r"E\,T \le e\,(k - 1)\, n\, H_n",
        (SEPARABLE, ELITIST, RATE),
        "Droste, Jansen and Wegener 2002 for k = 2; Doerr, Johannsen and Schmidt 2011 for r-valued decisions",
        _onemax_ea,
        Mutant("the factor e left out", partial(_onemax_ea, without_e=True)),
        kind="theorem",
    ),
)

CLAIMS = concerning(("one_plus_one_ea",), (Evidence.EXACT,), _CLAIMS)
