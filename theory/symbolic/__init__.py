"""Closed forms derived by sympy, with their derivations only; the numerical code evaluates what comes out."""
