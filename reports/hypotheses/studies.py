"""The results folder of a claim's study, and whether it is what the registration asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from nasbench.errors import NasbenchError
from nasbench.reports.analysis.results import Results
from nasbench.reports.hypotheses.registry import Baseline, StudyHypothesis
from nasbench.search.registry import registered_optimizer
from nasbench.study.config import Study
from nasbench.study.methods import MethodConfig
from nasbench.study.store import Store


def study_folders(given: Sequence[Path], studies: Sequence[str]) -> dict[str, Path]:
    """Where the results of each study lie: among `given`, else in `results/STUDY` if that is there.

    Raises:
        NasbenchError: if a given folder holds no results, those of another study, or those of a study given twice.
    """
    found: dict[str, Path] = {}
    for folder in given:
        name = Store.open(folder).study.name
        if name not in studies:
            raise NasbenchError(
                f"{folder} holds the study {name!r}, which no claim rests on; claims rest on {', '.join(studies)}."
            )
        if name in found:
            raise NasbenchError(f"{found[name]} and {folder} both hold the study {name!r}; give one of them.")
        found[name] = folder
    for name in studies:
        default = Path("results") / name
        if name not in found and default.is_dir():
            found[name] = default
    return found


def open_study(claim: StudyHypothesis, folders: Mapping[str, Path]) -> Results | str:
    """Open a claim's study, or say in a clause why it cannot be judged by it."""
    study = claim.study
    if study not in folders:
        return f"there are no results of the study {study}"
    store = Store.open(folders[study])
    if store.missing:
        return f"{folders[study]} lacks {len(store.missing)} of {len(store.study.units())} units of the study"
    results = Results.open(folders[study])
    return _unsuitable(claim, results.study) or results


def _unsuitable(claim: StudyHypothesis, study: Study) -> str:
    """Why a study is not the registered one; empty if it is."""
    runs, cap = claim.runs, claim.query_cap
    if study.runs < runs:
        return f"the results hold {study.runs} runs and {runs} are registered"
    if study.budget.limits.get("unique_queries", 0.0) < cap:
        return f"the study's budget is not {cap:g} unique queries or more"
    if claim.seed is not None and study.seed != claim.seed:
        return f"the study's seed is {study.seed} and {claim.seed} is registered"
    if study.training_seed != claim.training_seed:
        return f"the study's training seed of a query is {study.training_seed} and {claim.training_seed} is registered"
    if missing := [name for name in claim.benchmarks if name not in study.problems]:
        return f"the study lacks {', '.join(missing)}"
    wanted = claim.objectives
    if wanted is not None and sorted(study.objectives) != sorted(wanted):
        return f"the study's objectives are {', '.join(study.objectives)} and not {', '.join(wanted)}"
    labels = [entry.label for entry in study.methods]
    for label in claim.labels:
        if label not in labels:
            return f"the study has no optimizer labelled {label}"
    lacking = [str(baseline) for baseline in claim.baselines if not _entries(baseline, study)]
    return f"the study lacks {', '.join(lacking)}" if lacking else ""


def labels_of(claim: StudyHypothesis, study: Study) -> tuple[str, ...]:
    """Labels of all entries of a study that a claim names as baselines, in the order of the registration."""
    found = [entry.label for baseline in claim.baselines for entry in _entries(baseline, study)]
    return tuple(label for label in dict.fromkeys(found) if label != claim.method)


def _entries(baseline: Baseline, study: Study) -> list[MethodConfig]:
    return [entry for entry in study.methods if entry.name == baseline.name and _has(entry, baseline)]


def _has(entry: MethodConfig, baseline: Baseline) -> bool:
    if not baseline.settings:
        return True
    complete = {**registered_optimizer(entry.name).settings, **entry.settings}
    return all(complete.get(key) == value for key, value in baseline.settings.items())
