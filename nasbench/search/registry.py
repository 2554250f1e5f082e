"""Optimizers by name, found through the entry-point group `nasbench.optimizers`.

Only the optimizer that is asked for is imported. Any package can add its own: an entry point whose value is a `Lockstep` or a
`PerRun`.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint

from nasbench.errors import NasbenchError, unknown_name
from nasbench.plugins import points, use
from nasbench.search.optimizer import Lockstep, PerRun

GROUP = "nasbench.optimizers"


def _found() -> dict[str, EntryPoint]:
    return points(GROUP)


def optimizer_names() -> tuple[str, ...]:
    """Registered names, sorted; imports none of them."""
    return tuple(sorted(_found()))


def get_optimizer(name: str) -> Lockstep | PerRun:
    """The optimizer registered under a name.

    Raises:
        NasbenchError: if there is none (with the nearest match), an extra that it needs is not installed, or it cannot be loaded.
    """
    found = _found()
    if name not in found:
        raise unknown_name("optimizer", name, found)
    return use(found[name], "optimizer", lambda loaded: _optimizer(name, loaded))


def _optimizer(name: str, loaded: object) -> Lockstep | PerRun:
    if not isinstance(loaded, Lockstep | PerRun):
        raise NasbenchError(
            f"Entry point {name!r} gives a {type(loaded).__name__}; it should give a Lockstep or a PerRun."
        )
    return loaded
