"""Statistics on arrays: scores `(runs, tasks)`, censored times, fronts `(points, objectives)`; smaller is better.

A quantity that the data do not determine comes back as `result.Undefined` with its reason, never as NaN or a warning.

Tests are names of this package too, imported when they are first used: `nasbench.statistics.wilcoxon_signed_rank(x, y)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nasbench.reports.statistics.bayesian import signed_rank as bayesian_signed_rank
    from nasbench.reports.statistics.bootstrap import interval as bootstrap_interval
    from nasbench.reports.statistics.equivalence import paired as paired_equivalence
    from nasbench.reports.statistics.equivalence import welch as welch_equivalence
    from nasbench.reports.statistics.multiobjective import additive_epsilon, hypervolume, igd_plus
    from nasbench.reports.statistics.multiple import holm
    from nasbench.reports.statistics.pairwise import (
        a12,
        cliffs_delta,
        probability_of_improvement,
        rank_sum,
        sign_flip,
        wilcoxon_signed_rank,
    )
    from nasbench.reports.statistics.power import minimal_detectable_effect, runs_needed
    from nasbench.reports.statistics.profile import performance_profile

_HOMES = {
    "a12": "pairwise",
    "additive_epsilon": "multiobjective",
    "bayesian_signed_rank": "bayesian:signed_rank",
    "bootstrap_interval": "bootstrap:interval",
    "cliffs_delta": "pairwise",
    "holm": "multiple",
    "hypervolume": "multiobjective",
    "igd_plus": "multiobjective",
    "minimal_detectable_effect": "power",
    "paired_equivalence": "equivalence:paired",
    "performance_profile": "profile",
    "probability_of_improvement": "pairwise",
    "rank_sum": "pairwise",
    "runs_needed": "power",
    "sign_flip": "pairwise",
    "welch_equivalence": "equivalence:welch",
    "wilcoxon_signed_rank": "pairwise",
}
"""Name to its module; after a colon the name that it has there."""

__all__ = [
    "a12",
    "additive_epsilon",
    "bayesian_signed_rank",
    "bootstrap_interval",
    "cliffs_delta",
    "holm",
    "hypervolume",
    "igd_plus",
    "minimal_detectable_effect",
    "paired_equivalence",
    "performance_profile",
    "probability_of_improvement",
    "rank_sum",
    "runs_needed",
    "sign_flip",
    "welch_equivalence",
    "wilcoxon_signed_rank",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, _, attribute = _HOMES[name].partition(":")
    return getattr(import_module(f"{__name__}.{module}"), attribute or name)
