"""Several objectives: quality of the fronts that runs return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nasbench.reports.analysis.comparison import Comparison
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation
from nasbench.reports.analysis.pareto_fronts import REFERENCE, FrontTraces, TrueFront
from nasbench.reports.analysis.scoring import searched_on
from nasbench.reports.statistics.bootstrap import studentised_mean
from nasbench.reports.statistics.multiobjective import additive_epsilon, coverage, igd_plus
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.tables.comparison import MARKS, meanings
from nasbench.reports.tables.table import DATA_SET, OPTIMIZER, ReportTable, TableCell, TableColumn, estimated
from nasbench.reports.wording import format_range, interval_name, pluralize
from nasbench.spaces.space import Floats


def multi_objective_table(
    evaluations: Sequence[BenchmarkEvaluation],
    comparisons: Mapping[str, Comparison],
    objectives: Sequence[str],
    rng: np.random.Generator,
) -> ReportTable:
    """Build the table; every benchmark must have been evaluated with several objectives.

    Args:
        evaluations: one a benchmark.
        comparisons: by benchmark, of the share in percent of the hypervolume that a run's front lacks.
        objectives: names of the objectives.
        rng: the random stream of the bootstrap.
    """
    ci = interval_name(evaluations[0].alpha)
    columns = (
        DATA_SET,
        OPTIMIZER,
        TableColumn(key="hypervolume", heading=f"hypervolume (%) [{ci}]", kind="percent", digits=1),
        TableColumn(key="igd_plus", heading=f"IGD+ [{ci}]", digits=4),
        TableColumn(key="epsilon", heading=f"additive epsilon [{ci}]", digits=4),
        TableColumn(key="coverage", heading=f"coverage of the front (%) [{ci}]", kind="percent", digits=1),
        TableColumn(key="size", heading="points", digits=1),
    )
    rows = [row for evaluation in evaluations for row in _rows(evaluation, comparisons[evaluation.benchmark], rng)]
    front = evaluations[0].front_name
    fronts = "; ".join(_front_note(e, objectives) for e in evaluations)
    return ReportTable(
        name="multi-objective",
        title="Fronts",
        caption=(
            f"Front that a run returns over {', '.join(objectives)} (what is non-dominated in its observations), valued by "
            f"{searched_on([e.scoring for e in evaluations])}; mean over runs. "
            f"Hypervolume as a share of the {front}'s; IGD+ and epsilon against the {front}, in objectives scaled to span 0 to 1 on it, lower is better."
        ),
        columns=columns,
        rows=tuple(rows),
        marks={sign: f"{meaning} (hypervolume)" for sign, meaning in meanings(evaluations[0].alpha).items()},
        notes=(f"Reference point: {REFERENCE:g} in every scaled objective. {front.capitalize()}: {fronts}.",),
    )


def _rows(
    evaluation: BenchmarkEvaluation, comparison: Comparison, rng: np.random.Generator
) -> list[tuple[TableCell, ...]]:
    truth = evaluation.front
    fronts = {label: outcome.fronts for label, outcome in evaluation.outcomes.items()}
    assert truth is not None
    found = {label: front for label, front in fronts.items() if front is not None}
    digests = {label: outcome.digest for label, outcome in evaluation.outcomes.items()}
    rows = []
    for label, front in found.items():
        standing, runs = comparison.standings[label], digests[label]
        indicators = _indicators(front, truth)
        rows.append(
            (
                TableCell(evaluation.short),
                TableCell(label),
                estimated(
                    standing.mean.map(lambda lacking: 1.0 - lacking / 100.0),
                    runs,
                    mark=MARKS[standing.verdict],
                    best=standing.best,
                ),
                *(
                    estimated(studentised_mean(values, rng, resamples=4_000, level=evaluation.level), runs)
                    for values in indicators
                ),
                TableCell(float(np.mean([len(points) for points in front.final])), runs=runs),
            )
        )
    return rows


def _indicators(front: FrontTraces, truth: TrueFront) -> tuple[Floats, Floats, Floats]:
    """Return IGD+, additive epsilon and coverage of each run."""
    true = truth.scaled(truth.points)
    values = np.empty((3, len(front.final)))
    for run, points in enumerate(front.final):
        scaled = truth.scaled(points)
        for i, indicator in enumerate((igd_plus, additive_epsilon, coverage)):
            value = indicator(scaled, true)
            values[i, run] = np.nan if isinstance(value, Undefined) else value
    return values[0], values[1], values[2]


def _front_note(evaluation: BenchmarkEvaluation, objectives: Sequence[str]) -> str:
    truth = evaluation.front
    assert truth is not None
    ends = []
    for name, low, high, unit, view in zip(
        objectives, truth.ideal, truth.nadir, evaluation.units, evaluation.views, strict=True
    ):
        ends.append(f"{name} {format_range(view(float(low)), view(float(high)))} {unit}")
    return f"{evaluation.short} has {pluralize(len(truth.points), 'point')}, {', '.join(ends)}"
