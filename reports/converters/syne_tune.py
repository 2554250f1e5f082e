"""Experiments of Syne Tune: folders with metadata.json and results.csv.zip (or results.csv).

Source: https://syne-tune.readthedocs.io, "Experimentation: analysis of experiments". A trial is a query, with the metric of its last
report; the clock is `st_tuner_time`, and a trial is charged its `st_worker_time`. Of the metadata, `algorithm` or `scheduler_name` is the
method, `benchmark` or `entrypoint` the problem, and `seed` or `random_seed` the run; where several experiments agree in all
three, they are runs in the order of their folders.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nasbench.errors import NasbenchError, unknown_name
from nasbench.files.delimited import check_rows
from nasbench.files.documents import read_json
from nasbench.reports.converters.converter import MOST_BYTES, ConvertedRuns, Converter, as_text, files_named

METADATA, RESULTS = "metadata.json", ("results.csv.zip", "results.csv")
SETTING = "config_"
NAMES = {
    "method": ("algorithm", "method", "scheduler_name"),
    "problem": ("benchmark", "benchmark_name", "entrypoint"),
    "run": ("seed", "random_seed"),
}
"""Entries of the metadata that say what an experiment is of, the first that is there."""


def recognises(path: Path) -> bool:
    """Return whether there is an experiment of Syne Tune."""
    if path.is_file():
        return path.name in RESULTS and (path.parent / METADATA).is_file()
    return any(_results(found.parent) for found in path.rglob(METADATA))


def read(path: Path, objective: str = "") -> ConvertedRuns:
    """Return the trials of all experiments; `objective` is a metric."""
    folders = [path.parent] if path.is_file() else [one.parent for one in files_named(path, METADATA)]
    experiments = [(folder, results) for folder in folders if (results := _results(folder))]
    parts, metrics = [], set()
    for folder, results in experiments:
        about = read_json(folder / METADATA, str(folder / METADATA))
        metric, direction = _metric(about, objective, folder)
        metrics.add((metric, direction))
        content = _content(results)
        check_rows(io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline=""), str(results))
        parts.append(_trials(pd.read_csv(io.BytesIO(content)), metric).assign(**_named(about)))
    if len(metrics) > 1:
        texts = sorted(f"{metric} ({direction})" for metric, direction in metrics)
        raise NasbenchError(
            f"{path} has experiments with different metrics, {' and '.join(texts)}; report them separately."
        )
    metric, direction = metrics.pop()
    return ConvertedRuns(
        frame=_numbered(parts),
        objective=metric,
        direction=direction,
        note="A trial is a query, with its last report. The clock is that of the tuner.",
    )


def _results(folder: Path) -> Path | None:
    return next((folder / name for name in RESULTS if (folder / name).is_file()), None)


def _content(path: Path) -> bytes:
    """Return the CSV file, unpacked; raises ValueError if it is too large."""
    if path.suffix != ".zip":
        with path.open("rb") as plain:
            content = plain.read(MOST_BYTES + 1)
    else:
        with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as packed:
            content = packed.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"{path.name} has more than {MOST_BYTES:,} bytes")
    return content


def _metric(about: dict[str, Any], objective: str, folder: Path) -> tuple[str, str]:
    names, modes = list(about["metric_names"]), about["metric_mode"]
    modes = [modes] * len(names) if isinstance(modes, str) else list(modes)
    if objective and objective not in names:
        raise unknown_name(f"metric of {folder}", objective, names)
    if len(names) > 1 and not objective:
        raise NasbenchError(f"{folder} has the metrics {', '.join(names)}; say which with --objective {names[0]}.")
    metric = objective or names[0]
    return metric, str(modes[names.index(metric)])


def _named(about: dict[str, Any]) -> dict[str, Any]:
    known = {meaning: next((about[name] for name in names if name in about), None) for meaning, names in NAMES.items()}
    run = known["run"] if known["run"] is not None else about.get("scheduler_kwargs", {}).get("random_seed", 0)
    return {"method": str(known["method"]), "problem": str(known["problem"] or "objective"), "run": int(run or 0)}


def _trials(reports: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return a row for each trial, in the order in which their last reports came back."""
    last = reports.sort_values("st_tuner_time", kind="stable").groupby("trial_id").tail(1)
    settings = [name for name in last.columns if name.startswith(SETTING)]
    named = [{name.removeprefix(SETTING): row[name] for name in settings} for row in last.to_dict("records")]
    return pd.DataFrame({
        "value": last[metric].to_numpy(),
        "architecture": list(map(as_text, named)),
        "charged_seconds": last["st_worker_time"].to_numpy() if "st_worker_time" in last else np.zeros(len(last)),
        "wall_seconds": last["st_tuner_time"].to_numpy(),
    })  # fmt: skip


def _numbered(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Return all rows; experiments of one method, problem and run get numbers of their own."""
    keys = [tuple(part[["method", "problem", "run"]].iloc[0]) if len(part) else () for part in parts]
    if len(set(keys)) < len(keys):
        parts = [part.assign(run=number) for number, part in enumerate(parts)]
        frame = pd.concat(parts, ignore_index=True)
        frame["run"] = frame.groupby(["method", "problem"])["run"].transform(lambda own: own.rank(method="dense") - 1)
        return frame.astype({"run": int})
    return pd.concat(parts, ignore_index=True)


CONVERTER = Converter("Syne Tune: folders with metadata.json and results.csv.zip", recognises, read)
