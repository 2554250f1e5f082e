"""`nasbench report` as a user meets it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from nasbench.errors import NasbenchError
from reports.commands import report
from reports.tables.judgements import read_judgements

VERDICT = {
    "claim": "random-search.rank-law",
    "verdict": "holds",
    "statistic": 0.5,
    "bound": 0.6,
    "p_value": None,
    "n": 100,
}


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.command()(report)
    return app


def test_writes_everything_and_prints_the_page(
    app: typer.Typer, small_study: Callable[..., Path], tmp_path: Path
) -> None:
    folder = small_study(
        tmp_path,
        optimizers=("random_search", "local_search"),
        runs=3,
        budget="queries = 20",
        benchmarks=("nas-bench-201/cifar10",),
    )
    judged = tmp_path / "verify.json"
    judged.write_text(json.dumps({"command": "verify", "version": "0", "verdicts": [VERDICT]}))
    out = tmp_path / "out"
    done = CliRunner().invoke(app, [str(folder), "--out", str(out), "--include", str(judged), "--json"])
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["command"] == "report"
    (row,) = document["reports"]
    assert Path(row["page"]) == out / "report.html"
    assert {path.name for path in out.iterdir()} == {"report.html", "report.md", "report.tex", "tables", "figures"}
    assert row["files"] == sum(1 for path in out.rglob("*") if path.is_file())
    page = (out / "report.html").read_text()
    assert "random-search.rank-law" in page
    assert "2 optimizers ran 3 times on 1 data set: 120 queries" in page


def test_prints_the_path_of_the_page_beside_the_results(
    app: typer.Typer, small_study: Callable[..., Path], tmp_path: Path
) -> None:
    one = ("nas-bench-201/cifar10",)
    folder = small_study(tmp_path, optimizers=("random_search",), runs=1, budget="queries = 2", benchmarks=one)
    done = CliRunner().invoke(app, [str(folder)])
    assert done.stdout == f"{folder / 'report' / 'report.html'}\n"
    assert (folder / "report" / "report.html").is_file()


def test_importing_the_command_imports_nothing_heavy() -> None:
    code = "import sys, reports.commands; print([m for m in ('numpy', 'matplotlib', 'scipy', 'pyarrow', 'jinja2') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_report_over_a_file_is_refused(app: typer.Typer, study_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = CliRunner().invoke(app, [str(study_folder), "--out", str(tmp_path / "file")])
    assert isinstance(done.exception, NasbenchError)
    assert "is a file" in str(done.exception)


@pytest.mark.parametrize(
    ("folder", "fault"),
    [("nothing", "There is no results folder"), (".", "is not a results folder of this suite|is empty")],
)
def test_what_is_no_results_folder_is_refused(app: typer.Typer, tmp_path: Path, folder: str, fault: str) -> None:
    done = CliRunner().invoke(app, [str(tmp_path / folder)])
    assert isinstance(done.exception, NasbenchError)
    with pytest.raises(NasbenchError, match=fault):
        raise done.exception


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"command": "run", "runs": [{"a": 1}]}', '{"command": "verify", "verdicts": []}']
)
def test_what_is_no_judgement_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "judged.json"
    path.write_text(content)
    with pytest.raises(NasbenchError, match=r"is not JSON|holds no results"):
        read_judgements(path)
    with pytest.raises(NasbenchError, match="is not JSON"):
        read_judgements(tmp_path / "absent.json")


def test_judgements_keep_every_row_and_say_what_is_undefined(tmp_path: Path) -> None:
    path = tmp_path / "verify.json"
    rows = [
        {**VERDICT, "low": 0.4, "high": 0.7, "fault": False},
        {**VERDICT, "low": None, "high": None, "p_value": 0.3, "verdict": "violated"},
    ]
    path.write_text(json.dumps({"command": "verify", "verdicts": rows}))
    table = read_judgements(path)
    keys = [column.key for column in table.columns]
    assert keys == ["claim", "verdict", "statistic", "bound", "p_value", "n"]
    assert [row[1].value for row in table.rows] == ["holds", "violated"]
    assert table.rows[0][2].interval is not None
    assert list(table.footnotes) == ["there is none"]
