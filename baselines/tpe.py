"""Tree-structured Parzen estimators (Bergstra, Bardenet, Bengio and Kegl, NeurIPS 2011), through optuna."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import numpy as np

from nasbench.baselines.optuna_optimizer import OptunaOptimizer
from nasbench.ranges import count
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem
from nasbench.search.search_ranges import Choice, IntRange
from nasbench.spaces.space import Space


class Tpe(OptunaOptimizer):
    """optuna's `TPESampler` with the defaults of optuna 5; each decision is a categorical parameter, but the
    numbers of a `MixedSpace` are integers, and of its conditional decisions the active ones are suggested, parents first.

    An infeasible proposal is told to optuna as failed and gives its place to a uniform feasible architecture, whose result
    it is not told.

    Args:
        problem: the benchmark.
        rng: the run's generator; it seeds the sampler.
        n_initial_samples: random architectures before the estimators take over (optuna's `n_startup_trials`, 10).
        n_candidates: draws from the good estimator, of which the best ratio is proposed (24).
        multivariate: one joint estimator (Falkner et al. 2018) in place of the 2011 paper's one a decision.
    """

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        n_initial_samples: Annotated[int, count(10_000), IntRange(4, 40, log=True)] = 10,
        n_candidates: Annotated[int, count(10_000), IntRange(4, 200, log=True)] = 24,
        multivariate: Annotated[bool, Choice((False, True))] = True,
    ) -> None:
        sampler = tpe_sampler(problem.space, n_initial_samples, n_candidates, multivariate)
        super().__init__(problem, rng, sampler, learn_substitutes=False, conditional=True)


def tpe_sampler(
    space: Space, n_initial_samples: int, n_candidates: int, multivariate: bool
) -> Callable[[Any, int], Any]:
    """Return what makes optuna's `TPESampler` from its module and a seed.

    With conditional decisions a joint estimator is one for each group of decisions that are active together (optuna's `group`).
    """
    return lambda optuna, seed: optuna.samplers.TPESampler(
        n_startup_trials=n_initial_samples,
        n_ei_candidates=n_candidates,
        multivariate=multivariate,
        group=multivariate and space.is_conditional,
        seed=seed,
    )


OPTIMIZER = PerRun(Tpe, modules=("optuna",))
