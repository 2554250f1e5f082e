"""Gradients of the multilinear extension with respect to the relaxed architecture.

For `F(theta) = E_{x ~ theta} f(x)` with `theta` on a product of simplices, `dF / dtheta[e, o] = E[f(x) | x_e = o]`. The sources
here differ in what they know of `f`: all its values, a kernel expansion, a cheap evaluation, or observed samples alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from nasbench.search.simplex import sample
from nasbench.spaces.space import Architectures, Floats, Ints


class GradientSource(Protocol):
    """Gives the gradient at a product distribution."""

    def gradient(self, theta: Floats) -> Floats:
        """Return the gradient of `F` at `theta`, `(R, d, k)` to `(R, d, k)`; entries beyond a decision's cardinality mean nothing."""
        ...


@dataclass(frozen=True)
class EnumeratedGradient:
    """Exact gradient from the values of all architectures of a small space.

    Attributes:
        values: `f` at every combination in the order of the mixed-radix index, `(prod k_i,)`.
        cardinalities: `k_i`, `(d,)`.
    """

    values: Floats
    cardinalities: Ints

    def extension(self, theta: Floats) -> Floats:
        """Return `F(theta)`, `(R, d, k)` to `(R,)`."""
        results = []
        for one in theta:
            rest = self.values
            for decision, k in enumerate(self.cardinalities):
                rest = one[decision, :k] @ rest.reshape(k, -1)
            results.append(rest[0])
        return np.array(results)

    def gradient(self, theta: Floats) -> Floats:
        """Return `E[f(x) | x_e = o]` for every decision and choice."""
        result = np.zeros_like(theta)
        for one, gradient in zip(theta, result, strict=True):
            self._differentiate(self.values[:, None], one, gradient, 0, len(self.cardinalities))
        return result

    def _differentiate(self, values: Floats, theta: Floats, gradient: Floats, first: int, last: int) -> None:
        """Write the gradient in decisions `first` to `last` of what is left, `(prod k, 1)`, when all others have been averaged out.

        Halving the decisions shares the averaging among them: O(log d) passes over the table in place of d.
        """
        if last - first == 1:
            gradient[first, : self.cardinalities[first]] = values[:, 0]
            return
        middle = (first + last) // 2
        rows = int(np.prod(self.cardinalities[first:middle]))
        table = values.reshape(rows, -1)
        right = table @ _joint(theta[middle:last], self.cardinalities[middle:last])
        left = _joint(theta[first:middle], self.cardinalities[first:middle]) @ table
        self._differentiate(right[:, None], theta, gradient, first, middle)
        self._differentiate(left[:, None], theta, gradient, middle, last)


def _joint(theta: Floats, cardinalities: Ints) -> Floats:
    """Return the probability of every combination of some decisions, `(prod k_i,)`."""
    joint = np.ones(1)
    for one, k in zip(theta, cardinalities, strict=True):
        joint = (joint[:, None] * one[:k]).reshape(-1)
    return joint


@dataclass(frozen=True)
class ProductKernelGradient:
    """Exact gradient of `f(x) = sum_i a_i prod_e kappa_e(x_e, X_ie)`, `kappa_e` one where equal and `mismatch` elsewhere.

    The multilinear extension replaces each factor by its mean, `mismatch + (1 - mismatch) theta[e, X_ie]`, so it has a closed
    form on spaces of any size, in O(t d k).

    Attributes:
        weights: `a`, `(t,)`.
        centres: `X`, `(t, d)`.
        mismatch: in [0, 1].
    """

    weights: Floats
    centres: Architectures
    mismatch: float

    def _factors(self, theta: Floats) -> Floats:
        """Return the mean of each factor, `(R, t, d)`."""
        matched = theta[:, np.arange(theta.shape[1]), self.centres]
        # The sum is one on the simplex; with it the extension is multilinear everywhere.
        return self.mismatch * theta.sum(axis=-1)[:, None] + (1 - self.mismatch) * matched

    def extension(self, theta: Floats) -> Floats:
        """Return `F(theta)`, `(R, d, k)` to `(R,)`."""
        return self._factors(theta).prod(axis=-1) @ self.weights

    def gradient(self, theta: Floats) -> Floats:
        """Return `sum_i a_i kappa(o, X_ie) prod_{e' != e} factor_ie'`."""
        factors = self._factors(theta)
        before = np.cumprod(factors, axis=-1)
        after = np.cumprod(factors[..., ::-1], axis=-1)[..., ::-1]
        others = np.ones_like(factors)
        others[..., 1:] *= before[..., :-1]
        others[..., :-1] *= after[..., 1:]
        others *= self.weights[:, None]
        hit = self.centres[..., None] == np.arange(theta.shape[2])
        return self.mismatch * others.sum(axis=1)[..., None] + (1 - self.mismatch) * np.einsum(
            "rte,teo->reo", others, hit.astype(np.float64)
        )


@dataclass(frozen=True)
class ConditionalGradient:
    """Unbiased gradient of any function that is cheap to evaluate, from samples of `theta`, each decision set to each choice.

    Averaging over the other decisions alone is the Rao-Blackwell form of the score function, of never larger variance.

    Attributes:
        function: architectures `(n, d)` to values `(n,)`; asked at infeasible combinations too.
        cardinalities: `(d,)`.
        samples: draws from each distribution.
        rng: random numbers of these draws.
    """

    function: Callable[[Architectures], Floats]
    cardinalities: Ints
    samples: int
    rng: np.random.Generator

    def gradient(self, theta: Floats) -> Floats:
        """Return the mean over samples of `f(x with x_e := o)`."""
        d = len(self.cardinalities)
        decision = np.repeat(np.arange(d), self.cardinalities)
        choice = np.concatenate([np.arange(k) for k in self.cardinalities])
        result = np.zeros_like(theta)
        for one, gradient in zip(theta, result, strict=True):
            drawn = sample(one, self.rng.random((self.samples, d)))
            variants = np.repeat(drawn[:, None], len(decision), axis=1)
            variants[:, np.arange(len(decision)), decision] = choice
            values = self.function(variants.reshape(-1, d)).reshape(self.samples, -1)
            gradient[decision, choice] = values.mean(axis=0)
        return result


@dataclass(frozen=True)
class ScoreFunctionGradient:
    """Unbiased gradient from observed samples alone (Williams 1992, REINFORCE), up to a constant in each decision.

    Adding a constant to all choices of a decision moves no exponentiated-gradient step, and that is what the baseline does.

    Attributes:
        architectures: samples, `(n, d)`.
        values: observed there, `(n,)`.
        baseline: subtracted from the values.
    """

    architectures: Architectures
    values: Floats
    baseline: float = 0.0

    def gradient(self, theta: Floats) -> Floats:
        """Return the mean over samples of `(f - baseline) [x_e = o] / theta[e, o]`, as if they were all drawn from `theta`."""
        d, k = theta.shape[1:]
        chosen = theta[:, np.arange(d), self.architectures]
        scale = (self.values - self.baseline)[None, :, None] / np.maximum(chosen, np.finfo(float).tiny)
        hit = (self.architectures[..., None] == np.arange(k)).astype(np.float64)
        return np.einsum("rne,neo->reo", scale, hit) / len(self.values)
