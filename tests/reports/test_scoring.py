"""What reports say of splits is true: of a test split that was searched, of one that was not, of tables without one, of papers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nasbench.reports.analysis.results import Results
from nasbench.reports.analysis.scoring import Scoring, exposure, is_held_out, scored_by, searched_on
from nasbench.reports.page.options import ReportOptions
from nasbench.reports.page.report import Report, build_report
from nasbench.reports.papers.catalogue import get_paper
from nasbench.reports.papers.tables import searched_splits

UNSEEN = "which no optimizer sees"
OPTIMISED = "that the search optimised"
HELD = Scoring(name="a", searched="validation", scored="test", epochs=200, trained=(200,), has_test=True)
SAME = Scoring(name="b", searched="test", scored="test", has_test=True)
LACKING = Scoring(name="c", searched="validation", scored="validation", epochs=1, trained=(1,))
EXACT = Scoring(name="d", searched="", scored="", kind="closed form")
GIVEN = Scoring(name="e", searched="", scored="")


def test_each_kind_of_split_has_its_sentence() -> None:
    assert exposure([HELD]) == (
        "The search used the validation split; scores are those of the test split, which no optimizer sees.",
    )
    (same,), (lacking,) = exposure([SAME]), exposure([LACKING])
    assert OPTIMISED in same and "test split itself" in same and UNSEEN not in same
    assert OPTIMISED not in lacking or lacking.startswith("There is no test split of c")
    assert "optimistic" in same and "optimistic" in lacking
    assert exposure([EXACT, GIVEN]) == ()
    mixed = exposure([HELD, SAME, LACKING, EXACT])
    assert len(mixed) == 3 and "scores of a are those of the test split" in mixed[0]
    assert [is_held_out([s]) for s in (HELD, SAME, LACKING, EXACT, GIVEN)] == [True, False, False, True, True]


def test_scores_and_trainings_in_words() -> None:
    assert scored_by([HELD, EXACT]) == "mean over training seeds on the test split after 200 epochs or exact value"
    assert searched_on([HELD, LACKING]) == "seed mean on the validation split, which the search used"
    assert LACKING.training == "1 epoch" and HELD.training == "200 epochs"
    assert "does not count" in SAME.training and EXACT.training == "" == GIVEN.training
    assert "after 1 epoch" in LACKING.score and "epoch" not in SAME.score


def everything(report: Report) -> str:
    tables = [text for table in report.tables for text in (table.caption, *table.notes)]
    figures = [figure.caption for figure in report.figures]
    return " ".join([*report.summary, *report.methods, *tables, *figures, *(item.answer for item in report.checklist)])


@pytest.mark.parametrize("split", ["test", "validation"])
def test_a_search_on_the_test_split_is_told_everywhere(
    small_study: Callable[..., Path], tmp_path: Path, split: str
) -> None:
    folder = small_study(
        tmp_path, optimizers=("random_search", "local_search"), benchmarks=("nas-bench-graph/cora",), runs=3, epochs='"longest"', split=split,
        budget="queries = 5",
    )  # fmt: skip
    report = build_report(Results.open(folder), options=ReportOptions(formats=()))
    comparison = next(table for table in report.tables if table.name == "comparison")
    same = next(item for item in report.checklist if "split" in item.question)
    for told in (" ".join(report.methods), " ".join(comparison.notes), same.answer):
        assert (OPTIMISED in told, UNSEEN in told) == ((True, False) if split == "test" else (False, True))
    assert same.status == ("partly" if split == "test" else "met")
    assert "no optimizer sees" not in everything(report) or split == "validation"
    assert "1 epochs" not in everything(report) and "does not count" in report.methods[0]


def test_a_published_table_says_which_rows_the_search_optimised() -> None:
    unseen, used = sorted(searched_splits(get_paper("nas-bench-201")), key=lambda text: OPTIMISED in text)
    assert UNSEEN in unseen and "the test rows" in unseen
    assert OPTIMISED in used and "the validation rows" in used
    assert searched_splits(get_paper("local-search")) == ()  # it reports queries
