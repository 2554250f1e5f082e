"""Optimizers by name, found through the entry-point group `nasbench.optimizers`.

Only the optimizer that is asked for is imported. Any package can add its own: an entry point whose value is a `Lockstep` or a
`PerRun`.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points

from nasbench.errors import NasbenchError, unknown_name
from nasbench.search.names import unique_by_name
from nasbench.search.optimizer import Lockstep, PerRun

GROUP = "nasbench.optimizers"


@lru_cache(maxsize=1)
def _found() -> dict[str, EntryPoint]:
    return unique_by_name(list(entry_points(group=GROUP)))


def optimizer_names() -> tuple[str, ...]:
    """Registered names, sorted; imports none of them."""
    return tuple(sorted(_found()))


def get_optimizer(name: str) -> Lockstep | PerRun:
    """The optimizer registered under a name.

    Raises:
        NasbenchError: if there is none (with the nearest match), or an extra that it needs is not installed.
    """
    points = _found()
    if name not in points:
        raise unknown_name("optimizer", name, points)
    try:
        loaded = points[name].load()
    except ImportError as fault:
        raise NasbenchError(
            f"Optimizer {name!r} needs the package {fault.name!r}, which is not installed; install the extra that brings it."
        ) from None
    if not isinstance(loaded, Lockstep | PerRun):
        raise NasbenchError(
            f"Entry point {name!r} gives a {type(loaded).__name__}; it should give a Lockstep or a PerRun."
        )
    return loaded
