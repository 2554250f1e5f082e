"""How fast the core is: `pytest tests/performance --benchmark-enable` prints it. No test here fails because a machine is slow.

Rates are queries a second on one core; ratios are taken between two measurements of one process.
"""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import pytest

from nasbench.benchmarks.catalogue import get_benchmark
from nasbench.search.ledger import Budget
from nasbench.search.loop import search
from nasbench.search.observations import RunObservations
from nasbench.search.optimizer import Lockstep, PerRun
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.search.registry import get_optimizer
from nasbench.spaces.space import Architectures

from table_protocol import table_protocol

BENCHMARK = get_benchmark("nas-bench-201/cifar10")


def queries_a_second(optimizer: Lockstep | PerRun, settings: dict[str, Any], runs: int, queries: int) -> float:
    protocol = table_protocol(Budget({"queries": queries}), training_seed="random", repeat_policy="retrain")
    problem = BENCHMARK.problem(protocol, 1, range(runs))
    started = time.perf_counter()
    search(problem, optimizer.create(problem, Streams(1, range(runs)), settings))
    return runs * queries / (time.perf_counter() - started)


class OneRunEvolution:
    """Regularized evolution for one run at a time: the lockstep algorithm with a run axis of length one."""

    def __init__(self, problem: Problem, rng: Any, *, population_size: int = 30, tournament_size: int = 10) -> None:
        self._space = problem.space
        self._rng = rng
        self._population, self._sample = population_size, tournament_size
        self._alive: list[tuple[float, Architectures]] = []

    def ask(self) -> Architectures:
        if len(self._alive) < self._population:
            return self._space.sample(self._rng.random((1, self._space.d)))
        drawn = self._rng.integers(self._population, size=self._sample)
        parent = min((self._alive[i] for i in drawn), key=lambda member: member[0])[1]
        return self._space.mutate(parent[None], self._rng.random((1, 2)))

    def tell(self, observations: RunObservations) -> None:
        self._alive.append((float(observations.objectives[0, 0]), observations.architectures[0]))
        self._alive = self._alive[-self._population :]


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("random_search", {}),
        ("regularized_evolution", {"population_size": 30, "tournament_size": 10}),
        ("local_search", {}),
    ],
)
def test_lockstep_rate(benchmark: Any, name: str, settings: dict[str, int]) -> None:
    rate = benchmark.pedantic(queries_a_second, (get_optimizer(name), settings, 500, 1000), rounds=3, warmup_rounds=1)
    benchmark.extra_info["million queries a second"] = rate / 1e6


def test_lockstep_is_many_times_faster_than_run_by_run() -> None:
    """The ratio of two rates of one process; 20 is the goal and what the command above prints, 5 tells a broken lockstep."""
    settings = {"population_size": 30, "tournament_size": 10}
    together = max(queries_a_second(get_optimizer("regularized_evolution"), settings, 500, 300) for _ in range(3))
    apart = max(queries_a_second(PerRun(OneRunEvolution), settings, 4, 300) for _ in range(3))
    assert together > 5 * apart


def test_opening_a_table(benchmark: Any) -> None:
    from nasbench.tables.catalogue import get_table

    def open_and_map() -> None:
        table = get_table("nas-bench-201")
        for column in table.columns:
            table.measured(column)

    get_table("nas-bench-201")
    benchmark.pedantic(open_and_map, rounds=20, warmup_rounds=1)


def test_opening_a_table_takes_little_memory() -> None:
    """Resident memory grows by less than 20 MB beyond the arrays touched, measured in a process of its own."""
    code = """
import resource
from nasbench.tables.catalogue import get_table
import numpy, pandas
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
table = get_table("nas-bench-201")
touched = sum(table.measured(c).values.nbytes for c in table.columns)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, touched / 1024)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    grown, touched = map(float, done.stdout.split())
    assert grown - touched < 20 * 1024


def test_help(benchmark: Any) -> None:
    command = [sys.executable, "-c", "from nasbench.cli.main import main; main(['--help'])"]
    benchmark.pedantic(lambda: subprocess.run(command, capture_output=True, check=True), rounds=5, warmup_rounds=1)
