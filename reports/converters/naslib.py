"""Logs of NASLib: errors.json, the search trajectory of a trainer.

Source: `naslib.defaults.trainer` of https://github.com/automl/NASLib. An epoch of a black-box search is a query, of which the file has
the validation accuracy in percent: of the incumbent by default, so that it never falls. A file with its config says the optimizer, data
set and seed; one without lies in SPACE/DATASET/OPTIMIZER/SEED/errors.json.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from nasbench.errors import unknown_name
from nasbench.files.documents import read_json
from nasbench.reports.converters.converter import MOST_BYTES, ConvertedRuns, Converter, files_named, is_any

FILE = "errors.json"
CURVES = ("valid_acc", "test_acc", "train_acc", "valid_loss", "test_loss", "train_loss")


def recognises(path: Path) -> bool:
    """Return whether there is a log of NASLib."""
    return is_any(path, FILE)


def read(path: Path, objective: str = "") -> ConvertedRuns:
    """Return the epochs of all searches; `objective` is one of `CURVES`, the validation accuracy by default."""
    curve = objective or CURVES[0]
    if curve not in CURVES:
        raise unknown_name("curve of NASLib", curve, CURVES)
    frame = pd.concat([_epochs(file, curve) for file in files_named(path, FILE)], ignore_index=True)
    is_accuracy = curve.endswith("acc")
    is_percentage = is_accuracy and frame["value"].between(0.0, 100.0).all()
    return ConvertedRuns(
        frame=frame,
        objective={"valid_acc": "accuracy"}.get(curve, curve),
        unit="%" if is_percentage else "",
        direction="max" if is_accuracy else "min",
        note=f"Values are {curve} of NASLib, an epoch of the search a query; by default NASLib reports those of the best architecture so far.",
    )


def _epochs(file: Path, curve: str) -> pd.DataFrame:
    found: Any = read_json(file, str(file), MOST_BYTES)
    config, trajectory = found if isinstance(found, list) else ({}, found)
    values = [float(value) for value in trajectory[curve]]
    space, data, optimizer, seed = file.absolute().parts[-5:-1]
    seconds = trajectory.get("train_time") or []
    seconds = [float(second) for second in seconds] if len(seconds) == len(values) else [0.0] * len(values)
    return pd.DataFrame({
        "method": str(config.get("optimizer", optimizer)),
        "problem": f"{config.get('search_space', space)}/{config.get('dataset', data)}",
        "run": int(config.get("seed", seed)),
        "value": values,
        "charged_seconds": [max(0.0, second) for second in seconds],
    })  # fmt: skip


CONVERTER = Converter("NASLib: folders with errors.json", recognises, read)
