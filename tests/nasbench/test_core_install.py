"""Without torch, as `pip install nas-verify` leaves it: what needs no torch works."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

WITHOUT_TORCH = "import sys; sys.modules['torch'] = None; from nasbench.cli.main import main; main(sys.argv[1:])"


def without_torch(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("what", [[], ["tasks"], ["presets"]])
def test_lists_work(what: list[str]) -> None:
    done = without_torch("list", *what, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert all(document[kind] for kind in what or ["spaces", "benchmarks", "optimizers", "presets", "tasks", "claims"])
    assert document.get("unavailable", {}) == {}


def test_data_are_fetched(tmp_path: Path) -> None:
    """To fetch is to copy files: what stops it here is the folder, which holds none."""
    done = without_torch("data", "fetch", "cifar10", "--source", str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.startswith(
        f"nasbench: {tmp_path} has no data_batch_1.bin; it should hold the six files of CIFAR-10's"
    )


def test_what_needs_torch_names_the_extra() -> None:
    done = without_torch("train", "x")
    assert done.returncode == 2 and "nas-verify[live]" in done.stderr
