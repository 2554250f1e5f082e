"""The NAS best practice checklist, answered from the study itself.

Source: Lindauer and Hutter 2020, "Best Practices for Scientific Research on Neural Architecture Search", JMLR 21(243); items in
their words, shortened. What the results folder cannot show is "missing", never assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from nasbench.benchmarks.synthetic import is_synthetic
from reports.results import Results

Status = Literal["met", "partly", "missing"]
RUNS_FOR_TESTS = 30


@dataclass(frozen=True)
class Item:
    """One question of the checklist.

    Attributes:
        part: part of the checklist.
        question: what is asked.
        status: whether the study answers it.
        answer: the evidence, or what is missing.
    """

    part: str
    question: str
    status: Status
    answer: str


def checklist(results: Results) -> tuple[Item, ...]:
    """Answer every item."""
    return (*_code(results), *_comparing(results), *_reporting(results))


def _code(results: Results) -> Sequence[Item]:
    study, commit = results.study, results.environment.get("commit")
    clean = isinstance(commit, str) and not commit.endswith("+")
    version: tuple[Status, str] = ("missing", "the commit of the code is not recorded")
    if clean:
        version = ("met", f"commit {commit}")
    elif isinstance(commit, str):
        version = ("partly", f"commit {commit.rstrip('+')} with changes that were not committed")
    tables = ", ".join(sorted({name.partition("/")[0] for name in study.benchmarks if not is_synthetic(name)}))
    part = "Releasing code"
    return (
        Item(part, "Code for the training pipeline used to evaluate the final architectures?", "met",
             f"evaluations are those of the published table {tables}; its checksum is under Environment" if tables
             else "nothing is trained: evaluations are closed forms, named under Environment"),
        Item(part, "Code for the search space?", *version),
        Item(part, "Hyperparameters used for the final evaluation pipeline, as well as random seeds?", "met",
             f"{'those of the table' if tables else 'nothing is trained'}; {_seeds(results)}"),
        Item(part, "Code for your NAS method?", *version),
        Item(part, "Hyperparameters for your NAS method, as well as random seeds?", "met",
             f"every setting under Methods; study seed {study.seed}, runs 0 to {study.runs - 1}"),
    )  # fmt: skip


def _comparing(results: Results) -> Sequence[Item]:
    study = results.study
    names = [entry.name for entry in study.optimizers]
    several = len(names) > 1
    variants = sorted({name for name in names if names.count(name) > 1})
    kinds = " and ".join(
        sorted({"closed forms" if is_synthetic(name) else "tabular benchmarks" for name in study.benchmarks})
    )
    spaces = sorted({results.benchmark(name).space.name for name in study.benchmarks})
    part = "Comparing methods"
    return (
        Item(part, "Exactly the same NAS benchmark for all methods, with the same data set, split, search space and training code?",
             "met" if several else "missing", f"{len(names)} methods, all on {', '.join(study.benchmarks)}, {study.split} split"
             if several else "there is one method, so nothing is compared"),
        Item(part, "Confounding factors controlled (hardware, library versions, run time of the methods)?", "met",
             "one environment is recorded, from when the study began; costs are those of the benchmark, not this machine's"),
        Item(part, "Ablation studies?", "partly" if variants else "missing",
             f"variants of {', '.join(variants)} were run" if variants else "no method appears in more than one variant"),
        Item(part, "The same evaluation protocol for all methods?", "met",
             f"one budget ({budget_text(results)}), repeats {study.repeats}, scored by one rule (see Methods)"),
        Item(part, "Performance compared over time?", "met" if several else "partly",
             "anytime curves against queries and simulated seconds, and times to targets"),
        Item(part, "Compared to random search?", "met" if "random_search" in names and several else "missing",
             "random_search is among the methods" if "random_search" in names else "random_search is not in the study"),
        Item(part, "Multiple runs, with their seeds reported?", "met" if study.runs >= RUNS_FOR_TESTS else "partly" if study.runs > 1 else "missing",
             f"{study.runs} runs of each method on each data set, seed {study.seed}"
             + ("" if study.runs >= RUNS_FOR_TESTS else f"; tests want {RUNS_FOR_TESTS} or more")),
        Item(part, "Tabular or surrogate benchmarks for in-depth evaluation?", "met",
             f"{kinds} on {len(study.benchmarks)} data sets of {', '.join(spaces)}"),
    )  # fmt: skip


def _reporting(results: Results) -> Sequence[Item]:
    part = "Reporting details"
    tuned = [entry.label for entry in results.study.optimizers if entry.settings]
    return (
        Item(part, "How hyperparameters were tuned, and what time and resources that took?", "missing",
             "the study does not record it" + (f"; settings other than the defaults: {', '.join(tuned)}" if tuned else "; all settings are the defaults")),
        Item(part, "Time for the entire end-to-end method, not only the search?", "partly",
             "training time is charged to the search and the optimizers' own seconds are reported; retraining of the final architecture is not included"),
        Item(part, "All details of the experimental setup?", "met", "study.toml and environment.json, printed under Methods and Environment"),
    )  # fmt: skip


def budget_text(results: Results) -> str:
    """The budget of a run in words."""
    limits = results.study.budget.limits
    return ", ".join(f"{limit:,g} {account.replace('_', ' ')}" for account, limit in limits.items())


def _seeds(results: Results) -> str:
    policy = results.study.training_seed
    texts = {
        "random": "a trained seed is drawn for each query, fixed by run and architecture",
        "mean": "queries return means over the trained seeds",
    }
    return texts.get(str(policy), f"queries return training seed {policy}")
