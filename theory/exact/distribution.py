"""Distribution of the (1+1)-EA's hitting time: the distribution over architectures is propagated through the Markov
chain step by step.

One step moves mass only to better architectures, so states sorted by rank are cut into segments: mass that leaves a
segment for any better one goes by one Kronecker product a segment, mass that moves within one by a small dense
matrix. States whose mass has become negligible are dropped, and what is dropped is accounted for: it bounds the error
of every probability returned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError
from nasbench.theory.exact.elitist import Floats, Mutation, hitting_time
from nasbench.theory.exact.landscape import Landscape

Ints = NDArray[np.intp]

SEGMENT = 512
NEGLIGIBLE = 1e-12
DENSE = 3_000
"""Once so few states carry mass, their transition matrix is kept and multiplied directly."""

REVIEW = 64
"""Steps after which the dense matrix is cut to the states that still carry mass."""


@dataclass(frozen=True)
class HittingLaw:
    """P(T <= t) for t = 1, 2, ..., up to the horizon.

    Attributes:
        cdf: shape (horizon,); entry t - 1 belongs to t evaluations. A lower bound on the truth.
        error: greatest amount by which an entry may be too small.
    """

    cdf: Floats
    error: float

    def quantile(self, probability: float) -> int:
        """Return the least t with P(T <= t) >= probability.

        Raises:
            NasbenchError: the horizon is too short for it.
        """
        if not probability <= self.cdf[-1]:
            raise NasbenchError(
                f"P(T <= {len(self.cdf)}) is {self.cdf[-1]:.4f}: take a longer horizon for {probability}."
            )
        return int(np.searchsorted(self.cdf, probability)) + 1


def hitting_law(
    landscape: Landscape,
    targets: int = 1,
    horizon: int = 10_000,
    mutation: Mutation | None = None,
    start: Floats | None = None,
) -> HittingLaw:
    """Return the law of the number of evaluations until the (1+1)-EA evaluates one of the `targets` best.

    Args:
        landscape: the table.
        targets: how many of the best count as found.
        horizon: greatest number of evaluations of interest.
        mutation: rate 1/d where None.
        start: probabilities of the first architecture, shape (N,); uniform where None.

    Raises:
        NasbenchError: as `hitting_time`, or a horizon below one.
    """
    if horizon < 1:
        raise NasbenchError(f"The horizon must be at least one evaluation, not {horizon}.")
    mutation = mutation or Mutation.standard(landscape)
    leave = np.nan_to_num(hitting_time(landscape, targets, mutation).leave)
    first = np.full(landscape.size, 1 / landscape.size) if start is None else start
    by_rank = landscape.order
    mass = first[by_rank].copy()
    hit = mass[:targets].sum()
    mass[:targets] = 0
    cdf = np.empty(horizon)
    cdf[0] = hit
    within: dict[int, Floats] = {}
    dense, aim = np.empty((0, 0)), np.empty(0)
    for t in range(1, horizon):
        if dense.size and t % REVIEW == 0:
            kept = mass > NEGLIGIBLE
            if kept.any() and kept.mean() < 0.8:
                dense, aim, mass = dense[np.ix_(kept, kept)], aim[kept], mass[kept]
        elif not dense.size and (mass > NEGLIGIBLE).sum() <= DENSE:
            kept = mass > NEGLIGIBLE
            dense, aim = _matrix(landscape, mutation, by_rank[kept], leave, by_rank[:targets])
            mass = mass[kept]
        if dense.size:
            hit += float(aim @ mass)
            mass = dense @ mass
        else:
            gained, mass = _push(landscape, mutation, mass, leave, targets, within)
            hit += gained
        cdf[t] = hit
    return HittingLaw(cdf, max(0.0, 1 - hit - float(mass.sum())))


def _matrix(
    landscape: Landscape, mutation: Mutation, states: Ints, leave: Floats, targets: Ints
) -> tuple[Floats, Floats]:
    """Return the transition matrix among `states` (best first; mass comes from the right) and their chance to hit."""
    own = landscape.architectures[states]
    dense = np.triu(mutation.probabilities(own, own), 1)
    np.fill_diagonal(dense, 1 - leave[states])
    goal = np.zeros((landscape.size, 1))
    goal[targets] = 1
    return dense, mutation.apply(goal)[states, 0]


def _push(
    landscape: Landscape, mutation: Mutation, mass: Floats, leave: Floats, targets: int, within: dict[int, Floats]
) -> tuple[float, Floats]:
    """Advance the mass (by rank) one step on the full space; return what has hit a target, and the rest."""
    by_rank, size = landscape.order, landscape.size
    busy = [s for s in range(0, size, SEGMENT) if mass[s : s + SEGMENT].max() > NEGLIGIBLE]
    columns = np.zeros((size, len(busy)))
    for column, s in enumerate(busy):
        columns[by_rank[s : s + SEGMENT], column] = mass[s : s + SEGMENT]
    proposed = mutation.apply(columns)[by_rank]
    onward = mass * (1 - leave[by_rank])
    for column, s in enumerate(busy):
        onward[:s] += proposed[:s, column]
        segment = slice(s, min(s + SEGMENT, size))
        if s not in within:
            own = landscape.architectures[by_rank[segment]]
            within[s] = np.triu(mutation.probabilities(own, own), 1)
        onward[segment] += within[s] @ mass[segment]
    gained = float(onward[:targets].sum())
    onward[:targets] = 0
    return gained, onward
