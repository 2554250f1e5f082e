"""`nasbench verify`, and the list of claims."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nasbench.errors import NasbenchError
from nasbench.ranges import LARGEST_SEED

if TYPE_CHECKING:
    from nasbench.theory.machinery.claim import Claim
    from nasbench.theory.traces.trace_check import Spoken


def verify(
    claims: Annotated[list[str] | None, typer.Argument(help="claims or families; see `nasbench list claims`")] = None,
    everything: Annotated[bool, typer.Option("--all", help="every claim")] = False,
    faults: Annotated[bool, typer.Option("--faults", help="the planted faults, each of which must be caught")] = False,
    traces: Annotated[
        Path | None, typer.Option(help="results folder of a study that the claims are held against")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="folder for Markdown, LaTeX and figures")] = None,
    jobs: Annotated[int, typer.Option(help="processes")] = 2,
    seed: Annotated[int, typer.Option(max=LARGEST_SEED, help="master seed of the simulations")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Check claims: exactly, by simulation, or against the traces of a study. Exit status 1 where one is violated."""
    from nasbench.cli.console import print_json
    from nasbench.theory.machinery import render
    from nasbench.theory.machinery.registry import select

    names = claims or []
    _sensible(names, everything, faults, traces, jobs, seed)
    spoken: list[Spoken] = []
    if traces is not None:
        spoken = _against(traces, names, seed)
        rows: list[dict[str, Any]] = [render.spoken_row(one) for one in spoken]
        about = select(sorted({one.claim for one in spoken})) if spoken else ()
    else:
        about = select(names)
        rows = _checked(about, jobs, seed, faults)
    title = "Planted faults" if faults else f"Claims against {traces}" if traces else "Claims"
    if out is not None:
        render.write(out, title, rows, about, spoken)
    if json:
        print_json("verify", verdicts=rows)
    else:
        render.print_rows(title, rows)
        for row in rows:
            if not row["passed"]:
                print(f"{row['claim']}: {'the fault slipped through' if faults else 'violated'}; {row['note']}")
    return 0 if all(row["passed"] for row in rows) else 1


def list_claims() -> list[dict[str, Any]]:
    """Return every claim as a flat row, for `nasbench list claims`."""
    from nasbench.theory.machinery.registry import all_claims
    from nasbench.theory.machinery.render import claim_row

    return [claim_row(claim) for claim in all_claims().values()]


def _sensible(names: list[str], everything: bool, faults: bool, traces: Path | None, jobs: int, seed: int) -> None:
    if everything and names:
        raise NasbenchError("Name claims or say --all, not both.")
    if faults and traces is not None:
        raise NasbenchError("Planted faults are checked apart from traces; leave out --faults or --traces.")
    if not (names or everything or faults or traces is not None):
        raise NasbenchError("Nothing to verify: name claims or families, or say --all, --faults or --traces DIR.")
    if jobs < 1:
        raise NasbenchError(f"The number of jobs is {jobs}; it should be 1 or more.")
    if seed < 0:
        raise NasbenchError(f"The seed is {seed}; it should be 0 or more.")


def _checked(claims: tuple[Claim, ...], jobs: int, seed: int, faults: bool) -> list[dict[str, Any]]:
    from nasbench.cli.progress import progress_bar
    from nasbench.theory.machinery.claim import Context
    from nasbench.theory.machinery.registry import verify as check
    from nasbench.theory.machinery.render import finding_row

    with progress_bar("checking") as progress:
        return [finding_row(f) for f in check(claims, Context(seed), jobs, faults, progress)]


def _against(traces: Path, names: list[str], seed: int) -> list[Spoken]:
    from nasbench.theory.machinery.claim import Context
    from nasbench.theory.machinery.registry import select
    from nasbench.theory.traces.runs import open_runs
    from nasbench.theory.traces.trace_checks import judge

    wanted = {claim.name for claim in select(names)}
    spoken = judge(open_runs(traces), Context(seed), wanted)
    if not spoken:
        raise NasbenchError(
            f"No claim that was asked for speaks about the optimizers in {traces}; leave the names out."
        )
    return spoken
