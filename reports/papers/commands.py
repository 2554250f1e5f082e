"""`nasbench reproduce`, and the list of papers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from nasbench.ranges import LARGEST_SEED


def reproduce(
    paper: Annotated[str, typer.Argument(help="see `nasbench list papers`")],
    runs: Annotated[int | None, typer.Option(help="runs per method and data set; default: as published")] = None,
    jobs: Annotated[int, typer.Option(help="number of parallel processes")] = 1,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="seed of all random streams")] = 2020,
    table: Annotated[
        str, typer.Option(help="table to run on, such as nats-bench-topology once it is imported")
    ] = "nas-bench-201-reference",
    out: Annotated[Path | None, typer.Option(help="folder for the table as Markdown, LaTeX, HTML and CSV")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Reproduce a published table and test each value. Exits with status 1 if any differs significantly."""
    from nasbench.cli.console import print_json, print_table
    from nasbench.cli.progress import progress_bar
    from nasbench.reports.papers.catalogue import get_paper
    from nasbench.reports.papers.reproduce import reproduce as run
    from nasbench.reports.papers.tables import UNCONFIRMED, reproduction_table, rows_of, searched_splits, shown
    from nasbench.reports.tables.render import write_table_files
    from nasbench.reports.wording import pluralize

    published = get_paper(paper)
    with progress_bar(f"reproducing {paper}") as progress:
        found = run(published, runs, jobs, seed, progress, table)
    rows = rows_of(found)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_table_files(reproduction_table(found), out)
    if json:
        print_json(
            "reproduce",
            paper=paper,
            rows=rows,
            notes=[*published.notes, *searched_splits(published)],
            checksum=found.checksum,
        )
    else:
        print_table(published.title, [shown(row) for row in rows])
        for text in dict.fromkeys(
            f"{r['method']}, {r['dataset']} {r['split']}: {r['reason']}." for r in rows if r["reason"]
        ):
            print(text)
        for note in (*published.notes, *searched_splits(published)):
            print(note)
        confirmed = sum(row["digits"] != UNCONFIRMED for row in rows)
        print(f"{confirmed} of {pluralize(len(rows), 'published value')} match a second source.")
    return 1 if found.failed else 0


def list_papers() -> list[dict[str, Any]]:
    """Return every paper as a flat row, for `nasbench list papers`."""
    from nasbench.reports.papers.catalogue import list_papers as listed

    return listed()
