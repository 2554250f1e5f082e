"""The NAS best practice checklist, answered from the study itself.

Source: Lindauer and Hutter 2020, "Best Practices for Scientific Research on Neural Architecture Search", JMLR 21(243); items in
their words, shortened. What the results folder cannot show is "missing", never assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from nasbench.benchmarks.synthetic import is_synthetic
from nasbench.study.plan import Entry
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


COMPARING, REPORTING = "Comparing methods", "Reporting details"
SETUP = Item(
    REPORTING, "All details of the experimental setup?", "met", "study.toml and environment.json, printed under Methods and Environment"
)  # fmt: skip


def code_version(commit: object) -> tuple[Status, str]:
    """Return how well the version of the code is known, from the commit that the environment records ("+": with changes)."""
    if not isinstance(commit, str):
        return "missing", "the commit of the code is not recorded"
    if commit.endswith("+"):
        return "partly", f"commit {commit.rstrip('+')} with changes that were not committed"
    return "met", f"commit {commit}"


def ablation(names: Sequence[str]) -> Item:
    """Answer whether optimizers of these names have variants."""
    variants = sorted({name for name in names if names.count(name) > 1})
    return Item(COMPARING, "Ablation studies?", "partly" if variants else "missing",
                f"variants of {', '.join(variants)} were run" if variants else "no method appears in more than one variant")  # fmt: skip


def random_search(names: Sequence[str]) -> Item:
    """Answer whether random search is among optimizers of these names."""
    there = "random_search" in names
    return Item(COMPARING, "Compared to random search?", "met" if there and len(names) > 1 else "missing",
                "random_search is among the methods" if there else "random_search is not in the study")  # fmt: skip


def several_runs(count: int, text: str) -> Item:
    """Answer whether there are runs enough, with what the study has in words."""
    enough = count >= RUNS_FOR_TESTS
    return Item(COMPARING, "Multiple runs, with their seeds reported?", "met" if enough else "partly" if count > 1 else "missing",
                text + ("" if enough else f"; tests want {RUNS_FOR_TESTS} or more"))  # fmt: skip


def tuning(entries: Sequence[Entry]) -> Item:
    """Answer how the optimizers of a study came by their settings."""
    tuned = ", ".join(entry.label for entry in entries if entry.settings)
    settings = f"settings other than the defaults: {tuned}" if tuned else "all settings are the defaults"
    return Item(REPORTING, "How hyperparameters were tuned, and what time and resources that took?", "missing",
                f"the study does not record it; {settings}")  # fmt: skip


def checklist(results: Results) -> tuple[Item, ...]:
    """Answer every item."""
    return (*_code(results), *_comparing(results), *_reporting(results))


def _code(results: Results) -> Sequence[Item]:
    study, version = results.study, code_version(results.environment.get("commit"))
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
    kinds = " and ".join(
        sorted({"closed forms" if is_synthetic(name) else "tabular benchmarks" for name in study.benchmarks})
    )
    spaces = sorted({results.benchmark(name).space.name for name in study.benchmarks})
    part = COMPARING
    return (
        Item(part, "Exactly the same NAS benchmark for all methods, with the same data set, split, search space and training code?",
             "met" if several else "missing", f"{len(names)} methods, all on {', '.join(study.benchmarks)}, {study.split} split"
             if several else "there is one method, so nothing is compared"),
        Item(part, "Confounding factors controlled (hardware, library versions, run time of the methods)?", "met",
             "one environment is recorded, from when the study began; costs are those of the benchmark, not this machine's"),
        ablation(names),
        Item(part, "The same evaluation protocol for all methods?", "met",
             f"one budget ({budget_text(results)}), repeats {study.repeats}, scored by one rule (see Methods)"),
        Item(part, "Performance compared over time?", "met" if several else "partly",
             "anytime curves against queries and simulated seconds, and times to targets"),
        random_search(names),
        several_runs(study.runs, f"{study.runs} runs of each method on each data set, seed {study.seed}"),
        Item(part, "Tabular or surrogate benchmarks for in-depth evaluation?", "met",
             f"{kinds} on {len(study.benchmarks)} data sets of {', '.join(spaces)}"),
    )  # fmt: skip


def _reporting(results: Results) -> Sequence[Item]:
    part = REPORTING
    return (
        tuning(results.study.optimizers),
        Item(part, "Time for the entire end-to-end method, not only the search?", "partly",
             "training time is charged to the search and the optimizers' own seconds are reported; retraining of the final architecture is not included"),
        SETUP,
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
