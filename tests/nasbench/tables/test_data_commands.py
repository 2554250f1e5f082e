from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from nasbench.errors import NasbenchError
from nasbench.tables.commands import data

CSV = "kernel,acc\n3,70\n5,80\n"
DESCRIPTION = """
name = "mine"
data = "data.csv"
provenance = "made up"
[space]
name = "kernels"
[[space.decisions]]
name = "kernel"
choices = ["3", "5", "7"]
[[columns]]
dataset = "task"
quantity = "accuracy"
split = "validation"
unit = "%"
column = "acc"
"""


@pytest.fixture
def mine(tmp_path: Path, fresh_cache: Path) -> Path:
    (tmp_path / "data.csv").write_text(CSV)
    (tmp_path / "mine.toml").write_text(DESCRIPTION)
    return tmp_path / "mine.toml"


def run(*arguments: str) -> Any:
    result = CliRunner().invoke(data, [*arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    return json.loads(result.stdout)


def test_import_list_and_check(mine: Path) -> None:
    imported = run("import", "table", str(mine))
    assert imported["command"] == "data import"
    assert imported["tables"][0] == {
        "table": "mine",
        "architectures": 2,
        "columns": 1,
        "datasets": "task",
        "missing": ["7"],
        "notes": [
            "1 of the 3 architectures of the space are not in the file.",
            "task has no test split: results on it are scored by validation, and reports say so.",
        ],
    }
    listed = {row["table"]: row for row in run("list")["tables"]}
    assert listed["mine"]["state"] == "ready"
    assert listed["nas-bench-201"]["state"] == "built on first use"
    assert listed["transnas-bench-101-micro"]["state"] == "built on first use"
    assert listed["transnas-bench-101-micro"]["from"] == "ships with the suite"
    assert listed["transnas-bench-101-micro"]["architectures"] == 4096
    assert listed["mine"]["from"] == "imported"
    assert len(listed["transnas-bench-101-micro"]["datasets"].split(", ")) == 7
    assert run("check")["tables"] == [{"table": "mine", "arrays": 2, "architectures": 2, "state": "sound"}]
    text = CliRunner().invoke(data, ["import", "table", str(mine), "--name", "again"], catch_exceptions=False).stdout
    assert "again: 2 architectures, 1 columns" in text and "missing: 1 architectures, such as 7" in text
    assert "note: task has no test split" in text
    assert "mine" in CliRunner().invoke(data, ["list"], catch_exceptions=False).stdout


def test_a_damaged_array_is_found(mine: Path, fresh_cache: Path) -> None:
    run("import", "table", str(mine))
    array = next(fresh_cache.glob("*/mine/task*.npy"))
    array.write_bytes(array.read_bytes()[:-1] + b"\x00")
    with pytest.raises(NasbenchError, match="'mine' is damaged"):
        CliRunner().invoke(data, ["check", "mine"], catch_exceptions=False)


def test_wrong_use(mine: Path) -> None:
    for arguments, message in (
        (["import", "tabel", str(mine)], "no format named 'tabel'; did you mean 'table'"),
        (["import", "table", str(mine), "--jobs", "0"], "number of jobs is 0"),
        (["check", "mien"], "no table named 'mien'"),
    ):
        with pytest.raises(NasbenchError, match=message):
            CliRunner().invoke(data, arguments, catch_exceptions=False)
