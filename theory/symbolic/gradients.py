"""Derivations behind the gradient family: the three-point identity and the remainder of a central difference."""

from __future__ import annotations

from functools import lru_cache

import sympy as sp


@lru_cache(maxsize=4)
def three_point_gap(choices: int) -> sp.Expr:
    """Return <g, t' - t> - (KL(t'||t) + KL(t||t')) / eta for one exponentiated-gradient step t' on `choices` choices.

    The identity says that it is zero: ln t'_i - ln t_i = eta g_i - ln Z, and t' - t sums to zero, so ln Z cancels.
    """
    eta = sp.Symbol("eta", positive=True)
    g = sp.symbols(f"g:{choices}", real=True)
    weight = sp.symbols(f"w:{choices}", positive=True)
    theta = [w / sum(weight) for w in weight]
    normaliser = sum(t * sp.exp(eta * x) for t, x in zip(theta, g, strict=True))
    after = [t * sp.exp(eta * x) / normaliser for t, x in zip(theta, g, strict=True)]
    # KL(t'||t) + KL(t||t') = sum (t' - t)(ln t' - ln t), where ln t' - ln t is expanded by the step itself
    log_normaliser = sp.Symbol("L", real=True)
    divergences = sum((b - a) * (eta * x - log_normaliser) for a, b, x in zip(theta, after, g, strict=True))
    inner = sum(x * (b - a) for a, b, x in zip(theta, after, g, strict=True))
    return sp.simplify(sp.together(inner - divergences / eta))


@lru_cache(maxsize=2)
def central_difference_error(order: int = 4) -> sp.Expr:
    """Return the error of (f(w + eps v) - f(w - eps v)) / (2 eps) as an estimate of f' v: eps^2 v^3 f^(3) / 6 + ...

    Args:
        order: degree of the Taylor polynomial; the error is exact for polynomials of this degree.
    """
    eps, v = sp.symbols("epsilon v", positive=True)
    derivatives = sp.symbols(f"f:{order + 1}", real=True)

    def taylor(step: sp.Expr) -> sp.Expr:
        return sum(f * step**i / sp.factorial(i) for i, f in enumerate(derivatives))

    return sp.expand((taylor(eps * v) - taylor(-eps * v)) / (2 * eps) - derivatives[1] * v)
