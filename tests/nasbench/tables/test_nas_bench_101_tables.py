from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nasbench.benchmarks.objectives import find_objective
from nasbench.errors import NasbenchError
from nasbench.spaces.nas_bench_101 import OPERATIONS, NasBench101Space
from nasbench.tables.importers import import_table

SPACE = NasBench101Space()


@pytest.fixture(scope="module")
def sample(reference_data: Path) -> pd.DataFrame:
    return pd.read_parquet(reference_data / "nas-bench-101-sample" / "accuracy.parquet")[:50]


@pytest.fixture
def as_json(sample: pd.DataFrame, tmp_path: Path, fresh_cache: Path) -> Callable[..., Path]:
    """The sample in the form of the interface, two made-up trainings an epoch beside the real validation accuracy."""

    def write(change: Callable[[dict[str, Any]], None] = lambda records: None) -> Path:
        records: dict[str, Any] = {}
        for row in sample.to_dict("records"):
            n = row["n_vertices"]
            matrix = np.zeros((n, n), dtype=int)
            matrix[np.triu_indices(n, 1)] = [int(bit) for bit in row["adj_upper_bits"]]
            operations = ["input", *(OPERATIONS[int(o)] for o in row["ops"] or ""), "output"]
            fixed = {
                "module_adjacency": matrix.tolist(),
                "module_operations": operations,
                "trainable_parameters": row["params"],
            }
            computed = {
                str(epochs): [
                    {
                        "final_validation_accuracy": row[f"val_acc_{epochs}"] - shift,
                        "final_test_accuracy": row[f"val_acc_{epochs}"] - 0.02,
                        "final_train_accuracy": 1.0,
                        "final_training_time": 10.0 * epochs + shift,
                    }
                    for shift in (0.0, 0.01)
                ]
                for epochs in (4, 108)
            }
            records[str(row["hash"])] = [fixed, computed]
        change(records)
        path = tmp_path / "nasbench.json"
        path.write_text(json.dumps(records))
        return path

    return write


def test_csv_and_parquet_are_read_alike(sample: pd.DataFrame, tmp_path: Path, fresh_cache: Path) -> None:
    sample.to_csv(tmp_path / "cells.csv", index=False)
    sample.to_parquet(tmp_path / "cells.parquet")
    one, report = import_table("nas-bench-101", tmp_path / "cells.csv", name="csv")
    two, _ = import_table("nas-bench-101", tmp_path / "cells.parquet", name="parquet")
    assert one.manifest["sha256"].keys() == two.manifest["sha256"].keys()
    for column in one.columns:
        assert np.allclose(one.measured(column).values, two.measured(column).values, rtol=1e-12)
    assert report.notes[0] == "423574 of the 423624 cells of the benchmark are not in the file."
    assert "no test split" in report.notes[1]
    for row in sample.to_dict("records"):
        cell = SPACE.from_string(f"{row['adj_upper_bits']}:{row['ops'] or ''}")
        at = int(one.rows(SPACE.canonical(cell)))
        assert find_objective(one, "cifar10", "error", "validation", 36).values[at] == pytest.approx(
            100 - 100 * row["val_acc_36"]
        )
        assert find_objective(one, "cifar10", "parameters", None, None).values[at] == pytest.approx(row["params"] / 1e6)
    assert one.epochs("cifar10", "train_time", None) == (108,)


def test_json_of_the_interface(as_json: Callable[..., Path], sample: pd.DataFrame) -> None:
    table, report = import_table("nas-bench-101", as_json())
    assert len(table) == 50 and len(report.notes) == 1
    validation = find_objective(table, "cifar10", "error", "validation", 108)
    assert validation.seeds == (1, 2)
    assert np.allclose(validation.values[:, 1] - validation.values[:, 0], 1.0)
    assert np.allclose(find_objective(table, "cifar10", "error", "test", 108).mean() - validation.values[:, 0], 2.0)
    column = table.find("cifar10", "train_time", None, 4)
    assert column is not None and np.allclose(table.measured(column).values, 40.005)


def _fixed(field: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(records: dict[str, Any]) -> None:
        next(iter(records.values()))[0][field] = value

    return change


def _training(field: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(records: dict[str, Any]) -> None:
        next(iter(records.values()))[1]["108"][0][field] = value

    return change


def _rename(records: dict[str, Any]) -> None:
    first = next(iter(records))
    records["0" * 32] = records.pop(first)


def _drop(records: dict[str, Any]) -> None:
    del next(iter(records.values()))[1]["108"][0]["final_test_accuracy"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_training("final_test_accuracy", 94.0), "an accuracy is 94.0; NAS-Bench-101 has fractions"),
        (_training("final_test_accuracy", "good"), "an accuracy is 'good'"),
        (_training("final_validation_accuracy", float("nan")), "an accuracy is nan"),
        (_training("final_training_time", -1), "it should be a positive number"),
        (_fixed("trainable_parameters", 0), "it should be a positive number"),
        (_fixed("module_operations", ["input", "conv9x9", "output"]), "should map each hash"),
        (_fixed("module_adjacency", [[0, 1], [0, 0]]), r"bits and \d operations"),
        (_rename, "the file is damaged"),
        (_drop, "KeyError: 'final_test_accuracy'"),
    ],
)
def test_bad_json_is_told_where_it_stands(as_json: Callable[..., Path], change: Any, message: str) -> None:
    with pytest.raises(NasbenchError, match=message):
        import_table("nas-bench-101", as_json(change))


@pytest.mark.parametrize("text", ["", "[1, 2]", '{"a": 3}', "{", "{}"])
def test_json_of_another_kind(tmp_path: Path, fresh_cache: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(NasbenchError, match=r"should map each hash|holds no cell"):
        import_table("nas-bench-101", tmp_path / "x.json")


def test_isomorphic_and_infeasible_rows(sample: pd.DataFrame, tmp_path: Path, fresh_cache: Path) -> None:
    frame = sample.drop(columns="hash")
    again = pd.concat([frame, frame[:1]])
    again.to_csv(tmp_path / "twice.csv", index=False)
    with pytest.raises(NasbenchError, match="are isomorphic; keep one of them"):
        import_table("nas-bench-101", tmp_path / "twice.csv")
    cut = frame[:3].copy()
    cut["adj_upper_bits"] = ["0" * len(bits) for bits in cut["adj_upper_bits"]]
    cut.to_csv(tmp_path / "cut.csv", index=False)
    with pytest.raises(NasbenchError, match="is no cell of NAS-Bench-101"):
        import_table("nas-bench-101", tmp_path / "cut.csv")
    frame.drop(columns="ops").to_csv(tmp_path / "less.csv", index=False)
    with pytest.raises(NasbenchError, match="should have the columns adj_upper_bits, ops"):
        import_table("nas-bench-101", tmp_path / "less.csv")
