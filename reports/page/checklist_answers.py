"""Answers to the questions of the checklist, by key, for each kind of problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from nasbench.reports.analysis.recorded_table import RecordedTable
from nasbench.reports.analysis.results import Results
from nasbench.reports.analysis.scoring import LIVE_SCORING, Scoring, exposure, is_held_out
from nasbench.reports.page.methods import budget_text
from nasbench.reports.wording import join_names, pluralize
from nasbench.study.methods import MethodConfig

Status = Literal["met", "partly", "missing", "not recorded"]
Answer = tuple[Status, str]
RUNS_FOR_TESTS = 30
PACKAGE = "nas-verify"


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


def answer_study(results: Results) -> dict[str, Answer]:
    """Return the answers that do not depend on the kind of problem."""
    version, entries = code_version(results.environment), results.study.methods
    names = [entry.name for entry in entries]
    return {
        "space": version,
        "code": version,
        "ablation": _ablation(names),
        "random": _random_search(names),
        "tuning": _tuning(entries),
        "setup": ("met", "study.toml and environment.json, printed under Methods and Environment"),
    }


def answer_recorded(results: Results, table: RecordedTable) -> dict[str, Answer]:
    """Return the answers for a table of runs, which records little; a benchmark that scores them adds its own."""
    names, several = ", ".join(results.benchmarks), len(results.labels) > 1
    unknown: Answer = ("not recorded", f"{table.source} does not say")
    asked = (
        "pipeline",
        "space",
        "final",
        "code",
        "method",
        "confounders",
        "ablation",
        "protocol",
        "tabular",
        "tuning",
        "time",
        "setup",
    )
    scored: dict[str, Answer] = {
        "pipeline": ("met", f"that of {names}"),
        "space": ("met", f"that of {names}"),
        "tabular": ("met", f"scored by {names}"),
    }
    random = (
        _random_search(results.labels)
        if "random_search" in results.labels
        else ("not recorded", "no method is labelled random_search")
    )
    return {
        **dict.fromkeys(asked, unknown),
        **(scored if table.benchmark else {}),
        "same": ("partly", f"{len(results.labels)} methods on {names}, as the table says") if several
                else ("missing", "there is one method, so there is no comparison"),
        "random": random,
        "anytime": ("met" if several else "partly", "anytime curves and times to target"),
        "runs": _several(results.study.runs, f"{pluralize(results.study.runs, 'run')} of each method, seeds not recorded"),
    }  # fmt: skip


def _ablation(names: Sequence[str]) -> Answer:
    if variants := sorted({name for name in names if names.count(name) > 1}):
        return "partly", f"variants of {join_names(variants)} were run"
    return "not recorded", "no method appears in more than one variant; ablations in other studies are not known here"


def _random_search(names: Sequence[str]) -> Answer:
    if "random_search" not in names:
        return "missing", "random_search is not in the study"
    return "met" if len(names) > 1 else "missing", "random_search is among the methods"


def _several(count: int, text: str) -> Answer:
    if count >= RUNS_FOR_TESTS:
        return "met", text
    return "partly" if count > 1 else "missing", f"{text}; tests need {RUNS_FOR_TESTS} or more"


def _tuning(entries: Sequence[MethodConfig]) -> Answer:
    tuned = ", ".join(entry.label for entry in entries if entry.settings)
    settings = f"settings other than the defaults: {tuned}" if tuned else "all settings are the defaults"
    return "not recorded", f"{settings}; what came before the study is not part of it"


def answer_benchmark(results: Results, scorings: Sequence[Scoring]) -> dict[str, Answer]:
    """Return the answers for benchmarks that are queried; `scorings` say how each is scored."""
    study, names = results.study, results.benchmarks
    several = len(study.methods) > 1
    words = {"table": "tabular benchmarks", "surrogate": "surrogate benchmarks"}
    kinds = " and ".join(sorted({words.get(scoring.kind, "closed forms") for scoring in scorings}))
    trained = {name.partition("/")[0] for name, s in zip(names, scorings, strict=True) if s.kind in words}
    tables, seeded = ", ".join(sorted(trained)), any(scoring.kind == "table" for scoring in scorings)
    spaces = sorted({results.benchmark(name).space.name for name in names})
    splits = list(dict.fromkeys(s.searched for s in scorings if s.searched))
    searched = f", searched on the {join_names(splits)} split" if splits else ""
    same = f"{len(study.methods)} methods, all on {', '.join(names)}{searched}"
    sentences = (same if several else "there is one method, so there is no comparison", *exposure(scorings))
    return {
        "pipeline": ("met", f"evaluations are those of the published {kinds} {tables}; its checksum is under Environment" if tables
                     else "nothing is trained: evaluations are closed forms, named under Environment"),
        "final": ("met", f"{'those of the benchmark' if tables else 'nothing is trained'}" + (f"; {_seeds(results)}" if seeded else "")),
        "method": ("met", f"every setting under Methods; study seed {study.seed}, runs 0 to {study.runs - 1}"),
        "same": (("met" if is_held_out(scorings) else "partly") if several else "missing",
                 ". ".join(sentence.removesuffix(".") for sentence in sentences)),
        "confounders": ("met", "one environment is recorded, from when the study began; costs are those of the benchmark, not this machine's"),
        "protocol": ("met", f"one budget ({budget_text(results)}), repeats {study.repeat_policy}, scored by one rule (see Methods)"),
        "anytime": ("met" if several else "partly", "anytime curves against the budget and simulated seconds, and times to target"),
        "runs": _several(study.runs, f"{pluralize(study.runs, 'run')} of each method on each data set, seed {study.seed}"),
        "tabular": ("met", f"{kinds} on {pluralize(len(names), 'data set')} of {', '.join(spaces)}"),
        "time": ("partly", "training time is charged to the search and the optimizer's own seconds are reported; retraining of the final "
                 "architecture is not included"),
    }  # fmt: skip


def answer_live(results: Results) -> dict[str, Answer]:
    """Return the answers for live tasks."""
    study, live = results.study, results.live
    several, seeds = len(study.methods) > 1, ", ".join(map(str, live.seeds))
    held_out = " ".join(exposure([LIVE_SCORING])).removesuffix(".")
    return {
        "pipeline": code_version(results.environment),
        "final": ("met", f"every setting in the table [live.recipe] under Methods; seeds {seeds}"),
        "method": ("met", f"every setting in the tables [live.supernet], [live.search_recipe] and [[methods]] under Methods; seeds {seeds}"),
        "same": ("met", f"{len(study.methods)} methods in {study.live.space}, all on the same splits of {', '.join(live.tasks)}. {held_out}")
                if several else ("missing", "there is one method, so there is no comparison"),
        "confounders": ("partly", "one environment and one thread per process; seconds are wall-clock, and other load on the machine is not recorded"),
        "protocol": ("partly", "final training and scoring are the same; weight-sharing searches and searches that train from scratch have "
                     "budgets of their own, reported in seconds"),
        "anytime": ("met" if several else "partly", "search curves, and test scores against search time"),
        "runs": _several(len(live.seeds), f"{pluralize(len(live.seeds), 'seed')} of each method on each task"),
        "tabular": ("missing", "networks are trained here; tables and functions can be problems of the same study"),
        "time": ("met", "search, final training and processor seconds are reported for every method"),
    }  # fmt: skip


def _seeds(results: Results) -> str:
    policy = results.study.training_seed
    texts = {
        "random": "a trained seed is drawn for each query, fixed by run and architecture",
        "mean": "queries return means over the trained seeds",
    }
    return texts.get(str(policy), f"queries return training seed {policy}")
