"""Which claims concern which registered optimizer: the table is made from the registries of both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from nasbench.search.registry import get_optimizer, optimizer_names
from nasbench.theory.families.complexity.optimizers import ORDERS
from nasbench.theory.families.live import SEARCHERS
from nasbench.theory.machinery.claim import Claim, Evidence
from nasbench.theory.machinery.registry import all_claims
from nasbench.theory.traces.trace_checks import CHECKS_BY_OPTIMIZER

ASPECTS = ("convergence", "complexity")
"""Claims of the family `complexity` are about cost; all others are about where a search gets, and with what probability."""


@dataclass(frozen=True)
class CoverageRow:
    """What is stated about one aspect of one optimizer.

    Attributes:
        optimizer: its registered name, or that of a searcher.
        aspect: "convergence" or "complexity".
        exact: names of claims whose values are computed without sampling.
        shipped: names of claims that run the registered optimizer.
        traces: number of checks that compare its runs in a study with what is stated.
        installed: whether the packages that it needs are installed; no claim is registered otherwise.
    """

    optimizer: str
    aspect: str
    exact: tuple[str, ...]
    shipped: tuple[str, ...]
    traces: int
    installed: bool

    @property
    def is_empty(self) -> bool:
        """Whether no claim concerns this aspect of the optimizer."""
        return not (self.exact or self.shipped)


def aspect_of(claim: Claim) -> str:
    """Return which aspect of an optimizer a claim is about."""
    return "complexity" if claim.name.startswith("complexity.") else "convergence"


def coverage() -> Iterator[CoverageRow]:
    """Yield a row for each aspect of each registered optimizer, then of each weight-sharing searcher."""
    claims = tuple(all_claims().values())
    needed = {name: get_optimizer(name).modules for name in optimizer_names()} | dict.fromkeys(SEARCHERS, ("torch",))
    for name, modules in needed.items():
        installed = all(find_spec(module) is not None for module in modules)
        for aspect in ASPECTS:
            about = [c for c in claims if name in c.optimizers and aspect_of(c) == aspect]
            exact, shipped = (
                tuple(c.name for c in about if evidence in c.evidence)
                for evidence in (Evidence.EXACT, Evidence.SHIPPED)
            )
            traces = sum(claim.trace_check is not None for claim in about)
            traces += len(CHECKS_BY_OPTIMIZER.get(name, ())) if aspect == "convergence" else int(name in ORDERS)
            yield CoverageRow(name, aspect, exact, shipped, traces, installed)


def coverage_row(row: CoverageRow, whole: bool = False) -> dict[str, Any]:
    """Return a row as flat columns: the numbers of claims, or with `whole` their names, separated by spaces."""
    about = {"exact": row.exact, "shipped_run": row.shipped}
    cells = {column: " ".join(names) if whole else len(names) for column, names in about.items()}
    return {"optimizer": row.optimizer, "aspect": row.aspect, **cells, "traces": row.traces, "installed": row.installed}
