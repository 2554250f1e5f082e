from __future__ import annotations

import json
import multiprocessing
import os
from pathlib import Path

import numpy as np
import pytest

from nasbench.errors import NasbenchError
from nasbench.spaces.space import Space
from nasbench.tables.cache import cache_folder, cached_table
from nasbench.tables.catalogue import get_table
from nasbench.tables.column import Column, Measured
from nasbench.tables.table import open_table
from nasbench.tables.writer import write_table

SPACE = Space("two", ("a", "b"), (("x", "y"), ("x", "y", "z")))
ACCURACY = Column(dataset="set", quantity="accuracy", split="validation", epochs=3, seeds=(1, 2), unit="%")


def write(folder: Path, values: np.ndarray, missing: np.ndarray | None = None, column: Column = ACCURACY) -> None:
    write_table(
        folder, name="two", space=SPACE, columns=[Measured(column, values, missing)], provenance="made up for tests"
    )


def test_what_was_written_is_read(tmp_path: Path) -> None:
    values = np.linspace(10, 90, 12).reshape(6, 2)
    missing = np.zeros((6, 2), dtype=bool)
    missing[4, 1] = True
    write(tmp_path, values, missing)
    table = open_table(tmp_path)
    assert len(table) == 6
    assert table.is_complete
    assert table.space.decisions == SPACE.decisions
    assert table.find("set", "accuracy", "validation", 3) == ACCURACY
    measured = table.measured(ACCURACY)
    assert isinstance(measured.values, np.memmap)
    assert np.array_equal(measured.values, values)
    assert measured.mean()[4] == values[4, 0]
    assert table.check() == ["set.accuracy.validation.3.npy", "set.accuracy.validation.3.missing.npy"]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.zeros((5, 2)), "shape"),
        (np.full((6, 2), np.nan), "finite"),
        (np.full((6, 2), 101.0), "0 to 100"),
        (np.full((6, 2), 0.9), "fractions"),
    ],
)
def test_values_that_cannot_be_are_refused(tmp_path: Path, values: np.ndarray, reason: str) -> None:
    with pytest.raises(NasbenchError, match=reason):
        write(tmp_path, values)


def test_unknown_units_and_splits_are_refused() -> None:
    with pytest.raises(NasbenchError, match="unit"):
        Column(dataset="x", quantity="latency", unit="parsec")
    with pytest.raises(NasbenchError, match="split"):
        Column(dataset="x", quantity="accuracy", unit="%", split="valid")


def test_a_flipped_byte_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, np.full((6, 2), 50.0))
    path = tmp_path / "set.accuracy.validation.3.npy"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(NasbenchError, match=r"damaged.*build it again"):
        open_table(tmp_path).measured(ACCURACY)


def test_a_lost_array_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, np.full((6, 2), 50.0))
    (tmp_path / "set.accuracy.validation.3.npy").unlink()
    with pytest.raises(NasbenchError, match="cannot read"):
        open_table(tmp_path).check()


@pytest.mark.parametrize("text", ["", "{", "[]", json.dumps({"format": 0})])
def test_a_foreign_manifest_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(NasbenchError):
        open_table(tmp_path)
    with pytest.raises(NasbenchError, match="no manifest"):
        open_table(tmp_path / "nowhere")


def _build_slowly(folder: Path) -> None:
    write(folder, np.full((6, 2), 50.0))
    (folder / f"by-{multiprocessing.current_process().pid}").touch()


def _open(base: str, barrier: object, results: object) -> None:
    import os

    os.environ["NASBENCH_CACHE"] = base
    barrier.wait()  # type: ignore[attr-defined]
    results.put(len(cached_table("two", _build_slowly)))  # type: ignore[attr-defined]


def test_two_processes_that_build_at_once_end_with_one_whole_table(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(2), context.Queue()
    processes = [context.Process(target=_open, args=(str(tmp_path), barrier, results)) for _ in range(2)]
    for process in processes:
        process.start()
    assert [results.get(timeout=60) for _ in processes] == [6, 6]
    for process in processes:
        process.join()
    (layout,) = tmp_path.iterdir()
    assert [p.name for p in layout.iterdir()] == ["two"], "no private folder is left behind"
    assert len(list((layout / "two").glob("by-*"))) == 1, "the table is that of one builder"


def test_an_interrupted_build_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NASBENCH_CACHE", str(tmp_path))

    def interrupted(folder: Path) -> None:
        write(folder, np.full((6, 2), 50.0))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached_table("two", interrupted)
    assert not any(cache_folder().iterdir())


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("NASBENCH_CACHE", str(tmp_path / "file"))
    with pytest.raises(NasbenchError, match="NASBENCH_CACHE"):
        cached_table("two", _build_slowly)


def test_unknown_table_names_the_nearest() -> None:
    with pytest.raises(NasbenchError, match="did you mean 'nas-bench-201"):
        get_table("nas-bench-20")


def test_incomplete_tables_find_their_rows(tmp_path: Path) -> None:
    index = np.array([1, 4, 5])
    column = Column(dataset="set", quantity="latency", unit="ms")
    write_table(
        tmp_path, name="two", space=SPACE, columns=[Measured(column, np.ones(3))], provenance="test", row_index=index
    )
    table = open_table(tmp_path)
    assert not table.is_complete
    assert table.rows(SPACE.all).tolist() == [-1, 0, -1, -1, 1, 2]
    assert np.array_equal(SPACE.index(table.architectures), index)


def test_a_builder_removes_what_killed_ones_left_and_keeps_to_the_umask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of this table alone; the table is there for whom the umask lets read it."""
    monkeypatch.setenv("NASBENCH_CACHE", str(tmp_path))
    kept = [cache_folder() / name for name in (".two-graph-0123abcd", ".two-abc", "three")]
    left = cache_folder() / ".two-0123abcd"
    for folder in (*kept, left):
        folder.mkdir(parents=True)
    before = os.umask(0o022)
    try:
        assert len(cached_table("two", _build_slowly)) == 6
    finally:
        os.umask(before)
    assert not left.exists() and all(folder.exists() for folder in kept)
    modes = {path.stat().st_mode & 0o777 for path in (cache_folder() / "two").iterdir()}
    assert ((cache_folder() / "two").stat().st_mode & 0o777, modes) == (0o755, {0o644})
    assert not list(cache_folder().glob(".*.lock"))


@pytest.mark.parametrize("change", [("unit", "ms", "s"), ("note", "", "by hand"), ("direction", "min", "max")])
def test_the_fingerprint_covers_what_a_number_means(tmp_path: Path, change: tuple[str, str, str]) -> None:
    name, before, after = change
    write_table(
        tmp_path,
        name="two",
        space=SPACE,
        columns=[Measured(Column(dataset="set", quantity="latency", unit="ms"), np.ones(6))],
        provenance="test",
    )
    path = tmp_path / "manifest.json"
    text = path.read_text(encoding="utf-8")
    assert f'"{name}": "{before}"' in text
    path.write_text(text.replace(f'"{name}": "{before}"', f'"{name}": "{after}"'), encoding="utf-8")
    with pytest.raises(NasbenchError, match=r"manifest\.json is damaged: it has not the checksum that it states"):
        open_table(tmp_path)


def test_a_table_of_an_older_layout_is_built_anew_or_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NASBENCH_CACHE", str(tmp_path))
    for name in ("nas-bench-201", "mine"):
        (tmp_path / "tables-1" / name).mkdir(parents=True)
        (tmp_path / "tables-1" / name / "manifest.json").write_text("{}", encoding="utf-8")
    with pytest.raises(NasbenchError, match="'mine' was imported by an older version of the suite; import it again"):
        get_table("mine")
    assert len(get_table("nas-bench-201")) == 15625
