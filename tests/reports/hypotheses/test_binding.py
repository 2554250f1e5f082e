"""What binds a hypothesis: registrations that nobody changes, and each way to pass off other results is refused by its name."""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tomli_w

from nasbench.errors import NasbenchError
from nasbench.files.sealed import digest
from nasbench.reports.hypotheses import maintenance
from nasbench.reports.hypotheses.commands import hypotheses as command
from nasbench.reports.hypotheses.evidence import collect, read_evidence, write_evidence
from nasbench.reports.hypotheses.judge import Sources, judge_evidence, judge_hypotheses
from nasbench.reports.hypotheses.registration import (
    FOLDER,
    HypothesisRegistration,
    register,
    registered_studies,
    registrations,
)
from nasbench.reports.hypotheses.statements import Baseline, MedianToTarget, StudyHypothesis, load_statements, parse
from nasbench.reports.hypotheses.verdict import HypothesisVerdict
from nasbench.search.ledger import Budget
from nasbench.study.config import Study
from nasbench.study.manifest import Manifest
from nasbench.study.store import Store
from nasbench.study.toml import parse_study

from small_registrations import run_registered

STUDY = """
name = "first"
seed = 0
runs = 1
problems = ["onemax/5x3", "onemax/4x3"]
objectives = ["error"]
split = "validation"
epochs = [1]
training_seed = "random"
repeat_policy = "cache"
budget = { unique_queries = 25 }
methods = [
    { name = "regularized_evolution", label = "ours", settings = { population_size = 6, tournament_size = 3 } },
    { name = "random_search" },
]
"""
STUDIES = {"first": STUDY, "again": STUDY.replace('"first"', '"again"')}
TEXT = """
[[hypotheses]]
name = "faster"
kind = "time to target"
statement = "s"
decision_rule = "r"
falsified_by = "c"
studies = ["first", "again"]
method = "ours"
target = "best"
accounts = ["unique_queries"]
query_cap = 25
runs = 12
assumed_effect = 0.5
threshold = 1.0
benchmarks = ["onemax/5x3"]
baselines = [{ name = "random_search" }]
"""
Judge = Callable[..., HypothesisVerdict]


def registered_study(name: str, registration: HypothesisRegistration) -> Study:
    bound = registration.studies[name]
    return parse_study(STUDIES[name], name).with_runs(bound["runs"]).with_seed(bound["seed"])


@pytest.fixture(scope="module")
def registration(bind: Callable[..., HypothesisRegistration]) -> HypothesisRegistration:
    return bind(TEXT, STUDIES)


@pytest.fixture(scope="module")
def right(registration: HypothesisRegistration, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Results of both studies as they were registered."""
    folders = run_registered(registration, STUDIES, tmp_path_factory.mktemp("right"))
    return dict(zip(registration.studies, folders, strict=True))


def test_what_was_registered_is_judged_and_says_under_what(
    registration: HypothesisRegistration, right: dict[str, Path], judge: Judge
) -> None:
    verdict = judge(registration, *right.values(), replay=2)
    assert verdict.outcome in ("holds", "not shown", "fails") and verdict.registration == registration
    assert [part.of for part in verdict.parts] == [
        f"{name}, 5x3 against random_search in unique queries" for name in ("first", "again")
    ], "a study and its repetition are one hypothesis"
    assert registration.commands[0].startswith("nasbench run first --seed ") and registration.parts == 2
    assert (registration.look, registration.error_rate) == (1, 0.025)
    seeds = [study["seed"] for study in registration.studies.values()]
    assert len(set(seeds)) == 2, "a repetition has a seed of its own"


# ---- ways to cheat ---------------------------------------------------------------------------------------------------


def _method(study: Study, which: str, **change: Any) -> Study:
    return study.replace(methods=tuple(replace(m, **change) if m.label == which else m for m in study.methods))


STUDY_CHEATS: dict[str, tuple[Callable[[Study], Study], str]] = {
    "another optimizer under the label": (
        lambda s: _method(s, "ours", name="local_search", settings={}),
        "what is labelled 'ours' is local_search and regularized_evolution is registered",
    ),
    "another label": (lambda s: _method(s, "ours", label="mine"), "no method labelled 'ours'"),
    "a setting": (
        lambda s: _method(s, "ours", settings={"population_size": 5, "tournament_size": 3}),
        "population_size of 'ours' is 5 and 6 is registered",
    ),
    "a crippled baseline": (
        lambda s: _method(s, "random_search", settings={"replacement": False}),
        "replacement of 'random_search' is False and True is registered",
    ),
    "a baseline left out": (
        lambda s: s.replace(methods=s.methods[:1]),
        "no method labelled 'random_search', which is registered",
    ),
    "a method added": (
        lambda s: s.replace(methods=(*s.methods, replace(s.methods[1], label="more"))),
        "the method 'more' is not registered",
    ),
    "the seed": (lambda s: s.with_seed(s.seed + 1), "seed is "),
    "more runs": (lambda s: s.with_runs(13), "runs is 13 and 12 is registered"),
    "fewer runs": (lambda s: s.with_runs(11), "runs is 11 and 12 is registered"),
    "a larger budget": (
        lambda s: s.replace(budget=Budget({"unique_queries": 40})),
        "the budget of unique_queries is 40 and 25 is registered",
    ),
    "a smaller budget": (
        lambda s: s.replace(budget=Budget({"unique_queries": 20})),
        "the budget of unique_queries is 20 and 25 is registered",
    ),
    "another account": (
        lambda s: s.replace(budget=Budget({"queries": 25})),
        "the budget of queries is 25 and 'left out' is registered",
    ),
    "the split": (lambda s: s.replace(split="test"), "split is 'test' and 'validation' is registered"),
    "the epochs": (lambda s: s.replace(epochs="longest"), "epochs is 'longest' and [1] is registered"),
    "the training seed": (
        lambda s: s.replace(training_seed="mean"),
        "training_seed is 'mean' and 'random' is registered",
    ),
    "the repeats": (
        lambda s: s.replace(repeat_policy="retrain"),
        "repeat_policy is 'retrain' and 'cache' is registered",
    ),
    "a problem left out": (lambda s: s.with_problems(["onemax/5x3"]), "problems is ['onemax/5x3'] and"),
}


@pytest.mark.parametrize("cheat", STUDY_CHEATS)
def test_a_study_that_was_altered_is_refused_by_name(
    cheat: str, registration: HypothesisRegistration, right: dict[str, Path], tmp_path: Path, judge: Judge
) -> None:
    change, told = STUDY_CHEATS[cheat]
    altered = change(registered_study("first", registration))
    altered.run(tmp_path / "first")
    verdict = judge(registration, tmp_path / "first", right["again"])
    assert verdict.outcome == "refused" and not verdict.stands and not verdict.parts
    assert told in verdict.evidence and "(study first)" in verdict.evidence, verdict.evidence


def rewritten(folder: Path, **facts: Any) -> None:
    """Change what a results folder says of how it was made, with the line of its manifest."""
    store = Store.open(folder)
    store.manifest.write({"environment.json": json.dumps({**store.environment, **facts}).encode()})


def edit_trace(folder: Path, *, forge: bool) -> None:
    """Put the best architecture of a run first; with `forge`, the manifest agrees."""
    store = Store.open(folder)
    unit = next(unit for unit in store.units() if unit.label == "ours" and unit.problem == "onemax/5x3")
    path = store.path(unit)
    frame = pd.read_parquet(path)
    # Seeds follow from the sources, so that the best of a run may happen to be its first.
    errors = frame["error"].to_numpy()
    runs = (np.flatnonzero(frame["run"] == run) for run in frame["run"].unique())
    ends = ((int(rows[0]), int(rows[errors[rows].argmin()])) for rows in runs)
    first, best = next((first, best) for first, best in ends if errors[first] > errors[best])
    columns = ["architecture", "error"]
    frame.loc[[first, best], columns] = frame.loc[[best, first], columns].to_numpy()
    frame.to_parquet(path)
    if forge:
        name = path.relative_to(folder).as_posix()
        Manifest.read(folder).write({name: path.read_bytes()})


def retyped(folder: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    """Change the columns of a trace; the manifest agrees."""
    store = Store.open(folder)
    path = store.path(next(unit for unit in store.units() if unit.label == "ours" and unit.problem == "onemax/5x3"))
    pq.write_table(change(pq.read_table(path)), path)
    Manifest.read(folder).write({path.relative_to(folder).as_posix(): path.read_bytes()})


def edit_study(folder: Path) -> None:
    """Say another population size than was run."""
    path = folder / "study.toml"
    path.write_text(path.read_text().replace("population_size = 6", "population_size = 7"))


FOLDER_CHEATS: dict[str, tuple[Callable[[Path], None], str]] = {
    "other sources": (
        lambda f: rewritten(f, sources_sha256=["0" * 64]),
        "the runs were made by the sources 000000000000",
    ),
    "two kinds of sources": (
        lambda f: rewritten(f, sources_sha256=[*Store.open(f).environment["sources_sha256"], "1" * 64]),
        "and 111111111111 and",
    ),
    "sources that are no texts": (lambda f: rewritten(f, sources_sha256=[[1]]), "does not say in texts"),
    "sources that are a number": (lambda f: rewritten(f, sources_sha256=5), "does not say in texts"),
    "tables in a list": (lambda f: rewritten(f, benchmarks=["onemax/5x3"]), "does not say in texts"),
    "a trace without a column": (
        lambda f: retyped(f, lambda t: t.drop_columns("is_new_architecture")),
        "lacks is_new_architecture",
    ),
    "a trace of texts": (
        lambda f: retyped(f, lambda t: t.drop_columns("error").append_column("error", t["error"].cast("string"))),
        "its column error is not of numbers",
    ),
    "sources that are not recorded": (lambda f: rewritten(f, sources_sha256=[]), "sources that were not recorded"),
    "edited traces": (lambda f: edit_trace(f, forge=False), "is not what was written there, so it is damaged"),
    "edited traces and manifest": (
        lambda f: edit_trace(f, forge=True),
        "of ours on onemax/5x3 is another when it is made again",
    ),
    "an edited study.toml": (
        edit_study,
        "its SHA-256 is not that of",
    ),
    "runs removed": (lambda f: next((f / "traces").rglob("*.parquet")).unlink(), "lacks 1 of"),
}


@pytest.mark.parametrize("cheat", FOLDER_CHEATS)
def test_a_folder_that_was_altered_is_refused_by_name(
    cheat: str, registration: HypothesisRegistration, right: dict[str, Path], tmp_path: Path, judge: Judge
) -> None:
    alter, told = FOLDER_CHEATS[cheat]
    shutil.copytree(right["first"], tmp_path / "first")
    alter(tmp_path / "first")
    try:
        verdict = judge(registration, tmp_path / "first", right["again"], replay=12)
    except NasbenchError as fault:
        assert told in str(fault)
    else:
        assert verdict.outcome == "refused" and told in verdict.evidence, verdict.evidence


def test_another_version_of_a_table_is_refused(
    registration: HypothesisRegistration, right: dict[str, Path], judge: Judge
) -> None:
    other = registration.model_copy(update={"benchmarks": {"onemax/5x3": "0" * 64}})
    verdict = judge(other, *right.values())
    assert verdict.outcome == "refused" and "the table of onemax/5x3 is another version" in verdict.evidence


def test_runs_that_were_not_followed_to_the_horizon_are_refused(
    registration: HypothesisRegistration, right: dict[str, Path]
) -> None:
    evidence = collect(registration, right)
    key = ("first", "onemax/5x3", "random_search", "unique_queries")
    times = evidence.values[key]
    stopped = replace(times, time=np.full(12, 9.0), observed=np.zeros(12, dtype=bool))
    verdict = judge_evidence(registration, replace(evidence, values={**evidence.values, key: stopped}))
    assert verdict.outcome == "refused"
    assert "12 runs of random_search on onemax/5x3 ended before the registered horizon of 25" in verdict.evidence


def test_a_repetition_that_is_not_there_is_not_passed_over(
    registration: HypothesisRegistration, right: dict[str, Path], judge: Judge, tmp_path: Path
) -> None:
    verdict = judge(registration, right["first"], evidence=tmp_path)
    assert verdict.outcome == "not run" and "there are no results of again" in verdict.evidence


# ---- registrations ---------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where a test registers."""
    load = "nasbench.reports.hypotheses.registration.load_study"
    monkeypatch.setattr(load, lambda name: parse_study(STUDIES[name], name))
    return tmp_path / "registered"


def stated(**change: Any) -> StudyHypothesis:
    (found,) = parse(TEXT).hypotheses
    assert isinstance(found, StudyHypothesis)
    return found.model_copy(update=change)


def test_a_registration_is_never_changed_and_a_look_costs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = register(stated(), folder)
    with pytest.raises(NasbenchError, match="registered with these sources already, as faster-1"):
        register(stated(threshold=2.0), folder)
    monkeypatch.setattr("nasbench.reports.hypotheses.registration.deciding_sources", lambda: "f" * 64)
    register(stated(), folder)
    first, second = registrations("faster", folder)
    assert (first.look, second.look) == (1, 2) and second.error_rate == first.error_rate / 2
    assert first.studies["first"]["seed"] != second.studies["first"]["seed"], "a seed is renewed with the sources"
    assert second.power < first.power
    path.write_text(path.read_text().replace("threshold = 1.0", "threshold = 9.0"))
    with pytest.raises(NasbenchError, match=r"faster-1.toml was changed after it was made"):
        registrations("faster", folder)
    path.unlink()
    with pytest.raises(NasbenchError, match=r"there are \[2\]; restore the others"):
        registrations("faster", folder)


def test_a_registration_is_void_once_the_sources_have_changed(
    registration: HypothesisRegistration,
    right: dict[str, Path],
    judge: Judge,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr("nasbench.reports.hypotheses.registration.deciding_sources", lambda: "f" * 64)
    with pytest.raises(NasbenchError, match="by its own sources alone"):
        judge(registration, *right.values(), replay=1)
    unspent = judge(registration, evidence=tmp_path)
    assert unspent.outcome == "not run" and "faster-1 is void" in unspent.evidence
    assert judge(registration, *right.values()).outcome != "refused", "what was run before stands as of its sources"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"query_cap": 30}, "query_cap of 30 unique queries and nothing else"),
        ({"method": "nobody"}, "has no method labelled nobody"),
        ({"benchmarks": ("onemax/9x3",)}, "has no problem onemax/9x3"),
        ({"baselines": (Baseline(name="tpe"),)}, "has no baseline tpe; name one that it has"),
    ],
)
def test_a_study_that_cannot_decide_is_not_registered(folder: Path, change: dict[str, Any], told: str) -> None:
    with pytest.raises(NasbenchError, match=told):
        register(stated(**change), folder)


def test_a_share_needs_the_runs_that_can_show_it(folder: Path) -> None:
    soon = MedianToTarget(
        **{key: getattr(stated(), key) for key in ("name", "statement", "decision_rule", "falsified_by", "studies", "method", "query_cap")},
        kind="median to target", runs=100, benchmarks=("onemax/5x3",), assumed_effect=1.0, target="best", share=0.98,
        medians={"onemax/5x3": 20.0},
    )  # fmt: skip
    with pytest.raises(NasbenchError, match=r"100 runs cannot show a share of 0.98 .*; register 183 or more"):
        register(soon, folder)
    assert register(soon.model_copy(update={"runs": 183}), folder).exists()


def test_every_statement_of_the_project_can_be_registered(tmp_path: Path) -> None:
    for hypothesis in load_statements().hypotheses:
        if isinstance(hypothesis, StudyHypothesis):
            register(hypothesis, tmp_path)
            (registration,) = registrations(hypothesis.name, tmp_path)
            assert registration.statement == hypothesis and 0.5 < registration.power <= 1


def _studies(content: dict[str, Any], **change: Any) -> None:
    for study in content["studies"].values():
        study.update(change)


REGISTRATION_CHEATS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "the error rate": (lambda c: c.update(error_rate=0.4), "error_rate is 0.4 and 0.025 follows"),
    "an error rate that is no number": (lambda c: c.update(error_rate=float("nan")), "error_rate is nan"),
    "the look": (lambda c: c.update(look=2), "name is 'faster-1' and 'faster-2' follows"),
    "the name": (lambda c: c["hypothesis"].update(name="slower"), "name is 'faster-1' and 'slower-1' follows"),
    "parts": (lambda c: c.update(parts=1), "parts is 1 and 2 follows"),
    "power": (lambda c: c.update(power=1.0), "power is 1 and 0.4099 follows"),
    "seeds": (lambda c: _studies(c, seed=7), "the seed of first is 7 and "),
    "runs of the studies": (lambda c: _studies(c, runs=11), "the runs of first is 11 and 12 follows"),
    "the budget": (lambda c: _studies(c, budget={"queries": 25}), "the budget of first is {'queries': 25} and "),
    "a repetition left out": (
        lambda c: c["studies"].pop("again"),
        "studies is ['first'] and ['again', 'first'] follows",
    ),
    "no baseline": (
        lambda c: c["hypothesis"].update(baselines=[]),
        "parts is 2 and 0 follows",
    ),
    "a baseline that no study has": (
        lambda c: c["hypothesis"]["baselines"].append({"name": "tpe", "settings": {"n_candidates": 5}}),
        "the study first has no baseline tpe {'n_candidates': 5}, which the statement names",
    ),
    "a nearer horizon": (
        lambda c: c["horizons"]["onemax/5x3"].update(unique_queries=3.0),
        "the horizon of onemax/5x3 in unique_queries is 3.0 and 25.0 follows",
    ),
    "no horizon": (lambda c: c.update(horizons={}), "horizons is [] and ['onemax/5x3'] follows"),
    "no table": (lambda c: c.update(benchmarks={}), "benchmarks is [] and ['onemax/5x3'] follows"),
    "methods without settings": (
        lambda c: [method.pop("settings") for method in c["studies"]["first"]["methods"]],
        "the study 'first' does not say all that binds it",
    ),
    "another kind": (
        lambda c: c.update(
            hypothesis={key: c["hypothesis"][key] for key in ("name", "statement", "decision_rule", "falsified_by")}
            | {"kind": "theory"}
        ),
        "a hypothesis of the kind 'theory' rests on no study",
    ),
}


@pytest.mark.parametrize("cheat", REGISTRATION_CHEATS)
def test_a_registration_that_was_edited_and_sealed_anew_contradicts_itself(cheat: str, folder: Path) -> None:
    change, told = REGISTRATION_CHEATS[cheat]
    path = register(stated(), folder)
    content = tomllib.loads(path.read_text())
    del content["sha256"]
    change(content)
    path.write_text(tomli_w.dumps({**content, "sha256": digest(content)}))
    with pytest.raises(NasbenchError) as refusal:
        registrations("faster", folder)
    assert told in str(refusal.value) and "restore it from version control" in str(refusal.value)


def test_what_the_project_has_registered_contradicts_nothing() -> None:
    for path in sorted(FOLDER.glob("*.toml")):
        assert registrations(path.stem.rpartition("-")[0])


# ---- evidence that ships ---------------------------------------------------------------------------------------------


def test_what_ships_is_judged_as_the_folders_are(
    registration: HypothesisRegistration, right: dict[str, Path], judge: Judge, tmp_path: Path
) -> None:
    evidence = collect(registration, right)
    path = write_evidence(registration, evidence, tmp_path)
    assert write_evidence(registration, evidence, tmp_path) == path and path.stat().st_size < 20_000
    by_folders, by_evidence = judge(registration, *right.values()), judge(registration, evidence=tmp_path)
    assert by_evidence.outcome == by_folders.outcome and by_evidence.parts == by_folders.parts
    found = read_evidence(registration, tmp_path)
    assert found is not None and found.origins == evidence.origins


def test_spent_evidence_stands_as_of_its_version_until_the_next_is_run(
    registration: HypothesisRegistration, right: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_evidence(registration, collect(registration, right), tmp_path)
    later = registration.model_copy(update={"name": "faster-2", "look": 2, "sources_sha256": "e" * 64})
    monkeypatch.setattr("nasbench.reports.hypotheses.judge.registrations", lambda name, folder: [registration, later])
    (verdict,) = judge_hypotheses([registration.hypothesis], Sources(evidence=tmp_path))
    assert verdict.registration == registration and verdict.parts
    assert "as of version" in verdict.evidence and "faster-2 is registered and was not run" in verdict.evidence
    (by_folders,) = judge_hypotheses(
        [registration.hypothesis], Sources(results=tuple(right.values()), evidence=tmp_path)
    )
    assert by_folders.outcome == "refused" and by_folders.registration == later, "results count under the last alone"


@pytest.mark.parametrize("forge", [False, True])
def test_evidence_that_was_edited_is_refused(
    forge: bool, registration: HypothesisRegistration, right: dict[str, Path], tmp_path: Path
) -> None:
    path = write_evidence(registration, collect(registration, right), tmp_path)
    if not forge:
        path.write_bytes(path.read_bytes()[:-1] + b"x")
        with pytest.raises(NasbenchError, match="its SHA-256 is not that of"):
            read_evidence(registration, tmp_path)
    other = registration.model_copy(update={"sha256": "0" * 64})
    with pytest.raises(NasbenchError, match=r"registered otherwise; it decides nothing|its SHA-256"):
        read_evidence(other, tmp_path)


def _origin(about: dict[str, Any], **change: Any) -> None:
    about["origins"]["first"].update(change)


EVIDENCE_CHEATS: dict[str, tuple[Callable[[pd.DataFrame, dict[str, Any]], object], str]] = {
    "no word of how it was made": (lambda f, a: a.update(origins={}), "lacks what is judged"),
    "no word of one study": (lambda f, a: a["origins"].pop("again"), "lacks what is judged"),
    "word of another study": (lambda f, a: a["origins"].update(more=a["origins"]["first"]), "or holds more"),
    "no hashes": (lambda f, a: a.update(digests=[]), "lacks what is judged"),
    "a study that is none": (lambda f, a: _origin(a, study={"methods": 5}), "does not say all that binds it"),
    "sources that are no text": (lambda f, a: _origin(a, sources_sha256=[[1]]), "origins.first.sources_sha256[0]"),
    "tables in a list": (lambda f, a: _origin(a, benchmarks=[]), "origins.first.benchmarks: it is []"),
    "another registration": (lambda f, a: a.update(registration="other-1"), "is evidence of other-1"),
    "runs in another order": (lambda f, a: f.__setitem__("run", 11 - f["run"]), "should be 0, 1, 2, ..., each once"),
    "a run twice": (lambda f, a: f.__setitem__("run", f["run"] // 2), "should be 0, 1, 2, ..., each once"),
    "values as text": (lambda f, a: f.__setitem__("value", f["value"].astype(str)), "its values are no numbers"),
    "values that are none": (lambda f, a: f.__setitem__("value", float("nan")), "Every run needs a time"),
    "infinite values": (lambda f, a: f.__setitem__("value", float("inf")), "holds an infinite value"),
}


@pytest.mark.parametrize("cheat", EVIDENCE_CHEATS)
def test_evidence_that_was_edited_with_its_line_of_the_manifest_is_refused(
    cheat: str, registration: HypothesisRegistration, right: dict[str, Path], tmp_path: Path
) -> None:
    change, told = EVIDENCE_CHEATS[cheat]
    path = write_evidence(registration, collect(registration, right), tmp_path)
    table = pq.read_table(path)
    frame, about = table.to_pandas(), json.loads(table.schema.metadata[b"evidence"])
    change(frame, about)
    sink = pa.BufferOutputStream()
    edited = pa.Table.from_pandas(frame, preserve_index=False)
    pq.write_table(edited.replace_schema_metadata({"evidence": json.dumps(about)}), sink)
    Manifest.read(tmp_path).write({path.name: sink.getvalue().to_pybytes()})
    with pytest.raises(NasbenchError) as refusal:
        read_evidence(registration, tmp_path)
    assert told in str(refusal.value), refusal.value


def test_a_look_that_was_spent_is_not_deleted(
    registration: HypothesisRegistration, right: dict[str, Path], judge: Judge, tmp_path: Path
) -> None:
    second = registration.model_copy(update={"name": "faster-2", "look": 2, "sha256": "1" * 64})
    write_evidence(second, collect(registration, right), tmp_path)
    with pytest.raises(NasbenchError, match="There is evidence of faster-2 and no such registration"):
        judge(registration, evidence=tmp_path)


def test_spent_evidence_is_not_replaced(
    registration: HypothesisRegistration, right: dict[str, Path], tmp_path: Path
) -> None:
    evidence = collect(registration, right)
    write_evidence(registration, evidence, tmp_path)
    key, times = next(iter(evidence.values.items()))
    better = replace(evidence, values={**evidence.values, key: replace(times, time=times.time / 2)})
    with pytest.raises(NasbenchError, match="holds other evidence of faster-1, which is spent"):
        write_evidence(registration, better, tmp_path)


def test_packing_refuses_what_is_not_registered(
    registration: HypothesisRegistration, right: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = Sources(results=tuple(right.values()), evidence=tmp_path / "evidence", replay=1)
    monkeypatch.setattr(maintenance, "registrations", lambda name, folder: [registration])
    (written,) = maintenance.pack_evidence([registration.hypothesis], sources)
    assert written.endswith("faster-1.parquet")
    shutil.copytree(right["first"], tmp_path / "first")
    edit_trace(tmp_path / "first", forge=True)
    altered = replace(sources, results=(tmp_path / "first", right["again"]), replay=12)
    with pytest.raises(NasbenchError, match="another when it is made again"):
        list(maintenance.pack_evidence([registration.hypothesis], altered))
    network = load_statements().select(["cifar10-96.2"])
    with pytest.raises(NasbenchError, match="of the kind 'trained network', which rests on no study"):
        list(maintenance.pack_evidence(network, sources))


def test_one_command_registers_runs_packs_and_judges(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("nasbench.reports.hypotheses.statements.load_statements", lambda: parse(TEXT))
    monkeypatch.setattr(maintenance, "register_all", partial(maintenance.register_all, folder=folder))
    bound = partial(Sources, registrations=folder)
    monkeypatch.setattr("nasbench.reports.hypotheses.judge.Sources", bound)
    ship = tmp_path / "ship"
    command(["faster"], evidence=ship, register=True, run=True, pack=True, json=True)
    printed = json.loads(capsys.readouterr().out)
    registered, packed = printed["written"]
    assert (
        str(folder / "faster-1.toml") in registered
        and "power" in registered
        and packed == str(ship / "faster-1.parquet")
    )
    (made,) = printed["hypotheses"]
    assert made["registered"].startswith("registered as faster-1") and made["look"] == 1
    shutil.rmtree(tmp_path / "results")
    command(["faster"], evidence=ship, json=True)
    (again,) = json.loads(capsys.readouterr().out)["hypotheses"]
    assert again == made, "what ships judges as the results did"
    monkeypatch.setattr("nasbench.reports.hypotheses.registration.deciding_sources", lambda: "f" * 64)
    with pytest.raises(NasbenchError, match="no longer those of faster-1"):
        command(["faster"], evidence=ship, run=True)


def test_a_preset_that_has_changed_is_not_run_for_a_registration(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    register(stated(), folder)
    (registration,) = registrations("faster", folder)
    monkeypatch.setitem(STUDIES, "again", STUDIES["again"].replace("population_size = 6", "population_size = 5"))
    with pytest.raises(NasbenchError, match=r"preset again is no longer .*: population_size of 'ours' is 5 and 6"):
        registered_studies(registration)
