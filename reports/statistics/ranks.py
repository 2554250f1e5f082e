"""Several methods on several data sets: Friedman's test, Nemenyi's critical difference and its cliques.

Source: Demšar 2006, "Statistical Comparisons of Classifiers over Multiple Data Sets", sections 3.2.2 and 3.2.3. Data sets are
the sample here. Seeds are not data sets: give one score (the mean over runs, say) a data set and method.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nasbench.errors import NasbenchError
from nasbench.reports.statistics.inputs import FloatArray, as_array
from nasbench.reports.statistics.result import HypothesisTest, Undefined
from nasbench.reports.wording import pluralize
from nasbench.ties import snapped

FEWEST_DATA_SETS = 5
EXACT_METHODS, EXACT_DATA_SETS = 4, 20  # largest table whose permutation law is enumerated


@dataclass(frozen=True)
class CriticalDifference:
    """Nemenyi's comparison of all pairs by mean rank.

    Attributes:
        mean_ranks: `(methods,)`, 1 is best.
        difference: two methods whose mean ranks are further apart than this differ at `alpha`.
        p_values: `(methods, methods)`, family-wise adjusted, 1 on the diagonal.
        cliques: the largest groups of methods (two or more, by column, best first) that the test cannot tell apart.
        alpha: family-wise error.
        n: data sets.
    """

    mean_ranks: FloatArray
    difference: float
    p_values: FloatArray
    cliques: tuple[tuple[int, ...], ...]
    alpha: float
    n: int


def ranks(scores: FloatArray) -> FloatArray:
    """Return `(data sets, methods)`: the rank of each method on each data set, 1 the lowest score, ties averaged.

    Scores that differ by rounding alone are tied.
    """
    from scipy.stats import rankdata

    return np.asarray(rankdata(np.stack([snapped(row) for row in scores]), axis=1))


def friedman(scores: ArrayLike) -> HypothesisTest | Undefined:
    """Test whether all methods have one mean rank.

    Up to 4 methods and 20 data sets the tie-corrected Friedman statistic has its exact permutation law; beyond, the statistic
    is Iman and Davenport's F (Demšar 2006, section 3.2.2), which is liberal for few data sets (5 data sets, 3 methods:
    p = 0.017 where the exact one is 0.039). Where all data sets agree F is infinite, and the chi-squared law is used.

    Args:
        scores: `(data sets, methods)`, lower is better; NaN where a method is missing.

    Returns:
        `Undefined` under 5 data sets, under 3 methods, where a method is missing, or where all is tied.
    """
    array = as_array(scores, 2, "scores")
    if problem := _too_little(array):
        return problem
    n, k = array.shape
    from scipy.stats import chi2, f

    ranked = ranks(array)
    within = ((ranked - (k + 1) / 2.0) ** 2).sum() / (n * (k - 1))
    if within == 0.0:
        return Undefined("all methods are tied on every data set")
    statistic = float(n * ((ranked.mean(axis=0) - (k + 1) / 2.0) ** 2).sum() / within)
    if k <= EXACT_METHODS and n <= EXACT_DATA_SETS:
        return HypothesisTest(statistic, _exact_p_value(ranked), n, "Friedman, exact")
    largest = n * (k - 1)
    if statistic >= largest * (1.0 - 1e-12):
        return HypothesisTest(statistic, float(chi2.sf(statistic, k - 1)), n, "Friedman, chi-squared")
    ratio = (n - 1) * statistic / (largest - statistic)
    return HypothesisTest(ratio, float(f.sf(ratio, k - 1, (k - 1) * (n - 1))), n, "Friedman, Iman-Davenport F")


def _exact_p_value(ranked: FloatArray) -> float:
    """Return the probability of rank sums at least as spread, every row's ranks being permuted independently."""
    doubled = np.rint(2.0 * ranked).astype(np.int64)  # whole numbers, ties included
    sums = np.zeros((1, doubled.shape[1]), dtype=np.int64)
    weights: FloatArray = np.ones(1)
    for row in doubled:
        orders = np.array(list(permutations(row)))
        # The spread does not depend on the order of the methods, so sorted sums stand for all their orders.
        reached = np.sort((sums[:, None] + orders).reshape(-1, row.size), axis=1)
        sums, group = np.unique(reached, axis=0, return_inverse=True)
        weights = np.bincount(group.ravel(), weights=np.repeat(weights, len(orders)) / len(orders)).astype(float)
    observed = (doubled.sum(axis=0) ** 2).sum()
    return float(min(1.0, weights[(sums**2).sum(axis=1) >= observed].sum()))


def nemenyi(scores: ArrayLike, *, alpha: float = 0.05) -> CriticalDifference | Undefined:
    """Compare all pairs of methods by mean rank, to be read after a significant Friedman test.

    The difference is `q * sqrt(k (k + 1) / (6 n))`, q being the studentised range's quantile over the root of two.

    Args:
        scores: `(data sets, methods)`, lower is better; NaN where a method is missing.
        alpha: family-wise error.

    Raises:
        NasbenchError: alpha is not between 0 and 1.
    """
    if not 0.0 < alpha < 1.0:
        raise NasbenchError(f"A significance level lies between 0 and 1, as 0.05 does; got {alpha}.")
    array = as_array(scores, 2, "scores")
    if problem := _too_little(array):
        return problem
    n, k = array.shape
    from scipy.stats import studentized_range

    ranked = ranks(array)
    if (ranked == ranked[0, 0]).all():
        return Undefined("all methods are tied on every data set")
    mean_ranks = ranked.mean(axis=0)
    unit = np.sqrt(k * (k + 1) / (12.0 * n))
    difference = float(studentized_range.ppf(1.0 - alpha, k, np.inf) * unit)
    p_values = np.ones((k, k))
    for i, j in zip(*np.triu_indices(k, 1), strict=True):
        p_values[i, j] = p_values[j, i] = studentized_range.sf(abs(mean_ranks[i] - mean_ranks[j]) / unit, k, np.inf)
    return CriticalDifference(mean_ranks, difference, p_values, _cliques(mean_ranks, difference), alpha, n)


def _cliques(mean_ranks: FloatArray, difference: float) -> tuple[tuple[int, ...], ...]:
    order: NDArray[np.intp] = np.argsort(mean_ranks, kind="stable")
    found: list[tuple[int, ...]] = []
    reached = 0
    for start in range(order.size):
        stop = int(np.searchsorted(mean_ranks[order], mean_ranks[order[start]] + difference, side="right"))
        if stop > max(reached, start + 1):
            found.append(tuple(int(method) for method in order[start:stop]))
            reached = stop
    return tuple(found)


def _too_little(array: FloatArray) -> Undefined | None:
    n, k = array.shape
    if n < FEWEST_DATA_SETS:
        return Undefined(
            f"mean ranks over {pluralize(n, 'data set')} decide nothing, at least {FEWEST_DATA_SETS} are needed; "
            "compare pairs within each data set (Wilcoxon with Holm) instead"
        )
    if k < 3:
        return Undefined(f"Friedman's test compares three methods or more, and there are {k}; use Wilcoxon's")
    if missing := np.argwhere(np.isnan(array)).tolist():
        row, column = missing[0]
        return Undefined(f"method {column} has no score on data set {row}, and ranks need every method on each")
    return None
