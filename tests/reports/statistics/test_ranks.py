"""Friedman and Nemenyi against scipy, scikit-posthocs, autorank, all permutations and Demšar's own example."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
import scikit_posthocs
from autorank._util import _critical_distance
from scipy import stats

from nasbench.errors import NasbenchError
from nasbench.reports.statistics.ranks import CriticalDifference, friedman, nemenyi, ranks
from nasbench.reports.statistics.result import HypothesisTest, Undefined

# Demšar 2006, Table 6: area under the curve of four variants of C4.5 on 14 data sets (higher is better).
DEMSAR = np.array(
    [
        [0.763, 0.768, 0.771, 0.798],
        [0.599, 0.591, 0.590, 0.569],
        [0.954, 0.971, 0.968, 0.967],
        [0.628, 0.661, 0.654, 0.657],
        [0.882, 0.888, 0.886, 0.898],
        [0.936, 0.931, 0.916, 0.931],
        [0.661, 0.668, 0.609, 0.685],
        [0.583, 0.583, 0.563, 0.625],
        [0.775, 0.838, 0.866, 0.875],
        [1.000, 1.000, 1.000, 1.000],
        [0.940, 0.962, 0.965, 0.962],
        [0.619, 0.666, 0.614, 0.669],
        [0.972, 0.981, 0.9751, 0.975],
        [0.957, 0.978, 0.946, 0.970],
    ]
)


def test_demsars_example() -> None:
    test, post_hoc = friedman(-DEMSAR), nemenyi(-DEMSAR, alpha=0.1)
    assert isinstance(test, HypothesisTest)
    assert isinstance(post_hoc, CriticalDifference)
    assert post_hoc.mean_ranks == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)
    assert post_hoc.difference == pytest.approx(2.291 * np.sqrt(4 * 5 / (6 * 14)), abs=2e-3)
    plain = 12 * 14 / (4 * 5) * ((post_hoc.mean_ranks**2).sum() - 4 * 5**2 / 4)
    assert plain == pytest.approx(9.28, abs=0.02)  # the paper's statistic, which leaves ties uncorrected
    assert test.statistic == pytest.approx(stats.friedmanchisquare(*DEMSAR.T).statistic)
    assert test.p_value == pytest.approx(stats.chi2.sf(test.statistic, 3), abs=0.005)


def test_friedman_matches_scipy_and_iman_davenport() -> None:
    scores = np.random.default_rng(0).integers(0, 6, (12, 5)).astype(float)
    got = friedman(scores)
    assert isinstance(got, HypothesisTest)
    chi = stats.friedmanchisquare(*scores.T).statistic
    ratio = 11 * chi / (12 * 4 - chi)
    assert got.statistic == pytest.approx(ratio)
    assert got.p_value == pytest.approx(stats.f.sf(ratio, 4, 44))
    # Iman-Davenport's F is that of a two-way analysis of variance on ranks.
    ranked = ranks(scores)
    residual = ranked - ranked.mean(axis=0) - ranked.mean(axis=1, keepdims=True) + ranked.mean()
    between = 12 * ((ranked.mean(axis=0) - 3) ** 2).sum() / 4
    assert got.statistic == pytest.approx(between / ((residual**2).sum() / 44))


@pytest.mark.parametrize("first", [[1.0, 2, 3], [1.0, 1, 3]])
def test_friedman_is_exact_for_small_tables(first: list[float]) -> None:
    scores = ranks(np.array([first, [1, 3, 2], [1, 2, 3], [2, 1, 3], [1, 2, 3]]))
    got = friedman(scores)
    assert isinstance(got, HypothesisTest)
    observed = ((scores.sum(axis=0) - 10) ** 2).sum()
    orders = [list(permutations(row)) for row in scores]
    spread = np.array([((np.sum(rows, axis=0) - 10) ** 2).sum() for rows in product(*orders)])
    assert got.p_value == pytest.approx((spread >= observed).mean())
    assert got.statistic == pytest.approx(stats.friedmanchisquare(*scores.T).statistic)


def test_nemenyi_matches_scikit_posthocs_and_autorank() -> None:
    scores = np.random.default_rng(1).normal(size=(10, 4)) + np.array([0.0, 0.2, 1.5, 3.0])
    got = nemenyi(scores)
    assert isinstance(got, CriticalDifference)
    theirs = scikit_posthocs.posthoc_nemenyi_friedman(scores).to_numpy()
    assert np.allclose(got.p_values, theirs, atol=1e-3)
    assert got.difference == pytest.approx(_critical_distance(0.05, k=4, n=10), rel=1e-3)
    # The two readings of one test agree: p < alpha exactly where the ranks are further apart than the difference.
    apart = np.abs(got.mean_ranks[:, None] - got.mean_ranks) > got.difference
    assert (apart == (got.p_values < 0.05)).all()


def test_cliques_are_the_maximal_indistinguishable_groups() -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        got = nemenyi(rng.normal(size=(8, 6)) + np.arange(6) * 0.7, alpha=0.2)
        assert isinstance(got, CriticalDifference)
        together = np.abs(got.mean_ranks[:, None] - got.mean_ranks) <= got.difference
        groups = [{i for i in range(6) if low <= got.mean_ranks[i] <= low + got.difference} for low in got.mean_ranks]
        maximal = {frozenset(g) for g in groups if len(g) > 1 and not any(g < other for other in groups)}
        assert {frozenset(clique) for clique in got.cliques} == maximal
        assert all(together[np.ix_(clique, clique)].all() for clique in got.cliques)


def test_perfect_agreement_has_a_p_value() -> None:
    small, large = friedman(np.tile(np.arange(4.0), (6, 1))), friedman(np.tile(np.arange(5.0), (6, 1)))
    assert isinstance(small, HypothesisTest)
    assert isinstance(large, HypothesisTest)
    assert small.statistic == pytest.approx(18.0)
    assert small.p_value == pytest.approx(24.0**-5)  # all six rows in one order, whichever
    assert large.p_value == pytest.approx(stats.chi2.sf(24.0, 4))


def test_too_little_is_refused_with_the_reason() -> None:
    missing = np.random.default_rng(3).normal(size=(6, 4))
    missing[2, 1] = np.nan
    for scores, word in (
        (np.ones((3, 4)), "3 data sets"),
        (np.random.default_rng(4).normal(size=(6, 2)), "three methods"),
        (np.ones((6, 4)), "tied"),
        (missing, "method 1 has no score on data set 2"),
    ):
        for outcome in (friedman(scores), nemenyi(scores)):
            assert isinstance(outcome, Undefined)
            assert word in outcome.reason
    with pytest.raises(NasbenchError, match="significance"):
        nemenyi(np.ones((6, 3)), alpha=0.0)
