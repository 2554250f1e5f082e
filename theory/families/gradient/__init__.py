"""Claims about gradients in architecture search: relaxations, hypergradients and mirror descent."""

from nasbench.theory.families.gradient import (
    federated,
    finite_difference,
    hypergradient,
    information_geometric,
    mirror_descent,
    regret,
    relaxation,
    stochastic,
)
from nasbench.theory.machinery.claim import Evidence, concerning

CLAIMS = (
    *finite_difference.CLAIMS,
    *hypergradient.CLAIMS,
    *regret.CLAIMS,
    *relaxation.CLAIMS,
    *mirror_descent.CLAIMS,
    *stochastic.CLAIMS,
    *concerning(("asng",), (Evidence.EXACT,), information_geometric.CLAIMS),
    *federated.CLAIMS,
)
