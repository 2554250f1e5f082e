"""Parameters of a command's function, for help and errors that do not depend on the version of typer or click."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from nasbench.errors import NasbenchError

MOST = 1_000_000
"""Largest integer accepted by a parameter that declares no maximum: larger sizes and counts are mistakes that would be
noticed late.
"""


@dataclass(frozen=True)
class Parameter:
    """An annotated parameter.

    Attributes:
        kind: int, float, or str for anything else.
        help: help text, if any.
        low, high: inclusive range of a number; None if unbounded.
    """

    kind: type
    help: str | None
    low: float | None
    high: float | None

    @property
    def wanted(self) -> str:
        """Description of valid values."""
        noun = {int: "a whole number", float: "a finite number"}.get(self.kind, "a text")
        if self.low is not None and self.high is not None:
            return f"{noun} between {self.low} and {self.high}"
        if self.low is not None:
            return f"{noun}, {self.low} or more"
        return noun if self.high is None else f"{noun}, {self.high} or less"

    def fits(self, text: str) -> bool:
        """Return whether a text is a valid value of this parameter."""
        try:
            return self.allows(self.kind(text))
        except ValueError:
            return False

    def allows(self, value: Any) -> bool:
        """Return whether a number is finite and in range; values of other types are not checked."""
        if not isinstance(value, int | float):
            return True
        return math.isfinite(value) and not (
            (self.low is not None and value < self.low) or (self.high is not None and value > self.high)
        )


def parameters(function: Callable[..., Any]) -> dict[str, Parameter]:
    """Return the annotated parameters of a command's function by name."""
    hints = get_type_hints(inspect.unwrap(function), include_extras=True)
    return {name: _parameter(hint) for name, hint in hints.items() if get_origin(hint) is Annotated}


def _parameter(hint: Any) -> Parameter:
    base, info = get_args(hint)[:2]
    leaves = _leaves(base)
    kind = next((kind for kind in (int, float) if kind in leaves), str)
    low, high = getattr(info, "min", None), getattr(info, "max", None)
    return Parameter(kind, getattr(info, "help", None), low, MOST if kind is int and high is None else high)


def _leaves(hint: Any) -> set[Any]:
    """Return the plain types in a union or list."""
    inside = get_args(hint)
    return {leaf for part in inside for leaf in _leaves(part)} if inside else {hint}


def complete(command: Any) -> None:
    """Complete a command and its sub-commands where some versions of typer and click fall short.

    The help texts of positional arguments are restored: since click 8.5, arguments have a help of their own, whose
    default (None) replaces that of typer before 0.21. Numbers are checked to be finite and in range before the function
    is called.
    """
    for inner in getattr(command, "commands", {}).values():
        complete(inner)
    if command.callback is None:
        return
    known = parameters(command.callback)
    for parameter in command.params:
        if parameter.param_type_name == "argument" and not parameter.help and parameter.name in known:
            parameter.help = known[parameter.name].help
    command.callback = _checked(command.callback, known, {p.name: _label(p) for p in command.params})


def _checked(
    function: Callable[..., Any], known: Mapping[str, Parameter], labels: Mapping[str, str]
) -> Callable[..., Any]:
    @functools.wraps(function)
    def checked(*args: Any, **values: Any) -> Any:
        for name in known.keys() & values.keys():
            several = values[name] if isinstance(values[name], list | tuple) else [values[name]]
            for value in several:
                if not known[name].allows(value):
                    raise NasbenchError(f"{labels[name]} is {value}; it should be {known[name].wanted}.")
        return function(*args, **values)

    return checked


def _label(parameter: Any) -> str:
    return max(parameter.opts, key=len) if parameter.param_type_name == "option" else parameter.name.upper()


def mistyped(fault: Any, arguments: Sequence[str]) -> str | None:
    """Return one sentence about a number of the wrong type or range from an error of the command-line library, else
    None.
    """
    parameter, command = getattr(fault, "param", None), getattr(getattr(fault, "ctx", None), "command", None)
    if type(fault).__name__ != "BadParameter" or parameter is None or command is None or command.callback is None:
        return None
    known = parameters(command.callback).get(parameter.name)
    if known is None or known.kind is str:
        return None
    name = _label(parameter)
    wrong = [text for text in _written(parameter.opts, arguments) if not known.fits(text)]
    return f"{name} is {wrong[0]!r}; it should be {known.wanted}." if wrong else f"{name} should be {known.wanted}."


def _written(names: Sequence[str], arguments: Sequence[str]) -> list[str]:
    """Return the values given to an option, as `--name value` or `--name=value`."""
    following = [value for word, value in pairwise(arguments) if word in names]
    return following + [word.partition("=")[2] for word in arguments if word.partition("=")[0] in names and "=" in word]
