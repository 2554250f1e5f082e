"""Quantile improvement of information-geometric optimisation, with the infinite-sample update computed exactly.

For independent categorical decisions IGO, IGO-ML, the smoothed cross-entropy method and PBIL are one update:
theta' = (1 - dt) theta + dt E_theta[W(x) onehot(x)], W = 1/q on the best q-quantile of f under P_theta (shared among ties).
theta' maximises E_theta[((1 - dt) + dt W) ln P_theta'], so dt E_theta[W ln(P'/P)] >= (1 - dt) KL(P || P'); with Jensen under the
density W, ln E_{theta'}[W] >= ((1 - dt)/dt) KL(P || P') >= 0. As W <= 1/q vanishes beyond the quantile, P'(f <= Q_q(theta)) >= q:
the q-quantile does not get worse.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nasbench.theory.exact.landscape import DATASETS, Landscape
from nasbench.theory.families.gradient.exponentiated import kl
from nasbench.theory.families.gradient.multilinear import cell_probabilities, dirichlet
from nasbench.theory.machinery.claim import Assumption, Claim, Context, Mutant, Verdict, all_at_most

Floats = NDArray[np.float64]


def quantile_weights(values: Floats, probability: Floats, q: float) -> tuple[Floats, float]:
    """Return W (N,) with mean 1 under `probability`, 1/q below the q-quantile of `values` (minimised), and the quantile."""
    order = np.argsort(values, kind="stable")
    cumulative = np.cumsum(probability[order])
    quantile = float(values[order[min(int(np.searchsorted(cumulative, q)), len(order) - 1)]])
    below, at = values < quantile, values == quantile
    mass_below, mass_at = float(probability[below].sum()), float(probability[at].sum())
    weight = np.where(below, 1.0 / q, 0.0)
    weight[at] = (1.0 - mass_below / q) / mass_at
    return weight, quantile


def igo_step(landscape: Landscape, theta: Floats, q: float, dt: float) -> tuple[Floats, Floats, float]:
    """Return (theta', W, quantile) of the exact update; a step beyond 1 is cut back to the simplex."""
    probability = cell_probabilities(theta)
    weight, quantile = quantile_weights(landscape.values, probability, q)
    mass = (probability * weight).reshape(landscape.cardinalities)
    axes = range(mass.ndim)
    target = np.stack([mass.sum(axis=tuple(other for other in axes if other != axis)) for axis in axes])
    moved = np.maximum((1.0 - dt) * theta + dt * target, 1e-12)
    return moved / moved.sum(axis=1, keepdims=True), weight, quantile


def check_quantile(ctx: Context, factor: float = 1.0, steps: int = 12) -> Verdict:
    """Follow the exact update on the real tables and check ln E_{theta'}[W] >= ((1 - dt)/dt) KL at each step.

    The quantile itself is checked too: probability under theta' of being at least as good as it must reach q.
    """
    rng = ctx.rng("gradient.igo-quantile")
    seen, bounds = [], []
    for name in DATASETS:
        landscape = ctx.landscape(name)
        for q in (0.05, 0.25, 0.5):
            for dt in (0.1, 0.5, 1.0):
                theta = dirichlet(rng, landscape.decisions, landscape.cardinalities[0], 2.0)
                for _ in range(steps):
                    moved, weight, quantile = igo_step(landscape, theta, q, factor * dt)
                    after = cell_probabilities(moved)
                    improvement = float(np.log(max(float(after @ weight), 1e-300)))
                    seen += [(1.0 - dt) / dt * float(kl(theta, moved)), q]
                    bounds += [improvement + 1e-9, float(after[landscape.values <= quantile].sum()) + 1e-9]
                    theta = moved
                    if theta.max(axis=1).min() > 1.0 - 1e-6:
                        break  # a vertex: nothing moves any more
    note = "((1 - dt)/dt) KL against ln E[W], and q against P(f <= quantile): the tightest"
    return all_at_most(seen, bounds, note=note)


CLAIMS = (
    Claim(
        "gradient.igo-quantile",
        r"\ln\mathbb{E}_{\theta'}[W]\ge\tfrac{1-\delta t}{\delta t}\mathrm{KL}(P_\theta\|P_{\theta'}),\ \text{hence }"
        r"Q_q(\theta')\le Q_q(\theta)",
        (
            Assumption("infinitely many samples: expectations are sums over all architectures"),
            Assumption(r"independent categorical decisions, $0<\delta t\le 1$"),
        ),
        "Ollivier, Arnold, Auger, Hansen (JMLR 2017), quantile improvement for finite steps; constant derived here",
        check_quantile,
        Mutant.by_factor("the step", check_quantile, 4.0),
        kind="theorem",
    ),
)
"""Claims about information-geometric optimisation."""
