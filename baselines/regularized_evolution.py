"""Regularized evolution (Real, Aggarwal, Huang and Le, AAAI 2019, algorithm 1)."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.ranges import Text, count
from nasbench.search.observations import Observations
from nasbench.search.optimizer import Lockstep
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.search.search_ranges import IntRange
from nasbench.spaces.space import Architectures, Floats


class RegularizedEvolution:
    """Ageing evolution: the best of a random sample is mutated, and the child replaces the oldest member.

    Defaults are those of the NATS-Bench experiments (AutoDL-Projects `exps/NATS-algos/run-all.sh`: population 10, sample 3, drawn
    with replacement, as in the paper's algorithm 1); the paper has 100 and 25, naszilla 30 and 10. "REA" is two algorithms in the
    literature: `mutation="uniform"` picks an edge uniformly (NASLib), `mutation="node-first"` a node and then an incoming edge
    (AutoDL-Projects). Whatever is told joins the population as the youngest, proposed or not.

    On several workers it is in steady state, as the paper runs it: a free worker draws a parent from the population as it
    stands, and whatever comes back replaces the oldest member, in the order of its coming.

    Args:
        problem: the benchmark.
        streams: one random stream per run.
        population_size: P, size of the population.
        tournament_size: S, members drawn with replacement to select a parent; ties are won by the first drawn.
        mutation: which decision a mutation changes, one of the space's `mutations`; numbers of a `MixedSpace` are categories to
            "uniform", and move by one level with "step".
    """

    ASYNCHRONOUS = True

    def __init__(
        self,
        problem: Problem,
        streams: Streams,
        *,
        population_size: Annotated[int, count(10_000), IntRange(5, 60, log=True)] = 10,
        tournament_size: Annotated[int, count(10_000), IntRange(1, 20)] = 3,
        mutation: Annotated[str, Text("the name of a mutation of the space")] = "uniform",
    ) -> None:
        if mutation not in problem.space.mutations:
            raise NasbenchError(
                f"Space {problem.space.name!r} has no mutation {mutation!r}; it has {', '.join(problem.space.mutations)}."
            )
        self._space = problem.space
        self._streams = streams
        self._tournament_size = tournament_size
        self._mutation = mutation
        self._population = np.zeros((len(streams), population_size, self._space.d), dtype=np.int8)
        self._error = np.full((len(streams), population_size), np.inf)
        self._n_evaluated = np.zeros(len(streams), dtype=np.int64)
        self._row = np.arange(len(streams))

    def ask(self) -> Architectures:
        """Propose one architecture per run, `(R, 1, d)`: random until the population is full, then a mutated parent."""
        full = self._n_evaluated >= self._population.shape[1]
        if full.all():
            return self._child(self._streams.uniform(self._tournament_size + 2))[:, None]
        fresh = self._space.sample(self._streams.uniform(self._space.d, ~full))
        if full.any():
            child = self._child(self._streams.uniform(self._tournament_size + 2, full))
            fresh = np.where(full[:, None], child, fresh)
        return fresh[:, None]

    def _child(self, uniform: Floats) -> Architectures:
        """Return a mutated parent of each run, `(R, d)`, from uniform numbers `(R, tournament + 2)`."""
        size = self._population.shape[1]
        drawn = (uniform[:, : self._tournament_size] * size).astype(np.int64)
        drawn += self._row[:, None] * size
        best = self._error.reshape(-1).take(drawn).argmin(axis=1)
        parent = self._population.reshape(-1, self._space.d).take(drawn[self._row, best], axis=0)
        return self._space.mutate(parent, uniform[:, self._tournament_size :], self._mutation)

    def tell(self, observations: Observations) -> None:
        """Replace the oldest member by each new one."""
        size = self._population.shape[1]
        members, errors = self._population.reshape(-1, self._space.d), self._error.reshape(-1)
        for b in range(observations.answered.shape[1]):
            told: Any = observations.answered[:, b]
            if told.all():
                told = slice(None)  # nothing is copied where every run is told
            oldest = (self._row * size + self._n_evaluated % size)[told]
            members[oldest] = observations.architectures[told, b]
            errors[oldest] = observations.objectives[told, b, 0]
            self._n_evaluated[told] += 1


OPTIMIZER = Lockstep(RegularizedEvolution)
