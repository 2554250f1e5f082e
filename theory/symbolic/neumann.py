"""Derivation: the geometric series of an unrolled hypergradient, in one eigen-direction of the inner Hessian.

K gradient steps of size x on w'Aw/2 - w'Ba give dw_K/da = sum_{j<K} (1 - x l)^j x b in the direction of eigenvalue l. The series telescopes:
its bias against b/l is (1 - x l)^K b/l, and its greatest value over l in [m, L] with x <= 1/L is at l = m.
"""

from __future__ import annotations

from functools import lru_cache

import sympy as sp

STEP, EIGENVALUE = sp.symbols("x l", positive=True)
K = sp.symbols("K", integer=True, positive=True)


@lru_cache(maxsize=1)
def unrolled_response() -> sp.Expr:
    """Return sum_{j<K} (1 - x l)^j x, derived: (1 - (1 - x l)^K) / l.

    Raises:
        ArithmeticError: the candidate does not satisfy the recursion s_{K+1} = (1 - x l) s_K + x with s_0 = 0.
    """
    candidate = (1 - (1 - STEP * EIGENVALUE) ** K) / EIGENVALUE
    contraction = 1 - STEP * EIGENVALUE
    step = candidate.subs(K, K + 1) - (contraction * candidate + STEP)
    if sp.simplify(sp.expand(sp.powsimp(step))) != 0 or sp.simplify(candidate.subs(K, 0)) != 0:
        raise ArithmeticError("the closed form does not satisfy the recursion")
    return candidate


@lru_cache(maxsize=1)
def bias() -> sp.Expr:
    """Return 1/l minus the unrolled response, derived: (1 - x l)^K / l."""
    return sp.simplify(1 / EIGENVALUE - unrolled_response())
