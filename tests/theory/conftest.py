"""Findings on the claims of a test module (`CLAIMS`), each made when a test first asks for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from nasbench.theory.machinery.claim import ALPHA, Context, Verdict
from nasbench.theory.machinery.detection_limit import is_rejected
from nasbench.theory.machinery.registry import Finding, all_claims, find, verify


@pytest.fixture(scope="module")
def checked(request: pytest.FixtureRequest) -> Callable[[str], Finding]:
    """Return what checks the claim of a name, decided at its share of the error rate of the module.

    Holm's procedure rejects a claim of the module exactly if it rejects the one with the smallest p-value, which it does at this level;
    so that all claims hold together exactly if each holds so, and no test waits for the claims of another.
    """
    level = ALPHA / len(request.module.CLAIMS)

    @cache
    def check(name: str) -> Finding:
        (found,) = verify([find(name)])
        p = found.verdict.p_value
        return replace(found, verdict=found.verdict.decided(p is not None and p <= level))

    return check


@pytest.fixture
def rejected() -> Callable[[str], tuple[bool, Verdict]]:
    """Return what checks the mutant of a claim: whether it is rejected at the level of `verify`, and the verdict; no detection limit is sought."""

    def check(name: str) -> tuple[bool, Verdict]:
        verdict = find(name).mutant.check(Context())
        return is_rejected(verdict, ALPHA / len(all_claims())), verdict

    return check
