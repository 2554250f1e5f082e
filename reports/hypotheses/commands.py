"""`nasbench hypotheses`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer


def hypotheses(
    names: Annotated[list[str] | None, typer.Argument(help="hypotheses; all if none is named")] = None,
    results: Annotated[
        list[Path] | None,
        typer.Option(
            help="results folder of a hypothesis's study (repeatable); default results/STUDY, else what ships"
        ),
    ] = None,
    evidence: Annotated[
        Path | None, typer.Option(help="folder of the evidence that ships, and of trained networks")
    ] = None,
    theory: Annotated[
        bool, typer.Option(help="check the theory now, which takes minutes; else the check that ships is judged")
    ] = False,
    jobs: Annotated[int, typer.Option(help="processes")] = 1,
    out: Annotated[Path | None, typer.Option(help="folder for the tables as Markdown, LaTeX, HTML and CSV")] = None,
    register: Annotated[
        bool, typer.Option(help="register the named hypotheses with the present sources, before anything is run")
    ] = False,
    run: Annotated[
        bool, typer.Option(help="run what is missing of the registered studies of the named hypotheses")
    ] = False,
    pack: Annotated[
        bool, typer.Option(help="store what decides about the named hypotheses, from the results folders, as evidence")
    ] = False,
    replay: Annotated[
        int, typer.Option(metavar="N", help="run N runs of each method again and compare them with the traces")
    ] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Judge the project's pre-registered hypotheses, each under its last registration.

    --register --run --pack does all that a new version needs: hypotheses are registered, run, packed as evidence and judged.

    Exits with status 1 if a judged hypothesis does not stand, or if results are not those that were registered.
    """
    from nasbench.cli.console import print_json, print_table
    from nasbench.cli.progress import progress_bar
    from nasbench.errors import NasbenchError
    from nasbench.reports.hypotheses.evidence import SHIPPED
    from nasbench.reports.hypotheses.judge import Sources, judge_hypotheses
    from nasbench.reports.hypotheses.maintenance import pack_evidence, register_all, run_studies
    from nasbench.reports.hypotheses.statements import load_statements
    from nasbench.reports.hypotheses.tables import hypotheses_table, part_rows, parts_table, rows_of
    from nasbench.reports.tables.render import write_table_files

    if jobs < 1 or replay < 0:
        raise NasbenchError(f"jobs is {jobs} and replay {replay}; they should be 1 or more, and 0 or more.")
    statements = load_statements()
    chosen = statements.select(names or [])
    if (register or run or pack) and not names:
        raise NasbenchError("Name the hypotheses that are to be registered, run or packed.")
    sources = Sources(results=results or (), evidence=evidence or SHIPPED, theory=theory, jobs=jobs, replay=replay)
    written: list[str] = []

    def tell(lines: Iterable[str]) -> None:
        """Print what was written as it is written; under --json it belongs in the one object on standard output."""
        for line in lines:
            written.append(line)
            print(line, file=sys.stderr if json else sys.stdout)

    if register:
        tell(register_all(chosen))
    if run:
        with progress_bar("running") as progress:
            run_studies(chosen, sources, progress=progress)
    if pack:
        with progress_bar("checking") as checking:
            tell(pack_evidence(chosen, sources, checking))
    if (register or pack) and not run:
        if json:
            print_json("hypotheses", hypotheses=[], parts=[], written=written, registration=statements.sha256)
        return 0
    with progress_bar("judging") as progress:
        verdicts = judge_hypotheses(chosen, sources, progress)
    judged, numbers = rows_of(verdicts), part_rows(verdicts)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for table in (hypotheses_table(judged, statements.sha256), parts_table(numbers)):
            if table is not None:
                write_table_files(table, out)
    if json:
        print_json("hypotheses", hypotheses=judged, parts=numbers, written=written, registration=statements.sha256)
    else:
        rows = [{"hypothesis": v.hypothesis.name, "verdict": v.outcome, "evidence": v.evidence} for v in verdicts]
        print_table("Hypotheses", rows)
        for verdict, row in zip(verdicts, judged, strict=True):
            change = f"What would change it: {verdict.change.removesuffix('.')}."
            made = f" {row['registered']}; again: {row['again']}." if row["registered"] else ""
            print(f"{verdict.hypothesis.name}: {verdict.hypothesis.statement} {change}{made}")
    return 0 if all(verdict.stands for verdict in verdicts) else 1


def list_hypotheses() -> list[dict[str, str]]:
    """Return the hypotheses as flat rows."""
    from nasbench.reports.hypotheses.statements import load_statements

    return [{"name": one.name, "kind": one.kind, "statement": one.statement} for one in load_statements().hypotheses]
