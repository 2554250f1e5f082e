"""An ensemble of small multilayer perceptrons in numpy, all members trained at once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nasbench.baselines.adam import Adam
from nasbench.search.operation_counter import record
from nasbench.spaces.space import Floats

Weights = list[NDArray[np.float32]]


@dataclass(frozen=True)
class MlpEnsemble:
    """Ensemble of ReLU perceptrons that differ only in their initial weights (Lakshminarayanan et al. 2017).

    Trained on the mean absolute error of the standardised target by Adam on the full batch; single precision.

    Attributes:
        members: number of networks.
        width: units in a hidden layer.
        depth: hidden layers.
        steps: steps of Adam.
        learning_rate: step size of Adam.
    """

    members: int = 5
    width: int = 20
    depth: int = 2
    steps: int = 150
    learning_rate: float = 0.01

    def predict_after_fit(self, inputs: Floats, targets: Floats, queries: Floats, rng: np.random.Generator) -> Floats:
        """Train from scratch on `(n, f)` and `(n,)`; predict `(m, f)` with every member, `(members, m)`.

        Constant features are dropped, and targets are standardised for training.
        """
        record("train_networks", self.members * (self.steps * inputs.size + queries.size))
        varies = inputs.std(axis=0) > 0
        if not varies.any() or targets.std() == 0:
            return np.full((self.members, len(queries)), targets.mean())
        centre, scale = targets.mean(), targets.std()
        offset, spread = inputs[:, varies].mean(axis=0), inputs[:, varies].std(axis=0)
        x = ((inputs[:, varies] - offset) / spread).astype(np.float32)
        weights = self._train(x, ((targets - centre) / scale).astype(np.float32), rng)
        q = ((queries[:, varies] - offset) / spread).astype(np.float32)
        return forward(weights, q)[-1][..., 0].astype(np.float64) * scale + centre

    def _train(self, x: NDArray[np.float32], y: NDArray[np.float32], rng: np.random.Generator) -> Weights:
        sizes = [x.shape[1], *[self.width] * self.depth, 1]
        weights: Weights = []
        for fan_in, fan_out in pairwise(sizes):
            drawn = rng.standard_normal((self.members, fan_in, fan_out), dtype=np.float32)
            weights += [drawn * np.float32((2.0 / fan_in) ** 0.5), np.zeros((self.members, 1, fan_out), np.float32)]
        adam = Adam(weights, self.learning_rate)
        for _ in range(self.steps):
            adam.step(weights, gradients(weights, x, y))
        return weights


def forward(weights: Weights, x: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Return activations after every layer, each `(members, n, units)`; the last is linear."""
    activations: list[NDArray[np.float32]] = []
    here = x
    for layer in range(0, len(weights), 2):
        here = np.matmul(here, weights[layer]) + weights[layer + 1]
        if layer + 2 < len(weights):
            np.maximum(here, 0, out=here)
        activations.append(here)
    return activations


def gradients(weights: Weights, x: NDArray[np.float32], y: NDArray[np.float32]) -> Weights:
    """Return the gradient of each member's mean absolute error, in the order of `weights`."""
    activations = forward(weights, x)
    slope = np.sign(activations[-1] - y[:, None]) / np.float32(len(y))
    result: Weights = []
    for layer in range(len(activations) - 1, -1, -1):
        below = activations[layer - 1] if layer else np.broadcast_to(x, (len(slope), *x.shape))
        result = [np.matmul(below.transpose(0, 2, 1), slope), slope.sum(axis=1, keepdims=True), *result]
        if layer:
            slope = np.matmul(slope, weights[2 * layer].transpose(0, 2, 1)) * (below > 0)
    return result
