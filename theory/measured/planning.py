"""What many runs would take: processor hours, memory and disk, from the cost of a few runs on this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nasbench.benchmarks.catalogue import get_benchmark
from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.search.ledger import Budget
from nasbench.search.loop import search
from nasbench.search.optimizer import PerRun
from nasbench.search.random_streams import Streams
from nasbench.search.registry import get_optimizer
from nasbench.search.search_protocol import SearchProtocol
from nasbench.study.runner import run_study
from nasbench.study.toml import parse_study
from nasbench.theory.measured.growth import peak_memory, processor_seconds

BENCHMARK = "nas-bench-201/cifar10"
QUERIES = 300
RUNS = 500
"""Runs in lockstep; an optimizer of one run at a time is measured on one, since others cost as much again."""

METHODS: Mapping[str, Mapping[str, Any]] = {
    "random_search": {},
    "regularized_evolution": {"population_size": 30, "tournament_size": 10},
    "local_search": {},
    "simulated_annealing": {},
    "nsga2": {},
    "tpe": {},
    "gp_bo": {},
    "hybrid": {},
}
"""Methods, with settings that are not the default."""

STUDY = f"""
name = "disk"
seed = 1
runs = 100
problems = ["{BENCHMARK}"]
objectives = ["error"]
split = "validation"
epochs = [200]
training_seed = "random"
repeat_policy = "cache"
budget = {{ queries = {QUERIES} }}
methods = [{{ name = "regularized_evolution" }}]
"""


@dataclass(frozen=True)
class Plan:
    """The cost of a number of runs of `QUERIES` queries.

    Attributes:
        method: name.
        hours: of one processor.
        memory: of a process that works on them, in bytes, beyond the libraries.
        disk: of the traces, in bytes.
    """

    method: str
    hours: float
    memory: float
    disk: float


def plan(runs: int, methods: Sequence[str] = tuple(METHODS), queries: int = QUERIES) -> list[Plan]:
    """Measure some runs of each method and return what `runs` would take."""
    bytes_a_query, plans = _bytes_a_query(), []
    for name in methods:
        at_once = 1 if isinstance(get_optimizer(name), PerRun) else RUNS
        work = partial(_search, get_benchmark(BENCHMARK), name, at_once, queries)
        seconds = min(processor_seconds(work) for _ in range(2))
        plans.append(Plan(name, seconds / at_once * runs / 3600, peak_memory(work), bytes_a_query * queries * runs))
    return plans


def _search(benchmark: TabularBenchmark, name: str, runs: int, queries: int) -> object:
    protocol = SearchProtocol(
        objectives=("error",),
        split="validation",
        epochs=(200,),
        training_seed="random",
        repeat_policy="cache",
        budget=Budget({"queries": queries}),
    )
    problem = benchmark.problem(protocol, 1, range(runs))
    optimizer = get_optimizer(name)
    return search(problem, optimizer.create(problem, Streams(1, range(runs)), METHODS.get(name, {})))


def _bytes_a_query() -> float:
    """Return the size of a query in the traces of a study, in bytes."""
    with TemporaryDirectory() as folder:
        summary = run_study(parse_study(STUDY, "disk"), Path(folder) / "disk")
        held = sum(path.stat().st_size for path in (Path(folder) / "disk" / "traces").rglob("*.parquet"))
    return held / summary.queries
