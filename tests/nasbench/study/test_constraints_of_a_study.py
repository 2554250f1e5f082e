"""A study under constraints: its file, its traces, resumption, workers, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from nasbench.cli.main import app
from nasbench.errors import NasbenchError
from nasbench.search.constraints import as_constraints
from nasbench.study.config import Study
from nasbench.study.runner import run_study
from nasbench.study.store import Store
from nasbench.study.toml import parse_study

CONSTRAINTS = ("parameters <= 0.5", "accuracy >= 91")


def study(**changes: object) -> Study:
    plain = {
        "problems": ["nas-bench-201/cifar10"],
        "methods": ["random_search"],
        "budget": {"unique_queries": 12},
        "runs": 2,
        "constraints": CONSTRAINTS,
    }
    return Study(**(plain | changes))  # type: ignore[arg-type]


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("traces/**/*.parquet")}


def test_the_file_of_a_study_says_its_constraints_and_only_then() -> None:
    assert parse_study(study().to_toml(), "test") == study()
    assert "constraints" not in study(constraints=()).to_toml()


def test_traces_have_the_values_and_feasible_and_others_keep_their_columns(tmp_path: Path) -> None:
    run_study(study(), tmp_path / "with")
    run_study(study(constraints=()), tmp_path / "without")
    store = Store.open(tmp_path / "with")
    table = store.read(store.units()[0]).to_pandas()
    assert (table["parameters"] <= 0.5 * (1 + 1e-6)).all()
    assert np.array_equal(table["feasible"], table["accuracy"] <= 9.0 + 91e-6)
    assert np.array_equal(table["accuracy"], table["error"]) and (table["error"] <= 100.0).all()
    (plain,) = (tmp_path / "without").glob("traces/**/*.parquet")
    assert not {"parameters", "accuracy", "feasible"} & set(pq.read_schema(plain).names)


def test_a_study_is_resumed_and_runs_are_added_bit_for_bit(tmp_path: Path) -> None:
    run_study(study(runs=4, runs_per_file=2), tmp_path / "whole")
    run_study(study(runs=2, runs_per_file=2), tmp_path / "parts")
    run_study(study(runs=4, runs_per_file=2), tmp_path / "parts")
    assert files(tmp_path / "whole") == files(tmp_path / "parts") and len(files(tmp_path / "whole")) == 2


@pytest.mark.parametrize(("first", "second"), [(CONSTRAINTS, ()), ((), CONSTRAINTS), (CONSTRAINTS, CONSTRAINTS[:1])])
def test_a_folder_of_other_constraints_is_refused(
    tmp_path: Path, first: tuple[str, ...], second: tuple[str, ...]
) -> None:
    run_study(study(constraints=first), tmp_path / "study")
    with pytest.raises(NasbenchError, match="holds another study: constraints was"):
        run_study(study(constraints=second), tmp_path / "study")


def test_one_worker_is_the_sequential_run_under_constraints_too(tmp_path: Path) -> None:
    method = "regularized_evolution"
    run_study(study(methods=[method], runs=1, runs_per_file=1), tmp_path / "alone")
    run_study(study(methods=[method], runs=1, runs_per_file=1, batch_size=1), tmp_path / "batch")
    (alone,), (batch,) = (list((tmp_path / name).glob("traces/**/*.parquet")) for name in ("alone", "batch"))
    left, right = pq.read_table(alone), pq.read_table(batch)
    assert left.equals(right.select(left.column_names))


def test_live_tasks_know_no_constraints() -> None:
    with pytest.raises(NasbenchError, match="live tasks, which know no constraints"):
        study(problems=["live/digits"])


def test_a_function_knows_no_constraints(tmp_path: Path) -> None:
    with pytest.raises(NasbenchError, match="no quantity for constraints"):
        run_study(study(problems=["onemax/6x2"], constraints=["error <= 3"]), tmp_path / "study")


def test_constraints_are_given_on_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(study(constraints=CONSTRAINTS[:1]).to_toml(), encoding="utf-8")
    command = ["run", str(tmp_path / "study.toml"), "--out", str(tmp_path / "out"), "--constraint", CONSTRAINTS[1]]
    assert CliRunner().invoke(app, command).exit_code == 0
    assert Store.open(tmp_path / "out").study.constraints == as_constraints(CONSTRAINTS)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("parameters < 3", "should read like"),
        ("size <= 3", "no objective of nas-bench-201/cifar10 named 'size'"),
        ("accuracy >= 99", "No architecture of nas-bench-201/cifar10 satisfies accuracy >= 99; loosen that."),
        ("parameters <= 0.01", "None of the 15,625 architectures"),
    ],
)
def test_a_constraint_that_cannot_be_is_refused_before_anything_runs(tmp_path: Path, given: str, words: str) -> None:
    with pytest.raises(NasbenchError, match=re.escape(words)):
        run_study(study(constraints=[given]), tmp_path / "study")
    assert not (tmp_path / "study").exists()
