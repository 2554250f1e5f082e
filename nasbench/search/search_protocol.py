"""How a benchmark is to be searched: everything that papers leave unsaid, said."""

from __future__ import annotations

from dataclasses import dataclass

from nasbench.errors import NasbenchError
from nasbench.search.ledger import Budget

REPEAT_POLICIES = ("retrain", "cache", "cache_isomorphic")
SEED_POLICIES = ("random", "mean")


@dataclass(frozen=True, kw_only=True)
class SearchProtocol:
    """The search side of a study.

    Attributes:
        objectives: names, the first is what single-objective algorithms minimise.
        split: split that answers the search.
        epochs: fidelities a query may ask for, ascending; a query that names none is answered at the last.
        training_seed: "random" (one of the trained seeds answers, fixed by run, architecture and repetition), "mean" (over the
            trained seeds), or the number of one seed.
        repeat_policy: "retrain" (an architecture queried again is trained again, with a new seed, and paid again), "cache" (it
            returns what it returned, free), "cache_isomorphic" (so does every architecture of equal function).
        budget: when a run ends.
    """

    objectives: tuple[str, ...]
    split: str
    epochs: tuple[int, ...]
    training_seed: str | int
    repeat_policy: str
    budget: Budget

    def __post_init__(self) -> None:
        if not self.objectives or len(set(self.objectives)) != len(self.objectives):
            raise NasbenchError(f"The objectives are {list(self.objectives)}; name at least one, each once.")
        if not self.epochs or list(self.epochs) != sorted(set(self.epochs)) or self.epochs[0] <= 0:
            raise NasbenchError(f"The epochs are {list(self.epochs)}; they should be positive and ascending.")
        if self.repeat_policy not in REPEAT_POLICIES:
            raise NasbenchError(
                f"The policy for repeated queries is {self.repeat_policy!r}; it should be one of {', '.join(REPEAT_POLICIES)}."
            )
        if isinstance(self.training_seed, str) and self.training_seed not in SEED_POLICIES:
            raise NasbenchError(
                f"The training seed is {self.training_seed!r}; it should be {' or '.join(SEED_POLICIES)} or a number."
            )
