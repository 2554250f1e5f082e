"""Reject options that a command would ignore, since users would believe that they had an effect."""

from __future__ import annotations

from collections.abc import Iterable

import typer

from nasbench.errors import NasbenchError


def refuse_unused(context: typer.Context, names: Iterable[str], why: str) -> None:
    """Raise NasbenchError for the first of the named parameters that is given on the command line, even with its
    default value.

    Args:
        context: context of the command.
        names: names of parameters that are not used.
        why: reason; completes the sentence that starts with the option.
    """
    for name in names:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise NasbenchError(f"--{name.replace('_', '-')} {why}.")
