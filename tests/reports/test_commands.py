"""`nasbench report` as a user meets it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from nasbench.cli.main import status
from nasbench.errors import NasbenchError
from nasbench.reports.analysis.forks import in_forks
from nasbench.reports.commands import report
from nasbench.reports.statistics.result import Interval, Undefined
from nasbench.reports.tables.included_results import read_judgements

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
    done = CliRunner().invoke(app, [str(folder), "--out", str(out), "--include-json", str(judged), "--json"])
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["command"] == "report"
    (row,) = document["reports"]
    assert Path(row["page"]) == out / "report.html"
    assert {path.name for path in out.iterdir()} == {"report.html", "report.md", "report.tex", "tables", "figures"}
    assert row["files"] == sum(1 for path in out.rglob("*") if path.is_file())
    page = (out / "report.html").read_text()
    assert "Theory verdicts" in page and "1 holds." in page
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
    code = "import sys, nasbench.reports.commands; print([m for m in ('numpy', 'matplotlib', 'scipy', 'pyarrow', 'jinja2') if m in sys.modules])"
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


@pytest.mark.parametrize("lacking", ["claim", "verdict"])
def test_a_verdict_that_lacks_what_it_should_say_is_refused(tmp_path: Path, lacking: str) -> None:
    path = tmp_path / "verify.json"
    path.write_text(json.dumps({"command": "verify", "verdicts": [{k: v for k, v in VERDICT.items() if k != lacking}]}))
    with pytest.raises(NasbenchError, match=f"a row without '{lacking}'"):
        read_judgements(path)


def test_judgements_keep_every_row_and_say_what_is_undefined(tmp_path: Path) -> None:
    path = tmp_path / "verify.json"
    rows = [
        {**VERDICT, "low": 0.4, "high": 0.7, "fault": False},
        {**VERDICT, "low": None, "high": None, "p_value": 0.3, "verdict": "violated"},
    ]
    path.write_text(json.dumps({"command": "verify", "verdicts": rows}))
    (table,) = read_judgements(path)
    keys = [column.key for column in table.columns]
    assert keys[:5] == ["family", "claim", "verdict", "statistic", "bound"]
    assert [row[2].value for row in table.rows] == ["holds", "violated"]
    assert table.rows[0][3].interval is not None and table.rows[1][3].interval is None
    assert [row[6].value for row in table.rows][1] == 0.3
    assert "1 holds, 1 violated" in table.caption


def test_growth_has_a_table_of_its_own_with_what_was_measured(tmp_path: Path) -> None:
    """From the check itself, so that the note is what the check writes."""
    import numpy as np

    from nasbench.theory.families.complexity.growth import Slope, check_slopes

    sizes = np.geomspace(10, 1000, 8)
    slopes = [
        Slope.of("operations", sizes, 3 * sizes**2, 2.0),
        Slope.of("memory", sizes, sizes ** np.linspace(0.9, 1.0, 8), 1.0),
    ]
    verdict = check_slopes(slopes, 1000, "T = 10 to 1000")
    row = {"claim": "complexity.some", "verdict": verdict.outcome.value, "note": verdict.note, "n": 1000}
    path = tmp_path / "verify.json"
    path.write_text(json.dumps({"command": "verify", "verdicts": [row, VERDICT]}))
    others, growth = read_judgements(path)
    assert [r[1].value for r in others.rows] == ["rank-law"]
    cells = {column.key: cell for column, cell in zip(growth.columns, growth.rows[0], strict=True)}
    assert cells["order"].value == 2.0 and cells["memory_order"].value == 1.0
    assert cells["operations"].value == pytest.approx(slopes[0].slope, abs=0.006)
    bounds = cells["memory"].interval
    assert isinstance(bounds, Interval) and bounds.upper == pytest.approx(slopes[1].upper, abs=0.006)
    assert isinstance(cells["time"].value, Undefined)
    assert cells["sizes"].value == "10 to 1000"


@pytest.mark.parametrize("word", ["hypotheses", "claims"])
def test_hypotheses_are_shown_with_every_number_they_rest_on(word: str, tmp_path: Path) -> None:
    from nasbench.reports.hypotheses.statements import load_statements
    from nasbench.reports.hypotheses.tables import part_rows, rows_of
    from nasbench.reports.hypotheses.verdict import Part, below, not_run

    first, second = load_statements().hypotheses[:2]
    never = Undefined("nobody arrived")
    parts = [
        Part(of="a", statistic=0.4, lower=0.3, upper=0.45, n=9, runs="abc"),
        Part(of="b", statistic=never, lower=never, upper=never, n=9, runs="abd"),
    ]
    verdicts = [below(first, parts, 0.5), not_run(second, "nothing is there", "run it")]
    path = tmp_path / "claims.json"
    first_edition = {"hypothesis": "claim"} if word == "claims" else {}
    rows, numbers = (
        [{first_edition.get(key, key): value for key, value in row.items()} for row in several]
        for several in (rows_of(verdicts), part_rows(verdicts))
    )
    document = {"command": word, word: rows, "parts": numbers, "registration": "f" * 64}
    path.write_text(json.dumps(document))
    claims, evidence = read_judgements(path)
    assert [row[2].value for row in claims.rows] == ["not shown", "not run"]
    assert [row[2].value for row in evidence.rows] == [0.4, never]
    assert evidence.rows[0][2].runs == "abc"


def test_several_processes_write_the_same_report(study_folder: Path, tmp_path: Path) -> None:
    wanted = tmp_path / "style.toml"
    wanted.write_text('[figures]\nformats = ["svg"]\nshow = ["survival", "mean-rank"]\n')
    for jobs in (1, 2):
        options = ["--style", str(wanted), "--out", str(tmp_path / f"{jobs}"), "--jobs", str(jobs)]
        assert status(["report", str(study_folder), *options]) == 0
    one, two = ({p.relative_to(tmp_path / j): p.read_bytes() for p in (tmp_path / j).rglob("*.*")} for j in "12")
    assert one.keys() == two.keys() and all(one[name] == two[name] for name in one)


def test_a_process_of_a_report_that_ends_is_a_sentence() -> None:
    assert in_forks([lambda i=i: i * i for i in range(5)], 2) == [0, 1, 4, 9, 16]  # type: ignore[misc]
    with pytest.raises(NasbenchError, match="ended early"):
        in_forks([lambda: os._exit(1), lambda: None], 2)
    with pytest.raises(ZeroDivisionError):
        in_forks([lambda: 1 // 0, lambda: 0], 2)


def test_a_report_in_python_has_the_options_and_defaults_of_the_command(app: typer.Typer, tmp_path: Path) -> None:
    import inspect

    import nasbench

    shared = set(inspect.signature(nasbench.report).parameters) - {"results"}
    command = inspect.signature(report).parameters
    assert shared <= set(command) and {"jobs", "alpha", "export", "tidy", "figures", "style", "compact"} <= shared
    assert all(
        inspect.signature(nasbench.report).parameters[name].default in (command[name].default, ())
        for name in shared - {"out"}
    )
    path = tmp_path / "runs.csv"
    rows = [f"{m},{r},{q},{10 + (r * 7 + q * 3) % 5 + (m == 'b')}" for m in "ab" for r in range(6) for q in range(4)]
    path.write_text("\n".join(["method,run,query,value", *rows]))
    options = ["--figures", "none", "--alpha", "0.1", "--export", "ioh", "--tidy", str(tmp_path / "c.parquet")]
    assert CliRunner().invoke(app, [str(path), "--out", str(tmp_path / "c"), *options]).exit_code == 0
    page = nasbench.report(
        nasbench.read_traces(path), tmp_path / "p", figures="none", alpha=0.1, export="ioh", tidy=tmp_path / "p.parquet"
    )
    assert page.read_text() == (tmp_path / "c" / "report.html").read_text() and "90%" in page.read_text()
    assert (tmp_path / "p.parquet").is_file() and (tmp_path / "p" / "ioh").is_dir()
    with pytest.raises(NasbenchError, match="error rate"):
        nasbench.report(nasbench.read_traces(path), tmp_path / "q", alpha=0.5)


def test_progress_ends_at_its_total(tmp_path: Path) -> None:
    import nasbench
    from nasbench.reports.page.make import make_report
    from nasbench.reports.page.options import ReportOptions

    path = tmp_path / "runs.csv"
    path.write_text("method,problem,run,query,value\na,p,0,0,1\na,p,0,1,2\na,q,0,0,1\na,q,0,1,2\n")
    told: list[tuple[float, int]] = []
    make_report(
        nasbench.read_traces(path),
        tmp_path / "out",
        options=ReportOptions(formats=("svg",), figures=("anytime-queries",), jobs=2),
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == sorted(told) and told[0] == (0, 100) and told[-1] == (100, 100) and len(set(told)) > 5
