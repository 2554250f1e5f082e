"""Reproduce, compare and verify neural architecture search: the public face of the suite.

Names are imported on first use, so that `import nasbench` is quick and needs no optional dependency.

Example:
    >>> import nasbench
    >>> bench = nasbench.load_benchmark("onemax/6x2")
    >>> nasbench.search("random_search", bench, budget=8, runs=2, seed=1).to_pandas().shape[0]
    16
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nasbench import testing as testing
    from nasbench.api.benchmark import Benchmark, list_benchmarks, load_benchmark
    from nasbench.api.registration import (
        import_table,
        register_benchmark,
        register_claim,
        register_optimizer,
        register_task,
    )
    from nasbench.api.reporting import load_results, read_traces, report
    from nasbench.api.search import search
    from nasbench.errors import NasbenchError
    from nasbench.reports import statistics as statistics
    from nasbench.reports.analysis.results import Results
    from nasbench.search.ledger import Budget
    from nasbench.search.optimizer import Lockstep, PerRun
    from nasbench.search.problem import Problem
    from nasbench.search.registry import get_optimizer
    from nasbench.search.registry import optimizer_names as list_optimizers
    from nasbench.spaces.space import Space
    from nasbench.study.config import Study
    from nasbench.study.toml import load_study
    from nasbench.theory.machinery.claim import Claim, Mutant, Verdict

    __version__: str

DISTRIBUTION = "nas-verify"
"""Name of this distribution; another one installs a package of the same name, whose `__init__` lacks this constant."""

_HOMES = {
    "Benchmark": "nasbench.api.benchmark",
    "Budget": "nasbench.search.ledger",
    "Claim": "nasbench.theory.machinery.claim",
    "Mutant": "nasbench.theory.machinery.claim",
    "Lockstep": "nasbench.search.optimizer",
    "NasbenchError": "nasbench.errors",
    "PerRun": "nasbench.search.optimizer",
    "Problem": "nasbench.search.problem",
    "Results": "nasbench.reports.analysis.results",
    "Space": "nasbench.spaces.space",
    "Study": "nasbench.study.config",
    "Verdict": "nasbench.theory.machinery.claim",
    "get_optimizer": "nasbench.search.registry",
    "import_table": "nasbench.api.registration",
    "list_benchmarks": "nasbench.api.benchmark",
    "list_optimizers": "nasbench.search.registry:optimizer_names",
    "load_benchmark": "nasbench.api.benchmark",
    "load_results": "nasbench.api.reporting",
    "load_study": "nasbench.study.toml",
    "read_traces": "nasbench.api.reporting",
    "register_benchmark": "nasbench.api.registration",
    "register_claim": "nasbench.api.registration",
    "register_optimizer": "nasbench.api.registration",
    "register_task": "nasbench.api.registration",
    "report": "nasbench.api.reporting",
    "statistics": "nasbench.reports.statistics:",
    "testing": "nasbench.testing:",
}
"""Module of each public name, followed by a colon and its name there, or by nothing if it is the module itself."""

__all__ = [
    "Benchmark",
    "Budget",
    "Claim",
    "Lockstep",
    "Mutant",
    "NasbenchError",
    "PerRun",
    "Problem",
    "Results",
    "Space",
    "Study",
    "Verdict",
    "__version__",
    "get_optimizer",
    "import_table",
    "list_benchmarks",
    "list_optimizers",
    "load_benchmark",
    "load_results",
    "load_study",
    "read_traces",
    "register_benchmark",
    "register_claim",
    "register_optimizer",
    "register_task",
    "report",
    "search",
    "statistics",
    "testing",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version(DISTRIBUTION)
        except PackageNotFoundError:
            return "0+unknown"  # a checkout that is not installed
    if name not in _HOMES:
        raise AttributeError(f"module 'nasbench' has no attribute {name!r}")
    module, colon, attribute = _HOMES[name].partition(":")
    home = import_module(module)
    if colon and not attribute:
        return home
    return getattr(home, attribute or name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _CallablePackage(ModuleType):
    """The package `nasbench.search`, which is the function of that name too."""

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        from nasbench.api.search import search

        return search(*arguments, **keywords)


import_module("nasbench.search").__class__ = _CallablePackage
