"""The constant liar: proposals while results are pending, of an optimizer that is made for one at a time.

Source: Ginsbourger, Le Riche and Carraro 2010, "Kriging is well-suited to parallelize optimization", section 4.2.2 (algorithm 2): each
pending point is given an invented result, the lie, and the criterion is maximised as if it had been observed. Their lies are the mean,
the maximum and the minimum of the results so far; the worst spreads proposals out, the best draws them together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from nasbench.search.observations import Observations, join
from nasbench.search.problem import Problem
from nasbench.search.single_run import Proposal, SingleRun
from nasbench.spaces.space import Floats

_SUMMARY: Mapping[str, Callable[..., Floats]] = {"mean": np.mean, "worst": np.max, "best": np.min}


class ConstantLiar:
    """Asks copies of an optimizer that are told lies; the optimizer itself learns true results alone.

    Args:
        problem: of one run.
        lie: "mean", "worst" or "best".
    """

    def __init__(self, problem: Problem, lie: str) -> None:
        self._problem = problem
        self._summary = _SUMMARY[lie]
        self._objectives: dict[int, _Rows] = {}
        self._seconds: dict[int, _Rows] = {}
        self._constrained = _Rows()
        self._lies: dict[int, tuple[Floats, float]] = {}

    def learn(self, observations: Observations) -> None:
        """Take note of true results, from which lies are computed."""
        self._lies.clear()
        seen = observations.objectives if observations.unpenalised is None else observations.unpenalised
        for position in np.flatnonzero(observations.answered[0]):
            if observations.constraint_values is not None:
                self._constrained.append(observations.constraint_values[0, position])
            epochs = int(observations.epochs[0, position])
            self._objectives.setdefault(epochs, _Rows()).append(seen[0, position])
            self._seconds.setdefault(epochs, _Rows()).append(observations.charged_seconds[0, position])

    def ask(self, optimizer: SingleRun, batches: Sequence[Sequence[tuple[Observations, bool]]]) -> list[Proposal]:
        """Return what a copy of the optimizer proposes after results and lies.

        Args:
            optimizer: it is neither told nor asked anything; the copy shares its random numbers.
            batches: for each batch that it has not been told, its queries with whether the result is back; those that are not are lied about.
        """
        copied = optimizer.copy()
        for batch in batches:
            copied.tell(join([query if is_back else self._lie_about(query) for query, is_back in batch]))
        return copied.ask()

    def _lie_about(self, query: Observations) -> Observations:
        """Return a pending query `(1, 1)` with an invented result; objectives that are free of charge are told truly.

        Results after other numbers of epochs count where there are none after its own, and without any the lie is 0.
        """
        objectives, seconds = np.zeros(query.objectives.shape), 0.0
        if self._objectives:
            objectives[0, 0], seconds = self._summarise(int(query.epochs[0, 0]))
        cheap = np.array(self._problem.cheap)
        if cheap.any():
            objectives[..., cheap] = self._problem.facts(query.architectures)
        lie = replace(
            query,
            objectives=objectives,
            charged_seconds=np.full_like(query.charged_seconds, seconds),
            training_seed=np.full_like(query.training_seed, -1),
        )
        if query.constraint_values is None:
            return lie
        limits = self._problem.limits
        # What is measured is lied about, too: it is the mean so far and, without any, just within the limit.
        mean = np.mean(self._constrained.rows, axis=0) if len(self._constrained.rows) else limits.bounds
        values = np.where(limits.is_known, query.constraint_values, mean)
        return limits.judge(objectives, values).added_to(lie)

    def _summarise(self, epochs: int) -> tuple[Floats, float]:
        """Return the lie about objectives, `(M,)`, and the mean seconds; computed again when a result is back, not for each proposal."""
        if epochs not in self._lies:
            counted = [epochs] if epochs in self._objectives else list(self._objectives)
            objectives = np.concatenate([self._objectives[one].rows for one in counted])
            seconds = np.concatenate([self._seconds[one].rows for one in counted])
            # Of all results at once, since a running mean is rounded otherwise than numpy's, which adds in pairs.
            self._lies[epochs] = self._summary(objectives, axis=0), float(np.mean(seconds))
        return self._lies[epochs]


class _Rows:
    """Rows of numbers, all of one shape, to which one is added at a time, in constant time on average."""

    def __init__(self) -> None:
        self._held = np.empty(0)
        self._n = 0

    @property
    def rows(self) -> Floats:
        """Those that were added, in order, `(n, ...)`."""
        return self._held[: self._n]

    def append(self, row: Floats | float) -> None:
        """Add one."""
        if self._n == len(self._held):
            longer = np.empty((2 * self._n + 16, *np.shape(row)))
            longer[: self._n] = self._held.reshape(self._n, *np.shape(row))
            self._held = longer
        self._held[self._n] = row
        self._n += 1
