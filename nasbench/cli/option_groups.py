"""Groups of options: a dataclass that several commands take as one parameter, each field an option of the command line."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from inspect import Parameter
from typing import Any, get_type_hints


def expand_groups(function: Callable[..., None]) -> Callable[..., None]:
    """Return a command in which each parameter that is a dataclass is replaced by the fields of that class.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass
        ... class Size:
        ...     width: int
        ...     depth: int = 3
        >>> @expand_groups
        ... def show(size: Size, *, twice: bool = False) -> None:
        ...     print(size)
        >>> list(inspect.signature(show).parameters)
        ['width', 'depth', 'twice']
        >>> show(width=8, depth=2, twice=True)
        Size(width=8, depth=2)
    """
    hints = get_type_hints(function, include_extras=True)
    groups: dict[str, Any] = {name: kind for name, kind in hints.items() if is_dataclass(kind)}

    def command(**given: Any) -> None:
        built = {name: kind(**{f.name: given.pop(f.name) for f in fields(kind)}) for name, kind in groups.items()}
        function(**built, **given)

    parameters: list[Parameter] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in groups:
            parameters += _field_parameters(groups[parameter.name])
        else:
            parameters.append(parameter.replace(annotation=hints[parameter.name], kind=Parameter.KEYWORD_ONLY))
    command.__name__, command.__doc__, command.__module__ = function.__name__, function.__doc__, function.__module__
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return command


def _field_parameters(kind: Any) -> list[Parameter]:
    hints = get_type_hints(kind, include_extras=True)

    def parameter(field: Field[Any]) -> Parameter:
        default = Parameter.empty if field.default is MISSING else field.default
        return Parameter(field.name, Parameter.KEYWORD_ONLY, default=default, annotation=hints[field.name])

    return list(map(parameter, fields(kind)))
