"""Is the ranking of methods robust: does the winner survive another data set, budget, target, or half of the seeds?

A score is the mean over runs, lower is better. Methods whose means are equal (up to rounding) win together, and a winner that has to share its
place has not survived.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nasbench.reports.statistics.inputs import FloatArray, as_array, incomplete
from nasbench.reports.statistics.result import Undefined
from nasbench.ties import snapped, tolerance

Scores = Mapping[str, ArrayLike]


@dataclass(frozen=True)
class Ranking:
    """Methods by mean score.

    Attributes:
        means: mean score of each method, best first.
        winners: the method with the lowest mean, or all that share it.
    """

    means: Mapping[str, float]
    winners: tuple[str, ...]


@dataclass(frozen=True)
class ConditionRobustness:
    """What becomes of the winner under other conditions.

    Attributes:
        winner: the winner of the condition it was declared under, or why there is no single one.
        rankings: each condition's ranking, or why it has none.
        survives: for each other condition, whether the winner wins alone; undefined where it cannot be determined.
        agreement: for each other condition, Kendall's tau-b between its ranking and the declared one.
    """

    winner: str | Undefined
    rankings: Mapping[str, Ranking | Undefined]
    survives: Mapping[str, bool | Undefined]
    agreement: Mapping[str, float | Undefined]


def rank_methods(scores: Scores) -> Ranking | Undefined:
    """Rank methods by the mean of their runs.

    Args:
        scores: `(runs,)` of each method; run counts may differ.
    """
    arrays = _arrays(scores)
    if isinstance(arrays, Undefined):
        return arrays
    means = snapped([values.mean() for values in arrays.values()], tolerance(*arrays.values()))
    ordered = dict(sorted(zip(arrays, means.tolist(), strict=True), key=lambda item: item[1]))
    return Ranking(ordered, tuple(name for name, value in ordered.items() if value == means.min()))


def across_conditions(conditions: Mapping[str, Scores], declared: str) -> ConditionRobustness | Undefined:
    """Ask whether the winner under the declared condition wins under the others (data sets, budgets or targets).

    Args:
        conditions: the scores of each method under each condition.
        declared: the condition whose winner is the study's claim.
    """
    if declared not in conditions:
        return Undefined(f"there are no scores under the declared condition {declared!r}")
    rankings = {name: rank_methods(scores) for name, scores in conditions.items()}
    home = rankings[declared]
    winner: str | Undefined
    if isinstance(home, Undefined):
        winner = home
    elif len(home.winners) > 1:
        winner = Undefined(f"{', '.join(home.winners)} share the first place under {declared}")
    else:
        winner = home.winners[0]
    verdicts = {
        name: _compare(home, ranking, winner, declared, name) for name, ranking in rankings.items() if name != declared
    }
    survives = {name: verdict for name, (verdict, _) in verdicts.items()}
    return ConditionRobustness(winner, rankings, survives, {name: tau for name, (_, tau) in verdicts.items()})


def half_splits(scores: Scores, rng: np.random.Generator, *, splits: int = 10_000) -> float | Undefined:
    """Return how often the winner of all runs still wins alone on a random half of them.

    Each method's runs are halved by themselves (`runs // 2` of them, without replacement).

    Args:
        scores: `(runs,)` of each method; run counts may differ.
        rng: the random stream of the halving.
        splits: random halves.
    """
    ranking = rank_methods(scores)
    if isinstance(ranking, Undefined):
        return ranking
    arrays = _arrays(scores, 2)
    if isinstance(arrays, Undefined):
        return arrays
    if len(ranking.winners) > 1:
        return Undefined(f"{', '.join(ranking.winners)} share the first place")
    winner = ranking.winners[0]
    halves = {name: _half_means(values, rng, splits) for name, values in arrays.items()}
    others = np.min([means for name, means in halves.items() if name != winner], axis=0)
    return float((halves[winner] < others - tolerance(*arrays.values())).mean())


def _compare(
    home: Ranking | Undefined, other: Ranking | Undefined, winner: str | Undefined, declared: str, name: str
) -> tuple[bool | Undefined, float | Undefined]:
    if isinstance(other, Undefined):
        return other, other
    if isinstance(home, Undefined):
        return home, home
    if absent := home.means.keys() ^ other.means.keys():
        problem = Undefined(f"{', '.join(sorted(absent))} was not run under both {declared} and {name}")
        return problem, problem
    return winner if isinstance(winner, Undefined) else other.winners == (winner,), _kendall(home, other)


def _half_means(values: FloatArray, rng: np.random.Generator, splits: int) -> FloatArray:
    shuffled = rng.permuted(np.tile(values, (splits, 1)), axis=1)
    return np.asarray(shuffled[:, : values.size // 2].mean(axis=1))


def _arrays(scores: Scores, least: int = 1) -> dict[str, FloatArray] | Undefined:
    if len(scores) < 2:
        return Undefined(f"a ranking needs at least two methods, and there are {len(scores)}")
    arrays = {name: as_array(values, 1, name) for name, values in scores.items()}
    problem = next((p for name, values in arrays.items() if (p := incomplete(values, name, least))), None)
    return problem or arrays


def _kendall(first: Ranking, second: Ranking) -> float | Undefined:
    names = list(first.means)
    x, y = ([ranking.means[name] for name in names] for ranking in (first, second))
    if len(set(x)) == 1 or len(set(y)) == 1:
        return Undefined("all methods are tied, so no order can agree")
    from scipy.stats import kendalltau

    return float(kendalltau(x, y).statistic)
