"""Ties are decided by the numbers and not by their rounding: a shift, another unit or another order changes no verdict."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench.reports.analysis.comparison import compare
from nasbench.reports.statistics.bayesian import RopePosterior, signed_rank
from nasbench.reports.statistics.equivalence import Equivalence, paired
from nasbench.reports.statistics.inputs import CensoredTimes
from nasbench.reports.statistics.pairwise import a12, rank_sum, sign_flip, wilcoxon_signed_rank
from nasbench.reports.statistics.ranks import friedman, nemenyi, ranks
from nasbench.reports.statistics.result import HypothesisTest, Undefined
from nasbench.reports.statistics.robustness import Ranking, rank_methods
from nasbench.reports.statistics.survival import SurvivalCurve, kaplan_meier, log_rank
from nasbench.ties import differences, is_constant, lowest, snapped

Ints = np.ndarray
UNITS: list[tuple[float, float]] = [(0.02, 0.0), (0.02, 88.0), (0.0002, 0.0), (1 / 3, 7.1), (100.0, 0.0), (0.05, -1e4)]
"""Scale and shift: percentages in steps of 0.02, as fractions, thirds, other units."""

unit = st.sampled_from(UNITS)


def counts(methods: int, most: int = 20) -> st.SearchStrategy[Ints]:
    """Whole numbers `(methods, runs)` with many ties."""
    number = st.integers(0, most)
    return st.integers(2, 30).flatmap(
        lambda n: st.lists(st.lists(number, min_size=n, max_size=n), min_size=methods, max_size=methods).map(np.array)
    )


def in_unit(numbers: Ints, scale_and_shift: tuple[float, float]) -> np.ndarray:
    scale, shift = scale_and_shift
    return np.asarray(shift + scale * numbers)


def p_of(test: HypothesisTest | Undefined) -> tuple[float, float] | str:
    return test.reason if isinstance(test, Undefined) else (test.statistic, test.p_value)


@settings(max_examples=100, deadline=None)
@given(counts(2), unit)
def test_rank_tests_are_those_of_whole_numbers(numbers: Ints, to: tuple[float, float]) -> None:
    x, y = in_unit(numbers, to)
    whole = p_of(wilcoxon_signed_rank(*numbers))
    assert p_of(wilcoxon_signed_rank(x, y)) == whole
    assert p_of(wilcoxon_signed_rank(100.0 - x, 100.0 - y)) == whole
    shuffled = np.random.default_rng(len(x)).permutation(len(x))
    assert p_of(wilcoxon_signed_rank(x[shuffled], y[shuffled])) == whole
    assert p_of(rank_sum(x, y)) == p_of(rank_sum(*numbers))
    assert a12(x, y) == a12(*numbers)


@settings(max_examples=40, deadline=None)
@given(counts(2), unit)
def test_tests_of_means_and_posteriors_too(numbers: Ints, to: tuple[float, float]) -> None:
    (a, b), (x, y) = numbers, in_unit(numbers, to)
    once, again = (sign_flip(*pair, np.random.default_rng(1), resamples=500) for pair in ((a, b), (x, y)))
    assert isinstance(once, HypothesisTest) and isinstance(again, HypothesisTest)
    assert once.p_value == again.p_value
    first, second = paired(a, b, 2.0), paired(x, y, 2.0 * to[0])
    if isinstance(first, Equivalence) and isinstance(second, Equivalence):
        assert first.p_value == pytest.approx(second.p_value, rel=1e-6, abs=1e-12)
    else:
        assert isinstance(first, Undefined) and isinstance(second, Undefined)
    low = signed_rank(a, b, 2.0, np.random.default_rng(2), draws=200)
    high = signed_rank(x, y, 2.0 * to[0], np.random.default_rng(2), draws=200)
    assert isinstance(low, RopePosterior) and isinstance(high, RopePosterior)
    assert np.allclose(low.draws, high.draws, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(counts(3, 4), unit)
def test_mean_ranks_are_those_of_whole_numbers(numbers: Ints, to: tuple[float, float]) -> None:
    scores = in_unit(numbers.T, to)
    assert np.array_equal(ranks(scores), ranks(numbers.T.astype(float)))
    if len(numbers.T) <= 8:  # the permutation law takes longer for more
        assert p_of(friedman(scores)) == p_of(friedman(numbers.T))
    mine, theirs = nemenyi(scores), nemenyi(numbers.T)
    if not isinstance(mine, Undefined):
        assert not isinstance(theirs, Undefined)
        assert mine.cliques == theirs.cliques


@settings(max_examples=30, deadline=None)
@given(counts(3, 6), unit, st.sampled_from(list(permutations(range(3)))))
def test_verdicts_do_not_depend_on_unit_or_order(
    numbers: Ints, to: tuple[float, float], order: tuple[int, ...]
) -> None:
    def judged(scores: np.ndarray, named: tuple[int, ...] = (0, 1, 2)) -> dict[frozenset[str] | str, object]:
        rng = np.random.default_rng(0)
        found = compare({f"m{i}": scores[i] for i in named}, {f"m{i}": "0" for i in named}, rng)
        labels = list(found.standings)
        return {
            "leaders": {label for label, standing in found.standings.items() if standing.best},
            **{frozenset((labels[i], labels[j])): str(p) for (i, j), p in found.p_values.items()},
        }

    scores = in_unit(numbers, to)
    plain = judged(numbers.astype(float))
    assert judged(scores) == plain
    assert judged(100.0 * scores) == plain
    assert judged(scores, order) == plain
    assert judged(scores[:, ::-1]) == plain
    ranking = rank_methods({f"m{i}": scores[i] for i in order})
    assert isinstance(ranking, Ranking)
    assert set(ranking.winners) == plain["leaders"]


def test_the_cases_that_rounding_decided_before() -> None:
    x, y = np.array([0.5, 0.825, 0.375, 0.5]), np.array([0.525, 0.775, 0.325, 0.55])
    assert p_of(wilcoxon_signed_rank(x, y)) == p_of(wilcoxon_signed_rank(np.rint(1000 * x), np.rint(1000 * y)))
    scores = np.array([[5.74, 5.739999999999999, 7.0]] * 6)
    assert ranks(scores).mean(axis=0).tolist() == [1.5, 1.5, 3.0]
    test = friedman(scores)
    assert isinstance(test, HypothesisTest)
    assert test.p_value == pytest.approx(1 / 3**5)  # both ways round of six pairs that are tied
    ten = np.array([5.63, 5.71, 5.77, 5.63, 5.90, 5.71, 6.02, 5.63, 5.77, 5.63])
    rng = np.random.default_rng(0)
    orders = [rng.permutation(ten) for _ in range(50)]
    assert len({float(o.mean()) for o in orders}) > 1
    for order in orders:
        found = compare({"a": ten, "b": order}, {"a": "0", "b": "1"}, np.random.default_rng(1))
        assert all(standing.best for standing in found.standings.values())


def test_times_that_differ_by_rounding_are_one_time() -> None:
    """The same trainings in another order: sums that differ in the last bit, and hours that do not."""
    steps = np.random.default_rng(3).integers(1, 9, (8, 20)) / 10
    forward, backward = (np.array([sum(own[::way]) for own in steps]) for way in (1, -1))
    assert (forward != backward).any()
    yes = np.ones(8, dtype=bool)
    computed = log_rank([CensoredTimes(forward, yes), CensoredTimes(backward, yes)])
    exact = log_rank([CensoredTimes(np.rint(10 * times), yes) for times in (forward, backward)])
    assert p_of(computed) == pytest.approx(p_of(exact))
    curve = kaplan_meier(CensoredTimes(np.concatenate([forward, backward]), np.ones(16, dtype=bool)))
    assert (
        isinstance(curve, SurvivalCurve)
        and curve.events.sum() == 16
        and len(curve.time) == len(set(np.rint(10 * forward)))
    )


def test_numbers_too_small_or_too_large_to_square_give_a_reason() -> None:
    tiny, zeros = [1e-300, 2e-300, 3e-300], [0.0, 0.0, 0.0]
    assert isinstance(paired(tiny, zeros, 0.1), Undefined)
    assert isinstance(wilcoxon_signed_rank(tiny, zeros), Undefined)
    huge = [1e300, 2e300, 3e300]
    for outcome in (paired(huge, zeros, 0.1), wilcoxon_signed_rank(huge, zeros), a12(huge, zeros)):
        assert isinstance(outcome, Undefined) and "too large to compute with" in outcome.reason


def test_the_primitives() -> None:
    assert snapped([0.1 + 0.2, 0.3, np.nan, np.inf, 1.0]).tolist()[:2] == [0.3, 0.3]
    assert np.isnan(snapped([np.nan, 1.0])[0])
    assert np.count_nonzero(differences([0.3, 0.1 + 0.2, 5.0], [0.1 + 0.2, 0.3, 4.0])) == 1
    assert lowest([1.0, 1.0 + 1e-15, 2.0]).tolist() == [True, True, False]
    assert is_constant(np.array([0.1 * 3, 0.3]))
    assert not is_constant(np.array([0.3, 0.3001]))
    assert is_constant(np.zeros((3, 2)))
