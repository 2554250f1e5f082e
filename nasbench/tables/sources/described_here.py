"""Tables that the suite describes and cannot ship, since their sources state no licence: the user brings the file."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from nasbench.tables.description import parse_description
from nasbench.tables.importer import ImportOptions, ImportReport
from nasbench.tables.sources.described import write_described


def import_source(source: Path, folder: Path, options: ImportOptions) -> ImportReport:
    """Write the table of a file that the description of the format's name describes; see `nasbench.tables.importers`."""
    file = f"{options.kind}.toml"
    text = (files("nasbench.tables") / "descriptions" / file).read_text("utf-8")
    description = replace(parse_description(text, file), name=options.name, data=source.name)
    return write_described(folder, description, source.parent)
