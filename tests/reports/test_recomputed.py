"""Entries of the tables, recomputed with pandas and scipy from the table of runs that the report was made of."""

from __future__ import annotations

from itertools import combinations

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


def cells(table: ReportTable) -> pd.DataFrame:
    """The cells of a table by problem and method, a column by its key."""
    names = [column.key for column in table.columns]
    frame = pd.DataFrame([dict(zip(names, row, strict=True)) for row in table.rows])
    frame.index = pd.MultiIndex.from_tuples([(row[0].value, row[1].value) for row in table.rows])
    return frame


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
    for problem, own in final.groupby(level="problem"):
        scores = own.droplevel("problem")
        leader = scores.mean(axis=1).idxmin()
        pairs = list(combinations(scores.index, 2))
        p_values = pd.Series([wilcoxon(scores.loc[a] - scores.loc[b]).pvalue for a, b in pairs]).sort_values()
        steps = np.maximum.accumulate(p_values * np.arange(len(pairs), 0, -1)).clip(upper=1.0)
        adjusted = {frozenset(pairs[place]): value for place, value in steps.items()}
        for method, score in scores.iterrows():
            cell = found.loc[(problem, method)]
            check(number(cell["mean"]), score.mean())
            check(number(cell["sd"]), score.std())
            check(number(cell["median"]), score.median())
            check(number(cell["n"]), score.count())
            check(number(cell["optimum"]), optimum[problem])
            assert cell["mean"].best == (method == leader)
            if method == leader:
                assert isinstance(cell["p_value"].value, Undefined) and isinstance(cell["a12"].value, Undefined)
                continue
            wins = np.sign(np.subtract.outer(score.to_numpy(), scores.loc[leader].to_numpy()))
            check(number(cell["a12"]), (wins.mean() + 1) / 2)
            check(number(cell["p_value"]), adjusted[frozenset((method, leader))])
    found = cells(tables["anytime"])
    regret = incumbent.assign(regret=incumbent["best"] - incumbent["problem"].map(optimum))
    for share, queries in FRACTIONS.items():
        quartiles = (
            regret[regret["query"] == queries - 1].groupby(["problem", "method"])["regret"].quantile([0.25, 0.5, 0.75])
        )
        for place, cell in found[f"at {share:g}"].items():
            assert isinstance(place, tuple) and isinstance(cell.interval, Interval)
            for seen, quantile in ((cell.interval.lower, 0.25), (number(cell), 0.5), (cell.interval.upper, 0.75)):
                check(seen, quartiles.loc[(*place, quantile)])
    assert checked >= 400
