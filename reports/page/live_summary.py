"""The summary of live tasks: which network scored best, against which reference models."""

from __future__ import annotations

import numpy as np

from nasbench.reports.analysis.few_seeds import seeds_needed, why_no_test
from nasbench.reports.analysis.live_tasks import TRIVIAL, LiveRuns, LiveTasks
from nasbench.reports.wording import join_names, pluralize
from nasbench.ties import tolerance

MOST_TASKS = 3
"""Of which the headline gives the scores."""


def live_summary(live: LiveTasks) -> tuple[str, ...]:
    """Return the sentences of the summary on live tasks; none where the study has none."""
    if not live.tasks and not live.skipped:
        return ()
    study = live.study
    seeds, count = len(live.seeds), len(live.labels)
    sentences = [
        f"{pluralize(count, 'optimizer')} searched {study.live.space} on {pluralize(len(live.tasks), 'task')} with {pluralize(seeds, 'seed')}: "
        f"{pluralize(count * seeds * len(live.tasks), 'search', 'searches')}, each ending in a network trained from "
        "scratch and scored once on the test split.",
        *(sentence for task in live.tasks for sentence in (_on_task(live, task), _percentile(live, task)) if sentence),
    ]
    if reason := why_no_test(seeds, count):
        sentences.append(f"Optimizers are not compared by a significance test: {reason}.")
    sentences.append("Seeds are not data sets: a confidence interval over seeds does not extend to other data.")
    sentences += [f"{task} was not run: {reason}" for task, reason in live.skipped.items()]
    return tuple(sentences)


def live_headline(live: LiveTasks) -> str:
    """Return who has the best mean test score on how many tasks, by how much, and whether it can be tested; on one task, the sentence on it."""
    if len(live.tasks) == 1:
        return " ".join(filter(None, (_on_task(live, live.tasks[0]), _percentile(live, live.tasks[0]))))
    ordered = {task: sorted((live.runs(task, label) for label in live.labels), key=_mean) for task in live.tasks}
    best = [searched[0].label for searched in ordered.values()]
    ranked = sorted(dict.fromkeys(best), key=lambda label: -best.count(label))
    where = "both tasks" if len(best) == 2 else f"all {len(best)} tasks"
    if len(ranked) == 1:
        text = f"{ranked[0]} has the lowest mean test score on {where}"
    else:
        text = f"No optimizer has the lowest mean test score on {where}: {join_names([f'{one} on {best.count(one)}' for one in ranked])}"
    if len(live.labels) > 1 and len(live.tasks) <= MOST_TASKS:
        leads = [f"{task} {_mean(own[0]):.3g} against {_mean(own[1]):.3g}" for task, own in ordered.items()]
        text += f" (before the second best: {join_names(leads)})"
    if len(live.labels) > 1 and why_no_test(len(live.seeds), len(live.labels)):
        needed = seeds_needed(len(live.labels))
        text += (
            f". With {pluralize(len(live.seeds), 'seed')} no difference can be significant; {needed} would be needed"
        )
    return f"{text}."


def _on_task(live: LiveTasks, task: str) -> str:
    searched = [live.runs(task, label) for label in live.labels]
    references = [live.runs(task, name) for name in live.references(task)]
    best = min(searched, key=_mean)
    text = f"{task}: the lowest mean {_metric(best)} is {_mean(best):.3g} ({best.label}{_range(best)})"
    if learning := [r for r in references if r.label not in TRIVIAL]:
        reference = min(learning, key=_mean)
        better = [r.label for r in searched if _below(_mean(r), _mean(reference))]
        text += f"; the best reference, {reference.label}, has {_mean(reference):.3g}, and {_some(better, len(searched))} below it in the mean"
    if trivial := [r for r in references if r.label in TRIVIAL]:
        learnt = [r.label for r in searched if _below(float(r.scores.max()), _mean(trivial[0]))]
        text += f"; {_some(learnt, len(searched))} below {trivial[0].label} ({_mean(trivial[0]):.3g}) with every seed"
    return text + "."


def _percentile(live: LiveTasks, task: str) -> str:
    """Return the sentence on percentiles among random architectures, beside random search and reference models; empty without them."""
    means = {runs.label: float(runs.percentiles.mean()) for runs in live.of_task(task) if runs.percentiles is not None}
    searched = [label for label in live.labels if label in means]
    if not searched:
        return ""
    best = max(searched, key=lambda label: means[label])
    others = [label for label in means if label not in searched or (label == live.random_search and label != best)]
    beside = "; " + join_names([f"{label} {means[label]:.1f}" for label in others]) if others else ""
    return (
        f"{task}: {best} finds an architecture of percentile {means[best]:.1f} among {live.runs(task, best).reference_cells:,} random ones "
        f"trained alike (mean of {pluralize(len(live.seeds), 'run')}{beside})."
    )


def _mean(runs: LiveRuns) -> float:
    return float(np.mean(runs.scores))


def _range(runs: LiveRuns) -> str:
    low, high = runs.scores.min(), runs.scores.max()
    return f"; seeds from {low:.3g} to {high:.3g}" if len(runs.scores) > 1 else ""


def _below(value: float, other: float) -> bool:
    """Return whether a value is lower, and by more than rounding."""
    return value < other - tolerance(value, other)


def _metric(runs: LiveRuns) -> str:
    return "test error in %" if runs.metric == "error" else "test mean squared error"


def _some(names: list[str], of: int) -> str:
    if len(names) == of:
        return "all optimizers are" if of > 1 else "the optimizer is"
    if not names:
        return "no optimizer is"
    return f"{join_names(names)} {'is' if len(names) == 1 else 'are'}"
