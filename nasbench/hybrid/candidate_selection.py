"""Candidate selection: from what an operator proposes to the one architecture that is evaluated next."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nasbench.hybrid.enumeration import EnumeratedSpace, enumerate_space
from nasbench.hybrid.fidelity_ladder import FidelityLadder
from nasbench.hybrid.multi_objective_surrogate import MultiObjectiveSurrogate
from nasbench.hybrid.search_space_pruning import ActiveChoices
from nasbench.search.history import History
from nasbench.spaces.space import Architectures

REJECTION_SAMPLES = 64
"""Uniform architectures among which an unevaluated one is looked for, where the space is not enumerated."""
ASCENT_BEAM_WIDTH = 2
"""Architectures from which each step of the ascent looks at all neighbours."""


class CandidateSelection:
    """Chooses among candidates, and never one that has been evaluated at every fidelity.

    Args:
        history: the archive of the run.
        surrogate: scores candidates; None takes the first.
        active_choices: choices that candidates may use.
        ladder: fidelities that architectures climb.
        ascent_steps: steps of ascent on the acquisition value where the space cannot be enumerated.

    Attributes:
        open: which of the enumerated architectures may still be evaluated, `(n,)`; empty without an enumeration.
    """

    def __init__(
        self,
        history: History,
        *,
        surrogate: MultiObjectiveSurrogate | None,
        active_choices: ActiveChoices,
        ladder: FidelityLadder,
        ascent_steps: int,
    ) -> None:
        self.history = history
        self.active_choices = active_choices
        self._space = history.space
        self._surrogate = surrogate
        self._ladder = ladder
        self._ascent_steps = ascent_steps
        self.open: NDArray[np.bool_] = np.ones(0 if self.enumeration is None else len(self.enumeration), dtype=bool)

    @property
    def enumeration(self) -> EnumeratedSpace | None:
        """Return what there is to choose from, where the space is small enough."""
        return enumerate_space(self._space, self.history.merge_isomorphic)

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
        if not eligible.any():
            return None
        best = int(self._surrogate.acquisition(self._surrogate.posterior_enumerated(eligible)).argmax())
        return self._as_evaluated(architectures[np.flatnonzero(eligible)[best]])

    def hill_climb(self, pool: Architectures) -> Architectures:
        """Return a pool `(n, d)`, with what steepest ascent over one-decision neighbours reaches from its best appended."""
        assert self._surrogate is not None
        pool = self._eligible(pool)
        found = [pool]
        for step in range(self._ascent_steps + 1):
            if not len(found[-1]):
                break
            value = self._surrogate.acquisition(self._surrogate.posterior(found[-1]))
            beam = found[-1][np.argsort(-value, kind="stable")[:ASCENT_BEAM_WIDTH]]
            if step < self._ascent_steps:
                found.append(self._eligible(self._space.neighbours(beam).reshape(-1, self._space.d)))
        return np.concatenate(found)

    def uniform(self, rng: np.random.Generator) -> Architectures | None:
        """Draw uniformly from what is open where it is enumerated; else from architectures, by rejection."""
        if self.enumeration is not None:
            places = np.flatnonzero(self.open)
            if not len(places):
                return None
            return self._as_evaluated(self.enumeration.architectures[places[rng.integers(len(places))]])
        candidates = self._space.sample(rng.random((REJECTION_SAMPLES, self._space.d)))
        return next((a for a in candidates if self.rung(a) <= self._ladder.top), None)

    def rung(self, architecture: Architectures) -> int:
        """Return the rung of the ladder at which an architecture `(d,)` is evaluated next; above its top when it is through."""
        return self._ladder.next_rung(self.history.keys(architecture[None])[0])

    def update(self, architecture: Architectures) -> None:
        """Close an architecture `(d,)` that was just added to the history, if it has climbed the whole ladder."""
        if self.enumeration is not None and self.rung(architecture) > self._ladder.top:
            self.open[self.enumeration.representative_of[self._space.index(architecture)]] = False

    def _as_evaluated(self, architecture: Architectures) -> Architectures:
        """Return the isomorphic architecture that was evaluated before, at a lower fidelity; else the architecture itself."""
        first = self.history.first(self.history.keys(architecture[None])[0])
        return architecture if first is None else first

    def _eligible(self, candidates: Architectures) -> Architectures:
        """Return the candidates that are feasible, active and open, each class once, in their order."""
        candidates = candidates[self._space.is_feasible(candidates)]
        if not self.active_choices.is_full:
            candidates = candidates[self.active_choices.contains(candidates)]
        kept: dict[bytes, Architectures] = {}
        for architecture, key in zip(candidates, self.history.keys(candidates), strict=True):
            if key not in kept and self._ladder.next_rung(key) <= self._ladder.top:
                first = self.history.first(key)
                kept[key] = architecture if first is None else first
        return np.array(list(kept.values()), dtype=np.int8).reshape(-1, self._space.d)
