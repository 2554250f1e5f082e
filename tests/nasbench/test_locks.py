"""One writer a folder, whatever becomes of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nasbench.errors import NasbenchError
from nasbench.files.atomic import remove_leftovers, replacing, write_atomically
from nasbench.files.locks import locked, only_writer

HOLDS = """
import sys, time
from pathlib import Path
from nasbench.files.locks import only_writer
with only_writer(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def _holder(folder: Path) -> subprocess.Popen[str]:
    holder = subprocess.Popen([sys.executable, "-c", HOLDS, str(folder)], stdout=subprocess.PIPE, encoding="utf-8")
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    return holder


def test_a_second_writer_is_told_and_a_killed_one_leaves_nothing_that_stops_the_next(tmp_path: Path) -> None:
    holder = _holder(tmp_path / "new" / "folder")
    try:
        with pytest.raises(NasbenchError, match="Another process is writing"), only_writer(tmp_path / "new" / "folder"):
            pass
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        assert holder.stdout is not None
        holder.stdout.close()
    assert (tmp_path / "new" / "folder" / ".lock").exists()
    with only_writer(tmp_path / "new" / "folder") as lock:
        lock.check()
    assert not (tmp_path / "new" / "folder" / ".lock").exists()


def test_whoever_waits_comes_next_and_no_two_at_once(tmp_path: Path) -> None:
    code = """
import sys, time
from pathlib import Path
from nasbench.files.locks import locked
folder = Path(sys.argv[1])
for _ in range(50):
    with locked(folder / ".lock", wait=True):
        (folder / "inside").mkdir()
        time.sleep(0.001)
        (folder / "inside").rmdir()
"""
    several = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(3)]
    assert [process.wait(timeout=60) for process in several] == [0, 0, 0]
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_removed_or_replaced_is_noticed(tmp_path: Path) -> None:
    with only_writer(tmp_path / "a") as lock:
        (tmp_path / "a").rename(tmp_path / "b")
        with pytest.raises(NasbenchError, match="was removed or replaced during the run"):
            lock.check()
        with only_writer(tmp_path / "a"):
            assert not lock.holds


def test_a_file_in_place_of_a_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(NasbenchError, match="is a file; results need a folder"), only_writer(path):
            pass


def test_an_error_inside_lets_go(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(tmp_path / ".lock"):
        1 / 0  # noqa: B018
    with locked(tmp_path / ".lock"):
        pass


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_files_have_the_mode_of_the_umask(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        write_atomically(tmp_path / "file", b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == mode


def test_leftovers_of_killed_writers_are_removed_and_nothing_else(tmp_path: Path) -> None:
    code = """
import os, signal, sys
from pathlib import Path
from nasbench.files.atomic import replacing
with replacing(Path(sys.argv[1]) / "traces" / "000000-000003.parquet") as stream:
    stream.write(b"half")
    stream.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == -signal.SIGKILL
    assert len(list((tmp_path / "traces").iterdir())) == 1
    kept = [tmp_path / ".bashrc", tmp_path / ".notes-abcdefgh", tmp_path / "traces" / "x.parquet"]
    for path in kept:
        path.touch()
    remove_leftovers(tmp_path)
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(kept)
    with replacing(tmp_path / "x.json") as stream:
        stream.write(b"1")
        time.sleep(0)
    assert (tmp_path / "x.json").read_bytes() == b"1"
