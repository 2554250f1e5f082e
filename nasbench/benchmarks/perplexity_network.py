"""The perplexity predictors of HW-GPT-Bench: small networks over the one-hot decisions, evaluated exactly.

Weights are rounded to multiples of 2^-24 and activations to multiples of 2^-18. No sum of a layer exceeds 2^10 for any architecture (checked
when a network is opened), so every product and every partial sum is exact in double precision: the same bits for one architecture or a
million, on any machine, in whatever order a library sums. What the rounding changes is less than single precision does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.spaces.hw_gpt_bench import FIRST_LAYER, HwGptBenchSpace
from nasbench.spaces.space import Architectures, Floats

LAYERS = 5
WEIGHT_STEP, ACTIVATION_STEP = 2.0**-24, 2.0**-18
LARGEST_SUM = 2.0 ** (53 - 24 - 18 - 1)
"""Up to here multiples of both steps are exact, with a bit to spare."""
AT_ONCE = 4096


class PerplexityNetwork:
    """A predictor: fully connected layers with rectifiers between, from the decisions of `HwGptBenchSpace` to a perplexity.

    Args:
        space: of the architectures.
        arrays: `fc1.weight` `(outputs, inputs)`, `fc1.bias` and so on.

    Raises:
        NasbenchError: if the arrays are no network of the space, or one of its sums may be too large to be exact.
    """

    def __init__(self, space: HwGptBenchSpace, arrays: Mapping[str, np.ndarray]) -> None:
        self.space = space
        self._layers = [_layer(arrays, number) for number in range(1, LAYERS + 1)]
        inputs, outputs = int(space.cardinalities.sum()), [len(bias) for _, bias in self._layers]
        shapes = [weight.shape for weight, _ in self._layers]
        if shapes != list(zip([inputs, *outputs], outputs, strict=False)) or outputs[-1] != 1:
            raise NasbenchError(f"The layers {shapes} are no network of {space.name}, which has {inputs} inputs.")
        if max(self.largest_sums()) >= LARGEST_SUM:
            raise NasbenchError(f"The weights of the network of {space.name} are too large for exact sums.")

    def __call__(self, architectures: Architectures) -> Floats:
        """Return the predicted perplexity, `(..., d)` to `(...)`."""
        flat = architectures.reshape(-1, self.space.d)
        parts = [self._predict(flat[first : first + AT_ONCE]) for first in range(0, max(len(flat), 1), AT_ONCE)]
        return np.concatenate(parts).reshape(architectures.shape[:-1])

    def _predict(self, architectures: Architectures) -> Floats:
        values = self._inputs(architectures)
        *hidden, (weight, bias) = self._layers
        for matrix, offset in hidden:
            values = np.rint(np.maximum(values @ matrix + offset, 0.0) / ACTIVATION_STEP) * ACTIVATION_STEP
        return (values @ weight + bias)[:, 0]

    def _inputs(self, architectures: Architectures) -> Floats:
        """One-hot decisions, zero for those without effect, `(n, d)` to `(n, inputs)`."""
        effect = np.repeat(self.space.has_effect(architectures), self.space.cardinalities, axis=-1)
        return self.space.one_hot(architectures) * effect

    def largest_sums(self) -> list[float]:
        """Return for each layer a bound on the magnitude of every partial sum, for all architectures."""
        weight, bias = self._layers[0]
        groups = np.split(weight, np.cumsum(self.space.cardinalities)[:-1])
        optional = [FIRST_LAYER <= i < self.space.d - 1 for i in range(self.space.d)]
        high = bias + sum(_extreme(np.max, group, zero) for group, zero in zip(groups, optional, strict=True))
        low = bias + sum(_extreme(np.min, group, zero) for group, zero in zip(groups, optional, strict=True))
        bounds = [float((np.abs(bias) + sum(np.abs(group).max(axis=0) for group in groups)).max())]
        for weight, bias in self._layers[1:]:
            high, low = np.maximum(high, 0.0) + ACTIVATION_STEP, np.maximum(low, 0.0)
            bounds.append(float((high @ np.abs(weight) + np.abs(bias)).max()))
            up, down = np.maximum(weight, 0.0), np.minimum(weight, 0.0)
            high, low = high @ up + low @ down + bias, low @ up + high @ down + bias
        return bounds


def _layer(arrays: Mapping[str, np.ndarray], number: int) -> tuple[Floats, Floats]:
    weight, bias = (np.asarray(arrays[f"fc{number}.{part}"], dtype=np.float64) for part in ("weight", "bias"))
    return np.ascontiguousarray(_rounded(weight.T)), _rounded(bias)


def _rounded(values: Floats) -> Floats:
    return np.rint(values / WEIGHT_STEP) * WEIGHT_STEP


def _extreme(of: Callable[..., Any], group: Floats, zero: bool) -> Floats:
    found = np.asarray(of(group, axis=0))
    return np.asarray(of(np.stack([found, np.zeros_like(found)]), axis=0) if zero else found)
