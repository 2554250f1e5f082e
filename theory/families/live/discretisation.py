r"""What discretising a mixed cell costs, and the curvature of the search loss in the logits.

Let F(theta) be the loss of the mixed supernet, and let one row of theta, an edge, move along the segment to the vertex of its largest entry,
theta + s (e - theta). With g = dF / d theta of that row,

    |F(1) - F(0)| <= (1 - max_o theta_o) int_0^1 (max_o g_o(s) - min_o g_o(s)) ds :

the row moves by e - theta, whose entries sum to zero and whose positive part is 1 - max theta. Edge after edge this leads to the discrete
cell, whose loss is computed by itself with the same weights; the bounds add up to one of DARTS' discretisation gap. The integral of the
gradient along the segment is the gap itself.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray

from nasbench.live.searchers.gaea import Gaea
from nasbench.live.supernets.gradient import SupernetGradient
from nasbench.live.supernets.hypergradient import dominant_eigenvalue
from nasbench.live.supernets.supernet import vertex
from nasbench.live.training.metrics import loss
from nasbench.theory.families.live.small_search import SmallSearch, loss_at, small_search
from nasbench.theory.machinery.claim import Context, Verdict, all_at_most, at_most

Floats = NDArray[np.float64]


def trained(context: Context, name: str, instances: int) -> Iterator[tuple[SmallSearch, Floats]]:
    """Yield supernets after some steps of GAEA with a large rate, each with the point that was reached."""
    for i in range(instances):
        found = small_search(context.rng(f"{name}.{i}"), "gaea", {"arch_learning_rate": 3.0, "levels": 2}, batches=2)
        searcher = found.searcher
        assert isinstance(searcher, Gaea)
        for step in range(8):
            searcher.step(found.train[step % 2], found.search[step % 2])
        yield found, searcher.theta.numpy().astype(float)


def along(search: SmallSearch, theta: Floats, target: Floats, shares: Floats) -> Floats:
    """Return the gradient of the search loss that ships at shares of the segment, `(S, n, k)`."""
    points = theta + shares[:, None, None] * (target - theta)
    return SupernetGradient(search.searcher.supernet, search.search[0]).gradient(points)


@torch.no_grad()
def loss_of(search: SmallSearch, theta: Floats) -> float:
    """Return the loss of the mixed supernet on the batch of `along`."""
    return float(loss_at(search, search.search[0], torch.as_tensor(theta)))


@torch.no_grad()
def loss_of_cell(search: SmallSearch, architecture: NDArray[np.int8]) -> float:
    """Return the loss of a discrete cell, computed alone with the shared weights."""
    x, y = search.search[0]
    supernet = search.searcher.supernet
    return float(loss(supernet.shape, supernet.path(x, architecture), y))


def check_gap(context: Context, power: float = 1.0, instances: int = 2) -> Verdict:
    """Discretise the point of each search edge by edge, and compare each gap with its bound; a mutant raises the distance to a power."""
    nodes, weights = leggauss(6)
    seen, bounds, whole = [], [], []
    for search, theta in trained(context, "live.discretisation-gap", instances):
        architecture = search.searcher.discretize()
        corner = vertex(architecture, theta.shape[1]).numpy().astype(float)
        values = [loss_of(search, theta)]
        for edge in range(len(theta)):
            target = theta.copy()
            target[edge] = corner[edge]
            ranges = np.ptp(along(search, theta, target, (nodes + 1) / 2)[:, edge], axis=1)
            last = edge == len(theta) - 1
            values.append(loss_of_cell(search, architecture) if last else loss_of(search, target))
            seen.append(abs(values[-1] - values[-2]))
            bounds.append(float((1 - theta[edge].max()) ** power * (weights @ ranges) / 2))
            theta = target
        whole.append(f"{values[0]:.3g} to {values[-1]:.3g}")
    note = f"gap of an edge, the nearest to its bound; losses of the mixed and of the discrete cell: {', '.join(whole)}"
    return all_at_most(seen, bounds, vacuous_beyond=10.0, note=note)


def check_integral(context: Context, gradient: float = 1.0, instances: int = 2, points: int = 48) -> Verdict:
    """Compare the gap with the integral of the shipped gradient along the segment, relative to its total variation; a mutant scales it."""
    worst = 0.0
    nodes, weights = leggauss(points)
    for search, theta in trained(context, "live.discretisation-integral", instances):
        architecture = search.searcher.discretize()
        target = vertex(architecture, theta.shape[1]).numpy().astype(float)
        slopes = gradient * along(search, theta, target, (nodes + 1) / 2)
        rates = (slopes * (target - theta)).sum(axis=(1, 2))
        gap = loss_of_cell(search, architecture) - loss_of(search, theta)
        worst = max(worst, abs(weights @ rates / 2 - gap) / (weights @ np.abs(rates) / 2))
    return at_most(
        worst, 0.05, instances, note=f"relative to the variation of the loss; Gauss-Legendre of {points} points"
    )


def check_power_iteration(context: Context, steps: float = 1.0, instances: int = 2) -> Verdict:
    """Compare the eigenvalue that early stopping measures with its value from the whole spectrum of the Hessian in the logits.

    Over the eigenvectors the k-th product starts from sum_i c_i lambda_i^(k - 1) u_i, c_i the start. A mutant states another number of products.
    """
    worst, errors = 0.0, []
    for i in range(instances):
        search = small_search(context.rng(f"live.dominant-eigenvalue.{i}"), "darts", batches=1)
        logits = torch.log(search.searcher.architecture_probabilities()).requires_grad_()
        value = loss_at(search, search.search[0], torch.softmax(logits, dim=1))
        (slope,) = torch.autograd.grad(value, logits, create_graph=True)
        rows = [torch.autograd.grad(entry, logits, retain_graph=True)[0].reshape(-1) for entry in slope.reshape(-1)]
        hessian = torch.stack(rows).numpy()
        values, vectors = np.linalg.eigh((hessian + hessian.T) / 2)
        scaled, largest = values / np.abs(values).max(), float(values[np.abs(values).argmax()])
        start = torch.randn(logits.shape, generator=torch.Generator().manual_seed(i), dtype=logits.dtype)
        squares = (vectors.T @ start.reshape(-1).numpy()) ** 2
        for made in (1, 2, 4, 8, 20):
            power = 2 * (max(round(steps * made), 1) - 1)
            stated = float(squares * scaled**power @ values / (squares * scaled**power).sum())
            found = dominant_eigenvalue(value, logits, torch.Generator().manual_seed(i), made)
            worst = max(worst, abs(found - stated) / abs(largest))
        errors.append(f"{100 * abs(found - largest) / abs(largest):.2g} %")
    note = f"relative gap, 1 to 20 products; after 20 the largest eigenvalue is missed by {', '.join(errors)}"
    return at_most(worst, 1e-6, 5 * instances, note=note)
