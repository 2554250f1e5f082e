"""What commands print: one JSON object or a table on standard output, progress on standard error."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

WIDTH = 200


def print_json(command: str, **results: Any) -> None:
    """Print the one JSON object of a command: its name, the suite's version and its results.

    Numbers that are not finite become null, as JSON has no others.
    """
    document = {"command": command, "version": version("nas-verify"), **results}
    print(json.dumps(_plain(document), allow_nan=False, default=str))


def print_table(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print flat rows as a table, columns in the order of the first row."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for name in rows[0] if rows else ():
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(_shown(value) for value in row.values()))
    # In a pipe or a file there is no width to keep to.
    Console(width=None if sys.stdout.isatty() else WIDTH).print(table)


def say(sentence: str) -> None:
    """Tell the user something while a command goes on, on standard error."""
    print(f"nasbench: {sentence}", file=sys.stderr)


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show progress on standard error where it is a terminal; yields a function of (done, total)."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
