"""What a study file says: its tables as models, in the current words or those of the first edition; see `nasbench.study.toml`."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from nasbench.files.schema import NO_KEYS, FileModel, Table
from nasbench.renamed import ACCOUNTS, RECIPE, STUDY, WITHOUT, New, RenamedWarning, with_new_names
from nasbench.study.config import SCHEMA
from nasbench.study.live_config import PREFIX


def _renamed(names: Mapping[str, New], where: str) -> AfterValidator:
    return AfterValidator(lambda table: with_new_names(table, names, where))


Training = Annotated[Table, _renamed(RECIPE, "key")]
BudgetTable = Annotated[Table, _renamed(ACCOUNTS, "account"), Field(description="a [budget] table")]


class MethodTable(FileModel):
    """A method."""

    name: Annotated[str, Field(description="the name of a method")]
    label: str = ""
    settings: Table = NO_KEYS
    no_repeats: bool = False
    sha256: str = ""


class TrainingTables(FileModel):
    """Settings of the section `live` that a task may override."""

    RENAMED: ClassVar[Mapping[str, New]] = STUDY

    references: tuple[str, ...] = ()
    subset_size: Table = NO_KEYS
    supernet: Training = NO_KEYS
    recipe: Training = NO_KEYS
    search_recipe: Training = NO_KEYS


class TaskTable(TrainingTables):
    """What differs on one task."""

    budget: BudgetTable = NO_KEYS

    def differences(self) -> dict[str, Any]:
        """Return what was given, as TOML has it."""
        given = self.model_dump(include=self.model_fields_set)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}


class LiveTable(TrainingTables):
    """The section `live`."""

    space: str = ""
    early_stopping: str = ""
    architecture_selection: str = ""
    seeds: tuple[int, ...] = ()
    task: Mapping[str, TaskTable] = {}


class StudyFile(FileModel):
    """A study; what it leaves out is as `nasbench.study.config.Study` has it."""

    RENAMED: ClassVar[Mapping[str, New]] = STUDY

    schema_: Annotated[int, Field(alias="schema")] = SCHEMA
    name: Annotated[str, Field(description="a text")]
    description: str = ""
    seed: Annotated[int, Field(description="a whole number")]
    runs: Annotated[int, Field(description="a whole number")]
    runs_per_file: int = 100
    problems: Annotated[tuple[str, ...], Field(description="a list of names")]
    objectives: tuple[str, ...] = ()
    split: str = ""
    epochs: tuple[int, ...] | Literal["longest"] = "longest"
    training_seed: str | int = "random"
    repeat_policy: str = ""
    workers: int = 1
    batch_size: int | None = None
    lie: str = ""
    constraints: tuple[str, ...] = ()
    warm_start: str | Table = ""
    budget: BudgetTable
    methods: Annotated[tuple[MethodTable, ...], Field(description="a list of [[methods]] tables")]
    added_at: tuple[int, ...] = ()
    live: LiveTable = LiveTable()
    names: Mapping[str, str] = {}

    @model_validator(mode="before")
    @classmethod
    def _of_this_version(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        schema = given.get("schema", SCHEMA)
        if isinstance(schema, int) and schema > SCHEMA:
            raise ValueError(f"it has schema {schema} and this version reads {SCHEMA}; update the suite.")
        if "tasks" in given and "benchmarks" not in given and "problems" not in given:
            return _of_the_first_edition(given)
        return given

    @model_validator(mode="after")
    def _live_tasks(self) -> StudyFile:
        if "live" in self.model_fields_set and not any(problem.startswith(PREFIX) for problem in self.problems):
            raise ValueError(f"it has a section live and no problem that is a live task, such as {PREFIX}digits.")
        return self


def _of_the_first_edition(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a live study of the first edition, which had `tasks` and `seeds`, as a study of the current form."""
    warnings.warn(
        "the study has tasks, which are problems live/TASK now, and its keys of training are in a section live; "
        f"`nasbench show` prints one; version {WITHOUT} will not read the old form.",
        RenamedWarning,
        stacklevel=2,
    )
    tasks, seeds = given["tasks"], given.get("seeds")
    if not isinstance(tasks, tuple) or not all(isinstance(task, str) for task in tasks):
        raise ValueError("tasks should be a list of names.")
    if not isinstance(seeds, tuple) or not seeds or not all(type(seed) is int for seed in seeds):
        raise ValueError("it lacks 'seeds', or they are no numbers; it should be a list of whole numbers.")
    inside = {"search": "supernet"}
    own = ("space", "stopping", "selection", "references", "examples", "search", "recipe", "search_recipe", "task")
    section = {inside.get(key, key): given[key] for key in own if key in given}
    if isinstance(section.get("task"), Mapping):
        section["task"] = {
            task: {inside.get(key, key): value for key, value in table.items()} if isinstance(table, Mapping) else table
            for task, table in section["task"].items()
        }
    consecutive = seeds == tuple(range(seeds[0], seeds[0] + len(seeds)))
    return {
        **{key: value for key, value in given.items() if key not in (*own, "tasks", "seeds")},
        "problems": tuple(PREFIX + task for task in tasks),
        "seed": seeds[0],
        "runs": len(seeds),
        "live": section if consecutive else {**section, "seeds": seeds},
    }
