"""An ensemble of small multilayer perceptrons in numpy, all members trained at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nasbench.baselines.adam import Adam
from nasbench.search.operation_counter import record
from nasbench.spaces.space import Floats

Weights = list[NDArray[np.float32]]


@dataclass(frozen=True)
class MlpEnsemble:
    """Ensemble of ReLU perceptrons that differ in their initial weights (Lakshminarayanan et al. 2017) and in the order of their
    mini-batches.

    Trained by Adam in single precision, all members in the same matrix products.

    Attributes:
        members: number of networks.
        width: units in a hidden layer.
        depth: hidden layers.
        steps: passes over the data.
        learning_rate: step size of Adam.
        batch_size: observations in a step of Adam; None for all of them, so that a pass is a step.
        decay: beta_1 and beta_2 of Adam.
        loss: "absolute" for the mean absolute error, "squared" for half the mean squared error.
        penalty: weight of half the sum of the squares of weights and biases, divided by the observations of a step.
        initial: "he" for normal weights of variance 2 / fan-in, "glorot" for uniform weights of variance 2 / (fan-in + fan-out).
        standardised: whether constant features are dropped and features and targets standardised before training.
    """

    members: int = 5
    width: int = 20
    depth: int = 2
    steps: int = 150
    learning_rate: float = 0.01
    batch_size: int | None = None
    decay: tuple[float, float] = (0.9, 0.999)
    loss: Literal["absolute", "squared"] = "absolute"
    penalty: float = 0.0
    initial: Literal["he", "glorot"] = "he"
    standardised: bool = True

    def predict_after_fit(self, inputs: Floats, targets: Floats, queries: Floats, rng: np.random.Generator) -> Floats:
        """Train from scratch on `(n, f)` and `(n,)`; predict `(m, f)` with every member, `(members, m)`."""
        record("train_networks", self.members * (self.steps * inputs.size + queries.size))
        if not self.standardised:
            weights = self._train(inputs.astype(np.float32), targets.astype(np.float32), rng)
            return forward(weights, queries.astype(np.float32))[-1][..., 0].astype(np.float64)
        varies = np.ptp(inputs, axis=0) > 0  # the deviation of equal fractions may be a rounding error above 0
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
        weights = [array for fan_in, fan_out in pairwise(sizes) for array in self._layer(fan_in, fan_out, rng)]
        # One array for all weights: Adam then makes a dozen calls a step instead of a dozen a layer.
        flat, weights = joined(weights)
        slope = np.empty_like(flat)
        adam = Adam([flat], self.learning_rate, self.decay)
        for _ in range(self.steps):
            for inputs, targets in self._batches(x, y, rng):
                np.concatenate([array.ravel() for array in gradients(weights, inputs, targets, self.loss)], out=slope)
                if self.penalty:
                    slope += np.float32(self.penalty / targets.shape[-1]) * flat
                adam.step([flat], [slope])
        return weights

    def _layer(self, fan_in: int, fan_out: int, rng: np.random.Generator) -> Weights:
        """Return the initial weights `(members, fan_in, fan_out)` and biases `(members, 1, fan_out)`, which are zero."""
        shape = (self.members, fan_in, fan_out)
        if self.initial == "he":
            drawn = rng.standard_normal(shape, dtype=np.float32) * np.float32((2.0 / fan_in) ** 0.5)
        else:
            drawn = (2 * rng.random(shape, dtype=np.float32) - 1) * np.float32((6.0 / (fan_in + fan_out)) ** 0.5)
        return [drawn, np.zeros((self.members, 1, fan_out), np.float32)]

    def _batches(
        self, x: NDArray[np.float32], y: NDArray[np.float32], rng: np.random.Generator
    ) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Yield the batches of one pass: everything, or for each member in an order of its own `(members, b, f)` and `(members, b)`."""
        if self.batch_size is None:
            yield x, y
            return
        order = rng.random((self.members, len(y))).argsort(axis=1)
        for first in range(0, len(y), self.batch_size):
            rows = order[:, first : first + self.batch_size]
            yield x[rows], y[rows]


def joined(arrays: Weights) -> tuple[NDArray[np.float32], Weights]:
    """Return one flat array that holds the arrays, and views of it in their shapes."""
    flat = np.concatenate([array.ravel() for array in arrays])
    ends = np.cumsum([array.size for array in arrays])
    return flat, [flat[end - array.size : end].reshape(array.shape) for array, end in zip(arrays, ends, strict=True)]


def forward(weights: Weights, x: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Return activations after every layer, each `(members, n, units)`; the last is linear."""
    activations: list[NDArray[np.float32]] = []
    here = x
    for layer in range(0, len(weights), 2):
        here = np.matmul(here, weights[layer])
        here += weights[layer + 1]
        if layer + 2 < len(weights):
            np.maximum(here, 0, out=here)
        activations.append(here)
    return activations


def gradients(
    weights: Weights, x: NDArray[np.float32], y: NDArray[np.float32], loss: Literal["absolute", "squared"] = "absolute"
) -> Weights:
    """Return the gradient of each member's loss, in the order of `weights`.

    `x` is `(n, f)` and `y` is `(n,)`, the same for all members, or both have a leading axis of members.
    """
    activations = forward(weights, x)
    residual = activations[-1] - y[..., None]
    slope = (np.sign(residual) if loss == "absolute" else residual) / np.float32(y.shape[-1])
    result: Weights = []
    for layer in range(len(activations) - 1, -1, -1):
        below = activations[layer - 1] if layer else np.broadcast_to(x, (len(slope), *x.shape[-2:]))
        result = [np.matmul(below.transpose(0, 2, 1), slope), slope.sum(axis=1, keepdims=True), *result]
        if layer:
            slope = np.matmul(slope, weights[2 * layer].transpose(0, 2, 1)) * (below > 0)
    return result
