"""Complexity claims of all registered optimizers and the solvers, tested by counts, memory and processor time."""

from nasbench.theory.families.complexity import optimizers, rounds, scaling, sizes, solvers

CLAIMS = (*optimizers.CLAIMS, *scaling.CLAIMS, *sizes.CLAIMS, *rounds.CLAIMS, *solvers.CLAIMS)
"""One claim for each optimizer in the number of queries, more in other sizes, its rounds, and those of the exact solvers and Pareto sorting."""
