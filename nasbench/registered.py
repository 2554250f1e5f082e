"""Optimizers, benchmarks, tasks and claims registered at run time, by name.

Packages register through entry points (`nasbench.plugins`); a notebook or a script registers here. Names of the suite
and of packages take precedence. A worker process does not run the script, so the objects are sent with its work: see
`carrying`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from nasbench.errors import NasbenchError

Kind = Literal["optimizer", "benchmark", "task", "claim"]
R = TypeVar("R")

_REGISTERED: dict[Kind, dict[str, Any]] = {"optimizer": {}, "benchmark": {}, "task": {}, "claim": {}}


def add(kind: Kind, name: str, thing: object) -> None:
    """Register an object under a name; registering the name again replaces it, as when a notebook cell is run again.

    Raises:
        NasbenchError: if the name is empty, or has a colon, which is reserved for `module:ATTR`.
    """
    if not name or ":" in name:
        raise NasbenchError(f"{name!r} cannot name a registered {kind}; give a name without a colon.")
    _REGISTERED[kind][name] = thing


def registered(kind: Kind) -> Mapping[str, Any]:
    """Return the registered objects of a kind by name."""
    return _REGISTERED[kind]


@contextmanager
def forgotten_afterwards() -> Iterator[None]:
    """Restore the registered objects on exit, so that a test leaves no trace."""
    before = {kind: dict(named) for kind, named in _REGISTERED.items()}
    try:
        yield
    finally:
        for kind, named in before.items():
            _REGISTERED[kind].clear()
            _REGISTERED[kind].update(named)


@dataclass(frozen=True)
class _Carrying:
    """A function together with all objects registered when it was created."""

    function: Callable[..., Any]
    things: Mapping[Kind, Mapping[str, Any]]

    def __call__(self, *arguments: Any, **more: Any) -> Any:
        for kind, named in self.things.items():
            _REGISTERED[kind].update(named)
        return self.function(*arguments, **more)


def carrying(function: Callable[..., R]) -> Callable[..., R]:
    """Return a function for another process that registers there all objects registered here.

    The objects are pickled with it, by value where they are defined in `__main__` (cloudpickle does that under joblib).
    """
    things = {kind: dict(named) for kind, named in _REGISTERED.items() if named}
    return _Carrying(function, things) if things else function
