"""Tree-structured Parzen estimators (Bergstra, Bardenet, Bengio and Kegl, NeurIPS 2011), through optuna."""

from __future__ import annotations

import warnings
from typing import Annotated, Any

import numpy as np

from nasbench.extras import require_extra
from nasbench.ranges import count
from nasbench.search.observations import RunObservations
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem
from nasbench.search.search_ranges import Choice, IntRange
from nasbench.spaces.space import Architectures, Space


class Tpe:
    """optuna's `TPESampler` with the defaults of optuna 5; each decision is a categorical parameter.

    An infeasible proposal is told to optuna as failed and gives its place to a uniform feasible architecture.

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
        optuna = import_optuna()
        self._space: Space = problem.space
        self._rng = rng
        self._parameters = {
            decision: optuna.distributions.CategoricalDistribution(list(range(int(k))))
            for decision, k in zip(self._space.decisions, self._space.cardinalities, strict=True)
        }
        with warnings.catch_warnings():
            # Some versions call the multivariate estimator experimental.
            warnings.simplefilter("ignore")
            sampler = optuna.samplers.TPESampler(
                n_startup_trials=n_initial_samples,
                n_ei_candidates=n_candidates,
                multivariate=multivariate,
                seed=int(rng.integers(2**31)),
            )
        self._study: Any = optuna.create_study(sampler=sampler)
        self._trial: Any = None

    def ask(self) -> Architectures:
        """Propose one architecture, `(1, d)`."""
        self._trial = self._study.ask(self._parameters)
        proposal = np.array([[self._trial.params[decision] for decision in self._space.decisions]], dtype=np.int8)
        if self._space.is_feasible(proposal)[0]:
            return proposal
        self._study.tell(self._trial, state=import_optuna().trial.TrialState.FAIL)
        self._trial = None
        return self._space.sample(self._rng.random((1, self._space.d)))

    def tell(self, observations: RunObservations) -> None:
        """Hand the error to optuna."""
        if self._trial is not None and len(observations):
            self._study.tell(self._trial, float(observations.objectives[0, 0]))


def import_optuna() -> Any:
    """Import optuna with its log turned down to warnings.

    Raises:
        MissingExtraError: if it is not installed.
    """
    optuna = require_extra("tune", "optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


OPTIMIZER = PerRun(Tpe)
