"""Packages that add something: one that fails, lies or is damaged disables itself, and the suite goes on."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nasbench import plugins
from nasbench.cli.main import status
from nasbench.search.optimizer import Lockstep
from nasbench.search.registry import get_optimizer, optimizer_names

EVERYTHING = """
[nasbench.commands]
boom = {module}:X
[nasbench.optimizers]
bad = {module}:X
[nasbench.lists]
tasks = {module}:X
claims = {module}:X
papers = {module}:X
[nasbench.figures]
other = {module}:X
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """A function that puts a package with its metadata on the path, as an installer would."""
    number = 0

    def put(name: str, code: str, entry_points: str | bytes = EVERYTHING) -> None:
        nonlocal number
        number += 1
        site = tmp_path / f"site{number}"
        info = site / f"{name}-1.5.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\n", encoding="utf-8")
        data = entry_points if isinstance(entry_points, bytes) else entry_points.format(module=name).encode()
        (info / "entry_points.txt").write_bytes(data)
        (site / f"{name}.py").write_text(code, encoding="utf-8")
        monkeypatch.syspath_prepend(site)
        monkeypatch.delitem(sys.modules, name, raising=False)
        plugins.points.cache_clear()

    yield put
    plugins.points.cache_clear()


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise RuntimeError('boom')", "RuntimeError: boom"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("class Own(BaseException): pass\nraise Own('mine')", "Own: mine"),
        ("import package_that_is_not_there", "package_that_is_not_there"),
        ("from nasbench.errors import NasbenchError\nraise NasbenchError('not today')", "not today"),
        ("def (", "SyntaxError"),
        ("Y = 1", "AttributeError"),
        ("X = 5", ""),
        ("X = lambda: 5", ""),
        ("def X(): raise ZeroDivisionError", ""),
    ],
)
def test_a_package_that_fails_disables_itself(
    code: str, reason: str, install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("badplug", code)
    assert status(["--help"]) == 0
    assert status(["list", "optimizers", "--json"]) == 0
    assert status(["list", "tasks", "--json"]) == 0
    shown = capsys.readouterr()
    helped, optimizers, tasks = shown.out.rsplit("\n", 3)[0], *map(json.loads, shown.out.splitlines()[-2:])
    assert "describe" in helped and "digits" in {row["name"] for row in tasks["tasks"]}
    assert "random_search" in {row["name"] for row in optimizers["optimizers"]}
    assert "bad" not in {row["name"] for row in optimizers["optimizers"]}
    warnings = shown.err.splitlines()
    assert all(line.startswith("nasbench: warning: ") and "badplug" in line for line in warnings)
    assert sum(reason in line for line in warnings) >= 2 and len(warnings) in (2, 3)
    if reason:
        assert status(["boom"]) == 2, "asked for by name, it is an error"
        told = capsys.readouterr().err
        assert reason in told and "badplug" in told and told.count("\n") == 1
    assert status(["describe", "nas-bench-201/cifar11"]) == 2, "other commands do not load it"
    assert capsys.readouterr().err.count("\n") == 1


def test_names_of_the_suite_stay_its_own(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install(
        "shadow",
        "raise RuntimeError('it was loaded')",
        "[nasbench.commands]\nlist = shadow:X\n[nasbench.optimizers]\nrandom_search = shadow:X\n"
        "[nasbench.figures]\nlandscape = shadow:X\n",
    )
    assert status(["list", "spaces", "--json"]) == 0
    assert get_optimizer("random_search").summary
    assert plugins.points("nasbench.figures")["landscape"].value.startswith("nasbench.reports.")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    for name, line in zip(("list", "random_search", "landscape"), lines, strict=True):
        assert line.startswith(f"nasbench: warning: package shadow 1.5 registers '{name}' in nasbench.")


def test_a_name_that_two_packages_claim_is_neither_s(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install("first", "X = 1", "[nasbench.optimizers]\nsame = first:X\n")
    install("second", "X = 1", "[nasbench.optimizers]\nsame = second:X\n")
    assert "same" not in optimizer_names() and "random_search" in optimizer_names()
    (line,) = capsys.readouterr().err.splitlines()
    assert "Two packages register 'same'" in line and "neither is used" in line


@pytest.mark.parametrize("damaged", [b"[nasbench.optimizers]\nnonsense\n", b"\xff\xfe[nasbench"])
def test_damaged_metadata_takes_nothing_else_away(
    damaged: bytes, install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("damaged", "X = 1", damaged)
    assert status(["list", "spaces", "--json"]) == 0
    assert "random_search" in optimizer_names()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and all("entry points of package damaged cannot be read" in line for line in lines)


def test_a_package_that_works_adds_what_it_says(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install(
        "good",
        "from nasbench.baselines.random_search import OPTIMIZER\n"
        "def hello() -> None:\n    'Greet.'\n    print('hello')\ndef rows(): return [{'name': 'mine'}]\n",
        "[nasbench.commands]\nhello = good:hello\n[nasbench.optimizers]\nlucky = good:OPTIMIZER\n"
        "[nasbench.lists]\npapers = good:rows\n",
    )
    assert status(["hello"]) == 0
    assert status(["list", "papers", "--json"]) == 0
    shown = capsys.readouterr()
    assert shown.err == "" and shown.out.startswith("hello\n")
    assert {"name": "mine"} in json.loads(shown.out.splitlines()[1])["papers"]
    lucky, random_search = get_optimizer("lucky"), get_optimizer("random_search")
    assert isinstance(lucky, Lockstep) and isinstance(random_search, Lockstep)
    assert lucky.algorithm is random_search.algorithm
