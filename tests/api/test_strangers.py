"""What others add without touching the repository: from a notebook, from a module, in worker processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nasbench

ROOT = Path(__file__).parents[2]
PACKAGE = Path(__file__).with_name("strangers_package.py")
NOTEBOOK = """
import nasbench, numpy as np

@nasbench.register_optimizer("notebook_search")
class NotebookSearch:
    def __init__(self, problem, rng, *, step: int = 1):
        self.space, self.rng, self.best, self.error = problem.space, rng, None, np.inf
    def ask(self):
        if self.best is None:
            return self.space.sample(self.rng.random((1, self.space.d)))
        return self.space.mutate(self.best[None], self.rng.random((1, 2)))
    def tell(self, observations):
        if observations.objectives[0, 0] < self.error:
            self.best, self.error = observations.architectures[0], observations.objectives[0, 0]

@nasbench.register_benchmark("notebook/sum", {"a": [1, 2, 3], "b": [4, 5, 6]})
def total(a, b):
    return a + b

for benchmark in ("nas-bench-201/cifar10", "notebook/sum"):
    alone, parallel = (
        nasbench.search(NotebookSearch, benchmark, {"queries": 12}, runs=4, seed=5, jobs=jobs).to_pandas() for jobs in (1, 2)
    )
    assert alone.equals(parallel) and alone["method"].unique().tolist() == ["notebook_search"]
"""


def test_a_notebook_runs_on_two_processes_with_the_same_bits(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-"],
        input=NOTEBOOK,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


def test_each_part_of_a_strangers_package_has_fewer_than_40_lines() -> None:
    parts = PACKAGE.read_text().split("# --- ")[1:]
    assert [part.split("\n")[0] for part in parts] == ["optimizer", "benchmark", "claim", "table", "task"]
    assert max(len(part.splitlines()) for part in parts) < 40


def test_a_strangers_package_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nasbench.theory.machinery.registry import select, verify

    monkeypatch.setenv("NASBENCH_CACHE", str(tmp_path / "cache"))
    names = {"__name__": "strangers_package"}
    exec(compile(PACKAGE.read_text(), str(PACKAGE), "exec"), names)
    found = nasbench.search("strangers_search", "strangers/bowl", 9, runs=2, seed=1)
    assert found.best()["architecture"].tolist() == ["32,2"]
    (claim,) = select(["strangers.mean"])
    assert all(finding.passed for mutants in (False, True) for finding in verify([claim], mutants=mutants))
    (table,) = names["strangers_table"]()  # type: ignore[operator]
    assert table.top(1)["architecture"].tolist() == ["conv,3"]
    assert nasbench.search("strangers_search", "strangers-table/cifar10", 2).best()["error"].iloc[0] < 41.0


def test_a_strangers_task(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(0)
    for label in ("cats", "dogs"):
        (tmp_path / label).mkdir()
        for number in range(6):
            pixels = rng.integers(0, 255, (10, 12, 3)).astype(np.uint8)
            image.fromarray(pixels).save(tmp_path / label / f"{number}.png")
    task = nasbench.register_task("strangers-images", folder=tmp_path, size=8)
    splits = task.load()
    assert [len(part) for part in (splits.train, splits.search, splits.test)] == [6, 3, 3]
    assert task.shape.channels == 3 and task.shape.outputs == 2 and abs(float(splits.train.x.mean())) < 1e-5
    from nasbench.live.tasks.catalogue import get_task

    assert get_task("strangers-images") is task


def test_a_module_in_the_working_folder_is_a_method(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "class Mine:\n"
        "    def __init__(self, problem, rng):\n        self.space, self.rng = problem.space, rng\n"
        "    def ask(self):\n        return self.space.sample(self.rng.random((1, self.space.d)))\n"
        "    def tell(self, observations):\n        pass\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "nasbench.cli.main"]
    assert subprocess.run([*command, "init"], cwd=tmp_path, env=environment, timeout=60).returncode == 0
    study = (tmp_path / "study.toml").read_text().replace('"random_search"', '"mine:Mine"')
    (tmp_path / "study.toml").write_text(study)
    done = subprocess.run(
        [*command, "run", "study.toml", "--runs", "2", "--jobs", "2", "--out", "x"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert nasbench.load_results(tmp_path / "x").labels == ("mine:Mine", "RE (20, 5)")


@pytest.mark.parametrize(
    "wrong", ["nothing.of.mine:X", "nasbench.errors:X", "nasbench.errors:NasbenchError", ":X", "a b:"]
)
def test_what_is_no_method_is_refused_in_a_sentence(wrong: str) -> None:
    with pytest.raises(nasbench.NasbenchError):
        nasbench.get_optimizer(wrong)


def test_names_of_the_suite_are_not_taken() -> None:
    with pytest.raises(nasbench.NasbenchError, match="another name"):
        nasbench.register_optimizer("hybrid")
    with pytest.raises(nasbench.NasbenchError, match="another"):
        nasbench.register_benchmark("nk/mine", {"a": [1, 2]})
    with pytest.raises(nasbench.NasbenchError, match="another name"):
        nasbench.register_task("digits", np.zeros((8, 2, 2)), np.arange(8) % 2)
