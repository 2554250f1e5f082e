"""Runs and methods are added to a finished study with the bits that they have when all are asked for at once; nothing else changes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench.cli.main import status
from nasbench.errors import NasbenchError
from nasbench.study.config import Study
from nasbench.study.manifest import NAME
from nasbench.study.runner import run_study
from nasbench.study.store import Store
from nasbench.study.toml import load_study, parse_study

TEXT = """
name = "small"
seed = 5
runs = 3
runs_per_file = 2
problems = ["nas-bench-201/cifar10"]
objectives = ["error"]
split = "validation"
epochs = [200]
training_seed = "random"
repeat_policy = "retrain"
budget = { queries = 30 }
methods = [{ name = "random_search" }, { name = "local_search" }]
"""


@pytest.fixture
def study() -> Study:
    return parse_study(TEXT, "test")


def frame(folder: Path) -> pd.DataFrame:
    """All traces of a folder, in the order of optimizers and runs."""
    store = Store.open(folder)
    frames = [store.read(unit).to_pandas().assign(label=unit.label) for unit in store.study.units()]
    return pd.concat(frames).sort_values(["label", "run", "query"], ignore_index=True)


def plain(folder: Path) -> dict[str, list[object]]:
    return {str(name): column.tolist() for name, column in frame(folder).astype({"architecture": str}).items()}


def stored(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted((folder / "traces").rglob("*.parquet"))}


def test_added_runs_have_the_bits_of_runs_asked_for_at_once(study: Study, tmp_path: Path) -> None:
    run_study(study.with_runs(7), tmp_path / "once")
    assert run_study(study, tmp_path / "grown").done == 4
    before = stored(tmp_path / "grown")
    assert run_study(study.with_runs(4), tmp_path / "grown", jobs=2).done == 2
    assert run_study(study.with_runs(7), tmp_path / "grown").done == 4
    assert plain(tmp_path / "grown") == plain(tmp_path / "once")
    after = stored(tmp_path / "grown")
    assert {name: after[name] for name in before} == before, "what was there stays as it is"
    held = Store.open(tmp_path / "grown").study
    assert (held.runs, held.added_at) == (7, (3,))
    assert run_study(study.with_runs(7), tmp_path / "grown").done == 0
    assert run_study(load_study(str(tmp_path / "grown" / "study.toml")), tmp_path / "grown").done == 0


def test_whole_chunks_grow_to_the_same_files(study: Study, tmp_path: Path) -> None:
    run_study(study.with_runs(6), tmp_path / "once")
    run_study(study.with_runs(4), tmp_path / "grown")
    run_study(study.with_runs(6), tmp_path / "grown")
    assert stored(tmp_path / "grown") == stored(tmp_path / "once")
    assert (tmp_path / "grown" / "study.toml").read_bytes() == (tmp_path / "once" / "study.toml").read_bytes()


def test_added_methods_leave_the_others_as_they_are(study: Study, tmp_path: Path) -> None:
    run_study(study.with_runs(5), tmp_path / "once")
    fewer = study.replace(methods=study.methods[1:])
    assert run_study(fewer, tmp_path / "grown").done == 2
    before = stored(tmp_path / "grown")
    assert run_study(study, tmp_path / "grown").done == 2
    assert Store.open(tmp_path / "grown").study == study
    assert run_study(study.with_runs(5), tmp_path / "grown").done == 4
    assert before.items() <= stored(tmp_path / "grown").items()
    assert plain(tmp_path / "grown") == plain(tmp_path / "once")
    for other in (fewer.with_runs(5), study.with_runs(5).replace(methods=("asng", "random_search"))):
        with pytest.raises(NasbenchError, match="holds another study: methods was"):
            run_study(other, tmp_path / "grown")


def test_fewer_runs_and_another_seed_are_refused_in_a_sentence(study: Study, tmp_path: Path) -> None:
    run_study(study, tmp_path)
    before = stored(tmp_path)
    with pytest.raises(NasbenchError, match=r"holds 3 runs and 2 are asked for; .* ask for 3 or more"):
        run_study(study.with_runs(2), tmp_path)
    with pytest.raises(NasbenchError, match="seed was 5 and is 6 now"):
        run_study(study.with_runs(5).with_seed(6), tmp_path)
    assert stored(tmp_path) == before and Store.open(tmp_path).study == study


def test_killed_while_runs_are_added_it_goes_on(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped before the new `study.toml` is in place, and after its first unit."""
    run_study(study.with_runs(5), tmp_path / "once")
    run_study(study, tmp_path / "grown")
    for after in (0, 3):
        left = iter([True] * after)
        monkeypatch.setattr("nasbench.study.manifest.write_atomically", lambda *a, left=left: _stop(left, *a))
        with pytest.raises(KeyboardInterrupt):
            run_study(study.with_runs(5), tmp_path / "grown")
        monkeypatch.undo()
    run_study(study.with_runs(5), tmp_path / "grown")
    assert plain(tmp_path / "grown") == plain(tmp_path / "once")


def _stop(left, *arguments):  # type: ignore[no-untyped-def]
    from nasbench.files.atomic import write_atomically

    if next(left, None) is None:
        raise KeyboardInterrupt
    write_atomically(*arguments)


@given(chunk=st.integers(1, 7), counts=st.lists(st.integers(1, 40), min_size=1, max_size=6, unique=True))
def test_units_of_a_study_stay_units_when_runs_are_added(chunk: int, counts: list[int]) -> None:
    first, *more = sorted(counts)
    grown = parse_study(
        TEXT.replace("runs = 3", f"runs = {first}").replace("runs_per_file = 2", f"runs_per_file = {chunk}"), "test"
    )
    for runs in more:
        before = grown.units()
        grown = parse_study(grown.extended(runs).to_toml(), "again")
        assert {u.path for u in before} <= {u.path for u in grown.units()}
    ranges = [unit.runs for unit in grown.units() if unit.label == "local_search"]
    assert np.concatenate(ranges).tolist() == list(range(max(counts)))
    assert max(map(len, ranges)) <= chunk


def test_the_command_adds_runs_and_takes_a_seed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "s.toml").write_text(TEXT)
    command = ["run", str(tmp_path / "s.toml"), "--out", str(tmp_path / "o"), "--json"]

    def row(*options: str) -> dict[str, object]:
        assert status([*command, *options]) == 0
        found: dict[str, object] = json.loads(capsys.readouterr().out)["runs"][0]
        return found

    assert row("--seed", "9")["units"] == 4
    assert row("--seed", "9", "--runs", "5")["done"] == 4
    assert Store.open(tmp_path / "o").study.seed == 9
    assert status([*command]) == 2 and "seed was 9 and is 5 now" in capsys.readouterr().err
    assert status([*command, "--seed", "-1"]) == 2 and "seed is -1" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["../../escaped", "/tmp/escaped", "a/b", "..", ""])
def test_a_name_that_is_none_of_a_folder_is_refused_where_it_would_choose_one(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.toml").write_text(TEXT.replace('"small"', f'"{name}"'))
    assert status(["run", "s.toml"]) == 2
    assert "give one by --out" in capsys.readouterr().err and [p.name for p in tmp_path.iterdir()] == ["s.toml"]


def test_labels_that_no_file_name_can_hold_have_files_of_their_own(tmp_path: Path) -> None:
    labels = ["..", "遗传算法", "随机搜索", "x" * 300, "REA", "rea"]
    tables = "".join(f'\n[[methods]]\nname = "random_search"\nlabel = "{label}"\n' for label in labels)
    text = TEXT[: TEXT.index("methods")].replace('/cifar10"', '/cifar10", "nas-bench-201/cifar100"') + tables
    assert run_study(parse_study(text, "test"), tmp_path).units == 2 * 6 * 2
    places = {str(path.relative_to(tmp_path / "traces")).lower() for path in (tmp_path / "traces").rglob("*.parquet")}
    assert len(places) == 24 and all(place.isascii() and place.count("/") == 2 for place in places)


def test_two_studies_that_start_at_once_never_mix(study: Study, tmp_path: Path) -> None:
    """Sixteen pairs of processes, as close as they get: one of each pair runs and the other is told."""
    code = """
import sys, time
from pathlib import Path
from nasbench.errors import NasbenchError
from nasbench.study.toml import parse_study
from nasbench.study.runner import run_study
study = parse_study(sys.stdin.readline().encode().decode("unicode_escape"), "test")
print("ready", flush=True)
for line in sys.stdin:
    try:
        run_study(study, Path(line.strip()))
        print("ran", flush=True)
    except NasbenchError as fault:
        print("told", fault, flush=True)
"""
    pair = [
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
        for _ in range(2)
    ]
    try:
        for process, seed in zip(pair, (1, 2), strict=True):
            _send(process, repr(study.with_seed(seed).to_toml())[1:-1].replace("\\'", "'"))
            assert _answer(process) == "ready"
        for attempt in range(16):
            folder = tmp_path / str(attempt)
            for process in pair:
                _send(process, str(folder))
            said = [_answer(process) for process in pair]
            assert sorted(word.split()[0] for word in said) == ["ran", "told"], said
            assert any("Another process is writing" in word or "holds another study" in word for word in said)
            store = Store.open(folder)
            assert store.study.seed == 1 + said.index("ran") and not store.missing
            reference = tmp_path / f"alone-{store.study.seed}"
            if not reference.exists():
                run_study(store.study, reference)
            assert stored(folder) == stored(reference)
    finally:
        for process in pair:
            process.stdin.close()  # type: ignore[union-attr]
            process.wait(timeout=30)
            process.stdout.close()  # type: ignore[union-attr]


def _send(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


def _answer(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_folder_that_is_removed_meanwhile_is_an_error(study: Study, tmp_path: Path) -> None:
    folder = tmp_path / "o"

    def removes(done: float, total: int) -> None:
        if done == 2:
            shutil.rmtree(folder)

    with pytest.raises(NasbenchError, match="was removed or replaced during the run"):
        run_study(study, folder, progress=removes)
    assert not folder.exists()


def test_files_that_are_removed_meanwhile_are_an_error(study: Study, tmp_path: Path) -> None:
    def removes(done: float, total: int) -> None:
        if done == 3:
            shutil.rmtree(tmp_path / "traces")

    with pytest.raises(NasbenchError, match=r"3 of 4 units were removed from .* during the run; run again"):
        run_study(study, tmp_path, progress=removes)
    assert run_study(study, tmp_path).done == 3


def test_more_jobs_than_units_are_no_more_processes(study: Study, tmp_path: Path) -> None:
    assert run_study(study, tmp_path, jobs=100_000).done == 4


def test_a_folder_without_a_manifest_is_refused_by_readers_and_made_anew_by_a_run(study: Study, tmp_path: Path) -> None:
    run_study(study, tmp_path)
    before = stored(tmp_path)
    (tmp_path / NAME).unlink()
    with pytest.raises(NasbenchError, match=r"has no manifest\.sha256"):
        Store.open(tmp_path)
    with pytest.raises(NasbenchError, match="seed was 5 and is 6 now"):
        run_study(study.with_seed(6), tmp_path)
    assert run_study(study, tmp_path).done == 4 and stored(tmp_path) == before


@pytest.mark.parametrize("damage", [lambda p: p.write_bytes(p.read_bytes()[:-1]), lambda p: p.write_bytes(b"")])
@pytest.mark.parametrize("pattern", ["traces/**/*.parquet", "timings/**/*.json", "environment.json", "study.toml"])
def test_a_damaged_file_stops_a_resumed_run_by_its_name(
    study: Study, tmp_path: Path, pattern: str, damage: Callable[[Path], None]
) -> None:
    run_study(study, tmp_path)
    before = stored(tmp_path)
    path = sorted(tmp_path.glob(pattern))[-1]
    whole = path.read_bytes()
    damage(path)
    with pytest.raises(NasbenchError, match=path.name):
        run_study(study, tmp_path)
    if path.parent == tmp_path:
        path.write_bytes(whole)
        assert run_study(study, tmp_path).done == 0
    else:
        path.unlink()
        assert run_study(study, tmp_path).done == 1
    assert stored(tmp_path) == before


def test_runs_that_other_sources_add_are_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = Study(problems=["onemax/3x2"], methods=["random_search"], runs=1, budget={"queries": 2})
    study.run(tmp_path)
    (first,) = Store.open(tmp_path).environment["sources_sha256"]
    monkeypatch.setattr("nasbench.study.store.deciding_sources", lambda: "other")
    study.run(tmp_path)
    assert Store.open(tmp_path).environment["sources_sha256"] == [first]
    study.with_runs(2).run(tmp_path)
    assert Store.open(tmp_path).environment["sources_sha256"] == [first, "other"]


def test_a_method_is_run_anew_with_the_same_seeds(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only that method's files are made anew; each unit says by which sources it was made."""
    monkeypatch.setattr("nasbench.study.store.deciding_sources", lambda: "older")
    run_study(study, tmp_path)
    before = stored(tmp_path)
    monkeypatch.setattr("nasbench.study.store.deciding_sources", lambda: "newer")
    assert run_study(study, tmp_path, again=["local_search"]).done == 2, "two files of one method"
    assert stored(tmp_path) == before
    store = Store.open(tmp_path)
    assert store.sources(["local_search"]) == ("newer",) and store.sources(["random_search"]) == ("older",)
    assert store.sources(["local_search", "random_search"]) == ("older", "newer")

    # Versions before this wrote no sources with a unit; then it is what the folder names and no unit does.
    for unit in (unit for unit in store.units() if unit.label == "random_search"):
        timing = json.loads(store.timing_path(unit).read_text())
        del timing["sources_sha256"]
        store.manifest.write({str(store.timing_path(unit).relative_to(tmp_path)): json.dumps(timing).encode()})
    assert Store.open(tmp_path).sources(["random_search"]) == ("older",)

    with pytest.raises(NasbenchError, match="did you mean"):
        run_study(study, tmp_path, again=["local_serch"])
    assert stored(tmp_path) == before


def test_a_killed_process_leaves_what_was_removed_missing(study: Study, tmp_path: Path) -> None:
    run_study(study, tmp_path)
    before = stored(tmp_path)
    Store.open(tmp_path).discard(["local_search"])
    assert {unit.label for unit in Store.open(tmp_path).missing} == {"local_search"}
    assert run_study(study, tmp_path).done == 2 and stored(tmp_path) == before
