"""Progress where there is no terminal: a line when something is done, at most so often, and one now and then in any case."""

from __future__ import annotations

import re
import time

import pytest

from nasbench.cli.progress import lines, progress_bar


def test_a_line_when_something_is_done_with_what_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    with lines("running s", often=0.0) as report:
        report(2, 10)
        assert capsys.readouterr().err == "", "what was done before is no progress"
        time.sleep(0.01)
        for done in (2.5, 3, 3.5, 4.0):
            report(done, 10)
    said = capsys.readouterr().err.splitlines()
    assert [line.split(",")[0] for line in said] == [
        "nasbench: running s: 3 of 10 done",
        "nasbench: running s: 4 of 10 done",
    ]
    assert all(re.fullmatch(r".* done, 0:00:00 gone, about 0:00:0\d left", line) for line in said)


def test_lines_keep_their_distance(capsys: pytest.CaptureFixture[str]) -> None:
    with lines("running s", often=30.0) as report:
        for done in range(100):
            report(done, 100)
    assert capsys.readouterr().err == "", "a short command says nothing"


def test_a_line_comes_in_any_case_with_an_estimate_from_what_is_begun(capsys: pytest.CaptureFixture[str]) -> None:
    with lines("running s", often=30.0, seldom=0.1) as report:
        report(0, 10)
        time.sleep(0.25)
        first = capsys.readouterr().err.splitlines()
        report(0.5, 10)
        time.sleep(0.25)
        later = capsys.readouterr().err.splitlines()
    assert first and all(re.fullmatch(r"nasbench: running s: 0 of 10 done, 0:00:00 gone", line) for line in first)
    assert later and all("left" in line for line in later)
    time.sleep(0.2)
    assert capsys.readouterr().err == "", "nothing is said when it is over"


def test_the_estimate_is_of_what_was_done_since_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [1000.0]
    monkeypatch.setattr("nasbench.cli.progress.time.monotonic", lambda: now[0])
    with lines("running s", often=10.0) as report:
        report(4, 10)
        now[0] += 3600.0
        report(6, 10)
    assert capsys.readouterr().err == "nasbench: running s: 6 of 10 done, 1:00:00 gone, about 2:00:00 left\n"


def test_without_a_terminal_there_is_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("running s") as report:
        report(1, 2)
    assert capsys.readouterr().err == ""
