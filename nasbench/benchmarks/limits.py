"""The constraints of a search on a benchmark, in terms of what its evaluator returns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from nasbench.benchmarks.views import View
from nasbench.search.constraints import NO_LIMITS, Limits
from nasbench.search.search_protocol import SearchProtocol


class EvaluatedQuantity(Protocol):
    """What `limits_of` needs to know of an objective."""

    @property
    def unit(self) -> str:
        """Unit of its values."""

    @property
    def cheap(self) -> bool:
        """Whether it is known free of charge."""

    @property
    def view(self) -> View:
        """How users see it."""


def limits_of(
    protocol: SearchProtocol,
    evaluated: Sequence[EvaluatedQuantity],
    extent: Callable[[int], tuple[float, float]],
) -> Limits:
    """Return the limits of a protocol.

    Args:
        protocol: the search protocol.
        evaluated: one for each name of `SearchProtocol.evaluated`.
        extent: smallest and largest value of the objective at a position; percentages end at 0 and 100 without being asked.
    """
    if not protocol.constraints:
        return NO_LIMITS
    return Limits.of(
        protocol.constraints,
        dict(zip(protocol.evaluated, (one.view for one in evaluated), strict=True)),
        [one.cheap for one in evaluated],
        [(0.0, 100.0) if one.unit == "%" else extent(m) for m, one in enumerate(evaluated[: len(protocol.objectives)])],
    )
