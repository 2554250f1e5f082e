"""Conversion of classes, factories, generator functions and `module:ATTR` to a `Lockstep` or a `PerRun`."""

from __future__ import annotations

import functools
import hashlib
import inspect
import sys
from collections.abc import Callable, Generator
from importlib import import_module
from pathlib import Path
from typing import Any

from nasbench.errors import NasbenchError
from nasbench.search.observations import RunObservations
from nasbench.search.optimizer import Lockstep, PerRun


def as_optimizer(thing: object, name: str = "") -> Lockstep | PerRun:
    """Convert an object to an optimizer.

    Args:
        thing: a `Lockstep` or `PerRun`; a class with `ask` and `tell`, or a function that builds such an object, of `(problem, rng)`
            for one run or `(problem, streams)` for all runs in lockstep; or a generator function of `(problem, rng)`, which yields
            batches `(B, d)` and is sent the observations of each.
        name: name in errors.

    Raises:
        NasbenchError: if it is none of these.

    Example:
        >>> class Mine:
        ...     def __init__(self, problem, rng): ...
        ...     def ask(self): ...
        ...     def tell(self, observations): ...
        >>> as_optimizer(Mine).lockstep
        False
    """
    if isinstance(thing, Lockstep | PerRun):
        return thing
    called = name or getattr(thing, "__name__", type(thing).__name__)
    built = inspect.isclass(thing) and all(callable(getattr(thing, method, None)) for method in ("ask", "tell"))
    if not built and not inspect.isfunction(thing):
        raise NasbenchError(
            f"{called!r} is no optimizer; give a class with ask and tell, a function that builds one, a Lockstep or a PerRun."
        )
    assert callable(thing)
    parameters = [p.name for p in inspect.signature(thing).parameters.values() if p.kind is not p.KEYWORD_ONLY]
    if len(parameters) != 2:
        raise NasbenchError(
            f"{called!r} takes ({', '.join(parameters)}); an optimizer takes (problem, rng) or (problem, streams)."
        )
    if inspect.isgeneratorfunction(thing):
        return PerRun(_as_factory(thing))
    return Lockstep(thing) if parameters[1] == "streams" else PerRun(thing)


def load_attribute(name: str) -> Any:
    """Import `module:ATTR`; the module may be in the working directory.

    Raises:
        NasbenchError: if there is no such module or attribute.
    """
    module, _, attribute = name.partition(":")
    try:
        try:
            loaded = import_module(module)
        except ModuleNotFoundError as fault:
            if fault.name != module.partition(".")[0] or str(Path.cwd()) in sys.path:
                raise
            sys.path.append(str(Path.cwd()))
            loaded = import_module(module)
    except ModuleNotFoundError as fault:
        raise NasbenchError(
            f"{name!r} names the module {fault.name!r}, which is not installed and not in the working folder."
        ) from None
    except (ValueError, TypeError):
        raise NasbenchError(f"{name!r} names nothing; write module:ATTR, such as mypackage.search:Mine.") from None
    except Exception as fault:
        raise NasbenchError(
            f"Module {module!r} of {name!r} cannot be imported ({type(fault).__name__}: {fault}); mend it."
        ) from fault
    try:
        return functools.reduce(getattr, attribute.split("."), loaded)
    except AttributeError:
        raise NasbenchError(
            f"Module {module!r} has no {attribute!r}; it should be a class or function of it."
        ) from None


def source_sha256(thing: Callable[..., Any]) -> str:
    """Return the SHA-256 of the source of a class or function; empty if unavailable, as in an interpreter."""
    try:
        return hashlib.sha256(inspect.getsource(thing).encode()).hexdigest()
    except (OSError, TypeError):
        return ""


class _Coroutine:
    """Adapter from a generator of batches to `ask` and `tell`."""

    OWN_PROPOSALS_ONLY = "A generator function is sent the results of the batch that it yielded and nothing else; write a class with ask and tell."

    def __init__(self, batches: Generator[Any, RunObservations | None, None]) -> None:
        self._batches = batches
        self._answer: RunObservations | None = None

    def ask(self) -> Any:
        return self._batches.send(self._answer)

    def tell(self, observations: RunObservations) -> None:
        self._answer = observations


def _as_factory(function: Callable[..., Generator[Any, Any, None]]) -> Callable[..., _Coroutine]:
    @functools.wraps(function)
    def build(problem: Any, rng: Any, **settings: Any) -> _Coroutine:
        return _Coroutine(function(problem, rng, **settings))

    return build
