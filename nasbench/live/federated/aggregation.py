"""Server aggregation: arithmetic mean of weights, normalised geometric mean of distributions.

Let every client take one exponentiated-gradient step from the same theta, theta_k = theta exp(-eta g_k) / Z_k. Then
prod_k theta_k^(p_k) = theta exp(-eta sum_k p_k g_k) / const, and row-wise normalisation removes the constant: this mean
is the exponentiated-gradient step along the mean gradient. It minimises sum_k p_k KL(theta || theta_k), so it is to
mirror descent under entropy what the arithmetic mean is to gradient descent.
`nasbench.theory.families.gradient.federated` holds the proof.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nasbench.errors import NasbenchError

Array = NDArray[np.floating]


def normalized(weights: ArrayLike) -> NDArray[np.float64]:
    """Return positive weights divided by their sum, or raise NasbenchError."""
    values = np.asarray(weights, dtype=np.float64)
    if values.ndim != 1 or not len(values) or not np.all(np.isfinite(values)) or not np.all(values > 0):
        raise NasbenchError("The weights of a mean should be positive numbers, one for each client.")
    return values / values.sum()


def weighted_mean(arrays: Sequence[Array], weights: ArrayLike) -> Array:
    """Return sum_k p_k a_k, computed in double precision in the order given, in the type of the arrays.

    Args:
        arrays: K arrays of one shape.
        weights: `(K,)`, positive; they need not sum to one.
    """
    total = np.zeros(arrays[0].shape)
    for array, share in zip(arrays, normalized(weights), strict=True):
        total += share * array
    return total.astype(arrays[0].dtype)


def geometric_mean_on_simplex(thetas: Sequence[Array], weights: ArrayLike) -> Array:
    """Return prod_k theta_k^(p_k), normalised row by row: a point of the same product of simplices.

    Args:
        thetas: K points `(n, k)`, padded with zeros; entries that are not padding should be positive in all of them,
            else they are zero in the mean.
        weights: `(K,)`, positive; they need not sum to one.

    Raises:
        NasbenchError: if a row has no entry that is positive in all points, since its mean is not defined then.
    """
    total = np.zeros(thetas[0].shape)
    with np.errstate(divide="ignore"):
        for theta, share in zip(thetas, normalized(weights), strict=True):
            total += share * np.log(theta.astype(np.float64))
    greatest = total.max(axis=-1, keepdims=True)
    if np.any(np.isneginf(greatest)):
        raise NasbenchError("The points have no choice in common in some row; their geometric mean is not defined.")
    mass = np.exp(total - greatest)
    return (mass / mass.sum(axis=-1, keepdims=True)).astype(thetas[0].dtype)
