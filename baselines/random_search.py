"""Random search, with and without replacement."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.ranges import count
from nasbench.search.observations import Observations
from nasbench.search.optimizer import Lockstep
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.spaces.space import Architectures


class RandomSearch:
    """Uniform random architectures.

    Source: Bergstra and Bengio 2012; for NAS Li and Talwalkar 2019, Yu et al. 2020. It uses no objective, free of charge or not.

    Args:
        problem: the benchmark.
        streams: one random stream per run.
        replacement: whether an architecture may be drawn again; without, a run is a random permutation of the space.
        batch_size: architectures per call; affects only the speed, not the results.
    """

    ASYNCHRONOUS = True

    def __init__(
        self,
        problem: Problem,
        streams: Streams,
        *,
        replacement: bool = True,
        batch_size: Annotated[int, count(10_000)] = 64,
    ) -> None:
        self._space = problem.space
        self._streams = streams
        self._batch = batch_size
        self._order: np.ndarray | None = None
        self._next = 0
        if not replacement:
            if not self._space.is_enumerable:
                raise NasbenchError(
                    f"Random search without replacement needs a space that can be listed; {self._space.name!r} has {self._space.size:.1e} architectures."
                )
            everything = self._space.index(self._space.all)
            self._order = np.stack([streams.generator(r).permutation(everything) for r in range(len(streams))])

    def ask(self) -> Architectures:
        """Propose `(R, batch, d)`; fewer, and finally none, when the space is exhausted."""
        if self._order is not None:
            ahead = self._order[:, self._next : self._next + self._batch]
            self._next += ahead.shape[1]
            return self._space.from_index(ahead)
        if self._space.is_enumerable:
            # One number picks an architecture.
            uniform = self._streams.uniform(self._batch)
            return self._space.all[(uniform * self._space.size).astype(np.int64)]
        uniform = self._streams.uniform(self._batch * self._space.d)
        return self._space.sample(uniform.reshape(-1, self._batch, self._space.d))

    def tell(self, observations: Observations) -> None:
        """Ignore the observations."""


OPTIMIZER = Lockstep(RandomSearch, objectives="many")
