"""The headline of a report: who wins, by how much, how sure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

from nasbench.reports.analysis.comparison import Comparison
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.wording import join_names, pluralize

MOST_NAMES = 3


def headline(
    evaluations: Sequence[BenchmarkEvaluation],
    comparisons: Mapping[str, Comparison],
    quantity: str,
    *,
    unit: str = "",
    best: str = "lowest",
) -> str:
    """Return a sentence on the winner, its lead and the tests, or on why there is none.

    Args:
        evaluations: one a benchmark.
        comparisons: by benchmark, of the score that the report is about.
        quantity: what the score is, such as "error".
        unit: of differences, such as "points".
        best: "lowest" or "highest".
    """
    labels = list(evaluations[0].outcomes)
    if len(labels) < 2:
        return f"{labels[0]} is the only optimizer, so nothing is compared."
    led: dict[str, list[BenchmarkEvaluation]] = {}
    for evaluation in evaluations:
        standings = comparisons[evaluation.benchmark].standings
        leaders = [label for label, standing in standings.items() if standing.best]
        if len(leaders) == 1 and not isinstance(standings[leaders[0]].mean, Undefined):
            led.setdefault(leaders[0], []).append(evaluation)
    if not led:
        return f"No single optimizer has the {best} mean {quantity} on any data set."
    first = max(led, key=lambda label: len(led[label]))
    if len(led) > 1 or len(led[first]) < len(evaluations):
        return _several_winners(led, evaluations, comparisons, quantity, unit, best)
    return (
        f"{first} has the {best} mean {quantity} on {_every(evaluations)}{_lead(led[first], comparisons, unit)}; "
        f"{_tests(first, labels, evaluations, comparisons)}."
    )


def _every(evaluations: Sequence[BenchmarkEvaluation]) -> str:
    if len(evaluations) == 1:
        return evaluations[0].short
    return "both data sets" if len(evaluations) == 2 else f"all {len(evaluations)} data sets"


def _lead(led: Sequence[BenchmarkEvaluation], comparisons: Mapping[str, Comparison], unit: str) -> str:
    """Return by how much the winner leads the second best mean."""
    leads = []
    for evaluation in led:
        standings = comparisons[evaluation.benchmark].standings.values()
        means = sorted(s.mean.value for s in standings if not isinstance(s.mean, Undefined))
        leads += [second - first for first, second in list(pairwise(means))[:1]]
    if not leads:
        return ""
    least, most = min(leads), max(leads)
    digits = max(0, 1 - math.floor(math.log10(most))) if most > 0 else 0
    low, high = f"{least:.{digits}f}", f"{most:.{digits}f}"
    return f", {low if low == high else f'{low} to {high}'} {unit}".rstrip() + " ahead of the second best"


def _tests(
    first: str,
    labels: Sequence[str],
    evaluations: Sequence[BenchmarkEvaluation],
    comparisons: Mapping[str, Comparison],
) -> str:
    """Return on how many data sets the winner is significantly better than each other optimizer."""
    counts = {
        label: sum(comparisons[e.benchmark].standings[label].verdict == "worse" for e in evaluations)
        for label in labels
        if label != first
    }
    of = len(evaluations)
    everywhere = [label for label, count in counts.items() if count == of]
    nowhere = [label for label, count in counts.items() if count == 0]
    partly = {label: count for label, count in counts.items() if 0 < count < of}
    where = "" if of == 1 else " on all of them"
    phrases = []
    if everywhere:
        phrases.append(f"it is significantly better than {_names(everywhere)}{where}")
    if partly:
        texts = [f"{label} on {count} of {of}" for label, count in partly.items()]
        if len(texts) > MOST_NAMES:
            texts = [f"{len(texts)} others on some of them"]
        phrases.append(
            f"than {join_names(texts)}" if phrases else f"it is significantly better than {join_names(texts)}"
        )
    text = " and ".join(phrases)
    if nowhere:
        others = f"all {len(nowhere)} others" if len(nowhere) == len(labels) - 1 > MOST_NAMES else _names(nowhere)
        difference = f"the difference from {others} is not significant"
        text = f"{text}, and {difference}" if text else difference
        text += "" if of == 1 else " on any"
    return text


def _names(labels: Sequence[str]) -> str:
    return join_names(labels) if len(labels) <= MOST_NAMES else f"{len(labels)} others"


def _several_winners(
    led: Mapping[str, Sequence[BenchmarkEvaluation]],
    evaluations: Sequence[BenchmarkEvaluation],
    comparisons: Mapping[str, Comparison],
    quantity: str,
    unit: str,
    best: str,
) -> str:
    """Return who leads on how many data sets, by how much, and on how many the lead is significant."""
    ranked = sorted(led, key=lambda label: -len(led[label]))
    texts = [f"{label} on {len(led[label])}" for label in ranked[:MOST_NAMES]]
    rest = sum(len(led[label]) for label in ranked[MOST_NAMES:])
    texts += [f"others on {rest}"] if rest else []
    leading = [evaluation for own in led.values() for evaluation in own]
    shared = len(evaluations) - len(leading)
    tail = f"; on {shared} it is shared" if shared else ""
    return (
        f"No optimizer has the {best} mean {quantity} on {_every(evaluations)}: "
        f"{join_names(texts)}{_lead(leading, comparisons, unit)}{tail}. {_how_sure(leading, comparisons)}."
    )


def _how_sure(leading: Sequence[BenchmarkEvaluation], comparisons: Mapping[str, Comparison]) -> str:
    """Return on how many data sets the leader is significantly better than all others, and than none."""
    verdicts = [
        {s.verdict == "worse" for s in comparisons[e.benchmark].standings.values() if not s.best} for e in leading
    ]
    over_all, over_none = verdicts.count({True}), verdicts.count({False})
    if over_none == len(leading):
        return "No lead is significant over any other optimizer"
    text = f"The lead is significant over all others on {over_all or 'none'} of {pluralize(len(leading), 'data set')}"
    return text + (f", over none of them on {over_none}" if over_none else "")
