"""Claims against the traces of a study, and the `verify` command."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nasbench
from nasbench.errors import NasbenchError
from nasbench.registered import forgotten_afterwards
from nasbench.study.config import Study
from nasbench.study.runner import run_study
from nasbench.study.toml import parse_study
from nasbench.theory import commands
from nasbench.theory.machinery import registry
from nasbench.theory.machinery.claim import Outcome
from nasbench.theory.machinery.optimizer_runs import OptimizerRuns
from nasbench.theory.traces.runs import open_runs
from nasbench.theory.traces.trace_check import TraceCheck
from nasbench.theory.traces.trace_checks import check_traces, complete_table

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
    everything = by_claim(check_traces(runs))
    checks = {of: check for of, check in everything.items() if not of[0].startswith("complexity.")}
    assert {s.verdict.outcome for s in checks.values()} == {Outcome.HOLDS}
    assert {claim for claim, _ in checks} - {"evolution.regularized-law"} == {
        "random-search.uniform-draws",
        "random-search.rank-law-with-replacement",
        "random-search.time-law",
        "random-search.expected-regret",
        "convergence.start-regularized-evolution",
        "convergence.start-local-search",
        "convergence.start-one-plus-one-ea",
        "markov.steepest-ascent",
        "markov.first-improvement",
        "markov.one-plus-one-law",
    }
    # Each has a verdict on its time, and none grows faster than stated.
    grown = {of: check.verdict for of, check in everything.items() if of[0].startswith("complexity.")}
    assert len(grown) == 6 and all(v.outcome is not Outcome.VIOLATED for v in grown.values()), grown
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


def test_a_search_that_slows_down_is_caught(runs: list[OptimizerRuns]) -> None:
    """The mutant's seconds grow with the square of the number of queries."""
    times = tuple((t, 1e-3 * t**2) for t in range(10, 200, 10) for _ in range(2))
    (verdict,) = (
        c.verdict for c in check_traces([replace(runs[5], seconds=times)], claims={"complexity.one-plus-one-ea"})
    )
    assert verdict.outcome is Outcome.VIOLATED
    linear = tuple((t, 1e-3 * t) for t, _ in times)
    (verdict,) = (
        c.verdict for c in check_traces([replace(runs[5], seconds=linear)], claims={"complexity.one-plus-one-ea"})
    )
    assert verdict.outcome is Outcome.HOLDS
    (verdict,) = (
        c.verdict for c in check_traces([replace(runs[5], seconds=())], claims={"complexity.one-plus-one-ea"})
    )
    assert verdict.outcome is Outcome.UNDECIDED and "no times on the way" in verdict.note


def test_an_evolution_with_another_rate_is_caught(tmp_path: Path) -> None:
    hasty = PLAN.replace('name = "one_plus_one_ea"', 'name = "one_plus_one_ea"\nsettings = {{ mutation_rate = 0.6 }}')
    study = parse_study(hasty.format(runs=400, policy="mean", objectives='"error"'), "test")
    run_study(study, tmp_path / "hasty")
    mutant = next(r for r in open_runs(tmp_path / "hasty") if r.entry.name == "one_plus_one_ea")
    own = check_traces([mutant], claims={"markov.one-plus-one-law"})
    assert [s.verdict.outcome for s in own] == [Outcome.HOLDS], "its own law, at its own rate"
    passed_off = replace(mutant, entry=replace(mutant.entry, settings={}))
    assert check_traces([passed_off])[0].verdict.outcome is Outcome.VIOLATED


def test_too_few_runs_are_undecided_and_say_how_many_would_do(runs: list[OptimizerRuns]) -> None:
    few = replace(runs[0], index=runs[0].index[:30], observed=runs[0].observed[:30])
    verdict = by_claim(check_traces([few]))["random-search.rank-law-with-replacement", "random_search"].verdict
    assert verdict.outcome is Outcome.UNDECIDED
    assert "185 would decide" in verdict.note


def test_random_trainings_have_laws_of_their_own(tmp_path: Path) -> None:
    """Local search and the (1+1)-EA as simulated, random search exactly; a search that saw means is recognised."""
    run_study(plan(200, "random"), tmp_path / "noisy")
    noisy = open_runs(tmp_path / "noisy")
    laws = {
        "markov.steepest-ascent",
        "markov.first-improvement",
        "markov.one-plus-one-law",
        "random-search.expected-regret",
    }
    checks = by_claim(check_traces(noisy, claims=laws))
    assert len(checks) == 5 and {c.verdict.outcome for c in checks.values() if "regret" not in c.claim} == {
        Outcome.HOLDS
    }
    assert checks["random-search.expected-regret", "random_search"].verdict.outcome is Outcome.HOLDS
    without = checks["random-search.expected-regret", "without replacement"].verdict
    assert without.outcome is Outcome.ASSUMPTION_VIOLATED
    steepest = next(r for r in noisy if r.entry.label == "local_search")
    first = next(r for r in noisy if r.entry.label == "first improvement")
    (check,) = check_traces([replace(first, entry=steepest.entry)], claims={"markov.steepest-ascent"})
    assert check.verdict.outcome is Outcome.VIOLATED


def test_functions_are_judged_and_silence_is_said(tmp_path: Path) -> None:
    plan_of = """
name = "functions"
seed = 5
runs = 60
problems = ["onemax/10x4", "nk/6x4-k2"]
objectives = ["error"]
split = "none"
epochs = "longest"
training_seed = "random"
repeat_policy = "retrain"
[budget]
queries = 80
[[methods]]
name = "random_search"
[[methods]]
name = "one_plus_one_ea"
[[methods]]
name = "simulated_annealing"
"""
    run_study(parse_study(plan_of, "test"), tmp_path / "functions")
    runs = open_runs(tmp_path / "functions")
    rows = complete_table(check_traces(runs), runs)
    verdicts = {(r.benchmark, r.optimizer, r.claim): r.verdict.outcome for r in rows}
    assert verdicts["onemax/10x4", "random_search", "random-search.uniform-draws"] is Outcome.HOLDS
    assert verdicts["onemax/10x4", "one_plus_one_ea", "markov.one-plus-one-law"] in (Outcome.UNDECIDED, Outcome.HOLDS)
    assert verdicts["nk/6x4-k2", "one_plus_one_ea", "markov.one-plus-one-law"] is not Outcome.ASSUMPTION_VIOLATED
    for benchmark in ("onemax/10x4", "nk/6x4-k2"):
        for label in ("random_search", "one_plus_one_ea", "simulated_annealing"):
            aspects = {
                c.startswith(("complexity", "(complexity")) for b, o, c in verdicts if (b, o) == (benchmark, label)
            }
            assert aspects == {True, False}
    worse = next(r for r in runs if r.benchmark == "onemax/10x4" and r.entry.name == "one_plus_one_ea")
    slow = replace(worse, observed=np.maximum(worse.observed, 20.0))
    (check,) = check_traces([slow], claims={"markov.one-plus-one-law"})
    assert check.verdict.outcome is Outcome.VIOLATED


def test_a_first_level_that_is_not_uniform_or_no_level_is_caught(tmp_path: Path) -> None:
    plan_of = """
name = "levels"
seed = 3
runs = 60
problems = ["onemax/10x4"]
objectives = ["error"]
split = "none"
epochs = "longest"
training_seed = "random"
repeat_policy = "retrain"
budget = { queries = 15 }
methods = [{ name = "progressive" }]
"""
    run_study(parse_study(plan_of, "test"), tmp_path / "levels")
    (runs,) = open_runs(tmp_path / "levels")

    def outcome(of: OptimizerRuns) -> Outcome:
        (check,) = check_traces([of], claims={"progressive.first-level"})
        return check.verdict.outcome

    lowest, deeper = runs.index.copy(), runs.index.copy()
    lowest[::2] = np.sort(runs.index[0])
    deeper[0, 0] = runs.index[0, 0] + runs.index[0, 1]
    assert outcome(runs) is Outcome.HOLDS
    assert outcome(replace(runs, index=lowest)) is Outcome.VIOLATED
    assert outcome(replace(runs, index=deeper)) is Outcome.VIOLATED
    assert outcome(replace(runs, index=runs.index[:3])) is Outcome.UNDECIDED


def test_a_claim_of_ones_own_is_verified_and_judged_on_traces(runs: list[OptimizerRuns]) -> None:
    """The example of docs/claims.md, in under 40 lines."""
    page = (Path(nasbench.__file__).parents[1] / "docs" / "claims.md").read_text()
    (code,) = re.findall("```python\n(.*?)```", page, flags=re.DOTALL)
    assert len(code.splitlines()) < 40
    with forgotten_afterwards():
        names: dict[str, Any] = {}
        exec(code, names)
        (sound,), (caught,) = (registry.verify([names["birthday"]], mutants=m) for m in (False, True))
        assert sound.passed and caught.passed and caught.limit is not None and caught.limit.distance < 1.5
        (check,) = check_traces(runs, claims={"mine.birthday"})
        assert check.optimizer == "random_search" and check.verdict.outcome is Outcome.HOLDS
        broken = replace(names["birthday"], name="mine.broken", trace_check=lambda runs, context: 1 / 0)
        nasbench.register_claim(broken)
        (check,) = check_traces(runs[:1], claims={"mine.broken"})
        assert check.verdict.outcome is Outcome.ERROR and not check.passed


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
    assert len(figures) == 8 and all(f.read_text().startswith("<?xml") for f in figures)


def test_verify_named_claims_and_their_mutants(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.verify(["drift"], jobs=1) == 0
    assert "drift.additive-drift" in capsys.readouterr().out
    assert commands.verify(["drift"], mutants=True, jobs=1, json=True) == 0
    assert {v["verdict"] for v in json.loads(capsys.readouterr().out)["verdicts"]} == {"violated"}


def test_verify_exits_with_one_when_a_claim_is_violated_or_a_mutant_is_not_rejected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
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
        ({"everything": True, "traces": Path()}, "leave out --all"),
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
