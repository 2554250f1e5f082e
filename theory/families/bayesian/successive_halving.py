"""Sufficient budgets for successive halving to keep the best arm.

Jamieson and Talwalkar (2016): losses l_{i,j} converge to nu_1 < nu_2 <= ... with |l_{i,j} - nu_i| <= gamma(j), gamma
not increasing. With a budget of B > z = 2 ceil(log2 n) max_{i >= 2} i (1 + gamma^-1((nu_i - nu_1)/2)) pulls the best arm is returned,
gamma^-1(v) = min{j : gamma(j) < v} (strict, so that ties cannot hurt). Reason: in a round with s arms left each has had
r >= B/(s ceil(log2 n)) - 1 >= gamma^-1((nu_{floor(s/2)+1} - nu_1)/2) pulls, after which at most floor(s/2) - 1 arms can look as good as the best.
"""

from __future__ import annotations

from functools import partial
from importlib.resources import files
from math import ceil, log2

import numpy as np
from numpy.typing import NDArray

from nasbench.theory.machinery.claim import Assumption, Claim, Context, Mutant, Verdict, at_most

Floats = NDArray[np.float64]


def successive_halving(curves: Floats, budget: float) -> int:
    """Return the arm that survives: curves (n, J), loss after pull 1 ... J, constant beyond J."""
    alive = np.arange(len(curves))
    rounds = max(1, ceil(log2(len(curves))))
    pulls = 0
    for _ in range(rounds):
        pulls += int(budget // (len(alive) * rounds))
        if len(alive) == 1 or pulls == 0:
            break
        loss = curves[alive, min(pulls, curves.shape[1]) - 1]
        alive = alive[np.argsort(loss, kind="stable")[: max(1, len(alive) // 2)]]
    return int(alive[0])


def envelope(curves: Floats, limits: Floats) -> Floats:
    """Return the least non-increasing gamma(1), ..., gamma(J) with |l_{i,j} - nu_i| <= gamma(j)."""
    distance = np.abs(curves - limits[:, None]).max(axis=0)
    return np.maximum.accumulate(distance[::-1])[::-1]


def sufficient_budget(gamma: Floats, limits: Floats, without_rank: bool = False) -> float:
    """Return z; `without_rank` leaves out the factor i (a mutant)."""
    nu = np.sort(limits)
    # gamma^-1: envelopes are not increasing, and zero after the last pull
    reached = np.searchsorted(-gamma, -(nu[1:] - nu[0]) / 2, side="right") + 1
    place = np.ones(len(nu) - 1) if without_rank else np.arange(2, len(nu) + 1)
    return float(2 * ceil(log2(len(nu))) * (place * (1 + reached)).max())


def least_budget(curves: Floats, best: int, sufficient: float) -> float:
    """Return the least B on a geometric grid up to `enough` from which on the best arm is always returned."""
    grid = np.geomspace(len(curves), sufficient, 60)
    right = np.array([successive_halving(curves, budget) == best for budget in grid])
    wrong = np.flatnonzero(~right)
    return float(grid[min(wrong[-1] + 1, len(grid) - 1)] if wrong.size else grid[0])


def worst_case_curves(limits: Floats, gamma: Floats) -> Floats:
    """Return the worst curves inside the envelope: the best arm looks as bad as allowed, all others as good."""
    sign = np.where(limits == limits.min(), 1.0, -1.0)
    return limits[:, None] + sign[:, None] * gamma


def synthetic_curves(rng: np.random.Generator, arms: int, length: int = 3000) -> tuple[Floats, Floats, Floats]:
    """Return curves (n, J), limits and envelope: gamma(j) = j^-b, worst-case or random inside the envelope."""
    limits = np.sort(rng.uniform(0.0, 1.0, arms)) + np.arange(arms) * 0.02
    gamma = np.arange(1.0, length + 1) ** -rng.uniform(0.5, 1.5)
    gamma[-1] = 0.0
    if rng.random() < 0.5:
        return worst_case_curves(limits, gamma), limits, gamma
    return limits[:, None] + rng.uniform(-1.0, 1.0, (arms, length)) * gamma, limits, gamma


def check_instances(
    instances: list[tuple[Floats, Floats, Floats]],
    rng: np.random.Generator,
    without_rank: bool,
    note: str,
    factor: float = 1.0,
) -> Verdict:
    """Count wrong answers of successive halving just above z, arms in random order; say how much less would have done."""
    wrong, ratios = 0, []
    for curves, limits, gamma in instances:
        order = rng.permutation(len(limits))
        curves, best = curves[order], int(np.argmin(limits[order]))
        sufficient = factor * sufficient_budget(gamma, limits, without_rank)
        wrong += sum(successive_halving(curves, factor * sufficient + 1e-6) != best for factor in (1.0, 1.3, 2.0, 5.0))
        ratios.append(sufficient / least_budget(curves, best, sufficient))
    spread = f"z / least sufficient budget: {min(ratios):.2g} to {max(ratios):.2g}"
    return at_most(wrong, 0, 4 * len(instances), note=f"wrong arms, none allowed; {note}; {spread}")


def check_synthetic(ctx: Context, without_rank: bool = False, factor: float = 1.0) -> Verdict:
    """Check 60 sets of 4 to 64 synthetic curves, half of them the worst that the envelope allows; a mutant's z is `factor` times as large."""
    rng = ctx.rng("bayesian.successive-halving")
    instances = [synthetic_curves(rng, int(arms)) for arms in np.tile((4, 9, 16, 33, 64), 12)]
    return check_instances(instances, rng, without_rank, "synthetic curves", factor)


def training_curves(rng: np.random.Generator, arms: int, steps: int) -> Floats:
    """Train `arms` autoregressive models on the yearly sunspot numbers; return validation errors (arms, steps), a pull = 20 steps.

    Each arm has its own number of lags (1 to 20), step size and weight decay, and starts from zero weights. The sunspot numbers of 1700 to
    2008 are in the public domain (National Geophysical Data Center).
    """
    series = np.array((files(__package__) / "sunspots.txt").read_text("utf-8").split(), dtype=np.float64)
    series = (series - series.mean()) / series.std()
    lags = np.lib.stride_tricks.sliding_window_view(series, 21)
    order = rng.permutation(len(lags))
    train, held = lags[order[:190]], lags[order[190:]]
    used = np.arange(1, 21) <= rng.integers(1, 21, arms)[:, None]
    rate, decay = 10 ** rng.uniform(-3, -1.3, arms), 10 ** rng.uniform(-4, -0.5, arms)
    inputs, target = train[:, -2::-1], train[:, -1]
    moment, cross = inputs.T @ inputs / len(train), inputs.T @ target / len(train)
    weights = np.zeros((arms, 20))
    errors = np.empty((arms, steps))
    for step in range(steps):
        for _ in range(20):
            slope = weights @ moment - cross + decay[:, None] * weights
            weights = (weights - rate[:, None] * slope) * used
        residual = held[:, -1] - weights @ held[:, -2::-1].T
        errors[:, step] = (residual**2).mean(axis=1)
    return errors


def check_real(ctx: Context, without_rank: bool = False, factor: float = 1.0) -> Verdict:
    """Check real learning curves: random subsets of 240 models trained for 400 pulls, the limit being their last error."""
    rng = ctx.rng("bayesian.successive-halving-real")
    curves = training_curves(rng, 240, 400)
    instances = []
    for arms in np.tile((4, 8, 16, 32), 15):
        chosen = curves[rng.choice(len(curves), int(arms), replace=False)]
        limits = chosen[:, -1]
        if without_rank or factor < 1:
            # A mutant is checked on the worst curves that these envelopes allow.
            chosen = worst_case_curves(limits, envelope(chosen, limits))
        instances.append((chosen, limits, envelope(chosen, limits)))
    return check_instances(instances, rng, without_rank, "autoregressive models of the sunspot series", factor)


BUDGET = "the budget z"
ENVELOPE = Assumption(r"$|\ell_{i,j}-\nu_i|\le\gamma(j)$: $\gamma$ computed from the whole curves")
JAMIESON = "Jamieson, Talwalkar (AISTATS 2016): a budget that suffices for the best arm"
STATEMENT = r"B>2\lceil\log_2 n\rceil\max_{i\ge 2} i\big(1+\gamma^{-1}(\tfrac{\nu_i-\nu_1}2)\big)\Rightarrow\text{best arm returned}"

CLAIMS = (
    Claim(
        "bayesian.successive-halving",
        STATEMENT,
        (ENVELOPE,),
        JAMIESON,
        check_synthetic,
        Mutant(
            "the factor i is left out",
            partial(check_synthetic, without_rank=True),
            scaled=lambda context, factor: check_synthetic(context, factor=factor),
            factor=0.1,
            constant=BUDGET,
        ),
        kind="theorem",
    ),
    Claim(
        "bayesian.successive-halving-real",
        STATEMENT + r" \text{ on real learning curves}",
        (ENVELOPE, Assumption("the last error of each curve is its limit: all are constant beyond it by definition")),
        JAMIESON,
        check_real,
        Mutant(
            "the factor i is left out, worst curves in the envelope",
            partial(check_real, without_rank=True),
            scaled=lambda context, factor: check_real(context, factor=factor),
            factor=0.1,
            constant=BUDGET,
        ),
        kind="theorem",
    ),
)
"""Claims about successive halving."""
