"""Stated orders of growth, of every registered optimizer and of the solvers, against counts, memory and processor time."""

from nasbench.theory.families.complexity import optimizers, solvers

CLAIMS = (*optimizers.CLAIMS, *solvers.CLAIMS)
"""One claim for each optimizer, and for the exact solvers and Pareto sorting."""
