"""Complexity claims of all registered optimizers and the solvers, tested by counts, memory and processor time."""

from nasbench.theory.families.complexity import optimizers, solvers

CLAIMS = (*optimizers.CLAIMS, *solvers.CLAIMS)
"""One claim for each optimizer, and for the exact solvers and Pareto sorting."""
