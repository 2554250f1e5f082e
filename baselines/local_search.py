"""Local search with restarts (White, Nolen and Savani, UAI 2021; den Ottelander et al. 2021)."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from nasbench.ranges import count
from nasbench.search.observations import Observations
from nasbench.search.optimizer import Lockstep
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.search.search_ranges import Choice, IntRange
from nasbench.spaces.space import Architectures, Floats


class LocalSearch:
    """Hill climbing over one-decision neighbours, from a new random architecture after every local optimum.

    The default is the paper's algorithm (its algorithm 1: all neighbours, then the best). The authors' naszilla
    (`nas_algorithms.py`, `local_search`) has by default `improvement="first", n_initial_samples=10`, and
    `at_optimum="continue"` beside it where local search is compared with others (`params.py`, "simple_algos"). Difference: naszilla
    skips neighbours that it has evaluated before, so a climb ends where all better ones are known; here they are asked for again,
    which costs nothing under the repeat policy "cache".

    What is told without having been proposed counts too: where a start is due it is the start; a neighbour that was to come
    later has been looked at; and the climb moves to any other architecture that is better than where it stands.

    Args:
        problem: the benchmark.
        streams: one random stream per run.
        improvement: "best" evaluates all neighbours and moves to the best, "first" moves to the first that is better (naszilla:
            `query_full_nbhd`); neighbours come in random order.
        n_initial_samples: random architectures at every start, of which the best is climbed from (naszilla: `num_init`).
        at_optimum: "restart" starts anew where no neighbour is better; "continue" looks next around the best architecture so far
            that it has not looked around, after every neighbourhood or improvement (naszilla: `stop_at_minimum=False`).
    """

    NUMBERS = "in order"
    REPAIRED = True  # some neighbours are infeasible

    def __init__(
        self,
        problem: Problem,
        streams: Streams,
        *,
        improvement: Annotated[Literal["best", "first"], Choice(("best", "first"))] = "best",
        n_initial_samples: Annotated[int, count(10_000), IntRange(1, 20)] = 1,
        at_optimum: Annotated[Literal["restart", "continue"], Choice(("restart", "continue"))] = "restart",
    ) -> None:
        runs = len(streams)
        self._space = problem.space
        self._streams = streams
        self._first = improvement == "first"
        self._n_initial_samples = n_initial_samples
        self._continues = at_optimum == "continue"
        # In a space of few architectures each has fewer neighbours than one-decision changes. In one of numbers and conditions
        # an architecture that has fewer than others takes places in its neighbourhood itself, which are not looked at.
        self._count = self._space.neighbours(self._space.sample(np.zeros(self._space.d))).shape[-2]
        self._incumbent = np.zeros((runs, self._space.d), dtype=np.int8)
        self._incumbent_error = np.full(runs, np.inf)
        self._best = self._incumbent.copy()
        self._best_error = np.full(runs, np.inf)
        self._queue = np.zeros((runs, self._count, self._space.d), dtype=np.int8)
        self._end = np.full(runs, self._count)
        self._next = np.zeros(runs, dtype=np.int64)
        self._needs_restart = np.ones(runs, dtype=bool)
        self._drawn = np.zeros(runs, dtype=np.int64)
        self._told = 0
        # Of a search that continues: what it has evaluated, the best first, and what it has looked around.
        self._evaluated: list[list[tuple[float, int, bytes]]] = [[] for _ in range(runs)]
        self._looked_around: list[set[bytes]] = [set() for _ in range(runs)]
        self._row = np.arange(runs)

    def ask(self) -> Architectures:
        """Propose one architecture per run, `(R, 1, d)`: a starting point, or the next neighbour."""
        proposal = self._queue[self._row, np.minimum(self._next, self._count - 1)]
        if self._needs_restart.any():
            fresh = self._space.sample(self._streams.uniform(self._space.d, self._needs_restart))
            proposal = np.where(self._needs_restart[:, None], fresh, proposal)
        return proposal[:, None]

    def tell(self, observations: Observations) -> None:
        """Move, continue with the next neighbour, or restart."""
        for b in range(observations.answered.shape[1]):
            self._learn(observations.architectures[:, b], observations.objectives[:, b, 0], observations.answered[:, b])

    def _learn(self, architecture: Architectures, error: Floats, told: NDArray[np.bool_]) -> None:
        """Take note of one observation of each run that was told one: `(R, d)`, `(R,)` and `(R,)`."""
        started = self._needs_restart & told
        self._drawn[started] += 1
        if self._continues:
            for row in np.flatnonzero(told):
                heap = self._evaluated[row]
                heappush(heap, (float(error[row]), self._told, architecture[row].tobytes()))
            self._told += 1
        looked = self._bring_forward(architecture, ~self._needs_restart & told)
        self._next[looked] += 1
        better = looked & (error < self._best_error)
        self._best[better], self._best_error[better] = architecture[better], error[better]
        done = looked & ((self._next >= self._end) | (self._first & better))
        moved = self._reopen(done) if self._continues else done & (self._best_error < self._incumbent_error)
        self._incumbent[moved], self._incumbent_error[moved] = self._best[moved], self._best_error[moved]
        ready = started & (self._drawn >= self._n_initial_samples)
        elsewhere = told & ~started & ~looked
        jumped = (started & (self._drawn == 1)) | ((started | elsewhere) & (error < self._incumbent_error))
        self._incumbent[jumped], self._incumbent_error[jumped] = architecture[jumped], error[jumped]
        self._needs_restart = (self._needs_restart & ~ready) | (done & ~moved)
        self._drawn[done & ~moved] = 0
        arrived = ready | (jumped & elsewhere) | moved
        if arrived.any():
            self._look_around(arrived)

    def _reopen(self, done: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Take the best architecture that was not looked around in each run that is done; return in which there is one, `(R,)`."""
        found = np.zeros(len(done), dtype=bool)
        for row in np.flatnonzero(done):
            while self._evaluated[row] and not found[row]:
                error, _, key = heappop(self._evaluated[row])
                if key not in self._looked_around[row]:
                    self._best[row], self._best_error[row] = np.frombuffer(key, dtype=np.int8), error
                    found[row] = True
        return found

    def _bring_forward(self, architecture: Architectures, climbing: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return in which of the climbing runs an architecture is a neighbour that was not looked at yet, `(R,)`, and make it the next."""
        rows = self._row[climbing]
        due = self._queue[rows, self._next[rows]]
        found = climbing.copy()
        found[rows] = (due == architecture[rows]).all(axis=1)
        if found[rows].all():
            return found
        # An infeasible neighbour is observed as its repair.
        found[rows] |= (self._space.repair(due) == architecture[rows]).all(axis=1)
        for row in rows[~found[rows]]:
            ahead = np.flatnonzero((self._queue[row, self._next[row] :] == architecture[row]).all(axis=1))
            if len(ahead):
                swapped = self._next[row] + np.array([0, ahead[0]])
                self._queue[row, swapped] = self._queue[row, swapped[::-1]]
                found[row] = True
        return found

    def _look_around(self, arrived: np.ndarray) -> None:
        """Queue the neighbours of the current architecture in random order."""
        uniform = self._streams.uniform(self._count, arrived)[arrived]
        around = self._space.neighbours(self._incumbent[arrived])
        itself = (around == self._incumbent[arrived][:, None]).all(axis=-1)
        order = np.argsort(uniform + itself, axis=1)
        self._end[arrived] = self._count - itself.sum(axis=1)
        self._queue[arrived] = np.take_along_axis(around, order[..., None], axis=1)
        self._next[arrived] = 0
        if self._continues:
            for row in np.flatnonzero(arrived):
                self._looked_around[row].add(self._incumbent[row].tobytes())
        self._best_error[arrived] = self._incumbent_error[arrived]


OPTIMIZER = Lockstep(LocalSearch)
