"""The NAS best practice checklist, answered from the study itself.

Source: Lindauer and Hutter 2020, "Best Practices for Scientific Research on Neural Architecture Search", JMLR 21(243); items in
their words, shortened. What the study lacks is "missing"; what its data cannot show is "not recorded", and never assumed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nasbench.benchmarks.synthetic import is_synthetic
from nasbench.reports.analysis.results import Results
from nasbench.reports.analysis.scoring import Scoring, exposure, is_held_out
from nasbench.reports.page.words import join_names, pluralize
from nasbench.study.methods import MethodConfig

Status = Literal["met", "partly", "missing", "not recorded"]
RUNS_FOR_TESTS = 30
PACKAGE = "nas-verify"


@dataclass(frozen=True)
class Item:
    """One question of the checklist.

    Attributes:
        part: part of the checklist.
        question: what is asked.
        status: whether the study answers it.
        answer: the evidence, or what is missing or not recorded.
    """

    part: str
    question: str
    status: Status
    answer: str


COMPARING, REPORTING = "Comparing methods", "Reporting details"
SETUP = Item(
    REPORTING, "All details of the experimental setup?", "met", "study.toml and environment.json, printed under Methods and Environment"
)  # fmt: skip


def code_version(environment: Mapping[str, Any]) -> tuple[Status, str]:
    """Return how well the version of this package is known: by its number, or by a commit ("+": with changes) of its sources."""
    packages, commit = environment.get("packages"), environment.get("commit")
    number = packages.get(PACKAGE) if isinstance(packages, Mapping) else None
    known = [f"{PACKAGE} {number}"] if isinstance(number, str) else []
    if isinstance(commit, str) and commit.endswith("+"):
        return "partly", ", ".join([*known, f"commit {commit.rstrip('+')} with changes that were not committed"])
    known += [f"commit {commit}"] if isinstance(commit, str) else []
    return (
        ("met", ", ".join(known)) if known else ("not recorded", "neither version nor commit of the code is recorded")
    )


def ablation(names: Sequence[str]) -> Item:
    """Answer whether optimizers of these names have variants."""
    variants = sorted({name for name in names if names.count(name) > 1})
    return Item(COMPARING, "Ablation studies?", "partly" if variants else "not recorded",
                f"variants of {join_names(variants)} were run" if variants
                else "no method appears in more than one variant here; studies that were run apart are not known to this one")  # fmt: skip


def random_search(names: Sequence[str]) -> Item:
    """Answer whether random search is among optimizers of these names."""
    there = "random_search" in names
    return Item(COMPARING, "Compared to random search?", "met" if there and len(names) > 1 else "missing",
                "random_search is among the methods" if there else "random_search is not in the study")  # fmt: skip


def several_runs(count: int, text: str) -> Item:
    """Answer whether there are runs enough, with what the study has in words."""
    enough = count >= RUNS_FOR_TESTS
    return Item(COMPARING, "Multiple runs, with their seeds reported?", "met" if enough else "partly" if count > 1 else "missing",
                text + ("" if enough else f"; tests need {RUNS_FOR_TESTS} or more"))  # fmt: skip


def tuning(entries: Sequence[MethodConfig]) -> Item:
    """Answer how the optimizers of a study came by their settings."""
    tuned = ", ".join(entry.label for entry in entries if entry.settings)
    settings = f"settings other than the defaults: {tuned}" if tuned else "all settings are the defaults"
    return Item(REPORTING, "How hyperparameters were tuned, and what time and resources that took?", "not recorded",
                f"{settings}; what came before the study is not part of it")  # fmt: skip


def checklist(results: Results, scorings: Sequence[Scoring]) -> tuple[Item, ...]:
    """Answer every item; `scorings` say how each benchmark is scored."""
    return (*_code(results), *_comparing(results, scorings), *_reporting(results))


def _code(results: Results) -> Sequence[Item]:
    study, version = results.study, code_version(results.environment)
    tables = ", ".join(sorted({name.partition("/")[0] for name in study.problems if not is_synthetic(name)}))
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


def _comparing(results: Results, scorings: Sequence[Scoring]) -> Sequence[Item]:
    study = results.study
    names = [entry.name for entry in study.methods]
    several = len(names) > 1
    kinds = " and ".join(
        sorted({"closed forms" if is_synthetic(name) else "tabular benchmarks" for name in study.problems})
    )
    spaces = sorted({results.benchmark(name).space.name for name in study.problems})
    held_out, splits = is_held_out(scorings), list(dict.fromkeys(s.searched for s in scorings if s.searched))
    searched = f", searched on the {join_names(splits)} split" if splits else ""
    same = f"{len(names)} methods, all on {', '.join(study.problems)}{searched}"
    sentences = (same if several else "there is one method, so nothing is compared", *exposure(scorings))
    part = COMPARING
    return (
        Item(part, "Exactly the same NAS benchmark for all methods, with the same data set, split, search space and training code?",
             ("met" if held_out else "partly") if several else "missing",
             ". ".join(sentence.removesuffix(".") for sentence in sentences)),
        Item(part, "Confounding factors controlled (hardware, library versions, run time of the methods)?", "met",
             "one environment is recorded, from when the study began; costs are those of the benchmark, not this machine's"),
        ablation(names),
        Item(part, "The same evaluation protocol for all methods?", "met",
             f"one budget ({budget_text(results)}), repeats {study.repeat_policy}, scored by one rule (see Methods)"),
        Item(part, "Performance compared over time?", "met" if several else "partly",
             "anytime curves against what the budget limits and simulated seconds, and times to targets"),
        random_search(names),
        several_runs(study.runs, f"{pluralize(study.runs, 'run')} of each method on each data set, seed {study.seed}"),
        Item(part, "Tabular or surrogate benchmarks for in-depth evaluation?", "met",
             f"{kinds} on {pluralize(len(study.problems), 'data set')} of {', '.join(spaces)}"),
    )  # fmt: skip


def _reporting(results: Results) -> Sequence[Item]:
    part = REPORTING
    return (
        tuning(results.study.methods),
        Item(part, "Time for the entire end-to-end method, not only the search?", "partly",
             "training time is charged to the search and the optimizers' own seconds are reported; retraining of the final architecture is not included"),
        SETUP,
    )  # fmt: skip


def budget_text(results: Results) -> str:
    """The budget of a run in words."""
    return ", ".join(
        _amount(limit, account.replace("_", " ")) for account, limit in results.study.budget.limits.items()
    )


def _amount(limit: float, account: str) -> str:
    """`1 query`, `2,000,000 train seconds`, `0.5 epochs`."""
    if limit == 1:
        return f"1 {account.removesuffix('ies')}y" if account.endswith("ies") else f"1 {account.removesuffix('s')}"
    return f"{limit:,.0f} {account}" if float(limit).is_integer() else f"{limit:,g} {account}"


def _seeds(results: Results) -> str:
    policy = results.study.training_seed
    texts = {
        "random": "a trained seed is drawn for each query, fixed by run and architecture",
        "mean": "queries return means over the trained seeds",
    }
    return texts.get(str(policy), f"queries return training seed {policy}")
