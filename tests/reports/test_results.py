"""Opening results folders: completeness, damage, hashes."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from nasbench.cli.main import status
from nasbench.errors import NasbenchError
from nasbench.reports.analysis.evaluation import evaluate_benchmark
from nasbench.reports.analysis.results import Results
from nasbench.study.runner import run_study
from nasbench.study.toml import load_study

from vouching import vouch

CELL = ("nas-bench-201/cifar10", "local_search")


@pytest.fixture
def copy(study_folder: Path, tmp_path: Path) -> Path:
    """A copy that a test may harm."""
    return Path(shutil.copytree(study_folder, tmp_path / "copy"))


def test_a_missing_unit_is_named_with_the_command_that_mends_it(copy: Path) -> None:
    Results.open(copy).files(CELL)[1].unlink()
    with pytest.raises(NasbenchError, match="lacks 1 of 18 units") as caught:
        Results.open(copy)
    assert "local_search on nas-bench-201/cifar10, runs 5 to 9" in str(caught.value)
    assert f"nasbench run {copy / 'study.toml'} --out {copy}" in str(caught.value)
    run_study(load_study(str(copy / "study.toml")), copy)
    assert Results.open(copy).traces(*CELL).shape[0] == 12


def test_a_file_with_other_runs_than_its_name_says_is_refused(copy: Path) -> None:
    first, second, _ = Results.open(copy).files(CELL)
    shutil.copy(first, second)
    vouch(copy)
    with pytest.raises(NasbenchError, match="holds 5 runs and not runs 5 to 9"):
        Results.open(copy).traces(*CELL)


def test_a_damaged_file_is_refused(copy: Path) -> None:
    path = Results.open(copy).files(CELL)[0]
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(NasbenchError, match="is damaged"):
        Results.open(copy).traces(*CELL)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("error", -3.7e279, "holds a value of error beyond 100%, which no run measured"),
        ("error", float("nan"), "a number of its column error is not finite"),
        ("charged_seconds", float("inf"), "a number of its column charged_seconds is not finite"),
        ("charged_seconds", -1.0, "charges less than nothing"),
    ],
)
def test_a_value_out_of_range_is_refused(copy: Path, column: str, value: float, reason: str) -> None:
    path = Results.open(copy).files(CELL)[0]
    table = pq.read_table(path, partitioning=None)
    values = table[column].to_pylist()
    values[7] = value
    pq.write_table(table.set_column(table.column_names.index(column), column, [values]), path)
    vouch(copy)
    with pytest.raises(NasbenchError, match=reason):
        Results.open(copy).traces(*CELL)


@pytest.mark.parametrize(
    ("pattern", "commands"),
    [
        ("traces/**/*.parquet", ("report", "run", "verify --traces")),
        ("timings/**/*.json", ("report", "run")),
        ("environment.json", ("report", "run", "verify --traces")),
        ("study.toml", ("report", "run", "verify --traces", "hypotheses --results")),
    ],
)
def test_every_command_refuses_a_changed_file_and_names_it(
    copy: Path, pattern: str, commands: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    study = copy.parent / "study.toml"
    shutil.copy(copy / "study.toml", study)
    path = sorted(copy.glob(pattern))[0]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 8
    path.write_bytes(content)
    for command in commands:
        words = [*command.split(), *([str(study), "--out"] if command == "run" else []), str(copy)]
        assert status(words) == 2, command
        assert path.name in capsys.readouterr().err, command


def test_an_architecture_that_does_not_exist_is_refused(copy: Path) -> None:
    path = Results.open(copy).files(CELL)[0]
    table = pq.read_table(path, partitioning=None)
    names = table["architecture"].to_pylist()
    names[3] = "|avg_pool_5x5~0|+|none~0|none~1|+|none~0|none~1|none~2|"
    position = table.column_names.index("architecture")
    pq.write_table(table.set_column(position, "architecture", [names]), path)
    vouch(copy)
    with pytest.raises(NasbenchError, match="avg_pool_5x5"):
        Results.open(copy).traces(*CELL)


def test_another_version_of_a_table_is_refused(copy: Path) -> None:
    path = copy / "environment.json"
    environment = json.loads(path.read_text())
    environment["benchmarks"]["nas-bench-201/cifar100"] = "0" * 64
    path.write_text(json.dumps(environment))
    vouch(copy)
    with pytest.raises(NasbenchError, match="another version of nas-bench-201/cifar100"):
        Results.open(copy)


@pytest.mark.parametrize("content", [None, "{"])
def test_an_unreadable_environment_is_one_sentence(copy: Path, content: str | None) -> None:
    path = copy / "environment.json"
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(NasbenchError, match=r"environment\.json cannot be read"):
        Results.open(copy)


def test_a_missing_timing_is_one_sentence(copy: Path) -> None:
    shutil.rmtree(copy / "timings")
    with pytest.raises(NasbenchError, match="lacks a timing"):
        Results.open(copy).optimizer_seconds(*CELL)


def test_the_digest_is_the_checksum_of_the_files_in_order(results: Results) -> None:
    files = results.files(CELL)
    assert len(files) == 3
    whole = b"".join(path.read_bytes() for path in files)
    assert results.digest(CELL) == hashlib.sha256(whole).hexdigest()[:12]
    assert results.digest(CELL) != results.digest(("nas-bench-201/cifar100", "local_search"))


def test_rows_are_the_architectures_of_the_files(results: Results) -> None:
    traces = results.traces(*CELL)
    names = pq.read_table(results.files(CELL), partitioning=None)["architecture"].to_pylist()
    space = results.benchmark(CELL[0]).space
    for place in (0, 7, 400):
        run, query = divmod(place, 80)
        assert space.to_string(space.from_index(traces.rows[run, query])) == names[place]


def test_final_scores_are_the_oracle_at_the_best_observation(results: Results) -> None:
    evaluation = evaluate_benchmark(results, CELL[0])
    frame = pq.read_table(results.files(CELL), partitioning=None).to_pandas()
    best = frame.loc[frame.groupby("run")["error"].idxmin()]
    space, oracle = results.benchmark(CELL[0]).space, results.oracle(CELL[0])
    expected = [
        oracle.score(np.arange(oracle.size))[int(space.index(space.from_string(name)))] for name in best["architecture"]
    ]
    assert np.array_equal(evaluation.outcomes["local_search"].score, expected)
    assert evaluation.outcomes["local_search"].observed.tolist() == best["error"].tolist()
    assert (evaluation.scores >= evaluation.optimum).all()
