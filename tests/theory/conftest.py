"""The claims of a test module (`CLAIMS`), each checked once, and each of their mutants."""

from __future__ import annotations

import pytest

from nasbench.theory.machinery.registry import Finding, verify


@pytest.fixture(scope="module")
def findings(request: pytest.FixtureRequest) -> dict[str, Finding]:
    return {f.claim.name: f for f in verify(request.module.CLAIMS)}


@pytest.fixture(scope="module")
def mutants(request: pytest.FixtureRequest) -> dict[str, Finding]:
    return {f.claim.name: f for f in verify(request.module.CLAIMS, mutants=True)}
