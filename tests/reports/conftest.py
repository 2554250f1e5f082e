"""Small real studies, run once a session, for the tests of reports."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nasbench.reports.analysis.results import Results
from nasbench.study.runner import run_study
from nasbench.study.toml import parse_study

HEAD = """
name = "{name}"
description = "A study for tests."
seed = 11
runs = {runs}
runs_per_file = {chunk}
problems = [{benchmarks}]
objectives = [{objectives}]
split = "{split}"
epochs = {epochs}
training_seed = "{seeds}"
repeat_policy = "{repeat_policy}"

[budget]
{budget}
"""


def run_small(
    folder: Path,
    *,
    optimizers: tuple[str, ...] = ("random_search", "local_search", "regularized_evolution"),
    runs: int = 12,
    chunk: int = 5,
    benchmarks: tuple[str, ...] = ("nas-bench-201/cifar10", "nas-bench-201/cifar100"),
    objectives: tuple[str, ...] = ("error",),
    repeat_policy: str = "retrain",
    budget: str = "queries = 80",
    epochs: str = "[200]",
    split: str = "validation",
    seeds: str = "random",
    extra: str = "",
) -> Path:
    """Run a study into `folder / "study"` and return that folder."""
    text = HEAD.format(
        name=folder.name,
        runs=runs,
        chunk=chunk,
        benchmarks=", ".join(f'"{name}"' for name in benchmarks),
        objectives=", ".join(f'"{name}"' for name in objectives),
        repeat_policy=repeat_policy,
        epochs=epochs,
        split=split,
        seeds=seeds,
        budget=budget,
    )
    text += "".join(f'\n[[methods]]\nname = "{name}"\n' for name in optimizers) + extra
    run_study(parse_study(text, "the test"), folder / "study")
    return folder / "study"


@pytest.fixture(scope="session")
def small_study() -> Callable[..., Path]:
    """The function `run_small`."""
    return run_small


@pytest.fixture(scope="session")
def study_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three optimizers on two data sets, 12 runs in three files each."""
    return run_small(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="session")
def results(study_folder: Path) -> Results:
    """The opened plain study."""
    return Results.open(study_folder)


@pytest.fixture(scope="session")
def several(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Two objectives, two variants of one algorithm, a budget of unique queries."""
    folder = run_small(
        tmp_path_factory.mktemp("several"),
        optimizers=("random_search",),
        objectives=("error", "latency"),
        repeat_policy="cache",
        budget="unique_queries = 40",
        runs=6,
        extra='\n[[methods]]\nname = "random_search"\nlabel = "without replacement"\nsettings = { replacement = false }\n',
    )
    return Results.open(folder)
