"""`nasbench hypotheses`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def hypotheses(
    names: Annotated[list[str] | None, typer.Argument(help="registered hypotheses; all if none is named")] = None,
    results: Annotated[
        list[Path] | None, typer.Option(help="results folder of a hypothesis's study; default results/STUDY")
    ] = None,
    evidence: Annotated[Path, typer.Option(help="folder of evidence of trained networks")] = Path("reports/evidence"),
    theory: Annotated[bool, typer.Option(help="check the theory now, which takes minutes")] = True,
    jobs: Annotated[int, typer.Option(help="processes")] = 1,
    out: Annotated[Path | None, typer.Option(help="folder for the tables as Markdown, LaTeX, HTML and CSV")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Judge the project's pre-registered hypotheses. Exit status 1 where one that was judged does not stand."""
    from nasbench.cli.console import print_json, print_table
    from nasbench.cli.progress import progress_bar
    from nasbench.errors import NasbenchError
    from nasbench.reports.hypotheses.judge import Sources, judge_claims
    from nasbench.reports.hypotheses.registry import registered
    from nasbench.reports.hypotheses.tables import claims_table, part_rows, parts_table, rows_of
    from nasbench.reports.tables.render import write_table_files

    if jobs < 1:
        raise NasbenchError(f"The number of jobs is {jobs}; it should be 1 or more.")
    registration = registered()
    sources = Sources(results=results or (), evidence=evidence, theory=theory, jobs=jobs)
    with progress_bar("judging") as progress:
        verdicts = judge_claims(registration.select(names or []), sources, progress)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for table in (claims_table(rows_of(verdicts), registration.sha256), parts_table(part_rows(verdicts))):
            if table is not None:
                write_table_files(table, out)
    if json:
        print_json(
            "hypotheses", hypotheses=rows_of(verdicts), parts=part_rows(verdicts), registration=registration.sha256
        )
    else:
        print_table(
            "Hypotheses", [{"hypothesis": v.claim.name, "verdict": v.outcome, "evidence": v.evidence} for v in verdicts]
        )
        for verdict in verdicts:
            print(
                f"{verdict.claim.name}: {verdict.claim.statement} What would change it: {verdict.change.removesuffix('.')}."
            )
    return 0 if all(verdict.stands for verdict in verdicts) else 1


def list_hypotheses() -> list[dict[str, str]]:
    """Return the registered hypotheses as flat rows."""
    from nasbench.reports.hypotheses.registry import registered

    return [{"name": one.name, "kind": one.kind, "statement": one.statement} for one in registered().hypotheses]
