"""A reproduction as flat rows for JSON and the terminal, and as a table for print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, get_args

from nasbench.reports.analysis.scoring import Scoring, exposure
from nasbench.reports.papers.orderings import OrderingVerdict
from nasbench.reports.papers.paper import Paper, Search
from nasbench.reports.papers.reproduce import Reproduction
from nasbench.reports.papers.simulate import SEARCHED
from nasbench.reports.papers.verdict import ALPHA, Row, Verdict
from nasbench.reports.statistics.result import Interval, Undefined
from nasbench.reports.tables.table import ReportTable, TableCell, TableColumn
from nasbench.reports.wording import pluralize

UNCONFIRMED = "unconfirmed"
MARKS = {"†": "the digits of the published value were not confirmed from a second source"}


def rows_of(reproduction: Reproduction) -> list[dict[str, Any]]:
    """One flat row a figure."""
    return [_flat(row) for row in reproduction.rows]


def _flat(row: Row) -> dict[str, Any]:
    figure = row.figure
    return {
        "method": figure.method,
        "dataset": figure.dataset,
        "split": figure.split,
        "published": figure.mean,
        "reproduced": row.mean,
        "margin": row.margin,
        "verdict": row.verdict,
        "unit": row.unit,
        "published_sd": figure.deviation,
        "reproduced_sd": row.deviation,
        "lower": row.test.interval.lower if row.test else None,
        "upper": row.test.interval.upper if row.test else None,
        "p_value": row.p_value,
        "p_difference": row.p_difference,
        "within": row.within,
        "power": row.power,
        "runs": row.runs,
        "closed_form": row.closed_form,
        "decimals": figure.digits,
        "digits": f"confirmed by {figure.confirmed}" if figure.confirmed else UNCONFIRMED,
        "reason": row.reason,
    }


def ordering_rows(reproduction: Reproduction) -> list[dict[str, Any]]:
    """Return one flat row for each published ordering."""
    return [asdict(one) for one in reproduction.orderings]


def summarize(reproduction: Reproduction) -> list[str]:
    """Return the outcome in sentences: verdicts of the values, and orderings with those that are not confirmed."""
    counts = Counter(row.verdict for row in reproduction.rows)
    values = ", ".join(f"{counts[verdict]} {verdict}" for verdict in get_args(Verdict) if counts[verdict])
    sentences = [f"Values: {values}."]
    if reproduction.orderings:
        found = Counter(one.verdict for one in reproduction.orderings)
        shares = ", ".join(f"{found[verdict]} {verdict}" for verdict in get_args(OrderingVerdict) if found[verdict])
        sentences.append(f"Published orderings of two methods: {shares}.")
    for one in reproduction.orderings:
        if one.verdict != "confirmed":
            clear = "" if one.published_p is None or one.published_p < ALPHA else ", not significant there either"
            sentences.append(
                f"{one.dataset}, {one.split}: {one.higher} above {one.lower} (published by {one.published:.2f}{clear}) is {one.verdict} "
                f"(ours {one.reproduced:+.2f}, p = {one.p_value:.2g})."
            )
    return sentences


def confirmation(paper: Paper) -> str:
    """Return how many published values match a second source, and which sources those are, as a sentence."""
    found = Counter(figure.confirmed for figure in paper.figures if figure.confirmed)
    sources = "; ".join(f"{count} in {source}" for source, count in found.items())
    total = pluralize(len(paper.figures), "published value")
    return f"{sum(found.values())} of {total} match a second source{': ' if sources else ''}{sources}."


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the terminal shows of a flat row."""
    digits = row["decimals"]

    def value(mean: float | None, deviation: float | None) -> str:
        if mean is None:
            return "-"
        return f"{mean:.{digits}f}" if deviation is None else f"{mean:.{digits}f} ± {deviation:.{digits}f}"

    closed = row["closed_form"]
    return {
        "method": row["method"],
        "dataset": row["dataset"],
        "split": row["split"],
        "published": value(row["published"], row["published_sd"]),
        "reproduced": value(row["reproduced"], row["reproduced_sd"]),
        "closed form": "-" if closed is None else f"{closed:.{digits}f}",
        "margin": f"{row['margin']:.2g}",
        "equivalent within": "-" if row["within"] is None else f"{row['within']:.2g}",
        "verdict": row["verdict"],
    }


def reasons(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the reasons of flat rows as sentences, each once, after what it is the reason of; one for all that is not testable."""
    places: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["reason"] and row["verdict"] != "not testable":
            places.setdefault(row["reason"], []).append(row)
    sentences = [f"{_place(found)}: {reason}." for reason, found in places.items()]
    if count := sum(row["verdict"] == "not testable" for row in rows):
        sentences.append(
            f"Not testable ({pluralize(count, 'row')}): the difference is not significant, and equivalence within the margin would be shown with a "
            "probability below one half even if there were no difference; the table says within what each is equivalent (5 %, row by row)."
        )
    return sentences


def _place(rows: Sequence[Mapping[str, Any]]) -> str:
    methods = ", ".join(dict.fromkeys(row["method"] for row in rows))
    return methods if len(rows) > 1 else f"{methods}, {rows[0]['dataset']} {rows[0]['split']}"


def searched_splits(paper: Paper) -> tuple[str, ...]:
    """Whether what is reported of the methods that were searched anew comes from the split that they searched on."""
    if paper.protocol.measure != "accuracy":
        return ()
    searched = [figure.split for figure in paper.figures if isinstance(paper.methods[figure.method], Search)]
    return exposure(
        [
            Scoring(name=f"the {split} rows", searched=SEARCHED, scored=split, has_test=True)
            for split in dict.fromkeys(searched)
        ]
    )


def reproduction_table(reproduction: Reproduction) -> ReportTable:
    """The table for print: published beside reproduced, with the interval of the difference."""
    paper = reproduction.paper
    columns = (
        TableColumn(key="method", heading="method", kind="text", group=True),
        TableColumn(key="dataset", heading="data set", kind="text", group=True),
        TableColumn(key="split", heading="split", kind="text"),
        TableColumn(key="published", heading="published"),
        TableColumn(key="reproduced", heading="reproduced"),
        TableColumn(key="closed_form", heading="closed form"),
        TableColumn(key="difference", heading="difference [90 %]"),
        TableColumn(key="margin", heading="margin", digits=3),
        TableColumn(key="within", heading="equivalent within", digits=2),
        TableColumn(key="p_value", heading="p (Holm)", kind="p_value"),
        TableColumn(key="verdict", heading="verdict", kind="text"),
    )
    runs = reproduction.checksum[:12]
    return ReportTable(
        name=f"reproduce-{paper.name}",
        title=paper.title,
        caption=(
            f"{paper.citation}. Means over runs, in {paper.unit}. Equivalent: two one-sided t tests place the difference inside the margin, at "
            f"most half of the smallest gap between two methods of the column (error {ALPHA:g}, Holm over the rows that vary between runs); "
            "a value without chance must round to the printed digits."
        ),
        columns=columns,
        rows=tuple(_cells(row, runs) for row in reproduction.rows),
        marks=MARKS,
        notes=(
            *paper.notes,
            *searched_splits(paper),
            *summarize(reproduction),
            confirmation(paper),
            f"The checksum of the table that all numbers rest on starts with {runs}.",
        ),
    )


def _cells(row: Row, runs: str) -> tuple[TableCell, ...]:
    figure, test = row.figure, row.test
    absent = Undefined(row.reason or "there is none")
    no_form = Undefined("there is no closed form of this method")
    none = Undefined(row.reason if row.verdict in ("not run", "undecided") else "nothing was drawn at random")
    interval = Interval(test.interval.lower, test.interval.upper, test.interval.level) if test else None
    return (
        TableCell(figure.method),
        TableCell(figure.dataset),
        TableCell(figure.split),
        TableCell(figure.mean, mark="" if figure.confirmed else "†", runs="published"),
        TableCell(absent if row.mean is None else row.mean, runs=runs),
        TableCell(no_form if row.closed_form is None else row.closed_form, runs=runs),
        TableCell(absent if row.mean is None else row.mean - figure.mean, interval, runs=runs),
        TableCell(row.margin, runs="published"),
        TableCell(none if row.within is None else row.within, runs=runs),
        TableCell(none if row.p_value is None else row.p_value, runs=runs),
        TableCell(row.verdict),
    )
