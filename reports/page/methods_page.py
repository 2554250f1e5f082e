"""`python -m nasbench.reports.page.methods_page DIR ...`: the table of all methods of a study, as a page of the documentation.

    nasbench run development-tables --out results/development-tables
    python -m nasbench.reports.page.methods_page results/development-tables --out docs/METHODS.md

Each results folder is a section: a study whose methods are too slow for as many runs has a folder of its own. Of a study that is still
running, what is finished is shown. After a change of a method its rows are made anew, with the same seeds:

    nasbench run development-tables --out results/development-tables --again hybrid
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.files.atomic import write_atomically
from nasbench.plugins import BrokenPluginError
from nasbench.reports.analysis.accounts import NAMES
from nasbench.reports.analysis.evaluation import evaluate_study
from nasbench.reports.analysis.families import FamilyComparison, FamilyRanking, compare_families
from nasbench.reports.analysis.query_cost import QueryCost, measure_query_cost, source_of
from nasbench.reports.analysis.results import Results
from nasbench.reports.page.methods import methods
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.tables.methods import MethodDescription, families_table, methods_table, settings_table
from nasbench.reports.tables.to_markdown import to_markdown
from nasbench.reports.wording import join_names, pluralize
from nasbench.search.registry import optimizer_names, registered_optimizer
from nasbench.search.search_ranges import search_ranges
from nasbench.study.methods import MethodConfig
from nasbench.study.store import Store
from nasbench.study.toml import load_study, preset_names

TRIALS, RUNS = 20, 10
"""Settings that are tried of each method in the tuning that the page describes, and runs of each on each problem."""
DESIGNS = ("n_initial_samples", "population_size", "beam_width")
"""Settings that say how many random architectures a method begins with; the first that it has."""
INTRODUCTION = """# All methods on the development tables

Written by `python -m nasbench.reports.page.methods_page`; do not edit. Settings may be decided on these tables, and those of the hybrid were:
the order of the methods here is no evidence for it. Other methods have the settings of their authors, with an initial design of at most the
hybrid's size where they have that setting.
"""


def open_finished(folder: Path) -> Results:
    """Return what is finished of a folder: the problems on which every method has run, while others may still be running.

    Where runs are being added, the runs from before the addition count where more problems have those.

    Raises:
        NasbenchError: as `Results.open`, if nothing is finished.
    """
    store = Store.open(folder)
    parts = []
    for runs in (store.study.runs, *reversed(store.study.added_at)):
        earlier = tuple(one for one in store.study.added_at if one < runs)
        part = replace(store, study=store.study.replace(runs=runs, added_at=earlier))
        unfinished = {unit.problem for unit in part.missing}
        parts.append((part, [problem for problem in part.study.problems if problem not in unfinished]))
    part, finished = max(parts, key=lambda one: len(one[1]))
    if not store.missing or not finished:
        return Results.open(folder)
    return Results(replace(part, study=part.study.with_problems(finished)))


def section(results: Results, reference: str) -> str:
    """Return the section of a study, in Markdown.

    Raises:
        NasbenchError: if the reference is not a label of the study.
    """
    if reference not in results.labels:
        raise NasbenchError(f"The study {results.study.name} has no method {reference!r}; name one of it.")
    study, rng = results.study, np.random.default_rng([results.study.seed, 2])
    evaluations = tuple(evaluate_study(results))
    comparison = compare_families(evaluations, reference, rng)
    costs = {label: measure_query_cost(results, results.benchmarks[0], label) for label in results.labels}
    described = {entry.label: _describe(entry) for entry in study.methods}
    paragraphs = [
        f"## {study.name}",
        f"{_progress(results)} {study.description}",
        methods(results, evaluations)[0],
        " ".join([_targets(comparison), *_endings(results)]),
        to_markdown(methods_table(comparison, costs)),
        _ranks(comparison),
        to_markdown(families_table(comparison)) if len(comparison.families) > 1 else "",
        to_markdown(settings_table(described)),
        _tuning(results, costs),
        _left_out(results),
    ]
    return "\n\n".join(part.strip() for part in paragraphs if part) + "\n"


def _progress(results: Results) -> str:
    study = results.study
    planned = load_study(study.name) if study.name in preset_names() else study
    rest = "" if planned.runs <= study.runs else f" of the {planned.runs} that the preset asks for"
    labels = [method.label for method in planned.methods]
    absent = [*set(labels) - set(results.labels), *set(planned.problems) - set(study.problems)]
    lacking = f" Not run yet: {join_names(sorted(absent, key=[*labels, *planned.problems].index))}." if absent else ""
    return f"**{pluralize(study.runs, 'run')}{rest}** of each method on each data set, {_sources(results)}.{lacking}"


def _sources(results: Results) -> str:
    """Return by which sources the methods were run, those of most methods first."""
    methods: dict[tuple[str, ...], list[str]] = {}
    for label in results.labels:
        methods.setdefault(results.store.sources([label]), []).append(label)
    (most, _), *others = sorted(methods.items(), key=lambda one: -len(one[1]))

    def named(sources: tuple[str, ...]) -> str:
        return join_names([digest[:12] for digest in sources] or ["not recorded"])

    rest = "".join(f"; {join_names(labels)} by {named(sources)}" for sources, labels in others)
    return f"by sources of SHA-256 {named(most)}{rest}"


def _targets(comparison: FamilyComparison) -> str:
    named: dict[str, list[str]] = {}
    for benchmark, target in comparison.targets.items():
        named.setdefault(target.name, []).append(benchmark)
    return "Target: " + "; ".join(f"{name} on {join_names(own)}" for name, own in named.items()) + "."


def _endings(results: Results) -> Iterator[str]:
    """Yield which methods ended before their budget, and how such runs count."""
    if found := results.early_endings():
        yield from found
        yield "A run that ended so without the target counts as one that did not reach it within the budget."


def _ranks(comparison: FamilyComparison) -> str:
    both = {NAMES[comparison.account]: comparison.by_cost, "final regret": comparison.by_regret}
    said = {measure: _said(measure, ranking, comparison) for measure, ranking in both.items()}
    if all(isinstance(ranking.test, Undefined) or isinstance(ranking.ranks, Undefined) for ranking in both.values()):
        return ""  # the table has the reason
    return (
        f"{' '.join(said.values())} So few families decide little: a difference that is not significant is not evidence of equality, and mean "
        "ranks depend on which methods are in the table."
    )


def _said(measure: str, ranking: FamilyRanking, comparison: FamilyComparison) -> str:
    test, ranks = ranking.test, ranking.ranks
    if isinstance(test, Undefined):
        return f"Ranks by {measure}: {test.reason}."
    if isinstance(ranks, Undefined):
        return f"Ranks by {measure}: {ranks.reason}."
    labels = [standing.label for standing in comparison.standings]
    best = int(np.argmin(ranks.mean_ranks))
    worse = [labels[i] for i in np.flatnonzero(ranks.mean_ranks > ranks.mean_ranks[best] + ranks.difference)]
    return (
        f"Ranks by {measure} over {pluralize(ranks.n, 'family', 'families')}: {test.method}, p = {test.p_value:.2g}; mean ranks "
        f"differ at {ranks.alpha:g} where they are {ranks.difference:.1f} apart (Nemenyi). Behind the best, {labels[best]}, by more than that: "
        f"{join_names(worse) if worse else 'none'}."
    )


def _describe(entry: MethodConfig) -> MethodDescription:
    optimizer = entry.optimizer()
    values = {**optimizer.settings, **entry.settings}
    design = next((f"{values[name]} ({name})" for name in DESIGNS if name in values), "")
    settings = ", ".join(f"{name} = {value!r}" for name, value in entry.settings.items())
    return MethodDescription(design, settings, ", ".join(optimizer.extras), source_of(optimizer))


def _tuning(results: Results, costs: Mapping[str, QueryCost]) -> str:
    """Return how all methods of the study are tuned alike, and what that would cost; empty where the command refuses the study."""
    study, cap = results.study, results.study.budget.limits.get("unique_queries")
    if cap is None or study.parallelism.is_simulated or study.constraints or study.warm_start:
        return ""
    is_preset = study.name in preset_names()
    name = study.name if is_preset else str(results.store.folder / "study.toml")
    problems = len((load_study(study.name) if is_preset else study).problems)
    hours = {
        entry.label: TRIALS * RUNS * problems * cap * costs[entry.label].seconds / 3600.0
        for entry in study.methods
        if set(search_ranges(entry.optimizer().algorithm)) - set(entry.settings)
    }
    if not hours:
        return ""
    each = ", ".join(f"{label} {cost:.2g}" for label, cost in sorted(hours.items(), key=lambda one: one[1]))
    return (
        f"**Tuning alike.** Not done for this table. `nasbench tune --study {name} --trials {TRIALS} --runs {RUNS}` tries as many settings of "
        f"every method that has some, each on the same {TRIALS} x {RUNS} x {problems} runs with seeds of their own, and writes the study with the "
        "best; `nasbench tune LABEL --study ...` does one method, and an interrupted tuning is resumed. Processor hours of the optimizers, at "
        f"the cost of a query above: {each}; {sum(hours.values()):.2g} in all."
    )


def _left_out(results: Results) -> str:
    """Return a sentence on the registered optimizers that the study lacks, with the reason for each."""
    found: dict[str, list[str]] = {}
    sisters = [other for other in map(load_study, preset_names()) if other.seed == results.study.seed]
    elsewhere = {method.name: other.name for other in sisters for method in other.methods}
    for name in sorted(set(optimizer_names()) - {entry.name for entry in results.study.methods}):
        try:
            optimizer = registered_optimizer(name)
        except BrokenPluginError:
            continue
        except NasbenchError as fault:
            found.setdefault(str(fault).rstrip("."), []).append(name)
            continue
        reason = "not in this study"
        if name in elsewhere:
            reason = f"in {elsewhere[name]}"
        elif optimizer.fidelities and len(results.protocol(results.benchmarks[0]).epochs) < 2:
            reason = "chooses the length of trainings, of which this study has one"
        elif optimizer.objectives != "one":
            reason = "for several objectives"
        found.setdefault(reason, []).append(name)
    sentences = "; ".join(f"{join_names(names)} ({reason})" for reason, names in found.items())
    return f"Not compared: {sentences}." if sentences else ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page; return 0 when it is written, 2 for wrong use or bad input."""
    parser = argparse.ArgumentParser(
        prog="python -m nasbench.reports.page.methods_page", description="Write the page of all methods of a study."
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR", help="results folder (a section each)")
    parser.add_argument("--out", type=Path, default=Path("docs/METHODS.md"), help="the page (default: %(default)s)")
    parser.add_argument("--reference", default="hybrid", help="label that costs are relative to (default: %(default)s)")
    options = parser.parse_args(arguments)
    try:
        sections = [section(open_finished(folder), options.reference) for folder in options.folders]
        write_atomically(options.out, "\n".join([INTRODUCTION, *sections]).encode())
    except (NasbenchError, OSError) as fault:
        print(f"methods_page: {fault}", file=sys.stderr)
        return 2
    print(options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
