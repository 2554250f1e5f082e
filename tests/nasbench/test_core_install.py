"""Without torch, sympy and statsmodels, as `pip install nas-verify` leaves it: what needs none of them works."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from nasbench.study.toml import load_study

EXTRAS = ("torch", "sympy", "statsmodels")
CORE_ALONE = f"""
import sys
from importlib.machinery import PathFinder
find = PathFinder.find_spec
PathFinder.find_spec = lambda name, *more: None if name.partition(".")[0] in {EXTRAS} else find(name, *more)
from nasbench.cli.main import main
main(sys.argv[1:])
"""


def core_alone(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", CORE_ALONE, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("what", [[], ["tasks"], ["presets"]])
def test_lists_work(what: list[str]) -> None:
    done = core_alone("list", *what, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert all(document[kind] for kind in what or ["spaces", "benchmarks", "optimizers", "presets", "tasks", "claims"])
    assert document.get("unavailable", {}) == {}


def test_data_are_fetched(tmp_path: Path) -> None:
    """To fetch is to copy files: what stops it here is the folder, which holds none."""
    done = core_alone("data", "fetch", "cifar10", "--source", str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.startswith(
        f"nasbench: {tmp_path} has no data_batch_1.bin; it should hold the six files of CIFAR-10's"
    )


def test_what_needs_torch_names_the_extra() -> None:
    done = core_alone("train", "x")
    assert done.returncode == 2 and "nas-verify[live]" in done.stderr


def test_a_study_is_run_and_reported(tmp_path: Path) -> None:
    """The preset quick, on one of its three data sets."""
    quick = load_study("quick").to_toml()
    small = re.sub(r"problems = \[.*?\]", 'problems = ["nas-bench-201/cifar10"]', quick, flags=re.DOTALL)
    (tmp_path / "small.toml").write_text(small)
    out = str(tmp_path / "quick")
    for arguments in (["run", str(tmp_path / "small.toml"), "--runs", "3", "--out", out], ["report", out]):
        done = core_alone(*arguments)
        assert done.returncode == 0, done.stderr
    assert "log-rank" in (tmp_path / "quick" / "report" / "report.html").read_text(encoding="utf-8").lower()


def test_a_theorem_is_checked_and_a_derivation_names_the_extra() -> None:
    assert core_alone("verify", "evolution.ageing-population-forgets").returncode == 0
    done = core_alone("verify", "gradient.mirror-mean-central", "--jobs", "1")
    assert done.returncode == 2 and done.stderr.endswith(
        "sympy, which is not installed: pip install 'nas-verify[theory]'.\n"
    )


def test_the_hypothesis_on_theory_is_not_run_without_derivations() -> None:
    done = core_alone("hypotheses", "theory-verified", "--theory", "--json")
    (row,) = json.loads(done.stdout)["hypotheses"]
    assert row["verdict"] == "not run" and "nas-verify[theory]" in row["change"]
