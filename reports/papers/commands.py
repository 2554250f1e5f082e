"""`nasbench reproduce`, and the list of papers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from nasbench.ranges import LARGEST_SEED


def reproduce(
    paper: Annotated[str | None, typer.Argument(help="see `nasbench list papers`; default: all")] = None,
    runs: Annotated[int | None, typer.Option(help="runs per method and data set; default: as published")] = None,
    jobs: Annotated[int, typer.Option(help="number of parallel processes")] = 1,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="seed of all random streams")] = 2020,
    table: Annotated[
        str | None,
        typer.Option(
            help="table to run on, such as nats-bench-topology once it is imported; default: the one that ships"
        ),
    ] = None,
    mutants: Annotated[
        bool,
        typer.Option("--mutants", help="Check instead that deliberately wrong variants of the paper are rejected."),
    ] = False,
    out: Annotated[Path | None, typer.Option(help="folder for the table as Markdown, LaTeX, HTML and CSV")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Reproduce a published table, and test each value and each ordering of methods.

    Exits with status 1 if a value differs significantly or an ordering is contradicted; with --mutants, if a wrong variant is not rejected.
    """
    from nasbench.cli.progress import progress_bar
    from nasbench.errors import NasbenchError
    from nasbench.reports.papers.catalogue import get_paper, paper_names
    from nasbench.reports.papers.gather import gather
    from nasbench.reports.papers.reproduce import compare, try_mutants
    from nasbench.reports.papers.tables import reproduction_table
    from nasbench.reports.tables.render import write_table_files

    if mutants and out is not None:
        raise NasbenchError("--mutants prints its rows and writes no table; leave --out away, or take --json.")
    names = paper_names() if paper is None else (paper,)
    reproductions: list[Any] = []
    tried: list[Any] = []
    for published in map(get_paper, names):
        with progress_bar(f"reproducing {published.name}") as progress:
            evidence = gather(published, runs, jobs, seed, progress, table)
        if mutants:
            tried += try_mutants(published, evidence)
        else:
            reproductions.append(compare(published, evidence))
    for found in reproductions:
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            write_table_files(reproduction_table(found), out)
    if mutants:
        _print_mutants(tried, json)
        return 1 if any(not one.rejected for one in tried) else 0
    _print_reproductions(reproductions, json)
    return 1 if any(found.failed for found in reproductions) else 0


def list_papers() -> list[dict[str, Any]]:
    """Return every paper as a flat row, for `nasbench list papers`."""
    from nasbench.reports.papers.catalogue import list_papers as listed

    return listed()


def _print_mutants(tried: list[Any], json: bool) -> None:
    from nasbench.cli.console import print_json, print_table

    rows = [
        {
            "paper": one.paper,
            "mutant": one.mutant,
            "rejected": one.rejected,
            "objections": len(one.objections),
            "first": one.objections[0] if one.objections else "",
        }
        for one in tried
    ]
    if json:
        print_json("reproduce", mutants=rows)
        return
    print_table("Deliberately wrong variants", rows)
    print(f"{sum(row['rejected'] for row in rows)} of {len(rows)} are rejected.")


def _print_reproductions(found: list[Any], json: bool) -> None:
    from nasbench.cli.console import print_json, print_table
    from nasbench.reports.papers.tables import (
        confirmation,
        ordering_rows,
        reasons,
        rows_of,
        searched_splits,
        shown,
        summarize,
    )

    if json:
        print_json(
            "reproduce",
            paper=", ".join(one.paper.name for one in found),
            rows=[{"paper": one.paper.name, **row} for one in found for row in rows_of(one)],
            orderings=[{"paper": one.paper.name, **row} for one in found for row in ordering_rows(one)],
            notes=[note for one in found for note in (*one.paper.notes, *searched_splits(one.paper))],
            checksum=", ".join(dict.fromkeys(one.checksum for one in found)),
        )
        return
    for one in found:
        rows = rows_of(one)
        print_table(one.paper.title, [shown(row) for row in rows])
        for text in dict.fromkeys((*reasons(rows), *summarize(one), *one.paper.notes, *searched_splits(one.paper))):
            print(text)
        print(confirmation(one.paper))
