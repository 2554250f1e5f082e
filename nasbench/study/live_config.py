"""Settings of the live tasks of a study; this module does not need torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nasbench.errors import NasbenchError
from nasbench.ranges import as_names, as_plain

PREFIX = "live/"
"""Prefix of the names of live tasks."""
TABLES = ("subset_size", "supernet", "recipe", "search_recipe")
"""Tables of the section `live` that a task may override, like its budget and its list of references."""
SEEDED_REFERENCES = ("small_cnn", "fixed_cell", "resnet18", "text_cnn", "largest", "random_large")
"""Stochastic reference models, which run once per seed; the others run once."""


def is_live(problem: str) -> bool:
    """Return whether a problem is a live task."""
    return problem.startswith(PREFIX)


def task_of(problem: str) -> str:
    """Return the name of a live task without its prefix; other names are returned unchanged."""
    return problem.removeprefix(PREFIX)


@dataclass(frozen=True, kw_only=True)
class LiveConfig:
    """The section `live` of a study.

    Attributes:
        space: the search space.
        early_stopping: early-stopping rule of weight-sharing searches, see `nasbench.live.searchers.stopping`.
        architecture_selection: how such a search selects its final architecture: "argmax" or "perturbation".
        references: domain reference models run in addition to the methods, see
            `nasbench.live.experiment.reference_models`.
        subset_size: number of training and of search examples to use, or "all".
        supernet: settings of the supernet of weight-sharing searchers; empty for the defaults.
        recipe: recipe of the final training and of references; empty for the defaults.
        search_recipe: values of the recipe that differ in trainings during the search.
        task: overrides of tables, budget and references by task.
        seeds: seeds of the runs, if not `seed`, `seed + 1`, ...
    """

    space: str = "nas-bench-201"
    early_stopping: str = "none"
    architecture_selection: str = "argmax"
    references: tuple[str, ...] = ()
    subset_size: Mapping[str, Any] = field(default_factory=lambda: {"train": "all", "search": "all"})
    supernet: Mapping[str, Any] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    search_recipe: Mapping[str, Any] = field(default_factory=dict)
    task: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    seeds: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "references", as_names("references", self.references))
        for name in (*TABLES, "task", "seeds"):
            object.__setattr__(self, name, as_plain(getattr(self, name)))

    def check(self, study: str, problems: Sequence[str], labels: Iterable[str]) -> None:
        """Raise NasbenchError for duplicate seeds, or a method label that is the name of a reference."""
        if len(set(self.seeds)) != len(self.seeds):
            raise NasbenchError(f"The seeds of {study} are {list(self.seeds)}; name at least one, each once.")
        for label in labels:
            if label in self.all_references(problems):
                raise NasbenchError(
                    f"The label {label!r} of {study} is that of a reference too; call the method otherwise."
                )

    def of_problem(self, problem: str, budget: Mapping[str, Any]) -> dict[str, Any]:
        """Return the tables `TABLES`, the budget and the references that apply to a problem of a study with that
        budget.
        """
        own = self.task.get(task_of(problem), {})
        merged: dict[str, Any] = {name: {**getattr(self, name), **own.get(name, {})} for name in TABLES}
        # A training during the search follows the task's own recipe except for the values in search_recipe.
        merged["search_recipe"] = {**merged["recipe"], **merged["search_recipe"]}
        merged["budget"] = dict(own.get("budget", budget))
        return {**merged, "references": self.references_of(problem)}

    def references_of(self, problem: str) -> tuple[str, ...]:
        """Return the reference models of a problem."""
        return as_names("references", self.task.get(task_of(problem), {}).get("references", self.references))

    def references_of_run(self, problem: str, run: int) -> list[str]:
        """Return the reference models to be run in that run."""
        return [name for name in self.references_of(problem) if name in SEEDED_REFERENCES or run == 0]

    def all_references(self, problems: Iterable[str]) -> tuple[str, ...]:
        """Return the reference models of any of these problems, each once."""
        return tuple(dict.fromkeys(name for problem in problems for name in self.references_of(problem)))

    def with_runs(self, runs: int) -> LiveConfig:
        """Return the section for another number of runs; explicitly listed seeds are continued by consecutive integers."""
        if not self.seeds:
            return self
        more = range(max(self.seeds) + 1, max(self.seeds) + 1 + runs)
        return replace(self, seeds=(*self.seeds, *more)[:runs])

    def on(self, problems: Iterable[str]) -> LiveConfig:
        """Return the section restricted to some problems."""
        tasks = {task_of(problem) for problem in problems}
        return replace(self, task={task: own for task, own in self.task.items() if task in tasks})

    def to_mapping(self) -> dict[str, Any]:
        """Return the section as plain data with all keys, except `seeds` if they follow from the study's seed."""
        return {
            "space": self.space,
            "early_stopping": self.early_stopping,
            "architecture_selection": self.architecture_selection,
            "references": list(self.references),
            **({"seeds": list(self.seeds)} if self.seeds else {}),
            **{name: dict(getattr(self, name)) for name in TABLES},
            "task": {name: dict(own) for name, own in self.task.items()},
        }
