"""Derivation: eigenvalues and normaliser of the ANOVA kernel, for any number of decisions and choices.

One decision's c (1 on the diagonal, -1/(k-1) off it) is taken on its two eigenspaces, constants and contrasts, under the uniform measure.
Eigenvectors of the sum over orders are products of these, so an order-d one picks the factor a c for d decisions and 1 for the rest.
"""

from __future__ import annotations

from functools import lru_cache

import sympy as sp

A = sp.symbols("a", positive=True)
CHOICES, DECISIONS, ORDER = sp.symbols("k n d", integer=True, positive=True)


@lru_cache(maxsize=1)
def agreement_eigenvalues() -> tuple[sp.Expr, sp.Expr]:
    """Return the eigenvalues of c under the uniform measure on constants and on contrasts, derived: 0 and 1/(k-1)."""
    off = -1 / (CHOICES - 1)
    constant = sp.simplify((1 + (CHOICES - 1) * off) / CHOICES)
    # on the contrast (1, -1, 0, ...): first entry of c times it
    contrast = sp.simplify((1 - off) / CHOICES)
    return constant, contrast


@lru_cache(maxsize=1)
def normaliser() -> sp.Expr:
    """Return Z of the product kernel, derived: a tensor product's trace is the product of traces, (1 + a)^n."""
    constant, contrast = agreement_eigenvalues()
    one_decision = (1 + A * constant) + (CHOICES - 1) * A * contrast
    return sp.simplify(one_decision) ** DECISIONS


@lru_cache(maxsize=1)
def eigenvalue() -> sp.Expr:
    """Return the eigenvalue of order d of the product kernel with k(x, x) = 1, derived: (a/(k-1))^d / (1+a)^n."""
    _, contrast = agreement_eigenvalues()
    return (A * contrast) ** ORDER / normaliser()
