"""All methods of a study in one table: cost of a target over families, ranks, and cost a query; their settings and sources in another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nasbench.reports.analysis.accounts import NAMES
from nasbench.reports.analysis.families import FamilyComparison, MethodStanding
from nasbench.reports.analysis.query_cost import LATE, QueryCost
from nasbench.reports.statistics.result import Estimate, Undefined
from nasbench.reports.tables.table import OPTIMIZER, ReportTable, TableCell, TableColumn, estimated
from nasbench.reports.wording import join_names, pluralize


@dataclass(frozen=True)
class MethodDescription:
    """What is known of a method before it runs, in words.

    Attributes:
        initial_design: random architectures at the start.
        settings: settings that differ from the defaults.
        extra: what has to be installed besides the core.
        source: what it implements.
    """

    initial_design: str
    settings: str
    extra: str
    source: str


def methods_table(comparison: FamilyComparison, costs: Mapping[str, QueryCost]) -> ReportTable:
    """Build the table of all methods, the cheapest first.

    Args:
        comparison: over families.
        costs: of a query, by label.
    """
    account, reference = NAMES[comparison.account], comparison.reference
    labels = [standing.label for standing in comparison.standings]

    def row(standing: MethodStanding) -> tuple[TableCell, ...]:
        place, runs, cost = labels.index(standing.label), standing.runs, costs[standing.label]
        return (
            TableCell(standing.label),
            _relative(standing, standing.cost, reference),
            TableCell(float(np.mean(list(standing.reached.values()))), runs=runs),
            TableCell(comparison.by_cost.mean_rank(place), runs=runs),
            TableCell(comparison.by_regret.mean_rank(place), runs=runs),
            TableCell(1000.0 * cost.seconds, runs=runs),
            TableCell(1000.0 * cost.late, runs=runs),
        )

    return ReportTable(
        name="methods",
        title="All methods",
        caption=(
            f"Restricted mean {account} until the target, relative to {reference} (below 1: fewer), over "
            f"{pluralize(len(comparison.families), 'family', 'families')} and {pluralize(comparison.runs, 'run')} on each data set."
        ),
        columns=(
            OPTIMIZER,
            TableColumn(key="cost", heading=f"{account} relative to {reference} [95% CI]"),
            TableColumn(key="reached", heading="reached (%)", kind="percent", digits=0),
            TableColumn(key="rank_cost", heading=f"mean rank, {account}", digits=1),
            TableColumn(key="rank_regret", heading="mean rank, final regret", digits=1),
            TableColumn(key="milliseconds", heading="processor ms a query", kind="general", digits=2),
            TableColumn(key="late", heading=f"its last {LATE} queries", kind="general", digits=2),
        ),
        rows=tuple(row(standing) for standing in sorted(comparison.standings, key=_order)),
        notes=(
            "The relative cost is a geometric mean over families, within one over its data sets; its interval (bootstrap-t, paired by run) is of "
            "new runs on these data sets, not of new families, and is too narrow where a method never reached the target. Where neither method "
            "reached it the ratio is 1.",
            "Ranks: of the family's mean restricted mean as a share of the horizon, and of its mean final regret relative to that of a random "
            "architecture; 1 is best.",
            "Processor time of the optimizer alone in one run on the first data set, measured when this table was made.",
        ),
    )


def families_table(comparison: FamilyComparison) -> ReportTable:
    """Build the table of relative costs by family, in the order of `methods_table`."""
    names = {name: f"{name} ({join_names(_data_sets(name, own))})" for name, own in comparison.families.items()}
    return ReportTable(
        name="families",
        title="By family",
        caption=(
            f"Restricted mean {NAMES[comparison.account]} until the target, relative to {comparison.reference} [95% CI]; "
            "a geometric mean over the data sets of a family."
        ),
        columns=(OPTIMIZER, *(TableColumn(key=name, heading=heading) for name, heading in names.items())),
        rows=tuple(
            (
                TableCell(standing.label),
                *(_relative(standing, standing.by_family[name], comparison.reference) for name in names),
            )
            for standing in sorted(comparison.standings, key=_order)
        ),
    )


def settings_table(descriptions: Mapping[str, MethodDescription]) -> ReportTable:
    """Build the table of settings and sources, by label."""
    keys = {"initial_design": "initial design", "settings": "settings", "extra": "extra", "source": "method and source"}
    return ReportTable(
        name="settings",
        title="Settings and sources",
        caption="Settings that differ from the defaults; the number of random architectures at the start, and the setting that says so.",
        columns=(OPTIMIZER, *(TableColumn(key=key, heading=heading, kind="text") for key, heading in keys.items())),
        rows=tuple(
            (TableCell(label), *(TableCell(getattr(described, key) or "none") for key in keys))
            for label, described in descriptions.items()
        ),
    )


def _data_sets(name: str, benchmarks: tuple[str, ...]) -> list[str]:
    return [benchmark.removeprefix(f"{name}/") for benchmark in benchmarks]


def _relative(standing: MethodStanding, cost: Estimate | Undefined, reference: str) -> TableCell:
    if standing.label == reference:
        return TableCell(1.0, runs=standing.runs)
    return estimated(cost, standing.compared)


def _order(standing: MethodStanding) -> float:
    value = standing.cost.value
    return 1.0 if isinstance(value, Undefined) else value
