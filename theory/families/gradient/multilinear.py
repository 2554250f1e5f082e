"""The multilinear extension F(theta) = E_{x ~ theta} f(x) of a complete table, and its gradient, by tensor contraction."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError
from nasbench.theory.exact.landscape import Landscape

Floats = NDArray[np.float64]


def gain_tensor(landscape: Landscape) -> Floats:
    """Return the table as a tensor to be maximised, -error, shape (k, ..., k) with one axis per decision.

    Raises:
        NasbenchError: the decisions have different numbers of choices.
    """
    if len(set(landscape.cardinalities)) != 1:
        raise NasbenchError("The multilinear extension here needs the same number of choices for every decision.")
    return -landscape.values.reshape(landscape.cardinalities)


def gradient(tensor: Floats, theta: Floats) -> Floats:
    """Return dF/dtheta_{e,o} = E[f(x) | x_e = o], by halves: theta (n, k) to (n, k), a few passes over the tensor."""
    decisions = len(theta)
    if decisions == 1:
        return tensor[None, :]
    half = decisions // 2
    left = tensor
    for block in theta[: half - 1 : -1]:
        left = left @ block
    right = tensor
    for block in theta[:half]:
        right = np.tensordot(block, right, axes=(0, 0))
    return np.concatenate([gradient(left, theta[:half]), gradient(right, theta[half:])])


def extension(tensor: Floats, theta: Floats) -> float:
    """Return F(theta): theta of shape (n, k)."""
    value = tensor
    for block in theta:
        value = np.tensordot(block, value, axes=(0, 0))
    return float(value)


def cell_probabilities(theta: Floats) -> Floats:
    """Return P_theta(x) of every architecture in mixed-radix order: theta (n, k) to (k^n,)."""
    probability = np.ones(1)
    for block in theta:
        probability = np.multiply.outer(probability, block).ravel()
    return probability


def vertex(architecture: NDArray[np.integer], choices: int) -> Floats:
    """Return the vertex of the product of simplices at an architecture: (n,) to (n, k)."""
    return np.eye(choices)[architecture]


def dirichlet(rng: np.random.Generator, decisions: int, choices: int, concentration: float = 1.0) -> Floats:
    """Return a random point of the product of simplices, shape (n, k)."""
    return rng.dirichlet(np.full(choices, concentration), size=decisions)
