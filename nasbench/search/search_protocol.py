"""Search protocol: all conventions of searching a benchmark, made explicit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nasbench.errors import NasbenchError
from nasbench.ranges import COUNT, as_names, as_plain
from nasbench.search.constraints import Constraint, as_constraints
from nasbench.search.ledger import Budget

REPEAT_POLICIES = ("retrain", "cache", "cache_isomorphic")
SEED_POLICIES = ("random", "mean")


def as_epochs(given: int | Iterable[int]) -> tuple[int, ...]:
    """Return numbers of epochs; one alone may stand for a list."""
    each = given if isinstance(given, Iterable) and not isinstance(given, str) else (given,)
    return tuple(as_plain(epochs) for epochs in each)


@dataclass(frozen=True, kw_only=True)
class SearchProtocol:
    """The search protocol of a study.

    Attributes:
        objectives: names, one alone also accepted as a text; single-objective algorithms minimise the first.
        split: split that queries are answered from.
        epochs: available fidelities, ascending, one alone also accepted as a number; the default is the last.
        training_seed: "random" (one of the available seeds, determined by run, architecture and repetition), "mean"
            (over the available seeds), or a seed.
        repeat_policy: "retrain" (a repeated query is a new training with a new seed, and is charged), "cache" (it
            returns the first result free of charge), "cache_isomorphic" (as "cache", for all architectures of an
            isomorphism class).
        budget: budget of a run.
        constraints: limits that an architecture must keep; also accepted as texts.
    """

    objectives: tuple[str, ...]
    split: str
    epochs: tuple[int, ...]
    training_seed: str | int
    repeat_policy: str
    budget: Budget
    constraints: tuple[Constraint, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "objectives", as_names("objectives", self.objectives))
        object.__setattr__(self, "epochs", as_epochs(self.epochs))
        object.__setattr__(self, "training_seed", as_plain(self.training_seed))
        object.__setattr__(self, "constraints", as_constraints(self.constraints))
        if not self.objectives or len(set(self.objectives)) != len(self.objectives):
            raise NasbenchError(f"The objectives are {list(self.objectives)}; name at least one, each once.")
        each_counts = all(epochs in COUNT for epochs in self.epochs)
        if not self.epochs or not each_counts or list(self.epochs) != sorted(set(self.epochs)):
            raise NasbenchError(
                f"The epochs are {list(self.epochs)}; they should be positive and ascending whole numbers."
            )
        if self.repeat_policy not in REPEAT_POLICIES:
            raise NasbenchError(
                f"The policy for repeated queries is {self.repeat_policy!r}; it should be one of {', '.join(REPEAT_POLICIES)}."
            )
        if isinstance(self.training_seed, str) and self.training_seed not in SEED_POLICIES:
            raise NasbenchError(
                f"The training seed is {self.training_seed!r}; it should be {' or '.join(SEED_POLICIES)} or a number."
            )

    @property
    def evaluated(self) -> tuple[str, ...]:
        """Names of what is evaluated of an architecture: the objectives, and further quantities of constraints."""
        return tuple(dict.fromkeys((*self.objectives, *(one.quantity for one in self.constraints))))
