"""Derivation: Pinsker's constant, and the step that the monotone exponentiated-gradient lemma allows.

For two points p and q of (0, 1) let h(p) = p ln(p/q) + (1-p) ln((1-p)/(1-q)) - 2 (p-q)^2. Then h(q) = h'(q) = 0 and
h'' = (1-2p)^2 / (p (1-p)) >= 0, so h >= 0: KL >= 2 (p-q)^2 = |P-Q|_1^2 / 2. Grouping choices by the sign of P - Q carries it to any number of
choices (data processing). With sum_{e<e'} u_e u_e' <= ((n-1)/2) sum u_e^2 the lemma's remainder (R/2) sum_{e<e'} u_e u_e', u_e = |d_e|_1, is
at most (R (n-1)/2) KL, and what is left of the three-point identity's KL/eta is not negative while eta <= 2/((n-1) R).
"""

from __future__ import annotations

from functools import lru_cache

import sympy as sp

P, Q = sp.symbols("p q", positive=True)
N = sp.symbols("n", integer=True, positive=True)
R, ETA = sp.symbols("R eta", positive=True)


@lru_cache(maxsize=1)
def excess() -> sp.Expr:
    """Return h(p), the two-point divergence over 2 (p-q)^2."""
    return P * sp.log(P / Q) + (1 - P) * sp.log((1 - P) / (1 - Q)) - 2 * (P - Q) ** 2


@lru_cache(maxsize=1)
def pinsker_constant() -> sp.Rational:
    """Return the constant c of KL >= c |P-Q|_1^2, derived: 1/2.

    Raises:
        ArithmeticError: h or its slope does not vanish at q, or its curvature is not the stated square.
    """
    curvature = sp.diff(excess(), P, 2)
    flat = [sp.simplify(excess().subs(P, Q)), sp.simplify(sp.diff(excess(), P).subs(P, Q))]
    if any(flat) or sp.simplify(curvature - (1 - 2 * P) ** 2 / (P * (1 - P))) != 0:
        raise ArithmeticError("the two-point divergence does not dominate its tangent parabola")
    one_norm = 2 * (P - Q)
    return sp.Rational(sp.simplify(2 * (P - Q) ** 2 / one_norm**2))


def pairs_against_squares(blocks: int) -> sp.Expr:
    """Return (n-1) sum u_e^2 - 2 sum_{e<e'} u_e u_e' minus the sum of squared differences, expanded: zero for every n."""
    u = sp.symbols(f"u0:{blocks}", nonnegative=True)
    pairs = [(u[i], u[j]) for i in range(blocks) for j in range(i)]
    left = (blocks - 1) * sum(x**2 for x in u) - 2 * sum(x * y for x, y in pairs)
    return sp.expand(left - sum((x - y) ** 2 for x, y in pairs))


@lru_cache(maxsize=1)
def greatest_step() -> sp.Expr:
    """Return the greatest eta of the lemma, derived: 2/((n-1) R)."""
    remainder = R / 2 * (N - 1) / 2 / pinsker_constant()  # of KL(theta+ || theta)
    return sp.factor(sp.solve(sp.Eq(1 / ETA - remainder, 0), ETA)[0])
