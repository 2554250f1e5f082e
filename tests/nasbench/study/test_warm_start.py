"""Warm starts: what is told, in which units, to which run; what is refused, row by row; and that a study keeps it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nasbench
from nasbench.cli.main import status
from nasbench.errors import NasbenchError
from nasbench.reports.analysis.evaluation import evaluate_study
from nasbench.reports.page.methods import methods
from nasbench.search.observations import Observations
from nasbench.study.toml import load_study
from nasbench.study.warm_start import FILE, WarmStart, as_warm_start

NB201 = "nas-bench-201/cifar10"
FIRST, SECOND = "1,1,1,1,1,1", "0,0,0,0,0,0"


def told(warm_start: Any, benchmark: str = "onemax/6x2", runs: tuple[int, ...] = (0,), **protocol: Any) -> Observations:
    bench = nasbench.load_benchmark(benchmark)
    asked = bench.protocol(5, **protocol)
    found = as_warm_start(warm_start, asked.objectives)
    assert found is not None
    return found.observations(bench.source, asked, bench.space, runs)


class Listener:
    """Proposes one architecture after the other, and remembers what it was told before it was asked."""

    heard: ClassVar[list[Any]] = []

    def __init__(self, problem: Any, rng: np.random.Generator) -> None:
        self.space, self.rng = problem.space, rng
        self.has_begun = False

    def ask(self) -> Any:
        self.has_begun = True
        return self.space.sample(self.rng.random((1, self.space.d)))

    def tell(self, observations: Any) -> None:
        if not self.has_begun:
            Listener.heard.append(observations)


def test_evaluations_are_told_before_the_first_query_and_cost_nothing() -> None:
    Listener.heard = []
    frame = pd.DataFrame({"architecture": [FIRST, SECOND], "error": [1.5, 90.0]})
    results = nasbench.search(Listener, "onemax/6x2", {"queries": 7}, runs=3, warm_start=frame)
    assert len(Listener.heard) == 3, "one for each run"
    for observations in Listener.heard:
        assert observations.architectures.tolist() == [[1] * 6, [0] * 6]
        assert observations.objectives.tolist() == [[1.5], [90.0]]
        assert observations.charged_seconds.tolist() == [0.0, 0.0]
    traces = results.to_pandas()
    assert len(traces) == 21 and (traces.groupby("run")["query"].max() == 6).all()


@pytest.mark.parametrize("method", ["gp_bo", "bananas", "hybrid", "regularized_evolution", "local_search", "nsga2"])
def test_a_good_warm_start_helps(method: str) -> None:
    """The optimum's neighbours are given, and the optimum is found by methods that use them in a few queries of 729."""
    bench = nasbench.load_benchmark("onemax/6x3")
    everything = bench.problem({"queries": 729}).query(bench.space.all[None]).objectives[0, :, 0]
    near = bench.space.neighbours(bench.space.all[everything.argmin()])
    errors = everything[bench.space.index(near)]
    frame = pd.DataFrame({"architecture": [bench.space.to_string(one) for one in near], "error": errors})
    small = {"population_size": 10} if method == "nsga2" else {}
    cold, warm = (
        nasbench.search(method, "onemax/6x3", {"queries": 10}, runs=5, seed=3, settings=small, warm_start=given)
        .to_pandas()
        .groupby("run")["error"]
        .min()
        .mean()
        for given in (None, frame)
    )
    assert warm < cold


def test_accuracy_is_accepted_for_error_and_error_for_accuracy() -> None:
    bench = nasbench.load_benchmark(NB201)
    names = [bench.space.to_string(one) for one in bench.space.all[:2]]
    as_accuracy = pd.DataFrame({"architecture": names, "accuracy": [93.5, 10.0]})
    as_error = pd.DataFrame({"architecture": names, "error": [6.5, 90.0]})
    for frame in (as_accuracy, as_error):
        for objective in ("error", "accuracy"):
            np.testing.assert_allclose(told(frame, NB201, objectives=[objective]).objectives[0, :, 0], [6.5, 90.0])


def test_an_index_stands_for_an_architecture() -> None:
    for name in ("index", "architecture"):
        assert told(pd.DataFrame({name: [63, 0], "error": [0.0, 100.0]})).architectures[0].tolist() == [
            [1] * 6,
            [0] * 6,
        ]


def test_runs_are_given_their_own_rows() -> None:
    frame = pd.DataFrame({"architecture": [FIRST, SECOND, FIRST], "error": [1.0, 2.0, 3.0], "run": [0, 0, 2]})
    observations = told(frame, runs=(0, 1, 2))
    assert observations.answered.tolist() == [[True, True], [False, False], [True, False]]
    assert observations.select_run(2).objectives.tolist() == [[3.0]]


def test_a_problem_is_given_its_own_rows_or_those_of_the_only_other() -> None:
    frame = pd.DataFrame({"architecture": [FIRST, SECOND], "error": [1.0, 2.0], "problem": ["onemax/6x2", "other"]})
    assert told(frame).objectives.ravel().tolist() == [1.0]
    assert told(frame.assign(problem="other")).objectives.ravel().tolist() == [1.0, 2.0]
    with pytest.raises(NasbenchError, match="2 problems and none of onemax/6x2"):
        told(frame.assign(problem=["one", "other"]))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"architecture": [FIRST, "1,1,1"]},
            r"Row 2 of the warm start a table of 2 rows: Architecture '1,1,1' has 3 choices",
        ),
        ({"architecture": [FIRST, ""]}, r"Row 2 of the warm start a table of 2 rows lacks architecture\."),
        ({"error": [1.0, np.nan]}, r"Row 2 of the warm start .* gives no finite number as error\."),
        ({"error": ["much", 2.0]}, r"Row 1 of the warm start .* gives no finite number as error\."),
        ({"error": [1.0, 200.0]}, r"Row 2 of the warm start .* gives error 200; a percentage is 100 at most\."),
        ({"run": [0, 0.5]}, r"Row 2 of the warm start .* gives no whole number from 0 to 2\^53 as run\."),
        ({"method": ["a", "b"]}, r"holds runs of 2 methods; give those of one\."),
    ],
)
def test_faults_name_the_row(change: dict[str, Any], words: str) -> None:
    frame = pd.DataFrame({"architecture": [FIRST, SECOND], "error": [1.0, 2.0]}).assign(**change)
    with pytest.raises(NasbenchError, match=words):
        told(frame)


def test_missing_columns_and_wrong_kinds_are_refused(tmp_path: Path) -> None:
    frame = pd.DataFrame({"architecture": [FIRST], "error": [1.0]})
    for wrong, words in (
        (frame.drop(columns="architecture"), "lacks the column architecture"),
        (frame.drop(columns="error"), "lacks the column error, an objective of the study"),
        (frame.iloc[:0], "has no rows"),
        (7, "is an object of type int"),
        (tmp_path / "none.csv", "cannot be read"),
        ({"benchmark": NB201, "number": 3}, "number"),
        ({"benchmark": NB201, "seed": "x"}, "The seed is 'x'; it should be a whole number"),
        ({"benchmark": NB201, "seed": -1}, "The seed is -1; it should be a whole number"),
        ({"benchmark": NB201, "epochs": "a"}, "The epochs are .*; they should be positive and ascending whole numbers"),
        ({"benchmark": 3}, "The name of a benchmark is 3; it should be a text"),
        (pd.DataFrame({"index": [64], "error": [1.0]}), "Row 1 of the warm start .* gives index 64; 6x2 has 0 to 63"),
    ):
        with pytest.raises(NasbenchError, match=words):
            told(wrong)


def test_under_constraints_feasibility_is_told_too(tmp_path: Path) -> None:
    """A quantity that is measured is a column of what is given; one that is known beforehand is known."""
    bench = nasbench.load_benchmark("nas-bench-201/cifar10")
    limits = ["parameters <= 0.5", "accuracy >= 86"]
    frame = bench.sample(30, seed=3, constraints=limits)
    assert len(frame) == 30 and (frame["error"] > 14).any() and (frame["error"] < 14).any()
    Listener.heard = []
    more: dict[str, Any] = {"warm_start": frame, "constraints": limits}
    found = nasbench.search(Listener, NB201, {"queries": 4}, runs=2, out=tmp_path / "of rows", **more)
    (heard, _) = Listener.heard
    assert heard.feasible.tolist() == (frame["error"] <= 14).tolist()
    np.testing.assert_allclose(heard.unpenalised[:, 0], frame["error"])
    assert (heard.objectives[heard.feasible] == heard.unpenalised[heard.feasible]).all()
    assert heard.objectives[~heard.feasible].min() > 80.0, "worse than every feasible one"
    assert (heard.constraint_values[:, 0] <= 0.5).all() and np.isfinite(heard.constraint_values).all()
    assert "feasible or not" in " ".join(methods(found, tuple(evaluate_study(found))))

    # The same by a file of a study, whose random rows satisfy what is known beforehand.
    text = nasbench.load_results(tmp_path / "of rows").study.replace(warm_start=None).to_toml()
    table = 'warm_start = { benchmark = "nas-bench-201/cifar10", count = 30, seed = 3 }\n'
    (tmp_path / "study.toml").write_text(table + text)
    drawn = load_study(str(tmp_path / "study.toml")).warm_start
    assert drawn is not None and drawn.rows(NB201)[0]["architecture"].tolist() == frame["architecture"].tolist()

    larger = pd.DataFrame({"architecture": [bench.space.to_string(np.full(6, 3))], "error": [9.0]})
    for rows, asked, words in (
        (larger, limits[0], "Row 1 .* is no architecture of the space nas-bench-201 that is searched"),
        (frame, "latency <= 1000 (measured)", "lacks the column latency, of which a constraint is measured"),
    ):
        with pytest.raises(NasbenchError, match=words):
            nasbench.search("random_search", NB201, 4, warm_start=rows, constraints=asked)


def test_the_command_takes_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What makes another study has a folder of another name."""
    monkeypatch.chdir(tmp_path)
    nasbench.load_benchmark(NB201).sample(3, seed=1).to_csv("given.csv", index=False)
    text = 'name = "s"\nseed = 1\nruns = 1\nproblems = ["nas-bench-201/cifar10"]\nmethods = [{ name = "random_search" }]\nbudget = { queries = 4 }\n'
    Path("s.toml").write_text(text, encoding="utf-8")
    machines = ["--workers", "2", "--lie", "worst"]
    limits = ["--constraint", "accuracy >= 20", "--constraint", "latency@edge <= 5 (measured)"]
    for options in ([], ["--warm-start", "given.csv"], ["--constraint", "parameters <= 0.8"], machines, machines[:2]):
        assert status(["run", "s.toml", *options]) == 0, options
    folders = sorted(path.name for path in Path("results").iterdir())
    assert folders == ["s", "s-2-workers", "s-2-workers-lie-worst", "s-parameters-at-most-0.8", "s-told-given"]
    assert status(["run", "s.toml", *limits]) == 2 and len(list(Path("results").iterdir())) == 5, "no such device"
    kept = nasbench.load_results("results/s-told-given").study.warm_start
    assert kept is not None and kept.source == "given.csv"


def test_fidelities_are_those_of_the_study() -> None:
    frame = pd.DataFrame({"architecture": [FIRST, SECOND], "error": [1.0, 2.0], "epochs": [4, 108]})
    bench = nasbench.load_benchmark("nas-bench-101-sample/cifar10")
    frame["architecture"] = [bench.space.to_string(one) for one in bench.space.all[:2]]
    name = "nas-bench-101-sample/cifar10"
    assert told(frame, name, objectives=["error"], epochs=[4, 12, 108]).epochs.tolist() == [[4, 108]]
    assert told(frame, name, objectives=["error"], epochs=[108]).epochs.tolist() == [[108, 108]]
    with pytest.raises(NasbenchError, match=r"Row 1 of the warm start .* gives 4 epochs; the study has 12, 108\."):
        told(frame, name, objectives=["error"], epochs=[12, 108])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 63), st.floats(0, 100), st.integers(0, 4)), min_size=1, max_size=12))
def test_any_table_comes_back_from_its_csv(rows: list[tuple[int, float, int]]) -> None:
    bench = nasbench.load_benchmark("onemax/6x2")
    frame = pd.DataFrame(rows, columns=["index", "error", "run"])
    frame["architecture"] = [bench.space.to_string(bench.space.from_index(i)) for i in frame["index"]]
    observations = told(frame, runs=(0, 1, 2, 3, 4))
    for run in range(5):
        mine = [(i, error) for i, error, r in rows if r == run]
        found = observations.select_run(run)
        assert bench.space.index(found.architectures).tolist() == [i for i, _ in mine]
        assert found.objectives.ravel().tolist() == [error for _, error in mine]


def study(warm_start: Any, **more: Any) -> nasbench.Study:
    return nasbench.Study(
        name="warm",
        problems=["onemax/6x2"],
        methods=["regularized_evolution", "one_plus_one_ea"],
        runs=2,
        budget={"queries": 12},
        warm_start=warm_start,
        **more,
    )


def test_a_study_keeps_it_and_verifies_it(tmp_path: Path) -> None:
    frame = pd.DataFrame({"architecture": [FIRST, SECOND], "error": [1.0, 2.0]})
    frame.to_csv(tmp_path / "given.csv", index=False)
    folder = tmp_path / "results"
    first = study(tmp_path / "given.csv")
    first.run(folder)
    results = nasbench.load_results(folder)
    kept = results.study.warm_start
    assert isinstance(kept, WarmStart) and kept == first.warm_start and kept.source == "given.csv"
    assert (folder / FILE).read_text() == kept.text
    assert kept.sha256 in (folder / "study.toml").read_text()
    assert study(tmp_path / "given.csv").run(folder).done == 0, "it is resumed"
    assert study(tmp_path / "given.csv").with_runs(3).run(folder).done == 2, "runs are added, with the same evaluations"
    frame.assign(error=[1.0, 3.0]).to_csv(tmp_path / "given.csv", index=False)
    with pytest.raises(NasbenchError, match="holds another study: warm_start was"):
        study(tmp_path / "given.csv").with_runs(3).run(folder)
    with pytest.raises(NasbenchError, match="holds another study: warm_start was"):
        study(None).with_runs(3).run(folder)
    (folder / FILE).write_text(kept.text.replace("2.0", "4.0"))
    with pytest.raises(NasbenchError, match=r"warm_start\.csv is not the warm start that the study names"):
        nasbench.load_results(folder)


def test_a_start_that_was_killed_before_its_study_was_written_is_begun_anew(tmp_path: Path) -> None:
    frame = pd.DataFrame({"architecture": [FIRST], "error": [1.0]})
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / "environment.json").write_text("{}")
    (folder / FILE).write_text("architecture,error\n")
    study(frame).run(folder)
    assert nasbench.load_results(folder).study.warm_start == study(frame).warm_start


def test_a_study_file_names_a_file_beside_it_or_a_benchmark(tmp_path: Path) -> None:

    pd.DataFrame({"architecture": [FIRST], "error": [1.0]}).to_csv(tmp_path / "given.csv", index=False)
    text = study(None).to_toml()
    for written, source in (
        ('warm_start = "given.csv"', "given.csv"),
        ('warm_start = { benchmark = "onemax/6x2", count = 5, seed = 1 }', "5 random architectures of onemax/6x2"),
    ):
        (tmp_path / "study.toml").write_text(f"{written}\n{text}")
        found = load_study(str(tmp_path / "study.toml")).warm_start
        assert found is not None and found.source == source
    assert (
        found is not None and found.text.count("\n") == 6 and found.text.startswith("architecture,problem,epochs,error")
    )


def test_another_study_is_a_warm_start_run_by_run(tmp_path: Path) -> None:
    before = nasbench.search("random_search", "onemax/6x2", {"queries": 6}, runs=2, seed=5, out=tmp_path / "before")
    for given_ in (before, tmp_path / "before"):
        observations = told(given_, runs=(0, 1))
        assert observations.answered.all() and observations.answered.shape == (2, 6)
        np.testing.assert_allclose(observations.objectives.ravel(), before.to_pandas()["error"])


def test_rows_of_another_data_set_and_of_workers() -> None:
    """Twenty rows of CIFAR-100 are told to a search on CIFAR-10, sequential and with workers; bits are the same again."""
    rows = nasbench.load_benchmark("nas-bench-201/cifar100").sample(20, seed=2)
    assert rows["architecture"].is_unique and (rows["problem"] == "nas-bench-201/cifar100").all()

    def searched(**more: Any) -> pd.DataFrame:
        return nasbench.search(
            "regularized_evolution", NB201, {"queries": 15}, runs=2, warm_start=rows, **more
        ).to_pandas()

    for more in ({}, {"workers": 4}):
        pd.testing.assert_frame_equal(searched(**more), searched(**more))


def test_the_report_says_what_was_given() -> None:
    from nasbench.reports.analysis.evaluation import evaluate_study
    from nasbench.reports.page.methods import methods

    rows = nasbench.load_benchmark(NB201).sample(20, seed=2)
    best = rows["error"].min()
    results = nasbench.search("random_search", NB201, {"queries": 5}, runs=2, warm_start=rows)
    said = methods(results, list(evaluate_study(results)))[0]
    assert f"on {NB201} 20 evaluations of the same problem, lowest error {best:.6g}." in said
    assert "incumbents, scores and times to a target count what a run queried itself" in said


def test_a_method_that_takes_its_own_proposals_alone_says_why() -> None:
    def proposing(problem: Any, rng: np.random.Generator) -> Any:
        while True:
            yield problem.space.sample(rng.random((1, problem.space.d)))

    frame = pd.DataFrame({"architecture": [FIRST], "error": [1.0]})
    with pytest.raises(NasbenchError, match=r"proposing cannot be given a warm start\. A generator function is sent"):
        nasbench.search(proposing, "onemax/6x2", 5, warm_start=frame)


def test_live_tasks_are_refused() -> None:
    frame = pd.DataFrame({"architecture": [FIRST], "error": [1.0]})
    with pytest.raises(NasbenchError, match="live tasks, with which no evaluations can be given"):
        nasbench.Study(problems=["live/digits"], methods=["hybrid"], budget={"epochs": 5}, warm_start=frame)
