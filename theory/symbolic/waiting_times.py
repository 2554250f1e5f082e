"""Derivation: moments of the time until random search without replacement draws one of K targets among N.

P(T > n) = C(N - n, K) / C(N, K): all targets lie in the last N - n places of the random order. The moments are sums
of tails, E T = sum_{n >= 0} P(T > n) and E T(T - 1) / 2 = sum_{n >= 0} n P(T > n). With j = N - n they are
hockey-stick sums: Pascal's rule C(j, K) = C(j + 1, K + 1) - C(j, K + 1) makes them telescope.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import sympy as sp

N, K, J = sp.symbols("N K j", integer=True, positive=True)


def telescope(summand: sp.Expr, primitive: sp.Expr) -> sp.Expr:
    """Return sum of `summand` over j = K..N as primitive(N + 1) - primitive(K), having proved that it telescopes.

    Raises:
        ArithmeticError: the primitive's forward difference is not the summand.
    """
    step = primitive.subs(J, J + 1) - primitive - summand
    if sp.simplify(sp.combsimp(sp.gammasimp(sp.expand_func(step.rewrite(sp.gamma))))) != 0:
        raise ArithmeticError("the sum does not telescope by this primitive")
    return primitive.subs(J, N + 1) - primitive.subs(J, K)


@lru_cache(maxsize=1)
def hockey_stick() -> sp.Expr:
    """Return sum_{j=K}^{N} C(j, K), derived: C(N + 1, K + 1)."""
    # C(K, K + 1) = 0: the lower end vanishes
    return telescope(sp.binomial(J, K), sp.binomial(J, K + 1)).subs(sp.binomial(K, K + 1), 0)


@lru_cache(maxsize=1)
def mean() -> sp.Expr:
    """Return E T, derived: (N + 1) / (K + 1)."""
    return sp.factor(sp.combsimp(hockey_stick() / sp.binomial(N, K)))


@lru_cache(maxsize=1)
def variance() -> sp.Expr:
    """Return Var T, derived: K (N + 1)(N - K) / ((K + 1)^2 (K + 2))."""
    # N - j = (N + 1) - (j + 1), and (j + 1) C(j, K) = (K + 1) C(j + 1, K + 1) telescopes by (K + 1) C(j + 1, K + 2)
    shifted = telescope((J + 1) * sp.binomial(J, K), (K + 1) * sp.binomial(J + 1, K + 2))
    shifted = shifted.subs(sp.binomial(K + 1, K + 2), 0)
    half_factorial = (N + 1) * hockey_stick() - shifted
    second = sp.combsimp(2 * half_factorial / sp.binomial(N, K)) + mean()
    return sp.factor(sp.simplify(second - mean() ** 2))


@lru_cache(maxsize=1)
def numeric() -> tuple[Callable[[float, float], float], Callable[[float, float], float]]:
    """Return (mean, variance) as functions of (N, K), lambdified from the derived expressions."""
    return sp.lambdify((N, K), mean(), "numpy"), sp.lambdify((N, K), variance(), "numpy")
