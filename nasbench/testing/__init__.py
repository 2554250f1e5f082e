"""Contract suites for optimizers, searchers, spaces and benchmarks of one's own, to be subclassed in one's own tests (they need pytest).

Example, a whole test file of a package that has an optimizer::

    from nasbench.testing import OptimizerContract

    class TestMine(OptimizerContract):
        @pytest.fixture
        def optimizer(self):
            return Mine          # a name, "module:ATTR", class, function, Lockstep or PerRun
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nasbench.testing.benchmark_contract import BenchmarkContract
from nasbench.testing.optimizer_contract import OptimizerContract
from nasbench.testing.space_contract import SpaceContract
from nasbench.testing.toy import toy_problem, toy_space

if TYPE_CHECKING:
    from nasbench.testing.searcher_contract import SearcherContract

__all__ = ["BenchmarkContract", "OptimizerContract", "SearcherContract", "SpaceContract", "toy_problem", "toy_space"]


def __getattr__(name: str) -> Any:
    if name != "SearcherContract":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from nasbench.testing.searcher_contract import SearcherContract  # which needs torch

    return SearcherContract
