"""Candidate selection: from what an operator proposes to the one architecture that is evaluated next."""

from __future__ import annotations

import copy
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nasbench.hybrid.enumeration import EnumeratedSpace, enumerate_space
from nasbench.hybrid.fidelity_ladder import FidelityLadder
from nasbench.hybrid.multi_objective_surrogate import Posterior
from nasbench.hybrid.search_space_pruning import ActiveChoices
from nasbench.search.history import History
from nasbench.spaces.space import Architectures, Floats, Ints

REJECTION_SAMPLES = 64
"""Uniform architectures among which an unevaluated one is looked for, where the space is not enumerated."""
ASCENT_BEAM_WIDTH = 2
"""Architectures from which each step of the ascent looks at all neighbours."""


class Scorer(Protocol):
    """What candidates are scored by: the surrogate, or a batch rule."""

    def posterior(self, architectures: Architectures, /) -> Posterior:
        """Return the posterior of feasible architectures `(n, d)`."""
        ...

    def posterior_enumerated(self, positions: Ints | NDArray[np.bool_], /) -> Posterior:
        """Return the posterior of enumerated architectures, by their positions or a mask."""
        ...

    def acquisition(self, posterior: Posterior, /) -> Floats:
        """Return the acquisition value of each architecture, `(n,)`; larger is better."""
        ...


class CandidateSelection:
    """Chooses among candidates, and never one that has been evaluated at every fidelity.

    Args:
        history: the archive of the run.
        surrogate: scores candidates; None takes the first.
        active_choices: choices that candidates may use.
        ladder: fidelities that architectures climb.
        ascent_steps: most steps of ascent on the acquisition value where the space cannot be enumerated.
        n_incumbents: evaluated architectures whose neighbours are candidates there.

    Attributes:
        open: which of the enumerated architectures may still be evaluated, `(n,)`; empty without an enumeration.
    """

    def __init__(
        self,
        history: History,
        *,
        surrogate: Scorer | None,
        active_choices: ActiveChoices,
        ladder: FidelityLadder,
        ascent_steps: int,
        n_incumbents: int,
    ) -> None:
        self.history = history
        self.active_choices = active_choices
        self._space = history.space
        self._surrogate = surrogate
        self._ladder = ladder
        self._ascent_steps = ascent_steps
        self._incumbents = n_incumbents
        self._pending: set[bytes] = set()
        self.open: NDArray[np.bool_] = np.ones(0 if self.enumeration is None else len(self.enumeration), dtype=bool)

    @property
    def enumeration(self) -> EnumeratedSpace | None:
        """Return what there is to choose from, where the space is small enough."""
        return enumerate_space(self._space, self.history.merge_isomorphic)

    def copy(self) -> CandidateSelection:
        """Return a copy, which may be told what is pending."""
        twin = copy.copy(self)
        twin._pending = self._pending.copy()
        twin.open = self.open.copy()
        return twin

    def score_by(self, scorer: Scorer) -> None:
        """Score candidates by something else from now on."""
        self._surrogate = scorer

    def add_pending(self, architecture: Architectures) -> None:
        """Close the class of an architecture `(d,)` that has no result yet."""
        self._pending.update(self.history.keys(architecture[None]))
        if self.enumeration is not None:
            self.open[self.enumeration.representative_of[self._space.index(architecture)]] = False

    def best(self, candidates: Architectures) -> Architectures | None:
        """Return the open candidate of `(n, d)` with the highest acquisition value; without a surrogate the first one."""
        candidates = self._eligible(candidates)
        if not len(candidates):
            return None
        if self._surrogate is None:
            return candidates[0]
        return candidates[int(self._surrogate.acquisition(self._surrogate.posterior(candidates)).argmax())]

    def best_enumerated(self) -> Architectures | None:
        """Return the same among all that are enumerated."""
        assert self._surrogate is not None and self.enumeration is not None
        architectures = self.enumeration.architectures
        active = self.active_choices
        eligible = self.open if active.is_full else self.open & active.contains(architectures)
        positions = np.flatnonzero(eligible)
        if not len(positions):
            return None
        best = int(self._surrogate.acquisition(self._surrogate.posterior_enumerated(positions)).argmax())
        return self._as_evaluated(architectures[positions[best]])

    def neighbours_of_incumbents(self, rng: np.random.Generator) -> Architectures:
        """Return all one-decision neighbours of the incumbents, `(n, d)`: of the best evaluated architectures, or of some of the front."""
        one_objective = self.history.objectives.shape[1] == 1
        rows = self.history.best(self._incumbents) if one_objective else rng.permutation(self.history.front())
        incumbents = self.history.architectures[rows[: self._incumbents]]
        return self._space.neighbours(incumbents).reshape(-1, self._space.d)

    def hill_climb(self, pool: Architectures) -> Architectures | None:
        """Return the open architecture of the highest acquisition value that steepest ascent finds from the best of a pool `(n, d)`.

        Each step scores all one-decision neighbours of the `ASCENT_BEAM_WIDTH` best of the step before; the ascent ends where none is
        better, or after `ascent_steps`.
        """
        best, highest = None, -np.inf
        for _ in range(self._ascent_steps + 1):
            pool = self._eligible(pool)
            if not len(pool):
                break
            assert self._surrogate is not None
            value = self._surrogate.acquisition(self._surrogate.posterior(pool))
            beam = pool[np.argsort(-value, kind="stable")[:ASCENT_BEAM_WIDTH]]
            if value.max() <= highest:
                break
            best, highest = beam[0], float(value.max())
            pool = self._space.neighbours(beam).reshape(-1, self._space.d)
        return best

    def uniform(self, rng: np.random.Generator) -> Architectures | None:
        """Draw uniformly from what is open where it is enumerated; else from architectures, by rejection."""
        if self.enumeration is not None:
            places = np.flatnonzero(self.open)
            if not len(places):
                return None
            return self._as_evaluated(self.enumeration.architectures[places[rng.integers(len(places))]])
        candidates = self._space.sample(rng.random((REJECTION_SAMPLES, self._space.d)))
        return next(
            (a for a, key in zip(candidates, self.history.keys(candidates), strict=True) if self._is_open(key)), None
        )

    def rung(self, architecture: Architectures) -> int:
        """Return the rung of the ladder at which an architecture `(d,)` is evaluated next; above its top when it is through."""
        return self._ladder.next_rung(self.history.keys(architecture[None])[0])

    def update(self, architecture: Architectures) -> None:
        """Close an architecture `(d,)` that was just added to the history, if it has climbed the whole ladder."""
        if self.enumeration is not None and self.rung(architecture) > self._ladder.top:
            self.open[self.enumeration.representative_of[self._space.index(architecture)]] = False

    def _is_open(self, key: bytes) -> bool:
        """Return whether a class may be evaluated now: it has not climbed the whole ladder, and is not pending."""
        return key not in self._pending and self._ladder.next_rung(key) <= self._ladder.top

    def _as_evaluated(self, architecture: Architectures) -> Architectures:
        """Return the isomorphic architecture that was evaluated before, at a lower fidelity; else the architecture itself."""
        if not self._ladder.top:
            return architecture
        first = self.history.first(self.history.keys(architecture[None])[0])
        return architecture if first is None else first

    def _eligible(self, candidates: Architectures) -> Architectures:
        """Return the candidates that are feasible, active and open, each class once, in their order."""
        candidates = candidates[self._space.is_feasible(candidates)]
        if not self.active_choices.is_full:
            candidates = candidates[self.active_choices.contains(candidates)]
        first: dict[bytes, int] = {}
        for position, key in enumerate(self.history.keys(candidates)):
            first.setdefault(key, position)
        closed = self._pending
        open_rows = {k: i for k, i in first.items() if k not in closed and (k not in self.history or self._is_open(k))}
        kept = candidates[list(open_rows.values())]
        # With one fidelity, what is open has not been evaluated.
        if self._ladder.top > 0:
            for row, key in enumerate(open_rows):
                evaluated = self.history.first(key)
                kept[row] = kept[row] if evaluated is None else evaluated
        return kept
