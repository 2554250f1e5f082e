"""What can be proved of the hybrid as it is built, and what sharing between its parts leaves unproved."""

from nasbench.theory.families.hybrid import cost, portfolio, scheduling, structure, tail

CLAIMS = (*tail.CLAIMS, *scheduling.CLAIMS, *portfolio.CLAIMS, *structure.CLAIMS, *cost.CLAIMS)
"""Convergence, scheduling, the portfolio bound, invariances, and the cost of a query."""
