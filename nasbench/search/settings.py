"""Settings of an algorithm, read from its constructor: names, defaults and ranges."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, get_type_hints

from nasbench.errors import unknown_name
from nasbench.ranges import Allowed, allowed_by, check_setting


def allowed_settings(algorithm: Callable[..., Any]) -> Mapping[str, Allowed]:
    """Return the range of each keyword argument with a default."""
    hints = setting_hints(algorithm)
    return {
        p.name: allowed_by(hints.get(p.name), p.default)
        for p in _parameters(algorithm)
        if p.default is not inspect.Parameter.empty or p.kind is inspect.Parameter.KEYWORD_ONLY
    }


def default_settings(algorithm: Callable[..., Any]) -> Mapping[str, Any]:
    """Return name and default of each setting: the keyword-only parameters."""
    return {p.name: p.default for p in _parameters(algorithm) if p.kind is inspect.Parameter.KEYWORD_ONLY}


def setting_hints(algorithm: Callable[..., Any]) -> Mapping[str, Any]:
    """Return the annotation of each parameter, with its metadata."""
    found: dict[str, Any] = {}
    for function in _constructors(algorithm):
        # Annotations of a plug-in may refer to names imported only for type checkers.
        with suppress(NameError, TypeError, AttributeError):
            found = {**get_type_hints(function, include_extras=True), **found}
    return found


def _parameters(algorithm: Callable[..., Any]) -> list[inspect.Parameter]:
    found: dict[str, inspect.Parameter] = {}
    for function in _constructors(algorithm):
        found = {**inspect.signature(function).parameters, **found}
    return list(found.values())


def _constructors(algorithm: Callable[..., Any]) -> list[Callable[..., Any]]:
    """Return the function, or the constructors of a class, including those of base classes that receive keyword
    arguments.
    """
    if not inspect.isclass(algorithm):
        return [algorithm]
    found: list[Callable[..., Any]] = []
    for base in algorithm.__mro__:
        constructor = vars(base).get("__init__")
        if constructor is not None:
            found.append(constructor)
            if not any(p.kind is p.VAR_KEYWORD for p in inspect.signature(constructor).parameters.values()):
                break
    return found


def check_settings(owner: str, word: str, settings: Mapping[str, Any], allowed: Mapping[str, Allowed]) -> None:
    """Raise NasbenchError for the first unknown or invalid one of `settings`.

    Args:
        owner: name of the algorithm.
        word: "setting" or "option".
        settings: values by name.
        allowed: from `allowed_settings`.
    """
    for name, value in settings.items():
        if name not in allowed:
            raise unknown_name(f"{word} of {owner}", name, allowed)
        check_setting(f"{word} {name} of {owner}", value, allowed[name])
