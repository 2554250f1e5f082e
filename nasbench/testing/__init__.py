"""Contract suites for optimizers, spaces and benchmarks of one's own, to be subclassed in one's own tests (they need pytest).

Example, a whole test file of a package that has an optimizer:

    from nasbench.testing import OptimizerContract

    class TestMine(OptimizerContract):
        @pytest.fixture
        def optimizer(self):
            return Mine          # a name, "module:ATTR", class, function, Lockstep or PerRun
"""

from __future__ import annotations

from nasbench.testing.benchmark_contract import BenchmarkContract
from nasbench.testing.optimizer_contract import OptimizerContract
from nasbench.testing.space_contract import SpaceContract
from nasbench.testing.toy import toy_problem, toy_space

__all__ = ["BenchmarkContract", "OptimizerContract", "SpaceContract", "toy_problem", "toy_space"]
