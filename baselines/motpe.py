"""Multi-objective tree-structured Parzen estimators (Ozaki, Tanigaki, Watanabe and Onishi, GECCO 2020), through optuna."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from nasbench.baselines.optuna_optimizer import OptunaOptimizer
from nasbench.baselines.tpe import tpe_sampler
from nasbench.ranges import count
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem
from nasbench.search.search_ranges import Choice, IntRange


class Motpe(OptunaOptimizer):
    """optuna's `TPESampler` with several directions: the good estimator is of the trials that non-dominated sorting ranks first.

    Ties in the last rank that fits are broken by greedy selection of the largest hypervolume (Ozaki et al., JAIR 2022, section
    4.1). Settings are the defaults of optuna 5, which differ from the paper's in the number of initial samples (paper: 11 d - 1)
    and in the weights of good trials (equal; paper: their contributions to the hypervolume). Density estimates have no use for
    exact values, so objectives that are free are told like the others. Numbers and conditions are taken as `Tpe` takes them.

    Args:
        problem: the search problem; with one objective this is TPE.
        rng: the run's generator; it seeds the sampler.
        n_initial_samples: random architectures before the estimators take over (optuna's `n_startup_trials`, 10).
        n_candidates: draws from the good estimator, of which the best ratio is proposed (24, as in the paper).
        multivariate: one joint estimator (Falkner et al. 2018) in place of one a decision, as in the paper.
    """

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        n_initial_samples: Annotated[int, count(10_000), IntRange(4, 40, log=True)] = 10,
        n_candidates: Annotated[int, count(10_000), IntRange(4, 200, log=True)] = 24,
        multivariate: Annotated[bool, Choice((False, True))] = False,
    ) -> None:
        sampler = tpe_sampler(problem.space, n_initial_samples, n_candidates, multivariate)
        super().__init__(problem, rng, sampler, conditional=True)


OPTIMIZER = PerRun(Motpe, objectives="many", modules=("optuna",))
