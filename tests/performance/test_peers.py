"""The comparison with other libraries: one table for all, and ratios to the suite's own program."""

from __future__ import annotations

import numpy as np
import pytest

from nasbench.benchmarks.catalogue import get_benchmark
from tests.performance import peers
from tests.performance.peers import BENCHMARK, Program, cell, compare, error, plain_evolution, plain_random, pymoo


def test_everybody_is_answered_by_the_same_table() -> None:
    benchmark = get_benchmark(BENCHMARK)
    column = benchmark.table.find("cifar10", "accuracy", "validation", 200)
    assert column is not None
    expected = 100 - benchmark.table.measured(column).mean()
    for row in np.random.default_rng(0).integers(benchmark.space.size, size=20):
        operations = tuple(benchmark.space.all[row].tolist())
        assert cell(operations) == benchmark.space.to_string(benchmark.space.all[row])
        assert error(operations) == pytest.approx(expected[row])


def test_programs_of_others_make_the_queries_that_they_are_charged_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, ...]] = []

    def count(operations: tuple[int, ...]) -> float:
        asked.append(operations)
        return float(sum(operations))

    monkeypatch.setattr(peers, "error", count)
    for make, queries in ((plain_random, 7), (plain_evolution, 45), (pymoo, 80)):
        asked.clear()
        make(queries)(0)
        assert len(asked) == queries and all(0 <= choice < 5 for one in asked for choice in one)


def test_ratios_are_to_the_first_program_of_the_algorithm() -> None:
    class Stated(Program):
        def seconds_a_query(self, seed: int) -> float:
            return {"suite": 1e-6, "other": 3e-6}[self.by]

    found: list[Program] = [Stated(algorithm="a", by=by, queries=1, run=lambda seed: None) for by in ("suite", "other")]
    assert [row["times the suite's"] for row in compare(found, rounds=3)] == ["1", "3"]
