"""Exponentiated gradient against any sequence of gradients, and its monotone ascent on a multilinear extension.

Regret: in one simplex of k choices with |g| <= G, sum_t <g_t, theta* - theta_t> <= ln k / eta + eta G^2 T / 2 (Hoeffding's lemma on a
range of 2G), which is G sqrt(2 T ln k) at eta = sqrt(2 ln k / T) / G. A product of n simplices adds n such bounds. It holds for
every sequence, also one chosen after looking at theta_t.

Monotone ascent: every mixed second difference of F is a difference of conditional means of f, all in an interval of length R, and
the blocks of d sum to zero, so |F(theta + d) - F(theta) - <grad F, d>| <= (R/2) sum_{e<e'} |d_e|_1 |d_e'|_1
<= (R (n-1)/4) sum_e |d_e|_1^2 <= (R (n-1)/2) KL(theta + d || theta) by Pinsker. With the three-point identity
<grad F, theta+ - theta> = (KL(theta+ || theta) + KL(theta || theta+)) / eta, every eta <= 2 / ((n-1) R) gives
F(theta+) >= F(theta) + KL(theta || theta+) / eta.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from nasbench.theory.exact.landscape import DATASETS
from nasbench.theory.families.gradient.exponentiated import eg_step, kl
from nasbench.theory.families.gradient.multilinear import dirichlet, extension, gain_tensor, gradient
from nasbench.theory.machinery.claim import Assumption, Claim, Context, Mutant, Verdict, all_at_most

Floats = NDArray[np.float64]

DECISIONS, CHOICES, HORIZON = 6, 5, 2000


def adversary(kind: str, theta: Floats, t: int, rng: np.random.Generator) -> Floats:
    """Return a gradient in [-1, 1], theta (n, k): alternating, random, or chosen against the present theta."""
    gain = np.zeros_like(theta)
    if kind == "alternating":
        # Follow-the-leader is always one step late here.
        gain[:, 0], gain[:, 1] = (0.5, 0.0) if t == 0 else ((-1.0, 1.0) if t % 2 else (1.0, -1.0))
    elif kind == "random":
        gain = rng.choice([-1.0, 1.0], size=theta.shape)
    else:
        rows = np.arange(len(theta))
        gain[rows, theta.argmax(axis=1)], gain[rows, theta.argmin(axis=1)] = -1.0, 1.0
    return gain


def regret(gains: Floats, played: Floats) -> float:
    """Return sum_t <g_t, theta* - theta_t> with the best fixed theta*, a vertex: gains and played (T, n, k)."""
    return float(gains.sum(axis=0).max(axis=1).sum() - (gains * played).sum())


def check_regret(ctx: Context, stretch: float = 1.0) -> Verdict:
    """Play EG against three adversaries and against the real tables' own gradients, for two horizons each."""
    rng = ctx.rng("gradient.eg-regret")
    seen, bounds = [], []
    tensors = {name: gain_tensor(ctx.landscape(name)) for name in DATASETS}
    for horizon in (HORIZON // 8, HORIZON):
        unit = DECISIONS * np.sqrt(2 * horizon * np.log(CHOICES))
        for kind in ("alternating", "random", "adversarial", *DATASETS):
            bound = np.ptp(tensors[kind]) / 2 if kind in tensors else 1.0
            eta = stretch * np.sqrt(2 * np.log(CHOICES) / horizon) / bound
            theta = np.full((DECISIONS, CHOICES), 1 / CHOICES)
            gains, played = np.empty((2, horizon, DECISIONS, CHOICES))
            for t in range(horizon):
                played[t] = theta
                gains[t] = gradient(tensors[kind], theta) if kind in tensors else adversary(kind, theta, t, rng)
                theta = eg_step(theta, gains[t], eta)
            seen.append(regret(gains, played))
            bounds.append(bound * unit)
    note = "regret of EG, the tightest of six adversaries, two horizons"
    return all_at_most(seen, bounds, vacuous_beyond=10.0, note=note)


def tables(ctx: Context) -> dict[str, Floats]:
    """Return the tensors that the ascent lemma is checked on: each real table, raw and by ranks, and a parity."""
    found = {}
    for name in DATASETS:
        landscape = ctx.landscape(name)
        found[name] = gain_tensor(landscape)
        found[f"{name} by ranks"] = 1.0 - landscape.rank.reshape(landscape.cardinalities) / (landscape.size - 1)
    found["parity"] = (np.indices((CHOICES,) * 3).sum(axis=0) % 2).astype(float)
    return found


def ascent(tensor: Floats, theta: Floats, eta: float, steps: int) -> Iterator[tuple[float, float]]:
    """Yield (F(theta+) - F(theta), KL(theta || theta+)) for each step of exact EG ascent.

    Stops where a coordinate underflows to zero: beyond that the divergence is infinite by rounding, not by the step.
    """
    value = extension(tensor, theta)
    for _ in range(steps):
        moved = eg_step(theta, gradient(tensor, theta), eta)
        gained = extension(tensor, moved)
        divergence = float(kl(theta, moved))
        if not np.isfinite(divergence):
            return
        yield gained - value, divergence
        theta, value = moved, gained


def check_monotone(ctx: Context, stretch: float = 1.0, starts: int = 6, steps: int = 150) -> Verdict:
    """Check F(theta+) >= F(theta) + KL(theta || theta+)/eta at every step from uniform and Dirichlet(1) starts."""
    rng = ctx.rng("gradient.monotone-eg")
    seen, bounds = [], []
    for tensor in tables(ctx).values():
        decisions, choices = tensor.ndim, len(tensor)
        spread = float(np.ptp(tensor))
        eta = stretch * 2.0 / ((decisions - 1) * spread)
        for start in range(starts):
            theta = dirichlet(rng, decisions, choices) if start else np.full((decisions, choices), 1 / choices)
            for gain, divergence in ascent(tensor, theta, eta, steps):
                seen.append(divergence / (eta * spread))
                bounds.append(gain / spread + 1e-13)
    note = "KL/eta against the gain in F, in units of the range: the tightest step"
    return all_at_most(seen, bounds, vacuous_beyond=10.0, note=note)


def check_total_divergence(ctx: Context, stretch: float = 1.0, steps: int = 1500) -> Verdict:
    """Check sum_t KL(theta_t || theta_{t+1}) <= eta (F* - F(theta_0)), with a step that is `stretch` times what eta says."""
    seen, bounds = [], []
    for name in DATASETS:
        tensor = gain_tensor(ctx.landscape(name))
        eta = 2.0 / ((tensor.ndim - 1) * np.ptp(tensor))
        theta = np.full((tensor.ndim, len(tensor)), 1 / len(tensor))
        divergences = [divergence for _, divergence in ascent(tensor, theta, stretch * eta, steps)]
        seen.append(sum(divergences))
        bounds.append(eta * (tensor.max() - extension(tensor, theta)))
    return all_at_most(seen, bounds, vacuous_beyond=10.0, note=f"summed KL over {steps} steps on the three real tables")


EXACT = Assumption("exact gradients of the multilinear extension of a complete table")
STEP = Assumption(r"$\eta\le 2/((n-1)R)$, $R$ the range of $f$")

CLAIMS = (
    Claim(
        "gradient.eg-regret",
        r"\sum_t\langle g_t,\theta^*-\theta_t\rangle\le nG\sqrt{2T\ln k}",
        (Assumption(r"$|g_{t,e,o}|\le G$; any sequence, also adaptive"), Assumption(r"$\eta=\sqrt{2\ln k/T}/G$")),
        "Kivinen, Warmuth (1997); Shalev-Shwartz (2012), normalised exponentiated gradient; Hoeffding's lemma",
        check_regret,
        Mutant("the step is 8 times too long", partial(check_regret, stretch=8.0)),
        kind="theorem",
    ),
    Claim(
        "gradient.monotone-eg",
        r"F(\theta^+)\ge F(\theta)+\tfrac1\eta\mathrm{KL}(\theta\|\theta^+)",
        (EXACT, STEP),
        "derived here: multilinearity, Pinsker, three-point identity",
        check_monotone,
        Mutant.by_factor("the step", check_monotone, 4.0),
        kind="theorem",
    ),
    Claim(
        "gradient.eg-total-divergence",
        r"\sum_t\mathrm{KL}(\theta_t\|\theta_{t+1})\le\eta(F^*-F(\theta_0)),\ \text{hence }"
        r"\min_{t<T}\mathrm{KL}\le\eta(F^*-F(\theta_0))/T",
        (EXACT, STEP),
        "telescoping gradient.monotone-eg",
        check_total_divergence,
        Mutant.by_factor("the step", check_total_divergence, 2.2),
        kind="theorem",
    ),
)
"""Claims about exponentiated gradient."""
