"""`nasbench growth`: what the suite costs as sizes grow, and what many runs would take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nasbench.errors import NasbenchError

if TYPE_CHECKING:
    from nasbench.theory.measured.growth import MeasuredGrowth
    from nasbench.theory.measured.planning import Plan


def growth(
    runs: Annotated[int, typer.Option(help="Number of runs that are planned.")] = 1_000_000,
    cores: Annotated[int, typer.Option(help="Number of cores that they are planned on.")] = 64,
    quick: Annotated[bool, typer.Option("--quick", help="Measure the three smallest of each size alone.")] = False,
    page: Annotated[
        Path | None,
        typer.Option(help="Page whose block `<!-- measured: growth -->` is written anew, as docs/SPEED.md."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Measure time and memory of searches against their sizes, beside the powers that are stated; plan a large study."""
    from nasbench.cli.console import print_json, print_table
    from nasbench.cli.progress import progress_bar
    from nasbench.theory.measured.growth import measure_all
    from nasbench.theory.measured.machine import describe_machine
    from nasbench.theory.measured.page import markdown, write_block
    from nasbench.theory.measured.planning import QUERIES, plan

    for what, number in (("number of runs", runs), ("number of cores", cores)):
        if number < 1:
            raise NasbenchError(f"The {what} is {number}; it should be 1 or more.")
    with progress_bar("measuring") as progress:
        rows = [growth_row(one) for one in measure_all(quick, progress)]
    plans = [plan_row(one, cores) for one in plan(runs)]
    machine = describe_machine()
    title = f"{runs:,} runs of {QUERIES} queries on {cores} cores"
    if page is not None:
        write_block(page, "growth", f"{machine}.\n\n{markdown(rows)}\n{title}:\n\n{markdown(plans)}")
    if json:
        print_json("growth", growth=rows, plans=plans, machine=machine)
        return 0
    print_table("Powers of time and memory (95% upper limits), beside the stated ones", rows)
    print_table(title, plans)
    print(machine)
    return 0


def growth_row(found: MeasuredGrowth) -> dict[str, Any]:
    """Return what was measured of one size as a flat row."""
    row: dict[str, Any] = {
        "size": found.axis.name,
        "from": found.axis.sizes[0],
        "to": found.axis.sizes[-1],
        "searched": found.axis.searched,
    }
    for slope in found.slopes:
        row[slope.label] = f"{slope.slope:.2f} (to {slope.upper:.2f})"
        row[f"stated {slope.label}"] = f"{slope.stated:g}"
    return row | {"seconds": f"{found.seconds[-1]:.3g}", "MB": f"{found.memory[-1] / 1e6:.3g}"}


def plan_row(planned: Plan, cores: int) -> dict[str, Any]:
    """Return a plan as a flat row."""
    return {
        "method": planned.method,
        "processor hours": f"{planned.hours:.2g}" if planned.hours < 10 else f"{planned.hours:,.0f}",
        "hours": f"{planned.hours / cores:.2g}",
        "MB a process": f"{planned.memory / 1e6:.0f}",
        "GB of traces": f"{planned.disk / 1e9:.2g}",
    }
