"""Entries of the tables, recomputed with pandas and scipy from the table of runs that the report was made of."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import wilcoxon

import nasbench
from nasbench.reports.page.options import ReportOptions
from nasbench.reports.page.report import build_report
from nasbench.reports.statistics.result import Interval, Undefined
from nasbench.reports.tables.table import ReportTable, TableCell

FRACTIONS = {0.05: 1, 0.1: 2, 0.25: 5, 0.5: 10, 1.0: 20}
"""Queries that shares of a budget of 20 are."""


@pytest.fixture(scope="module")
def runs() -> pd.DataFrame:
    """Five methods on four problems, 15 runs of 20 queries each."""
    rng = np.random.default_rng(11)
    rows = [
        (f"m{m}", f"p{p}", run, query) for p in range(4) for m in range(5) for run in range(15) for query in range(20)
    ]
    frame = pd.DataFrame(rows, columns=["method", "problem", "run", "query"])
    return frame.assign(value=10 + 0.3 * frame["method"].str[1].astype(int) + rng.gamma(2.0, 1.0, len(frame)))


@pytest.fixture(scope="module")
def tables(runs: pd.DataFrame) -> dict[str, ReportTable]:
    report = build_report(nasbench.read_traces(runs), options=ReportOptions(formats=()))
    return {table.name: table for table in report.tables}


def cells(table: ReportTable) -> dict[tuple[str, str], dict[str, TableCell]]:
    """The cells of a table by problem and method, by the key of their column."""
    names = [column.key for column in table.columns]
    return {(str(row[0].value), str(row[1].value)): dict(zip(names, row, strict=True)) for row in table.rows}


def number(cell: TableCell) -> float:
    assert isinstance(cell.value, int | float)
    return float(cell.value)


def test_four_hundred_entries_are_what_pandas_computes(runs: pd.DataFrame, tables: dict[str, ReportTable]) -> None:
    checked = 0

    def check(cell: float, expected: float) -> None:
        nonlocal checked
        assert cell == pytest.approx(expected, rel=1e-9, abs=1e-9)
        checked += 1

    incumbent = runs.assign(best=runs.groupby(["problem", "method", "run"])["value"].cummin())
    final = incumbent[incumbent["query"] == 19].set_index(["problem", "method", "run"])["best"].unstack("run")
    optimum = runs.groupby("problem")["value"].min()
    found = cells(tables["comparison"])
    for problem in optimum.index:
        scores: dict[str, Any] = {str(m): own.to_numpy() for m, own in final.xs(problem).T.items()}
        leader = min(scores, key=lambda method: float(scores[method].mean()))
        pairs = list(combinations(scores, 2))
        p_values = np.array([wilcoxon(scores[a] - scores[b]).pvalue for a, b in pairs])
        order = np.argsort(p_values)
        steps = np.minimum(np.maximum.accumulate(p_values[order] * np.arange(len(pairs), 0, -1)), 1.0)
        adjusted = {frozenset(pairs[place]): float(value) for place, value in zip(order, steps, strict=True)}
        for method, score in scores.items():
            cell = found[problem, method]
            check(number(cell["mean"]), score.mean())
            check(number(cell["sd"]), pd.Series(score).std())
            check(number(cell["median"]), pd.Series(score).median())
            check(number(cell["n"]), len(score))
            check(number(cell["optimum"]), float(optimum[problem]))
            assert cell["mean"].best == (method == leader)
            if method == leader:
                assert isinstance(cell["p_value"].value, Undefined) and isinstance(cell["a12"].value, Undefined)
                continue
            wins = np.sign(np.subtract.outer(score, scores[leader]))
            check(number(cell["a12"]), (wins.mean() + 1) / 2)
            check(number(cell["p_value"]), adjusted[frozenset((method, leader))])
    found = cells(tables["anytime"])
    regret = incumbent.assign(regret=incumbent["best"] - incumbent["problem"].map(optimum))
    for share, queries in FRACTIONS.items():
        at = regret[regret["query"] == queries - 1].groupby(["problem", "method"])["regret"]
        quartiles = [at.quantile(level).to_dict() for level in (0.25, 0.5, 0.75)]
        for place, row in found.items():
            shown = row[f"at {share:g}"]
            assert isinstance(shown.interval, Interval)
            seen = (shown.interval.lower, number(shown), shown.interval.upper)
            for value, expected in zip(seen, quartiles, strict=True):
                check(value, expected[place])
    assert checked >= 400
