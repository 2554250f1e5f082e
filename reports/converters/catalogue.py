"""The formats of other libraries that can be read, of this suite and of plug-ins."""

from __future__ import annotations

import sqlite3
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasbench import plugins
from nasbench.errors import NasbenchError, unknown_name
from nasbench.reports.converters.converter import ConvertedRuns, Converter
from nasbench.search.methods import load_attribute

GROUP = "nasbench.converters"
TABLE = "table"
"""The name of the format that needs no converter: tables of runs, CSV or Parquet."""
DAMAGE = (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, OSError, sqlite3.Error, zipfile.BadZipFile)  # fmt: skip
"""What a file that is not as its library writes it may raise."""


def converters() -> Mapping[str, Converter]:
    """Return the converters by name; those of packages that cannot be loaded are left out, with a warning."""
    found = plugins.points(GROUP).values()
    return dict(plugins.usable(found, lambda point: (point.name, plugins.use(point, "converter", _checked))))


def find_converter(path: Path, name: str = "") -> tuple[str, Converter] | None:
    """Return the converter of that name, or the one that recognises a file or folder; None for a table of runs.

    Args:
        path: the file or folder.
        name: a registered name, `module:ATTR`, "table", or empty.

    Raises:
        NasbenchError: if there is none of that name, or a folder has files of several.
    """
    if name == TABLE:
        return None
    if ":" in name:
        return name, _checked(load_attribute(name))
    known = converters()
    if name:
        if name not in known:
            raise unknown_name("format of runs", name, (TABLE, *known))
        return name, known[name]
    found = [(each, one) for each, one in known.items() if one.recognises(path)]
    if len(found) > 1:
        raise NasbenchError(
            f"{path} has files of {' and of '.join(each for each, _ in found)}; name a folder of one of them, or say which with --format."
        )
    return found[0] if found else None


def convert(path: Path, name: str, converter: Converter, objective: str = "") -> ConvertedRuns:
    """Return the runs of a file or folder.

    Raises:
        NasbenchError: if it is damaged, of another format, or has no runs.
    """
    try:
        runs = converter.read(path, objective)
    except NasbenchError:
        raise
    except DAMAGE as fault:
        if not converter.recognises(path):
            raise NasbenchError(
                f"{path} is not what {name} writes ({converter.summary}); leave --format out, or give the format that it has."
            ) from None
        told = str(fault).splitlines()[0][:120] if str(fault) else type(fault).__name__
        raise NasbenchError(
            f"{path} is not as {name} writes it ({type(fault).__name__}: {told}); get it again, or say what it is with --format."
        ) from None
    if runs.frame.empty:
        raise NasbenchError(f"{path} has no finished evaluations, so there is nothing to report.")
    return runs


def list_converters() -> list[dict[str, Any]]:
    """Return a row for each format, for `nasbench list`."""
    table = {"name": TABLE, "reads": "tables of runs, CSV or Parquet, a row per query"}
    return [table, *({"name": name, "reads": one.summary} for name, one in converters().items())]


def _checked(found: object) -> Converter:
    if not isinstance(found, Converter):
        raise NasbenchError(
            f"{found!r} is no converter; it should be a nasbench.reports.converters.converter.Converter."
        )
    return found
