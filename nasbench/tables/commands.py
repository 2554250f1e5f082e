"""`nasbench data list | import | check`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

data = typer.Typer(
    name="data",
    help="Tables of measured architectures: list, import, check.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@data.command("list")
def list_(json: Json = False) -> None:
    """List the tables that ship, can be built or were imported, and the formats that can be imported."""
    from nasbench.cli.console import print_json, print_table
    from nasbench.tables.importers import FORMATS

    tables = _tables()
    formats = [{"format": name, "source": known.summary} for name, known in FORMATS.items()]
    if json:
        print_json("data list", tables=tables, formats=formats)
        return
    print_table("tables", tables)
    print_table("formats", formats)


@data.command("import")
def import_(
    kind: Annotated[str, typer.Argument(metavar="FORMAT", help="a format of nasbench data list")],
    source: Annotated[Path, typer.Argument(help="file or folder to import")],
    name: Annotated[str | None, typer.Option(help="name of the table (default: that of the format)")] = None,
    allow_unsafe_pickle: Annotated[
        bool, typer.Option(help="allow unpickling, which can execute arbitrary code; only for files that you trust")
    ] = False,
    official: Annotated[
        bool, typer.Option("--official", help="compare every number with the authors' package (extra nas-bench-201)")
    ] = False,
    jobs: Annotated[int, typer.Option(help="processes")] = 1,
    json: Json = False,
) -> None:
    """Import a table into the cache."""
    from nasbench.cli.console import print_json
    from nasbench.errors import NasbenchError
    from nasbench.tables.cross_check import compare, official_records, require_official
    from nasbench.tables.importers import import_table

    if jobs < 1:
        raise NasbenchError(f"The number of jobs is {jobs}; it should be 1 or more.")
    if official:
        require_official(kind)
    table, report = import_table(kind, source, name=name, trusted=allow_unsafe_pickle, jobs=jobs)
    agreement = compare(table, kind, official_records(kind, source, allow_unsafe_pickle)) if official else None
    if json:
        row = {**_row(table), "missing": list(report.missing), "notes": list(report.notes)}
        row |= asdict(agreement) if agreement else {}
        print_json("data import", tables=[row])
        return
    print(f"{table.name}: {len(table):,} architectures, {len(table.columns)} columns, in {table.folder}")
    if report.missing:
        print(f"missing: {len(report.missing):,} architectures, such as {', '.join(report.missing[:5])}")
    for note in report.notes:
        print(f"note: {note}")
    if agreement:
        print(
            f"{agreement.package} says the same: {agreement.numbers:,} numbers, differing by {agreement.largest:.1g} at most"
        )


@data.command("check")
def check(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[TABLE]...", help="tables to check (default: all in the cache)")
    ] = None,
    json: Json = False,
) -> None:
    """Verify the checksums of all arrays of tables; exits 2 at the first damaged one."""
    from nasbench.cli.console import print_json, print_table
    from nasbench.tables.catalogue import get_table, is_built, table_names

    rows = []
    for name in names or [name for name in table_names() if is_built(name)]:
        table = get_table(name)
        rows.append({"table": name, "arrays": len(table.check()), "architectures": len(table), "state": "sound"})
    if json:
        print_json("data check", tables=rows)
        return
    print_table("tables", rows)


def _tables() -> list[dict[str, Any]]:
    from nasbench.tables.catalogue import (
        built_in,
        get_table,
        is_built,
        known_tables,
        needed,
        table_datasets,
        table_names,
    )
    from nasbench.tables.shipped import shipped_tables

    at_hand, shipped, own = table_names(), shipped_tables(), built_in()
    rows = []
    for name in known_tables():
        origin = "ships with the suite" if name in shipped else "built from others" if name in own else "imported"
        origin = f"package {needed(name)}" if needed(name) else origin
        if is_built(name):
            rows.append({**_row(get_table(name)), "from": origin, "state": "ready"})
            continue
        entry = shipped.get(name)
        rows.append(
            {
                "table": name,
                "architectures": entry.architectures if entry else None,
                "columns": entry.columns if entry else None,
                "datasets": ", ".join(table_datasets(name)),
                "from": origin,
                "state": "built on first use" if name in at_hand else "lacks its package",
            }
        )
    return rows


def _row(table: Any) -> dict[str, Any]:
    return {
        "table": table.name,
        "architectures": len(table),
        "columns": len(table.columns),
        "datasets": ", ".join(table.datasets),
    }
