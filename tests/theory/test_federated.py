"""The mean of a federated search: derived, held by the suite's own code, and its mutants are rejected."""

from __future__ import annotations

import pytest

from nasbench.theory.families.gradient.federated import CLAIMS
from nasbench.theory.machinery import registry
from nasbench.theory.machinery.claim import Outcome
from nasbench.theory.symbolic import mirror_mean


@pytest.mark.parametrize("clients", [1, 2, 4])
def test_the_derived_ratio_is_free_of_the_choice(clients: int) -> None:
    ratio = mirror_mean.log_ratio(clients)
    assert {str(symbol)[0] for symbol in ratio.free_symbols} <= {"p", "Z"}


def test_weights_that_do_not_sum_to_one_are_refused() -> None:
    with pytest.raises(ArithmeticError, match="more than its normalisation"):
        mirror_mean.log_ratio(3, total=2)


def test_the_barycentre_identity_follows() -> None:
    assert mirror_mean.barycentre_gap(3) == 0


def test_claims_hold_and_their_mutants_are_rejected() -> None:
    assert {f.verdict.outcome for f in registry.verify(CLAIMS)} == {Outcome.HOLDS}
    assert {f.verdict.outcome for f in registry.verify(CLAIMS, mutants=True)} == {Outcome.VIOLATED}
