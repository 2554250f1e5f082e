"""Tables of theory verdicts, from the rows that `nasbench verify` prints: growth of the optimizers by itself, all other claims by family."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from nasbench.reports.statistics.result import Interval, Undefined
from nasbench.reports.tables.table import ReportTable, TableCell, TableColumn
from nasbench.reports.wording import pluralize

Row = Mapping[str, Any]

SLOPE = re.compile(r"(operations|memory|time) (-?[\d.]+) \(up to (-?[\d.]+)\) of ([\d.]+)")
"""A measured slope in the note of a claim about growth, as `nasbench.theory.families.complexity.growth.check_slopes` writes it."""

SIZES = re.compile(r"T = ([\d.]+) to ([\d.]+)")

LIMIT = "a proof, or an exact count, without a test"


def theory_tables(rows: Sequence[Row], runs: str, source: str) -> tuple[ReportTable, ...]:
    """Build the table of growth and that of all other claims, each where it has rows.

    Args:
        rows: verdicts, one a claim.
        runs: hash of what the rows come from.
        source: name of the file, for the caption.
    """
    grown = [row for row in rows if SLOPE.search(str(row.get("note", "")))]
    others = [row for row in rows if not SLOPE.search(str(row.get("note", "")))]
    mutants = any(row.get("mutant", row.get("fault")) for row in rows)
    tables = [_claims(others, runs, source, mutants) if others else None]
    tables += [_growth(grown, runs, source, mutants) if grown else None]
    return tuple(table for table in tables if table is not None)


def _claims(rows: Sequence[Row], runs: str, source: str, mutants: bool) -> ReportTable:
    columns = (
        TableColumn(key="family", heading="family", kind="text", group=True),
        TableColumn(key="claim", heading="claim", kind="text"),
        TableColumn(key="verdict", heading="verdict", kind="text"),
        TableColumn(key="statistic", heading="statistic [95% CI]", kind="general", digits=4),
        TableColumn(key="bound", heading="bound", kind="general", digits=4),
        TableColumn(key="tightness", heading="bound / statistic", kind="general", digits=3),
        TableColumn(key="p_value", heading="p", kind="p_value"),
        TableColumn(key="n", heading="n", kind="count"),
        TableColumn(key="note", heading="what was looked at", kind="text"),
    )
    return ReportTable(
        name=f"theory-{runs}",
        title="Mutation test of theory" if mutants else "Theory verdicts",
        caption=_caption(rows, source, mutants),
        columns=columns,
        rows=tuple(_claim_row(row, runs) for row in rows),
        notes=(f"The hash of that file starts with {runs}.",),
    )


def _claim_row(row: Row, runs: str) -> tuple[TableCell, ...]:
    family, _, claim = str(row["claim"]).partition(".")
    low, high = row.get("low"), row.get("high")
    bounds = None if low is None or high is None else Interval(float(low), float(high), 0.95)
    return (
        TableCell(family),
        TableCell(claim or family),
        TableCell(str(row["verdict"])),
        TableCell(_number(row, "statistic", "nothing was measured"), bounds, runs=runs),
        TableCell(_number(row, "bound", "nothing was measured"), runs=runs),
        TableCell(_number(row, "tightness", "the ratio means nothing here"), runs=runs),
        TableCell(_number(row, "p_value", LIMIT), runs=runs),
        TableCell(_number(row, "n", "it was not given"), runs=runs),
        TableCell(str(row.get("note") or "") or Undefined("the statement says it all")),
    )


def _growth(rows: Sequence[Row], runs: str, source: str, mutants: bool) -> ReportTable:
    columns = (
        TableColumn(key="claim", heading="optimizer or solver", kind="text"),
        TableColumn(key="order", heading="stated power of T, time", kind="general", digits=2),
        TableColumn(key="operations", heading="operations [90% CI]"),
        TableColumn(key="time", heading="time [90% CI]"),
        TableColumn(key="memory_order", heading="stated power of T, memory", kind="general", digits=2),
        TableColumn(key="memory", heading="memory [90% CI]"),
        TableColumn(key="sizes", heading="T", kind="text"),
        TableColumn(key="verdict", heading="verdict", kind="text"),
    )
    return ReportTable(
        name=f"complexity-{runs}",
        title="Growth of the mutants" if mutants else "Growth of the optimizers",
        caption=(
            f"{_caption(rows, source, mutants)} Stated powers of the number of queries T (of the size of its input, for a solver) are upper bounds; beside "
            "them the measured slopes of interpreter operations, processor time and memory in log-log coordinates."
        ),
        columns=columns,
        rows=tuple(_growth_row(row, runs) for row in rows),
        notes=(
            "Intervals by HC3, so that their upper ends are one-sided limits at 95%; a slope may exceed its power by 0.15 (time: 0.5).",
            f"The hash of that file starts with {runs}.",
        ),
    )


def _growth_row(row: Row, runs: str) -> tuple[TableCell, ...]:
    note = str(row["note"])
    slopes = {name: tuple(map(float, rest)) for name, *rest in SLOPE.findall(note)}
    sizes = SIZES.search(note)

    def stated(*names: str) -> TableCell:
        powers = [slopes[name][2] for name in names if name in slopes]
        return TableCell(powers[0] if powers else Undefined("nothing is stated"), runs=runs)

    def measured(name: str) -> TableCell:
        if name not in slopes:
            return TableCell(Undefined("it was not measured, or too short to be"), runs=runs)
        slope, upper, _ = slopes[name]
        return TableCell(slope, Interval(2 * slope - upper, upper, 0.9), runs=runs)

    return (
        TableCell(str(row["claim"]).partition(".")[2] or str(row["claim"])),
        stated("operations", "time"),
        measured("operations"),
        measured("time"),
        stated("memory"),
        measured("memory"),
        TableCell(f"{sizes[1]} to {sizes[2]}" if sizes else Undefined("the claim names its own sizes")),
        TableCell(str(row["verdict"])),
    )


def _caption(rows: Sequence[Row], source: str, mutants: bool) -> str:
    told = ", ".join(
        f"{sum(row['verdict'] == kind for row in rows)} {kind}"
        for kind in dict.fromkeys(row["verdict"] for row in rows)
    )
    head = (
        "Mutation test: a deliberately wrong variant of each claim must be rejected. Verdicts"
        if mutants
        else "Verdicts"
    )
    kinds = Counter(str(row["kind"]) for row in rows if row.get("kind"))
    of = ", ".join(pluralize(count, kind) for kind, count in kinds.most_common())
    return f"{head}, as nasbench verify printed them into {source}: {told}{f', of {of}' if of else ''}."


def _number(row: Row, key: str, reason: str) -> float | Undefined:
    value = row.get(key)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else Undefined(reason)
