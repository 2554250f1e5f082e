"""GP-UCB's regret on exact draws from the prior, many draws in lockstep.

Srinivas, Krause, Kakade and Seeger (2010), Theorem 1: D finite, f ~ GP(0, k), k(x, x) <= 1, noise variance s^2,
beta_t = 2 ln(|D| t^2 pi^2 / (6 delta)). With probability 1 - delta, for all t and x |f(x) - mu_{t-1}(x)| <= beta_t^(1/2) s_{t-1}(x)
(Lemma 5.1), and R_T <= sqrt(C_1 T beta_T gamma_T) for all T, C_1 = 8 / ln(1 + 1/s^2). Maximisation throughout.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from nasbench.theory.families.bayesian.information_gain import gain_bound
from nasbench.theory.families.bayesian.kernel import AnovaKernel
from nasbench.theory.families.bayesian.posterior import Factored, LowRank
from nasbench.theory.machinery.claim import (
    VACUOUS_FACTOR,
    Assumption,
    Claim,
    Context,
    Mutant,
    Outcome,
    Verdict,
    all_at_most,
)
from nasbench.theory.machinery.law_curve import LawCurve
from nasbench.theory.machinery.statistical_checks import rate_at_most

Floats = NDArray[np.float64]

DELTA = 0.1


def beta(times: Floats, size: int, delta: float = DELTA) -> Floats:
    """Return beta_t."""
    return 2 * np.log(size * np.asarray(times, dtype=float) ** 2 * np.pi**2 / (6 * delta))


def regret_bound(kernel: AnovaKernel, times: Floats, noise: float, gain: Floats | None = None) -> Floats:
    """Return sqrt(C_1 T beta_T gamma_T), gamma_T in closed form unless given."""
    gamma = gain_bound(kernel, times, noise) if gain is None else gain
    return np.sqrt(8 / np.log1p(1 / noise) * times * beta(times, kernel.size) * gamma)


@dataclass(frozen=True)
class GpUcbRun:
    """What GP-UCB did on each draw.

    Attributes:
        regret: cumulative regret, shape (draws, T).
        outside: did f ever leave the confidence band, shape (draws,).
        spread: max f - min f, shape (draws,).
        beyond: whether the regret of some query exceeded twice the half-width of the band there, shape (draws,).
    """

    regret: Floats
    outside: NDArray[np.bool_]
    spread: Floats
    beyond: NDArray[np.bool_]


def play(
    kernel: AnovaKernel, truth: Floats, steps: int, noise: float, rng: np.random.Generator, *, width: float = 1.0,
    random: float = 0.0,
) -> GpUcbRun:  # fmt: skip
    """Run GP-UCB on functions (draws, N) drawn from the kernel's prior.

    Args:
        kernel: prior.
        truth: the functions.
        steps: T.
        noise: variance.
        rng: source of the noise.
        width: half-width of the band in units of beta_t^(1/2) standard deviations.
        random: share of queries that are uniformly random instead (a mutant).
    """
    draws, size = truth.shape
    posterior = LowRank(kernel, draws) if size <= 1000 else Factored(kernel, draws)
    mean, variance = np.zeros((draws, size)), np.ones((draws, size))
    outside, beyond = np.zeros((2, draws), dtype=bool)
    gaps = np.empty((draws, steps))
    lane, best = np.arange(draws), truth.max(axis=1)
    for t in range(steps):
        half = width * float(np.sqrt(beta(np.array(t + 1.0), size))) * np.sqrt(variance)
        outside |= (np.abs(truth - mean) > half + 1e-9).any(axis=1)
        upper = mean + half
        at = upper.argmax(axis=1)
        if random and rng.random() < random:
            at = rng.integers(size, size=draws)
        gaps[:, t] = best - truth[lane, at]
        beyond |= gaps[:, t] > 2 * half[lane, at] + 1e-9
        row, total = posterior.row(at), variance[lane, at] + noise
        posterior.observe(at, total)
        surprise = truth[lane, at] + np.sqrt(noise) * rng.normal(size=draws) - mean[lane, at]
        mean += row * (surprise / total)[:, None]
        variance = np.maximum(variance - row**2 / total[:, None], 1e-12)
    return GpUcbRun(np.cumsum(gaps, axis=1), outside, np.ptp(truth, axis=1), beyond)


ADDITIVE = AnovaKernel(1.0, 3, 5, 1)
PRODUCT = AnovaKernel(0.4, 6, 5, 6)
BUDGETS = np.array([50.0, 100.0, 200.0, 500.0])


def check_band(ctx: Context, width: float = 1.0) -> Verdict:
    """Count the draws that leave the band |f - mu| <= beta^(1/2) s anywhere in 300 steps: at most delta, exact binomial."""
    rng = ctx.rng("bayesian.confidence-band")
    draws = 300
    found = play(ADDITIVE, ADDITIVE.draw(rng, draws), 300, 0.25, rng, width=width)
    note = "draws that leave the band, 300 steps, 125 architectures"
    return rate_at_most(int(found.outside.sum()), draws, DELTA, note=note)


def check_query(ctx: Context, random: float = 0.0) -> Verdict:
    """Count the draws on which some query of 300 has a regret beyond twice the half-width of its band: at most delta, exact binomial.

    A mutant draws a share of the queries at random.
    """
    rng = ctx.rng("bayesian.gp-ucb-query")
    draws = 150
    found = play(ADDITIVE, ADDITIVE.draw(rng, draws), 300, 0.25, rng, random=random)
    note = "draws with a query beyond its bound, 300 queries, 125 architectures"
    return rate_at_most(int(found.beyond.sum()), draws, DELTA, note=note)


def check_regret(ctx: Context, random: float = 0.0) -> Verdict:
    """Count the draws whose regret exceeds the bound at any T <= 5000 under the additive prior: at most delta."""
    rng = ctx.rng("bayesian.gp-ucb")
    draws, steps, noise = 60, 5000, 0.25
    found = play(ADDITIVE, ADDITIVE.draw(rng, draws), steps, noise, rng, random=random)
    times = np.arange(1.0, steps + 1)
    bound = regret_bound(ADDITIVE, times, noise)
    trivial = steps * found.spread.mean()
    note = (
        f"draws beyond the bound; at T = {steps} it is {bound[-1]:.0f}, regret {found.regret[:, -1].mean():.0f} on average and "
        f"{found.regret[:, -1].max():.0f} at most, T x range {trivial:.0f}"
    )
    verdict = rate_at_most(int((found.regret > bound).any(axis=1).sum()), draws, DELTA, note=note)
    regret = found.regret
    verdict = replace(
        verdict, restated=lambda f: rate_at_most(int((regret > f * bound).any(axis=1).sum()), draws, DELTA)
    )
    shown = np.unique(np.geomspace(1, steps, 60).astype(int)) - 1
    low, high = regret.min(axis=0)[shown], regret.max(axis=0)[shown]
    curve = LawCurve(
        times[shown],
        bound[shown],
        regret.mean(axis=0)[shown],
        low,
        high,
        "cumulative regret",
        "bound",
        "T",
        True,
        "all draws",
    )
    verdict = replace(verdict, curve=curve)
    # At the budget: early on, where little is spent, any bound is near what is observed.
    tightness = float(bound[-1] / found.regret[:, -1].max())
    if verdict.outcome is Outcome.HOLDS and not (bound[-1] < trivial and tightness <= VACUOUS_FACTOR):
        return replace(verdict, outcome=Outcome.VACUOUS, tightness=tightness)
    return replace(verdict, tightness=tightness)


def check_budgets(ctx: Context, shortened: bool = False) -> Verdict:
    """Compare the bound of the product prior on the space of NAS-Bench-201 with T x range at T = 50 ... 500, and with real runs.

    Vacuous where it exceeds T x range at every budget. The mutant forgets the union bound over architectures and all
    interactions: real runs exceed that.
    """
    rng = ctx.rng("bayesian.gp-ucb-nas")
    draws, steps, noise = 4, 60, 0.05
    found = play(PRODUCT, PRODUCT.draw(rng, draws), steps, noise, rng)
    times = np.arange(1.0, steps + 1)
    if shortened:
        gain = 0.5 * np.log1p(times * PRODUCT.spectrum()[0][0] / noise)
        bound = np.sqrt(8 / np.log1p(1 / noise) * times * beta(times, 1) * gain)
    else:
        bound = regret_bound(PRODUCT, times, noise)
    ratio = regret_bound(PRODUCT, BUDGETS, noise) / (BUDGETS * found.spread.max())
    useful = np.arange(1000.0, 200_001.0, 1000.0)
    first = useful[np.argmax(regret_bound(PRODUCT, useful, noise) < useful * found.spread.max())]
    note = (
        f"regret bound / (T x range) at T = 50, 100, 200, 500: {', '.join(f'{r:.1f}' for r in ratio)}; "
        f"below 1 from T = {first:.0f} of {PRODUCT.size} architectures"
    )
    verdict = all_at_most(found.regret.max(axis=0), bound, note=note, n=draws)
    if verdict.outcome is Outcome.HOLDS and (ratio >= 1).all():
        return replace(verdict, outcome=Outcome.VACUOUS)
    return verdict


PRIOR = Assumption("$f$ is a draw from the prior that the algorithm uses, Gaussian noise of known variance")
REAL = Assumption("on a real table the prior cannot be verified beyond calibration", checked=False)
SRINIVAS = "Srinivas, Krause, Kakade, Seeger (ICML 2010)"

CLAIMS = (
    Claim(
        "bayesian.confidence-band",
        r"\Pr[\forall t,x:\ |f(x)-\mu_{t-1}(x)|\le\beta_t^{1/2}\sigma_{t-1}(x)]\ge 1-\delta",
        (PRIOR,),
        f"{SRINIVAS}, Lemma 5.1",
        check_band,
        Mutant.by_factor("the width of the band", check_band, 0.5),
        kind="theorem",
    ),
    Claim(
        "bayesian.gp-ucb-query",
        r"\Pr[\forall t:\ f(x^*)-f(x_t)\le2\beta_t^{1/2}\sigma_{t-1}(x_t)]\ge 1-\delta",
        (PRIOR,),
        f"{SRINIVAS}, Lemma 5.2 (number unchecked)",
        check_query,
        Mutant("one query in twenty is random", partial(check_query, random=0.05)),
        kind="theorem",
    ),
    Claim(
        "bayesian.gp-ucb-regret",
        r"\Pr[\forall T:\ R_T\le\sqrt{C_1T\beta_T\gamma_T}]\ge 1-\delta \text{ under an additive prior}",
        (PRIOR,),
        f"{SRINIVAS}, Theorem 1",
        check_regret,
        Mutant("every query is uniformly random", partial(check_regret, random=1.0)),
        kind="theorem",
    ),
    Claim(
        "bayesian.gp-ucb-budgets",
        r"R_T\le\sqrt{C_1T\beta_T\gamma_T} \text{ with the product prior at budgets of architecture search}",
        (PRIOR, REAL),
        f"{SRINIVAS}, Theorem 1",
        check_budgets,
        Mutant("no union bound, and interactions carry no information", partial(check_budgets, shortened=True)),
        kind="theorem",
    ),
)
"""Claims about GP-UCB."""
