"""Optimizers by name: those of the entry-point group `nasbench.optimizers`, those that a program registered, and `module:ATTR`.

Only the optimizer that is asked for is imported. What an entry point gives, or a program registers, may be whatever
`nasbench.search.methods.as_optimizer` takes.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import EntryPoint

from nasbench.errors import unknown_name
from nasbench.plugins import points, use
from nasbench.registered import registered
from nasbench.renamed import SETTINGS
from nasbench.search.methods import as_optimizer, load_attribute
from nasbench.search.optimizer import Lockstep, PerRun

GROUP = "nasbench.optimizers"


def _found() -> dict[str, EntryPoint]:
    return points(GROUP)


def optimizer_names() -> tuple[str, ...]:
    """Return the registered names, sorted; imports none of them."""
    return tuple(sorted({*_found(), *registered("optimizer")}))


def get_optimizer(name: str) -> Lockstep | PerRun:
    """Return the optimizer registered under a name, or that `module:ATTR` names.

    Raises:
        NasbenchError: if there is none (with the nearest match), an extra that it needs is not installed, or it cannot be loaded.
    """
    if ":" in name:
        return as_optimizer(load_attribute(name), name)
    found = _found()
    if name in found:
        return use(
            found[name], "optimizer", lambda loaded: replace(as_optimizer(loaded, name), renamed=SETTINGS.get(name, {}))
        )
    if name in registered("optimizer"):
        return as_optimizer(registered("optimizer")[name], name)
    raise unknown_name("optimizer", name, optimizer_names())
