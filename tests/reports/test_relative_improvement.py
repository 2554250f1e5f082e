"""Relative improvement over the average architecture: the formula, and the table on a real study."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nasbench.reports.analysis.evaluation import evaluate_study
from nasbench.reports.analysis.results import Results
from nasbench.reports.statistics.result import Interval
from nasbench.reports.tables.relative_improvement import relative_improvement, relative_improvement_table


def test_the_formula_is_that_of_accuracies() -> None:
    errors = np.array([6.0, 13.0, 20.0])
    accuracy, average = 100.0 - errors, 87.0
    assert relative_improvement(errors, 13.0) == pytest.approx(100.0 * (accuracy - average) / average)
    assert relative_improvement(errors, 13.0)[1] == 0.0


def test_a_study_has_one_row_for_each_method_and_data_set(results: Results) -> None:
    evaluations = list(evaluate_study(results))
    table = relative_improvement_table(evaluations)
    assert table is not None and len(table.rows) == sum(len(e.outcomes) for e in evaluations)
    keys = [column.key for column in table.columns]
    first = dict(zip(keys, table.rows[0], strict=True))
    outcome = evaluations[0].outcomes["random_search"]
    expected = 100.0 * (evaluations[0].average - outcome.score.mean()) / (100.0 - evaluations[0].average)
    assert first["improvement"].value == pytest.approx(expected) and expected > 0.0
    bounds = first["improvement"].interval
    assert isinstance(bounds, Interval) and bounds.lower < expected < bounds.upper


def test_there_is_none_where_scores_are_no_percentages(results: Results) -> None:
    evaluations = [replace(e, units=("ms",)) for e in evaluate_study(results)]
    assert relative_improvement_table(evaluations) is None
