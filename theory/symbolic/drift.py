"""Derivation: bounds of the drift theorems, by the integral that defines them, and the sum behind OneMax."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import sympy as sp

S, S0, S_MIN, C, Q = sp.symbols("s s_0 s_min c q", positive=True)
D, N, K = sp.symbols("d n k", integer=True, positive=True)


@lru_cache(maxsize=8)
def variable_drift(power: int) -> sp.Expr:
    """Return s_min / h(s_min) + integral_{s_min}^{s_0} ds / h(s) for h(s) = c s^power (variable drift, Johannsen 2010)."""
    h = C * S**power
    return sp.simplify(S_MIN / h.subs(S, S_MIN) + sp.integrate(1 / h, (S, S_MIN, S0)))


@lru_cache(maxsize=8)
def numeric_variable_drift(power: int) -> Callable[[float, float, float], float]:
    """Return that bound as a function of (c, s_min, s_0); power 1 is the multiplicative drift theorem."""
    return sp.lambdify((C, S_MIN, S0), variable_drift(power), "numpy")


@lru_cache(maxsize=1)
def onemax_time() -> sp.Expr:
    """Return sum_{d=1}^{n} n (k - 1) / d, the waiting times of randomised local search: (k - 1) n H_n."""
    return sp.summation(N * (K - 1) / D, (D, 1, N))


@lru_cache(maxsize=1)
def numeric_onemax_time() -> Callable[[int, int], float]:
    """Return that time as a function of (n, k)."""
    derived = onemax_time()
    return lambda n, k: float(derived.subs({N: n, K: k}))
