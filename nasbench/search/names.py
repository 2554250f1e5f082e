"""Names that packages register: one package, one name."""

from __future__ import annotations

from importlib.metadata import EntryPoint

from nasbench.errors import NasbenchError


def unique_by_name(points: list[EntryPoint]) -> dict[str, EntryPoint]:
    """Return the entry points by name.

    Raises:
        NasbenchError: if two different ones claim one name.
    """
    found: dict[str, EntryPoint] = {}
    for point in points:
        other = found.setdefault(point.name, point)
        if other.value != point.value:
            raise NasbenchError(
                f"Two packages register {point.name!r} ({other.value} and {point.value}); remove or rename one."
            )
    return found
