"""Derivation: greatest third and fourth derivatives of the logistic loss, which bound the finite-difference remainder.

With s = 1/(1 + exp(-z)) and ds/dz = s (1-s) every derivative of ln(1 + exp(z)) is a polynomial in s on [0, 1].
"""

from __future__ import annotations

from functools import lru_cache

import sympy as sp

S = sp.symbols("s", nonnegative=True)


def derivative(order: int) -> sp.Expr:
    """Return the derivative of that order, at least 1, as a polynomial in s."""
    value: sp.Expr = S
    for _ in range(order - 1):
        value = sp.factor(sp.diff(value, S) * S * (1 - S))
    return value


@lru_cache(maxsize=4)
def greatest(order: int) -> sp.Expr:
    """Return the greatest absolute value, exactly: 1/(6 sqrt 3) = sqrt(3)/18 for order 3, 1/8 for order 4."""
    polynomial = derivative(order)
    points = [point for point in sp.solve(sp.diff(polynomial, S), S) if 0 <= point <= 1] + [
        sp.Integer(0),
        sp.Integer(1),
    ]
    return max((sp.Abs(sp.simplify(polynomial.subs(S, point))) for point in points), key=float)
