"""Ctrl-C is answered by one sentence and status 130 at any moment, and nobody is left working for a command that is gone."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nasbench.cli.main import status

STUDY = """
name = "long"
seed = 5
runs = 400
runs_per_file = 1
problems = ["nas-bench-201/cifar10"]
objectives = ["error"]
split = "validation"
epochs = [200]
training_seed = "random"
repeat_policy = "retrain"
budget = { queries = 2000 }
methods = [{ name = "regularized_evolution" }]
"""
GOES_ON = "nasbench: interrupted; finished work is kept, and the same command resumes."


@pytest.fixture
def start(tmp_path: Path) -> Callable[[str], subprocess.Popen[str]]:
    """Start a long study with `jobs` processes and wait until its first unit is stored."""

    def starts(jobs: str) -> subprocess.Popen[str]:
        (tmp_path / "s.toml").write_text(STUDY)
        words = ["run", str(tmp_path / "s.toml"), "--out", str(tmp_path / "o"), "--jobs", jobs]
        process = subprocess.Popen(
            [sys.executable, "-m", "nasbench", *words],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            encoding="utf-8",
            start_new_session=True,
            preexec_fn=_heed_interrupts,
        )
        _until(lambda: any((tmp_path / "o" / "traces").rglob("*.parquet")) or process.poll() is not None)
        assert process.poll() is None
        return process

    return starts


def _heed_interrupts() -> None:
    """Undo what a shell does to the commands that it runs in the background, this test among them: interrupts are ignored there."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _until(there: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interrupt_says_how_to_go_on_and_ends_every_process(
    jobs: str, start: Callable[[str], subprocess.Popen[str]]
) -> None:
    process = start(jobs)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and said.splitlines()[-1] == GOES_ON and "Traceback" not in said
    _until(lambda: _is_gone(process.pid))


def test_workers_end_with_a_parent_that_was_killed(start: Callable[[str], subprocess.Popen[str]]) -> None:
    process = start("2")
    process.kill()
    process.wait()
    assert process.stderr is not None
    process.stderr.close()
    with contextlib.suppress(AssertionError):
        _until(lambda: _is_gone(process.pid), 20)
    left = not _is_gone(process.pid)
    if left:
        os.killpg(process.pid, signal.SIGKILL)
    assert not left


def _interrupted(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


def test_commands_that_keep_nothing_do_not_say_that_they_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("nasbench.study.listing.everything", _interrupted)
    assert status(["list"]) == 130
    assert capsys.readouterr().err == "nasbench: interrupted; no file is left half written.\n"
    monkeypatch.setattr("nasbench.study.runner.run_study", _interrupted)
    assert status(["run", "quick", "--out", str(tmp_path)]) == 130
    assert capsys.readouterr().err.splitlines() == [GOES_ON]


def test_an_interrupt_during_start_up_is_a_sentence() -> None:
    code = """
import sys

class Interrupts:
    def find_spec(self, name, *rest):
        if name == "typer":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupts())
from nasbench.__main__ import main
main()
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False)
    assert (ended.returncode, ended.stderr) == (130, "nasbench: interrupted.\n")
