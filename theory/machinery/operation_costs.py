"""Where algorithms with a model spend their operations: functions to count, and what a call is worth.

Costs are leading terms, in multiplications or kernel values; what is done in plain Python is counted as calls of the interpreter,
apart from these.
"""

from __future__ import annotations

from nasbench.theory.machinery.instrumentation import Primitive

_GP, _SURROGATE, _KERNEL = (f"nasbench.hybrid.{module}" for module in ("gaussian_process", "surrogate", "kernel"))

FACTORS = (
    Primitive(_GP, "whiten", lambda factor, right: float(len(factor)) * right.size),
    Primitive(_GP, "dpotrf", lambda total, **_: float(len(total)) ** 3 / 3),
)
"""Triangular solves (t^2 a column) and Cholesky factorisations (t^3 / 3)."""

GP_BO = (*FACTORS, Primitive("nasbench.baselines.gp_bo", "squared_distance", lambda a, b: float(len(a) * len(b))))
"""The Gaussian-process baseline, with its kernel values."""

HYBRID = (
    *FACTORS,
    Primitive(_SURROGATE, "fit", lambda *_: 0.0),
    Primitive(
        _SURROGATE,
        "Surrogate._whiten_listing",
        lambda model, listed: float(len(model) * (len(model) - model._whitened) * len(listed)),
    ),
    Primitive(_KERNEL, "Embedding.kernel", lambda _, left, right, *rest: float(len(left) * len(right))),
    Primitive(_KERNEL, "Embedding.distances", lambda _, left, right: float(len(left) * len(right))),
)
"""The hybrid's surrogate: kernel values, factorisations, and the whitened listing (t N an observation)."""

NETWORKS = (
    Primitive(
        "nasbench.baselines.mlp_ensemble",
        "MlpEnsemble.predict_after_fit",
        lambda self, x, y, queries, rng: float(self.members * (self.steps * x.size + queries.size)),
    ),
)
"""Ensembles of networks: every step of training passes over all observations."""

DENSITIES = (
    Primitive("nasbench.baselines.bohb", "Density.fit", lambda _, data, *rest: float(data.size)),
    Primitive("nasbench.baselines.bohb", "Density.at", lambda density, a: float(len(a) * density.data.size)),
)
"""Kernel density estimates: fitted to, and evaluated over, all observations of a fidelity."""
