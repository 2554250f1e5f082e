"""Sentences on the search time that optimizers save against the reference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nasbench.reports.analysis.accounts import NAMES
from nasbench.reports.analysis.time_to_target import TimeToTargetResult
from nasbench.reports.statistics.restricted_mean_ratio import RestrictedMeanRatio
from nasbench.reports.statistics.result import Interval, Undefined
from nasbench.reports.wording import interval_name, join_names

MOST_NAMES = 4
"""A sentence that would name more optimizers than this counts them instead; the tables have all."""


def savings(others: Sequence[str], reference: str, reached: Sequence[TimeToTargetResult]) -> tuple[str, ...]:
    """Return a sentence for each optimizer; for many, one on all of them and one on the fastest."""
    if len(others) <= MOST_NAMES:
        return tuple(_saving(label, reference, reached) for label in others)
    found = {label: [a for a in reached if a.label == label] for label in others}
    faster = [label for label, arrivals in found.items() if all(_is_faster(a.saving) for a in arrivals)]
    ratios = {
        label: float(np.mean([a.saving.value for a in arrivals if not isinstance(a.saving, Undefined)]))
        for label, arrivals in found.items()
        if not any(isinstance(a.saving, Undefined) for a in arrivals)
    }
    target, name = found[others[0]][0].target.name, NAMES[reached[0].account]
    sentences = [
        f"{len(faster)} of {len(others)} optimizers reached {target} with significantly fewer {name} than {reference} on every data set "
        f"({interval_name(reached[0].alpha)}, each comparison by itself)."
    ]
    if ratios:
        quickest = min(ratios, key=lambda label: ratios[label])
        sentences.append(f"Fastest on average: {_saving(quickest, reference, reached)}")
    return tuple(sentences)


def _is_faster(saving: RestrictedMeanRatio | Undefined) -> bool:
    return not isinstance(saving, Undefined) and isinstance(saving.interval, Interval) and saving.interval.upper < 1.0


def _saving(label: str, reference: str, reached: Sequence[TimeToTargetResult]) -> str:
    """Return the mean cost of a target relative to the reference's, data set by data set."""
    found = [a for a in reached if a.label == label]
    name = NAMES[found[0].account]
    phrases, faster = [], 0
    for arrival in found:
        saving = arrival.saving
        if isinstance(saving, Undefined):
            phrases.append(f"not defined on {arrival.benchmark} ({saving.reason})")
            continue
        bounds = saving.interval
        text = (
            f"{interval_name(1.0 - bounds.level)} {100 * bounds.lower:.0f} to {100 * bounds.upper:.0f}%"
            if isinstance(bounds, Interval)
            else f"no CI: {bounds.reason}"
        )
        faster += _is_faster(saving)
        phrases.append(f"{100 * saving.value:.0f}% on {arrival.benchmark} ({text})")
    verdict = f"; significantly fewer on {faster} of {len(found)} data sets (each CI by itself)"
    if len(found) == 1:
        tested = isinstance(found[0].saving.interval, Interval)
        verdict = f"; {'' if faster else 'not '}significantly fewer" if tested else ""
    return (
        f"Mean {name} to reach {found[0].target.name}, relative to {reference}: {label} {join_names(phrases)}{verdict}."
    )
