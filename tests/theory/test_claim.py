"""Verdicts, the family-wise decision, and the registry."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from nasbench.errors import NasbenchError
from nasbench.multiplicity import adjust_holm
from nasbench.theory.machinery import registry
from nasbench.theory.machinery.claim import (
    ALPHA,
    Context,
    Outcome,
    all_at_most,
    at_most,
    by_p_value,
    equal_within,
    not_judged,
    smallest_p_value,
)
from nasbench.theory.machinery.statistical_checks import tail_at_most


def test_at_most() -> None:
    assert at_most(1, 2, 1).outcome is Outcome.HOLDS
    assert at_most(2, 2, 1).outcome is Outcome.HOLDS
    assert at_most(2.1, 2, 1).outcome is Outcome.VIOLATED
    assert at_most(float("nan"), 2, 1).outcome is Outcome.VIOLATED
    assert at_most(0.1, 2, 1, vacuous_beyond=10).outcome is Outcome.VACUOUS
    assert at_most(0.3, 2, 1, vacuous_beyond=10).outcome is Outcome.HOLDS
    assert at_most(0.5, 2, 1).tightness == 4


def test_one_violation_among_many_falsifies_and_is_the_one_shown() -> None:
    verdict = all_at_most([1, 5, 1], [100, 4, 1])
    assert verdict.outcome is Outcome.VIOLATED
    assert (verdict.statistic, verdict.bound) == (5, 4)


def test_a_bound_is_vacuous_only_if_it_is_loose_everywhere() -> None:
    assert all_at_most([1, 1], [100, 2], vacuous_beyond=10).outcome is Outcome.HOLDS
    assert all_at_most([1, 1], [100, 20], vacuous_beyond=10).outcome is Outcome.VACUOUS


def test_all_at_most_sees_nan() -> None:
    assert all_at_most([1, float("nan")], [2, 2]).outcome is Outcome.VIOLATED


def test_equal_within() -> None:
    assert equal_within(1.0, 1.05, 0.1, 1).outcome is Outcome.HOLDS
    assert equal_within(1.0, 1.2, 0.1, 1).outcome is Outcome.VIOLATED
    assert equal_within(float("nan"), 1.2, 0.1, 1).outcome is Outcome.VIOLATED


def test_p_value_decides_alone_and_again_in_company() -> None:
    verdict = by_p_value(0.03, 1, 1, 10)
    assert verdict.outcome is Outcome.VIOLATED
    assert verdict.decided(False).outcome is Outcome.HOLDS
    assert by_p_value(0.5, 1, 1, 10).decided(True).outcome is Outcome.VIOLATED


def test_a_verdict_without_p_value_or_without_decision_is_left_alone() -> None:
    assert at_most(1, 2, 1).decided(True).outcome is Outcome.HOLDS
    undecided = not_judged(Outcome.UNDECIDED, "too few")
    assert undecided.decided(True).outcome is Outcome.UNDECIDED


def test_smallest_p_value_is_bonferroni() -> None:
    assert smallest_p_value([0.2, 0.01, 0.5]) == pytest.approx(0.03)
    assert smallest_p_value([0.9, 0.8]) == 1.0


def test_holm_is_that_of_statsmodels_and_ignores_missing() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        p = rng.random(12) ** 4
        np.testing.assert_array_equal(adjust_holm(p) <= ALPHA, multipletests(p, ALPHA, method="holm")[0])
    p = np.array([0.04, np.nan, 0.001, np.nan])
    np.testing.assert_array_equal(adjust_holm(p) <= ALPHA, [True, False, True, False])
    assert np.isnan(adjust_holm([np.nan, np.nan])).all()


def test_random_numbers_depend_on_name_and_seed_only() -> None:
    first = Context(3).rng("a").random(4)
    np.testing.assert_array_equal(first, Context(3).rng("a").random(4))
    assert not np.array_equal(first, Context(3).rng("b").random(4))
    assert not np.array_equal(first, Context(4).rng("a").random(4))


def test_every_claim_is_complete() -> None:
    for name, claim in registry.all_claims().items():
        assert name == claim.name and "." in name
        assert claim.statement and claim.source and claim.mutant.description
        assert claim.statement.count("{") == claim.statement.count("}"), name


def test_an_unknown_claim_is_answered_with_the_nearest() -> None:
    with pytest.raises(NasbenchError, match=r"did you mean 'markov\.wald'"):
        registry.find("markov.wlad")


def test_selection_by_family_and_name_takes_each_once() -> None:
    chosen = registry.select(["drift", "drift.onemax-upper-bound", "markov.wald"])
    names = [claim.name for claim in chosen]
    assert len(set(names)) == len(names) and names[-1] == "markov.wald"
    assert len(registry.select([])) == len(registry.all_claims())


def test_two_claims_of_one_name_are_refused() -> None:
    claim = registry.find("markov.wald")
    with pytest.raises(NasbenchError, match="needs a name of its own"):
        registry._by_name([claim, claim])


def test_verdicts_do_not_depend_on_the_number_of_processes() -> None:
    claims = registry.select(["random-search.rank-law-with-replacement", "drift.fitness-levels"])
    alone, together = (registry.verify(claims, jobs=jobs) for jobs in (1, 2))
    assert [f.verdict for f in alone] == [f.verdict for f in together]


def test_a_run_beyond_a_bound_of_zero_violates_it() -> None:
    times = np.array([1] * 3990 + [9] * 10)
    assert tail_at_most(times, np.arange(4), [1.0, 0.9, 0.5, 0.0]).outcome is Outcome.VIOLATED
    assert tail_at_most(np.ones(4000), np.arange(4), [1.0, 0.9, 0.5, 0.0]).outcome is not Outcome.VIOLATED


def test_a_tail_that_is_nowhere_near_its_bound_is_vacuous() -> None:
    verdict = tail_at_most(np.ones(4000), np.arange(4), [1.0, 0.99, 0.99, 0.99])
    assert verdict.outcome is Outcome.VACUOUS and verdict.bound == 0.99
