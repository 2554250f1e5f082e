"""Bias of an unrolled hypergradient, with every constant known.

Inner problem min_w g(w, a), mu-strongly convex and L-smooth in w; outer loss f(w). K gradient steps of size xi <= 1/L from w_0 and
back-propagation through them give a biased gradient in a.

(1) Quadratic inner problem g = w'Aw/2 - w'Ba: dw_K/da = sum_{j<K} (I - xi A)^j xi B = (I - (I - xi A)^K) A^-1 B. With f = |w - c|^2/2
the bias is at most rho (|A^-1 B| |w_K - c| + |A^-1 B| |w_0 - w*|), rho = (1 - xi mu)^K.

(2) Truncated back-propagation at the inner optimum of any such problem (Shaban, Cheng, Hatch and Boots 2019, Prop. 3.1): the sum stops
after K terms, so the bias is |B' (I - xi H)^K H^-1 grad f| <= rho |B| |grad f| / mu, H the inner Hessian, B the mixed one.
DARTS' one-step gradient is K = 1.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from nasbench.theory.machinery.claim import Assumption, Claim, Context, Mutant, Verdict, all_at_most

Floats = NDArray[np.float64]

UNROLLS = (1, 2, 5, 10, 20, 50, 100)


def unrolled(a_matrix: Floats, b_matrix: Floats, a: Floats, w: Floats, xi: float, steps: int) -> tuple[Floats, Floats]:
    """Return w_K and dw_K/da by forward accumulation through K gradient steps on w'Aw/2 - w'Ba."""
    jacobian = np.zeros((len(w), len(a)))
    for _ in range(steps):
        w = w - xi * (a_matrix @ w - b_matrix @ a)
        jacobian = jacobian - xi * (a_matrix @ jacobian - b_matrix)
    return w, jacobian


def check_quadratic(ctx: Context, mistaken: bool = False) -> Verdict:
    """Compare the K-step hypergradient with the exact one on random quadratics, K from 1 to 100.

    The mutant takes the greatest eigenvalue for the least one in the rate.
    """
    rng = ctx.rng("gradient.unrolled-bias")
    seen, bounds = [], []
    for _ in range(10):
        basis, _ = np.linalg.qr(rng.normal(size=(8, 8)))
        spectrum = np.geomspace(0.05, 1.0, 8)
        a_matrix = basis @ np.diag(spectrum) @ basis.T
        b_matrix, a, start, target = rng.normal(size=(8, 5)), rng.normal(size=5), rng.normal(size=8), rng.normal(size=8)
        optimum = np.linalg.solve(a_matrix, b_matrix @ a)
        response = np.linalg.solve(a_matrix, b_matrix)
        exact = response.T @ (optimum - target)
        xi = 0.9 / spectrum.max()
        rate = 1 - xi * (spectrum.max() if mistaken else spectrum.min())
        size = np.linalg.norm(response, 2)
        for steps in UNROLLS:
            w, jacobian = unrolled(a_matrix, b_matrix, a, start, xi, steps)
            seen.append(np.linalg.norm(jacobian.T @ (w - target) - exact))
            gap = np.linalg.norm(w - target) + np.linalg.norm(start - optimum)
            bounds.append(rate**steps * size * gap + 1e-10)
    note = f"bias of K-step unrolling, K in {UNROLLS}: the tightest"
    return all_at_most(seen, bounds, vacuous_beyond=10.0, note=note)


def logistic_optimum(data: Floats, sign: Floats, penalty: Floats) -> tuple[Floats, Floats]:
    """Return the optimum of sum_i ln(1 + exp(-y_i x_i'w)) / m + sum_j exp(penalty_j) w_j^2 / 2, and the Hessian there (Newton)."""
    w = np.zeros(data.shape[1])
    for _ in range(60):
        sigma = expit(-sign * (data @ w))
        slope = -(data.T @ (sign * sigma)) / len(data) + np.exp(penalty) * w
        hessian = (data.T * (sigma * (1 - sigma))) @ data / len(data) + np.diag(np.exp(penalty))
        w = w - np.linalg.solve(hessian, slope)
    return w, hessian


def check_truncated(ctx: Context, stretch: float = 1.0) -> Verdict:
    """Compare truncated back-propagation with implicit differentiation in logistic regression with learnt weight decay.

    Inner: logistic loss with one penalty exp(a_j) a weight; outer: the logistic loss of other data. xi = stretch / L.
    """
    rng = ctx.rng("gradient.truncated-bias")
    seen, bounds = [], []
    for _ in range(10):
        truth = rng.normal(size=10)
        data, held = rng.normal(size=(2, 80, 10))
        sign, held_sign = (np.where(part @ truth + rng.normal(size=80) > 0, 1.0, -1.0) for part in (data, held))
        penalty = np.log(rng.uniform(0.02, 0.1, size=10))
        w, hessian = logistic_optimum(data, sign, penalty)
        outer = -(held.T @ (held_sign * expit(-held_sign * (held @ w)))) / len(held)
        mixed = np.diag(np.exp(penalty) * w)
        eigenvalues = np.linalg.eigvalsh(hessian)
        xi = stretch / eigenvalues[-1]
        exact = -mixed.T @ np.linalg.solve(hessian, outer)
        for steps in UNROLLS:
            adjoint, total = outer.copy(), np.zeros_like(outer)
            for _ in range(steps):
                total += xi * adjoint
                adjoint -= xi * (hessian @ adjoint)
            seen.append(np.linalg.norm(-mixed.T @ total - exact))
            size = np.linalg.norm(mixed, 2) * np.linalg.norm(outer) / eigenvalues[0]
            bounds.append((1 - xi * eigenvalues[0]) ** steps * size + 1e-12)
    note = f"bias after K in {UNROLLS} backward steps: the tightest"
    return all_at_most(seen, bounds, vacuous_beyond=10.0, note=note)


CONVEX = Assumption(r"inner problem $\mu$-strongly convex and $L$-smooth; eigenvalues computed")
STEP = Assumption(r"$\xi\le 1/L$")

CLAIMS = (
    Claim(
        "gradient.unrolled-bias",
        r"\|\nabla_K-\nabla\|\le(1-\xi\mu)^K\|A^{-1}B\|(\|w_K-c\|+\|w_0-w^*\|)",
        (CONVEX, STEP, Assumption("quadratic inner problem")),
        "Grazzi, Franceschi, Pontil, Salzo (ICML 2020), Theorem 2.1 (ITD), constant of the quadratic case derived here",
        check_quadratic,
        Mutant("the rate uses the greatest eigenvalue", partial(check_quadratic, mistaken=True)),
        kind="theorem",
    ),
    Claim(
        "gradient.truncated-bias",
        r"\|\nabla_K-\nabla\|\le(1-\xi\mu)^K\,\|\nabla^2_{w\alpha}g\|\,\|\nabla f\|/\mu",
        (CONVEX, STEP, Assumption("weights at the inner optimum")),
        "Shaban, Cheng, Hatch, Boots (AISTATS 2019): the bias of truncation decays geometrically",
        check_truncated,
        Mutant.by_factor("the step 1/L", check_truncated, 2.2),
        kind="theorem",
    ),
)
"""Claims about hypergradients."""
