"""The NAS best practice checklist (Lindauer and Hutter 2020), answered from a live study itself; see `reports.checklist`."""

from __future__ import annotations

from reports.checklist import RUNS_FOR_TESTS, Item, Status
from reports.live.results import LiveResults


def checklist(results: LiveResults) -> tuple[Item, ...]:
    """Answer every item."""
    return (*_code(results), *_comparing(results), *_reporting(results))


def _code(results: LiveResults) -> tuple[Item, ...]:
    commit = results.store.environment.get("commit")
    version: tuple[Status, str] = ("missing", "the commit of the code is not recorded")
    if isinstance(commit, str):
        clean = not commit.endswith("+")
        text = f"commit {commit.rstrip('+')}" + ("" if clean else " with changes that were not committed")
        version = ("met" if clean else "partly", text)
    seeds = ", ".join(map(str, results.study.seeds))
    part = "Releasing code"
    return (
        Item(part, "Code for the training pipeline used to evaluate the final architectures?", *version),
        Item(part, "Code for the search space?", *version),
        Item(part, "Hyperparameters used for the final evaluation pipeline, as well as random seeds?", "met",
             f"every setting in the table [recipe] under Methods; seeds {seeds}"),
        Item(part, "Code for your NAS method?", *version),
        Item(part, "Hyperparameters for your NAS method, as well as random seeds?", "met",
             f"every setting in the tables [search], [search_recipe] and [[optimizers]] under Methods; seeds {seeds}"),
    )  # fmt: skip


def _comparing(results: LiveResults) -> tuple[Item, ...]:
    study = results.study
    names = [entry.name for entry in study.optimizers]
    several, seeds = len(names) > 1, len(study.seeds)
    variants = sorted({name for name in names if names.count(name) > 1})
    part = "Comparing methods"
    return (
        Item(part, "Exactly the same NAS benchmark for all methods, with the same data set, split, search space and training code?",
             "met" if several else "missing", f"{len(names)} methods in {study.space}, all on the same splits of {', '.join(results.tasks)}"
             if several else "there is one method, so nothing is compared"),
        Item(part, "Confounding factors controlled (hardware, library versions, run time of the methods)?", "partly",
             "one environment and one thread a process; seconds are a clock's, and other work on the machine is not recorded"),
        Item(part, "Ablation studies?", "partly" if variants else "missing",
             f"variants of {', '.join(variants)} were run" if variants else "no method appears in more than one variant"),
        Item(part, "The same evaluation protocol for all methods?", "partly",
             "final training and scoring are one; searches on a supernet and searches that train alone have budgets of their own, told in seconds"),
        Item(part, "Performance compared over time?", "met" if several else "partly",
             "search curves, and test scores against search seconds"),
        Item(part, "Compared to random search?", "met" if "random_search" in names and several else "missing",
             "random_search is among the methods" if "random_search" in names else "random_search is not in the study"),
        Item(part, "Multiple runs, with their seeds reported?", "met" if seeds >= RUNS_FOR_TESTS else "partly" if seeds > 1 else "missing",
             f"{seeds} seeds of each method on each task" + ("" if seeds >= RUNS_FOR_TESTS else f"; tests want {RUNS_FOR_TESTS} or more")),
        Item(part, "Tabular or surrogate benchmarks for in-depth evaluation?", "missing",
             "networks are trained here; studies of tables are the suite's other half"),
    )  # fmt: skip


def _reporting(results: LiveResults) -> tuple[Item, ...]:
    part = "Reporting details"
    tuned = [entry.label for entry in results.study.optimizers if entry.settings]
    return (
        Item(part, "How hyperparameters were tuned, and what time and resources that took?", "missing",
             "the study does not record it" + (f"; settings other than the defaults: {', '.join(tuned)}" if tuned else "; all settings are the defaults")),
        Item(part, "Time for the entire end-to-end method, not only the search?", "met",
             "search, final training and processor seconds are reported for every method"),
        Item(part, "All details of the experimental setup?", "met", "study.toml and environment.json, printed under Methods and Environment"),
    )  # fmt: skip
