"""Exact hitting times of the (1+1)-EA on a complete table.

Sorted by fitness an elitist chain is triangular, so E_x = (1 + sum over better y of q_xy E_y) / sum over better y of
q_xy is solved by forward substitution (theory of absorbing chains; Kemeny and Snell 1960). Mutation
changes every decision on its own, so the proposal matrix is a Kronecker product of d small ones: its product with a
vector costs N times the sum of the cardinalities instead of N squared. The substitution therefore goes by blocks of
states: one Kronecker product for all that lies before the block, one dense triangular solve within it. All terms are
non-negative: nothing cancels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from nasbench.errors import NasbenchError
from nasbench.search.operation_counter import record
from nasbench.theory.exact.landscape import Landscape
from nasbench.theory.exact.random_search import check_count

MAX_STATES = 200_000
"""Largest space that the exact solvers accept; beyond it, simulate (`nasbench.theory.exact.simulation`)."""

BLOCK = 128

Floats = NDArray[np.float64]


def refuse_large(landscape: Landscape) -> None:
    """Raise NasbenchError where the exact solvers would take too long."""
    if landscape.size > MAX_STATES:
        raise NasbenchError(
            f"A space of {landscape.size:,} architectures is too large for the exact solvers, which take up to "
            f"{MAX_STATES:,}; simulate it instead (nasbench.theory.exact.simulation, same algorithms, same total order)."
        )


@dataclass(frozen=True)
class Mutation:
    """Standard bit-wise mutation generalised to choices: each decision changes with probability `rate`, uniformly.

    Attributes:
        cardinalities: number of choices of each decision.
        rate: probability that a decision changes; 1/d is the usual one.
    """

    cardinalities: tuple[int, ...]
    rate: float

    @classmethod
    def standard(cls, landscape: Landscape) -> Mutation:
        """Return mutation at rate 1/d."""
        return cls(landscape.cardinalities, 1 / landscape.decisions)

    def apply(self, vectors: Floats) -> Floats:
        """Return Q @ vectors for the symmetric proposal matrix Q; `vectors` has shape (N, m), mixed-radix order."""
        record("apply", vectors.size * sum(self.cardinalities))
        out = vectors
        columns = vectors.shape[1]
        inner = len(vectors) * columns
        for k in self.cardinalities:
            inner //= k
            block = out.reshape(-1, k, inner)
            # (1 - p) I + p / (k - 1) (J - I), applied along one decision
            off = self.rate / (k - 1) if k > 1 else 0.0
            out = (1 - self.rate - off) * block + off * block.sum(axis=1, keepdims=True)
        return out.reshape(len(vectors), columns)

    def probabilities(self, rows: NDArray[np.int8], columns: NDArray[np.int8]) -> Floats:
        """Return the proposal probabilities between architectures, shape (len(rows), len(columns))."""
        record("probabilities", len(rows) * len(columns) * len(self.cardinalities))
        out = np.ones((len(rows), len(columns)))
        for decision, k in enumerate(self.cardinalities):
            off = self.rate / (k - 1) if k > 1 else 0.0
            same = rows[:, decision, None] == columns[None, :, decision]
            out *= np.where(same, 1 - self.rate, off)
        return out


@dataclass(frozen=True)
class HittingTime:
    """Moments of the number of evaluations until a target is evaluated, the first evaluation included.

    Attributes:
        mean: from each start, shape (N,), mixed-radix order.
        second_moment: from each start, shape (N,).
        leave: probability that one step of the chain leaves each state, shape (N,); 0 at the best architecture.
    """

    mean: Floats
    second_moment: Floats
    leave: Floats

    @property
    def uniform_mean(self) -> float:
        """Mean from a uniformly drawn start."""
        return float(self.mean.mean())

    @property
    def uniform_variance(self) -> float:
        """Variance from a uniformly drawn start."""
        return float(self.second_moment.mean() - self.mean.mean() ** 2)


def hitting_time(landscape: Landscape, targets: int = 1, mutation: Mutation | None = None) -> HittingTime:
    """Return the moments of the (1+1)-EA's hitting time of the `targets` best architectures.

    The algorithm accepts a mutant that is better in the landscape's total order (Droste, Jansen and Wegener 2002 for
    bits). With S the steps after the first evaluation, E_x[S] and E_x[S^2] obey
    l_x E_x[S] = 1 + sum_{y better} q_xy E_y[S] and l_x E_x[S^2] = 2 E_x[S] - 1 + sum_{y better} q_xy E_y[S^2].

    Raises:
        NasbenchError: the space is too large, or there are not between 1 and N targets.
    """
    refuse_large(landscape)
    check_count(landscape.size, targets, "targets")
    mutation = mutation or Mutation.standard(landscape)
    order, architectures = landscape.order, landscape.architectures
    # columns: 1 on all better states, first and second moment of the steps on them
    known = np.zeros((landscape.size, 3))
    known[order[:targets], 0] = 1.0
    leave = np.zeros(landscape.size)
    leave[order[:targets]] = np.nan
    for start in range(targets, landscape.size, BLOCK):
        block = order[start : start + BLOCK]
        before = mutation.apply(known)[block]
        within = np.tril(mutation.probabilities(architectures[block], architectures[block]), -1)
        rate = before[:, 0] + within.sum(axis=1)
        system = np.diag(rate) - within
        record("solve_triangular", 2 * len(system) ** 2)
        first = solve_triangular(system, 1 + before[:, 1], lower=True)
        second = solve_triangular(system, 2 * first - 1 + before[:, 2], lower=True)
        # E[S^2] with S = 1 + S' w.p. stay: l E[S^2] = 1 + 2 (stay E_x[S] + sum q E_y[S]) + sum q E_y[S^2], and the
        # bracket is E_x[S] - 1
        known[block] = np.stack([np.ones(len(block)), first, second], axis=1)
        leave[block] = rate
    mean, square = known[:, 1], known[:, 2]
    return HittingTime(1 + mean, 1 + 2 * mean + square, leave)
