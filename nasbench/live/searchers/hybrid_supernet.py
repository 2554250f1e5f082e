"""The hybrid on a supernet: exponentiated gradients propose, evolution on shared weights selects, finalists are retrained.

It has no surrogate, which makes it a different algorithm from `nasbench.hybrid`; that one trains from scratch on live tasks too.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nasbench.hybrid.evolution import Evolution
from nasbench.hybrid.relaxation import Relaxation
from nasbench.live.networks.mixed_operation import OperationWeights
from nasbench.live.networks.space_networks import Architecture
from nasbench.live.searchers.searcher import Rate, Searcher
from nasbench.live.supernets.gradient import SupernetGradient
from nasbench.live.supernets.one_shot_evaluation import shared_losses
from nasbench.live.training.batches import Batch, DeviceSplit
from nasbench.ranges import FRACTION, Probability, count
from nasbench.search.history import History
from nasbench.search.simplex import support


class HybridSupernet(Searcher):
    """Hybrid search on a supernet: the shared weights are trained alternately with the mixture at theta and along a
    single path from theta or evolution.

    The gradient only proposes: architectures are selected by the one-shot score of their own path, and the one that is returned has
    been trained from scratch (the caller trains `finalists`).

    Args:
        eg_learning_rate: step of the exponentiated gradient.
        theta_uniform_mix: weight of the uniform distribution in theta, so that every choice keeps a positive
            probability.
        population_size: survivors of evolution.
        n_offspring: number of offspring per epoch, and of draws from theta.
        guided_mutation_prob: probability that a mutation draws from theta.
        crossover_prob: probability of two parents.
        gradient_interval: steps between gradient steps of theta.
        scoring_subset_size: number of search examples for one-shot scores.
        n_finalists: architectures to train from scratch at the end: the mode of theta, and the best survivors, at least one.
        use_gradient: whether theta follows the gradient of the supernet; without it theta stays uniform.
        use_evolution: whether there is evolution; without it all architectures are drawn from theta.
    """

    scores_paths = True
    trains_finalists = True

    def __init__(
        self,
        *args: Any,
        eg_learning_rate: Rate = 0.1,
        theta_uniform_mix: Annotated[float, FRACTION] = 0.05,
        population_size: Annotated[int, count(1_000)] = 10,
        n_offspring: Annotated[int, count(10_000)] = 10,
        guided_mutation_prob: Probability = 0.5,
        crossover_prob: Probability = 0.3,
        gradient_interval: Annotated[int, count(1_000_000)] = 2,
        scoring_subset_size: Annotated[int, count(1_000_000_000)] = 500,
        n_finalists: Annotated[int, count(1_000)] = 3,
        use_gradient: bool = True,
        use_evolution: bool = True,
    ) -> None:
        super().__init__(*args)
        self.space = self.networks.make_space()
        allowed = support(self.space.cardinalities)
        self.relaxation = Relaxation(allowed, 1, learning_rate=eg_learning_rate, uniform_mix=theta_uniform_mix)
        self.uniform = allowed / allowed.sum(axis=1, keepdims=True)
        self._population_size, self._n_offspring, self._n_finalists = population_size, n_offspring, n_finalists
        self._guided_mutation_prob, self._crossover_prob = guided_mutation_prob, crossover_prob
        self._gradient_interval, self._scoring_subset_size = gradient_interval, scoring_subset_size
        self._use_gradient, self._use_evolution = use_gradient, use_evolution
        self.moves_theta = use_gradient
        self.survivors: Architecture = np.empty((0, self.space.d), np.int8)
        self.losses: NDArray[np.float64] = np.empty(0)
        self.steps = 0

    @property
    def theta(self) -> NDArray[np.float64]:
        """Current point of the relaxation, `(d, k)`."""
        return self.relaxation.theta[0]

    def architecture_probabilities(self) -> Tensor:
        """Return theta, which in this searcher always lives on the decisions of the space."""
        return torch.as_tensor(self.theta, dtype=torch.float32, device=self.device)

    def mixture(self) -> OperationWeights:
        """Return the mixture at theta."""
        return OperationWeights(weights=self.networks.edge_weights(self.architecture_probabilities()))

    def step(self, train: Batch, search: Batch) -> Tensor:
        """Follow the gradient every `gradient_interval` steps; train the mixture and a single path alternately."""
        self.steps += 1
        if self._use_gradient and self.steps % self._gradient_interval == 0:
            # Theta moves after its gradient is complete, so that only the gradient is repeated when memory is
            # exhausted.
            self.microbatching.run(
                lambda: self.relaxation.descend(
                    SupernetGradient(self.supernet, search, self.microbatching.n_microbatches), 0
                )
            )
        if self.steps % 2:
            return self.update_weights(train, self.mixture)
        return self.update_weights(train, partial(self.networks.single_path, self._path()))

    def finish_epoch(self, search: DeviceSplit) -> None:
        """Score survivors, their offspring and draws from theta with the current shared weights, and keep the best."""
        rng = self._rng()
        drawn = self.relaxation.propose(self._n_offspring, 0, rng)
        candidates = [self.survivors, drawn]
        if self._use_evolution and len(self.survivors):
            candidates.append(self._evolution(rng).propose(self._n_offspring, self.theta, self.uniform))
        together = np.unique(self.space.canonical(np.concatenate(candidates)), axis=0)
        together = together[self.space.is_feasible(together)]
        losses = self._scores(together, search)
        kept = np.argsort(losses, kind="stable")[: self._population_size]
        self.survivors, self.losses = together[kept], losses[kept]

    def discretize(self) -> Architecture:
        """Return the survivor of the smallest one-shot loss; before the first epoch the mode of theta."""
        return self.survivors[0] if len(self.survivors) else self._mode()

    def finalists(self) -> Architecture:
        """Return the architectures to train from scratch: the best survivors and the mode of theta, `(n, d)`."""
        best = self.survivors[: max(self._n_finalists - 1, 1)]
        return np.unique(np.concatenate([best, self.space.canonical(self._mode()[None])]), axis=0)

    def state(self) -> dict[str, Any]:
        """Return theta, the survivors and the number of steps."""
        return {
            "theta": torch.as_tensor(self.relaxation.theta),
            "survivors": torch.as_tensor(self.survivors),
            "losses": torch.as_tensor(self.losses),
            "steps": self.steps,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Restore what `state` returned."""
        self.relaxation.theta = state["theta"].numpy()
        self.survivors, self.losses = state["survivors"].numpy(), state["losses"].numpy()
        self.steps = state["steps"]

    def _rng(self) -> np.random.Generator:
        """Return a fresh generator, seeded from the searcher's own stream, so that a checkpoint need not keep it."""
        return np.random.default_rng(int(torch.randint(2**62, (), generator=self.generator)))

    def _mode(self) -> Architecture:
        return self.theta.argmax(axis=1).astype(np.int8)

    def _path(self) -> Architecture:
        """Return an architecture to train, alternately an offspring and a draw from theta."""
        rng = self._rng()
        if self._use_evolution and len(self.survivors) and self.steps % 4 == 0:
            return self._evolution(rng).propose(1, self.theta, self.uniform)[0]
        return self.relaxation.propose(1, 0, rng)[0]

    def _evolution(self, rng: np.random.Generator) -> Evolution:
        history = History(self.space)
        evolution = Evolution(
            history,
            rng,
            population_size=self._population_size,
            crossover_prob=self._crossover_prob,
            guided_mutation_prob=self._guided_mutation_prob,
        )
        for architecture, value in zip(self.survivors, self.losses, strict=True):
            history.add(architecture[None], np.array([[value]]))
            evolution.update()
        return evolution

    def _scores(self, architectures: Architecture, search: DeviceSplit) -> NDArray[np.float64]:
        return shared_losses(self.supernet, architectures, search.head(self._scoring_subset_size))
