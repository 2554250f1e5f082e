"""Tuning: what it counts, that it is deterministic and helps, and how it complains."""

from __future__ import annotations

import importlib
import json
import tomllib
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pytest

import nasbench.cli.main
from nasbench.benchmarks.catalogue import get_benchmark, get_searchable
from nasbench.benchmarks.function_benchmark import FunctionEvaluator
from nasbench.benchmarks.perturbed import PerturbedBenchmark
from nasbench.errors import NasbenchError
from nasbench.search.ledger import Budget
from nasbench.search.loop import search
from nasbench.search.observations import Observations
from nasbench.search.optimizer import Lockstep
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.search.registry import get_optimizer
from nasbench.search.search_protocol import SearchProtocol
from nasbench.search.search_ranges import Choice, FloatRange, IntRange
from nasbench.study.toml import load_study, parse_study
from nasbench.study.tune_command import parse_budget, snippet
from nasbench.study.tuning import Trial, tunable, tunable_on, tune
from nasbench.study.tuning_objectives import evaluate, final_regret, queries_to_target
from nasbench.study.tuning_study import TunedMethod, leave_one_family_out, tune_study
from nasbench.testing.toy import toy_error, toy_space

from table_protocol import table_protocol

BENCHMARK = "nas-bench-201/cifar10"
ALGORITHMS = (
    *("asha", "asng", "bananas", "bohb", "dehb", "gp_bo", "hyperband", "local_search", "nsga2", "nsga3", "pasha"),
    *("progressive", "quantum_inspired", "regularized_evolution", "reinforce", "simulated_annealing", "sms_emoa"),
    *("successive_halving", "tpe"),
)


def protocol(**limits: float) -> SearchProtocol:
    return table_protocol(Budget(limits or {"unique_queries": 40}), training_seed="random")


def batch(
    rows: list[list[int]], errors: list[list[float]], first: list[list[bool]], epochs: int = 200
) -> tuple[Observations, np.ndarray]:
    """Observations of two runs; row -1 stands for a query that was not answered."""
    row, error = np.array(rows), np.array(errors)
    answered = row >= 0
    shape = row.shape
    observations = Observations(
        architectures=np.zeros((*shape, 6), dtype=np.int8),
        objectives=np.where(answered, error, np.nan)[..., None],
        charged_seconds=np.zeros(shape),
        epochs=np.full(shape, epochs),
        training_seed=np.full(shape, -1),
        answered=answered,
        is_new_architecture=np.array(first) & answered,
        is_new_isomorphism_class=np.array(first) & answered,
    )
    return observations, np.maximum(row, 0)


def test_restricted_queries_count_unique_ones_and_stop_at_the_cap() -> None:
    target = np.array([False, False, False, True, False])
    one, rows_one = batch([[1, 1, 2], [0, 1, 4]], [[1, 1, 1]] * 2, [[True, False, True], [True, True, True]])
    two, rows_two = batch([[3, 0], [4, -1]], [[1, 1]] * 2, [[True, True], [False, True]])
    np.testing.assert_array_equal(queries_to_target([one, two], [rows_one, rows_two], target, 200, 10), [3, 10])
    np.testing.assert_array_equal(queries_to_target([one, two], [rows_one, rows_two], target, 200, 2), [2, 2])


def test_what_was_only_seen_after_a_short_training_is_not_found() -> None:
    target = np.array([False, True])
    short, rows_short = batch([[1, 0], [0, 1]], [[1.0, 1.0]] * 2, [[True, True]] * 2, epochs=12)
    long, rows_long = batch([[1], [0]], [[1.0]] * 2, [[True]] * 2)
    np.testing.assert_array_equal(queries_to_target([short, long], [rows_short, rows_long], target, 200, 9), [3, 9])


def test_an_unanswered_query_never_hits() -> None:
    target = np.array([True, False])
    only, rows = batch([[1, -1]], [[1.0, 1.0]], [[True, True]])
    np.testing.assert_array_equal(queries_to_target([only], [rows], target, 200, 5), [5])


def test_regret_is_that_of_the_observed_best_at_the_longest_training() -> None:
    means = np.array([5.0, 7.0, 9.0, 4.0])
    short, rows_short = batch([[3, 0], [1, 2]], [[1.0, 2.0], [9.0, 8.0]], [[True, True]] * 2, epochs=12)
    long, rows_long = batch([[0, 1], [2, -1]], [[6.0, 5.5], [8.0, 0.0]], [[True, True]] * 2)
    # Run 0: row 1 is the observed best at 200 epochs, whatever 12 epochs say. Run 1: row 2.
    np.testing.assert_array_equal(final_regret([short, long], [rows_short, rows_long], means), [3.0, 5.0])


def test_the_goal_is_the_restricted_mean_of_the_table() -> None:
    benchmark = get_benchmark(BENCHMARK)
    random_search = importlib.import_module("nasbench.baselines.random_search").OPTIMIZER
    values = evaluate(
        random_search,
        benchmark,
        protocol(unique_queries=15_625),
        {"replacement": False},
        runs=range(200),
        seed=3,
        metric="queries-to-top-10",
    )
    # Negative hypergeometric: mean (N + 1) / (K + 1) = 1420.5, deviation 1297; 5 standard errors.
    assert abs(values.mean() - 15_626 / 11) < 5 * 1297 / 200**0.5
    regret = evaluate(
        random_search,
        benchmark,
        protocol(unique_queries=15_625),
        {"replacement": False},
        runs=range(5),
        seed=3,
        metric="final-regret",
    )
    assert (regret >= 0).all() and regret.mean() < 0.5


def test_a_run_that_ends_at_the_target_has_the_value_of_the_whole_run() -> None:
    benchmark = get_benchmark(BENCHMARK)
    optimizer = importlib.import_module("nasbench.hybrid.optimizer").OPTIMIZER
    where = protocol(unique_queries=40)
    values = evaluate(optimizer, benchmark, where, {}, runs=range(4), seed=6, metric="queries-to-top-10")
    problem, oracle = benchmark.problem(where, 6, range(4)), benchmark.oracle(where)
    batches, _ = search(problem, optimizer.create(problem, Streams(6, range(4)), {}))
    rows = [oracle.row(np.maximum(batch.architectures, 0)) for batch in batches]
    target = oracle.search_means <= oracle.search_rank(10)
    np.testing.assert_array_equal(values, queries_to_target(batches, rows, target, 200, 40))
    assert (values < 40).any()


def test_trials_are_deterministic_and_the_first_is_the_defaults() -> None:
    benchmark = get_benchmark(BENCHMARK)
    evolution = importlib.import_module("nasbench.baselines.regularized_evolution").OPTIMIZER
    arguments: dict[str, Any] = {"trials": 6, "runs": 10, "seed": 4, "metric": "final-regret"}
    done = tune(evolution, benchmark, protocol(), **arguments)
    again = tune(evolution, benchmark, protocol(), **arguments)
    assert [t.settings for t in done] == [t.settings for t in again]
    assert all(np.array_equal(a.values, b.values) for a, b in zip(done, again, strict=True))
    assert done[0].settings == {} and len(done) == 6
    assert all(set(t.settings) == {"population_size", "tournament_size"} for t in done[1:])
    other = tune(evolution, benchmark, protocol(), **{**arguments, "seed": 5})
    assert [t.settings for t in done[1:]] != [t.settings for t in other[1:]]


def test_on_copies_a_trial_is_its_runs_on_each() -> None:
    benchmark = get_benchmark(BENCHMARK)
    evolution = importlib.import_module("nasbench.baselines.regularized_evolution").OPTIMIZER
    shared: dict[str, Any] = {"seed": 4, "metric": "final-regret"}
    done = tune(evolution, benchmark, protocol(), trials=2, runs=5, copies=3, correlation=0.6, **shared)
    for trial in done:
        expected = [
            evaluate(
                evolution,
                PerturbedBenchmark(benchmark.table, benchmark.dataset, copy, 0.6),
                protocol(),
                trial.settings,
                runs=range(5),
                **shared,
            )
            for copy in (1, 2, 3)
        ]
        np.testing.assert_array_equal(trial.values, np.concatenate(expected))
    plain = evaluate(evolution, benchmark, protocol(), {}, runs=range(5), **shared)
    assert not np.array_equal(done[0].values[:5], plain)


def test_tuning_helps_where_the_default_is_bad() -> None:
    """The default never leaves random search; 12 trials find a population that does. On the runs that chose, by design."""
    benchmark = get_benchmark(BENCHMARK)
    evolution = importlib.import_module("nasbench.baselines.regularized_evolution")

    class Stuck(evolution.RegularizedEvolution):  # type: ignore[misc, name-defined]
        def __init__(
            self,
            problem: Any,
            streams: Any,
            *,
            population_size: Annotated[int, IntRange(5, 1000, log=True)] = 1000,
            tournament_size: int = 3,
        ) -> None:
            super().__init__(problem, streams, population_size=population_size, tournament_size=tournament_size)

    done = tune(
        Lockstep(Stuck), benchmark, protocol(unique_queries=150), trials=12, runs=40, seed=4, metric="final-regret"
    )
    assert min(t.value for t in done) < 0.75 * done[0].value


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_rival_declares_ranges_that_hold_its_default(name: str) -> None:
    optimizer = importlib.import_module(f"nasbench.baselines.{name}").OPTIMIZER
    for parameter, range_ in tunable(optimizer).items():
        default = optimizer.settings[parameter]
        if default is None:
            continue
        if isinstance(range_, Choice):
            assert default in range_.values, parameter
        else:
            assert range_.low <= default <= range_.high, parameter


def test_an_algorithm_without_search_ranges_cannot_be_tuned() -> None:
    class Plain:
        """Declares nothing."""

        def __init__(self, problem: Any, streams: Any, *, width: int = 1) -> None: ...

    with pytest.raises(NasbenchError, match="declares no settings"):
        tunable(Lockstep(Plain))


@pytest.mark.parametrize(
    ("declare", "reason"),
    [
        (lambda: IntRange(2, 1), "low end should be below"),
        (lambda: FloatRange(1.0, 1.0), "low end should be below"),
        (lambda: IntRange(0, 3, log=True), "above 0 on a logarithmic scale"),
        (lambda: Choice(()), "one value at least"),
    ],
)
def test_empty_search_ranges_are_refused(declare: Callable[[], object], reason: str) -> None:
    with pytest.raises(NasbenchError, match=reason):
        declare()


def test_standard_error() -> None:
    assert Trial({}, np.array([1.0, 3.0])).standard_error == pytest.approx(1.0)
    assert np.isnan(Trial({}, np.array([1.0])).standard_error)


def test_budget_words() -> None:
    assert parse_budget(["unique_queries=300", "epochs=1e4"]).limits == {"unique_queries": 300, "epochs": 10_000}
    with pytest.raises(NasbenchError, match="ACCOUNT=LIMIT"):
        parse_budget(["unique_queries"])


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("tune", "nasbench.study.tune_command:tune", nasbench.cli.main.GROUP)
    monkeypatch.setattr(nasbench.cli.main, "_points", lambda: {"tune": point})


WORDS = ["tune", "regularized_evolution", "--benchmark", BENCHMARK, "--trials", "3", "--budget", "unique_queries=30"]


@pytest.mark.usefixtures("command")
def test_command_prints_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert nasbench.cli.main.status([*WORDS, "--runs", "4", "--json"]) == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert document["command"] == "tune" and captured.err == ""
    assert [row["trial"] for row in document["trials"]] == [0, 1, 2]
    assert sum(row["best"] for row in document["trials"]) == 1
    assert nasbench.cli.main.status([*WORDS, "--runs", "4"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "value: mean unique queries to a top-10 architecture" in text and "[[methods]]" in text
    assert nasbench.cli.main.status([*WORDS, "--runs", "4", "--perturbed-copies", "2", "--json"]) == 0
    copies = json.loads(capsys.readouterr().out)
    assert copies["perturbed_copies"] == 2 and copies["trials"][0]["value"] != document["trials"][0]["value"]


@pytest.mark.usefixtures("command")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"regularized_evolution": "regularised_evolution"}, "did you mean 'regularized_evolution'"),
        ({"regularized_evolution": "random_search"}, "declares no settings"),
        ({BENCHMARK: "nas-bench-201/cifar11"}, "did you mean"),
        ({"3": "0"}, "number of trials is 0"),
        ({"unique_queries=30": "unique_queries"}, "ACCOUNT=LIMIT"),
        ({"unique_queries=30": "unique_query=3"}, "did you mean 'unique_queries'"),
        ({"unique_queries=30": "queries=30"}, "limit unique_queries"),
        ({"3": "3 --perturbed-copies -1"}, "number of copies is -1"),
        ({"3": "3 --perturbed-copies 2 --copy-correlation 2"}, "correlation above 0 and up to 1"),
    ],
)
def test_command_complains_in_one_sentence(
    change: dict[str, str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert nasbench.cli.main.status(" ".join(change.get(word, word) for word in WORDS).split()) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and reason in captured.err and captured.err.count("\n") == 1


@pytest.mark.parametrize("settings", [{}, {"population": 19, "share": 0.5, "kind": 'a "b"', "on": True}])
def test_the_snippet_is_what_a_study_reads(settings: dict[str, Any]) -> None:
    (entry,) = tomllib.loads(snippet("regularized_evolution", settings))["methods"]
    assert entry == {"name": "regularized_evolution"} | ({"settings": settings} if settings else {})


def test_what_a_space_cannot_take_stays_at_its_default() -> None:
    """A toy space has no paths, so GP-BO cannot weigh them there; everything else is tuned."""
    optimizer = get_optimizer("gp_bo")
    space = toy_space()
    problem = Problem(FunctionEvaluator(space, toy_error), table_protocol(Budget({"queries": 3})), 0, (0,))
    assert set(tunable(optimizer)) - set(tunable_on(optimizer, problem)) == {"path_weight"}
    with pytest.raises(NasbenchError, match="several fidelities"):
        tunable_on(get_optimizer("hyperband"), problem)


STUDY = """
name = "alike"
seed = 11
runs = 5
problems = ["transnas-bench-101-micro/class_scene", "transnas-bench-101-micro/jigsaw", "nas-bench-360/ninapro", "nk/10x6-k2"]
objectives = ["error"]
split = "validation"
budget = { unique_queries = 40 }
methods = [{ name = "random_search" }, { name = "regularized_evolution", settings = { tournament_size = 4 } }, { name = "local_search" }]
"""


def alike(tmp_path: Path, trials: int, **changes: Any) -> list[TunedMethod]:
    arguments: dict[str, Any] = {"trials": trials, "runs": 4, "seed": 3, **changes}
    return tune_study(parse_study(STUDY, "test"), tmp_path, **arguments)


def test_all_methods_of_a_study_are_tuned_alike(tmp_path: Path) -> None:
    said: list[str] = []
    evolution, climber = alike(tmp_path, 4, say=said.append)
    assert said == ["random_search has no settings to tune."] and len(evolution.trials) == len(climber.trials) == 4
    study = parse_study(STUDY, "test")
    for trial in evolution.trials:
        settings = {"tournament_size": 4, **trial.settings}
        assert set(trial.settings) <= {"population_size"}, "what the study gives stays"
        shares = [
            evaluate(
                get_optimizer("regularized_evolution"), get_searchable(name), study.protocol(1), settings,
                runs=range(4), seed=3, metric="queries-to-top-10",
            ) / 40
            for name in study.problems
        ]  # fmt: skip
        np.testing.assert_array_equal(trial.by_family["nas-bench-360"], shares[2])
        np.testing.assert_allclose(trial.values, ((shares[0] + shares[1]) / 2 + shares[2] + shares[3]) / 3)
    assert evolution.best == int(np.argmin([trial.value for trial in evolution.trials]))
    tuned = load_study(str(tmp_path / "tuned.toml"))
    best = evolution.trials[evolution.best].settings
    assert tuned.name == "alike-tuned" and tuned.methods[1].settings == {"tournament_size": 4, **best}
    assert tuned.replace(name=study.name, description="", methods=study.methods) == study


def test_tuning_resumes_and_adds_trials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = alike(tmp_path / "whole", 4)
    alike(tmp_path / "grown", 2)
    ran: list[Any] = []

    def counted(*arguments: Any, **options: Any) -> Any:
        ran.append(arguments)
        return evaluate(*arguments, **options)

    monkeypatch.setattr("nasbench.study.tuning.evaluate", counted)
    assert [m.trials[3].settings for m in alike(tmp_path / "grown", 4)] == [m.trials[3].settings for m in whole]
    assert len(ran) == 2 * 2 * 4, "two trials more of two methods on four problems"
    for name in ("regularized_evolution.json", "local_search.json", "tuned.toml"):
        assert (tmp_path / "grown" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    wrong: dict[str, dict[str, Any]] = {
        "trials with other numbers of runs": {"runs": 5},
        "must not choose settings": {"seed": 11},
        "did you mean": {"only": "regularised_evolution"},
        "number of runs is 0": {"runs": 0},
    }
    for reason, changes in wrong.items():
        with pytest.raises(NasbenchError, match=reason):
            alike(tmp_path / "grown", 4, **changes)
    file = tmp_path / "grown" / "local_search.json"
    file.write_text(file.read_text().replace('"first"', '"best"'))
    with pytest.raises(NasbenchError, match="are proposed now"):
        alike(tmp_path / "grown", 4)
    file.write_text("{}")
    with pytest.raises(NasbenchError, match="holds no trials"):
        alike(tmp_path / "grown", 4)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("workers = 3", "has workers or batches"),
        ("batch_size = 2", "has workers or batches"),
        ('constraints = ["error <= 50"]', "has constraints"),
        ('warm_start = { benchmark = "nk/10x6-k2", count = 3 }', "has a warm start"),
    ],
)
def test_what_trials_leave_out_is_refused(tmp_path: Path, line: str, words: str) -> None:
    study = parse_study(f"{line}\n{STUDY}", "test")
    with pytest.raises(NasbenchError, match=f"alike {words}, and trials are sequential searches without"):
        tune_study(study, tmp_path, trials=1, runs=1, seed=3)


def test_a_family_is_scored_by_settings_chosen_on_the_others() -> None:
    def trial(*scores: float) -> Trial:
        return Trial({}, np.array(scores), {name: np.array([score]) for name, score in zip("abc", scores, strict=True)})

    # Without a the third is best, without b and c the second.
    trials = [trial(0.5, 0.5, 0.5), trial(0.1, 0.6, 0.4), trial(0.9, 0.2, 0.1)]
    assert leave_one_family_out(trials) == pytest.approx((0.9 + 0.6 + 0.4) / 3)
    assert np.isnan(leave_one_family_out([Trial({}, np.array([1.0]), {"a": np.array([1.0])})]))


@pytest.mark.usefixtures("command")
def test_the_command_tunes_a_study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "s.toml").write_text(STUDY)
    words = ["tune", "local_search", "--study", str(tmp_path / "s.toml"), "--trials", "2", "--runs", "3", "--out", str(tmp_path / "o")]  # fmt: skip
    assert nasbench.cli.main.status([*words, "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["methods"]
    assert row["method"] == "local_search" and row["trials"] == 2 and 0.0 < row["best"] <= row["as_given"] <= 1.0
    assert nasbench.cli.main.status(words) == 0
    assert str(tmp_path / "o" / "tuned.toml") in capsys.readouterr().out.replace("\n", "")
    for more, reason in ((["--budget", "queries=3"], "is said by the study"), (["--seed", "11"], "must not choose")):
        assert nasbench.cli.main.status([*words, *more]) == 2 and reason in capsys.readouterr().err
    assert nasbench.cli.main.status(["tune", "local_search", "--trials", "2"]) == 2
    assert "or a --study" in capsys.readouterr().err
