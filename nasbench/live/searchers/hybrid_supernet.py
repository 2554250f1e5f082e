"""The hybrid on a supernet: exponentiated gradients propose, evolution on shared weights selects, finalists train alone.

It has no surrogate and so is another algorithm than `nasbench.hybrid`, which trains alone live as well.
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
    """Weights are trained by turns under the mixture at theta and along one path that theta or evolution proposes.

    The gradient is a proposer only: what is selected has been scored along its own path, and what is returned has been
    trained alone (`finalists` are for the caller to train).

    Args:
        rate: step of the exponentiated gradient.
        floor: share of the uniform distribution in theta, so that no choice dies out.
        population: survivors of evolution.
        offspring: architectures bred, and as many drawn from theta, after each epoch.
        guidance: probability that a mutation draws its choice from theta.
        crossover: probability of two parents.
        interval: steps between two gradients of theta.
        examples: of the search split on which paths are scored.
        finalists: architectures to train alone at the end; the mode of theta comes beside the best survivor at least.
        gradient: whether theta follows the supernet (an ablation leaves it uniform).
        evolution: whether evolution breeds (an ablation draws from theta alone).
    """

    def __init__(
        self,
        *args: Any,
        rate: Rate = 0.1,
        floor: Annotated[float, FRACTION] = 0.05,
        population: Annotated[int, count(1_000)] = 10,
        offspring: Annotated[int, count(10_000)] = 10,
        guidance: Probability = 0.5,
        crossover: Probability = 0.3,
        interval: Annotated[int, count(1_000_000)] = 2,
        examples: Annotated[int, count(1_000_000_000)] = 500,
        finalists: Annotated[int, count(1_000)] = 3,
        gradient: bool = True,
        evolution: bool = True,
    ) -> None:
        super().__init__(*args)
        self.space = self.networks.make_space()
        allowed = support(self.space.cardinalities)
        self.relaxation = Relaxation(allowed, 1, learning_rate=rate, uniform_mix=floor)
        self.uniform = allowed / allowed.sum(axis=1, keepdims=True)
        self.population, self.offspring, self.examples, self.count = population, offspring, examples, finalists
        self.guidance, self.crossover, self.interval = guidance, crossover, interval
        self.gradient, self.evolution = gradient, evolution
        self.survivors: Architecture = np.empty((0, self.space.d), np.int8)
        self.losses: NDArray[np.float64] = np.empty(0)
        self.steps = 0

    @property
    def theta(self) -> NDArray[np.float64]:
        """Where the relaxation stands, `(d, k)`."""
        return self.relaxation.theta[0]

    def architecture_probabilities(self) -> Tensor:
        """Return theta, which in this searcher always lives on the decisions of the space."""
        return torch.as_tensor(self.theta, dtype=torch.float32, device=self.device)

    def mixture(self) -> OperationWeights:
        """Return the mixture at theta."""
        return OperationWeights(weights=self.networks.edge_weights(self.architecture_probabilities()))

    def step(self, train: Batch, search: Batch) -> Tensor:
        """Follow the gradient now and then; train the mixture and one path by turns."""
        self.steps += 1
        if self.gradient and self.steps % self.interval == 0:
            # Theta moves once its gradient is there, so that a gradient that ran out of memory is repeated alone.
            self.microbatching.run(
                lambda: self.relaxation.descend(
                    SupernetGradient(self.supernet, search, self.microbatching.n_microbatches), 0
                )
            )
        if self.steps % 2:
            return self.update_weights(train, self.mixture)
        return self.update_weights(train, partial(self.networks.single_path, self._path()))

    def finish_epoch(self, search: DeviceSplit) -> None:
        """Score survivors, their offspring and draws from theta with the weights of now, and keep the best."""
        rng = self._rng()
        drawn = self.relaxation.propose(self.offspring, 0, rng)
        candidates = [self.survivors, drawn]
        if self.evolution and len(self.survivors):
            candidates.append(self._evolution(rng).propose(self.offspring, self.theta, self.uniform))
        together = np.unique(self.space.canonical(np.concatenate(candidates)), axis=0)
        together = together[self.space.is_feasible(together)]
        losses = self._scores(together, search)
        kept = np.argsort(losses, kind="stable")[: self.population]
        self.survivors, self.losses = together[kept], losses[kept]

    def discretize(self) -> Architecture:
        """Return the survivor of the smallest shared loss; before the first epoch the mode of theta."""
        return self.survivors[0] if len(self.survivors) else self._mode()

    def finalists(self) -> Architecture:
        """Return the architectures to train alone: the best survivors and the mode of theta, `(n, d)`."""
        best = self.survivors[: max(self.count - 1, 1)]
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
        """Take back what `state` returned."""
        self.relaxation.theta = state["theta"].numpy()
        self.survivors, self.losses = state["survivors"].numpy(), state["losses"].numpy()
        self.steps = state["steps"]

    def _rng(self) -> np.random.Generator:
        """Return a fresh generator, seeded from the searcher's own stream, so that a checkpoint need not keep it."""
        return np.random.default_rng(int(torch.randint(2**62, (), generator=self.generator)))

    def _mode(self) -> Architecture:
        return self.theta.argmax(axis=1).astype(np.int8)

    def _path(self) -> Architecture:
        """Return an architecture to train: bred by evolution or drawn from theta, by turns."""
        rng = self._rng()
        if self.evolution and len(self.survivors) and self.steps % 4 == 0:
            return self._evolution(rng).propose(1, self.theta, self.uniform)[0]
        return self.relaxation.propose(1, 0, rng)[0]

    def _evolution(self, rng: np.random.Generator) -> Evolution:
        history = History(self.space)
        evolution = Evolution(
            history,
            rng,
            population_size=self.population,
            crossover_prob=self.crossover,
            guided_mutation_prob=self.guidance,
        )
        for architecture, value in zip(self.survivors, self.losses, strict=True):
            history.add(architecture[None], np.array([[value]]))
            evolution.update()
        return evolution

    def _scores(self, architectures: Architecture, search: DeviceSplit) -> NDArray[np.float64]:
        return shared_losses(self.supernet, architectures, search.head(self.examples))
