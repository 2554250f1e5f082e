"""Exchangeable components of the hybrid.

Experiments and mutants of claims inject other components; no module of the hybrid is patched.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nasbench.hybrid.acquisition import Acquisition, optimistic_hypervolume_improvement
from nasbench.hybrid.candidate_selection import CandidateSelection
from nasbench.hybrid.evolution import Evolution
from nasbench.hybrid.fidelity_ladder import FidelityLadder
from nasbench.hybrid.multi_objective_surrogate import MultiObjectiveSurrogate
from nasbench.hybrid.search_space_pruning import ActiveChoices
from nasbench.hybrid.surrogate import REFIT_GROWTH
from nasbench.search.history import History
from nasbench.search.normal_scores import normal_scores
from nasbench.spaces.space import Floats


@dataclass(frozen=True)
class Parts:
    """Components of the hybrid; each factory takes the arguments of its default.

    Attributes:
        score_transform: observed values `(t,)` to the targets of the Gaussian process; the hybrid is invariant to increasing changes
            of the objective where it depends on ranks alone.
        acquisition: optimistic vectors `(n, M)` and the front `(p, M)`, both scaled, to values `(n,)`; the largest is chosen.
        refit_growth: factor by which observations grow between two fits of the hyperparameters.
        surrogate: predictions, and the acquisition value of candidates.
        fidelity_ladder: at which fidelity an architecture is evaluated next.
        active_choices: which choices are considered in progressive search.
        selection: which candidate is evaluated.
        evolution: offspring of the best.
    """

    score_transform: Callable[[Floats], Floats] = normal_scores
    acquisition: Acquisition = optimistic_hypervolume_improvement
    refit_growth: float = REFIT_GROWTH
    surrogate: Callable[..., MultiObjectiveSurrogate] = MultiObjectiveSurrogate
    fidelity_ladder: Callable[[History, int], FidelityLadder] = FidelityLadder
    active_choices: Callable[..., ActiveChoices] = ActiveChoices
    selection: Callable[..., CandidateSelection] = CandidateSelection
    evolution: Callable[..., Evolution] = Evolution


DEFAULT_PARTS = Parts()
