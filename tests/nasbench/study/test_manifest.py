"""What the manifest promises: no kill leaves a file without a line, and no file is read that is not what was written."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from nasbench.errors import NasbenchError
from nasbench.study.manifest import NAME, DamagedError, Manifest


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return Manifest.begin(tmp_path, {"study.toml": b"one", "environment.json": b"two"})


def checked_by_sha256sum(folder: Path) -> bool:
    if shutil.which("sha256sum") is None:
        pytest.skip("needs sha256sum")
    return subprocess.run(["sha256sum", "--strict", "--status", "-c", NAME], cwd=folder, check=False).returncode == 0


def test_sha256sum_checks_it(manifest: Manifest, tmp_path: Path) -> None:
    manifest.write({"timings/a.json": b"1", "traces/a.parquet": b"2"})
    manifest.write({"study.toml": b"another"})
    assert checked_by_sha256sum(tmp_path) and len((tmp_path / NAME).read_text().splitlines()) == 4
    (tmp_path / "traces" / "a.parquet").write_bytes(b"3")
    assert not checked_by_sha256sum(tmp_path)


def test_a_changed_file_is_refused_by_name_wherever_it_is_read(manifest: Manifest, tmp_path: Path) -> None:
    manifest.write({"traces/a.parquet": b"2"})
    (tmp_path / "traces" / "a.parquet").write_bytes(b"3")
    for read in (lambda m: m.file("traces/a.parquet"), lambda m: m.put_in_order()):
        with pytest.raises(DamagedError, match=r"traces/a\.parquet .*SHA-256.*remove it and run the study again"):
            read(Manifest.read(tmp_path))
    (tmp_path / "study.toml").write_bytes(b"One")
    with pytest.raises(DamagedError, match=r"study\.toml .*SHA-256.*restore it"):
        Manifest.read(tmp_path).file("study.toml")


def test_a_file_without_a_line_is_not_there(manifest: Manifest, tmp_path: Path) -> None:
    (tmp_path / "traces").mkdir()
    (tmp_path / "traces" / "a.parquet").write_bytes(b"2")
    assert not manifest.holds("traces/a.parquet") and manifest.put_in_order() == ["environment.json", "study.toml"]
    with pytest.raises(DamagedError):
        manifest.file("traces/a.parquet")


@pytest.mark.parametrize("kept", range(12))
def test_a_line_that_was_cut_off_counts_for_nothing_and_the_next_writer_mends_it(tmp_path: Path, kept: int) -> None:
    manifest = Manifest.begin(tmp_path, {"study.toml": b"one"})
    whole = (tmp_path / NAME).read_bytes()
    manifest.write({"traces/a.parquet": b"2"})
    longer = (tmp_path / NAME).read_bytes()
    (tmp_path / NAME).write_bytes(longer[: len(whole) + kept * (len(longer) - len(whole) - 1) // 11])
    again = Manifest.read(tmp_path)
    assert again.holds("study.toml") and not again.holds("traces/a.parquet")
    again.put_in_order()
    assert (tmp_path / NAME).read_bytes() == whole
    again.write({"traces/a.parquet": b"2"})
    assert (tmp_path / NAME).read_bytes() == longer


def test_the_line_comes_before_the_file(manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped after the line, a new content is missing and an old one still counts."""

    def stops(path: Path, content: bytes) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("nasbench.study.manifest.write_atomically", stops)
    for name, content in (("traces/a.parquet", b"2"), ("study.toml", b"another")):
        with pytest.raises(KeyboardInterrupt):
            manifest.write({name: content})
    monkeypatch.undo()
    again = Manifest.read(tmp_path)
    assert not again.holds("traces/a.parquet") and again.file("study.toml") == b"one"
    assert again.put_in_order() == ["environment.json", "study.toml"] and checked_by_sha256sum(tmp_path)


def test_a_damaged_or_missing_manifest_says_what_to_do(manifest: Manifest, tmp_path: Path) -> None:
    content = (tmp_path / NAME).read_bytes()
    (tmp_path / NAME).write_bytes(content.replace(b"  ", b" -", 1))
    with pytest.raises(NasbenchError, match=r"Line 1 of .*is damaged; restore the file, or remove it and run"):
        Manifest.read(tmp_path)
    (tmp_path / NAME).unlink()
    with pytest.raises(NasbenchError, match=r"has no manifest.sha256, .* `nasbench run .*creates them again"):
        Manifest.read(tmp_path)


def test_a_folder_that_is_gone_is_not_made_again(manifest: Manifest, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path)
    with pytest.raises(OSError, match="No such file"):
        manifest.write({"traces/a.parquet": b"2"})
    assert not tmp_path.exists()
