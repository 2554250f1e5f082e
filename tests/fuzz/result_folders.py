"""Damage to every artefact of a small study of tables and of a live one: readers and a resumed run refuse it, or are not harmed."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.files.sealed import read_sealed, write_sealed
from nasbench.live.experiment.evaluation_cache import EvaluationCache
from nasbench.reports.analysis.results import Results
from nasbench.study.backend import UnitResult
from nasbench.study.runner import run_study
from nasbench.study.store import Store
from nasbench.study.toml import load_study, parse_study

from mutations import mutate

SHORT = 8
"""Inputs of a short run."""
STUDY = parse_study(
    """
name = "small"
seed = 7
runs = 4
runs_per_file = 2
problems = ["nas-bench-201/cifar10"]
objectives = ["error"]
split = "validation"
epochs = [200]
training_seed = "random"
repeat_policy = "cache"
budget = { unique_queries = 12 }
methods = [{ name = "random_search" }, { name = "local_search" }]
""",
    "the campaign",
)
LIVE = load_study("live-quick").with_runs(1).with_problems(("live/digits",))
IDENTITY = {"task": "digits", "seed": 3}

Read = Callable[[Path], Any]


def campaign(n: int, seed: int, folder: Path) -> Counter[str]:
    """Damage one file of a folder `n` times, and read the folder, or run its study again, each time.

    Args:
        n: damages.
        seed: of all of them.
        folder: where the folders lie.
    """
    rng = np.random.default_rng(seed)
    kinds = _tables(folder / "tables"), _live(folder / "live"), _search(folder / "search")
    whole = [{read: read(place) for read in reads} for place, reads in kinds]
    counts: Counter[str] = Counter()
    for _ in range(n):
        kind = int(rng.integers(len(kinds)))
        place, reads = kinds[kind]
        read = reads[int(rng.integers(len(reads)))]
        work = folder / "work"
        shutil.copytree(place, work)
        path = _drawn(work, rng)
        path.write_bytes(mutate(path.read_bytes(), rng)[1])
        try:
            outcome = "harmless" if read(work) == whole[kind][read] else "silent"
        except NasbenchError as fault:
            outcome = "refused" if len(str(fault).splitlines()) == 1 else "tracebacks"
        except Exception:
            outcome = "tracebacks"
        counts[outcome] += 1
        counts["tried"] += 1
        shutil.rmtree(work)
    return counts


def _drawn(folder: Path, rng: np.random.Generator) -> Path:
    """A file, each kind of file (by its top folder, or its name) alike often."""
    kinds: dict[str, list[Path]] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        kinds.setdefault(path.relative_to(folder).parts[0], []).append(path)
    files = list(kinds.values())[int(rng.integers(len(kinds)))]
    return files[int(rng.integers(len(files)))]


def _tables(folder: Path) -> tuple[Path, list[Read]]:
    run_study(STUDY, folder)
    return folder, [_reported, _resumed]


def _reported(folder: Path) -> Any:
    """All that a report reads of a folder."""
    results = Results.open(folder)
    cells = [(benchmark, label) for benchmark in results.study.problems for label in results.labels]
    traces = [results.traces(*cell) for cell in cells]
    shown = [(t.rows.tolist(), t.observed.tolist(), t.charged_seconds.tolist()) for t in traces]
    return results.study, results.environment, shown, [results.optimizer_seconds(*cell) for cell in cells]


def _resumed(folder: Path) -> Any:
    """All that does not depend on a clock, once the study has been run again."""
    run_study(STUDY, folder)
    store = Store.open(folder)
    units = store.study.units()
    timed = [store.timing(unit).optimizer_seconds >= 0 for unit in units]
    return store.study, store.environment, [store.path(unit).read_bytes() for unit in units], timed


def _live(folder: Path) -> tuple[Path, list[Read]]:
    store = Store.create_or_resume(folder, LIVE, {"device": "cpu"})
    store.write_skipped({})
    for unit in LIVE.units():
        curve = [{"epoch": 1, "seconds": 0.25}]
        score = {"test_error": 10.5, "train_seconds": 2.0, "search_curve": curve}
        result = {"label": unit.label, "task": "digits", "seed": unit.seed, **score}
        store.write(unit, UnitResult(timing={}, result=result))
    return folder, [_live_reported, _live_resumed]


def _live_reported(folder: Path) -> Any:
    results = Results.open(folder)
    read = [results.live.runs(task, unit.label).results for task in results.live.tasks for unit in LIVE.units()]
    return results.study, results.environment, results.store.skipped, read


def _live_resumed(folder: Path) -> Any:
    """As much as is read before anything is trained; what would be trained anew counts as it was."""
    store = Store.create_or_resume(folder, LIVE, {"device": "cpu"})
    store.write_skipped({})
    missing = [unit for unit in LIVE.units() if not store.has(unit)]
    if missing:
        whole = Store.open(folder.parent / "live")
        for unit in missing:
            store.write(unit, UnitResult(timing={}, result=whole.result(unit)))
    return _live_reported(folder)


def _search(folder: Path) -> tuple[Path, list[Read]]:
    folder.mkdir()
    journal = EvaluationCache(folder / "trainings.json", IDENTITY)
    for place in range(3):
        journal.answer((place, 0, 0, 0), lambda: ([12.5, 3.0], 7, 2.25))
    write_sealed(folder / "searched.json", {"plan": {}, "architecture": [1, 2, 3], "seconds": 2.5, "curve": []})
    return folder, [_searched]


def _searched(folder: Path) -> Any:
    journal = EvaluationCache(folder / "trainings.json", IDENTITY)
    return journal.answers, read_sealed(folder / "searched.json", "finished search")
