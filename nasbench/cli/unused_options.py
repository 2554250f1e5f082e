"""An option that a command would not use is refused, not ignored: whoever gave it believes that it did something."""

from __future__ import annotations

from collections.abc import Iterable

import typer

from nasbench.errors import NasbenchError


def refuse_unused(context: typer.Context, names: Iterable[str], why: str) -> None:
    """Raise NasbenchError for the first of some parameters that the command line gives, even if it gives the default.

    Args:
        context: of the command.
        names: of parameters that are not used.
        why: continues "--OPTION".
    """
    for name in names:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise NasbenchError(f"--{name.replace('_', '-')} {why}.")
