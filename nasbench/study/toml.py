"""Studies as TOML: read from a file, a preset or a results folder, in the words of today or of the first edition."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

from nasbench.benchmarks.catalogue import expand_benchmarks
from nasbench.errors import NasbenchError, unknown_name
from nasbench.files.documents import parse_toml, read_text
from nasbench.reader import Reader
from nasbench.renamed import ACCOUNTS, RECIPE, STUDY, RenamedWarning, with_new_names
from nasbench.search.ledger import Budget
from nasbench.search.registry import renamed_settings
from nasbench.study.config import LONGEST, SCHEMA, Study
from nasbench.study.live_config import PREFIX, TABLES, LiveConfig
from nasbench.study.methods import MethodConfig

PRESETS = files("nasbench.study") / "presets"


def preset_names() -> tuple[str, ...]:
    """Return the names of the studies that come with the suite."""
    return tuple(sorted(p.name.removesuffix(".toml") for p in PRESETS.iterdir() if p.name.endswith(".toml")))


def preset_text(name: str) -> str:
    """Return the TOML of a preset, with its comments; raises NasbenchError if there is none of that name."""
    if name not in preset_names():
        raise unknown_name("preset", name, preset_names())
    return (PRESETS / f"{name}.toml").read_text(encoding="utf-8")


def load_study(name_or_path: str) -> Study:
    """Read a preset by name, or a TOML file.

    Raises:
        NasbenchError: if there is neither, or the file is not a study, saying where and what would be right.
    """
    path = Path(name_or_path)
    if name_or_path in preset_names() or (path.suffix != ".toml" and not path.exists()):
        return parse_study(preset_text(name_or_path), name_or_path)
    return parse_study(read_text(path, f"study {name_or_path}"), name_or_path)


def parse_study(text: str, where: str) -> Study:
    """Read a study from TOML; `where` names the source in errors."""
    raw = Reader(_in_new_words(parse_toml(text, f"study {where}"), f"study {where}"), f"study {where}")
    schema = raw.take("schema", int, "a whole number", SCHEMA)
    if schema > SCHEMA:
        raise NasbenchError(f"The {raw.where} has schema {schema} and this version reads {SCHEMA}; update the suite.")
    epochs = raw.take("epochs", (list, str), f"a list of numbers or {LONGEST!r}", LONGEST)
    if isinstance(epochs, str) and epochs != LONGEST:
        raise NasbenchError(f"The {raw.where}: epochs is {epochs!r}; it should be a list of numbers or {LONGEST!r}.")
    study = Study(
        name=raw.take("name", str, "a text"),
        description=raw.take("description", str, "a text", ""),
        seed=raw.take("seed", int, "a whole number"),
        runs=raw.take("runs", int, "a whole number"),
        runs_per_file=raw.take("runs_per_file", int, "a whole number", 100),
        problems=_expanded(raw.texts("problems")),
        objectives=raw.texts("objectives") if "objectives" in raw.raw else ("error",),
        split=raw.take("split", str, "a text", "validation"),
        epochs=epochs if isinstance(epochs, str) else raw.numbers("epochs", epochs),
        training_seed=raw.take("training_seed", (str, int), "'random', 'mean' or a seed", "random"),
        repeat_policy=raw.take("repeat_policy", str, "a text", "cache"),
        budget=Budget(raw.take("budget", dict, "a [budget] table")),
        methods=_methods(raw),
        added_at=raw.numbers("added_at", raw.take("added_at", list, "a list of numbers of runs", [])),
        live=_live(raw),
    )
    raw.taken += ["objectives"]
    raw.finish()
    return study


def parse_stored_study(text: str, where: str) -> Study:
    """Read the study of a results folder: as `parse_study`, without a warning of old words, which nobody can change there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RenamedWarning)
        return parse_study(text, where)


def _expanded(problems: list[str]) -> tuple[str, ...]:
    """Return the problems with patterns of tables replaced; the names of live tasks are taken as they are."""
    expanded: list[str] = []
    for live, group in _runs_of([(name.startswith(PREFIX), name) for name in problems]):
        expanded += group if live else expand_benchmarks(group)
    return tuple(expanded)


def _runs_of(marked: list[tuple[bool, str]]) -> list[tuple[bool, list[str]]]:
    """Return neighbours of equal mark together."""
    edges = [0, *(i for i in range(1, len(marked)) if marked[i][0] != marked[i - 1][0]), len(marked)]
    return [(marked[a][0], [name for _, name in marked[a:b]]) for a, b in pairwise(edges) if a < b]


def _methods(raw: Reader) -> list[MethodConfig]:
    methods = []
    for table in raw.take("methods", list, "a list of [[methods]] tables"):
        if not isinstance(table, dict):
            raise NasbenchError(f"The {raw.where}: each method should be a [[methods]] table with a name.")
        entry = Reader(table, f"{raw.where}, methods")
        name = entry.take("name", str, "the name of a method")
        methods.append(
            MethodConfig(
                name=name,
                label=entry.take("label", str, "a text", name),
                settings=with_new_names(
                    entry.take("settings", dict, "a table", {}), renamed_settings(name), f"setting of {name}"
                ),
                sha256=entry.take("sha256", str, "a hash", ""),
            )
        )
        entry.finish()
    return methods


def _live(raw: Reader) -> LiveConfig:
    if not any(problem.startswith(PREFIX) for problem in raw.raw["problems"]):
        return LiveConfig()
    section = Reader(raw.take("live", dict, "a [live] table", {}), f"{raw.where}, live")
    defaults = LiveConfig()
    live = LiveConfig(
        space=section.take("space", str, "the name of a space", defaults.space),
        early_stopping=section.take("early_stopping", str, "the name of a rule", defaults.early_stopping),
        architecture_selection=section.take(
            "architecture_selection", str, "the name of a selection", defaults.architecture_selection
        ),
        references=tuple(section.texts("references")) if "references" in section.raw else (),
        seeds=tuple(section.numbers("seeds", section.take("seeds", list, "a list of whole numbers", []))),
        **{name: section.take(name, dict, f"a [live.{name}] table", getattr(defaults, name)) for name in TABLES},
        task=_differences(section, [problem.removeprefix(PREFIX) for problem in raw.raw["problems"]]),
    )
    section.taken += ["references"]
    section.finish()
    return live


def _differences(section: Reader, problems: list[str]) -> dict[str, dict[str, Any]]:
    tasks = section.take("task", dict, "a table for each task that differs", {})
    for task, own in tasks.items():
        if task not in problems:
            raise unknown_name(f"task of the {section.where}", task, problems)
        reader = Reader(own if isinstance(own, dict) else {}, f"{section.where}, task {task}")
        for name in (*TABLES, "budget"):
            reader.take(name, dict, f"a [live.task.{task}.{name}] table", {})
        if "references" in reader.raw:
            reader.texts("references")
        reader.taken.append("references")
        reader.finish()
    return dict(tasks)


def _in_new_words(raw: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return a study as plain data in the words of today."""
    if "tasks" in raw and "benchmarks" not in raw and "problems" not in raw:
        raw = _first_edition_live(raw, where)
    named = with_new_names(raw, STUDY, f"key of the {where}")
    if isinstance(named.get("budget"), dict):
        named["budget"] = with_new_names(named["budget"], ACCOUNTS, f"account of the {where}")
    if isinstance(named.get("live"), dict):
        named["live"] = _live_in_new_words(named["live"], f"key of the {where}, live")
    return named


def _live_in_new_words(section: Mapping[str, Any], where: str) -> dict[str, Any]:
    named = with_new_names(section, STUDY, where)
    for table in ("supernet", "recipe", "search_recipe"):
        if isinstance(named.get(table), dict):
            named[table] = with_new_names(named[table], RECIPE, where)
    if isinstance(named.get("task"), dict):
        named["task"] = {
            task: _live_in_new_words(own, where) if isinstance(own, dict) else own
            for task, own in named["task"].items()
        }
    return named


def _first_edition_live(raw: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return a live study of the first edition, which had `tasks` and `seeds`, as one of today."""
    warnings.warn(
        f"the {where} has tasks, which are problems live/TASK now, and its keys of training are in a section live; "
        "`nasbench show` prints one; the old form is read until version 0.3.",
        RenamedWarning,
        stacklevel=2,
    )
    tasks, seeds = Reader(raw, where).texts("tasks"), raw.get("seeds")
    if not isinstance(seeds, list) or not seeds:
        raise NasbenchError(f"The {where} lacks 'seeds'; it should be a list of whole numbers.")
    seeds = Reader(raw, where).numbers("seeds", seeds)
    inside = {"search": "supernet"}
    own = ("space", "stopping", "selection", "references", "examples", "search", "recipe", "search_recipe", "task")
    section = {inside.get(key, key): raw[key] for key in own if key in raw}
    if isinstance(section.get("task"), dict):
        section["task"] = {
            task: {inside.get(key, key): value for key, value in table.items()} if isinstance(table, dict) else table
            for task, table in section["task"].items()
        }
    consecutive = seeds == list(range(seeds[0], seeds[0] + len(seeds)))
    return {
        **{key: value for key, value in raw.items() if key not in (*own, "tasks", "seeds")},
        "problems": [PREFIX + task for task in tasks],
        "seed": seeds[0],
        "runs": len(seeds),
        "live": section if consecutive else {**section, "seeds": seeds},
    }
