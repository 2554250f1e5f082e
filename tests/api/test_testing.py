"""Contracts as a stranger uses them: of an optimizer, a space and benchmarks of one's own; a wrong optimizer breaks one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nasbench import Benchmark, Space, load_benchmark
from nasbench.search.methods import as_optimizer
from nasbench.testing import BenchmarkContract, OptimizerContract, SpaceContract, toy_space
from nasbench.testing.toy import toy_benchmark


class Mine:
    def __init__(self, problem: Any, rng: np.random.Generator) -> None:
        self.space, self.rng = problem.space, rng

    def ask(self) -> Any:
        return self.space.sample(self.rng.random((2, self.space.d)))

    def tell(self, observations: Any) -> None: ...


class Unseeded(Mine):
    def ask(self) -> Any:
        return self.space.sample(np.random.default_rng().random((2, self.space.d)))


class TestMine(OptimizerContract):
    @pytest.fixture
    def optimizer(self) -> object:
        return Mine


class TestToySpace(SpaceContract):
    @pytest.fixture
    def space(self) -> Space:
        return toy_space()


@pytest.mark.parametrize("name", ["toy", "nas-bench-201/cifar10", "nk/10x6-k2"])
class TestBenchmarks(BenchmarkContract):
    @pytest.fixture
    def benchmark_(self, name: str) -> Benchmark:
        return toy_benchmark() if name == "toy" else load_benchmark(name)


def test_an_optimizer_that_draws_elsewhere_breaks_the_contract() -> None:
    with pytest.raises(AssertionError):
        OptimizerContract().test_same_seed_same_bits(as_optimizer(Unseeded), toy_benchmark())
