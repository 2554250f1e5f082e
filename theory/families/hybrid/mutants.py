"""The hybrid with the worst that its parts could do, and generators and selections that are not what they should be."""

from __future__ import annotations

from typing import Any

import numpy as np
from nasbench.hybrid.progressive import Support
from numpy.typing import NDArray

from nasbench.hybrid.optimizer import Hybrid
from nasbench.spaces.space import Architectures, Space
from nasbench.theory.machinery.testbed import make_problem


class Adversary(Hybrid):
    """The hybrid with proposers that know the targets, and bring anything else that is open as long as there is any.

    Args:
        avoided: targets, `(K, d)`; where the search is progressive every choice of the first is dropped from the support for good.
        others: everything else, `(N - K, d)`.
        rng: random numbers of the run.
        space: the space.
        epochs: fidelities.
        settings: of the hybrid.
    """

    def __init__(
        self,
        avoided: Architectures,
        others: Architectures,
        rng: np.random.Generator,
        space: Space,
        epochs: tuple[int, ...] = (1,),
        **settings: Any,
    ) -> None:
        super().__init__(make_problem(space, 1, epochs), rng, surrogate=False, gradient=False, **settings)
        self._others = others
        if self._progressive:
            dropped = [(decision, int(choice)) for decision, choice in enumerate(avoided[0])]
            self._support = self._selection._support = AdversarialChoices(self._support.allowed, dropped)

    def _proposed_by(self, proposer: str, copy: int) -> Architectures | None:
        return self._selection.best(self._others)


class AdversarialChoices(Support):
    """A support that has dropped some choices and never takes them back."""

    def __init__(self, allowed: NDArray[np.bool_], dropped: list[tuple[int, int]]) -> None:
        super().__init__(allowed, patience=1, least=0.0, chance=0.0)
        self._dropped = dropped
        self.allowed[tuple(np.transpose(dropped))] = False

    def told(self, improved: bool) -> bool:
        """Nothing comes back."""
        return False


class NoMemoryMutant(Hybrid):
    """The mutant that never closes a function."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._selection.measured = lambda architecture, rung: self._told  # type: ignore[method-assign]


class StubbedRng(np.random.Generator):
    """A generator whose next integer is known."""

    def __init__(self, number: int) -> None:
        super().__init__(np.random.PCG64(0))
        self.number = number

    def integers(self, *arguments: Any, **named: Any) -> Any:
        """Return the number, whatever is asked for."""
        return self.number
