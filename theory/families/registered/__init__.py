"""Theorems and exact laws of single algorithms, checked on the registered optimizers."""

from nasbench.theory.families.registered import (
    ageing,
    annealing,
    elitist,
    fronts,
    generic,
    halving,
    models,
    policies,
)

CLAIMS = (
    *ageing.CLAIMS,
    *elitist.CLAIMS,
    *annealing.CLAIMS,
    *fronts.CLAIMS,
    *halving.CLAIMS,
    *policies.CLAIMS,
    *models.CLAIMS,
    *generic.CLAIMS,
)
