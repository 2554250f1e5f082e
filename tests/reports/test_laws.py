"""Theory beside the runs of a report: the same verdicts as `nasbench verify --traces`, table and figure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nasbench.reports.analysis.evaluation import BenchmarkEvaluation, evaluate_study
from nasbench.reports.analysis.results import Results
from nasbench.reports.figures.style import Styles
from nasbench.reports.figures.theory_predictions import laws
from nasbench.reports.tables.table import value_text
from nasbench.reports.tables.theory_predictions import laws_table
from nasbench.theory.machinery.claim import Outcome, not_judged
from nasbench.theory.traces.runs import open_runs
from nasbench.theory.traces.trace_checks import check_traces, decide

ONE = "nas-bench-201/cifar10"


@pytest.fixture(scope="module")
def folder(small_study: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two optimizers to which claims apply and one to which none does."""
    return small_study(
        tmp_path_factory.mktemp("laws"),
        optimizers=("random_search", "hybrid", "simulated_annealing"),
        runs=8,
        chunk=4,
        benchmarks=(ONE,),
        repeat_policy="cache",
        budget="unique_queries = 20",
    )


@pytest.fixture(scope="module")
def evaluations(folder: Path) -> list[BenchmarkEvaluation]:
    return list(evaluate_study(Results.open(folder)))


def test_verdicts_and_curves_are_those_of_verify(folder: Path, evaluations: list[BenchmarkEvaluation]) -> None:
    spoken = decide([check for e in evaluations for check in e.laws])
    expected = [s for s in check_traces(open_runs(folder)) if not s.claim.startswith("complexity.")]
    assert [(s.claim, s.optimizer, s.verdict.outcome) for s in spoken] == [
        (s.claim, s.optimizer, s.verdict.outcome) for s in expected
    ]
    assert {s.claim for s in spoken} == {
        "random-search.rank-law-with-replacement",
        "random-search.expected-regret",
        "hybrid.tail",
        "random-search.uniform-draws",
        "convergence.used-up-hybrid",
        "convergence.start-simulated-annealing",
    }
    for ours, theirs in zip(spoken, expected, strict=True):
        np.testing.assert_equal(ours.verdict.statistic, theirs.verdict.statistic)
        if ours.curve is not None and theirs.curve is not None:
            np.testing.assert_array_equal(ours.curve.seen, theirs.curve.seen)


def test_the_table_has_every_verdict_and_says_why_a_number_is_missing(evaluations: list[BenchmarkEvaluation]) -> None:
    met = decide(evaluations[0].laws)
    of_means = not_judged(Outcome.ASSUMPTION_VIOLATED, "the law is that of a search on seed means")
    spoken = [*met, replace(met[0], verdict=of_means)]
    table = laws_table(evaluations, spoken)
    assert table is not None
    assert [row[3].value for row in table.rows] == [s.verdict.outcome.value for s in spoken]
    unmet = [row for row in table.rows if row[3].value == "assumption-violated"]
    assert unmet and all(value_text(table.columns[4], row[4]) == "–" for row in unmet)
    assert any("seed means" in reason for reason in table.footnotes)
    assert laws_table(evaluations, []) is None


def test_the_figure_has_a_panel_a_curve(evaluations: list[BenchmarkEvaluation]) -> None:
    spoken = decide(evaluations[0].laws)
    figure = laws(evaluations, spoken, Styles(tuple(evaluations[0].outcomes)))
    assert figure is not None
    assert len(figure.panels) == sum(s.curve is not None for s in spoken) == 2
    for panel, check in zip(figure.panels, (s for s in spoken if s.curve is not None), strict=True):
        assert check.claim in panel.alt and check.verdict.outcome.value in panel.alt
    assert laws(evaluations, [replace(s, verdict=replace(s.verdict, curve=None)) for s in spoken], Styles(())) is None


def test_the_bound_on_the_hybrid_is_kept_and_a_hybrid_that_breaks_it_is_caught(folder: Path) -> None:
    """The mutant never comes to the better half: 8 runs of 20 queries are enough to tell."""
    own = next(r for r in open_runs(folder) if r.entry.name == "hybrid")
    assert check_traces([own], claims={"hybrid.tail"})[0].verdict.outcome in (Outcome.HOLDS, Outcome.VACUOUS)
    assert own.landscape is not None
    worst = own.landscape.order[-own.index.shape[1] :]
    many = replace(own, index=np.tile(worst, (40, 1)), observed=np.repeat(own.observed[:1], 40, axis=0))
    (check,) = check_traces([many], claims={"hybrid.tail"})
    assert check.verdict.outcome is Outcome.VIOLATED
    assert check.curve is not None and check.curve.kind == "bound"
