"""Bayesian optimisation with the Gaussian process of optuna 5 (`GPSampler`)."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from nasbench.baselines.optuna_optimizer import OptunaOptimizer
from nasbench.ranges import count
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem
from nasbench.search.search_ranges import IntRange


class OptunaGp(OptunaOptimizer):
    """optuna's `GPSampler`: Matern 5/2 with a length scale for each decision, and the logarithm of expected improvement.

    Length scales, signal and noise maximise the posterior under optuna's priors; a decision contributes the Hamming distance. The
    acquisition is maximised from 2,048 quasi-random points by exhaustive search over one decision at a time (Ament et al.,
    NeurIPS 2023, for its logarithm). With several objectives each has a process of its own and the acquisition is the logarithm
    of expected hypervolume improvement. The numbers of a `MixedSpace` contribute their distance on the scale of the grid; conditions are
    beyond this sampler, which models inactive decisions too. optuna takes no exact objective: those that are free are modelled like the others.

    Args:
        problem: the search problem.
        rng: the run's generator; it seeds the sampler.
        n_initial_samples: random architectures before the process takes over (optuna's `n_startup_trials`, 10).
    """

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        n_initial_samples: Annotated[int, count(10_000), IntRange(4, 40, log=True)] = 10,
    ) -> None:
        super().__init__(
            problem,
            rng,
            lambda optuna, seed: optuna.samplers.GPSampler(n_startup_trials=n_initial_samples, seed=seed),
        )


OPTIMIZER = PerRun(OptunaGp, objectives="many", modules=("optuna", "torch"))
