"""Logs of CARP-S: folders with trial_logs.jsonl and .hydra/config.yaml, or logs gathered in logs.parquet.

Source: Benjamins et al., "carps: A framework for comparing N hyperparameter optimizers on M benchmarks", 2025, and the file
logger of https://github.com/automl/CARP-S. Costs are minimised. Of a config, the lines `optimizer_id`, `task_id` and `seed` are read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from nasbench.errors import NasbenchError
from nasbench.files.documents import read_text
from nasbench.reports.converters.converter import (
    ConvertedRuns,
    Converter,
    as_text,
    files_named,
    head,
    is_any,
    json_lines,
    objective_number,
)

TRIALS, CONFIG, GATHERED = "trial_logs.jsonl", Path(".hydra", "config.yaml"), "*.parquet"
COST, TIME = "trial_value__cost", "trial_value__time"
NAMES = {"method": "optimizer_id", "problem": "task_id", "run": "seed"}
LINE = re.compile(r"^(optimizer_id|task_id|seed):\s*(.+?)\s*$")
FAILED = (2, 3, 4)
"""Numbers of the states of trials that crashed, or ran out of time or memory."""


def recognises(path: Path) -> bool:
    """Return whether there is a log of CARP-S."""
    if path.is_file():
        return path.name == TRIALS or (path.suffix == ".parquet" and _is_gathered(path))
    return is_any(path, TRIALS) or any(_is_gathered(file) for file in path.glob(GATHERED))


def read(path: Path, objective: str = "") -> ConvertedRuns:
    """Return the trials of all runs; `objective` is the number of a cost, from 0, where there are several."""
    gathered = [file for file in ([path] if path.is_file() else sorted(path.glob(GATHERED))) if file.suffix == ".parquet" and _is_gathered(file)]  # fmt: skip
    if gathered:
        frame = pd.concat([_gathered(file, objective) for file in gathered], ignore_index=True)
    else:
        frame = pd.DataFrame([row for file in files_named(path, TRIALS) for row in _logged(file, objective)])
    return ConvertedRuns(
        frame=frame,
        direction="min",
        note="Values are costs. A trial that crashed or ran out of time or memory counts as a query that gave no result.",
    )


def _logged(file: Path, objective: str) -> Iterator[dict[str, Any]]:
    names = _names(file)
    for entry in json_lines(file):
        info, value = entry["trial_info"], entry["trial_value"]
        cost = _cost(value["cost"], objective, file)
        yield names | {
            "value": np.nan if value.get("status") in FAILED else cost,
            "architecture": as_text(info["config"]),
            "charged_seconds": float(value.get("time") or 0.0),
        }


def _names(file: Path) -> dict[str, Any]:
    """Return method, problem and run from the config beside a log; of a log without one, from OPTIMIZER/.../TASK/SEED/trial_logs.jsonl."""
    config = file.parent / CONFIG
    lines = read_text(config, str(config)).splitlines() if config.is_file() else []
    found = {match[1]: match[2].strip("'\"") for line in lines if (match := LINE.match(line))}
    folders = file.absolute().parts
    default = {"optimizer_id": folders[-5 if len(folders) > 5 else 0], "task_id": folders[-3], "seed": folders[-2]}
    named = {meaning: found.get(name, default[name]) for meaning, name in NAMES.items()}
    return named | {"run": int(named["run"])}


def _is_gathered(file: Path) -> bool:
    if head(file, 4) != b"PAR1":
        return False
    try:
        return {COST, *NAMES.values()} <= set(pq.read_schema(file).names)
    except Exception:  # a damaged file, which another reader tells of
        return False


def _gathered(file: Path, objective: str) -> pd.DataFrame:
    columns = [
        *NAMES.values(),
        "n_trials",
        COST,
        "trial_value__cost_raw",
        TIME,
        "trial_value__status",
        "trial_info__config",
    ]
    there = [name for name in columns if name in pq.read_schema(file).names]
    frame = pq.read_table(file, columns=there).to_pandas()
    frame = frame.sort_values([*NAMES.values(), "n_trials"], kind="stable") if "n_trials" in frame else frame
    values = np.array([_cost(cost, objective, file) for cost in frame[COST]])
    if "trial_value__status" in frame:
        values = np.where(frame["trial_value__status"].isin(FAILED), np.nan, values)
    found = pd.DataFrame({meaning: frame[name].to_numpy() for meaning, name in NAMES.items()} | {"value": values})
    if "trial_info__config" in frame:
        found["architecture"] = [
            as_text(one if isinstance(one, str) else list(one)) for one in frame["trial_info__config"]
        ]
    found["charged_seconds"] = frame[TIME].to_numpy(dtype=float) if TIME in frame else 0.0
    return found


def _cost(cost: Any, objective: str, file: Path) -> float:
    """Return a cost, or one of several, which may be in a text."""
    cost = json.loads(cost) if isinstance(cost, str) else cost
    if not isinstance(cost, list | tuple | np.ndarray):
        cost = [cost]
    if len(cost) > 1 and not objective:
        raise NasbenchError(f"The trials of {file} have {len(cost)} costs; say which with --objective 0 or 1.")
    return float(cost[objective_number(objective, len(cost), file)])


CONVERTER = Converter("CARP-S: folders with trial_logs.jsonl, or a gathered logs.parquet", recognises, read)
