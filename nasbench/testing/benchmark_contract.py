"""What every benchmark must keep: it answers what its space holds, the same each time, and its search side holds no test score."""

from __future__ import annotations

import numpy as np
import pytest

from nasbench.api.benchmark import Benchmark
from nasbench.testing.optimizer_contract import HIDDEN, reachable
from nasbench.testing.space_contract import some


class BenchmarkContract:
    """Subclass it as `class TestMyTable(BenchmarkContract)` and override the fixture `benchmark_`."""

    @pytest.fixture
    def benchmark_(self) -> Benchmark:
        """Return the benchmark under test."""
        raise NotImplementedError("Override the fixture `benchmark_`.")

    def test_answers_are_finite_and_repeatable(self, benchmark_: Benchmark) -> None:
        batch = some(benchmark_.space, 12)[None]
        first, again = (benchmark_.problem({"queries": 100}, seed=3).query(batch) for _ in range(2))
        assert np.isfinite(first.objectives).all() and np.array_equal(first.objectives, again.objectives)
        assert (first.charged_seconds >= 0.0).all()

    def test_the_search_side_holds_no_test_score(self, benchmark_: Benchmark) -> None:
        for thing in reachable(benchmark_.problem()):
            assert type(thing).__name__ not in HIDDEN, f"the problem can reach a {type(thing).__name__}"

    def test_a_query_says_what_it_holds(self, benchmark_: Benchmark) -> None:
        architecture = some(benchmark_.space, 1)[0]
        frame = benchmark_.query(architecture)
        assert len(frame) > 0 and frame["value"].notna().all() and frame["unit"].notna().all()
        assert frame.equals(benchmark_.query(benchmark_.space.to_string(architecture)))

    def test_no_score_is_below_the_best(self, benchmark_: Benchmark) -> None:
        oracle = benchmark_.source.oracle(benchmark_.protocol())
        scores = oracle.score(oracle.row(some(benchmark_.space, 50)))
        assert (scores >= oracle.best_score).all()
