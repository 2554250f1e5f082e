"""The NAS best practice checklist (Lindauer and Hutter 2020), answered from a live study itself; see `nasbench.reports.page.checklist`."""

from __future__ import annotations

from nasbench.reports.analysis.scoring import exposure
from nasbench.reports.live.results import LiveResults
from nasbench.reports.live.words import SCORING
from nasbench.reports.page.checklist import (
    COMPARING,
    REPORTING,
    SETUP,
    Item,
    ablation,
    code_version,
    random_search,
    several_runs,
    tuning,
)
from nasbench.reports.page.words import pluralize


def checklist(results: LiveResults) -> tuple[Item, ...]:
    """Answer every item."""
    return (*_code(results), *_comparing(results), *_reporting(results))


def _code(results: LiveResults) -> tuple[Item, ...]:
    version = code_version(results.store.environment)
    seeds = ", ".join(map(str, results.seeds))
    part = "Releasing code"
    return (
        Item(part, "Code for the training pipeline used to evaluate the final architectures?", *version),
        Item(part, "Code for the search space?", *version),
        Item(part, "Hyperparameters used for the final evaluation pipeline, as well as random seeds?", "met",
             f"every setting in the table [live.recipe] under Methods; seeds {seeds}"),
        Item(part, "Code for your NAS method?", *version),
        Item(part, "Hyperparameters for your NAS method, as well as random seeds?", "met",
             f"every setting in the tables [live.supernet], [live.search_recipe] and [[methods]] under Methods; seeds {seeds}"),
    )  # fmt: skip


def _comparing(results: LiveResults) -> tuple[Item, ...]:
    study = results.study
    names = [entry.name for entry in study.methods]
    several, seeds = len(names) > 1, len(results.seeds)
    held = " ".join(exposure([SCORING])).removesuffix(".")
    part = COMPARING
    return (
        Item(part, "Exactly the same NAS benchmark for all methods, with the same data set, split, search space and training code?",
             "met" if several else "missing", f"{len(names)} methods in {study.live.space}, all on the same splits of {', '.join(results.tasks)}. {held}"
             if several else "there is one method, so nothing is compared"),
        Item(part, "Confounding factors controlled (hardware, library versions, run time of the methods)?", "partly",
             "one environment and one thread a process; seconds are a clock's, and other work on the machine is not recorded"),
        ablation(names),
        Item(part, "The same evaluation protocol for all methods?", "partly",
             "final training and scoring are one; searches on a supernet and searches that train alone have budgets of their own, told in seconds"),
        Item(part, "Performance compared over time?", "met" if several else "partly",
             "search curves, and test scores against search seconds"),
        random_search(names),
        several_runs(seeds, f"{pluralize(seeds, 'seed')} of each method on each task"),
        Item(part, "Tabular or surrogate benchmarks for in-depth evaluation?", "missing",
             "networks are trained here; studies of tables are the suite's other half"),
    )  # fmt: skip


def _reporting(results: LiveResults) -> tuple[Item, ...]:
    part = REPORTING
    return (
        tuning(results.study.methods),
        Item(part, "Time for the entire end-to-end method, not only the search?", "met",
             "search, final training and processor seconds are reported for every method"),
        SETUP,
    )  # fmt: skip
