"""The settings of an algorithm, read from its constructor: name, default, and what each may be."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, get_type_hints

from nasbench.errors import unknown_name
from nasbench.ranges import Allowed, allowed_by, check_setting


def allowed_settings(algorithm: Callable[..., Any]) -> Mapping[str, Allowed]:
    """What each keyword with a default may be, those of base classes included where a constructor hands keywords on."""
    if not inspect.isclass(algorithm):
        return _of_function(algorithm)
    found: dict[str, Allowed] = {}
    for base in algorithm.__mro__:
        constructor = vars(base).get("__init__")
        if constructor is not None:
            found = {**_of_function(constructor), **found}
            if not any(p.kind is p.VAR_KEYWORD for p in inspect.signature(constructor).parameters.values()):
                break
    return found


def check_settings(owner: str, word: str, settings: Mapping[str, Any], allowed: Mapping[str, Allowed]) -> None:
    """Raise NasbenchError for the first of `settings` that does not exist or is not what it may be.

    Args:
        owner: whose they are.
        word: what they are called, "setting" or "option".
        settings: name to value.
        allowed: from `allowed_settings`.
    """
    for name, value in settings.items():
        if name not in allowed:
            raise unknown_name(f"{word} of {owner}", name, allowed)
        check_setting(f"{word} {name} of {owner}", value, allowed[name])


def _of_function(function: Callable[..., Any]) -> dict[str, Allowed]:
    try:
        hints = get_type_hints(function, include_extras=True)
    except (
        NameError,
        TypeError,
        AttributeError,
    ):  # annotations of a plug-in that name what it imports for type checkers alone
        hints = {}
    parameters = inspect.signature(function).parameters.values()
    return {
        p.name: allowed_by(hints.get(p.name), p.default)
        for p in parameters
        if p.default is not inspect.Parameter.empty or p.kind is inspect.Parameter.KEYWORD_ONLY
    }
