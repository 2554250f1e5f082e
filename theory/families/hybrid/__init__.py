"""Claims about the hybrid: what is proved for the implementation, and what remains unproved because its operators share
an archive.
"""

from nasbench.theory.families.hybrid import cost, portfolio, scheduling, structure, tail
from nasbench.theory.machinery.claim import Evidence, concerning

CLAIMS = concerning(
    ("hybrid",),
    (Evidence.SHIPPED,),
    (*tail.CLAIMS, *scheduling.CLAIMS, *portfolio.CLAIMS, *structure.CLAIMS, *cost.CLAIMS),
)
"""Convergence, scheduling, the portfolio bound, invariances, and the cost of a query."""
