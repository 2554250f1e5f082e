"""Ties are decided by the numbers and not by their rounding: a shift, another unit or another order changes no verdict."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench.ties import differences, is_constant, lowest, snapped
from reports.comparison import compare
from reports.statistics.bayesian import RopePosterior, signed_rank
from reports.statistics.equivalence import Equivalence, paired
from reports.statistics.inputs import CensoredTimes
from reports.statistics.pairwise import a12, rank_sum, sign_flip, wilcoxon_signed_rank
from reports.statistics.ranks import friedman, nemenyi, ranks
from reports.statistics.result import HypothesisTest, Undefined
from reports.statistics.robustness import Ranking, rank_methods
from reports.statistics.survival import log_rank

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
    x, y = in_unit(numbers, to)
    once, again = (sign_flip(*pair, np.random.default_rng(1), resamples=500) for pair in (numbers, (x, y)))
    assert isinstance(once, HypothesisTest) and isinstance(again, HypothesisTest)
    assert once.p_value == again.p_value
    first, second = paired(*numbers, 2.0), paired(x, y, 2.0 * to[0])
    if isinstance(first, Equivalence) and isinstance(second, Equivalence):
        assert first.p_value == pytest.approx(second.p_value, rel=1e-6, abs=1e-12)
    else:
        assert isinstance(first, Undefined) and isinstance(second, Undefined)
    low, high = (
        signed_rank(*pair, 2.0 * scale, np.random.default_rng(2), draws=200)
        for pair, scale in ((numbers, 1.0), ((x, y), to[0]))
    )
    if isinstance(low, RopePosterior):
        assert isinstance(high, RopePosterior)
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
    rng = np.random.default_rng(3)
    steps = rng.integers(1, 4, (2, 12)) / 10
    forward, backward = (
        np.cumsum(np.tile(s, (6, 1))[:, ::way], axis=1)[:, -1] for s, way in ((steps[0], 1), (steps[1], -1))
    )
    exact = [np.rint(t * 10) for t in (forward, backward)]
    yes = np.ones(6, dtype=bool)
    assert p_of(log_rank([CensoredTimes(t, yes) for t in (forward, backward)])) == p_of(
        log_rank([CensoredTimes(t, yes) for t in exact])
    )


def test_the_primitives() -> None:
    assert snapped([0.1 + 0.2, 0.3, np.nan, np.inf, 1.0]).tolist()[:2] == [0.3, 0.3]
    assert np.isnan(snapped([np.nan, 1.0])[0])
    assert np.count_nonzero(differences([0.3, 0.1 + 0.2, 5.0], [0.1 + 0.2, 0.3, 4.0])) == 1
    assert lowest([1.0, 1.0 + 1e-15, 2.0]).tolist() == [True, True, False]
    assert is_constant(np.array([0.1 * 3, 0.3]))
    assert not is_constant(np.array([0.3, 0.3001]))
    assert is_constant(np.zeros((3, 2)))
