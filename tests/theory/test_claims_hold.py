"""Each claim of the exact families holds (or is declared vacuous), and each mutant is rejected.

Seeds are fixed; with Holm over the whole call the probability that fresh seeds would fail is at most 0.05.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nasbench.theory.machinery import registry
from nasbench.theory.machinery.claim import Outcome, Verdict

FAMILIES = ("random-search", "markov", "drift", "evolution", "pareto")
CLAIMS = registry.select(FAMILIES)
DECLARED_VACUOUS = {"drift.fitness-levels-table"}


def test_there_are_enough() -> None:
    assert len(CLAIMS) >= 40


@pytest.mark.parametrize("name", [claim.name for claim in CLAIMS])
def test_claim_holds(name: str, checked: Callable[[str], registry.Finding]) -> None:
    expected = Outcome.VACUOUS if name in DECLARED_VACUOUS else Outcome.HOLDS
    assert checked(name).verdict.outcome is expected, checked(name).verdict
    assert checked(name).passed


@pytest.mark.parametrize("name", [claim.name for claim in CLAIMS])
def test_mutant_is_rejected(name: str, rejected: Callable[[str], tuple[bool, Verdict]]) -> None:
    found, verdict = rejected(name)
    assert found, verdict


@pytest.mark.parametrize("name", [c.name for c in CLAIMS if c.name.startswith(("random-search", "markov"))])
def test_statistical_claims_rest_on_two_thousand_runs(name: str, checked: Callable[[str], registry.Finding]) -> None:
    verdict = checked(name).verdict
    assert verdict.p_value is None or verdict.n >= 2_000
