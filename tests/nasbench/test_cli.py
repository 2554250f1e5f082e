"""The command line as a user meets it: one sentence and status 2 for what is wrong, one JSON object where asked."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
import typer

from nasbench.cli.main import status
from nasbench.errors import NasbenchError
from nasbench.study import listing

PROGRAM = "import sys; from nasbench.cli.main import main; main(sys.argv[1:])"


def test_list_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["list", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["command"] == "list"
    assert {"optimizers", "benchmarks", "spaces", "presets"} <= set(document)
    assert {"random_search", "regularized_evolution", "local_search"} <= {row["name"] for row in document["optimizers"]}
    assert {row["name"] for row in document["benchmarks"]} >= {
        f"nas-bench-201/{d}" for d in ("cifar10", "cifar100", "imagenet16-120")
    }


def test_run_in_json_prints_one_object_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["run", "quick", "--runs", "2", "--out", str(tmp_path / "q"), "--json"]) == 0
    captured = capsys.readouterr()
    (run,) = json.loads(captured.out)["runs"]
    assert (run["units"], run["done"], run["queries"]) == (9, 9, 9 * 2 * 300)
    assert captured.err == "", "progress is silent where standard error is no terminal"
    assert status(["run", "quick", "--runs", "2", "--out", str(tmp_path / "q"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["runs"][0]["done"] == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["run", "quik"], "did you mean 'quick'"),
        (["rnu", "quick"], "did you mean 'run'"),
        (["run"], "study"),
        (["run", "quick", "--runs", "0"], "between 1 and"),
        (["run", "quick", "--runs", "many"], "--runs is 'many'; it should be a whole number"),
        (["run", "quick", "--jobs=1.5"], "--jobs is '1.5'; it should be a whole number"),
        (["run", "quick", "--worker-timeout", "long"], "--worker-timeout is 'long'; it should be a finite number"),
        (["search", "digits", "--seed", "-1"], "--seed is '-1'; it should be a whole number between 0 and 4294967295"),
        (["search", "digits", "--epochs", "0"], "--epochs is '0'; it should be a whole number between 1 and 1000000"),
        (["run", "quick", "--runs", "9" * 30], "--runs is 999999999999999999999999999999; it should be"),
        (["run", "quick", "--jobs", "1000001"], "--jobs is 1000001; it should be a whole number, 1000000 or less"),
        (["run", "quick", "--worker-timeout", "nan"], "--worker-timeout is nan; it should be a finite number"),
        (["data", "import", "table", "x", "--jobs", "1000001"], "--jobs is 1000001"),
        (["run", "/dev/zero"], "it has more than"),
        (["run", "/"], "Is a directory"),
        (["data", "fetch", "cifar10", "--source", "/dev/zero"], "/dev/zero is no file"),
        (["run", "a\nb\x1b[31m"], "a\\nb\\x1b[31m"),
        (["--json"], "belongs after a command"),
        (["reproduce", "darts"], "a method of 'nas-bench-201' and 'one-shot'"),
        (["describe", "nas-bench-101/cifar10"], "nasbench data import nas-bench-101 FILE"),
        (["describe", "NAS-Bench-201/CIFAR10"], "did you mean 'nas-bench-201/cifar10'"),
        (["run", "quick", "--jobs", "-1"], "1 or more"),
        (["run", "quick", "--frob"], "--frob"),
        (["run", "/nowhere/x.toml"], "cannot be read"),
        (["list", "spcaes"], "did you mean 'spaces'"),
    ],
)
def test_mistakes_are_one_sentence_and_status_2(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert reason.lower() in captured.err.lower()  # typer writes names of arguments in capitals or not, by version
    assert captured.err.startswith("nasbench: ")
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (PermissionError(13, "Permission denied", "/x/y"), "/x/y cannot be read or written (Permission denied)"),
        (OSError(28, "No space left on device"), "A file cannot be read or written (No space left on device)"),
        (MemoryError(), "The memory of this machine does not suffice for that"),
    ],
)
def test_what_the_machine_refuses_is_one_sentence(
    fault: Exception, sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(fault, monkeypatch)
    assert status(["list"]) == 2
    assert capsys.readouterr().err.startswith(f"nasbench: {sentence};")


@pytest.mark.parametrize("fault", [EOFError("a file ended early"), OSError("no errno"), ValueError("a bug")])
def test_a_fault_of_the_program_is_no_wrong_use_and_no_interrupt(
    fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    raising(fault, monkeypatch)
    with pytest.raises(type(fault), match=str(fault)):
        status(["list"])


def raising(fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command `list` raise."""

    def fails() -> None:
        raise fault

    monkeypatch.setattr("nasbench.cli.main._load", lambda _: command_of(fails))


def command_of(function: Callable[[], None]) -> object:
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command("list")(function)
    return typer.main.get_command(app)


def test_help_imports_nothing_heavy() -> None:
    """What makes `--help` quick: the libraries of a run are not imported. (The time itself is in tests/performance.)"""
    code = f"import sys; sys.argv = ['nasbench', '--help']\ntry:\n    exec({PROGRAM!r})\nexcept SystemExit: pass\n"
    code += "print('HEAVY', sorted({'numpy', 'scipy', 'pandas', 'pyarrow', 'torch', 'matplotlib', 'statsmodels', 'sympy', 'pymoo'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().endswith("HEAVY []"), done.stdout
    assert "run" in done.stdout


def test_a_list_of_tables_builds_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What ships is known from its manifest; of what is built from other tables the list leaves the size open."""
    monkeypatch.setenv("NASBENCH_CACHE", str(tmp_path))
    assert status(["data", "list", "--json"]) == 0
    rows = {row["table"]: row for row in json.loads(capsys.readouterr().out)["tables"]}
    assert rows["nas-bench-101-sample"]["architectures"] == 20_001
    assert rows["nas-bench-201"]["architectures"] == 15_625
    assert rows["nas-bench-201-hardware"]["architectures"] is None
    assert not list(tmp_path.rglob("manifest.json"))


def test_an_overview_is_short_and_counts(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert status(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 24 and max(map(len, lines)) <= 80
    for kind in listing.LISTS:
        names = [row["name"] for row in listing.rows_of(kind)]
        assert any(line.startswith(f"{kind} ({len(names)}") and names[0] in line for line in lines), kind


def test_one_list_does_not_take_the_others_away(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> list[dict[str, object]]:
        raise NasbenchError("No extra, no papers.")

    monkeypatch.setitem(listing.LISTS, "papers", fails)
    assert status(["list"]) == 0
    text = capsys.readouterr().out
    assert "papers: No extra, no papers." in text and "presets (" in text
    assert status(["list", "papers"]) == 2
    assert status(["list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["unavailable"] == {"papers": "No extra, no papers."}


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["--version"]) == 0
    assert capsys.readouterr().out == f"nasbench {version('nas-verify')}\n"
    assert status(["--version", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"command": "version", "version": version("nas-verify")}


@pytest.mark.parametrize("module", ["nasbench", "nasbench.cli.main"])
def test_the_module_is_the_command(module: str) -> None:
    done = subprocess.run([sys.executable, "-m", module, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"nasbench {version('nas-verify')}\n"


POSITIONAL = {
    "run": "a preset, a TOML file, or a live task",
    "search": "a task of nasbench list tasks",
    "train": "architecture string of the space",
    "data import": "a format of nasbench data list",
    "describe": "see nasbench list benchmarks",
    "reproduce": "see `nasbench list papers`",
    "verify": "claims or of families",
    "tune": "registered name",
}


@pytest.mark.parametrize("command", POSITIONAL)
def test_help_tells_what_a_positional_argument_is(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With every version of typer and click: click 8.5 takes the text away from typer before 0.21."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERMINAL_WIDTH", "200")
    assert status([*command.split(), "--help"]) == 0
    assert POSITIONAL[command] in capsys.readouterr().out


def shell(command: str) -> subprocess.CompletedProcess[str]:
    line = command.replace("nasbench", f"{sys.executable} -m nasbench")
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False, timeout=60)


def test_standard_output_that_is_closed_is_one_sentence() -> None:
    done = shell("nasbench list spaces >&-")
    assert done.returncode == 2
    assert done.stderr.startswith("nasbench: Standard output is closed;") and done.stderr.count("\n") == 1


def test_a_reader_that_has_seen_enough_ends_the_command_without_a_word() -> None:
    assert shell("set -o pipefail; nasbench list claims | true").stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_output_that_is_full_is_one_sentence() -> None:
    done = shell("nasbench list spaces > /dev/full")
    assert done.returncode == 2
    assert (
        done.stderr.startswith("nasbench: A file cannot be read or written (No space left")
        and done.stderr.count("\n") == 1
    )


def test_output_that_cannot_be_encoded_is_escaped() -> None:
    done = shell("PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 LC_ALL=C nasbench list claims")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\u" in done.stdout
