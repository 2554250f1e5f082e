"""The (1+1) evolutionary algorithm on categorical decisions (Droste, Jansen and Wegener 2002; Doerr, Johannsen and Schmidt 2011)."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from nasbench.ranges import INSIDE
from nasbench.search.observations import Observations
from nasbench.search.optimizer import Lockstep
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.spaces.space import Architectures, Floats


class OnePlusOneEA:
    """One parent, one child, every decision mutated independently; the better of the two survives.

    The hitting times of this algorithm are computed by `nasbench.theory.exact`. A child may equal its parent, and is
    then queried again. Ties are resolved by the smaller index, so that acceptance follows a total order. Whatever is told
    competes with the parent, proposed or not.

    Args:
        problem: the benchmark.
        streams: one random stream per run.
        mutation_rate: probability that a decision changes, uniformly to another choice; None for 1 / d.
    """

    def __init__(
        self, problem: Problem, streams: Streams, *, mutation_rate: Annotated[float, INSIDE] | None = None
    ) -> None:
        self._space = problem.space
        self._rate = 1 / self._space.d if mutation_rate is None else mutation_rate
        self._streams = streams
        self._parent = np.zeros((len(streams), self._space.d), dtype=np.int8)
        self._error = np.full(len(streams), np.inf)
        self._begun = np.zeros(len(streams), dtype=bool)

    def ask(self) -> Architectures:
        """Propose one architecture per run, `(R, 1, d)`: random at first, then a mutated parent."""
        d = self._space.d
        if self._begun.all():
            return self._child(self._streams.uniform(2 * d))[:, None]
        fresh = self._space.sample(self._streams.uniform(d, ~self._begun))
        if self._begun.any():
            fresh = np.where(self._begun[:, None], self._child(self._streams.uniform(2 * d, self._begun)), fresh)
        return fresh[:, None]

    def _child(self, uniform: Floats) -> Architectures:
        """Return a mutated parent of each run, `(R, d)`, from uniform numbers `(R, 2 d)`."""
        d = self._space.d
        shift = 1 + (uniform[:, d:] * (self._space.cardinalities - 1)).astype(np.int64)
        child = (self._parent + shift) % self._space.cardinalities
        changed = np.where(uniform[:, :d] < self._rate, child, self._parent).astype(np.int8)
        # An infeasible child is discarded, and the parent is queried again.
        return np.where(self._space.is_feasible(changed)[:, None], changed, self._parent)

    def tell(self, observations: Observations) -> None:
        """Keep the child if it is better, or equal with a smaller index."""
        for b in range(observations.answered.shape[1]):
            child, error = observations.architectures[:, b], observations.objectives[:, b, 0]
            differing = (child != self._parent).argmax(axis=1)[:, None]
            smaller = (np.take_along_axis(child, differing, 1) < np.take_along_axis(self._parent, differing, 1))[:, 0]
            kept = observations.answered[:, b] & ((error < self._error) | ((error == self._error) & smaller))
            self._parent[kept], self._error[kept] = child[kept], error[kept]
            self._begun |= observations.answered[:, b]


OPTIMIZER = Lockstep(OnePlusOneEA)
