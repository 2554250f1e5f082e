"""Read studies from TOML: a file, a preset or a results folder, with current or first-edition keys."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from importlib.resources import files
from itertools import chain, groupby
from pathlib import Path
from typing import TYPE_CHECKING

from nasbench.benchmarks.catalogue import expand_benchmarks
from nasbench.errors import unknown_name
from nasbench.files.documents import read_text
from nasbench.renamed import RenamedWarning, with_new_names
from nasbench.search.constraints import as_constraints
from nasbench.search.ledger import Budget
from nasbench.search.registry import renamed_settings
from nasbench.study.config import Study
from nasbench.study.live_config import LiveConfig, is_live, task_of
from nasbench.study.methods import MethodConfig
from nasbench.study.warm_start import as_warm_start

if TYPE_CHECKING:
    from nasbench.study.study_file import MethodTable, StudyFile

PRESETS = files("nasbench.study") / "presets"


def preset_names() -> tuple[str, ...]:
    """Return the names of the preset studies."""
    return tuple(sorted(p.name.removesuffix(".toml") for p in PRESETS.iterdir() if p.name.endswith(".toml")))


def preset_text(name: str) -> str:
    """Return the TOML of a preset, with its comments; raises NasbenchError if there is none of that name."""
    if name not in preset_names():
        raise unknown_name("preset", name, preset_names())
    return (PRESETS / f"{name}.toml").read_text(encoding="utf-8")


def load_study(name_or_path: str) -> Study:
    """Read a preset by name, or a TOML file.

    Raises:
        NasbenchError: if there is neither, or the file is not a valid study.
    """
    path = Path(name_or_path)
    if name_or_path in preset_names() or (path.suffix != ".toml" and not path.exists()):
        return parse_study(preset_text(name_or_path), name_or_path)
    return parse_study(read_text(path, f"study {name_or_path}"), name_or_path)


def parse_study(text: str, where: str) -> Study:
    """Read a study from TOML; `where` names the source in errors."""
    from nasbench.files.schema import read_model  # only here: to search needs no pydantic
    from nasbench.study.study_file import StudyFile

    file = read_model(StudyFile, text, f"study {where}")
    given = {name: getattr(file, name) for name in file.model_fields_set - {"schema_"}}
    study = Study(
        **{
            **given,
            "problems": _expanded(file.problems),
            "budget": Budget(file.budget),
            "methods": [_method(method) for method in file.methods],
            "live": _live(file, where),
            "warm_start": as_warm_start(
                file.warm_start,
                file.objectives or ("error",),
                Path(where).parent,
                as_constraints(file.constraints),
            ),
        }
    )
    study.check_names()
    return study


def parse_stored_study(text: str, where: str) -> Study:
    """Read the study of a results folder like `parse_study`, but without warnings about renamed keys, which cannot be
    changed there.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RenamedWarning)
        return parse_study(text, where)


def _expanded(problems: Sequence[str]) -> tuple[str, ...]:
    """Return the problems with patterns of tables expanded; names of live tasks are kept unchanged."""
    runs = [(live, list(names)) for live, names in groupby(problems, key=is_live)]
    return tuple(chain.from_iterable(names if live else expand_benchmarks(names) for live, names in runs))


def _method(table: MethodTable) -> MethodConfig:
    settings = with_new_names(table.settings, renamed_settings(table.name), f"setting of {table.name}")
    return MethodConfig(
        name=table.name, label=table.label, settings=settings, sha256=table.sha256, no_repeats=table.no_repeats
    )


def _live(file: StudyFile, where: str) -> LiveConfig:
    tasks = [task_of(problem) for problem in file.problems]
    for task in file.live.task:
        if task not in tasks:
            raise unknown_name(f"task of the study {where}, live", task, tasks)
    given = {name: getattr(file.live, name) for name in file.live.model_fields_set}
    return LiveConfig(**{**given, "task": {task: own.differences() for task, own in file.live.task.items()}})
