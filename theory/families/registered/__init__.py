"""Theorems and exact laws of single algorithms, checked on the registered optimizers."""

from nasbench.theory.families.registered import (
    ageing,
    annealing,
    asynchronous,
    densities,
    differential_evolution,
    elitist,
    fronts,
    generic,
    halving,
    policies,
    processes,
    progressive,
)

CLAIMS = (
    *ageing.CLAIMS,
    *elitist.CLAIMS,
    *annealing.CLAIMS,
    *fronts.CLAIMS,
    *halving.CLAIMS,
    *asynchronous.CLAIMS,
    *differential_evolution.CLAIMS,
    *policies.CLAIMS,
    *densities.CLAIMS,
    *progressive.CLAIMS,
    *processes.CLAIMS,
    *generic.CLAIMS,
)
