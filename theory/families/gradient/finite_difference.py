"""DARTS' finite-difference Hessian-vector product, against its remainder and its rounding error.

DARTS (Liu, Simonyan and Yang 2019, eq. 8) replaces the mixed second derivative of the training loss times a vector v by
(grad_a L(w + e v, a) - grad_a L(w - e v, a)) / (2 e). With g(t) = grad_a L(w + t v, a) the truncation error is at most
(e^2/6) sup |g'''| on [-e, e], zero where g is a polynomial of degree two in w, and the rounding error of order u |g| / e.

The model: a mixed linear operation M(a) = sum_o softmax(a)_o A_o in logistic regression, L = sum_i phi(y_i x_i' M(a) w),
phi(z) = ln(1 + exp(-z)). Along w + t v the margin is p_i + q_i t and its derivative in a_o is r_io + s_io t, so
g_o = sum_i phi'(p_i + q_i t)(r_io + s_io t) is known in closed form with all its derivatives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from nasbench.theory.machinery.claim import Assumption, Claim, Context, Mutant, Verdict, all_at_most
from nasbench.theory.machinery.law_curve import LawCurve
from nasbench.theory.machinery.statistical_checks import slope_within

Floats = NDArray[np.float64]


class GradientLine(Protocol):
    """A gradient in the architecture parameters along a line of weights."""

    def gradient(self, t: float) -> Floats:
        """Return g(t)."""


Quotient = Callable[[GradientLine, float], Floats]


@dataclass(frozen=True)
class Line:
    """The gradient in a along w + t v: margins p + q t, shape (m,), and their derivatives in a, r + s t, shape (m, k)."""

    p: Floats
    q: Floats
    r: Floats
    s: Floats

    def gradient(self, t: float) -> Floats:
        """Return g(t) = grad_a L(w + t v, a), shape (k,)."""
        return -expit(-(self.p + self.q * t)) @ (self.r + self.s * t)

    def derivative(self) -> Floats:
        """Return g'(0), the mixed second derivative times v, in closed form: shape (k,)."""
        sigma = expit(-self.p)
        return (sigma * (1 - sigma) * self.q) @ self.r - sigma @ self.s

    def third_bound(self, radius: float) -> float:
        """Return sup |g'''(t)| in the Euclidean norm over 65 points of |t| <= radius, from the closed form of g'''.

        With sigma the logistic function of minus the margin, phi' = -sigma, phi''' = sigma (1 - sigma)(2 sigma - 1) and
        phi'''' = sigma (1 - sigma)(1 - 6 sigma (1 - sigma)).
        """
        t = np.linspace(-radius, radius, 65)[:, None]
        sigma = expit(-(self.p + self.q * t))
        bell = sigma * (1 - sigma)
        third, fourth = bell * (2 * sigma - 1), bell * (1 - 6 * bell)
        values = (fourth * self.q**3) @ self.r + (fourth * self.q**3 * t + 3 * third * self.q**2) @ self.s
        return float(np.linalg.norm(values, axis=1).max())


def darts_line(rng: np.random.Generator, samples: int = 40, width: int = 12, operations: int = 5) -> Line:
    """Return the line through a random instance in a random direction v with |v| = 1."""
    data = rng.normal(size=(samples, width)) * rng.choice([-1.0, 1.0], size=(samples, 1))
    maps = rng.normal(size=(operations, width, width)) / np.sqrt(width)
    w, v = rng.normal(size=width), rng.normal(size=width)
    v /= np.linalg.norm(v)
    share = np.exp(alpha := rng.normal(size=operations)) / np.exp(alpha).sum()
    jacobian = np.diag(share) - np.outer(share, share)
    features = np.einsum("id,odf->iof", data, maps)  # x_i' A_o
    mixed, shifted = np.einsum("iof,o->if", features, share), np.einsum("iof,ok->ikf", features, jacobian)
    return Line(mixed @ w, mixed @ v, shifted @ w, shifted @ v)


def central(line: GradientLine, step: float) -> Floats:
    """Return DARTS' quotient."""
    return (line.gradient(step) - line.gradient(-step)) / (2 * step)


def forward(line: GradientLine, step: float) -> Floats:
    """Return the one-sided quotient, the mutant: its error is of first order."""
    return (line.gradient(step) - line.gradient(0.0)) / step


def errors(ctx: Context, steps: Floats, quotient: Quotient, instances: int = 20) -> tuple[Floats, Floats]:
    """Return errors and truncation bounds, shape (instances, len(steps)), on random instances."""
    rng = ctx.rng("gradient.finite-difference")
    lines = [darts_line(rng) for _ in range(instances)]
    error = [[np.linalg.norm(quotient(line, e) - line.derivative()) for e in steps] for line in lines]
    bound = [[e**2 / 6 * line.third_bound(e) for e in steps] for line in lines]
    return np.array(error), np.array(bound)


def check_bound(ctx: Context, quotient: Quotient = central) -> Verdict:
    """Check error <= (e^2/6) sup |g'''| for e from 1e-3 to 0.3, DARTS' own 0.01 / |v| among them."""
    steps = np.array([1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3])
    error, bound = errors(ctx, steps, quotient)
    note = "error against the remainder, 20 instances"
    verdict = all_at_most(error, bound + 1e-11 / steps, vacuous_beyond=10.0, note=note)
    curve = LawCurve.of_growth(steps, bound.max(axis=0), error.max(axis=0), "largest error", "step of the difference")
    return replace(verdict, curve=curve)


def check_truncation_slope(ctx: Context, quotient: Quotient = central) -> Verdict:
    """Fit the slope of ln error on ln e where truncation rules, e from 1e-3 to 1e-1: 2 within 0.1."""
    steps = np.logspace(-3, -1, 9)
    error, _ = errors(ctx, steps, quotient)
    shape = np.broadcast_to(np.log(steps), error.shape)
    centred = np.log(error) - np.log(error).mean(axis=1, keepdims=True)
    note = "log-log slope, e in [1e-3, 1e-1]; 95% interval"
    return slope_within(shape.ravel(), centred.ravel(), 1.9, 2.1, note=note)


def check_rounding_slope(ctx: Context, low: float = -11.0) -> Verdict:
    """Fit the slope of ln error on ln e where rounding rules, e from 1e-11 to 1e-7: -1 within 0.2."""
    steps = np.logspace(low, low + 4, 9)
    error, _ = errors(ctx, steps, central, instances=60)
    shape = np.broadcast_to(np.log(steps), error.shape)
    note = f"log-log slope, e in [1e{low:.0f}, 1e{low + 4:.0f}]; 95% interval"
    return slope_within(shape.ravel(), np.log(error).ravel(), -1.2, -0.8, note=note)


def check_polynomial(ctx: Context, quotient: Quotient = central) -> Verdict:
    """Check that the quotient is exact, for any step, where grad_a L is quadratic in w: L = a' C w + sum_o a_o w' Q_o w."""
    rng = ctx.rng("gradient.fd-exact")
    seen, bounds = [], []
    for _ in range(20):
        forms, matrix = rng.normal(size=(5, 8, 8)), rng.normal(size=(5, 8))
        w, v = rng.normal(size=(2, 8))
        exact = matrix @ v + np.einsum("i,oij,j->o", v, forms + forms.transpose(0, 2, 1), w)
        line = _Polynomial(forms, matrix, w, v)
        for step in (1e-2, 1.0, 100.0):
            seen.append(np.linalg.norm(quotient(line, step) - exact))
            scale = max(np.abs(line.gradient(s)).max() for s in (step, -step)) + np.abs(exact).max()
            bounds.append(100 * np.finfo(float).eps * scale * (1 + 1 / step))
    return all_at_most(seen, bounds, note="error against rounding, steps 0.01, 1 and 100")


@dataclass(frozen=True)
class _Polynomial:
    forms: Floats
    matrix: Floats
    w: Floats
    v: Floats

    def gradient(self, t: float) -> Floats:
        at = self.w + t * self.v
        return self.matrix @ at + np.einsum("i,oij,j->o", at, self.forms, at)


SMOOTH = Assumption("training loss three times continuously differentiable in the weights, float64")
GRID = Assumption("the supremum is that over 65 points of the line")
DARTS = "Liu, Simonyan, Yang (ICLR 2019), eq. 8"
FORWARD = "a forward difference is taken for the central one"

CLAIMS = (
    Claim(
        "gradient.fd-remainder",
        r"\|\hat g_\epsilon-\nabla^2_{\alpha,w}L\,v\|\le\tfrac{\epsilon^2}{6}\sup\|g'''\|",
        (SMOOTH, GRID),
        f"{DARTS}; Taylor's theorem",
        check_bound,
        Mutant(FORWARD, partial(check_bound, quotient=forward)),
        kind="theorem",
    ),
    Claim(
        "gradient.fd-truncation-order",
        r"\text{truncation error of order } \epsilon^2",
        (SMOOTH,),
        DARTS,
        check_truncation_slope,
        Mutant(FORWARD, partial(check_truncation_slope, quotient=forward)),
    ),
    Claim(
        "gradient.fd-rounding-order",
        r"\text{rounding error of order } u/\epsilon \text{ below } \epsilon\approx u^{1/3}",
        (SMOOTH,),
        "standard rounding analysis (Higham 2002)",
        check_rounding_slope,
        Mutant("steps above the optimum are taken for steps below it", partial(check_rounding_slope, low=-5.0)),
    ),
    Claim(
        "gradient.fd-exact",
        r"\text{the central difference is exact where } \nabla_\alpha L \text{ is quadratic in } w",
        (Assumption("$L$ quadratic in the weights for every architecture"),),
        f"{DARTS}; the remainder vanishes",
        check_polynomial,
        Mutant(FORWARD, partial(check_polynomial, quotient=forward)),
    ),
)
"""Claims about finite differences."""
