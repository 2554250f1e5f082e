"""Tune every method of a study alike: the same number of trials and runs on the same benchmarks, with one score.

    OUT/METHOD.json     the trials of a method; those that are there are not run again
    OUT/tuned.toml      the study with the best settings of each method, for `nasbench run`

Settings that the study gives stay as they are. The seed of the tuning is not that of the study: runs that chose the settings are no
evidence for them. The best trial was chosen among several, so its score flatters it; `leave_one_family_out` says by how much.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench.benchmarks.catalogue import get_searchable
from nasbench.errors import CorruptDataError, NasbenchError, StorageError, unknown_name
from nasbench.files.atomic import write_atomically
from nasbench.files.documents import read_json
from nasbench.files.locks import only_writer
from nasbench.files.path_names import path_components
from nasbench.ranges import COUNT, as_plain, check_setting
from nasbench.search.search_ranges import search_ranges
from nasbench.study.config import Study
from nasbench.study.methods import MethodConfig
from nasbench.study.tuning import Trial, TuningProblem, tune_over_families

if TYPE_CHECKING:
    from nasbench.study.cluster import Cluster

TUNED = "tuned.toml"
WORDS = {
    "method": "settings of the method",
    "benchmarks": "benchmarks",
    "protocol": "conditions of the search",
    "runs": "numbers of runs",
    "seed": "seeds",
}
"""What a file of trials says of its conditions, in the plural."""


@dataclass(frozen=True)
class TunedMethod:
    """The outcome for one method; scores are shares of the budget, lower is better.

    Attributes:
        label: in the study.
        trials: in order; the first has the settings of the study.
        best: number of the best trial.
    """

    label: str
    trials: Sequence[Trial]

    @property
    def best(self) -> int:
        """Number of the trial with the lowest score."""
        return min(range(len(self.trials)), key=lambda number: self.trials[number].value)


def leave_one_family_out(trials: Sequence[Trial]) -> float:
    """Return the mean score on each family of the trial that is best on the others.

    Settings are selected without the family that they are scored on; TPE, which proposed them, saw all. One family has no others: NaN.
    """
    scores = np.array([[values.mean() for values in trial.by_family.values()] for trial in trials])
    if scores.shape[1] < 2:
        return float("nan")
    without = [np.delete(scores, held, axis=1).mean(axis=1).argmin() for held in range(scores.shape[1])]
    return float(np.mean([scores[chosen, held] for held, chosen in enumerate(without)]))


def tune_study(
    study: Study,
    folder: Path,
    *,
    trials: int,
    runs: int,
    seed: int,
    only: str = "",
    cluster: Cluster | None = None,
    progress: Callable[[float, int], None] = lambda done, methods: None,
    say: Callable[[str], None] = lambda sentence: None,
) -> list[TunedMethod]:
    """Tune all methods of a study, or one, each by `nasbench.study.tuning.tune_over_families`; trials that the folder holds are kept.

    Args:
        study: its problems, protocol and budget of unique queries are those of the trials.
        folder: where trials are kept, and `tuned.toml` is written.
        trials: number of settings that are tried of each method, including the study's own.
        runs: number of runs of each trial on each problem.
        seed: of the runs and of TPE.
        only: label of the one method to tune.
        cluster: where runs are evaluated; None for this process.
        progress: called with (methods done, methods in all).
        say: callback for messages, such as that a method has nothing to tune.

    Raises:
        NasbenchError: if the study has live tasks, several objectives, no budget of unique queries, workers,
            constraints or a warm start, the seed is that of the study, a number
            is out of range, or the folder holds other trials.
    """
    trials, runs, seed = map(as_plain, (trials, runs, seed))
    for what, number in (("trials", trials), ("runs", runs)):
        check_setting(f"number of {what}", number, COUNT)
    if study.live_problems or len(study.objectives) > 1 or "unique_queries" not in study.budget.limits:
        raise NasbenchError(
            f"Methods are tuned by the unique queries that they need on tables and functions; {study.name} should limit unique_queries, have one "
            "objective and no live task."
        )
    settings = {
        "workers or batches": study.parallelism.is_simulated,
        "constraints": study.constraints,
        "a warm start": study.warm_start,
    }
    if foreign := [what for what, given in settings.items() if given]:
        raise NasbenchError(
            f"{study.name} has {foreign[0]}, and trials are sequential searches without; leave that out of the study that is tuned."
        )
    if seed == study.seed:
        raise NasbenchError(
            f"The seed {seed} is that of {study.name}, whose runs must not choose settings; give another."
        )
    labels = [method.label for method in study.methods]
    if only and only not in labels:
        raise unknown_name(f"method of {study.name}", only, labels)
    benchmarks = {name: get_searchable(name) for name in study.problems}
    places = [
        TuningProblem(name, study.protocol(benchmark.longest(study.objectives, study.split)))
        for name, benchmark in benchmarks.items()
    ]
    conditions = {
        "benchmarks": {name: benchmark.checksum for name, benchmark in benchmarks.items()},
        "protocol": {
            key: value
            for key, value in study.to_mapping().items()
            if key in ("objectives", "split", "epochs", "training_seed", "repeat_policy", "budget")
        },
        "runs": runs,
        "seed": seed,
    }
    tuned: list[TunedMethod] = []
    chosen = [method for method in study.methods if only in ("", method.label)]
    names = path_components(labels)
    with only_writer(folder):
        for number, method in enumerate(chosen):
            optimizer = method.optimizer()
            if not set(search_ranges(optimizer.algorithm)) - set(method.settings):
                say(f"{method.label} has no settings to tune.")
                continue
            file = folder / f"{names[method.label]}.json"
            own = {"method": method.to_mapping(), **conditions}

            def within(trial: int, of: int, number: int = number) -> None:
                progress(number + trial / of, len(chosen))

            done = tune_over_families(
                optimizer,
                places,
                method.settings,
                trials=trials,
                runs=runs,
                seed=seed,
                known=_read(file, own),
                cluster=cluster,
                progress=within,
                keep=partial(_write, file, own),
            )
            tuned.append(TunedMethod(method.label, done))
            _store(folder / TUNED, tuned_study(study, tuned).to_toml())
    return tuned


def tuned_study(study: Study, tuned: Sequence[TunedMethod]) -> Study:
    """Return the study with the best settings of each tuned method, and the other methods as they are."""
    best = {method.label: method.trials[method.best].settings for method in tuned}

    def entry(method: MethodConfig) -> MethodConfig:
        return replace(method, settings={**method.settings, **best.get(method.label, {})})

    description = f"{study.description} Settings tuned alike on these problems."
    return study.replace(
        name=f"{study.name}-tuned", description=description, methods=tuple(entry(method) for method in study.methods)
    )


def _read(file: Path, conditions: Mapping[str, Any]) -> list[Trial]:
    """Return the trials of a file, none where there is no file."""
    if not file.exists():
        return []
    held = read_json(file, f"file of trials {file}")
    try:
        trials = [
            Trial(
                trial["settings"],
                np.mean([np.asarray(values, dtype=np.float64) for values in trial["by_family"].values()], axis=0),
                {name: np.asarray(values, dtype=np.float64) for name, values in trial["by_family"].items()},
            )
            for trial in held.pop("trials")
        ]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise CorruptDataError(f"{file} holds no trials; remove it to run them again.") from None
    wanted = json.loads(json.dumps(conditions))
    if changed := [key for key in {**held, **wanted} if held.get(key) != wanted.get(key)]:
        raise NasbenchError(
            f"{file} holds trials with other {WORDS.get(changed[0], changed[0])}; choose another folder."
        )
    return trials


def _write(file: Path, conditions: Mapping[str, Any], trials: Sequence[Trial]) -> None:
    rows = [
        {
            "settings": dict(trial.settings),
            "by_family": {name: values.tolist() for name, values in trial.by_family.items()},
        }
        for trial in trials
    ]
    _store(file, json.dumps({**conditions, "trials": rows}, indent=1))


def _store(file: Path, text: str) -> None:
    try:
        write_atomically(file, text.encode())
    except OSError as fault:
        raise StorageError(f"{file} cannot be written ({fault.strerror}); choose a folder that can.") from None
