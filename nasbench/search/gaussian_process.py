"""Gaussian-process regression from a kernel matrix: posterior, marginal likelihood, and growth by one observation.

Nothing here knows what the inputs are; a kernel matrix comes in. Sources: Rasmussen and Williams 2006, "Gaussian Processes for
Machine Learning", algorithm 2.1 (posterior and evidence by Cholesky) and section 2.2; Osborne 2010 for the sequential update.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.linalg.blas import dtrsm, dtrsv
from scipy.linalg.lapack import dpotrf

from nasbench.errors import NasbenchError
from nasbench.search.operation_counter import record
from nasbench.spaces.space import Floats

JITTER = 1e-9
"""Smallest conditional variance that a new observation is given, relative to its prior variance."""


def diagonal_of(matrix: Floats) -> Floats:
    """Return the diagonal of `(n, n)` as a view that can be written to, `(n,)`."""
    return np.einsum("ii->i", matrix)


def factorise(gram: Floats, noise: float | Floats) -> Floats:
    """Return the lower Cholesky factor of `gram + noise I`, `(t, t)`.

    Args:
        gram: kernel matrix of the observed inputs, `(t, t)`.
        noise: variance of the observations, one or `(t,)`.

    Raises:
        NasbenchError: if the sum is not positive definite.
    """
    record("dpotrf", len(gram) ** 3 / 3)
    total = np.array(gram, dtype=np.float64, order="F")
    diagonal_of(total)[:] += noise
    factor, failed = dpotrf(total, lower=1, clean=1, overwrite_a=1)
    if failed:
        raise NasbenchError(
            f"The kernel matrix of {len(total)} observations is not positive definite; add noise or drop repeated inputs."
        )
    return factor


def extend(factor: Floats, cross: Floats, diagonal: float | Floats) -> Floats:
    """Return the Cholesky factor after `n` more observations, in O(t^2 n): `(t, t)` to `(t + n, t + n)`.

    Args:
        factor: lower factor of the first `t`.
        cross: kernel between old and new observations, `(t, n)`.
        diagonal: kernel matrix of the new ones with their noise, `(n, n)`; a number if `n` is 1.
    """
    t, n = len(factor), cross.shape[1]
    below = whiten(factor, cross)
    rest = np.atleast_2d(diagonal) - below.T @ below
    diagonal_of(rest)[:] = np.maximum(np.diag(rest), JITTER * np.diag(np.atleast_2d(diagonal)))
    grown = np.zeros((t + n, t + n), order="F")
    grown[:t, :t] = factor
    grown[t:, :t] = below.T
    grown[t:, t:] = np.sqrt(rest) if n == 1 else factorise(rest, 0.0)
    return grown


def whiten(factor: Floats, right: Floats) -> Floats:
    """Solve `L z = right` for `right` of shape `(t,)` or `(t, m)`."""
    record("whiten", len(factor) * right.size)
    if not len(factor):
        return np.zeros(right.shape)
    if right.ndim == 1:
        return dtrsv(factor, right, lower=1)
    return dtrsm(1.0, factor, right, lower=1)


def weights(factor: Floats, targets: Floats) -> Floats:
    """Return `(L L^T)^-1 targets`, `(t,)` or `(t, m)`: the posterior mean at `x` is `k(x, X) @ weights`."""
    half = whiten(factor, targets)
    if not len(factor):
        return half
    if half.ndim == 1:
        return dtrsv(factor, half, lower=1, trans=1)
    return dtrsm(1.0, factor, half, lower=1, trans_a=1)


def posterior(factor: Floats, targets: Floats, cross: Floats, prior: Floats) -> tuple[Floats, Floats]:
    """Return the mean and variance of the latent function at `m` inputs, each `(m,)`; the prior mean is zero.

    Args:
        factor: from `factorise`, `(t, t)`.
        targets: observed values, `(t,)`.
        cross: kernel between observed and new inputs, `(t, m)`.
        prior: prior variance of the new inputs, `(m,)`.
    """
    white = whiten(factor, cross)
    return whiten(factor, targets) @ white, np.maximum(prior - np.einsum("tm,tm->m", white, white), 0.0)


def log_marginal_likelihood(factor: Floats, targets: Floats) -> float:
    """Return `log N(targets; 0, L L^T)`, Rasmussen and Williams equation 2.30."""
    half = whiten(factor, targets)
    return float(-0.5 * half @ half - np.log(np.diag(factor)).sum() - 0.5 * len(targets) * math.log(2 * math.pi))


def profile_likelihood(factor: Floats, targets: Floats) -> tuple[float, float]:
    """Return the log marginal likelihood at the best signal variance, and that variance.

    With `L L^T` the kernel matrix and noise in units of the signal variance, the best variance is `y^T K^-1 y / t`
    (Rasmussen and Williams section 5.4.1, set to zero).
    """
    t = len(targets)
    half = whiten(factor, targets)
    variance = max(float(half @ half) / t, np.finfo(float).tiny)
    log_likelihood = -0.5 * t * (math.log(2 * math.pi * variance) + 1.0) - np.log(np.diag(factor)).sum()
    return float(log_likelihood), variance
