"""Exchangeable components of the hybrid.

Experiments, mutants of claims and anyone who wants another surrogate, acquisition, kernel or evolution inject components, as in
`Hybrid(problem, rng, Parts(evolution=MyEvolution))`; no module of the hybrid is patched. All parts see one `History`, the archive of the run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from nasbench.errors import NasbenchError
from nasbench.hybrid.acquisition import Acquisition, optimistic_hypervolume_improvement
from nasbench.hybrid.batch_rules import BatchRule, make_batch_rule
from nasbench.hybrid.candidate_selection import CandidateSelection
from nasbench.hybrid.evolution import Evolution
from nasbench.hybrid.exploration import Exploration, decaying_until_stagnation
from nasbench.hybrid.fidelity_ladder import FidelityLadder
from nasbench.hybrid.kernel import FeatureKernel
from nasbench.hybrid.model import Model
from nasbench.hybrid.multi_objective_surrogate import MultiObjectiveSurrogate
from nasbench.hybrid.prior_mean import PriorMeanKernel, QuantityFunction
from nasbench.hybrid.relaxation import Relaxation
from nasbench.hybrid.scheduler import AdaptivePursuit
from nasbench.hybrid.search_space_pruning import ActiveChoices
from nasbench.hybrid.surrogate import REFIT_GROWTH, Surrogate
from nasbench.search.history import History
from nasbench.search.normal_scores import normal_scores
from nasbench.spaces.space import Floats


@dataclass(frozen=True)
class Parts:
    """Components of the hybrid; each factory takes the arguments of its default, which a subclass of the default or a `functools.partial` does by itself.

    Attributes:
        score_transform: observed values `(t,)` to the targets of the Gaussian process; the hybrid is invariant to increasing changes
            of the objective where it depends on ranks alone.
        exploration: how many standard deviations below the mean a predicted objective is scored, or that expected improvement is the score.
        acquisition: optimistic vectors `(n, M)` and the front `(p, M)`, both scaled, to values `(n,)`; the largest is chosen. Expected
            improvement takes over from the default alone.
        refit_growth: factor by which observations grow between two fits of the hyperparameters.
        surrogate: predictions of all objectives, and the acquisition value of candidates.
        kernel: features of architectures and their kernel.
        model: the model of one objective; see `nasbench.hybrid.model` for what it is asked, and for a shorter way to write one.
        known: what is known of architectures `(n, d)` without training, `(n, p)`, for a linear prior mean; None for nothing.
        fidelity_ladder: at which fidelity an architecture is evaluated next.
        active_choices: which choices are considered in progressive search.
        selection: which candidate is evaluated.
        evolution: offspring of the best.
        relaxation: product distributions that descend along gradients of the surrogate.
        scheduler: which operator proposes next.
        batch_rule: how candidates are scored while results are pending, by the setting of that name.
    """

    score_transform: Callable[[Floats], Floats] = normal_scores
    exploration: Exploration = decaying_until_stagnation
    acquisition: Acquisition = optimistic_hypervolume_improvement
    refit_growth: float = REFIT_GROWTH
    surrogate: Callable[..., MultiObjectiveSurrogate] = MultiObjectiveSurrogate
    kernel: Callable[..., FeatureKernel] = FeatureKernel
    model: Callable[..., Model] = Surrogate
    known: QuantityFunction | None = None
    fidelity_ladder: Callable[[History, int], FidelityLadder] = FidelityLadder
    active_choices: Callable[..., ActiveChoices] = ActiveChoices
    selection: Callable[..., CandidateSelection] = CandidateSelection
    evolution: Callable[..., Evolution] = Evolution
    relaxation: Callable[..., Relaxation] = Relaxation
    scheduler: Callable[..., AdaptivePursuit] = AdaptivePursuit
    batch_rule: Callable[..., BatchRule] = make_batch_rule

    def with_prior_mean(self, known: QuantityFunction) -> Parts:
        """Return the parts with a linear prior mean of known quantities in the kernel.

        Raises:
            NasbenchError: if the kernel is not the default, which knows nothing of a prior mean.
        """
        if self.kernel is not FeatureKernel:
            raise NasbenchError(
                "The hybrid has a kernel and a prior mean of its own; derive the kernel from PriorMeanKernel."
            )
        return replace(self, kernel=partial(PriorMeanKernel, known=known))


DEFAULT_PARTS = Parts()
