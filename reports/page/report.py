"""What a report of a study consists of, before it is written in any format."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.errors import NasbenchError, unknown_name
from nasbench.reports.analysis.comparison import Comparison, compare
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation, evaluate_study
from nasbench.reports.analysis.live_tasks import LiveTasks
from nasbench.reports.analysis.results import Results
from nasbench.reports.analysis.scoring import Scoring
from nasbench.reports.analysis.time_to_target import TimeToTargetResult, times_to_target
from nasbench.reports.figures.anytime import anytime
from nasbench.reports.figures.critical_difference import critical_difference
from nasbench.reports.figures.figure import Figure
from nasbench.reports.figures.hypervolume import hypervolume
from nasbench.reports.figures.live_tasks import score_against_seconds, search_curves, skips
from nasbench.reports.figures.operator_shares import operator_share_figure
from nasbench.reports.figures.pareto import pareto
from nasbench.reports.figures.performance_profile import performance_profile
from nasbench.reports.figures.run_time import run_time
from nasbench.reports.figures.survival import survival
from nasbench.reports.figures.theory_predictions import laws
from nasbench.reports.figures.win_probability import win_probability
from nasbench.reports.page.checklist import Item, checklist
from nasbench.reports.page.live_methods import live_methods
from nasbench.reports.page.live_summary import live_summary
from nasbench.reports.page.methods import methods, settings_of
from nasbench.reports.page.summary import summary
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.statistics.robustness import half_splits
from nasbench.reports.tables.ablation import ablation_table
from nasbench.reports.tables.aggregate import aggregate_table
from nasbench.reports.tables.anytime import anytime_table
from nasbench.reports.tables.comparison import comparison_table
from nasbench.reports.tables.further_data_set import further_data_set_table
from nasbench.reports.tables.included_results import read_judgements
from nasbench.reports.tables.live_overview import live_overview_table, skipped_table
from nasbench.reports.tables.live_scores import pairs_table, score_table
from nasbench.reports.tables.multi_objective import multi_objective_table
from nasbench.reports.tables.overview import overview_table
from nasbench.reports.tables.power import power_table
from nasbench.reports.tables.practical_equivalence import practical_table
from nasbench.reports.tables.relative_improvement import relative_improvement_table
from nasbench.reports.tables.resource_usage import cost_table
from nasbench.reports.tables.robustness import robustness_table
from nasbench.reports.tables.table import ReportTable
from nasbench.reports.tables.theory_predictions import laws_table
from nasbench.reports.tables.time_to_target import time_to_target_table
from nasbench.reports.tables.training_cost import training_cost_table
from nasbench.theory.traces.trace_check import TraceCheck
from nasbench.theory.traces.trace_checks import decide


@dataclass(frozen=True)
class Report:
    """A report.

    Attributes:
        title: name of the study.
        description: what the study is for.
        summary: plain sentences.
        tables: in the order of reading.
        figures: in the order of reading.
        methods: paragraphs.
        settings: by label of the optimizer.
        study: the study as TOML; empty where the suite did not run it.
        environment: rows of (what, value), none where the suite did not run the study.
        checklist: the NAS best practice checklist.
        runs: hash, data set, optimizer and files of the runs behind the numbers.
        hashed: what is hashed.
    """

    title: str
    description: str
    summary: tuple[str, ...]
    tables: tuple[ReportTable, ...]
    figures: tuple[Figure, ...]
    methods: tuple[str, ...]
    settings: Mapping[str, str]
    study: str
    environment: tuple[tuple[str, str], ...]
    checklist: tuple[Item, ...]
    runs: tuple[tuple[str, str, str, str], ...]
    hashed: str = "the trace files in this order (cat FILES | sha256sum)"

    @property
    def sections(self) -> tuple[tuple[str, Sequence[ReportTable], Sequence[Figure]], ...]:
        """Heading, tables and figures of each section of results: the main result first, then all else."""
        parts: tuple[tuple[str, Sequence[ReportTable], Sequence[Figure]], ...] = (
            ("Main result", self.tables[:1], self.figures[:1]),
            ("Tables", self.tables[1:], ()),
            ("Figures", (), self.figures[1:]),
        )
        return tuple(part for part in parts if part[1] or part[2])


@dataclass(frozen=True)
class _Part:
    """What a report says of the benchmarks of a study, or of its live tasks."""

    summary: tuple[str, ...] = ()
    tables: tuple[ReportTable, ...] = ()
    figures: tuple[Figure, ...] = ()
    methods: tuple[str, ...] = ()
    scorings: tuple[Scoring, ...] = ()


def build_report(
    results: Results, reference: str | None = None, judgements: Sequence[Path] = (), *, figures: bool = True
) -> Report:
    """Return everything that a report says; the same results give the same report.

    Args:
        results: the study, on benchmarks, live tasks, or both.
        reference: label of the baseline method that times to target are compared with; the study's first if None.
        judgements: files that `nasbench verify`, `hypotheses` or `reproduce` printed with `--json`, to be shown as tables.
        figures: whether figures are drawn, which takes most of the time.

    Raises:
        NasbenchError: if the reference is no label of the study or has no times to be compared with, or a file of judgements is none.
    """
    if reference is not None and reference not in results.labels:
        raise unknown_name("optimizer in this study", reference, results.labels)
    if reference is not None and not results.benchmarks:
        raise NasbenchError("A report of live tasks has no times to targets; leave --reference out.")
    judged = [table for path in judgements for table in read_judgements(path)]
    queried = _benchmarks(results, reference or results.labels[0], figures) if results.benchmarks else _Part()
    trained = _live_tasks(results.live, figures)
    return Report(
        title=results.study.name,
        description=results.study.description,
        summary=(*queried.summary, *trained.summary),
        tables=(*queried.tables, *trained.tables, *judged),
        figures=(*queried.figures, *trained.figures),
        methods=(*queried.methods, *trained.methods),
        settings=settings_of(results),
        study="" if results.recorded else results.study.to_toml(),
        environment=() if results.recorded else environment_rows(results.environment),
        checklist=checklist(results, queried.scorings),
        runs=(*_runs(results), *_live_runs(results.live)),
        **({"hashed": "the runs as they were read"} if results.recorded else {}),
    )


def _benchmarks(results: Results, reference: str, draw: bool) -> _Part:
    rng = np.random.default_rng([results.study.seed, 1])
    evaluations = tuple(evaluate_study(results))
    scores = {e.benchmark: {label: o.score for label, o in e.outcomes.items()} for e in evaluations}
    digests = {e.benchmark: {label: o.digest for label, o in e.outcomes.items()} for e in evaluations}
    comparisons = {name: compare(scores[name], digests[name], rng) for name in scores}
    spoken = decide([said for e in evaluations for said in e.laws])
    halves = {e.short: half_splits(scores[e.benchmark], rng, splits=2_000) for e in evaluations}
    main, accounts = evaluations[0].main, dict.fromkeys(a for e in evaluations for a in e.accounts)
    reached = {
        a: [x for e in evaluations if a in e.accounts for x in times_to_target(e, a, reference, rng)] for a in accounts
    }
    return _Part(
        summary=summary(results, evaluations, comparisons, reached[main], reference, halves),
        tables=_tables(results, evaluations, comparisons, reached, reference, spoken, halves, rng),
        figures=_figures(results, evaluations, spoken) if draw else (),
        methods=methods(results, evaluations),
        scorings=tuple(e.scoring for e in evaluations),
    )


def _live_tasks(live: LiveTasks, draw: bool) -> _Part:
    skipped = skipped_table(list(live.skipped.items()))
    if not live.tasks:
        return _Part(summary=live_summary(live), tables=(skipped,) if skipped else ())
    rng = np.random.default_rng([*live.seeds, 1])
    tables = (
        live_overview_table(live),
        score_table(live, rng),
        pairs_table(live, rng),
        training_cost_table(live),
        skipped,
    )
    return _Part(
        summary=live_summary(live),
        tables=tuple(table for table in tables if table is not None),
        figures=(search_curves(live), score_against_seconds(live), skips(live)) if draw else (),
        methods=live_methods(live),
    )


def _tables(
    results: Results,
    evaluations: Sequence[BenchmarkEvaluation],
    comparisons: Mapping[str, Comparison],
    reached: Mapping[str, Sequence[TimeToTargetResult]],
    reference: str,
    spoken: Sequence[TraceCheck],
    halves: Mapping[str, float | Undefined],
    rng: np.random.Generator,
) -> tuple[ReportTable, ...]:
    objectives = results.study.objectives
    entries = [(entry.label, entry.name, entry.settings) for entry in results.study.methods]
    tables = [
        overview_table(evaluations, comparisons, objectives[0]),
        comparison_table(evaluations, comparisons, objectives[0]),
        aggregate_table(evaluations, reference, rng),
        practical_table(evaluations, reference, rng),
        further_data_set_table(evaluations, reference, rng),
        power_table(evaluations, reference),
        robustness_table(evaluations, reached[evaluations[0].main], halves),
        anytime_table(evaluations),
        *(time_to_target_table(found, account, reference) for account, found in reached.items() if found),
        multi_objective_table(evaluations, objectives, rng) if len(objectives) > 1 else None,
        ablation_table(evaluations, entries, rng),
        cost_table(evaluations),
        relative_improvement_table(evaluations),
        laws_table(evaluations, spoken),
    ]
    return tuple(table for table in tables if table is not None)


def _figures(
    results: Results, evaluations: Sequence[BenchmarkEvaluation], spoken: Sequence[TraceCheck]
) -> tuple[Figure, ...]:
    objectives = results.study.objectives
    several = (pareto(evaluations, objectives), hypervolume(evaluations)) if len(objectives) > 1 else ()
    figures = (
        *(anytime(evaluations, account) for account in evaluations[0].drawn),
        run_time(evaluations),
        survival(evaluations),
        performance_profile(evaluations),
        win_probability(evaluations),
        critical_difference(evaluations),
        *several,
        operator_share_figure(evaluations),
        laws(evaluations, spoken),
    )
    return tuple(figure for figure in figures if figure is not None)


def environment_rows(environment: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the rows of (what, value) from an `environment.json`."""
    rows = []
    for key, value in environment.items():
        if isinstance(value, Mapping):
            rows += [(f"{key}: {name}", "not installed" if v is None else str(v)) for name, v in value.items()]
        else:
            rows.append(
                (key, "not recorded" if value is None else value if isinstance(value, str) else json.dumps(value))
            )
    return tuple(rows)


def _runs(results: Results) -> tuple[tuple[str, str, str, str], ...]:
    folder = results.store.folder
    return tuple(
        (
            results.digest((benchmark, label)),
            benchmark,
            label,
            results.recorded.source
            if results.recorded
            else " ".join(path.relative_to(folder).as_posix() for path in results.files((benchmark, label))),
        )
        for benchmark in results.benchmarks
        for label in results.labels
    )


def _live_runs(live: LiveTasks) -> tuple[tuple[str, str, str, str], ...]:
    folder = live.store.folder
    return tuple(
        (
            runs.digest,
            runs.task,
            runs.label,
            " ".join(path.relative_to(folder).as_posix() for path in live.files(runs.task, runs.label)),
        )
        for task in live.tasks
        for runs in live.of_task(task)
    )
