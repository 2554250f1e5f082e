"""Claims against the traces of a study, and the `verify` command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nasbench.errors import NasbenchError
from nasbench.study.config import Study
from nasbench.study.runner import run_study
from nasbench.study.toml import parse_study
from nasbench.theory import commands
from nasbench.theory.machinery.claim import Outcome
from nasbench.theory.machinery.optimizer_runs import OptimizerRuns
from nasbench.theory.traces.runs import open_runs
from nasbench.theory.traces.trace_check import TraceCheck
from nasbench.theory.traces.trace_checks import check_traces

from vouching import vouch

PLAN = """
name = "theory"
seed = 11
runs = {runs}
runs_per_file = 100
problems = ["nas-bench-201/cifar10"]
objectives = [{objectives}]
split = "validation"
epochs = [200]
training_seed = "{policy}"
repeat_policy = "cache"
[budget]
queries = 200
[[methods]]
name = "random_search"
[[methods]]
name = "random_search"
label = "without replacement"
settings = {{ replacement = false }}
[[methods]]
name = "regularized_evolution"
[[methods]]
name = "local_search"
[[methods]]
name = "local_search"
label = "first improvement"
settings = {{ improvement = "first" }}
[[methods]]
name = "one_plus_one_ea"
"""


def plan(runs: int = 400, policy: str = "mean", objectives: str = '"error"') -> Study:
    return parse_study(PLAN.format(runs=runs, policy=policy, objectives=objectives), "test")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("study") / "results"
    run_study(plan(), where)
    return where


@pytest.fixture(scope="module")
def runs(folder: Path) -> list[OptimizerRuns]:
    return open_runs(folder)


def by_claim(spoken: list[TraceCheck]) -> dict[tuple[str, str], TraceCheck]:
    return {(s.claim, s.optimizer): s for s in spoken}


def test_runs_are_the_traces(runs: list[OptimizerRuns]) -> None:
    first = runs[0]
    assert first.index.shape == (400, 200) and first.horizon == 200
    assert first.landscape is not None
    np.testing.assert_allclose(first.landscape.values[first.index], first.observed[:, :, 0], atol=1e-4)
    for targets in (16, 156):
        times = first.times(targets)
        reached = np.isfinite(times)
        found = first.index[np.flatnonzero(reached), times[reached].astype(int) - 1]
        assert (first.landscape.rank[found] < targets).all()


def test_every_optimizer_follows_its_law(runs: list[OptimizerRuns]) -> None:
    """Family-wise error 0.05 over the eight verdicts, fixed seed."""
    checks = by_claim(check_traces(runs))
    assert {s.verdict.outcome for s in checks.values()} == {Outcome.HOLDS}
    assert {claim for claim, _ in checks} == {
        "random-search.rank-law-with-replacement",
        "random-search.time-law",
        "random-search.expected-regret",
        "evolution.ageing-population-forgets",
        "markov.steepest-ascent",
        "markov.first-improvement",
        "markov.one-plus-one-law",
    }
    for spoken in checks.values():
        if spoken.curve is not None:
            assert spoken.curve.stated.shape == spoken.curve.seen.shape == spoken.curve.x.shape
            assert (spoken.curve.low <= spoken.curve.seen).all() and (spoken.curve.seen <= spoken.curve.high).all()


def test_an_optimizer_that_breaks_its_law_is_caught(runs: list[OptimizerRuns]) -> None:
    """The mutant's traces: random search that never proposes the worse half."""
    table = runs[0].landscape
    assert table is not None
    rng = np.random.default_rng(0)
    biased = table.order[rng.integers(table.size // 2, size=runs[0].index.shape)]
    mutant = replace(runs[0], index=biased)
    checks = by_claim(check_traces([mutant]))
    assert checks["random-search.rank-law-with-replacement", "random_search"].verdict.outcome is Outcome.VIOLATED
    assert checks["random-search.expected-regret", "random_search"].verdict.outcome is Outcome.VIOLATED


def test_a_first_improvement_passed_off_as_steepest_is_caught(runs: list[OptimizerRuns]) -> None:
    mutant = replace(runs[4], entry=runs[3].entry)
    assert check_traces([mutant])[0].claim == "markov.steepest-ascent"
    assert check_traces([mutant])[0].verdict.outcome is Outcome.VIOLATED


def test_an_evolution_with_another_rate_is_caught(tmp_path: Path) -> None:
    hasty = PLAN.replace('name = "one_plus_one_ea"', 'name = "one_plus_one_ea"\nsettings = {{ mutation_rate = 0.6 }}')
    study = parse_study(hasty.format(runs=400, policy="mean", objectives='"error"'), "test")
    run_study(study, tmp_path / "hasty")
    mutant = next(r for r in open_runs(tmp_path / "hasty") if r.entry.name == "one_plus_one_ea")
    assert {s.verdict.outcome for s in check_traces([mutant])} == {Outcome.HOLDS}, "its own law, at its own rate"
    passed_off = replace(mutant, entry=replace(mutant.entry, settings={}))
    assert check_traces([passed_off])[0].verdict.outcome is Outcome.VIOLATED


def test_too_few_runs_are_undecided_and_say_how_many_would_do(runs: list[OptimizerRuns]) -> None:
    few = replace(runs[0], index=runs[0].index[:30], observed=runs[0].observed[:30])
    verdict = by_claim(check_traces([few]))["random-search.rank-law-with-replacement", "random_search"].verdict
    assert verdict.outcome is Outcome.UNDECIDED
    assert "185 would decide" in verdict.note


def test_noise_breaks_an_assumption_and_is_called_so(tmp_path: Path) -> None:
    run_study(plan(20, "random"), tmp_path / "noisy")
    checks = by_claim(check_traces(open_runs(tmp_path / "noisy")))
    assert checks["markov.steepest-ascent", "local_search"].verdict.outcome is Outcome.ASSUMPTION_VIOLATED
    assert checks["random-search.expected-regret", "random_search"].verdict.outcome is Outcome.ASSUMPTION_VIOLATED


def test_archives_of_several_objectives_are_monotone(tmp_path: Path) -> None:
    several = plan(5, objectives='"error", "parameters"')
    several = replace(several, methods=several.methods[:1])
    run_study(several, tmp_path / "several")
    checks = by_claim(check_traces(open_runs(tmp_path / "several"), claims={"pareto.hypervolume-monotone"}))
    assert [s.verdict.outcome for s in checks.values()] == [Outcome.HOLDS]


def test_another_version_of_the_benchmark_is_refused(folder: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    environment = json.loads((copy / "environment.json").read_text())
    environment["benchmarks"] = dict.fromkeys(environment["benchmarks"], "0" * 64)
    (copy / "environment.json").write_text(json.dumps(environment))
    vouch(copy)
    with pytest.raises(NasbenchError, match="another version of nas-bench-201/cifar10"):
        open_runs(copy)


def test_an_unfinished_study_is_refused(tmp_path: Path) -> None:
    from nasbench.benchmarks.catalogue import get_benchmark
    from nasbench.study.store import Store

    Store.create_or_resume(
        tmp_path / "begun",
        plan(3),
        {"benchmarks": {"nas-bench-201/cifar10": get_benchmark("nas-bench-201/cifar10").checksum}},
    )
    with pytest.raises(NasbenchError, match="resumes it"):
        open_runs(tmp_path / "begun")


def test_verify_writes_tables_and_figures(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.verify(traces=folder, out=tmp_path / "out", json=True) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["command"] == "verify"
    assert {"claim", "verdict", "statistic", "bound", "tightness", "p_value", "n"} <= set(printed["verdicts"][0])
    page = (tmp_path / "out" / "verify.md").read_text()
    assert "markov.steepest-ascent" in page and ".svg" in page
    assert (tmp_path / "out" / "verify.tex").read_text().startswith("% Theory against the runs in")
    figures = list((tmp_path / "out").glob("*.svg"))
    assert len(figures) == 7 and all(f.read_text().startswith("<?xml") for f in figures)


def test_verify_named_claims_and_their_mutants(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.verify(["drift"], jobs=1) == 0
    assert "drift.additive-drift" in capsys.readouterr().out
    assert commands.verify(["drift"], mutants=True, jobs=1, json=True) == 0
    assert {v["verdict"] for v in json.loads(capsys.readouterr().out)["verdicts"]} == {"violated"}


def test_verify_exits_with_one_when_a_claim_is_violated_or_a_mutant_is_not_rejected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from nasbench.theory.machinery import registry
    from nasbench.theory.machinery.claim import Context, Mutant, Verdict, at_most

    def false(context: Context) -> Verdict:
        return at_most(2, 1, 1)

    def true(context: Context) -> Verdict:
        return at_most(1, 2, 1)

    good = registry.find("drift.additive-drift")
    bad = replace(good, check=false, mutant=Mutant("none at all", true))
    monkeypatch.setattr(registry, "all_claims", lambda: {good.name: bad})
    assert commands.verify([good.name], jobs=1) == 1
    assert commands.verify([good.name], jobs=1, mutants=True) == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({}, "Nothing to verify"),
        ({"claims": ["drift"], "everything": True}, "not both"),
        ({"mutants": True, "traces": Path()}, "not checked against traces"),
        ({"everything": True, "jobs": 0}, "should be 1 or more"),
        ({"everything": True, "seed": -1}, "should be 0 or more"),
        ({"claims": ["drfit"]}, "no claim named 'drfit'"),
        ({"traces": Path("nowhere")}, "no results folder"),
    ],
)
def test_wrong_use_is_one_sentence(arguments: dict[str, object], sentence: str) -> None:
    with pytest.raises(NasbenchError, match=sentence):
        commands.verify(**arguments)  # type: ignore[arg-type]


def test_claims_about_no_optimizer_of_a_study_are_refused(folder: Path) -> None:
    with pytest.raises(NasbenchError, match="None of the named claims applies"):
        commands.verify(["drift"], traces=folder)


def test_claims_are_listed() -> None:
    rows = commands.list_claims()
    assert len(rows) >= 40 and {"name", "statement", "source", "mutant"} <= set(rows[0])
