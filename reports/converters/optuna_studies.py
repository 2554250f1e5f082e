"""Studies of Optuna: SQLite storage, journal file, or `study.trials_dataframe()` saved as CSV or JSON.

Read by their schema (https://optuna.readthedocs.io, `optuna.storages`), so that Optuna need not be installed. A study is a run: its user
attributes `method`, `problem` and `run` say which, or its name does, such as `tpe-3`. Pickled studies are refused, since they run code.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nasbench.errors import NasbenchError
from nasbench.files.delimited import check_table
from nasbench.files.documents import read_json
from nasbench.reports.converters.converter import (
    MOST_BYTES,
    ConvertedRuns,
    Converter,
    as_text,
    head,
    json_lines,
    objective_number,
    split_run,
)

COMPLETE, PRUNED, FAILED = "COMPLETE", "PRUNED", "FAIL"
STATES = ("RUNNING", COMPLETE, PRUNED, FAILED, "WAITING")
"""In the order of their numbers in a journal."""
CREATE_STUDY, _, STUDY_ATTRIBUTE, _, CREATE_TRIAL, PARAMETER, STATE = range(7)
"""Operations of a journal."""
DIRECTIONS = {"minimize": "min", "maximize": "max", "not_set": "", "": ""}
COLUMNS = {"number", "value", "state"}
"""Columns of `trials_dataframe` that it is recognised by."""


@dataclass
class _Study:
    name: str
    directions: list[str]
    attributes: dict[str, Any] = field(default_factory=dict)
    trials: list[dict[str, Any]] = field(default_factory=list)


def recognises(path: Path) -> bool:
    """Return whether a file is a storage or a table of trials of Optuna."""
    if path.is_dir():
        tables = list(path.glob("*.csv"))
        return bool(tables) and all(_is_table(one) for one in tables)
    start = head(path)
    if start.startswith(b"SQLite format 3\0"):
        with closing(_opened(path)) as storage:
            return _has_tables(storage)
    return _is_table(path) or start.startswith(b'{"op_code"')


def read(path: Path, objective: str = "") -> ConvertedRuns:
    """Return the finished trials of all studies; `objective` is the number of one of several, from 0."""
    if path.is_dir():
        studies = [study for one in sorted(path.glob("*.csv")) for study in _from_table(one)]
    elif head(path).startswith(b"SQLite format 3\0"):
        studies = list(_from_storage(path))
    elif head(path).startswith(b'{"op_code"'):
        studies = _from_journal(path)
    else:
        studies = _from_table(path)
    several = next((study for study in studies if len(study.directions) > 1), None)
    if several is not None and not objective:
        raise NasbenchError(
            f"The study {several.name} of {path} has {len(several.directions)} objectives; say which with --objective 0 or 1."
        )
    number = max((objective_number(objective, len(study.directions), path) for study in studies), default=0)
    directions = {study.directions[number if len(study.directions) > 1 else 0].lower() for study in studies}
    if len(directions) > 1:
        raise NasbenchError(f"{path} has studies that minimise and studies that maximise; report them separately.")
    rows = [row for study in studies for row in _rows(study, path, number)]
    return ConvertedRuns(
        frame=pd.DataFrame(rows),
        direction=DIRECTIONS[next(iter(directions), "")],
        note="A pruned or failed trial counts as a query that gave no result. Seconds are those from the start to the end of a trial.",
    )


def _rows(study: _Study, path: Path, number: int) -> Iterator[dict[str, Any]]:
    method, run = split_run(study.name)
    named = study.attributes
    own = {
        "method": str(named.get("method", method)),
        "problem": str(named.get("problem", "objective")),
        "run": int(named.get("run", run)),
    }
    for trial in sorted(study.trials, key=lambda one: one["number"]):
        if trial["state"] in (COMPLETE, PRUNED, FAILED):
            values = trial["values"] if trial["state"] == COMPLETE else []
            yield own | {
                "value": values[number] if number < len(values) else np.nan,
                "architecture": as_text(trial["params"]),
                "charged_seconds": trial["seconds"],
            }


def _opened(path: Path) -> sqlite3.Connection:
    """Open a database that is neither written nor locked."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)


def _has_tables(storage: sqlite3.Connection) -> bool:
    try:
        names = {name for (name,) in storage.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error:
        return False
    return {"studies", "trials", "trial_values", "study_directions"} <= names


def _from_storage(path: Path) -> Iterator[_Study]:
    with closing(_opened(path)) as storage:
        _check(storage)
        studies = {key: _Study(name, []) for key, name in _select(storage, "SELECT study_id, study_name FROM studies")}
        for key, direction in _select(storage, "SELECT study_id, direction FROM study_directions ORDER BY objective"):
            studies[key].directions.append(direction)
        for key, name, text in _select(storage, "SELECT study_id, key, value_json FROM study_user_attributes"):
            studies[key].attributes[name] = json.loads(text)
        trials: dict[int, dict[str, Any]] = {}
        asked = "SELECT trial_id, study_id, number, state, datetime_start, datetime_complete FROM trials"
        for key, study, number, state, start, end in _select(storage, asked):
            if state not in STATES:
                raise ValueError(f"trial {number} has the state {state!r}")
            trials[key] = {
                "number": number,
                "state": state,
                "values": [],
                "params": {},
                "seconds": _seconds(start, end),
            }
            studies[study].trials.append(trials[key])
        for key, value in _select(storage, "SELECT trial_id, value FROM trial_values ORDER BY objective"):
            trials[key]["values"].append(_finite(value))
        for study in studies.values():
            lacking = next((t for t in study.trials if t["state"] == COMPLETE and not t["values"]), None)
            if lacking is not None or {t["number"] for t in study.trials} != set(range(len(study.trials))):
                raise ValueError(f"the study {study.name!r} lacks values or trials")
        for key, name, value in _select(storage, "SELECT trial_id, param_name, param_value FROM trial_params"):
            trials[key]["params"][name] = value
        yield from studies.values()


def _select(storage: sqlite3.Connection, asked: str) -> Iterator[tuple[Any, ...]]:
    """Return the rows that a query asks for; raise ValueError for a text with a null byte, which is damaged."""
    for row in storage.execute(asked):
        if any(isinstance(one, str) and "\0" in one for one in row):
            raise ValueError("a text has a null byte")
        yield row


def _check(storage: sqlite3.Connection) -> None:
    """Raise sqlite3.DatabaseError where pages, indices or references of a database do not fit together."""
    (told,) = storage.execute("PRAGMA integrity_check(1)").fetchone()
    broken = storage.execute("PRAGMA foreign_key_check").fetchone()
    if told != "ok" or broken is not None:
        raise sqlite3.DatabaseError("its pages do not fit together")


def _finite(value: Any) -> float:
    """Return a value of a trial; raise ValueError for what Optuna does not store as one."""
    if not isinstance(value, int | float):
        raise ValueError(f"a trial has the value {value!r}")
    return float(value)


def _from_journal(path: Path) -> list[_Study]:
    studies: list[_Study] = []
    trials: list[dict[str, Any]] = []
    for entry in json_lines(path):
        operation = entry["op_code"]
        if operation == CREATE_STUDY:
            kinds = list(DIRECTIONS)
            studies.append(_Study(str(entry["study_name"]), [kinds[kind - 1] for kind in entry["directions"]]))
        elif operation == STUDY_ATTRIBUTE:
            studies[entry["study_id"]].attributes |= entry["user_attr"]
        elif operation == CREATE_TRIAL:
            study = studies[entry["study_id"]]
            trials.append({"number": len(study.trials), "state": "RUNNING", "values": [], "params": {}, "seconds": 0.0,
                           "start": entry.get("datetime_start")})  # fmt: skip
            study.trials.append(trials[-1])
        elif operation == PARAMETER:
            trials[entry["trial_id"]]["params"][entry["param_name"]] = entry["param_value_internal"]
        elif operation == STATE:
            trial = trials[entry["trial_id"]]
            trial |= {"state": STATES[entry["state"]], "values": entry.get("values") or []}
            trial["seconds"] = _seconds(trial["start"], entry.get("datetime_complete"))
    return studies


def _from_table(path: Path) -> list[_Study]:
    if path.suffix != ".json":
        check_table(path)
    frame = (
        pd.DataFrame(read_json(path, str(path), MOST_BYTES))
        if path.suffix == ".json"
        else pd.read_csv(path, compression=None)
    )
    named = [name for name in frame.columns if str(name).startswith("params_")]
    study = _Study(path.stem, [""])  # the table does not say its direction
    for row in frame.to_dict("records"):
        if row["state"] not in STATES or (row["state"] == COMPLETE and pd.isna(row["value"])):
            raise ValueError(f"trial {row['number']} has the state {row['state']} and the value {row['value']}")
        study.trials.append({
            "number": int(row["number"]), "state": row["state"], "values": [float(row["value"])],
            "params": {name.removeprefix("params_"): row[name] for name in named},
            "seconds": _seconds(row.get("datetime_start"), row.get("datetime_complete")),
        })  # fmt: skip
    return [study]


def _is_table(path: Path) -> bool:
    """Return whether a file is a table of trials, by its first line or record."""
    start = head(path).decode("utf-8", errors="replace")
    if path.suffix == ".json":
        return start.startswith("[{") and all(f'"{name}"' in start for name in COLUMNS)
    return path.suffix == ".csv" and set(start.partition("\n")[0].strip().split(",")) >= COLUMNS


def _seconds(start: Any, end: Any) -> float:
    """Return the seconds between two times, 0 where one is not known."""
    known = [pd.to_datetime(one, unit="ms" if isinstance(one, int) else None, utc=True) for one in (start, end)]
    seconds = (known[1] - known[0]).total_seconds() if not any(pd.isna(one) for one in known) else 0.0
    return max(0.0, float(seconds))


CONVERTER = Converter(
    "Optuna: storage (SQLite or journal), or trials_dataframe() saved as CSV or JSON, a file a study", recognises, read
)
