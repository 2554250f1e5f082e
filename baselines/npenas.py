"""NPENAS-NP (Wei, Niu, Tang and Liang, IEEE TNNLS 2022, arXiv 2003.12857): evolution guided by a neural predictor."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from nasbench.baselines.mlp_ensemble import MlpEnsemble
from nasbench.baselines.predictor_search import PredictorSearch, children_of_best
from nasbench.ranges import count
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem
from nasbench.search.search_ranges import Choice, IntRange
from nasbench.spaces.space import Architectures, Floats


class Npenas(PredictorSearch):
    """NPENAS-NP: children of the best, of which those that a network predicts to be best are evaluated.

    Settings of the authors' code (auroua/NPENASv1, `predictor.py`, `configs.py` and `data_nasbench_201.py`): 10 random
    architectures, then batches of 10 out of 100 children, which differ from one of the best 50 in one decision; the network is trained
    from scratch before every batch, by 300 passes of Adam (0.005) on the squared error. Isomorphic architectures count as one.

    Differences: the predictor is a perceptron on an encoding, three hidden layers of 32 units, in place of the graph isomorphism
    network of three layers of 32 units, so that no deep-learning library is needed (White et al., NeurIPS 2021, "How Powerful are
    Performance Predictors", section 5, guide the same evolution by predictors of many kinds); its targets are standardised (authors:
    a sigmoid times 100), batches are of 32 (authors: 10), and the learning rate is constant (authors: cosine, decay of the weights
    1e-4, dropout 0.1). Where all children of the best are known, mutations of more decisions follow.

    Args:
        problem: the benchmark.
        rng: the run's generator.
        n_initial_samples: random architectures at the start.
        batch_size: architectures evaluated between two trainings.
        n_candidates: children that the network scores, and children drawn of a parent.
        n_parents: largest number of best architectures that have children.
        ensemble_size: number of networks, whose predictions are averaged.
        hidden_layers: their hidden layers.
        hidden_units: units in a hidden layer.
        training_steps: passes over the observations in a training.
        encoding: "one-hot" or "paths"; without a path encoding, "one-hot" is used.
    """

    NUMBERS = "in order"

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        n_initial_samples: Annotated[int, count(10_000), IntRange(4, 40, log=True)] = 10,
        batch_size: Annotated[int, count(10_000), IntRange(1, 20)] = 10,
        n_candidates: Annotated[int, count(10_000), IntRange(20, 400, log=True)] = 100,
        n_parents: Annotated[int, count(10_000), IntRange(5, 100, log=True)] = 50,
        ensemble_size: Annotated[int, count(100), IntRange(1, 5)] = 1,
        hidden_layers: Annotated[int, count(100), IntRange(1, 4)] = 3,
        hidden_units: Annotated[int, count(1_000), IntRange(16, 64)] = 32,
        training_steps: Annotated[int, count(10_000), IntRange(50, 400, log=True)] = 300,
        encoding: Annotated[Literal["one-hot", "paths"], Choice(("one-hot", "paths"))] = "one-hot",
    ) -> None:
        super().__init__(problem, rng, n_initial_samples, batch_size, merge_isomorphic=True)
        self._n_candidates, self._n_parents = n_candidates, n_parents
        self._ensemble = MlpEnsemble(
            members=ensemble_size,
            width=hidden_units,
            depth=hidden_layers,
            steps=training_steps,
            learning_rate=0.005,
            batch_size=32,
            loss="squared",
        )
        self._encode = self.space.paths if encoding == "paths" and self.space.has_paths else self.space.encoding

    def candidates(self) -> Architectures:
        """Return new children of the best that differ from a parent in one decision."""
        pool = children_of_best(self.history, self._mutate, self._n_parents, self._n_candidates, self.rng)
        return pool[: self._n_candidates]

    def scores(self, candidates: Architectures) -> Floats:
        """Return the predicted objective of each candidate, by networks trained on the history."""
        predicted = self._ensemble.predict_after_fit(
            self._encode(self.history.architectures), self.history.objectives[:, 0], self._encode(candidates), self.rng
        )
        return np.asarray(predicted.mean(axis=0))

    def _mutate(self, architectures: Architectures) -> Architectures:
        return self.space.mutate(architectures, self.rng.random((len(architectures), 2)))


OPTIMIZER = PerRun(Npenas)
