"""Components of the hybrid for its claims: adversarial ones, which the claims cover, and mutants, which violate them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.hybrid.candidate_selection import CandidateSelection
from nasbench.hybrid.evolution import Evolution
from nasbench.hybrid.fidelity_ladder import FidelityLadder
from nasbench.hybrid.search_space_pruning import ActiveChoices
from nasbench.spaces.space import Architectures, Floats


class AdversarialEvolution(Evolution):
    """An operator that knows the targets and avoids them: it proposes `others`, `(n, d)`, as long as one is open."""

    def __init__(self, *arguments: Any, others: Architectures, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.others = others

    def propose(self, n: int, theta: Floats, uniform: Floats) -> Architectures:
        """Return all non-target architectures."""
        return self.others


class AdversarialChoices(ActiveChoices):
    """Active choices from which every choice of a target `(d,)` is pruned for good."""

    def __init__(self, allowed: NDArray[np.bool_], *, target: Architectures, **settings: Any) -> None:
        super().__init__(allowed, **settings)
        for decision, choice in enumerate(target):
            self.drop(decision, int(choice))

    def record_outcome(self, improved: bool) -> bool:
        """Restore nothing."""
        return False


class ActiveOnlyMutant(CandidateSelection):
    """A mutant whose uniform draws are confined to the active choices."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        assert self.enumeration is not None
        self.open &= self.active_choices.contains(self.enumeration.architectures)


class NoMemoryMutant(FidelityLadder):
    """A mutant without memory of evaluations, so that no architecture is ever closed."""

    def next_rung(self, key: bytes) -> int:
        """Return the lowest rung."""
        return 0


class SkippingLadder(FidelityLadder):
    """A mutant that skips the rungs between the lowest and the top."""

    def next_rung(self, key: bytes) -> int:
        """Return the lowest rung, then the top."""
        reached = self.history.rung(key)
        return 0 if reached < 0 else self.top if reached < self.top else self.top + 1


class StubbedRng(np.random.Generator):
    """A generator that returns a known integer."""

    def __init__(self, number: int) -> None:
        super().__init__(np.random.PCG64(0))
        self.number = number

    def integers(self, *arguments: Any, **named: Any) -> Any:
        """Return the number, whatever the range."""
        return self.number
