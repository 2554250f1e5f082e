"""What searches by a predictor share: random architectures first, then again and again the best of a pool of candidates."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nasbench.baselines.bananas import mutations
from nasbench.search.history import History
from nasbench.search.observations import RunObservations
from nasbench.search.problem import Problem
from nasbench.spaces.space import Architectures, Floats, Space

ATTEMPTS = 20
"""Draws of an initial design that may all be known before the predictor is used instead, as where a space is used up."""


class PredictorSearch:
    """An initial design, then batches of the candidates that a predictor ranks first.

    Subclasses define the candidates and their scores. With workers that come back one by one, the members of a batch are proposed one
    by one, and the next batch is ranked by what is known then.

    Args:
        problem: the benchmark.
        rng: the run's generator.
        n_initial_samples: random architectures at the start, all different; those that are told before count as well.
        batch_size: architectures evaluated between two trainings of the predictor.
        merge_isomorphic: whether an architecture counts as evaluated if one of equal canonical form is.
    """

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        n_initial_samples: int,
        batch_size: int,
        *,
        merge_isomorphic: bool = False,
    ) -> None:
        self.space = problem.space
        self.rng = rng
        self.history = History(self.space, len(problem.objectives), merge_isomorphic=merge_isomorphic)
        self._n_initial_samples, self._batch_size = n_initial_samples, batch_size
        self._ranking, self._left = self.history.architectures, 0

    def candidates(self) -> Architectures:
        """Return architectures that are not in the history, `(m, d)`; none if there are none left."""
        raise NotImplementedError

    def scores(self, candidates: Architectures) -> Floats:
        """Train the predictor on the history and return the score of each candidate, smaller is better: `(m, d)` to `(m,)`."""
        raise NotImplementedError

    def ask(self) -> Architectures:
        """Propose `(B, d)`: what is missing of the initial design, or a batch; none if no candidate is new."""
        missing = self._n_initial_samples - len(self.history)
        return self.ask_many(missing if missing > 0 else self._batch_size, self.history.architectures[:0])

    def ask_many(self, count: int, pending: Architectures) -> Architectures:
        """Propose at most `count` architectures beside those that are pending, `(P, d)`.

        A ranking serves until a batch of it is proposed, whether at once or one by one; then the predictor is trained again.
        """
        missing = min(count, self._n_initial_samples - len(self.history) - len(pending))
        for _ in range(ATTEMPTS if missing > 0 else 0):
            drawn = self._without(self.space.sample(self.rng.random((missing, self.space.d))), pending)
            if len(drawn):
                return drawn
        if not len(self.history):
            return self.history.architectures
        ready = self._without(self._ranking, pending)[: min(count, self._left)]
        if not len(ready):
            self._rank(pending)
            ready = self._ranking[: min(count, self._left)]
        self._left -= len(ready)
        return ready

    def _rank(self, pending: Architectures) -> None:
        """Rank new candidates, of which a batch is to be proposed; where there are no more than that, in their order."""
        pool = self._without(self.candidates(), pending)
        if len(pool) > self._batch_size:
            pool = pool[np.argsort(self.scores(pool), kind="stable")]
        self._ranking, self._left = pool, min(self._batch_size, len(pool))

    def tell(self, observations: RunObservations) -> None:
        """Store the observations."""
        self.history.add_new(observations)

    def _without(self, architectures: Architectures, pending: Architectures) -> Architectures:
        """Return those that are neither in the history nor pending."""
        new = self.history.unseen(architectures)
        taken = set(self.history.keys(pending))
        return new[[key not in taken for key in self.history.keys(new)]] if taken else new


def children_of_best(
    history: History,
    mutate: Callable[[Architectures], Architectures],
    n_parents: int,
    number: int,
    rng: np.random.Generator,
) -> Architectures:
    """Return new children of the best architectures in turn, `(m, d)`: `number` are drawn of each parent until `number` are new.

    So naszilla and NPENAS do (`get_candidates`). The last parent's children are all kept, so there may be more than `number`.
    Where all are known, one-decision mutations of the best are tried, then double mutations, and so on (`mutations`).
    """
    pool = history.architectures[:0]
    for parent in history.architectures[history.best(n_parents)]:
        if len(pool) >= number:
            break
        pool = history.unseen(np.concatenate([pool, mutate(np.tile(parent, (number, 1)))]))
    return pool if len(pool) else mutations(history.space, history, n_parents, number, rng)


def mutate_each_decision(
    space: Space, architectures: Architectures, probability: float, rng: np.random.Generator
) -> Architectures:
    """Change every decision with that probability to another choice, uniform over the others: `(n, d)` to `(n, d)`.

    Where that leaves the space, as many of the space's own mutations are made one after the other instead.
    """
    other = (rng.random(architectures.shape) * (space.cardinalities - 1)).astype(np.int8)
    other += other >= architectures
    changed = rng.random(architectures.shape) < probability
    children = np.where(changed, other, architectures)
    outside = ~space.is_feasible(children)
    children[outside] = architectures[outside]
    due = np.where(outside, changed.sum(axis=1), 0)
    while due.any():
        children[due > 0] = space.mutate(children[due > 0], rng.random((int((due > 0).sum()), 2)))
        due -= due > 0
    return children
