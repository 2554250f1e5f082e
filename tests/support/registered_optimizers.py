"""The registered optimizers as parameters of a test."""

from __future__ import annotations

from collections.abc import Collection
from importlib.util import find_spec
from typing import Any

import pytest

from nasbench.search.registry import get_optimizer, optimizer_names

SLOW = ("optuna_gp", "qnehvi", "smac")
"""Wrapped libraries that take tenths of a second a query after their 10 initial samples."""


def installed_optimizers(without: Collection[str] = ()) -> list[Any]:
    """Return the names but those of `without` as parameters, skipped where a package that an optimizer needs is missing."""
    return [_parameter(name) for name in optimizer_names() if name not in without]


def queries_of(name: str, queries: int) -> int:
    """Return a number of queries for a run of a test: few of an optimizer that is slow, `queries` of the others."""
    return 13 if name in SLOW else queries


def _parameter(name: str) -> Any:
    optimizer = get_optimizer(name)
    missing = any(find_spec(module) is None for module in optimizer.modules)
    reason = f"{name} needs the extras {', '.join(optimizer.extras)}"
    return pytest.param(name, marks=pytest.mark.skipif(missing, reason=reason))
