"""Numbers and lists in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def pluralize(number: int, noun: str, plural: str = "") -> str:
    """Return `1 run`, `2 runs`, `1 query`, `2 queries`; the plural is the noun with an s unless it is given."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def pluralize_any(numbers: Iterable[int], noun: str) -> str:
    """Return `1 run`, `20 runs`, `10 or 20 runs`: the numbers that occur, ascending."""
    *others, last = sorted(set(numbers))
    return join_names([*map(str, others), pluralize(last, noun)], "or")


def interval_name(alpha: float) -> str:
    """Return `95% CI` for an error rate of 0.05."""
    return f"{100.0 * (1.0 - alpha):.10g}% CI"


def level_name(alpha: float) -> str:
    """Return `5% level` for an error rate of 0.05."""
    return f"{100.0 * alpha:.10g}% level"


def format_range(first: float, last: float) -> str:
    """Return `5 to 7`, the lower one first, or `5` where both are written the same."""
    low, high = (f"{value:.4g}" for value in sorted((first, last)))
    return low if low == high else f"{low} to {high}"


def none_of(number: int, noun: str) -> str:
    """Return `none of 3 runs`, `the one run never`: a subject for what no run did."""
    return f"none of {pluralize(number, noun)}" if number > 1 else f"the one {noun} never"


def join_names(names: Sequence[str], last: str = "and") -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"
