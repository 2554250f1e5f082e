"""What a report of a live study says in sentences: summary and methods."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nasbench.reports.analysis.scoring import Scoring, exposure
from nasbench.reports.live.compare import why_no_test
from nasbench.reports.live.results import TRIVIAL, LiveResults, Runs
from nasbench.reports.page.words import join_names, pluralize
from nasbench.ties import tolerance

SCORING = Scoring(name="each task", searched="search", scored="test", has_test=True)
"""A live search sees the training and search splits; what it found is scored on the test split."""

REFERENCES = {
    "majority": "the most frequent class of the training examples",
    "logistic_regression": "multinomial, on standardised pixels or on TF-IDF of words and pairs (scikit-learn), penalty chosen on the search split",
    "training_mean": "the mean of the training targets",
    "persistence": "the last value of the window",
    "seasonal_naive": "the value one season before",
    "arima": "ARIMA of the target (statsmodels), order chosen on the search split, coefficients of the training split",
    "small_cnn": "three plain stages of convolution, normalisation and ReLU, trained by the same recipe and seeds",
}


def summary(results: LiveResults) -> tuple[str, ...]:
    """Return the plain sentences at the head of the page."""
    study = results.study
    seeds, count = len(results.seeds), len(results.labels)
    sentences = [
        f"{pluralize(count, 'optimizer')} searched {study.live.space} on {pluralize(len(results.tasks), 'task')} with {pluralize(seeds, 'seed')}: "
        f"{pluralize(count * seeds * len(results.tasks), 'search', 'searches')}, each ending in a network trained from "
        "scratch and scored once on the test split.",
        *(_on_task(results, task) for task in results.tasks),
    ]
    if reason := why_no_test(seeds, count):
        sentences.append(f"Optimizers are not compared by a test: {reason}.")
    sentences.append("Seeds are not data sets: an interval over seeds says nothing about other data.")
    sentences += [f"{task} was not run: {reason}" for task, reason in results.skipped.items()]
    return tuple(sentences)


def _on_task(results: LiveResults, task: str) -> str:
    searched = [results.runs(task, label) for label in results.labels]
    references = [results.runs(task, name) for name in results.references(task)]
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


def methods(results: LiveResults) -> tuple[str, ...]:
    """Return paragraphs: enough to repeat the study."""
    study = results.study
    searches = (
        f"Space {study.live.space}; tasks {', '.join(results.tasks)}; seeds {', '.join(map(str, results.seeds))}. Early stopping: "
        f"{study.live.early_stopping}; selection: {study.live.architecture_selection}. Searchers on a supernet follow the table "
        "[live.supernet] of the study; optimizers "
        "that train alone follow [live.search_recipe] until their [budget] is spent, and repeats of an architecture cost nothing. The "
        "search sees the training and search splits alone. " + " ".join(exposure([SCORING]))
    )
    final = (
        "What was found is trained from scratch by [live.recipe] on the training and search splits together and scored once on the test "
        "split; nothing is selected there. Series are split by time, and no target of a later split lies in an earlier one; "
        "medical images keep the official files. Where a recipe declares test-time flip, the score is that with it."
    )
    numbers = (
        "Latency is the median of repeated inferences on the device after a warm-up, parameters are those that are trained. "
        "Macro F1 is the mean over classes of F1, shown where the test split's largest class has more than 1.5 times the examples "
        "of its smallest. Intervals are expanded percentile bootstraps over seeds."
    )
    used = dict.fromkeys(name for task in results.tasks for name in results.references(task))
    references = "References: " + "; ".join(f"{name}, {REFERENCES.get(name, name)}" for name in used) + "."
    return (searches, final, numbers, *((references,) if used else ()))


def settings(results: LiveResults) -> Mapping[str, str]:
    """Return the settings of every optimizer that differ from its defaults, by label."""
    return {
        entry.label: f"{entry.name}: " + (", ".join(f"{k} = {v!r}" for k, v in entry.settings.items()) or "defaults")
        for entry in results.study.methods
    }


def _mean(runs: Runs) -> float:
    return float(np.mean(runs.scores))


def _range(runs: Runs) -> str:
    low, high = runs.scores.min(), runs.scores.max()
    return f"; seeds from {low:.3g} to {high:.3g}" if len(runs.scores) > 1 else ""


def _below(value: float, other: float) -> bool:
    """Whether a value is lower, and by more than rounding."""
    return value < other - tolerance(value, other)


def _metric(runs: Runs) -> str:
    return "test error in %" if runs.metric == "error" else "test mean squared error"


def _some(names: list[str], of: int) -> str:
    if len(names) == of:
        return "all optimizers are" if of > 1 else "the optimizer is"
    if not names:
        return "no optimizer is"
    return f"{join_names(names)} {'is' if len(names) == 1 else 'are'}"
