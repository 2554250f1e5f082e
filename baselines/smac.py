"""SMAC3 (Lindauer et al., JMLR 2022; Hutter, Hoos and Leyton-Brown, LION 2011): a random forest and expected improvement."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import numpy as np

from nasbench.extras import require_extra
from nasbench.ranges import Probability, count
from nasbench.search.history import History
from nasbench.search.observations import RunObservations
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem
from nasbench.search.search_ranges import FloatRange, IntRange
from nasbench.spaces.space import Architectures

FOREST: Mapping[str, Any] = {
    "n_trees": 10,
    "ratio_features": 1.0,
    "min_samples_split": 2,
    "min_samples_leaf": 1,
    "max_depth": 2**20,
    "bootstrapping": True,
    "log_y": True,
}
"""Settings of the facade's random forest."""
N_CANDIDATES = 1_000
"""Uniform candidates that are ranked beside the optima of the local search."""
ATTEMPTS = 20
"""Proposals for a query before a uniform architecture takes the place of infeasible ones."""


class Smac:
    """SMAC's facade for hyperparameter optimisation: forest, logarithmic improvement, local and sorted random search, its defaults.

    Decisions are categorical hyperparameters, ordered ones integers. For every query a facade is made with a seed of the run, told all
    evaluations and asked once, so that a run is its evaluations and its random numbers: it can be stored, copied and told anything.

    Differences from the facade kept for a whole run: the forest is trained anew for every query (there: for every eighth), the initial
    design is uniform (there: quasi-random, 10 d), and the objective is deterministic to it, so that nothing is evaluated twice. Version
    2.4 proposes the optima of its local search alone, most of which a discrete space has evaluated before, and a uniform architecture
    instead of those that are (20 of 40 proposals of a run on NAS-Bench-Graph). Here 1,000 uniform candidates are ranked beside the optima, as in
    the paper of 2011 (section 4.3, with 10,000), and evaluated ones are left out before a proposal is picked.

    Args:
        problem: the benchmark.
        rng: the run's generator; it seeds the facades.
        n_initial_samples: random architectures at the start.
        random_fraction: probability that a proposal is uniform (its `ProbabilityRandomDesign`).
    """

    NUMBERS = "in order"

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        n_initial_samples: Annotated[int, count(10_000), IntRange(3, 40, log=True)] = 10,
        random_fraction: Annotated[Probability, FloatRange(0.0, 0.5)] = 0.2,
    ) -> None:
        require_extra("rivals", "smac")
        self._space = problem.space
        self._rng = rng
        self._missing = n_initial_samples
        self._random_fraction = random_fraction
        self._history = History(self._space, len(problem.objectives))

    def ask(self) -> Architectures:
        """Propose the random start, `(initial, d)`, then one architecture at a time, `(1, d)`; none when all are evaluated."""
        from smac.main.exceptions import ConfigurationSpaceExhaustedException

        if self._missing > 0:
            return self._space.sample(self._rng.random((self._missing, self._space.d)))
        if len(self._history) >= self._space.size:
            return self._history.architectures[:0]
        logging.getLogger("smac").setLevel(logging.ERROR)
        seed = int(self._rng.integers(2**31))
        with warnings.catch_warnings(), TemporaryDirectory() as folder:
            warnings.simplefilter("ignore")
            facade = self._facade(seed, Path(folder))
            try:
                for _ in range(ATTEMPTS):
                    # What the intensifier would race: here every architecture is evaluated once.
                    config = next(facade.intensifier.config_generator)
                    proposal = np.array([[config[name] for name in self._space.decisions]], dtype=np.int8)
                    if len(self._history.unseen(proposal)):
                        return proposal
            except (ConfigurationSpaceExhaustedException, StopIteration):
                pass
        return self._space.sample(self._rng.random((1, self._space.d)))

    def tell(self, observations: RunObservations) -> None:
        """Store the observations."""
        self._history.add_new(observations)
        self._missing -= len(observations)

    def _facade(self, seed: int, folder: Path) -> Any:
        """Return a facade that was told the history; it writes what it would resume from to the folder."""
        from ConfigSpace import (
            CategoricalHyperparameter,
            Configuration,
            ConfigurationSpace,
            UniformIntegerHyperparameter,
        )
        from smac import HyperparameterOptimizationFacade as Facade
        from smac import Scenario
        from smac.model.random_forest.random_forest import RandomForest
        from smac.runhistory import TrialInfo, TrialValue

        space = ConfigurationSpace(seed=seed)
        for name, k, ordered in zip(self._space.decisions, self._space.cardinalities, self._space.ordered, strict=True):
            several = bool(ordered) and k > 1
            kind = UniformIntegerHyperparameter(name, 0, int(k) - 1) if several else None
            space.add(kind or CategoricalHyperparameter(name, list(range(int(k)))))
        scenario = Scenario(
            space, name="run", output_directory=folder, deterministic=True, n_trials=2**31 - 1, seed=seed
        )
        # The facade's own forest takes all processors.
        forest = RandomForest(space, **FOREST, seed=seed, n_jobs=1)
        facade = Facade(
            scenario,
            model=forest,
            acquisition_maximizer=_make_maximizer(scenario),
            initial_design=Facade.get_initial_design(scenario, n_configs=0),
            random_design=Facade.get_random_design(scenario, probability=self._random_fraction),
            config_selector=Facade.get_config_selector(scenario, retrain_after=1),
            logging_level=False,
            overwrite=True,
        )
        for architecture, error in zip(self._history.architectures, self._history.objectives[:, 0], strict=True):
            values = dict(zip(self._space.decisions, architecture.astype(np.int64), strict=True))
            trial = TrialInfo(Configuration(space, values=values), seed=0)
            facade.tell(trial, TrialValue(cost=float(error)), save=False)
        return facade


def _make_maximizer(scenario: Any) -> Any:
    """Return the facade's maximiser of the acquisition, with uniform candidates beside its optima and without evaluated ones."""
    from smac.acquisition.maximizer import LocalAndSortedRandomSearch, RandomSearch

    class UnevaluatedCandidates(LocalAndSortedRandomSearch):  # type: ignore[misc]
        def _maximize(self, previous_configs: list[Any], n_points: int) -> list[tuple[float, Any]]:
            uniform = RandomSearch(self._configspace, self._acquisition_function, seed=self._seed)
            ranked = super()._maximize(previous_configs, n_points)
            ranked += uniform._maximize(previous_configs, N_CANDIDATES, _sorted=True)
            known = set(previous_configs)
            return sorted((pair for pair in ranked if pair[1] not in known), key=lambda pair: -float(np.max(pair[0])))

    return UnevaluatedCandidates(
        scenario.configspace, challengers=10_000, local_search_iterations=10, seed=scenario.seed
    )


OPTIMIZER = PerRun(Smac, modules=("smac",))
