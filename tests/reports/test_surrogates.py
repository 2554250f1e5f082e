"""Reports of benchmarks without a table: predictions of surrogates, whose optimum and front may not be known."""

from __future__ import annotations

from pathlib import Path

import pytest

import nasbench
from nasbench.reports.page.report import build_report


@pytest.mark.parametrize(
    ("problem", "objectives", "optimum"),
    [
        ("accel-nasbench/imagenet", ("accuracy", "throughput@a100"), "best of all architectures"),
        ("hw-gpt-bench/s", ("perplexity",), "best known architecture"),
    ],
)
def test_a_report_says_what_is_known(problem: str, objectives: tuple[str, ...], optimum: str, tmp_path: Path) -> None:
    study = nasbench.Study(
        problems=[problem], methods=["random_search"], runs=2, budget={"queries": 6}, objectives=objectives
    )
    study.run(tmp_path)
    report = build_report(nasbench.load_results(tmp_path))
    tables = [text for table in report.tables for text in (table.caption, *table.notes)]
    figures = [figure.caption for figure in report.figures]
    prose = " ".join([*report.summary, *report.methods, *tables, *figures, *(item.answer for item in report.checklist)])
    assert optimum in prose and "prediction of the surrogate" in prose and "surrogate benchmarks" in prose
    for untrue in ("training seed", "value in the table", "tabular benchmarks", "true front", "one of the ten best."):
        assert untrue not in prose, untrue
    assert ("best known front" in prose) == (len(objectives) > 1)
