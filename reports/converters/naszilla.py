"""Results of naszilla: NAME_TRIAL.pkl, read as plain data (`nasbench.tables.restricted_pickle`), so that nothing in it can run.

Source: `naszilla.run_experiments` of https://github.com/naszilla/naszilla. A file is a list [algorithm parameters, parameters of the
neural predictor, results, wall times, data of each run, validation results], each but the second with an entry for every algorithm. Of
`data` the validation loss of every query is read, in percent; architectures, which naszilla keeps with `--save_specs` alone, are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from nasbench.errors import NasbenchError
from nasbench.files.documents import read_json
from nasbench.reports.converters.converter import (
    MOST_BYTES,
    ConvertedRuns,
    Converter,
    as_text,
    files_named,
    head,
    split_run,
)
from nasbench.tables.restricted_pickle import load_file

PICKLED = (b"\x80", b"(", b"]")
LOSSES = ("val_loss", "test_loss")
USUAL = ("algo_name", "total_queries")
"""Parameters of an algorithm that its name in reports leaves out."""


def recognises(path: Path) -> bool:
    """Return whether there are pickles, or lists saved as JSON in the form of naszilla."""
    files = [path] if path.is_file() else [*path.glob("*.pkl"), *path.glob("*.json")]
    return bool(files) and all(_is_pickle(file) or head(file).lstrip().startswith(b'[[{"algo_name"') for file in files)


def read(path: Path, objective: str = "") -> ConvertedRuns:
    """Return the queries of all trials; `objective` is "val_loss" or "test_loss"."""
    loss = objective or LOSSES[0]
    files = [path] if path.is_file() else sorted([*files_named(path, "*.pkl"), *files_named(path, "*.json")])
    parts = []
    for order, file in enumerate(files):
        name, run = split_run(file.stem)
        parts += _trial(_content(file), loss, path.stem if path.is_dir() else name, run if len(files) == 1 else order)
    return ConvertedRuns(
        frame=pd.concat(parts, ignore_index=True),
        objective="error" if loss == LOSSES[0] else "test_error",
        unit="%",
        direction="min",
        note=f"Values are {loss} of naszilla.",
    )


def _content(file: Path) -> Any:
    if not _is_pickle(file):
        return read_json(file, str(file), MOST_BYTES)
    try:
        return load_file(file)
    except NasbenchError as fault:
        raise NasbenchError(
            f"{file} is a pickle of more than plain data, which could run code when it is read ({str(fault).partition(': ')[2] or fault} "
            "Save it as JSON: of naszilla the same list, of an Optuna study study.trials_dataframe().to_csv('METHOD-RUN.csv')."
        ) from None


def _trial(content: Sequence[Any], loss: str, problem: str, run: int) -> list[pd.DataFrame]:
    algorithms, data = content[0], content[4]
    names = [_name(one, algorithms) for one in algorithms]
    return [
        pd.DataFrame({"method": name, "problem": problem, "run": run, "value": [float(query[loss]) for query in own]})
        for name, own in zip(names, data, strict=True)
    ]


def _name(own: dict[str, Any], all_: Sequence[dict[str, Any]]) -> str:
    """Return the name of an algorithm, with its parameters where several have that name."""
    name = str(own["algo_name"])
    if sum(other["algo_name"] == name for other in all_) == 1:
        return name
    further = {key: value for key, value in own.items() if key not in USUAL}
    return f"{name} ({as_text(further)})" if further else name


def _is_pickle(file: Path) -> bool:
    return file.suffix in (".pkl", ".pickle") and head(file, 1) in PICKLED


CONVERTER = Converter("naszilla: NAME_TRIAL.pkl, read as plain data, or the same list as JSON", recognises, read)
