"""The summary: plain sentences, each computed from the data and true of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reports.comparison import Comparison
from reports.evaluation import BenchmarkEvaluation
from reports.results import Results
from reports.statistics.power import minimal_detectable_effect, rank_sum
from reports.statistics.result import Estimate, Interval, Undefined


def summary(
    results: Results, evaluations: Sequence[BenchmarkEvaluation], comparisons: Mapping[str, Comparison]
) -> tuple[str, ...]:
    """Sentences in the order a reader wants them: what ran, who ended best where, what could not have been seen."""
    return (
        _extent(results, evaluations),
        *(_winner(evaluation, comparisons[evaluation.benchmark]) for evaluation in evaluations),
        *_power(results),
    )


def counted(number: int, noun: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def within(estimate: Estimate, digits: int = 2) -> str:
    """The interval of an estimate in words, or that there is none."""
    if isinstance(estimate.interval, Interval):
        level = f"{100 * estimate.interval.level:g} %"
        return f"{level} interval {estimate.interval.lower:.{digits}f} to {estimate.interval.upper:.{digits}f}"
    return f"no interval, since {estimate.interval.reason}"


def _extent(results: Results, evaluations: Sequence[BenchmarkEvaluation]) -> str:
    study = results.study
    queries = sum(float(o.spent["queries"].sum()) for e in evaluations for o in e.outcomes.values())
    hours = sum(float(o.spent["train_seconds"].sum()) for e in evaluations for o in e.outcomes.values()) / 3600.0
    return (
        f"{counted(len(study.optimizers), 'optimizer')} ran {counted(study.runs, 'time')} on {counted(len(study.benchmarks), 'data set')}: "
        f"{queries:,.0f} queries, for which the tables record {hours:,.0f} hours of training."
    )


def _winner(evaluation: BenchmarkEvaluation, comparison: Comparison) -> str:
    leaders = [label for label, standing in comparison.standings.items() if standing.best]
    first = comparison.standings[comparison.best]
    if isinstance(first.mean, Undefined):
        return f"On {evaluation.short} nothing can be said: {first.mean.reason}."
    unit = " %" if evaluation.unit == "%" else ""
    above = first.mean.value - evaluation.optimum
    distance = (
        f"{above:.2f} above the optimum of {evaluation.optimum:.2f}{unit}" if above > 5e-13 else "the optimum itself"
    )
    value = f"{first.mean.value:.2f}{unit} ({within(first.mean)}), {distance}"
    others = {label: s for label, s in comparison.standings.items() if label not in leaders}
    if len(comparison.standings) == 1:
        return f"On {evaluation.short} {comparison.best} ends with a mean of {value}."
    if len(leaders) > 1:
        head = f"On {evaluation.short} {listed(leaders)} share the lowest mean, {value}"
    else:
        head = f"On {evaluation.short} {comparison.best} ends with the lowest mean, {value}"
    worse = [f"{label} ({_effect(s.effect)})" for label, s in others.items() if s.worse]
    alike = [label for label, s in others.items() if not s.worse]
    parts = []
    if worse:
        parts.append(f"worse, by a test at 5 %: {listed(worse)}")
    if alike:
        parts.append(f"not shown to differ: {listed(alike)}")
    return head + ("; " + "; ".join(parts) if parts else "") + "."


def _effect(effect: Estimate | Undefined) -> str:
    return effect.reason if isinstance(effect, Undefined) else f"A12 {effect.value:.2f}"


def _power(results: Results) -> tuple[str, ...]:
    runs, methods = results.study.runs, len(results.study.optimizers)
    if methods < 2:
        return ("There is one optimizer, so nothing is compared; a comparison needs at least random search beside it.",)
    pairs = methods * (methods - 1) // 2
    smallest = minimal_detectable_effect(rank_sum(alpha=0.05 / pairs), runs, 0.5)
    if isinstance(smallest, Undefined):
        return (f"The study could not have shown any difference: {smallest.reason}.",)
    return (
        f"With {counted(runs, 'run')} of each, a difference is seen with a probability of 80 % from A12 = {0.5 + smallest:.2f} on "
        f"(rank sum at 5 % over {counted(pairs, 'pair')}); smaller ones may be there and not show.",
    )
