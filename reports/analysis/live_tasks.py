"""The live tasks of a study: test scores, sizes, seconds and search curves of every method, with a hash of the files behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.reports.analysis.digest import digest_contents
from nasbench.reports.analysis.display_names import SUITE_NAMES, DisplayNames
from nasbench.reports.analysis.traces import Traces, stack_runs
from nasbench.spaces.space import Floats
from nasbench.study.config import Study, WorkUnit
from nasbench.study.live_config import PREFIX, task_of
from nasbench.study.store import Store

TRIVIAL = ("majority", "training_mean")
"""References that learn nothing: what every method must beat."""
UNEQUAL = 1.5
"""Ratio of the largest to the smallest class of a test split from which its classes count as unequal."""


@dataclass(frozen=True)
class LiveRuns:
    """All runs of one method, or reference model, on one live task, in the order of the seeds.

    Attributes:
        task, label: the task, and the method or reference model.
        searched: whether it is a method of the study; otherwise a reference model.
        results: what `Store.result` returned for each seed.
        digest: hash of the files they were read from.
    """

    task: str
    label: str
    searched: bool
    results: Sequence[Mapping[str, Any]]
    digest: str

    @property
    def metric(self) -> str:
        """Either "error", in %, or "mse"."""
        return "mse" if "test_mse" in self.results[0] else "error"

    @property
    def scores(self) -> Floats:
        """Test score of each seed, lower is better; with test-time flip where the recipe declares it."""
        key = f"test_{self.metric}"
        flipped = [result.get(f"{key}_with_views") for result in self.results]
        plain = [result[key] for result in self.results]
        return np.array([p if f is None else f for p, f in zip(plain, flipped, strict=True)], dtype=float)

    def values(self, key: str) -> Floats | None:
        """Return a number of each seed, None where the method has no such number."""
        if any(result.get(key) is None for result in self.results):
            return None
        return np.array([result[key] for result in self.results], dtype=float)

    @property
    def percentiles(self) -> Floats | None:
        """Percentile of each run's architecture among the random ones of the task, higher is better; None where it was not measured."""
        return self.values("reference_percentile")

    @property
    def reference_cells(self) -> int:
        """Number of these random architectures, 0 where percentiles were not measured."""
        return 0 if self.percentiles is None else max(int(result["reference_cells"]) for result in self.results)

    @property
    def curves(self) -> list[list[Mapping[str, Any]]]:
        """The search curve of each seed."""
        return [list(result["search_curve"]) for result in self.results]


@dataclass(frozen=True)
class LiveTasks:
    """The part of a results folder that lies on live tasks; empty where a study has none.

    Attributes:
        store: the opened folder.
        names: how methods are called; by these names they are asked for, and by their labels.
    """

    store: Store
    names: DisplayNames = SUITE_NAMES
    _memory: dict[tuple[str, str], LiveRuns] = field(default_factory=dict, repr=False, compare=False)

    @property
    def study(self) -> Study:
        """The study that was run."""
        return self.store.study

    @property
    def tasks(self) -> tuple[str, ...]:
        """Tasks that were run, without the prefix of their problems."""
        skipped = self.skipped
        return tuple(task for task in map(task_of, self.study.live_problems) if task not in skipped)

    @property
    def skipped(self) -> dict[str, str]:
        """Tasks that were not run, with the reason."""
        return {task_of(problem): reason for problem, reason in self.store.skipped.items()}

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds of the runs."""
        return tuple(self.study.live_seed(run) for run in range(self.study.runs))

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the methods, in the order of the study."""
        return tuple(self.names.optimizer(entry.label) for entry in self.study.methods)

    @property
    def random_search(self) -> str:
        """Name of random search, empty where the study has none."""
        found = [entry.label for entry in self.study.methods if entry.name == "random_search"]
        return self.names.optimizer(found[0]) if found else ""

    def references(self, task: str) -> tuple[str, ...]:
        """Return the names of the reference models on a task."""
        return self.study.live.references_of(PREFIX + task)

    def runs(self, task: str, label: str) -> LiveRuns:
        """Return all runs of a method or reference model on a task, which are read once."""
        if (task, label) not in self._memory:
            units = self.units(task, label)
            read = [self.store.result(unit) for unit in units]
            digest = digest_contents(path.read_bytes() for path in self.files(task, label))
            self._memory[task, label] = LiveRuns(task, label, units[0].method is not None, read, digest)
        return self._memory[task, label]

    def traces(self, task: str, label: str) -> Traces:
        """Return what the searches of a method asked for; `rows` tell its architectures apart and mean nothing more.

        A search on shared weights pays for every epoch, one that trains alone for each architecture once.
        """
        import pandas as pd

        whole = pd.concat([self.store.read(unit).to_pandas() for unit in self.units(task, label)], ignore_index=True)
        shares_weights = "operator" in whole and whole["operator"].isin(("supernet", "finalist")).all()
        rows, _ = pd.factorize(whole["architecture"])
        columns = {name: whole[name].to_numpy() for name in whole}
        policy = "retrain" if shares_weights else "cache"
        return stack_runs(columns, rows, self.study.objectives, policy, int(whole["epochs"].max()))

    def of_task(self, task: str) -> list[LiveRuns]:
        """Return the runs of all on a task: the methods in the order of the study, then the reference models."""
        return [self.runs(task, label) for label in (*self.labels, *self.references(task))]

    def files(self, task: str, label: str) -> list[Path]:
        """Return the files behind the numbers, in the order in which the hash reads them."""
        units = self.units(task, label)
        return [place(unit) for unit in units for place in (self.store.path, self.store.timing_path)]

    def has_unequal_classes(self, task: str) -> bool:
        """Return whether the classes of the task's test split are unequal, so that an error alone misleads."""
        counts = self.runs(task, self.labels[0]).results[0].get("test_class_counts")
        return counts is not None and max(counts) > UNEQUAL * min(counts)

    def units(self, task: str, label: str) -> list[WorkUnit]:
        """Return the units of a method or reference model on a task, in the order of their runs."""
        labels = {self.names.optimizer(entry.label): entry.label for entry in self.study.methods}
        own = (PREFIX + task, labels.get(label, label))
        return [unit for unit in self.study.units() if (unit.problem, unit.label) == own]
