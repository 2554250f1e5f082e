"""The error rate of a report, and names that a study chooses."""

from __future__ import annotations

from pathlib import Path

import pytest

import nasbench
from nasbench.cli.main import status
from nasbench.errors import NasbenchError
from nasbench.reports.page.options import ReportOptions
from nasbench.reports.page.report import build_report
from nasbench.reports.statistics.result import Interval
from nasbench.study.toml import parse_study

QUIET = ReportOptions(formats=())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two methods on one data set, with names of their own."""
    study = nasbench.Study(
        problems=["nas-bench-201/cifar10"],
        methods=["random_search", "local_search", "regularized_evolution"],
        runs=8,
        budget={"queries": 30},
        names={"random_search": "Uniform sampling", "cifar10": "The first set"},
    )
    out = tmp_path_factory.mktemp("rate") / "study"
    study.run(out)
    return out


def test_the_error_rate_is_named_wherever_intervals_and_tests_are(folder: Path) -> None:
    results = nasbench.load_results(folder)
    usual, stricter = (build_report(results, options=o) for o in (QUIET, ReportOptions(formats=(), alpha=0.01)))
    for report, rate, other in ((usual, "95% CI", "99% CI"), (stricter, "99% CI", "95% CI")):
        tables = [
            table for table in report.tables if table.name != "laws"
        ]  # tests of theory have a design of their own
        headings = [column.heading for table in tables for column in table.columns]
        text = " ".join([*report.summary, *headings, *(note for table in tables for note in table.notes)])
        assert rate in text and other not in text
    rows = [
        next(table for table in report.tables if table.name == "comparison").rows[0] for report in (stricter, usual)
    ]
    wide, narrow = (row[2].interval for row in rows)
    assert isinstance(wide, Interval) and isinstance(narrow, Interval)
    assert (wide.level, narrow.level) == (0.99, 0.95) and wide.lower < narrow.lower < narrow.upper < wide.upper
    with pytest.raises(NasbenchError, match="should lie between 0 and"):
        ReportOptions(alpha=0.5)


def test_a_study_says_how_reports_call_its_methods(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = build_report(nasbench.load_results(folder), options=QUIET)
    (overview,) = (table for table in report.tables if table.name == "overview")
    assert overview.rows[0][0].value == "Uniform sampling" and overview.columns[1].heading.startswith("The first set")
    text = (folder / "study.toml").read_text()
    assert parse_study(text, "the test").names["cifar10"] == "The first set"
    (tmp_path / "wrong.toml").write_text(
        text.replace('"Uniform sampling"', '"x"').replace("random_search = ", "randm = ")
    )
    assert status(["run", str(tmp_path / "wrong.toml"), "--out", str(tmp_path / "out")]) == 2
    assert "did you mean 'random_search'" in capsys.readouterr().err
