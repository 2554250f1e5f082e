"""What a report says of the benchmarks of a study, and of its live tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from nasbench.reports.analysis.comparison import ALPHA, Comparison, compare
from nasbench.reports.analysis.display_names import DisplayNames
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation, evaluate_study, rename
from nasbench.reports.analysis.forks import in_forks
from nasbench.reports.analysis.live_tasks import LiveTasks
from nasbench.reports.analysis.results import Results
from nasbench.reports.analysis.scoring import Scoring
from nasbench.reports.analysis.targets import headline as headline_target
from nasbench.reports.analysis.time_to_target import TimeToTargetResult, times_to_target
from nasbench.reports.figures.against_reference import against_reference
from nasbench.reports.figures.anytime import anytime
from nasbench.reports.figures.critical_difference import critical_difference
from nasbench.reports.figures.emphasis import styles_of
from nasbench.reports.figures.figure import Figure
from nasbench.reports.figures.hypervolume import hypervolume
from nasbench.reports.figures.live_tasks import score_against_seconds, search_curves, skips
from nasbench.reports.figures.mean_rank import mean_rank
from nasbench.reports.figures.operator_shares import operator_share_figure
from nasbench.reports.figures.pairwise_significance import pairwise_significance
from nasbench.reports.figures.pareto import pareto
from nasbench.reports.figures.performance_profile import performance_profile
from nasbench.reports.figures.run_time import run_time
from nasbench.reports.figures.score_distributions import score_distributions
from nasbench.reports.figures.style import Styles
from nasbench.reports.figures.survival import survival
from nasbench.reports.figures.theory_predictions import laws
from nasbench.reports.figures.time_ratios import time_ratios
from nasbench.reports.figures.win_probability import win_probability
from nasbench.reports.page.headline import headline
from nasbench.reports.page.live_methods import live_methods
from nasbench.reports.page.live_summary import live_headline, live_summary
from nasbench.reports.page.methods import methods
from nasbench.reports.page.summary import summary
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.statistics.robustness import half_splits
from nasbench.reports.tables.ablation import ablation_table
from nasbench.reports.tables.aggregate import aggregate_table
from nasbench.reports.tables.anytime import anytime_table
from nasbench.reports.tables.comparison import comparison_table
from nasbench.reports.tables.constraints import constraints_table
from nasbench.reports.tables.further_data_set import further_data_set_table
from nasbench.reports.tables.hypervolume_over_time import hypervolume_over_time_table
from nasbench.reports.tables.live_overview import live_overview_table, skipped_table
from nasbench.reports.tables.live_scores import pairs_table, score_table
from nasbench.reports.tables.multi_objective import multi_objective_table
from nasbench.reports.tables.overview import hypervolume_overview_table, overview_table
from nasbench.reports.tables.power import power_table
from nasbench.reports.tables.practical_equivalence import practical_table
from nasbench.reports.tables.reference_percentiles import percentile_table
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
class ReportPart:
    """What a report says of the benchmarks of a study, or of its live tasks."""

    headline: str = ""
    summary: tuple[str, ...] = ()
    tables: tuple[ReportTable, ...] = ()
    figures: tuple[Figure, ...] = ()
    methods: tuple[str, ...] = ()
    scorings: tuple[Scoring, ...] = ()


def report_benchmarks(
    results: Results,
    reference: str,
    names: DisplayNames,
    draw: bool,
    alpha: float = ALPHA,
    jobs: int = 1,
    progress: Callable[[float], None] = lambda share: None,
) -> ReportPart:
    """Return the part on the benchmarks of a study; `reference` is a label, `draw` says whether it has figures, `alpha` is the error rate,
    `jobs` how many processes evaluate benchmarks, and `progress` is told the share of them that is done.
    """
    reference = names.optimizer(reference)
    rng = np.random.default_rng([results.study.seed, 1])
    shorts = names.problems(results.benchmarks)
    evaluations = tuple(
        replace(rename(e, shorts[e.benchmark], names), alpha=alpha) for e in evaluate_study(results, jobs, progress)
    )
    scores = {e.benchmark: {label: o.score for label, o in e.outcomes.items()} for e in evaluations}
    digests = {e.benchmark: {label: o.digest for label, o in e.outcomes.items()} for e in evaluations}
    comparisons = {name: compare(scores[name], digests[name], rng, alpha) for name in scores}
    spoken = decide([said for e in evaluations for said in e.laws])
    halves = {e.short: half_splits(scores[e.benchmark], rng, splits=2_000) for e in evaluations}
    own_rng = np.random.default_rng([results.study.seed, 2])  # so that the bounds of other tables stay as they are
    fronts = {
        e.benchmark: _compare_fronts(e, digests[e.benchmark], own_rng) for e in evaluations if e.front is not None
    }
    main, accounts = evaluations[0].main, list(dict.fromkeys(a for e in evaluations for a in e.accounts))
    reached = _reached(results, evaluations, accounts, reference, jobs)
    styles = styles_of(evaluations, reference)
    shown = headline_target([e.targets for e in evaluations]).key
    ratios = time_ratios([a for a in reached[main] if a.target.key == shown], reference, styles)
    figures = (
        (*_figures(results, evaluations, comparisons, reference, spoken, styles), *((ratios,) if ratios else ()))
        if draw
        else ()
    )
    tables = _tables(results, evaluations, comparisons, fronts, reached, reference, spoken, halves, rng, names)
    return ReportPart(
        headline=_headline(results, evaluations, comparisons, fronts),
        summary=summary(results, evaluations, comparisons, reached[main], reference, halves, names),
        tables=tables,
        figures=figures,
        methods=methods(results, evaluations, names),
        scorings=tuple(e.scoring for e in evaluations),
    )


def _reached(
    results: Results, evaluations: Sequence[BenchmarkEvaluation], accounts: Sequence[str], reference: str, jobs: int
) -> dict[str, list[TimeToTargetResult]]:
    """Return the times to targets by account, each data set and account with random numbers of its own, in several processes."""
    cells = [(a, i, e) for a in accounts for i, e in enumerate(evaluations) if a in e.accounts]

    def judge(account: str, number: int, evaluation: BenchmarkEvaluation) -> tuple[TimeToTargetResult, ...]:
        rng = np.random.default_rng([results.study.seed, 4, number, *account.encode()])
        return times_to_target(evaluation, account, reference, rng)

    found = in_forks([partial(judge, *cell) for cell in cells], jobs)
    return {a: [x for (own, *_), some in zip(cells, found, strict=True) if own == a for x in some] for a in accounts}


def _compare_fronts(
    evaluation: BenchmarkEvaluation, digests: Mapping[str, str], rng: np.random.Generator
) -> Comparison:
    """Return the comparison of the share in percent of the hypervolume that the final front of each run lacks."""
    fronts = {label: outcome.fronts for label, outcome in evaluation.outcomes.items()}
    return compare(
        {label: 100.0 * (1.0 - front.volume[:, -1]) for label, front in fronts.items() if front is not None},
        digests,
        rng,
        evaluation.alpha,
    )


def _headline(
    results: Results,
    evaluations: Sequence[BenchmarkEvaluation],
    comparisons: Mapping[str, Comparison],
    fronts: Mapping[str, Comparison],
) -> str:
    if fronts:
        return headline(evaluations, fronts, "hypervolume", unit="points", best="highest")
    units = {evaluation.unit for evaluation in evaluations}
    unit = "points" if units == {"%"} else units.pop() if len(units) == 1 else ""
    return headline(evaluations, comparisons, results.study.objectives[0], unit=unit, best=evaluations[0].view.best)


def report_live_tasks(live: LiveTasks, draw: bool) -> ReportPart:
    """Return the part on the live tasks of a study, empty where it has none; `draw` says whether it has figures."""
    skipped = skipped_table(list(live.skipped.items()))
    if not live.tasks:
        return ReportPart(summary=live_summary(live), tables=(skipped,) if skipped else ())
    rng = np.random.default_rng([*live.seeds, 1])
    tables = (
        live_overview_table(live),
        score_table(live, rng),
        pairs_table(live, rng),
        percentile_table(
            live, np.random.default_rng([*live.seeds, 2])
        ),  # so that the bounds of other tables stay as they are
        training_cost_table(live),
        skipped,
    )
    return ReportPart(
        headline=live_headline(live),
        summary=live_summary(live),
        tables=tuple(table for table in tables if table is not None),
        figures=(search_curves(live), score_against_seconds(live), skips(live)) if draw else (),
        methods=live_methods(live),
    )


def _tables(
    results: Results,
    evaluations: Sequence[BenchmarkEvaluation],
    comparisons: Mapping[str, Comparison],
    fronts: Mapping[str, Comparison],
    reached: Mapping[str, Sequence[TimeToTargetResult]],
    reference: str,
    spoken: Sequence[TraceCheck],
    halves: Mapping[str, float | Undefined],
    rng: np.random.Generator,
    names: DisplayNames,
) -> tuple[ReportTable, ...]:
    objectives = results.study.objectives
    entries = [(names.optimizer(entry.label), entry.name, entry.settings) for entry in results.study.methods]
    own_rng = np.random.default_rng([results.study.seed, 3])  # so that the bounds of other tables stay as they are
    tables = [
        hypervolume_overview_table(evaluations, fronts) if fronts else None,
        overview_table(evaluations, comparisons, objectives[0]),
        comparison_table(evaluations, comparisons, objectives[0]),
        constraints_table(evaluations, results.study.constraints, rng),
        aggregate_table(evaluations, reference, rng),
        practical_table(evaluations, reference, rng),
        further_data_set_table(evaluations, reference, rng),
        power_table(evaluations, reference),
        robustness_table(evaluations, reached[evaluations[0].main], halves),
        anytime_table(evaluations),
        *(time_to_target_table(found, account, reference) for account, found in reached.items() if found),
        multi_objective_table(evaluations, fronts, objectives, rng) if fronts else None,
        hypervolume_over_time_table(evaluations, own_rng) if fronts else None,
        ablation_table(evaluations, entries, rng),
        cost_table(evaluations),
        relative_improvement_table(evaluations),
        laws_table(evaluations, spoken),
    ]
    return tuple(table for table in tables if table is not None)


def _figures(
    results: Results,
    evaluations: Sequence[BenchmarkEvaluation],
    comparisons: Mapping[str, Comparison],
    reference: str,
    spoken: Sequence[TraceCheck],
    styles: Styles,
) -> tuple[Figure, ...]:
    objectives = results.study.objectives
    several = (pareto(evaluations, objectives, styles), hypervolume(evaluations, styles)) if len(objectives) > 1 else ()
    figures = (
        *(anytime(evaluations, account, styles) for account in evaluations[0].drawn),
        run_time(evaluations, styles),
        survival(evaluations, styles),
        performance_profile(evaluations, styles),
        win_probability(evaluations),
        pairwise_significance(evaluations, comparisons),
        score_distributions(evaluations, styles),
        against_reference(evaluations, reference, styles),
        mean_rank(evaluations, styles),
        critical_difference(evaluations, styles),
        *several,
        operator_share_figure(evaluations),
        laws(evaluations, spoken, styles),
    )
    return tuple(figure for figure in figures if figure is not None)
