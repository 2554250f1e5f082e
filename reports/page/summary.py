"""The summary: plain sentences, each computed from the data and true of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nasbench.reports.analysis.comparison import Comparison, digits_for
from nasbench.reports.analysis.display_names import DisplayNames
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation
from nasbench.reports.analysis.results import Results
from nasbench.reports.analysis.targets import headline
from nasbench.reports.analysis.time_to_target import TimeToTargetResult
from nasbench.reports.page.savings import MOST_NAMES, savings
from nasbench.reports.statistics.power import minimal_detectable_effect, rank_sum, runs_needed
from nasbench.reports.statistics.result import Estimate, Interval, Undefined
from nasbench.reports.statistics.robustness import across_conditions, rank_methods
from nasbench.reports.tables.constraints import sentences
from nasbench.reports.tables.table import MINUS
from nasbench.reports.wording import join_names, level_name, pluralize
from nasbench.ties import tolerance

SMALL, LARGE = 0.56, 0.71
LARGEST = 0.5
"""A12 of effects that are called small and large (Vargha and Delaney 2000)."""


def summary(
    results: Results,
    evaluations: Sequence[BenchmarkEvaluation],
    comparisons: Mapping[str, Comparison],
    reached: Sequence[TimeToTargetResult],
    reference: str,
    halves: Mapping[str, float | Undefined],
    names: DisplayNames,
) -> tuple[str, ...]:
    """Return the sentences in order of importance: extent, best optimizer of each data set, search time, robustness, power.

    Args:
        results: the study.
        evaluations: one a benchmark.
        comparisons: by benchmark.
        reached: arrivals in the account that the budget limits, of all benchmarks.
        reference: label that times are compared with.
        halves: by short name of the benchmark, the share of random halves of the runs on which its winner wins.
        names: how optimizers are called.
    """
    shown = headline([evaluation.targets for evaluation in evaluations]).key
    arrived = [arrival for arrival in reached if arrival.target.key == shown]
    return (
        _extent(results, evaluations),
        *results.early_endings(names.optimizer),
        *sentences(evaluations, results.study.constraints),
        *(_winner(evaluation, comparisons[evaluation.benchmark]) for evaluation in evaluations),
        *_hypervolumes(evaluations),
        *savings([label for label in map(names.optimizer, results.labels) if label != reference], reference, arrived),
        *_robust(evaluations, halves),
        *_power(results, evaluations[0].alpha),
    )


def _abbreviate_names(names: Sequence[str]) -> str:
    """Return the names, or their number where they are many."""
    return join_names(names) if len(names) <= MOST_NAMES else f"{len(names)} optimizers"


def format_interval(estimate: Estimate, digits: int) -> str:
    """Return the interval of an estimate in words, or why there is none."""
    if isinstance(estimate.interval, Interval):
        level = f"{100 * estimate.interval.level:g}%"
        return f"{level} CI {estimate.interval.lower:.{digits}f} to {estimate.interval.upper:.{digits}f}"
    return f"no CI: {estimate.interval.reason}"


def _extent(results: Results, evaluations: Sequence[BenchmarkEvaluation]) -> str:
    study = results.study
    queries = sum(float(o.spent["queries"].sum()) for e in evaluations for o in e.outcomes.values())
    timed = [o for e in evaluations if "train_seconds" in e.accounts for o in e.outcomes.values()]
    seconds = sum(float(o.spent["train_seconds"].sum()) for o in timed)
    return (
        f"{pluralize(len(study.methods), 'optimizer')} ran {pluralize(study.runs, 'time')} on {pluralize(len(results.benchmarks), 'data set')}: "
        f"{pluralize(round(queries), 'query', 'queries')}"
        + (
            f", for which the benchmarks record {_duration(seconds)} of training."
            if seconds
            else f"; the {'closed forms train nothing' if all(e.is_exact for e in evaluations) else 'benchmarks record no training times'}."
        )
    )


def _duration(seconds: float) -> str:
    """Return `48 seconds`, `5.2 hours`, `1,234 hours`: in hours where it is one or more."""
    if seconds < 3600.0:
        return f"{seconds:.3g} seconds"
    hours = seconds / 3600.0
    return f"{hours:,.0f} hours" if hours >= 10.0 else f"{hours:.1f} hours"


def _winner(evaluation: BenchmarkEvaluation, comparison: Comparison) -> str:
    leaders = [label for label, standing in comparison.standings.items() if standing.best]
    first = comparison.standings[comparison.best]
    if isinstance(first.mean, Undefined):
        return f"On {evaluation.short} nothing can be said: {first.mean.reason}."
    unit = "%" if evaluation.unit == "%" else f" {evaluation.unit}"
    above = first.mean.value - evaluation.optimum
    digits = digits_for([first.mean])
    view = evaluation.view
    mean = first.mean.map(view)
    optimum = f"the {evaluation.optimum_name} of {view(evaluation.optimum):.{digits}f}{unit}"
    distance = (
        f"{above:.{digits}f} {'below' if view.direction == 'max' else 'above'} {optimum}"
        if above > tolerance(first.mean.value, evaluation.optimum)
        else f"the {evaluation.optimum_name} itself"
    )
    value = f"{mean.value:.{digits}f}{unit} ({format_interval(mean, digits)}), {distance}".replace(" -", f" {MINUS}")
    value = MINUS + value[1:] if value.startswith("-") else value
    others = {label: s for label, s in comparison.standings.items() if label not in leaders}
    if len(comparison.standings) == 1:
        return f"On {evaluation.short} {comparison.best} ends with a mean of {value}."
    if len(leaders) > 1:
        head = f"On {evaluation.short} {join_names(leaders)} share the {view.best} mean, {value}"
    else:
        head = f"On {evaluation.short} {comparison.best} ends with the {view.best} mean, {value}"
    worse = [f"{label} ({_effect(s.effect)})" for label, s in others.items() if s.verdict == "worse"]
    contrary = [f"{label} ({_effect(s.effect)})" for label, s in others.items() if s.verdict == "contrary"]
    not_significant = [label for label, s in others.items() if s.verdict == "not significant"]
    parts = []
    if worse:
        parts.append(
            f"significantly worse ({level_name(first.alpha)}, Holm over all pairs): {_abbreviate_names(worse)}"
        )
    if contrary:
        parts.append(
            f"significantly better in most runs, but with a worse mean because of a few bad runs: {join_names(contrary)}"
        )
    if not_significant:
        parts.append(f"difference not significant: {_abbreviate_names(not_significant)}")
    return head + ("; " + "; ".join(parts) if parts else "") + "."


def _hypervolumes(evaluations: Sequence[BenchmarkEvaluation]) -> list[str]:
    """Return a sentence a benchmark on the final fronts, best first; none where there is one objective."""
    sentences = []
    for evaluation in evaluations:
        fronts = {label: outcome.fronts for label, outcome in evaluation.outcomes.items()}
        means = {label: float(front.volume[:, -1].mean()) for label, front in fronts.items() if front is not None}
        ranked = sorted(means, key=lambda label: -means[label])[:MOST_NAMES]
        if ranked:
            texts = join_names([f"{100 * means[label]:.1f}% by {label}" for label in ranked])
            sentences.append(
                f"Mean share of the {evaluation.front_name}'s hypervolume dominated on {evaluation.short}: {texts}."
            )
    return sentences


def _robust(evaluations: Sequence[BenchmarkEvaluation], halves: Mapping[str, float | Undefined]) -> tuple[str, ...]:
    """Return sentences on the robustness of the ranking: other data sets, half the budget, half of the runs."""
    if len(evaluations[0].outcomes) < 2:
        return ()
    final = {e.short: {label: o.score for label, o in e.outcomes.items()} for e in evaluations}
    sentences = []
    first, best = evaluations[0].short, evaluations[0].view.best
    across = across_conditions(final, first)
    if len(evaluations) > 1 and not isinstance(across, Undefined):
        if isinstance(across.winner, Undefined):
            sentences.append(f"No single optimizer wins on {first}: {across.winner.reason}.")
        else:
            kept = [name for name, survives in across.survives.items() if survives is True]
            sentences.append(
                f"The winner on {first}, {across.winner}, also has the {best} mean on {len(kept)} of the {pluralize(len(across.survives), 'other data set')}."
            )
    sentences += _half_budget(evaluations)
    known = {name: share for name, share in halves.items() if not isinstance(share, Undefined)}
    if known:
        texts = [
            f"{100 * share:.0f}% of cases" + (f" on {name}" if len(evaluations) > 1 else "")
            for name, share in known.items()
        ]
        sentences.append(f"On random halves of the runs the same optimizer has the {best} mean in {join_names(texts)}.")
    return tuple(sentences)


def _half_budget(evaluations: Sequence[BenchmarkEvaluation]) -> list[str]:
    """Return a sentence on whether the best optimizer already leads at half the budget."""
    led = []
    for evaluation in evaluations:
        half, whole = (rank_methods(evaluation.at_fraction(fraction)) for fraction in (0.5, 1.0))
        if not isinstance(half, Undefined) and not isinstance(whole, Undefined) and half.winners == whole.winners:
            led.append(evaluation.short)
    best = evaluations[0].view.best
    if len(evaluations) == 1:
        return [f"At half the budget {'the same' if led else 'another'} optimizer has the {best} mean."]
    names = f" ({join_names(led)})" if led else ""
    return [
        f"At half the budget the same optimizer has the {best} mean on {len(led)} of {len(evaluations)} data sets{names}."
    ]


def _effect(effect: Estimate | Undefined) -> str:
    return effect.reason if isinstance(effect, Undefined) else f"A12 {effect.value:.2f}"


def _power(results: Results, alpha: float) -> tuple[str, ...]:
    runs, methods = results.study.runs, len(results.study.methods)
    if methods < 2:
        return ("There is one optimizer, so nothing is compared; a comparison needs at least random search beside it.",)
    pairs = methods * (methods - 1) // 2
    design = rank_sum(alpha=alpha / pairs)
    needed = " and ".join(
        f"A12 = {0.5 + effect:g} {_runs_for(runs_needed(design, effect))}" for effect in (LARGE - 0.5, SMALL - 0.5)
    )
    smallest = minimal_detectable_effect(design, runs, LARGEST)
    if isinstance(smallest, Undefined):
        lacks = f"no power to detect a difference: {smallest.reason}"
        if runs > 1:
            chance = design(LARGEST, runs)
            lacks = f"too little power: with {runs} runs even the largest effect, A12 = 1, is detected with probability {chance:.2f} only"
        return (f"The study had {lacks}; {needed} of each optimizer.",)
    return (
        f"With {pluralize(runs, 'run')} of each, the minimum detectable effect at a power of 80% is A12 = {0.5 + smallest:.2f} "
        f"(rank-sum test at {100 * alpha:.10g}%, Bonferroni over {pluralize(pairs, 'pair')}); {needed} of each optimizer.",
    )


def _runs_for(needed: int | Undefined) -> str:
    return "cannot be detected" if isinstance(needed, Undefined) else f"needs {pluralize(needed, 'run')}"
