"""Closed forms derived by sympy, beside nothing but their derivation; the numerical code evaluates what comes out."""
