"""Processes and acquisitions as registered: expected improvement, the posterior that ships, its information, and regret by its widths."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from nasbench.baselines.gp_bo import EncodingGp, GpBo, expected_improvement
from nasbench.baselines.parego import Parego
from nasbench.search.optimizer import PerRun, RunByRun
from nasbench.spaces.space import Architectures, Floats
from nasbench.theory.machinery.claim import (
    Assumption,
    Claim,
    Context,
    Evidence,
    Mutant,
    Verdict,
    all_at_most,
    by_p_value,
    equal_within,
)
from nasbench.theory.machinery.confidence_bands import binomial_p_value
from nasbench.theory.machinery.registered_runs import Algorithm, repeat, start
from nasbench.theory.machinery.testbed import make_space

SHIPPED, BOTH = (Evidence.SHIPPED,), (Evidence.EXACT, Evidence.SHIPPED)
DELTA = 0.05
"""Probability with which a band may be left."""


class UncertainGpBo(GpBo):
    """A mutant that proposes the largest posterior deviation."""

    proposing = False

    def ask(self) -> Architectures:
        """Propose by the deviation."""
        self.proposing = True
        try:
            return super().ask()
        finally:
            self.proposing = False

    def acquisition(self, architectures: Architectures) -> Floats:
        """Return the deviation while it proposes, else the expected improvement."""
        return self._model.predict(architectures)[1] if self.proposing else super().acquisition(architectures)


class UnclimbedParego(Parego):
    """A mutant that proposes any candidate."""

    proposing = False

    def ask(self) -> Architectures:
        """Propose by chance."""
        self.proposing = True
        try:
            return super().ask()
        finally:
            self.proposing = False

    def acquisition(self, architectures: Architectures) -> Floats:
        """Return random numbers while it proposes, else the expected improvement."""
        return self._rng.random(len(architectures)) if self.proposing else super().acquisition(architectures)


def _maximises(context: Context, algorithm: Algorithm, objectives: int) -> Verdict:
    """Add up by how much the acquisition of any architecture that was not evaluated exceeds that of the proposal."""
    space, rng, excess, queries = make_space(3, 3), context.rng("models.maximises"), 0.0, 14
    values = rng.random((27, objectives))
    optimizer = start(algorithm, space, 1, int(rng.integers(2**31)), objectives=objectives, n_initial_samples=6)
    assert isinstance(optimizer, RunByRun)
    member: Any = optimizer.members[0]
    seen: set[int] = set()
    for _ in range(queries):
        batch = member.ask()
        index = space.index(batch)
        if seen:
            unseen = np.setdiff1d(np.arange(27), list(seen))
            gains = member.acquisition(space.all[unseen])
            excess = max(excess, float(gains.max() - member.acquisition(batch).max()))
        seen.update(index.tolist())
        optimizer.tell(repeat(batch, values[index], None, 1))
    return equal_within(
        excess, 0.0, 1e-12, queries - 1, note="greatest excess over the proposal's acquisition, 27 architectures"
    )


def _improvement(context: Context, factor: float = 1.0) -> Verdict:
    """Compare the closed form of the expected improvement with Gauss-Legendre quadrature of max(best - f, 0)."""
    rng = context.rng("models.improvement")
    mean, deviation, best = rng.normal(size=200), rng.uniform(0.1, 2, size=200), rng.normal(size=200)
    nodes, weights = np.polynomial.legendre.leggauss(200)
    low = mean - 12 * deviation
    half = np.maximum(best - low, 0.0) / 2
    at = low[:, None] + half[:, None] * (nodes + 1)
    density = np.exp(-0.5 * ((at - mean[:, None]) / deviation[:, None]) ** 2) / (
        deviation[:, None] * math.sqrt(2 * math.pi)
    )
    integral = half * ((np.maximum(best[:, None] - at, 0.0) * density) @ weights)
    worst = float(np.abs(expected_improvement(mean, factor * deviation, best) - integral).max())
    return equal_within(worst, 0.0, 1e-9, 200, note="greatest difference of closed form and quadrature")


def _design(context: Context, size: int) -> tuple[Architectures, Floats]:
    rng = context.rng("models.design")
    space = make_space(4, 3)
    return space.sample(rng.random((size, 4))), rng.normal(size=size)


def kernel(rate: float, left: Architectures, right: Architectures) -> Floats:
    """Return exp(-rate times the number of differing decisions), `(n, d)` and `(m, d)` to `(n, m)`."""
    return np.exp(-rate * (left[:, None] != right).sum(axis=-1))


def _posterior(context: Context, without_noise: bool = False) -> Verdict:
    """Compare the process after 29 observations, added one by one, with the normal equations of all of them."""
    space = make_space(4, 3)
    architectures, targets = _design(context, 29)
    process = EncodingGp(space)
    for size in range(5, 30):
        process.condition(architectures[:size], targets[:size])
    gram = kernel(process.rate, architectures, architectures) + (0 if without_noise else process.noise) * np.eye(29)
    cross = kernel(process.rate, space.all, architectures)
    solved = np.linalg.lstsq(gram, cross.T, rcond=None)[0]
    variance = float(targets @ np.linalg.lstsq(gram, targets, rcond=None)[0]) / 29
    mean = targets @ solved
    deviation = np.sqrt(np.maximum(variance * (1 - (cross.T * solved).sum(axis=0)), 0.0))
    found = process.predict(space.all)
    worst = max(float(np.abs(found[0] - mean).max()), float(np.abs(found[1] - deviation).max()))
    return equal_within(
        worst, 0.0, 1e-7, space.product_size, note="greatest difference of means or deviations, 81 architectures"
    )


class FixedProcess(EncodingGp):
    """The process of `gp_bo` with given hyperparameters, and a signal of variance 1."""

    def __init__(self, space: Any, rate: float, noise: float) -> None:
        super().__init__(space)
        self.rate, self.noise, self._refit_at = rate, noise, 10**9
        self._factor = np.empty((0, 0))

    def condition(self, architectures: Architectures, targets: Floats) -> None:
        """Condition, and keep the variance."""
        super().condition(architectures, targets)
        self._variance = 1.0


def _information(context: Context, factor: float = 1.0) -> Verdict:
    """Compare the information that a design gains query by query with the determinant of its kernel matrix."""
    rate, noise, size = 0.4, 0.1, 60
    architectures, targets = _design(context, size)
    process, gained = FixedProcess(make_space(4, 3), rate, noise), 0.5 * math.log1p(1 / noise)
    for t in range(1, size):
        process.condition(architectures[:t], targets[:t])
        gained += 0.5 * math.log1p(float(process.predict(architectures[t : t + 1])[1][0]) ** 2 / (factor * noise))
    whole = 0.5 * float(np.linalg.slogdet(np.eye(size) + kernel(rate, architectures, architectures) / noise)[1])
    return equal_within(gained, whole, 1e-8 * whole, size, note="information of 60 queries, in nats")


def _potential(context: Context, factor: float = 1.0) -> Verdict:
    """Test sum of predictive variances <= 2 / ln(1 + 1 / noise) times the information, at every length of random designs."""
    rate, noise, size = 0.4, 0.1, 60
    sums, bounds = [], []
    for part in range(5):
        architectures, targets = _design(Context(context.seed + part), size)
        process, gained, total = FixedProcess(make_space(4, 3), rate, noise), 0.0, 0.0
        for t in range(size):
            variance = 1.0
            if t:
                process.condition(architectures[:t], targets[:t])
                variance = float(process.predict(architectures[t : t + 1])[1][0]) ** 2
            gained += 0.5 * math.log1p(variance / noise)
            total += variance
            if t + 1 in (15, 30, size):
                sums.append(total)
                bounds.append(factor * 2 / math.log1p(1 / noise) * gained)
    return all_at_most(sums, bounds, note="sum of predictive variances, 5 designs of 15, 30 and 60")


def _upper_bound_runs(context: Context, draws: int, uncertain: float, explore: float) -> tuple[Floats, Floats]:
    """Run GP-UCB on the process that ships, on functions drawn from it; return regrets and twice the widths, `(draws, T)` each.

    Args:
        context: seeds.
        draws: number of functions.
        uncertain: factor of the width of the band, 1 as stated.
        explore: part of the queries that are drawn at random, without regard to the bound.
    """
    space, rate, noise, horizon = make_space(3, 3), 0.4, 0.1, 120
    rng = context.rng("models.regret")
    root = np.linalg.cholesky(kernel(rate, space.all, space.all) + 1e-10 * np.eye(27))
    regret, width = np.zeros((draws, horizon)), np.zeros((draws, horizon))
    for draw in range(draws):
        function = root @ rng.normal(size=27)
        process, index, seen = FixedProcess(space, rate, noise), [int(rng.integers(27))], []
        for t in range(1, horizon):
            seen.append(function[index[-1]] + math.sqrt(noise) * rng.normal())
            process.condition(space.all[index], np.array(seen))
            mean, deviation = process.predict(space.all)
            band = uncertain * math.sqrt(2 * math.log(27 * t**2 * math.pi**2 / (6 * DELTA)))
            chosen = int((mean - band * deviation).argmin())
            chosen = int(rng.integers(27)) if rng.random() < explore else chosen
            regret[draw, t], width[draw, t] = function[chosen] - function.min(), 2 * band * deviation[chosen]
            index.append(chosen)
    return regret, width


def _regret(context: Context, uncertain: float = 1.0) -> Verdict:
    """Compare the regret of each run with twice the sum of its own widths."""
    regret, width = _upper_bound_runs(context, 8, uncertain, 0.0)
    note = f"regret of {regret.shape[1]} queries against twice the sum of the widths; {len(regret)} functions"
    return all_at_most(regret.sum(axis=1), width.sum(axis=1), note=note)


def _each_regret(context: Context, explore: float = 0.0) -> Verdict:
    """Count functions on which the regret of some query is more than twice its width."""
    regret, width = _upper_bound_runs(context, 12, 1.0, explore)
    above = int((regret > width + 1e-9).any(axis=1).sum())
    p_value = binomial_p_value(above, len(regret), DELTA, "greater")
    note = f"share of functions with such a query; {regret.shape[1]} queries each"
    return by_p_value(p_value, above / len(regret), DELTA, len(regret), note=note)


_PROCESS = Assumption("the process of gp_bo with fixed hyperparameters and a signal of variance 1")
_CANDIDATES = Assumption("the space is listed: 27 architectures")

CLAIMS = (
    Claim(
        "bayesian.gp-bo-maximises",
        r"x_{t+1} \in \arg\max_{x \text{ not evaluated}} \mathrm{EI}_t(x)",
        (_CANDIDATES,),
        "Jones, Schonlau and Welch 1998",
        partial(_maximises, algorithm="gp_bo", objectives=1),
        Mutant("the largest deviation", partial(_maximises, algorithm=PerRun(UncertainGpBo), objectives=1)),
        optimizers=("gp_bo",),
        evidence=SHIPPED,
        kind="software check",
    ),
    Claim(
        "bayesian.parego-maximises",
        r"x_{t+1} \in \arg\max_{x \text{ not evaluated}} \mathrm{EI}_t(x) \text{ of the scalarised objectives}",
        (_CANDIDATES, Assumption("two objectives, weights drawn for the query")),
        "Knowles 2006",
        partial(_maximises, algorithm="parego", objectives=2),
        Mutant(
            "any candidate",
            partial(_maximises, algorithm=PerRun(UnclimbedParego, objectives="many"), objectives=2),
        ),
        optimizers=("parego",),
        evidence=SHIPPED,
        kind="software check",
    ),
    Claim(
        "bayesian.expected-improvement",
        r"E[\max(f^* - f, 0)] = \sigma \bigl(z \Phi(z) + \varphi(z)\bigr), \quad z = (f^* - \mu) / \sigma",
        (),
        "Jones, Schonlau and Welch 1998, equation 15",
        _improvement,
        Mutant.by_factor("a deviation times {factor:g}", lambda c, f: _improvement(c, factor=f), 1.01),
        optimizers=("gp_bo", "parego", "nas_bowl"),
        evidence=(Evidence.EXACT,),
        kind="theorem",
    ),
    Claim(
        "bayesian.process-posterior",
        r"\mu = k^\top (K + \lambda I)^{-1} y, \quad \sigma^2 = \tfrac{y^\top (K + \lambda I)^{-1} y}{t} \bigl(1 - k^\top (K + \lambda I)^{-1} k\bigr)",
        (Assumption("observations added one by one, hyperparameters as the process chooses them"),),
        "Rasmussen and Williams 2006, section 2.2",
        _posterior,
        Mutant("the noise is left out", partial(_posterior, without_noise=True)),
        optimizers=("gp_bo", "parego", "prescreened_nsga2"),
        evidence=(Evidence.EXACT,),
        kind="exact law",
    ),
    Claim(
        "bayesian.information-chain-rule",
        r"\tfrac12 \sum_t \ln(1 + \sigma_{t-1}^2(x_t) / \lambda) = \tfrac12 \ln \det(I + K / \lambda)",
        (_PROCESS,),
        "Srinivas, Krause, Kakade and Seeger 2010, lemma 5.3",
        _information,
        Mutant.by_factor("noise times {factor:g}", lambda c, f: _information(c, factor=f), 1.1),
        optimizers=("gp_bo",),
        evidence=(Evidence.EXACT,),
        kind="theorem",
    ),
    Claim(
        "bayesian.elliptical-potential",
        r"\sum_t \sigma_{t-1}^2(x_t) \le \frac{2}{\ln(1 + 1 / \lambda)} I(A_T)",
        (_PROCESS,),
        "Srinivas, Krause, Kakade and Seeger 2010, lemma 5.4",
        _potential,
        Mutant.by_factor("a constant times {factor:g}", lambda c, f: _potential(c, factor=f), 0.5),
        optimizers=("gp_bo",),
        evidence=(Evidence.EXACT,),
        kind="theorem",
    ),
    Claim(
        "bayesian.regret-of-each-query",
        r"f(x_t) - f(x^*) \le 2 \beta_t^{1/2} \sigma_{t-1}(x_t) \text{ for all } t \text{ with probability } 1 - \delta",
        (_PROCESS, Assumption("functions drawn from the process; 27 architectures, delta = 0.05")),
        "Srinivas, Krause, Kakade and Seeger 2010, lemma 5.2",
        _each_regret,
        Mutant("half of the queries at random", partial(_each_regret, explore=0.5)),
        optimizers=("gp_bo",),
        evidence=(Evidence.EXACT,),
        kind="theorem",
    ),
    Claim(
        "bayesian.regret-by-widths",
        r"R_T \le 2 \sum_t \beta_t^{1/2} \sigma_{t-1}(x_t) \text{ with probability } 1 - \delta",
        (_PROCESS, Assumption("functions drawn from the process; 27 architectures, delta = 0.05")),
        "Srinivas, Krause, Kakade and Seeger 2010, lemma 5.2, with the widths of the run itself",
        _regret,
        Mutant.by_factor("a band of {factor:g} times the width", lambda c, f: _regret(c, uncertain=f), 1e-3),
        optimizers=("gp_bo",),
        evidence=(Evidence.EXACT,),
        kind="theorem",
    ),
)
"""Claims about processes and acquisitions."""
