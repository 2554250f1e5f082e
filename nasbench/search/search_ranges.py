"""Search ranges for hyperparameter tuning, declared in the annotation of a setting.

population_size: Annotated[int, count(10_000), IntRange(4, 40, log=True)] = 10
encoding: Annotated[Literal["paths", "one-hot"], Choice(("paths", "one-hot"))] = "paths"
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin

from nasbench.errors import NasbenchError
from nasbench.search.settings import default_settings, setting_hints


@dataclass(frozen=True)
class _Interval:
    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.log and self.low <= 0):
            raise NasbenchError(
                f"The search range {self} is empty; its low end should be below its high end, and above 0 on a logarithmic scale."
            )

    @property
    def values(self) -> tuple[float, ...]:
        """Return both ends, which the setting must allow."""
        return self.low, self.high


@dataclass(frozen=True)
class IntRange(_Interval):
    """Whole numbers from low to high, both included; `log` samples them on a logarithmic scale."""

    low: int
    high: int
    log: bool = False


@dataclass(frozen=True)
class FloatRange(_Interval):
    """Numbers from low to high; `log` samples them on a logarithmic scale."""


@dataclass(frozen=True)
class Choice:
    """One of several values, without an order."""

    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise NasbenchError("The search range Choice is empty; it should have one value at least.")


SearchRange = IntRange | FloatRange | Choice


def search_ranges(algorithm: Callable[..., Any]) -> Mapping[str, SearchRange]:
    """Return the search range of each setting that declares one."""
    hints = setting_hints(algorithm)
    found = {name: _find_range(hints.get(name)) for name in default_settings(algorithm)}
    return {name: range_ for name, range_ in found.items() if range_ is not None}


def _find_range(hint: Any) -> SearchRange | None:
    if get_origin(hint) is Annotated:
        return next((mark for mark in hint.__metadata__ if isinstance(mark, SearchRange)), None)
    return next((found for part in get_args(hint) if (found := _find_range(part)) is not None), None)
