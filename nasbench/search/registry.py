"""Optimizers by name: entry points of the group `nasbench.optimizers`, run-time registrations, and `module:ATTR`.

Only the requested optimizer is imported. Entry points and registrations may be anything that
`nasbench.search.methods.as_optimizer` accepts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import EntryPoint

from nasbench.errors import unknown_name
from nasbench.plugins import points, use
from nasbench.registered import registered
from nasbench.renamed import SETTINGS, New
from nasbench.search.methods import as_optimizer, load_attribute
from nasbench.search.optimizer import Lockstep, PerRun

GROUP = "nasbench.optimizers"


def _entry_points() -> dict[str, EntryPoint]:
    return points(GROUP)


def optimizer_names() -> tuple[str, ...]:
    """Return the registered names, sorted; imports none of them."""
    return tuple(sorted({*_entry_points(), *registered("optimizer")}))


def renamed_settings(name: str) -> Mapping[str, New]:
    """Return the old names of an optimizer's settings, by its registered name or by the `module:ATTR` of its entry point."""
    return SETTINGS.get(next((known for known, point in _entry_points().items() if point.value == name), name), {})


def get_optimizer(name: str) -> Lockstep | PerRun:
    """Return the optimizer registered under a name, or import the one that `module:ATTR` names.

    Code that only reads results uses `registered_optimizer` instead, so that no results file can cause an import.

    Raises:
        NasbenchError: if there is none (with the nearest match), an extra that it needs is not installed, or it cannot be loaded.
    """
    if ":" not in name:
        return registered_optimizer(name)
    optimizer = as_optimizer(load_attribute(name), name)
    return replace(optimizer, renamed=renamed_settings(name) or optimizer.renamed)


def is_unpackaged(name: str) -> bool:
    """Return whether a name refers to run-time or module code, which is not identified by a package version."""
    return ":" in name or (name in registered("optimizer") and name not in _entry_points())


def registered_optimizer(name: str) -> Lockstep | PerRun:
    """Return the optimizer registered under a name.

    Raises:
        NasbenchError: if there is none (with the nearest match), an extra that it needs is not installed, or it cannot be loaded.
    """
    found = _entry_points()
    if name in found:
        return use(
            found[name], "optimizer", lambda loaded: replace(as_optimizer(loaded, name), renamed=renamed_settings(name))
        )
    if name in registered("optimizer"):
        return as_optimizer(registered("optimizer")[name], name)
    raise unknown_name("optimizer", name, optimizer_names())
