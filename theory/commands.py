"""`nasbench verify`, and the list of claims."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nasbench.errors import NasbenchError
from nasbench.ranges import LARGEST_SEED

if TYPE_CHECKING:
    from nasbench.theory.machinery.claim import Claim
    from nasbench.theory.machinery.registry import Finding
    from nasbench.theory.traces.trace_check import TraceCheck


def verify(
    claims: Annotated[
        list[str] | None, typer.Argument(help="Names of claims or of families; see `nasbench list claims`.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Verify every claim.")] = False,
    mutants: Annotated[
        bool,
        typer.Option(
            "--mutants", help="Mutation test: each claim's deliberately wrong variant, which must be rejected."
        ),
    ] = False,
    traces: Annotated[
        Path | None,
        typer.Option(help="Results folder of a study; checks the predictions of the claims against its runs."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for a report in Markdown and LaTeX, with figures.")] = None,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="List which claims concern which optimizer, and check nothing.")
    ] = False,
    jobs: Annotated[int, typer.Option(help="Number of processes.")] = 2,
    seed: Annotated[int, typer.Option(max=LARGEST_SEED, help="Seed of the simulations.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Verify statements of theory: exactly, by simulation, or against the runs of a study; exits 1 if one is violated."""
    from nasbench.cli.console import print_json
    from nasbench.theory import report
    from nasbench.theory.machinery.registry import all_claims, left_out, select

    names = claims or []
    if coverage:
        if names or everything or mutants or traces is not None or out is not None:
            raise NasbenchError("Coverage is of all claims and checks none; give --coverage alone, or with --json.")
        return _print_coverage(json)
    _sensible(names, everything, mutants, traces, jobs, seed)
    results: list[TraceCheck] | list[Finding]
    if traces is not None:
        results = checks = _against(traces, names, seed)
        known = all_claims()
        about = tuple(known[name] for name in sorted({one.claim for one in checks}) if name in known)
        rows: list[dict[str, Any]] = [report.trace_check_row(one, known.get(one.claim)) for one in checks]
    else:
        about = select(names)
        results = _checked(about, jobs, seed, mutants)
        rows = [report.finding_row(one) for one in results]
    title = "Mutation test" if mutants else f"Theory against the runs in {traces}" if traces else "Claims"
    if out is not None:
        report.write(out, title, rows, about, results)
    if json:
        print_json("verify", verdicts=rows, counts=report.count_rows(rows))
    else:
        report.print_rows(title, rows)
        print(report.headline(rows))
        print("\n".join([*report.failures(rows, mutants, seed), *([] if names or traces is not None else left_out())]))
    return 0 if all(row["passed"] for row in rows) else 1


def list_claims() -> list[dict[str, Any]]:
    """Return every claim as a flat row, for `nasbench list claims`."""
    from nasbench.theory.machinery.registry import all_claims
    from nasbench.theory.report import claim_row

    return [claim_row(claim) for claim in all_claims().values()]


def _print_coverage(json: bool) -> int:
    from nasbench.cli.console import print_json, print_table
    from nasbench.theory.coverage import coverage, coverage_row

    table = list(coverage())
    if json:
        print_json("verify", coverage=[coverage_row(row, whole=True) for row in table])
    else:
        print_table("Coverage: claims about each optimizer", [coverage_row(row) for row in table])
    return 0


def _sensible(names: list[str], everything: bool, mutants: bool, traces: Path | None, jobs: int, seed: int) -> None:
    if everything and names:
        raise NasbenchError("Name claims or give --all, not both.")
    if everything and traces is not None:
        raise NasbenchError("--traces compares all claims that apply to the runs; leave out --all, or --traces.")
    if mutants and traces is not None:
        raise NasbenchError("Mutants are not checked against traces; leave out --mutants or --traces.")
    if not (names or everything or mutants or traces is not None):
        raise NasbenchError("Nothing to verify: name claims or families, or give --all, --mutants or --traces DIR.")
    if jobs < 1:
        raise NasbenchError(f"The number of jobs is {jobs}; it should be 1 or more.")
    if seed < 0:
        raise NasbenchError(f"The seed is {seed}; it should be 0 or more.")


def _checked(claims: tuple[Claim, ...], jobs: int, seed: int, mutants: bool) -> list[Finding]:
    from nasbench.cli.progress import progress_bar
    from nasbench.theory.machinery.claim import Context
    from nasbench.theory.machinery.registry import verify as check

    with progress_bar("checking") as progress:
        return check(claims, Context(seed), jobs, mutants, progress)


def _against(traces: Path, names: list[str], seed: int) -> list[TraceCheck]:
    from nasbench.theory.machinery.claim import Context
    from nasbench.theory.machinery.registry import select
    from nasbench.theory.traces.runs import open_runs
    from nasbench.theory.traces.trace_checks import check_traces, complete_table

    wanted = {claim.name for claim in select(names)} if names else None
    runs = open_runs(traces)
    checks = check_traces(runs, Context(seed), wanted)
    if not names:
        return complete_table(checks, runs)
    if not checks:
        raise NasbenchError(f"None of the named claims applies to the optimizers in {traces}; leave the names out.")
    return checks
