"""Aggregation of theta in federated search: the normalised geometric mean is the central step.

Clients k = 1 ... K with weights p_k (fractions of the examples) start a round from the same theta and each take one
exponentiated-gradient step along their own gradients. The normalised geometric mean of their results is the central
step along sum_k p_k g_k: exactly, for all gradients and step sizes, on every simplex of the product. The arithmetic
mean of distributions is not. The geometric mean is also the barycentre under the divergence of exponentiated gradient:

    sum_k p_k KL(theta || theta_k) = KL(theta || m) + c,   c = sum_k p_k KL(m || theta_k).

`nasbench.theory.symbolic.mirror_mean` derives both; here the suite's own means are held to them. The clients are the three data sets of
NAS-Bench-201, each with the gradient of its own table: they differ as clients of a federation do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.live.federated.aggregation import geometric_mean_on_simplex, weighted_mean
from nasbench.theory.exact.landscape import DATASETS
from nasbench.theory.families.gradient.exponentiated import eg_step, kl
from nasbench.theory.families.gradient.multilinear import dirichlet, gradient
from nasbench.theory.machinery.claim import Assumption, Claim, Context, Mutant, Verdict, at_most

Floats = NDArray[np.float64]
Mean = Callable[[Sequence[Any], Floats], Any]


def rounds(ctx: Context, name: str, repeats: int) -> Iterator[tuple[Floats, list[Floats], Floats, float]]:
    """Yield theta `(n, k)`, the gradients of the three clients there, their weights and a step size, many times over.

    Every other round has equal shares; steps run from 0.01 to 100 times the spread of the gradients.
    """
    rng = ctx.rng(name)
    tensors = []
    for dataset in DATASETS:
        landscape = ctx.landscape(dataset)
        tensors.append(landscape.rank.reshape(landscape.cardinalities) / (landscape.size - 1))
    decisions, choices = tensors[0].ndim, len(tensors[0])
    for repeat in range(repeats):
        theta = dirichlet(rng, decisions, choices)
        weights = np.full(len(tensors), 1 / len(tensors)) if repeat % 2 else rng.dirichlet(np.ones(len(tensors)))
        yield theta, [gradient(tensor, theta) for tensor in tensors], weights, float(10 ** rng.uniform(-2, 2))


def check_central(ctx: Context, mean: Mean = geometric_mean_on_simplex, repeats: int = 200) -> Verdict:
    """Check that the mean of the clients' steps is the central step and lies on the simplices, to rounding."""
    from nasbench.theory.symbolic.mirror_mean import log_ratio

    log_ratio(len(DATASETS))
    worst = 0.0
    for theta, slopes, weights, eta in rounds(ctx, "gradient.mirror-mean-central", repeats):
        central = eg_step(theta, -np.tensordot(weights, np.stack(slopes), axes=1), eta)
        averaged = mean([eg_step(theta, -slope, eta) for slope in slopes], weights)
        off = float(np.abs(averaged.sum(axis=1) - 1).max())
        worst = max(worst, float(np.abs(averaged - central).max()), off)
    return at_most(worst, 1e-12, repeats, note="greatest entry of mean less central step; equal and unequal shares")


def check_barycentre(ctx: Context, mean: Mean = geometric_mean_on_simplex, repeats: int = 200) -> Verdict:
    """Check the identity of divergences at random points, relative to the greatest of its terms."""
    from nasbench.theory.symbolic.mirror_mean import barycentre_gap

    if barycentre_gap() != 0:
        raise ArithmeticError("the identity of divergences does not follow")
    rng = ctx.rng("gradient.mirror-mean-barycentre.points")
    worst = 0.0
    for theta, slopes, weights, eta in rounds(ctx, "gradient.mirror-mean-barycentre", repeats):
        clients = [eg_step(theta, -slope, min(eta, 10.0)) for slope in slopes]
        middle, point = mean(clients, weights), dirichlet(rng, *theta.shape)
        spread = float(sum(p * kl(point, one) for p, one in zip(weights, clients, strict=True)))
        around = float(sum(p * kl(middle, one) for p, one in zip(weights, clients, strict=True)))
        worst = max(worst, abs(spread - around - float(kl(point, middle))) / max(spread, 1.0))
    return at_most(worst, 1e-10, repeats, note="greatest relative gap of the identity")


def check_local_steps(
    ctx: Context, mean: Mean = geometric_mean_on_simplex, power: float = 1.0, repeats: int = 6
) -> Verdict:
    """Compare how far K local steps drift from K central steps of frozen gradients with K (K - 1) / 2 times the drift of two.

    Gradients change along the way, each client's by its own table. A mutant raises the drift's multiple to a power.
    """
    worst, eta = 0.0, 1e-3
    tensors = [ctx.landscape(dataset) for dataset in DATASETS]
    tables = [t.rank.reshape(t.cardinalities) / (t.size - 1) for t in tensors]
    for theta, slopes, weights, _ in rounds(ctx, "gradient.local-steps", repeats):
        frozen = -np.tensordot(weights, np.stack(slopes), axes=1)
        clients = [theta] * len(tables)
        drift: dict[int, Floats] = {}
        for made in range(1, 9):
            clients = [eg_step(c, -gradient(table, c), eta) for c, table in zip(clients, tables, strict=True)]
            drift[made] = mean(clients, weights) - eg_step(theta, frozen, made * eta)
        for made in (1, 3, 4, 6, 8):
            stated = (made * (made - 1) / 2) ** power * drift[2]
            worst = max(worst, float(np.abs(drift[made] - stated).max() / np.abs(drift[2]).max() / max(made, 2) ** 2))
    return at_most(worst, 2e-3, 5 * repeats, note="gap over K^2 times the drift of two steps; K from 1 to 8")


START = Assumption(r"all clients start the round from the same $\theta$ and take one step")
WEIGHTS = Assumption(r"$p_k>0$, $\sum_kp_k=1$: the clients' shares of the examples")

CLAIMS = (
    Claim(
        "gradient.local-steps",
        r"m_K-c_K=\tfrac{K(K-1)}2(m_2-c_2)+O(\eta^3),\quad m_K\text{ the mean of }K\text{ local steps, }"
        r"c_K\text{ the central step }\eta K\sum_kp_kg_k(\theta)",
        (
            Assumption(r"all clients start the round from the same $\theta$"),
            Assumption(r"step size $10^{-3}$; the next order is two parts in a thousand"),
        ),
        "derived here: Taylor in the step size; the drift is that of Karimireddy et al. (ICML 2020), section 3",
        check_local_steps,
        Mutant.by_factor(
            "the power of K (K - 1) / 2", lambda context, factor: check_local_steps(context, power=factor), 1.5
        ),
        kind="exact law",
    ),
    Claim(
        "gradient.mirror-mean-central",
        r"\frac{\prod_k(\theta_k^+)^{p_k}}{\|\prod_k(\theta_k^+)^{p_k}\|_1}=\frac{\theta e^{-\eta\sum_kp_kg_k}}"
        r"{\|\theta e^{-\eta\sum_kp_kg_k}\|_1},\quad\theta_k^+\propto\theta e^{-\eta g_k}",
        (START, WEIGHTS),
        "derived here (nasbench.theory.symbolic.mirror_mean); exponentiated gradient of Kivinen, Warmuth (1997)",
        check_central,
        Mutant("the arithmetic mean in place of the geometric", partial(check_central, mean=weighted_mean)),
        kind="exact law",
    ),
    Claim(
        "gradient.mirror-mean-barycentre",
        r"\sum_kp_k\mathrm{KL}(\theta\|\theta_k)=\mathrm{KL}(\theta\|m)+\sum_kp_k\mathrm{KL}(m\|\theta_k),\quad "
        r"m\propto\prod_k\theta_k^{p_k}",
        (WEIGHTS,),
        "derived here (nasbench.theory.symbolic.mirror_mean); Bregman barycentres: Nielsen, Nock (2009)",
        check_barycentre,
        Mutant("the arithmetic mean in place of the geometric", partial(check_barycentre, mean=weighted_mean)),
    ),
)
"""Claims about the means of federated search."""
