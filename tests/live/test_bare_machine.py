"""A machine with torch and its usual company and nothing else: no installation of the suite, and packages that it lacks.

What a search for evidence needs is imported and run in a process of its own, in which those packages cannot be imported.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

MODULES = (
    "nasbench.live.experiment.training_benchmark",
    "nasbench.live.evidence",
    "nasbench.live.experiment.experiment",
    "nasbench.live.experiment.pareto_search",
    "nasbench.live.experiment.search",
    "nasbench.live.experiment.study_backend",
    "nasbench.live.tasks.cifar10",
    "nasbench.live.training.standalone",
    "nasbench.live.training.training",
    "nasbench.hybrid.optimizer",
    "nasbench.study.runner",
)
BARE = """
import importlib, importlib.metadata, sys
from importlib.machinery import PathFinder

class Bare(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in {ABSENT} else super().find_spec(name, path, target)

sys.meta_path = [Bare if finder is PathFinder else finder for finder in sys.meta_path]
# Nor is anything installed under its name, so that there are no entry points.
importlib.metadata.MetadataPathFinder.find_distributions = lambda *_, **__: iter(())
"""
ABSENT = {
    *("dask", "flwr", "moocore", "onnx", "onnxruntime", "optuna", "platformdirs", "pooch", "pydantic", "pymoo"),
    *("requests", "rich", "tomli_w", "typer"),
}


def run_bare(code: str, cache: Path) -> subprocess.CompletedProcess[str]:
    """Run code where the packages cannot be imported, from a folder that is not the checkout."""
    root = Path(__file__).parents[2]
    surroundings = {**os.environ, "PYTHONPATH": str(root), "NASBENCH_CACHE": str(cache)}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", BARE.replace("{ABSENT}", repr(ABSENT)) + code],
        env=surroundings,
        cwd=cache,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_what_evidence_needs_is_imported_without_what_the_machine_lacks(tmp_path: Path) -> None:
    done = run_bare("\n".join(f"importlib.import_module({name!r})" for name in MODULES), tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_packages_are_blocked_there(tmp_path: Path) -> None:
    """Else the tests here would pass whatever is imported."""
    done = run_bare("import platformdirs", tmp_path)
    assert done.returncode and "No module named 'platformdirs'" in done.stderr


SEARCH = """
import json, torch
from dataclasses import replace
from pathlib import Path
from nasbench.live.experiment.run import run_experiment
from nasbench.live.experiment.config import ExperimentConfig
from nasbench.live.training.recipe import SMALL
recipe = replace(SMALL, epochs=1, channels=4)
plan = ExperimentConfig(task="digits", optimizer="hybrid", recipe=recipe, search_recipe=recipe, budget={"queries": 6}, subset_size=(96, 32))
result = run_experiment(plan, torch.device("cpu"), Path("out"))
print(json.dumps([result["architecture"], len(result["search_curve"])]))
"""


def test_the_hybrid_searches_there(tmp_path: Path) -> None:
    done = run_bare(SEARCH, tmp_path)
    assert done.returncode == 0, done.stderr
    architecture, queries = json.loads(done.stdout)
    assert architecture.startswith("|") and queries == 6
