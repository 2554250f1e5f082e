"""How many trainings run at once in a simulated search: workers that come back one by one, or batches with a barrier."""

from __future__ import annotations

from dataclasses import dataclass

from nasbench.errors import NasbenchError, unknown_name
from nasbench.ranges import as_plain, count

LIES = ("mean", "worst", "best")
"""What stands for the result of a pending training in a constant liar: the mean, the worst or the best result so far."""
MOST_MACHINES = 10_000
"""Largest number of workers, or of proposals in a batch."""


@dataclass(frozen=True, kw_only=True)
class Parallelism:
    """Simulated machines of one run.

    Attributes:
        workers: number of asynchronous workers: one that is free is given the next proposal at once.
        batch_size: number of machines with a barrier: as many proposals are trained, and all have been answered before the next are
            made; None for asynchronous workers.
        lie: one of `LIES`, for optimizers that have no batch rule of their own; see `nasbench.search.constant_liar`.

    Raises:
        NasbenchError: if a number is out of range, both numbers are given, or the lie is unknown.
    """

    workers: int = 1
    batch_size: int | None = None
    lie: str = LIES[0]

    def __post_init__(self) -> None:
        object.__setattr__(self, "workers", as_plain(self.workers))
        object.__setattr__(self, "batch_size", as_plain(self.batch_size))
        for what, number in (("number of workers", self.workers), ("batch size", self.machines)):
            if number not in count(MOST_MACHINES):
                raise NasbenchError(
                    f"The {what} is {number!r}; it should be a whole number from 1 to {MOST_MACHINES:,}."
                )
        if self.workers > 1 and self.batch_size is not None:
            raise NasbenchError(
                "Both workers and batch_size are given; choose workers, which come back one by one, or batches with a barrier."
            )
        if self.lie not in LIES:
            raise unknown_name("lie", self.lie, LIES)

    @property
    def machines(self) -> int:
        """Number of trainings that run at once."""
        return self.workers if self.batch_size is None else self.batch_size

    @property
    def is_simulated(self) -> bool:
        """Whether the search is simulated with a clock; otherwise it is sequential, one training after the other."""
        return self.workers > 1 or self.batch_size is not None
