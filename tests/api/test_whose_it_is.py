"""What a name, a file or a label says of code: nothing is run, scored or resumed as what it is not."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nasbench
from nasbench.api.registration import function_benchmark
from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.cli.main import _interrupted, status
from nasbench.errors import NasbenchError
from nasbench.reports.page.report import build_report
from nasbench.search.registry import get_optimizer, registered_optimizer

MODULE = """
class Mine:
    def __init__(self, problem, rng):
        self.space, self.rng = problem.space, rng
    def ask(self):
        return self.space.sample(self.rng.random((1, self.space.d)))
    def tell(self, observations): ...
"""
CELL = "nas-bench-201/cifar10"


def test_a_results_folder_has_no_module_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    Path("bystander.py").write_text(MODULE, encoding="utf-8")
    nasbench.Study(problems=[CELL], methods=["bystander:Mine"], runs=2, budget={"queries": 3}).run("results/folder")
    monkeypatch.delitem(sys.modules, "bystander")
    Path("bystander.py").write_text("open('imported', 'w').close()", encoding="utf-8")
    assert status(["report", "results/folder", "--out", "page"]) == 0
    capsys.readouterr()
    assert status(["verify", "--traces", "results/folder"]) == 0
    assert "nothing" in capsys.readouterr().out  # is stated of that method
    status(["hypotheses", "--results", "results/folder", "--no-theory"])
    with pytest.raises(NasbenchError, match="no optimizer named 'bystander:Mine'"):
        registered_optimizer("bystander:Mine")
    assert not Path("imported").exists() and "bystander" not in sys.modules
    capsys.readouterr()


def test_a_module_that_fails_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    Path("unfinished_module.py").write_text("def (", encoding="utf-8")
    with pytest.raises(NasbenchError, match=r"'unfinished_module' .* cannot be imported \(SyntaxError"):
        get_optimizer("unfinished_module:Mine")


def test_recorded_traces_never_stand_for_a_benchmark_of_the_suite() -> None:
    frame = nasbench.search("random_search", CELL, budget=5, runs=2, seed=1).to_pandas()
    frame["value"] = frame["error"] + 100.0
    recorded = nasbench.read_traces(frame)
    assert recorded.study.problems == (f"recorded/{CELL}",) and recorded.to_pandas()["regret"].min() == 0.0
    assert isinstance(nasbench.load_benchmark(CELL).source, TabularBenchmark)


def test_recorded_traces_are_not_judged_as_a_registered_method() -> None:
    frame = nasbench.search("random_search", CELL, budget=20, runs=6, seed=1).to_pandas()
    frame["value"] = frame["error"]
    recorded = nasbench.read_traces(frame, benchmark=CELL)
    assert recorded.labels == ("random_search",)
    tables = {table.name for table in build_report(recorded, None, ()).tables}
    ours = {
        table.name
        for table in build_report(nasbench.search("random_search", CELL, 20, runs=6, seed=1), None, ()).tables
    }
    assert {name for name in ours if "theory" in name or "laws" in name} - tables, (ours, tables)


def first(problem: Any, rng: Any) -> Any:
    while True:
        yield problem.space.sample(rng.random((1, problem.space.d)))


def second(problem: Any, rng: Any) -> Any:
    while True:
        yield problem.space.sample(0.5 * rng.random((1, problem.space.d)))


def test_another_method_of_the_same_name_does_not_resume(tmp_path: Path) -> None:
    nasbench.register_optimizer("changeable")(first)
    nasbench.search("changeable", "onemax/6x2", budget=4, out=tmp_path)
    nasbench.register_optimizer("changeable")(second)
    with pytest.raises(NasbenchError, match="holds another study: methods was"):
        nasbench.search("changeable", "onemax/6x2", budget=4, out=tmp_path)


def made(offset: int) -> Callable[..., float]:
    if offset:

        def loss(width: int) -> float:
            return float(width + 1)

    else:

        def loss(width: int) -> float:
            return float(width)

    return loss


def test_another_function_of_the_same_name_does_not_resume(tmp_path: Path) -> None:
    space = {"width": [1, 2, 3]}
    assert nasbench.search("random_search", made(0), budget=3, space=space, out=tmp_path).best()["error"][0] == 1.0
    with pytest.raises(NasbenchError, match="another version of loss"):
        nasbench.search("random_search", made(1), budget=3, space=space, out=tmp_path)


def test_a_function_does_not_take_a_name_of_the_suite() -> None:
    def nk(width: int) -> float:
        return float(width)

    with pytest.raises(NasbenchError, match="'nk' is a name of the suite"):
        nasbench.search("random_search", nk, budget=2, space={"width": [1, 2]})


@pytest.mark.parametrize("words", ["search digits --out d", "federated search digits --out d", "train A --out d"])
def test_an_interrupt_says_that_what_was_done_is_kept(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    _interrupted(words.split())
    assert "the same command resumes" in capsys.readouterr().err


def test_a_benchmark_object_is_searched_itself_or_not_at_all() -> None:
    space = nasbench.load_benchmark("onemax/6x2").space
    own = function_benchmark("constant", lambda architecture: 55.0, space)
    found = nasbench.search("random_search", nasbench.Benchmark(own), budget=4).to_pandas()
    assert found["error"].unique().tolist() == [55.0]
    disguised = nasbench.Benchmark(function_benchmark("onemax/6x2", lambda architecture: 55.0, space))
    with pytest.raises(NasbenchError, match="'onemax/6x2' stands for another benchmark"):
        nasbench.search("random_search", disguised, budget=4)


def test_what_would_be_ignored_is_refused(tmp_path: Path) -> None:
    bench = nasbench.load_benchmark(CELL)
    with pytest.raises(NasbenchError, match="space= belongs to a Python function"):
        nasbench.search("random_search", bench, budget=4, space=bench.space)
    for n in (-3, 0, 2.5):
        with pytest.raises(NasbenchError, match=f"The number of architectures is {n}; it should be a whole number"):
            bench.top(n)  # type: ignore[arg-type]
    with pytest.raises(NasbenchError, match="names its data itself"):
        nasbench.import_table(tmp_path / "table.toml", data=bench.top(3))
