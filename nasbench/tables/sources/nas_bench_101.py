"""NAS-Bench-101 (Ying et al., ICML 2019) from forms that need no TensorFlow.

- JSON: what the benchmark's own interface says of each cell, `{hash: [fixed, computed]}` with `fixed` holding `module_adjacency`,
  `module_operations` and `trainable_parameters`, and `computed` mapping epochs to a list of trainings, each with
  `final_validation_accuracy`, `final_test_accuracy` and `final_training_time` (such as `json.dump({h: api.get_metrics_from_hash(h) ...})`).
- CSV or Parquet: one row per cell, with `adj_upper_bits`, `ops` (digits: 0 3x3, 1 1x1, 2 pooling), and where held
  `hash`, `val_acc_E` and `test_acc_E` (fractions, after E epochs), `train_time_s` (of the longest training) and
  `params`.

Every cell is stored once, in its canonical form. A given hash is recomputed and must match.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.files.documents import read_json
from nasbench.spaces.nas_bench_101 import CLASSES, OPERATIONS, NasBench101Space
from nasbench.tables.column import Column, Measured
from nasbench.tables.importer import ImportOptions, ImportReport
from nasbench.tables.sources.data_file import data_columns, read_data
from nasbench.tables.writer import write_table

DATASET = "cifar10"
LARGEST = 2**33
"""Maximum size of a JSON file in bytes; the complete benchmark has about a gigabyte."""
_FINAL = {"validation": "final_validation_accuracy", "test": "final_test_accuracy", "train": "final_train_accuracy"}
_SHORT = {"val_acc": "validation", "test_acc": "test", "train_acc": "train"}

Key = tuple[str, int]


@dataclass(frozen=True)
class Cell:
    """One cell of a file.

    Attributes:
        where: row or hash, for errors.
        text: the cell, see `NasBench101Space.from_string`.
        hash: its hash, or empty.
        values: (split, epochs) to accuracies in %, one a training; ("train_time", epochs) to seconds; ("parameters", 0) to millions.
    """

    where: str
    text: str
    hash: str
    values: Mapping[Key, list[float]]


def import_source(source: Path, folder: Path, options: ImportOptions) -> ImportReport:
    """Write the table; see `nasbench.tables.importer`."""
    measured = _json(source) if source.suffix == ".json" else _frame(source)
    return write_cells(folder, options.name, measured, f"NAS-Bench-101 by Ying et al. (2019), from {source.name}")


def write_cells(folder: Path, name: str, measured: Iterable[Cell], provenance: str) -> ImportReport:
    """Write cells into an empty folder.

    Raises:
        NasbenchError: if a cell is malformed, infeasible, there twice, or has not the hash that it comes with.
    """
    space = NasBench101Space()
    kept = list(measured)
    if not kept:
        raise NasbenchError(f"{provenance} holds no cell; a table needs at least one.")
    architectures = np.stack([_architecture(space, cell) for cell in kept])
    infeasible = np.flatnonzero(~space.is_feasible(architectures))
    if len(infeasible):
        raise NasbenchError(
            f"{kept[infeasible[0]].where}: {kept[infeasible[0]].text} is no cell of NAS-Bench-101, which is connected by at most 9 edges."
        )
    for cell, architecture in zip(kept, architectures, strict=True):
        if cell.hash and space.hash(architecture) != cell.hash:
            raise NasbenchError(
                f"{cell.where}: the cell {cell.text} has the hash {space.hash(architecture)}, not {cell.hash}; the file is damaged."
            )
    index = space.index(space.canonical(architectures))
    order = np.argsort(index, kind="stable")
    twice = np.flatnonzero(np.diff(index[order]) == 0)
    if len(twice):
        raise NasbenchError(
            f"{kept[order[twice[0]]].where} and {kept[order[twice[0] + 1]].where} are isomorphic; keep one of them."
        )
    columns = [_column(key, [kept[at].values.get(key, []) for at in order]) for key in _keys(kept)]
    lacking = CLASSES - len(kept)
    notes = [f"{lacking} of the {CLASSES} cells of the benchmark are not in the file."] if lacking else []
    splits = {split for split, _ in _keys(kept)}
    if "test" not in splits:
        notes.append(f"{DATASET} has no test split: results on it are scored by validation, and reports say so.")
    write_table(
        folder, name=name, space=space, columns=columns, provenance=provenance, row_index=index[order], notes=notes
    )
    return ImportReport(notes=tuple(notes))


def _architecture(space: NasBench101Space, cell: Cell) -> np.ndarray:
    try:
        return space.from_string(cell.text)
    except NasbenchError as fault:
        raise NasbenchError(f"{cell.where}: {fault}") from None


def _keys(measured: list[Cell]) -> list[Key]:
    return sorted({key for cell in measured for key in cell.values}, key=lambda key: (key[1], key[0]))


def _column(key: Key, rows: list[list[float]]) -> Measured:
    """Return a column of one axis, or of one a training (numbered from 1, as the benchmark does not name its seeds)."""
    what, epochs = key
    width = max(len(row) for row in rows)
    values = np.zeros((len(rows), width))
    missing = np.ones(values.shape, dtype=bool)
    for at, row in enumerate(rows):
        values[at, : len(row)] = row
        missing[at, : len(row)] = False
    if what in ("train_time", "parameters"):
        mean = values.sum(axis=1) / np.maximum((~missing).sum(axis=1), 1)
        unit = "s" if what == "train_time" else "M"
        return Measured(
            Column(dataset=DATASET, quantity=what, unit=unit, epochs=epochs or None),
            mean,
            np.asarray(missing.all(axis=1)),
        )
    column = Column(
        dataset=DATASET,
        quantity="accuracy",
        unit="%",
        split=what,
        epochs=epochs,
        seeds=tuple(range(1, width + 1)) if width > 1 else None,
        note="trainings are numbered, not named by their seeds" if width > 1 else "",
    )
    return Measured(column, values if width > 1 else values[:, 0], missing if width > 1 else missing[:, 0])


def _accuracy(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise NasbenchError(f"{where}: an accuracy is {value!r}; NAS-Bench-101 has fractions from 0 to 1.")
    return 100.0 * value


def _positive(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise NasbenchError(f"{where}: a time or a number of parameters is {value!r}; it should be a positive number.")
    return float(value)


def _json(source: Path) -> Iterator[Cell]:
    try:
        records = read_json(source, f"file {source}", LARGEST)
    except NasbenchError as fault:
        raise NasbenchError(f"{fault} It should map each hash to [fixed, computed].") from None
    try:
        for name, (fixed, computed) in records.items():
            where = f"{source.name}, cell {name}"
            operations = "".join(str(OPERATIONS.index(operation)) for operation in fixed["module_operations"][1:-1])
            matrix = fixed["module_adjacency"]
            bits = "".join(str(int(matrix[i][j])) for i in range(len(matrix)) for j in range(i + 1, len(matrix)))
            values: dict[Key, list[float]] = {
                ("parameters", 0): [_positive(fixed["trainable_parameters"], where) / 1e6]
            }
            for epochs, trainings in computed.items():
                for split, field in _FINAL.items():
                    values[split, int(epochs)] = [_accuracy(training[field], where) for training in trainings]
                times = [_positive(training["final_training_time"], where) for training in trainings]
                values["train_time", int(epochs)] = times
            yield Cell(where, f"{bits}:{operations}", str(name), values)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as fault:
        raise NasbenchError(
            f"{source} should map each hash to [fixed, computed] as the interface of NAS-Bench-101 does ({type(fault).__name__}: {fault})."
        ) from None


def _frame(source: Path) -> Iterator[Cell]:
    import pandas as pd

    columns = data_columns(source)
    accuracies = {column: re.fullmatch(r"(val_acc|test_acc|train_acc)_(\d{1,9})", column) for column in columns}
    found = {column: (_SHORT[match[1]], int(match[2])) for column, match in accuracies.items() if match}
    texts = [column for column in ("adj_upper_bits", "ops", "hash") if column in columns]
    if "adj_upper_bits" not in texts or "ops" not in texts or not found:
        raise NasbenchError(
            f"{source} should have the columns adj_upper_bits, ops and val_acc_E for some number of epochs E."
        )
    numbers = [*found, *(column for column in ("train_time_s", "params") if column in columns)]
    frame, _ = read_data(source, [*texts, *numbers])
    frame[numbers] = frame[numbers].apply(pd.to_numeric, errors="coerce")
    longest = max(epochs for _, epochs in found.values())
    for row in frame.to_dict("records"):
        where = f"{source.name}, cell {row.get('hash') or row['adj_upper_bits']}"
        operations = row["ops"] if isinstance(row["ops"], str) else ""
        values: dict[Key, list[float]] = {key: [_accuracy(row[column], where)] for column, key in found.items()}
        if "train_time_s" in row:
            values["train_time", longest] = [_positive(row["train_time_s"], where)]
        if "params" in row:
            values["parameters", 0] = [_positive(row["params"], where) / 1e6]
        yield Cell(where, f"{row['adj_upper_bits']}:{operations}", str(row.get("hash") or ""), values)
