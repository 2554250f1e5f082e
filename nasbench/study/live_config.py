"""What live tasks of a study have beside problems, methods, runs and budget. This module needs no torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nasbench.errors import NasbenchError

PREFIX = "live/"
"""What the name of a problem begins with that is a live task."""
TABLES = ("subset_size", "supernet", "recipe", "search_recipe")
"""Tables of the section `live` that a task may differ in; so may its budget and its list of references."""
SEEDED_REFERENCES = ("small_cnn",)
"""References with chance in them, which run once a seed; the others run once."""


def is_live(problem: str) -> bool:
    """Return whether a problem is a live task."""
    return problem.startswith(PREFIX)


def task_of(problem: str) -> str:
    """Return the name of a live task without what marks it as live; that of another problem as it is."""
    return problem.removeprefix(PREFIX)


@dataclass(frozen=True, kw_only=True)
class LiveConfig:
    """The section `live` of a study.

    Attributes:
        space: the search space.
        early_stopping: rule that ends a search on shared weights, see `nasbench.live.searchers.stopping`.
        architecture_selection: how such a search ends in an architecture: "argmax" or "perturbation".
        references: models of the domain beside the methods, see `nasbench.live.experiment.reference_models`.
        subset_size: training and search examples to use, each a number or "all".
        supernet: settings of the supernet of weight-sharing searchers; empty for the defaults.
        recipe: of the final training, and of references; empty for the defaults.
        search_recipe: differences from it of trainings during the search.
        task: by task, tables, budget and references in place of the study's.
        seeds: of the runs, where they are not `seed`, `seed + 1`, ...
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

    def check(self, study: str, problems: Sequence[str], labels: Iterable[str]) -> None:
        """Raise NasbenchError for seeds that repeat, or a label of a method that is a reference's."""
        if len(set(self.seeds)) != len(self.seeds):
            raise NasbenchError(f"The seeds of {study} are {list(self.seeds)}; name at least one, each once.")
        for label in labels:
            if label in self.all_references(problems):
                raise NasbenchError(
                    f"The label {label!r} of {study} is that of a reference too; call the method otherwise."
                )

    def of_problem(self, problem: str, budget: Mapping[str, Any]) -> dict[str, Any]:
        """Return the tables `TABLES`, budget and references as they are for a problem, whose study has that budget."""
        own = self.task.get(task_of(problem), {})
        merged: dict[str, Any] = {name: {**getattr(self, name), **own.get(name, {})} for name in TABLES}
        # A training during the search is that of the task's own recipe, but for what is said of it.
        merged["search_recipe"] = {**merged["recipe"], **merged["search_recipe"]}
        merged["budget"] = dict(own.get("budget", budget))
        return {**merged, "references": tuple(own.get("references", self.references))}

    def references_of(self, problem: str) -> tuple[str, ...]:
        """Return the reference models of a problem."""
        return tuple(self.task.get(task_of(problem), {}).get("references", self.references))

    def references_of_run(self, problem: str, run: int) -> list[str]:
        """Return the reference models that run beside the methods in that run."""
        return [name for name in self.references_of(problem) if name in SEEDED_REFERENCES or run == 0]

    def all_references(self, problems: Iterable[str]) -> tuple[str, ...]:
        """Return the reference models of any of these problems, each once."""
        return tuple(dict.fromkeys(name for problem in problems for name in self.references_of(problem)))

    def with_runs(self, runs: int) -> LiveConfig:
        """Return the section for another number of runs: seeds that were listed are continued by whole numbers."""
        if not self.seeds:
            return self
        more = range(max(self.seeds) + 1, max(self.seeds) + 1 + runs)
        return replace(self, seeds=(*self.seeds, *more)[:runs])

    def on(self, problems: Iterable[str]) -> LiveConfig:
        """Return the section for some problems."""
        tasks = {task_of(problem) for problem in problems}
        return replace(self, task={task: own for task, own in self.task.items() if task in tasks})

    def to_mapping(self) -> dict[str, Any]:
        """Return the section as plain data, every key present but `seeds` where they count on from the study's."""
        return {
            "space": self.space,
            "early_stopping": self.early_stopping,
            "architecture_selection": self.architecture_selection,
            "references": list(self.references),
            **({"seeds": list(self.seeds)} if self.seeds else {}),
            **{name: dict(getattr(self, name)) for name in TABLES},
            "task": {name: dict(own) for name, own in self.task.items()},
        }
