"""Ranking robustness: does the winner of a data set win under another budget, target, data set, or on half of the runs?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from nasbench.reports.analysis.accounts import NAMES
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation
from nasbench.reports.analysis.time_to_target import TimeToTargetResult
from nasbench.reports.statistics.result import Undefined, if_defined
from nasbench.reports.statistics.robustness import ConditionRobustness, across_conditions
from nasbench.reports.tables.table import DATA_SET, ReportTable, TableCell, TableColumn
from nasbench.spaces.space import Floats

WHOLE = "whole budget"
BUDGETS = {"half the budget": 0.5, "a quarter of the budget": 0.25}
FORMS = {True: "yes", False: "no"}
MOST = 4
"""With more other data sets than these they have one row together."""


def robustness_table(
    evaluations: Sequence[BenchmarkEvaluation],
    reached: Sequence[TimeToTargetResult],
    halves: Mapping[str, float | Undefined],
) -> ReportTable | None:
    """Build the table, or None where there is one optimizer.

    Args:
        evaluations: one a benchmark.
        reached: times to targets in the account that the budget limits.
        halves: by short name of the benchmark, the share of random halves of the runs on which its winner wins.
    """
    if len(evaluations[0].outcomes) < 2:
        return None
    rows = [row for e in evaluations for row in _rows(e, evaluations, reached, halves[e.short])]
    return ReportTable(
        name="robustness",
        title="Robustness of the ranking",
        caption=(
            f"Optimizer with the {evaluations[0].view.best} mean final score on each data set, and the one that ranks first under other conditions: "
            f"smaller budgets, targets (lowest restricted mean of {NAMES[evaluations[0].main]}), other data sets, random halves of the runs. "
            "tau: Kendall's tau between the two rankings of all optimizers."
        ),
        columns=(
            DATA_SET,
            TableColumn(key="winner", heading="winner", kind="text"),
            TableColumn(key="condition", heading="condition", kind="text"),
            TableColumn(key="first", heading="ranked first", kind="text"),
            TableColumn(key="survives", heading="same winner", kind="text"),
            TableColumn(key="tau", heading="tau"),
        ),
        rows=tuple(rows),
        notes=("Rankings by means, without a test: where the difference in the main table is not significant, the winner may change by chance.",),
    )  # fmt: skip


def _rows(
    evaluation: BenchmarkEvaluation,
    evaluations: Sequence[BenchmarkEvaluation],
    reached: Sequence[TimeToTargetResult],
    half: float | Undefined,
) -> Iterator[tuple[TableCell, ...]]:
    conditions = {WHOLE: _final(evaluation)}
    conditions |= {name: evaluation.at_fraction(fraction) for name, fraction in BUDGETS.items()}
    conditions |= _targets(evaluation, reached)
    others = {e.short: _final(e) for e in evaluations if e is not evaluation}
    found = across_conditions(conditions | others, WHOLE)
    assert not isinstance(found, Undefined)  # two optimizers or more, and the whole budget is there
    runs = "+".join(outcome.digest for outcome in evaluation.outcomes.values())
    winner = found.winner
    for name in (*conditions, *(others if len(others) <= MOST else ())):
        if name != WHOLE:
            yield (
                TableCell(evaluation.short),
                TableCell(winner, runs=runs),
                TableCell(name),
                *_told(found, name, runs),
            )
    if len(others) > MOST:
        name = f"the other {len(others)} data sets"
        yield (
            TableCell(evaluation.short),
            TableCell(winner, runs=runs),
            TableCell(name),
            *_together(found, list(others), runs),
        )
    share = if_defined(half, lambda part: f"in {100 * part:.0f}%")
    dash = Undefined("each half has a ranking of its own")
    yield (
        TableCell(evaluation.short),
        TableCell(winner, runs=runs),
        TableCell("random halves of the runs"),
        TableCell(dash, runs=runs),
        TableCell(share, runs=runs),
        TableCell(dash, runs=runs),
    )


def _told(found: ConditionRobustness, name: str, runs: str) -> tuple[TableCell, TableCell, TableCell]:
    first = if_defined(found.rankings[name], lambda ranking: ", ".join(ranking.winners))
    same = if_defined(found.survives[name], lambda survives: FORMS[survives])
    return TableCell(first, runs=runs), TableCell(same, runs=runs), TableCell(found.agreement[name], runs=runs)


def _together(found: ConditionRobustness, names: Sequence[str], runs: str) -> tuple[TableCell, TableCell, TableCell]:
    """Return the other data sets in one row: on how many the winner is first, and the mean of tau."""
    kept = sum(found.survives[name] is True for name in names)
    known = [tau for tau in (found.agreement[name] for name in names) if not isinstance(tau, Undefined)]
    same = if_defined(found.winner, lambda _: f"on {kept} of {len(names)}")
    tau = float(np.mean(known)) if known else Undefined("all methods are tied everywhere, so no order can agree")
    return (
        TableCell(Undefined("each data set has a ranking of its own"), runs=runs),
        TableCell(same, runs=runs),
        TableCell(tau, runs=runs),
    )


def _final(evaluation: BenchmarkEvaluation) -> dict[str, Floats]:
    return {label: outcome.score for label, outcome in evaluation.outcomes.items()}


def _targets(evaluation: BenchmarkEvaluation, reached: Sequence[TimeToTargetResult]) -> dict[str, dict[str, Floats]]:
    """Return the restricted mean time to each target that some run reached."""
    conditions: dict[str, dict[str, Floats]] = {}
    for target in evaluation.targets:
        own = [a for a in reached if a.benchmark == evaluation.short and a.target.key == target.key]
        means = {a.label: a.mean.value for a in own if not isinstance(a.mean, Undefined)}
        if len(means) == len(evaluation.outcomes) and any(
            a.mean.events for a in own if not isinstance(a.mean, Undefined)
        ):
            conditions[f"{NAMES[evaluation.main]} to {target.name}"] = {
                label: np.array([mean]) for label, mean in means.items()
            }
    return conditions
