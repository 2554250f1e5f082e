"""An ask-tell adapter of optuna's samplers to architectures (Akiba, Sano, Yanase, Ohta and Koyama, KDD 2019).

Each decision is a categorical parameter; a number of a `MixedSpace` is an integer one, its level, evenly spaced on the scale of the grid.
A sampler that takes conditions is asked for the active decisions alone, parents first, and another for all. TPE, its multi-objective form
and the Gaussian process differ in the sampler that they pass.
optuna is imported when an optimizer is built.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from nasbench.extras import require_extra
from nasbench.search.observations import RunObservations
from nasbench.search.problem import Problem
from nasbench.spaces.space import Architectures, Floats, Space


class OptunaOptimizer:
    """One run of a sampler of optuna.

    An infeasible proposal is told to optuna as failed and gives its place to a uniform feasible architecture. An observation of an
    architecture that the sampler did not propose is added to its trials.

    Args:
        problem: the search problem; optuna is told every objective as observed.
        rng: random numbers of the run; it seeds the sampler.
        make_sampler: returns the sampler from optuna's module and a seed.
        learn_substitutes: whether the sampler is told the results of architectures that took the place of infeasible ones.
        conditional: whether the sampler takes parameters that some trials lack.
    """

    NUMBERS = "in order"

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        make_sampler: Callable[[Any, int], Any],
        *,
        learn_substitutes: bool = True,
        conditional: bool = False,
    ) -> None:
        optuna = import_optuna()
        self._space: Space = problem.space
        self._rng = rng
        self._learn_substitutes = learn_substitutes
        self._conditional = conditional and self._space.is_conditional
        of = optuna.distributions
        self._parameters = {
            decision: of.IntDistribution(0, int(k) - 1) if number else of.CategoricalDistribution(list(range(int(k))))
            for decision, k, number in zip(
                self._space.decisions, self._space.cardinalities, self._space.numeric, strict=True
            )
        }
        with warnings.catch_warnings():
            # Some versions call the multivariate estimator experimental.
            warnings.simplefilter("ignore")
            self._sampler = make_sampler(optuna, int(rng.integers(2**31)))
        self._study: Any = optuna.create_study(sampler=self._sampler, directions=["minimize"] * len(problem.objectives))
        self._pending: dict[bytes, Any] = {}
        self._substitutes: set[bytes] = set()

    def ask(self) -> Architectures:
        """Propose one architecture, `(1, d)`."""
        trial, proposal = self._propose()
        if self._space.is_feasible(proposal)[0]:
            self._pending[proposal.tobytes()] = trial
            return proposal
        self._study.tell(trial, state=import_optuna().trial.TrialState.FAIL)
        substitute = self._space.sample(self._rng.random((1, self._space.d)))
        self._substitutes.add(substitute.tobytes())
        return substitute

    def _propose(self) -> tuple[Any, Architectures]:
        """Return a trial and its architecture, `(1, d)`."""
        if not self._conditional:
            trial = self._study.ask(self._parameters)
            return trial, np.array([[trial.params[decision] for decision in self._space.decisions]], dtype=np.int8)
        trial = self._study.ask()
        proposal = np.zeros((1, self._space.d), dtype=np.int8)
        for at in self._space.parents_first:
            if self._space.active(proposal)[0, at]:
                name, k = self._space.decisions[at], int(self._space.cardinalities[at])
                proposal[0, at] = (
                    trial.suggest_int(name, 0, k - 1)
                    if self._space.numeric[at]
                    else trial.suggest_categorical(name, list(range(k)))
                )
        return trial, proposal

    def tell(self, observations: RunObservations) -> None:
        """Hand the objectives to optuna."""
        for architecture, objectives in zip(observations.architectures, observations.objectives, strict=True):
            trial = self._pending.pop(architecture.tobytes(), None)
            if trial is not None:
                self._study.tell(trial, objectives.tolist())
            elif self._learn_substitutes or architecture.tobytes() not in self._substitutes:
                self._add(architecture, objectives)
            self._substitutes.discard(architecture.tobytes())

    def _add(self, architecture: Architectures, objectives: Floats) -> None:
        """Add the result of an architecture that the sampler did not propose to its trials."""
        told = self._space.active(architecture) if self._conditional else np.ones(self._space.d, dtype=np.bool_)
        params = {name: int(architecture[at]) for at, name in enumerate(self._space.decisions) if told[at]}
        distributions = {name: self._parameters[name] for name in params}
        trial = import_optuna().trial.create_trial(
            params=params, distributions=distributions, values=objectives.tolist()
        )
        self._study.add_trial(trial)

    def __deepcopy__(self, memo: dict[int, Any]) -> OptunaOptimizer:
        """Return a copy; where the memo has the run's generator, those of the sampler are shared as well, so that copies do not all
        propose the same.
        """
        if id(self._rng) in memo:
            memo |= {id(generator): generator for generator in _generators(self._sampler)}
        twin = object.__new__(type(self))
        memo[id(self)] = twin
        twin.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return twin


def _generators(sampler: Any) -> Iterator[Any]:
    """Yield the random states of a sampler and of the samplers that it holds."""
    held = vars(sampler).values()
    yield from (value for value in held if type(value).__name__ == "LazyRandomState")
    for part in held:
        if isinstance(part, import_optuna().samplers.BaseSampler):
            yield from _generators(part)


def import_optuna() -> Any:
    """Import optuna with its log turned down to warnings.

    Raises:
        MissingExtraError: if it is not installed.
    """
    optuna = require_extra("tune", "optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
