"""Studies that decide little: the report says so, in words, and no library warns (warnings are errors here)."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nasbench.benchmarks.catalogue import get_benchmark
from nasbench.benchmarks.landscape_report import describe
from nasbench.reports.analysis.evaluation import evaluate_study
from nasbench.reports.analysis.results import Results
from nasbench.reports.figures.landscape import landscape
from nasbench.reports.page.options import ReportOptions
from nasbench.reports.page.report import Report, build_report
from nasbench.reports.page.writer import write_report
from nasbench.reports.statistics.result import Undefined
from nasbench.tables.importers import import_table

ONE = ("nas-bench-201/cifar10",)


def reported(folder: Path, out: Path) -> tuple[Report, str]:
    report = build_report(Results.open(folder))
    page = write_report(report, out).page.read_text(encoding="utf-8")
    visible = re.sub(r"<(script|style|svg).*?</\1>", "", page, flags=re.DOTALL)
    text = re.sub(r"<[^>]+>", " ", visible)
    assert not re.search(r"\b(nan|NaN|inf|None)\b", text)
    return report, text


def test_one_run_of_one_optimizer_on_one_data_set(small_study: Callable[..., Path], tmp_path: Path) -> None:
    folder = small_study(tmp_path, optimizers=("local_search",), runs=1, benchmarks=ONE, budget="queries = 30")
    report, text = reported(folder, tmp_path / "out")
    assert "no CI: one run shows no variation between runs" in " ".join(report.summary)
    assert "There is one optimizer, so nothing is compared" in text
    assert [f.name for f in report.figures if f.refused] == [
        "performance-profile",
        "win-probability",
        "pairwise-significance",
        "mean-rank",
        "critical-difference",
    ]
    statuses = {item.question: item.status for item in report.checklist}
    assert statuses["Multiple runs, with their seeds reported?"] == "missing"
    assert statuses["Compared to random search?"] == "missing"
    assert statuses["Ablation studies?"] == "not recorded"


def test_ties_everywhere_and_every_run_censored(small_study: Callable[..., Path], tmp_path: Path) -> None:
    # The same algorithm three times, one query each: equal scores, and nobody reaches a hard target.
    extra = "".join(f'\n[[methods]]\nname = "random_search"\nlabel = "{name}"\n' for name in ("a", "b", "c"))
    folder = small_study(tmp_path, optimizers=(), extra=extra, runs=4, benchmarks=ONE, budget="queries = 1")
    report, text = reported(folder, tmp_path / "out")
    assert "a, b and c share the lowest mean" in report.summary[1]
    assert "all 4 pairs are equal" in text
    assert "not defined on CIFAR-10 (none of the 4 and 4 runs reached the target within 1)" in text
    assert (
        "The study had too little power: with 4 runs even the largest effect, A12 = 1, is detected with probability 0."
        in text
    )
    assert "none of 4 runs reached the target" in text
    assert "nothing but the label" in text


def test_runs_that_stop_at_different_lengths(small_study: Callable[..., Path], tmp_path: Path) -> None:
    folder = small_study(
        tmp_path,
        optimizers=("random_search", "local_search"),
        runs=3,
        benchmarks=ONE,
        repeat_policy="cache",
        budget="train_seconds = 40000.0",
    )
    report, text = reported(folder, tmp_path / "out")
    lengths = Results.open(folder).traces(ONE[0], "random_search").lengths
    assert len(set(lengths.tolist())) > 1
    assert "40,000 train seconds" in text
    assert {table.name for table in report.tables} >= {"comparison", "anytime", "cost"}


def test_two_runs(small_study: Callable[..., Path], tmp_path: Path) -> None:
    folder = small_study(tmp_path, runs=2, benchmarks=ONE, budget="queries = 15")
    report, _ = reported(folder, tmp_path / "out")
    assert "The study had too little power: with 2 runs even the largest effect, A12 = 1," in report.summary[-1]


def test_tables_without_training_times_and_with_a_test_split(small_study: Callable[..., Path], tmp_path: Path) -> None:
    cells = tuple(f"nas-bench-graph/{name}" for name in ("cora", "citeseer", "cs", "photo", "physics"))
    extra = '\n[[methods]]\nname = "random_search"\nlabel = "other"\nsettings = { replacement = false }\n'
    folder = small_study(
        tmp_path,
        optimizers=("random_search", "local_search"),
        extra=extra,
        runs=3,
        benchmarks=cells,
        epochs='"longest"',
    )
    report, text = reported(folder, tmp_path / "out")
    assert report.summary[0].endswith("the benchmarks record no training times.")
    assert "time-to-target-train-seconds" not in {table.name for table in report.tables}
    figures = {figure.name: figure for figure in report.figures}
    assert figures["anytime-train-seconds"].refused == "no training times are recorded"
    assert "5 data sets of 1 table" in figures["critical-difference"].refused
    assert "test split" in text
    assert "There is no test split" not in text


SIX_ROWS = """op,width,acc,time,lat
conv,8,{0},1000,5
conv,16,{1},10,6
pool,8,{2},600,7
pool,16,{3},1,7
skip,8,{4},1000,9
skip,16,{5},0.5,10
"""
DESCRIBED = """
name = "six"
data = "six.csv"
provenance = "six rows by hand"
columns = [
  { dataset = "d", quantity = "accuracy", split = "validation", epochs = 1, unit = "%", column = "acc" },
  { dataset = "d", quantity = "train_time", epochs = 1, unit = "s", column = "time" },
  { dataset = "d", quantity = "latency@chip", unit = "ms", column = "lat" },
]
[space]
name = "six-space"
decisions = [{ name = "op", choices = ["conv", "pool", "skip"] }, { name = "width", choices = ["8", "16"] }]
"""
RISING, FLAT = (90, 91, 92, 93, 94, 95), (90,) * 6


@pytest.fixture
def six(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[tuple[int, ...]], None]:
    """Import the table of six rows with these accuracies."""
    monkeypatch.setenv("NASBENCH_CACHE", str(tmp_path / "cache"))

    def importer(accuracies: tuple[int, ...]) -> None:
        (tmp_path / "six.csv").write_text(SIX_ROWS.format(*accuracies))
        (tmp_path / "six.toml").write_text(DESCRIBED)
        import_table("table", tmp_path / "six.toml")

    return importer


@pytest.mark.parametrize(
    ("accuracies", "budget", "settings", "objectives"),
    [
        (RISING, "queries = 6", "{ replacement = false }", ("error",)),
        (RISING, "queries = 3000", "{}", ("error",)),
        (FLAT, "queries = 5", "{}", ("error",)),
        (FLAT, "queries = 50", "{}", ("error", "latency@chip")),
        (RISING, "train_seconds = 2500.0", "{}", ("error",)),
    ],
)
def test_laws_that_are_met_exactly_are_reported(
    small_study: Callable[..., Path], six: Callable[[tuple[int, ...]], None], tmp_path: Path, accuracies: tuple[int, ...],
    budget: str, settings: str, objectives: tuple[str, ...],
) -> None:  # fmt: skip
    six(accuracies)
    extra = f'\n[[methods]]\nname = "random_search"\nsettings = {settings}\n'
    folder = small_study(
        tmp_path, optimizers=(), extra=extra, runs=20, benchmarks=("six/d",), epochs="[1]", budget=budget, objectives=objectives, seeds="mean",
    )  # fmt: skip
    write_report(build_report(Results.open(folder), options=ReportOptions(formats=())), tmp_path / "out")


def test_a_law_without_regret_left_is_met_exactly(
    small_study: Callable[..., Path], six: Callable[[tuple[int, ...]], None], tmp_path: Path
) -> None:
    six(RISING)
    extra = '\n[[methods]]\nname = "random_search"\nsettings = { replacement = false }\n'
    folder = small_study(
        tmp_path,
        optimizers=(),
        extra=extra,
        runs=3,
        benchmarks=("six/d",),
        epochs="[1]",
        budget="queries = 6",
        seeds="mean",
    )
    report, text = reported(folder, tmp_path / "out")
    table = next(table for table in report.tables if table.name == "laws")
    verdicts = {str(row[2].value): str(row[3].value) for row in table.rows}
    assert verdicts["random-search.expected-regret"] == "holds"
    assert "every run has to meet it exactly" in text
    # All 20 best of six architectures are all six: a target is no larger than the table.
    assert all(0.0 <= float(row[4].value) <= 1.0 for row in table.rows if not isinstance(row[4].value, Undefined | str))


def test_a_flat_table_is_described_without_a_warning(six: Callable[[tuple[int, ...]], None]) -> None:
    six(FLAT)
    benchmark = get_benchmark("six/d")
    facts = {fact.name: fact.value for fact in describe(benchmark, ["latency@chip"])}
    assert facts["correlation of neighbours"] is None and facts["fitness-distance correlation"] is None
    assert facts["architectures that attain it"] == 6
    figure = landscape(benchmark)
    assert len(figure.panels) == 3 and "does not vary" in figure.panels[2].alt


def test_one_and_two_runs_are_told_no_probability(small_study: Callable[..., Path], tmp_path: Path) -> None:
    folder = small_study(tmp_path, runs=2, benchmarks=ONE, budget="queries = 5")
    report = build_report(Results.open(folder), options=ReportOptions(formats=()))
    table = next(table for table in report.tables if table.name == "practical")
    assert all(isinstance(cell.value, Undefined) for row in table.rows for cell in row[2:5])
    assert "2 runs of each are too few for a posterior probability (at least 6 are needed)" in " ".join(table.footnotes)


def test_one_query_a_run_at_very_different_costs(
    small_study: Callable[..., Path], six: Callable[[tuple[int, ...]], None], tmp_path: Path
) -> None:
    """Some runs have ended before the first query of others is answered, so curves begin where all have an incumbent."""
    six(RISING)
    folder = small_study(
        tmp_path, optimizers=("random_search", "local_search", "one_plus_one_ea"), runs=4, benchmarks=("six/d",), epochs="[1]",
        budget="train_seconds = 0.2",
    )  # fmt: skip
    results = Results.open(folder)
    write_report(build_report(results, options=ReportOptions(formats=())), tmp_path / "out")
    (evaluation,) = evaluate_study(results)
    for fraction in (0.25, 0.5, 1.0):
        assert all(np.isfinite(regret).all() for regret in evaluation.at_fraction(fraction).values())
    for outcome in evaluation.outcomes.values():
        assert all(np.isfinite(curve.regret).all() for curve in outcome.curves.values())
