"""Output of commands: one JSON object or a table on standard output, messages on standard error."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from textwrap import wrap
from typing import Any

WIDTH = 200
NARROWEST, WIDEST = 20, 1000


def version_of_suite() -> str:
    """Return the version of the installed suite."""
    return version("nas-verify")


def print_json(command: str, **results: Any) -> None:
    """Print the JSON object of a command: its name, the suite's version and the results.

    Non-finite numbers become null, since JSON cannot represent them.
    """
    document = {"command": command, "version": version_of_suite(), **results}
    print(json.dumps(_plain(document), allow_nan=False, default=str))


def width() -> int:
    """Return the width of the output in columns: that of the terminal, else COLUMNS, else WIDTH (in a pipe or a file)."""
    from shutil import get_terminal_size

    return min(max(get_terminal_size((WIDTH, 24)).columns, NARROWEST), WIDEST)


def print_table(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print flat rows as a table, with columns in the order of the first row; if no table fits, print line by line.

    Words are never broken: without room for the longest word of each column, no table is printed.
    """
    from rich.console import Console

    names = list(rows[0]) if rows else []
    texts = [[_stripped(shown(row.get(name))) for name in names] for row in rows]
    columns = list(zip(*texts, strict=True)) or [()] * len(names)
    room = width()
    widths = _widths([[name.replace("_", " "), *column] for name, column in zip(names, columns, strict=True)], room)
    if widths is None:
        print("\n".join(_records(title, names, texts, room)))
        return
    Console(width=room, highlight=False).print(_table(title, names, rows, texts, widths))


def _stripped(text: str) -> str:
    """Return a text without trailing spaces, which would take the room of a word."""
    return "\n".join(line.strip() for line in text.splitlines())


def _table(
    title: str, names: list[str], rows: Sequence[Mapping[str, Any]], texts: list[list[str]], widths: list[int]
) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title), title_justify="left")
    for name, width in zip(names, widths, strict=True):
        numbers = all(_is_number_or_none(row.get(name)) for row in rows)
        table.add_column(
            Text(name.replace("_", " ")), width=width, justify="right" if numbers else "left", overflow="fold"
        )
    for row in texts:
        table.add_row(*map(Text, row))  # text from files must not be read as markup
    return table


def _widths(columns: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """Return column widths that fit into `room` including the frame, or None if even the longest words do not fit.

    The remaining room is divided equally among the columns, up to the width that each can use.
    """
    words = [max((len(word) for text in column for word in text.split()), default=1) for column in columns]
    lines = [max(len(line) for text in column for line in text.splitlines() or [""]) for column in columns]
    free = room - 3 * len(columns) - 1
    if sum(words) > free:
        return None
    cap = max(c for c in range(free + 1) if sum(_capped(words, lines, c)) <= free)
    return _capped(words, lines, cap)


def _capped(words: list[int], lines: list[int], cap: int) -> list[int]:
    return [max(word, min(line, cap)) for word, line in zip(words, lines, strict=True)]


def _records(title: str, names: list[str], texts: list[list[str]], room: int) -> Iterator[str]:
    yield title
    for row in texts:
        yield ""
        for name, value in zip(names, row, strict=True):
            label = name.replace("_", " ")
            yield from wrap(
                f"{label}: {value}", room, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
            )


def say(sentence: str) -> None:
    """Print a message on standard error while a command is running."""
    print(f"nasbench: {sentence}", file=sys.stderr)


def _is_number_or_none(value: Any) -> bool:
    return isinstance(value, int | float | None) and not isinstance(value, bool)


def shown(value: Any) -> str:
    """Return a value as shown in tables: a dash for None, six significant digits for non-integers."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return "-" if math.isnan(value) else f"{value:.6g}"
    return str(value)


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
