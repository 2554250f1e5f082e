"""Reports of live studies: numbers that were put in come out, tests only where seeds allow, and no torch anywhere."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasbench.errors import NasbenchError
from nasbench.reports.analysis.few_seeds import most_coverage, seed_mean, seeds_needed, why_no_test
from nasbench.reports.analysis.results import Results
from nasbench.reports.page.report import build_report
from nasbench.reports.page.writer import write_report
from nasbench.reports.statistics.pairwise import wilcoxon_signed_rank
from nasbench.reports.statistics.result import Estimate, HypothesisTest, Interval, Undefined
from nasbench.study.backend import UnitResult
from nasbench.study.config import Study, WorkUnit
from nasbench.study.live_config import task_of
from nasbench.study.runner import run_study
from nasbench.study.store import Store
from nasbench.study.toml import load_study


def result(unit: WorkUnit, score: float) -> dict[str, Any]:
    """Return a result as a run of a live study writes it."""
    row: dict[str, Any] = {
        "label": unit.label,
        "task": task_of(unit.problem),
        "seed": unit.seed,
        "train_seconds": 1.0 + unit.seed,
    }
    if unit.problem in ("live/co2", "live/ett"):
        row["test_mse"] = score / 10
    else:
        row |= {"test_error": score, "test_macro_f1": 100 - score}
        row["test_class_counts"] = [50, 50] if unit.problem == "live/digits" else [10, 90]
    if unit.method is None and unit.label != "small_cnn":
        return row
    row |= {"parameters": 1000, "latency_ms_batch_1": 2.0, "latency_ms_batch_64": 30.0, "processor_seconds": 5.0}
    if unit.method is None:
        return row
    shares = unit.method.name in ("hybrid_supernet", "gaea", "darts")
    steps = [
        {
            "search": 50.0 / (1 + i),
            "seconds": 2.0,
            "architecture": [i] * 6,
            **({"epoch": i + 1, "skips": i} if shares else {"query": i + 1}),
        }
        for i in range(3)
    ]
    config = {"space": "nas-bench-201", "seed": unit.seed, "search_recipe": {"epochs": 4}}
    row |= {"space": "nas-bench-201", "config": config}
    return {**row, "search_seconds": 6.0, "search_curve": steps, "train_curve": []}


def make(folder: Path, seeds: int, skipped: bool = True, spread: float = 0.0) -> Results:
    """Write the results of `applications` with scores of `10 place + seed + spread place seed^2` and open them."""
    study = load_study("applications").with_runs(seeds)
    store = Store.create_or_resume(
        folder, study, {"device": {"device": "made here", "device_type": "cpu", "threads": 1}}
    )
    places = {label: i + 1 for i, label in enumerate([*(e.label for e in study.methods), "small_cnn"])}
    for unit in study.units():
        if not (skipped and unit.problem == "live/trec"):
            place = places.get(unit.label, 8)
            score = 10.0 * place + unit.seed + spread * place * unit.seed**2
            store.write(unit, UnitResult(timing={}, result=result(unit, score)))
    store.write_skipped({"trec": "there is no text."} if skipped else {})
    return Results.open(folder)


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Three seeds, one task skipped."""
    return make(tmp_path_factory.mktemp("live") / "study", 3)


def test_each_task_has_a_row_and_each_number_its_hash(three: Results) -> None:
    built = build_report(three)
    tables = {table.name: table for table in built.tables}
    assert list(tables) == ["tasks", "scores", "costs", "skipped"]
    overview = tables["tasks"]
    assert [row[0].value for row in overview.rows] == ["digits", "co2", "ett", "breast-mnist"]
    assert [cell.value for cell in overview.rows[0][2:]] == [80.0, "small_cnn", 51.0, 11.0, 21.0, 31.0, 41.0]
    assert [cell.best for cell in overview.rows[0][5:]] == [True, False, False, False]
    first = tables["scores"].rows[0]
    files = [
        three.store.folder / kind / "digits" / "hybrid_supernet" / f"{seed:06d}.json"
        for seed in range(3)
        for kind in ("runs", "timings")
    ]
    assert first[3].runs == hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()[:12]
    assert first[3].value == 11.0 and first[4].value == 10.0 and first[5].value == 12.0 and first[7].value == 3
    assert (
        isinstance(first[3].interval, Interval) and 10 <= first[3].interval.lower < 11 < first[3].interval.upper <= 12
    )
    named = {row[0] for row in built.runs}
    numbers = [c for t in built.tables for r in t.rows for k, c in zip(t.columns, r, strict=True) if k.numeric]
    assert all(cell.runs in named for cell in numbers if not isinstance(cell.value, Undefined))


def test_macro_f1_stands_where_classes_are_unequal(three: Results) -> None:
    (scores,) = (table for table in build_report(three).tables if table.name == "scores")
    f1 = {(row[0].value, row[1].value): row[6].value for row in scores.rows}
    assert f1["breast-mnist", "GAEA"] == pytest.approx(100 - 21.0)
    digits, co2 = f1["digits", "GAEA"], f1["co2", "GAEA"]
    assert isinstance(digits, Undefined) and "about equal" in digits.reason
    assert isinstance(co2, Undefined) and "no classes" in co2.reason


def test_the_page_says_what_was_skipped_and_why_nothing_is_tested(three: Results, tmp_path: Path) -> None:
    built = build_report(three)
    page = write_report(built, tmp_path / "report").page.read_text()
    for expected in (
        "trec was not run: there is no text.",
        "cannot go below p = 0.25",
        "8 seeds are needed",
        "With 3 seeds no difference can be significant; 8 would be needed.",
        "Seeds are not data sets",
    ):
        assert expected in page
    assert "https://" not in page.replace("http://www.w3.org", "") and "no optimizer is below" not in page
    skips = next(figure for figure in built.figures if figure.name == "skips")
    assert (
        "Hybrid on a supernet has 0.0 skip connections after the first epoch, 2.0 after the last" in skips.panels[0].alt
    )
    assert "random_search" not in skips.panels[0].alt
    assert [item.status for item in built.checklist if "random search" in item.question] == ["met"]
    again = write_report(build_report(Results.open(three.store.folder)), tmp_path / "again").page.read_text()
    assert page == again


def test_eight_seeds_are_compared_by_a_test(tmp_path: Path) -> None:
    built = build_report(make(tmp_path / "study", 8, spread=0.1))
    (pairs,) = (table for table in built.tables if table.name == "pairs")
    assert all(row[3].value == pytest.approx(6 / 128) for row in pairs.rows[1:4])  # every pair is one-sided, times six
    assert pairs.rows[1][2].mark == "*" and not any("not compared" in sentence for sentence in built.summary)


def test_percentiles_are_reported_where_they_were_measured(tmp_path: Path) -> None:
    results = make(tmp_path / "study", 8, skipped=False)
    places = {"hybrid_supernet": 90.0, "gaea": 60.0, "random_search": 50.0, "small_cnn": 80.0}
    for unit in results.study.units():
        if unit.problem == "live/digits" and unit.label in places:
            known = {
                "reference_percentile": places[unit.label]
                + unit.seed * (0.2 if unit.label == "random_search" else 1.0),
                "reference_error": 3.0,
                "reference_cells": 100,
            }
            results.store.write(unit, UnitResult(timing={}, result={**result(unit, 10.0), **known}))
    built = build_report(Results.open(results.store.folder))
    (table,) = (table for table in built.tables if table.name == "reference-percentiles")
    rows = {row[1].value: row for row in table.rows}
    hybrid, random = rows["Hybrid on a supernet"], rows["Random search"]
    assert list(rows) == ["Hybrid on a supernet", "GAEA", "Random search", "small_cnn"] and hybrid[3].best
    assert [cell.value for cell in hybrid[3:9]] == pytest.approx([93.5, 90.0, 93.5, 3.0, 8, 42.8])
    assert hybrid[9].value == pytest.approx(2 * 2 / 2**8)  # every pair is better; Holm over two methods
    assert isinstance(random[8].value, Undefined) and isinstance(rows["small_cnn"][9].value, Undefined)
    assert "5.0 points" in table.caption and "100 random architectures" in table.caption
    sentence = (
        "digits: hybrid on a supernet finds an architecture of percentile 93.5 among 100 random ones trained alike "
    )
    assert f"{sentence}(mean of 8 runs; random search 50.7 and small_cnn 83.5)." in built.summary


def test_fewest_seeds_are_those_at_which_the_test_itself_can_show_something() -> None:
    for methods in (2, 4, 5):
        pairs, needed = methods * (methods - 1) // 2, seeds_needed(methods)
        for seeds, possible in ((needed, True), (needed - 1, False)):
            extreme = wilcoxon_signed_rank(np.arange(1.0, seeds + 1), np.zeros(seeds))
            assert isinstance(extreme, HypothesisTest) and (extreme.p_value * pairs < 0.05) is possible
            assert (why_no_test(seeds, methods) == "") is possible
    assert "one optimizer" in why_no_test(30, 1)


def test_the_interval_of_few_seeds_covers_what_is_said() -> None:
    """4,000 normal samples of 3 seeds: the share of intervals that hold the mean, within 4 standard errors (6e-5)."""
    rng = np.random.default_rng(5)
    held = 0
    for sample in rng.normal(size=(1000, 3)):
        estimate = seed_mean(sample, np.random.default_rng(0))
        assert isinstance(estimate, Estimate) and isinstance(estimate.interval, Interval)
        held += estimate.interval.lower <= 0 <= estimate.interval.upper
    assert most_coverage(3) == 0.75 and abs(held / 1000 - 0.75) < 4 * np.sqrt(0.75 * 0.25 / 1000)


def test_what_is_incomplete_or_broken_is_refused(tmp_path: Path) -> None:
    results = make(tmp_path / "study", 1, skipped=False)
    folder = results.store.folder
    unit = results.study.units()[0]
    results.store.path(unit).unlink()
    with pytest.raises(
        NasbenchError, match=r"lacks 1 of \d+ units of its study \(the first: majority on live/digits, run 0\)"
    ):
        Results.open(folder)
    results.store.write(unit, UnitResult(timing={}, result=result(unit, 80.0)))
    (folder / "skipped.json").write_text("{")
    with pytest.raises(NasbenchError, match=r"skipped.json cannot be read"):
        Results.open(folder)
    with pytest.raises(NasbenchError, match="not a results folder"):
        Results.open(tmp_path)


def test_a_live_report_imports_no_torch() -> None:
    code = "import sys, nasbench.reports.page.report; print(json.dumps('torch' in sys.modules))".replace(
        "import sys", "import json, sys"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) is False


def test_a_study_of_a_function_and_a_live_task_has_one_report(tmp_path: Path) -> None:
    study = Study(
        problems=["nk/10x6-k2", "live/digits"],
        methods=["random_search", "regularized_evolution"],
        budget={"unique_queries": 5},
        runs=2,
        live=load_study("live-quick").with_runs(2).live.on(["live/digits"]),
    )
    queried = Store.open(run_study(study.with_problems(["nk/10x6-k2"]), tmp_path / "function").folder)
    store = Store.create_or_resume(tmp_path / "both", study, {"device": {"device": "cpu", "device_type": "cpu"}})
    for unit in store.units():
        if unit.problem == "live/digits":
            store.write(unit, UnitResult(timing={}, result=result(unit, 10.0 + unit.seed)))
        else:
            timing = {"optimizer_seconds": 0.0, "unit_seconds": 0.0}
            store.write(unit, UnitResult(timing=timing, traces=queried.content(unit)))
    results = Results.open(tmp_path / "both")
    assert results.benchmarks == ("nk/10x6-k2",) and results.live.tasks == ("digits",)
    built = build_report(results)
    names = [table.name for table in built.tables]
    assert len(set(names)) == len(names) and {"comparison", "tasks", "scores", "costs"} <= set(names)
    assert {figure.name for figure in built.figures} >= {"search-curves", "survival"}
    assert len({item.question for item in built.checklist}) == len(built.checklist)
    (time,) = (item for item in built.checklist if "end-to-end" in item.question)
    assert time.status == "partly" and "retraining" in time.answer and "processor seconds" in time.answer
    assert write_report(built, tmp_path / "report").page.exists()
    frame = results.to_pandas()
    assert frame["problem"].unique().tolist() == ["nk/10x6-k2", "live/digits"] and results.plot().axes
    assert frame["regret"].isna().tolist() == frame["problem"].eq("live/digits").tolist()


def test_live_runs_are_a_frame_as_runs_on_tables_are(three: Results) -> None:
    """Also in folders of versions that wrote no traces, as here."""
    frame = three.to_pandas()
    (cell,) = (c for name, c in frame.groupby(["problem", "method", "run"]) if name == ("live/co2", "gaea", 1))
    assert cell["query"].tolist() == [0, 1, 2] and cell["error"].tolist() == cell["incumbent"].tolist() == [
        50.0,
        25.0,
        50 / 3,
    ]
    assert (
        cell["operator"].eq("supernet").all() and cell["epochs"].eq(1).all() and cell["charged_seconds"].eq(2.0).all()
    )
    assert set(frame["problem"]) == set(three.study.problems) - {"live/trec"}
    alone = frame[frame["method"] == "random_search"]
    assert alone["epochs"].eq(4).all() and alone["operator"].isna().all()
    best = three.best()
    assert len(best) == len(three.labels) * len(three.live.tasks) and best["query"].eq(2).all()
    assert three.live.traces("co2", "gaea").spent("epochs").tolist() == [[1, 2, 3]] * 3
    assert three.live.traces("co2", "random_search").spent("train_seconds")[0].tolist() == [2.0, 4.0, 6.0]


def test_regret_and_times_to_target_of_live_tasks_are_refused(three: Results) -> None:
    with pytest.raises(NasbenchError, match="live tasks only"):
        three.plot()
    with pytest.raises(NasbenchError, match="leave --reference out"):
        build_report(three, "random_search")
