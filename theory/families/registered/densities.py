"""TPE and BOHB as registered: the exact laws of their proposals, and of their share of random ones."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from nasbench.spaces.space import Architectures, Floats, Ints
from nasbench.theory.families.complexity.optimizers import is_installed
from nasbench.theory.machinery.claim import (
    Assumption,
    Claim,
    Context,
    Evidence,
    Mutant,
    Verdict,
    by_p_value,
    equal_within,
)
from nasbench.theory.machinery.confidence_bands import chi_square_p_value
from nasbench.theory.machinery.registered_runs import repeat, start
from nasbench.theory.machinery.statistical_checks import tail_at_most
from nasbench.theory.machinery.testbed import make_space, trap

SHIPPED, BOTH = (Evidence.SHIPPED,), (Evidence.EXACT, Evidence.SHIPPED)
SPACE = make_space(2, 3)
ALL = SPACE.all
TOLD = 20
"""Observations that the estimators are built on."""


def observed(context: Context) -> tuple[Architectures, Floats]:
    """Return architectures in random order and errors without ties, `(TOLD, d)` and `(TOLD,)`."""
    rng = context.rng("models.observed")
    return ALL[rng.integers(len(ALL), size=TOLD)], rng.permutation(TOLD).astype(float)


def law_of_best_ratio(good: Floats, ratio: Floats, candidates: int) -> tuple[Ints, Floats]:
    """Return the class of equal ratios of each architecture, `(N,)`, and the law of the class that is least among independent draws.

    Ratios that are equal but for rounding share a class: which of its members is proposed is left to rounding.
    """
    order = np.argsort(ratio, kind="stable")
    steps = np.diff(ratio[order], prepend=ratio[order[:1]]) > 1e-9 * ratio[order]
    classes = np.empty(len(ratio), dtype=np.int64)
    classes[order] = np.cumsum(steps)
    mass = np.bincount(classes, good)
    beyond = np.append(np.cumsum(mass[::-1])[::-1], 0.0).clip(0.0, 1.0)
    return classes, beyond[:-1] ** candidates - beyond[1:] ** candidates


def tpe_densities(architectures: Architectures, errors: Floats) -> tuple[Floats, Floats]:
    """Return optuna's categorical estimators of the best ceil(n / 10) and of the others at every architecture, `(N,)` each."""
    order = np.argsort(errors)
    n_good = min(math.ceil(0.1 * len(errors)), 25)
    densities = []
    for data in (architectures[order[:n_good]], architectures[order[n_good:]]):
        prior = 1.0 / (len(data) + 1)
        kernel = np.where(ALL[:, None] == data, (1 + prior) / (1 + 3 * prior), prior / (1 + 3 * prior)).prod(axis=-1)
        densities.append((kernel.sum(axis=1) + 1 / len(ALL)) / (len(data) + 1))
    return densities[0], densities[1]


def bohb_densities(architectures: Architectures, errors: Floats) -> tuple[Floats, Floats, Floats]:
    """Return what BOHB draws from, and its estimators of the good and of the bad, at every architecture, `(N,)` each."""
    d, k, n = SPACE.d, 3, len(errors)
    data = architectures[np.argsort(errors)].astype(int)
    n_good, n_bad = max(d + 1, int(0.15 * n)), max(d + 1, int(0.85 * n))
    found = []
    for part in (data[:n_good], data[n_good : n_good + n_bad]):
        width = np.clip(1.06 * part.std(axis=0) * len(part) ** (-1 / (4 + d)), 0.3, 1 - 1 / k)
        same = ALL[:, None] == part
        found.append(np.where(same, 1 - width, width / (k - 1)).prod(axis=-1).mean(axis=1))
        if len(found) == 1:
            drawn = (np.where(same, 1 - width, 0.0) + width / k).prod(axis=-1).mean(axis=1)
    return drawn, found[0], found[1]


def _compared(asked: Architectures, classes: Ints, law: Floats, note: str) -> Verdict:
    counts = np.bincount(classes[SPACE.index(asked)], minlength=len(law))
    worst = int(np.abs(counts / len(asked) - law).argmax())
    p_value = chi_square_p_value(counts, law)
    return by_p_value(p_value, counts[worst] / len(asked), float(law[worst]), len(asked), note=note)


def _tpe(context: Context, sign: float = 1.0) -> Verdict:
    """Ask many samplers once, after the same 12 observations, with two candidates a proposal."""
    architectures, values = observed(context)
    told, errors = architectures[:12], values[:12]
    seed, runs = int(context.rng("models.tpe").integers(2**31)), 400
    optimizer: Any = start("tpe", SPACE, runs, seed, n_candidates=2, n_initial_samples=4)
    optimizer.tell(repeat(told, sign * errors[:, None], None, runs))
    good, bad = tpe_densities(told, errors)
    classes, law = law_of_best_ratio(good, bad / good, 2)
    return _compared(
        optimizer.ask()[:, 0],
        classes,
        law,
        "share of architectures of one ratio; two candidates from the good estimator",
    )


def _bohb(context: Context, sign: float = 1.0) -> Verdict:
    """Ask for the first rung of a bracket, one by one, after the same observations at the longest training."""
    architectures, errors = observed(context)
    seed, runs, asked, epochs = int(context.rng("models.bohb").integers(2**31)), 60, 70, (1, 3, 9, 27, 81)
    optimizer: Any = start("bohb", SPACE, runs, seed, epochs=epochs, n_candidates=4)
    optimizer.tell(repeat(architectures, sign * errors[:, None], np.full(TOLD, 81), runs))
    proposals = np.concatenate([optimizer.ask().architectures[:, 0] for _ in range(asked)])
    drawn, good, bad = bohb_densities(architectures, errors)
    return _compared(
        proposals, *law_of_best_ratio(drawn, bad / good, 4), "share of architectures of one ratio; four candidates"
    )


def _quantile_acquisition(context: Context, inverted: bool = False) -> Verdict:
    """Compare the maximiser of the expected improvement under TPE's model with that of good over bad, on random models.

    EI(x) = sum over y < y* of (y* - y) p(y) p(x | y) / p(x), with p(x | y) = l(x) below y* and g(x) above: every y is summed.
    """
    rng, models, wrong = context.rng("models.quantile"), 200, 0
    for _ in range(models):
        good, bad = rng.dirichlet(np.ones(9), size=2)
        levels, weights, threshold = np.sort(rng.random(40)), rng.dirichlet(np.ones(40)), 10
        joint = np.where(np.arange(40)[:, None] < threshold, good, bad) * weights[:, None]
        posterior = joint / joint.sum(axis=0)
        improvement = (np.maximum(levels[threshold] - levels, 0.0)[:, None] * posterior).sum(axis=0)
        ratio = bad / good if inverted else good / bad
        wrong += int((np.argsort(improvement) != np.argsort(ratio)).any())
    return equal_within(wrong, 0, 0, models, note="random models in which the two orders differ, 9 architectures each")


def _random_fraction(context: Context, fraction: float = 0.5) -> Verdict:
    """Test P(T > t) of BOHB's draws on a trap, from the model on: each is uniform with probability 1/2 or more."""
    runs, new = 250, 40
    architectures, _ = observed(context)
    # the optimum is not among what is told
    told = architectures[(architectures != 2).any(axis=1)]
    seed, epochs = int(context.rng("models.fraction").integers(2**31)), (1, 3, 9, 27, 81)
    optimizer: Any = start("bohb", SPACE, runs, seed, epochs=epochs, random_fraction=fraction)
    optimizer.tell(repeat(told, trap(told, 3), np.full(len(told), 81), runs))
    asked = np.concatenate([optimizer.ask().architectures for _ in range(new)], axis=1)
    hit = (asked == 2).all(axis=-1)
    times = np.where(hit.any(axis=1), hit.argmax(axis=1) + 1.0, np.inf)
    grid = np.arange(new + 1)
    return tail_at_most(
        times, grid, (1 - 0.5 / len(ALL)) ** grid, note="on a trap of 9 architectures, a model from the start"
    )


_BERGSTRA = "Bergstra, Bardenet, Bengio and Kegl 2011"

_TPE_LAW = Claim(
    "model-based.tpe-law",
    r"P(r(x) = \rho) = l(\{r \ge \rho\})^n - l(\{r > \rho\})^n, \quad r = g / l",
    (Assumption("12 observations, of which the best 2 are good; n = 2 candidates; one joint estimator"),),
    f"{_BERGSTRA}, section 4; estimators of optuna; order statistics",
    _tpe,
    Mutant("the worst tenth is good", partial(_tpe, sign=-1.0)),
    optimizers=("tpe",),
    evidence=BOTH,
    kind="exact law",
)
_OF_TPE = (_TPE_LAW,) if is_installed("tpe") else ()

CLAIMS = (
    *_OF_TPE,
    Claim(
        "model-based.bohb-law",
        r"P(r(x) = \rho) = q(\{r \ge \rho\})^n - q(\{r > \rho\})^n, \quad r = g / l, \ q \text{ the sampler}",
        (Assumption("20 observations at the longest training; n = 4 candidates"),),
        "Falkner, Klein and Hutter 2018; kernel of Aitchison and Aitken 1976, sampler of HpBandSter",
        _bohb,
        Mutant("the worst are good", partial(_bohb, sign=-1.0)),
        optimizers=("bohb",),
        evidence=BOTH,
        kind="exact law",
    ),
    Claim(
        "model-based.quantile-acquisition",
        r"\mathrm{EI}(x) \propto \bigl(\gamma + (1 - \gamma) g(x) / l(x)\bigr)^{-1}: \text{ the same order as } l / g",
        (Assumption("p(x | y) is l below the quantile and g above it"),),
        f"{_BERGSTRA}, section 4.1",
        _quantile_acquisition,
        Mutant("g over l", partial(_quantile_acquisition, inverted=True)),
        optimizers=("tpe", "bohb", "motpe"),
        evidence=(Evidence.EXACT,),
        kind="theorem",
    ),
    Claim(
        "model-based.bohb-random-fraction",
        r"P(T > t) \le (1 - \rho K / N)^t",
        (Assumption("rho = 1/2, a model from the first query on, a trap of 9 architectures"),),
        "Falkner, Klein and Hutter 2018: a fraction of uniform draws keeps Hyperband's guarantees",
        _random_fraction,
        Mutant.by_factor(
            "a fraction of {factor:g} times the setting", lambda c, f: _random_fraction(c, fraction=0.5 * f), 0.0
        ),
        optimizers=("bohb",),
        evidence=SHIPPED,
        kind="theorem",
    ),
)
"""Claims about densities."""
