"""Verdicts, the family-wise decision, and the registry."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

import nasbench
from nasbench.errors import NasbenchError
from nasbench.multiplicity import adjust_holm
from nasbench.registered import forgotten_afterwards
from nasbench.theory import report
from nasbench.theory.machinery import registry
from nasbench.theory.machinery.claim import (
    ALPHA,
    CLAIM_KINDS,
    Claim,
    Context,
    Mutant,
    Outcome,
    Verdict,
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


def _false(context: Context, factor: float = 1.0) -> Verdict:
    """A bound of 1 that is tight to a tenth: a constant of 0.9 and less is rejected."""
    return at_most(0.9, factor, 1)


def _raises(context: Context) -> Verdict:
    raise ValueError("kaput")


def test_a_check_that_raises_is_an_outcome_of_its_own_and_the_others_are_verified() -> None:
    with forgotten_afterwards():
        nasbench.register_claim(Claim("mine.boom", "x", (), "me", _raises, Mutant("the same", _raises)))
        claims = registry.select(["mine.boom", "drift.additive-drift"])
        for mutants in (False, True):
            raised, sound = registry.verify(claims, mutants=mutants)
            assert raised.verdict.outcome is Outcome.ERROR and not raised.passed and sound.passed
            assert "ValueError: kaput" in raised.verdict.note


def test_the_detection_limit_of_a_wrong_constant_is_found_by_bisection() -> None:
    with forgotten_afterwards():
        mutant = Mutant.by_factor("the bound", _false, 0.0)
        nasbench.register_claim(Claim("mine.bound", "x", (), "me", _false, mutant, kind="theorem"))
        (found,) = registry.verify(registry.select(["mine.bound"]), mutants=True)
    assert found.passed and found.limit is not None
    assert 0.85 < found.limit.factor < 0.9 and found.limit.constant == "the bound"
    assert found.verdict.note == "mutant: the bound is 0 times what it should be"


def test_a_claim_says_what_it_is() -> None:
    kinds = Counter(claim.kind for claim in registry.all_claims().values())
    assert set(kinds) == set(CLAIM_KINDS) and kinds["theorem"] + kinds["exact law"] >= 60
    with pytest.raises(NasbenchError, match="should be one of theorem, exact law"):
        Claim("mine.guess", "x", (), "me", _false, Mutant("x", _false), kind="guess")  # type: ignore[arg-type]
    with pytest.raises(NasbenchError, match="number of 0 or more that is not 1"):
        Mutant.by_factor("nothing wrong", _false, 1.0)


def test_a_check_can_be_decorated() -> None:
    with forgotten_afterwards():

        @nasbench.register_claim("mine.two", "1 < 2", kind="theorem", source="me", mutant=Mutant("x", _raises))
        def two(context: Context) -> Verdict:
            return at_most(1.0, 2.0, 1)

        assert registry.find("mine.two") is two and two.check(Context()).outcome is Outcome.HOLDS
        assert report.claim_row(two)["kind"] == "theorem"


def test_the_headline_counts_kinds_and_outcomes() -> None:
    rows = [report.finding_row(found) for found in registry.verify(registry.select(["drift.additive-drift"]))]
    assert report.headline(rows) == "1 theorem: 1 holds."
    assert report.count_rows(rows)[0]["holds"] == 1
