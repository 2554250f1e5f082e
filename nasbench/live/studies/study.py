"""A live study: tasks x optimizers x seeds, written in TOML with every setting named. This module needs no torch.

A file is a live study if it has `tasks`; a study of tables has `benchmarks`. The tables `search` and `recipe` name every setting;
`search_recipe` (of trainings during the search) says where it differs from `recipe`, and `task.NAME` where a task differs from the
study.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from nasbench.errors import NasbenchError, unknown_name
from nasbench.files.documents import parse_toml, read_text
from nasbench.files.path_names import path_components
from nasbench.ranges import SEED
from nasbench.reader import Reader
from nasbench.study.plan import MAX_RUNS, Entry, parse_entries, preset_names

TABLES = ("examples", "search", "recipe", "search_recipe", "budget")
"""Tables of a study that a task may differ in; so may its list of references."""

SEEDED_REFERENCES = ("small_cnn",)
"""References with chance in them, which run once a seed; the others run once."""


@dataclass(frozen=True, kw_only=True)
class LiveUnit:
    """One search with its final training, or one reference model: the work that one file of results holds.

    Attributes:
        task: name of the task.
        label: of the optimizer, or the name of the reference.
        seed: of everything random.
        folder: `task/label` as `nasbench.files.path_names.path_components` writes them in this study.
        entry: the optimizer, or None for a reference.
    """

    task: str
    label: str
    seed: int
    folder: str
    entry: Entry | None = None

    @property
    def path(self) -> str:
        """Place below a folder of results, without ending: `task/label/seed`."""
        return f"{self.folder}/{self.seed:06d}"


@dataclass(frozen=True, kw_only=True)
class LiveStudy:
    """A plan of live searches; `load_live_study` reads one.

    Attributes:
        name, description: what it is called, and a sentence on what it is for.
        tasks: names.
        space: live space.
        seeds: of the runs; run i of every optimizer and of every trained reference has seed i of this list.
        stopping, selection: see `nasbench.live.experiment.config.ExperimentConfig`.
        references: models of the domain beside the searches, see `nasbench.live.experiment.reference_models`.
        examples: training and search examples to use, a number or "all".
        search: settings of the supernet.
        recipe: of the final training.
        search_recipe: differences from it of trainings during the search.
        budget: of optimizers that train alone.
        differences: by task, tables and references in place of the study's.
        optimizers: the entries.
    """

    name: str
    description: str
    tasks: tuple[str, ...]
    space: str
    seeds: tuple[int, ...]
    stopping: str
    selection: str
    references: tuple[str, ...]
    examples: Mapping[str, Any]
    search: Mapping[str, Any]
    recipe: Mapping[str, Any]
    search_recipe: Mapping[str, Any]
    budget: Mapping[str, Any]
    differences: Mapping[str, Mapping[str, Any]]
    optimizers: tuple[Entry, ...]

    def __post_init__(self) -> None:
        for what, names in (
            ("tasks", self.tasks),
            ("seeds", self.seeds),
            ("labels of optimizers", [entry.label for entry in self.optimizers]),
        ):
            if not names or len(set(names)) != len(names):
                raise NasbenchError(f"The {what} of {self.name} are {list(names)}; name at least one, each once.")
        for seed in self.seeds:
            if seed not in SEED:
                raise NasbenchError(f"A seed of {self.name} is {seed}; it should be {SEED.words}.")
        for entry in self.optimizers:
            if entry.label in self._all_references:
                raise NasbenchError(
                    f"The label {entry.label!r} of {self.name} is that of a reference too; call the optimizer otherwise."
                )

    @property
    def _all_references(self) -> tuple[str, ...]:
        """References of any task, each once."""
        return tuple(dict.fromkeys(name for task in self.tasks for name in self.of_task(task)["references"]))

    def of_task(self, task: str) -> dict[str, Any]:
        """Return the tables `TABLES` and the references as they are for a task."""
        own = self.differences.get(task, {})
        merged: dict[str, Any] = {name: {**getattr(self, name), **own.get(name, {})} for name in TABLES}
        # A training during the search is that of the task's own recipe, but for what is said of it.
        merged["search_recipe"] = {**merged["recipe"], **merged["search_recipe"]}
        if "budget" in own:
            merged["budget"] = dict(own["budget"])
        return {**merged, "references": tuple(own.get("references", self.references))}

    def units(self) -> list[LiveUnit]:
        """Return all work, in a fixed order: a task after another, a seed after another."""
        tasks = path_components(self.tasks)
        labels = path_components([*(entry.label for entry in self.optimizers), *self._all_references])
        units = []
        for task in self.tasks:
            for seed in self.seeds:
                names = self.of_task(task)["references"]
                who: list[tuple[str, Entry | None]] = [
                    (name, None) for name in names if name in SEEDED_REFERENCES or seed == self.seeds[0]
                ]
                who += [(entry.label, entry) for entry in self.optimizers]
                units += [
                    LiveUnit(task=task, label=label, seed=seed, folder=f"{tasks[task]}/{labels[label]}", entry=entry)
                    for label, entry in who
                ]
        return units

    def with_seed(self, first: int) -> LiveStudy:
        """Return the study with as many seeds, which are this one and the next whole numbers."""
        if first not in SEED:
            raise NasbenchError(f"The seed is {first}; it should be {SEED.words}.")
        return replace(self, seeds=tuple(range(first, first + len(self.seeds))))

    def with_seeds_of(self, other: LiveStudy) -> LiveStudy:
        """Return the study with the seeds of another."""
        return replace(self, seeds=other.seeds)

    def with_seeds(self, count: int) -> LiveStudy:
        """Return the study with another number of seeds: the first of its own, then the next whole numbers."""
        if not 1 <= count <= MAX_RUNS:
            raise NasbenchError(f"The number of seeds is {count}; it should be between 1 and {MAX_RUNS:,}.")
        more = range(max(self.seeds) + 1, max(self.seeds) + 1 + count)
        return replace(self, seeds=(*self.seeds, *more)[:count])

    def with_tasks(self, tasks: tuple[str, ...]) -> LiveStudy:
        """Return the study on some of its tasks; raises NasbenchError for a task that it does not have."""
        for task in tasks:
            if task not in self.tasks:
                raise unknown_name(f"task of {self.name}", task, self.tasks)
        kept = {task: own for task, own in self.differences.items() if task in tasks}
        return replace(self, tasks=tuple(dict.fromkeys(tasks)), differences=kept)

    def to_mapping(self) -> dict[str, Any]:
        """Return the study as plain data, every key present."""
        return {
            "name": self.name,
            "description": self.description,
            "tasks": list(self.tasks),
            "space": self.space,
            "seeds": list(self.seeds),
            "stopping": self.stopping,
            "selection": self.selection,
            "references": list(self.references),
            **{name: dict(getattr(self, name)) for name in TABLES},
            "task": {name: dict(own) for name, own in self.differences.items()},
            "optimizers": [{"name": e.name, "label": e.label, "settings": dict(e.settings)} for e in self.optimizers],
        }

    def to_toml(self) -> str:
        """Return the study as TOML; `parse_live_study` reads it back to an equal one."""
        import tomli_w  # only here: to read studies and to search needs it not

        return tomli_w.dumps(self.to_mapping())


def live_preset_names() -> tuple[str, ...]:
    """Return the names of the live studies that come with the suite."""
    folder = files("nasbench.live.studies") / "presets"
    return tuple(sorted(p.name.removesuffix(".toml") for p in folder.iterdir() if p.name.endswith(".toml")))


def find_live_study(name_or_path: str) -> LiveStudy | None:
    """Return the live preset of that name, or the live study in a TOML file; None where it is no live study.

    Raises:
        NasbenchError: if it is a live study and something in it is wrong, or it is neither a preset nor a file.
    """
    if name_or_path in live_preset_names():
        return load_live_study(name_or_path)
    if not name_or_path.endswith(".toml") and not Path(name_or_path).exists():
        if name_or_path not in preset_names():
            raise unknown_name("preset", name_or_path, (*preset_names(), *live_preset_names()))
        return None
    try:
        text = read_text(Path(name_or_path), "study")
        raw = parse_toml(text, "study")
    except NasbenchError:
        return None  # whoever reads studies of tables says what is wrong with it
    return parse_live_study(text, name_or_path) if is_live(raw) else None


def is_live(raw: Mapping[str, Any]) -> bool:
    """Return whether a study as plain data is a live one."""
    return "tasks" in raw and "benchmarks" not in raw


def load_live_study(preset: str) -> LiveStudy:
    """Return a live preset; raises NasbenchError for an unknown one."""
    if preset not in live_preset_names():
        raise unknown_name("live preset", preset, live_preset_names())
    return parse_live_study(
        (files("nasbench.live.studies") / "presets" / f"{preset}.toml").read_text(encoding="utf-8"), preset
    )


def parse_live_study(text: str, where: str) -> LiveStudy:
    """Read a live study from TOML; `where` names the source in errors."""
    raw = Reader(parse_toml(text, f"study {where}"), f"study {where}")
    study = LiveStudy(
        name=raw.take("name", str, "a text"),
        description=raw.take("description", str, "a text", ""),
        tasks=tuple(raw.texts("tasks")),
        space=raw.take("space", str, "the name of a space"),
        seeds=tuple(raw.numbers("seeds", raw.take("seeds", list, "a list of whole numbers"))),
        stopping=raw.take("stopping", str, "the name of a rule"),
        selection=raw.take("selection", str, "the name of a selection"),
        references=tuple(raw.texts("references")),
        **{name: raw.take(name, dict, f"a [{name}] table") for name in TABLES},
        differences=_differences(raw),
        optimizers=parse_entries(raw),
    )
    raw.finish()
    return study


def _differences(raw: Reader) -> dict[str, dict[str, Any]]:
    tasks = raw.take("task", dict, "a table for each task that differs", {})
    for task, own in tasks.items():
        if task not in raw.raw["tasks"]:
            raise unknown_name(f"task of the {raw.where}", task, raw.raw["tasks"])
        reader = Reader(own if isinstance(own, dict) else {}, f"{raw.where}, task {task}")
        for name in TABLES:
            reader.take(name, dict, f"a [task.{task}.{name}] table", {})
        if "references" in reader.raw:
            reader.texts("references")
        reader.taken.append("references")
        reader.finish()
    return dict(tasks)
