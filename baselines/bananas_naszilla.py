"""BANANAS (White, Neiswanger and Savani, AAAI 2021) with the networks and the candidates of the authors' naszilla."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from nasbench.baselines.bananas import thompson
from nasbench.baselines.mlp_ensemble import MlpEnsemble
from nasbench.baselines.predictor_search import PredictorSearch, children_of_best, mutate_each_decision
from nasbench.ranges import between, count
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem
from nasbench.search.search_ranges import Choice, FloatRange, IntRange
from nasbench.spaces.space import Architectures, Floats


class BananasNaszilla(PredictorSearch):
    """BANANAS as in the authors' naszilla: five networks of ten layers on the truncated path encoding, Thompson sampling.

    Settings of `nas_algorithms.py`, `params.py` and `meta_neural_net.py`: 10 random architectures, then batches of 10 of the about
    100 to 200 children of the best; five networks with ten hidden layers of 20 units, trained from scratch before every batch by
    150 passes of Adam (0.01, decays 0.9 and 0.99) in mini-batches of 32 on the absolute error, features and objective as they are;
    independent Thompson sampling with the deviation over n. A child of a NAS-Bench-201 cell changes each edge with probability
    1/4, which is `mutation_rate` 1.5 on six decisions. The optimizer `bananas` is the simplified one that presets and papers of
    this suite have used: smaller networks, full batches, ten parents.

    Differences: a space without a path encoding is encoded one-hot; in a space with infeasible combinations a child outside it gives
    way to as many of the space's own mutations; where all children of the best are known, mutations of more decisions follow
    (naszilla: fewer candidates, perhaps none).

    Args:
        problem: the benchmark.
        rng: the run's generator.
        n_initial_samples: random architectures at the start.
        batch_size: architectures evaluated between two trainings.
        n_candidates: children drawn of a parent, and number of new ones from which on no further parent is taken.
        n_parents: parents are at most five times this number of best architectures, the best first.
        mutation_rate: expected number of decisions that a child changes.
        ensemble_size: number of networks.
        hidden_layers: their hidden layers.
        hidden_units: units in a hidden layer.
        training_steps: passes over the observations in a training.
        minibatch_size: observations in a step of a training.
        encoding: "paths" or "one-hot"; without a path encoding, "one-hot" is used.
        n_paths: length of the truncated path encoding; 30 are the paths of up to two operations of NAS-Bench-201.
    """

    NUMBERS = "in order"
    PATIENCE = 5
    """naszilla's `patience_factor`."""

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        n_initial_samples: Annotated[int, count(10_000), IntRange(4, 40, log=True)] = 10,
        batch_size: Annotated[int, count(10_000), IntRange(1, 20)] = 10,
        n_candidates: Annotated[int, count(10_000), IntRange(20, 400, log=True)] = 100,
        n_parents: Annotated[int, count(10_000), IntRange(1, 10)] = 1,
        mutation_rate: Annotated[float, between(0, 1_000), FloatRange(0.5, 3.0)] = 1.5,
        ensemble_size: Annotated[int, count(100, least=2)] = 5,
        hidden_layers: Annotated[int, count(100), IntRange(2, 10)] = 10,
        hidden_units: Annotated[int, count(1_000), IntRange(10, 40)] = 20,
        training_steps: Annotated[int, count(10_000), IntRange(50, 200, log=True)] = 150,
        minibatch_size: Annotated[int, count(10_000)] = 32,
        encoding: Annotated[Literal["paths", "one-hot"], Choice(("paths", "one-hot"))] = "paths",
        n_paths: Annotated[int, count(10_000), IntRange(5, 155, log=True)] = 30,
    ) -> None:
        super().__init__(problem, rng, n_initial_samples, batch_size)
        self._n_candidates, self._n_parents = n_candidates, n_parents
        self._probability = min(1.0, mutation_rate / self.space.d)
        self._ensemble = MlpEnsemble(
            members=ensemble_size,
            width=hidden_units,
            depth=hidden_layers,
            steps=training_steps,
            batch_size=minibatch_size,
            decay=(0.9, 0.99),
            initial="glorot",
            standardised=False,
        )
        self._n_paths = n_paths if encoding == "paths" and self.space.has_paths else 0

    def candidates(self) -> Architectures:
        """Return new children of the best."""
        return children_of_best(
            self.history, self._mutate, self.PATIENCE * self._n_parents, self._n_candidates, self.rng
        )

    def scores(self, candidates: Architectures) -> Floats:
        """Return a Thompson sample of the objective of each candidate, from networks trained on the history."""
        predicted = self._ensemble.predict_after_fit(
            self._encode(self.history.architectures), self.history.objectives[:, 0], self._encode(candidates), self.rng
        )
        return thompson(predicted, self.rng, ddof=0)

    def _mutate(self, architectures: Architectures) -> Architectures:
        return mutate_each_decision(self.space, architectures, self._probability, self.rng)

    def _encode(self, architectures: Architectures) -> Floats:
        if self._n_paths:
            return self.space.path_encoding(architectures)[:, : self._n_paths]
        return self.space.encoding(architectures)


OPTIMIZER = PerRun(BananasNaszilla)
