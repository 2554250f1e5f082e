"""Short runs, each a unit of its own, on one process, on two of joblib and on two workers: the worst case for what a unit costs to send.

Only `--benchmark-enable` runs it (`make speed`), on a machine with two idle cores; workers and imports are warm.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from nasbench.study.cluster import Cluster, connect
from nasbench.study.config import Study
from nasbench.study.runner import run_study
from nasbench.study.toml import parse_study

TEXT = """
name = "short"
seed = 3
runs = 75
runs_per_file = 1
problems = ["nas-bench-201/cifar10"]
objectives = ["error"]
split = "validation"
epochs = [200]
training_seed = "random"
repeat_policy = "cache"
budget = { unique_queries = 100 }
methods = [
    { name = "random_search" },
    { name = "regularized_evolution", settings = { population_size = 11, tournament_size = 19 } },
    { name = "local_search" },
    { name = "simulated_annealing" },
]
"""


@pytest.fixture
def short(benchmark: Any) -> Study:
    if benchmark.disabled:
        pytest.skip("a measurement: make speed")
    return parse_study(TEXT, "test")


@pytest.fixture
def two_workers(short: Study) -> Iterator[Cluster]:
    pytest.importorskip("distributed", reason="needs the extra 'cluster'")
    with connect("local", jobs=2) as cluster:
        assert cluster is not None
        yield cluster


def measure(benchmark: Any, study: Study, folder: Path, **how: Any) -> None:
    number = count()
    benchmark.pedantic(
        lambda: run_study(study, folder / str(next(number)), **how), rounds=3, warmup_rounds=1, iterations=1
    )
    benchmark.extra_info["units a second"] = len(study.units()) / benchmark.stats.stats.min


@pytest.mark.parametrize("jobs", [1, 2])
def test_short_runs_on_processes(benchmark: Any, short: Study, tmp_path: Path, jobs: int) -> None:
    from joblib.externals.loky import get_reusable_executor

    measure(benchmark, short, tmp_path, jobs=jobs)
    # joblib's processes would stay for minutes, beside what is measured next.
    get_reusable_executor().shutdown()


def test_short_runs_on_two_workers(benchmark: Any, short: Study, tmp_path: Path, two_workers: Cluster) -> None:
    measure(benchmark, short, tmp_path, cluster=two_workers)
