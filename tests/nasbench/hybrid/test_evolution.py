"""NSGA-II ranking against pymoo and moocore; what mutation and crossover may and may not do."""

from __future__ import annotations

import moocore
import numpy as np
import pytest
from pymoo.operators.survival.rank_and_crowding.metrics import calc_crowding_distance
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

from nasbench.hybrid.evolution import Evolution, select_survivors
from nasbench.search.dominance import crowding_distance, nondominated_ranks
from nasbench.search.history import History
from nasbench.search.simplex import support, uniform_theta
from nasbench.spaces.space import Space

CARDINALITIES = np.array([3, 4, 2, 5])
SPACE = Space("s", tuple("abcd"), tuple(tuple(map(str, range(k))) for k in CARDINALITIES))


@pytest.mark.parametrize("m", [1, 2, 3])
@pytest.mark.parametrize("levels", [3, 1000])
def test_ranks_agree_with_pymoo_and_moocore(m: int, levels: int) -> None:
    objectives = np.random.default_rng(m).integers(levels, size=(40, m)).astype(float)
    expected = np.empty(40, dtype=int)
    for level, front in enumerate(NonDominatedSorting().do(objectives)):
        expected[front] = level
    np.testing.assert_array_equal(nondominated_ranks(objectives), expected)
    if m > 1:
        np.testing.assert_array_equal(nondominated_ranks(objectives), moocore.pareto_rank(objectives))


@pytest.mark.parametrize("m", [2, 3])
def test_crowding_agrees_with_pymoo(m: int) -> None:
    objectives = np.random.default_rng(m).random((15, m))
    theirs = calc_crowding_distance(objectives, filter_out_duplicates=False) * m
    np.testing.assert_allclose(crowding_distance(objectives), theirs)


def test_survivors_are_sorted_by_rank_then_crowding() -> None:
    objectives = np.random.default_rng(0).random((30, 2))
    kept = select_survivors(objectives, 12)
    rank = nondominated_ranks(objectives)
    assert (np.diff(rank[kept]) >= 0).all()
    assert rank[kept].max() <= np.delete(rank, kept).min()
    np.testing.assert_array_equal(select_survivors(objectives[:, :1], 5), np.argsort(objectives[:, 0])[:5])


def add(evolution: Evolution, architecture: np.ndarray, value: float) -> int | None:
    evolution.history.add(architecture[None], np.array([[value]]))
    return evolution.update()


def population(seed: int = 0, **settings: float) -> Evolution:
    rng = np.random.default_rng(seed)
    settings = {"crossover_prob": 0.0, "guided_mutation_prob": 0.5, **settings}
    evolution = Evolution(History(SPACE), rng, population_size=6, **settings)
    for value in range(10):
        add(evolution, (rng.random(4) * CARDINALITIES).astype(np.int8), float(value % 7))
    return evolution


def test_place_of_a_newcomer() -> None:
    evolution = population()
    assert len(evolution.architectures) == 6
    assert add(evolution, np.zeros(4, dtype=np.int8), -1.0) == 0
    assert add(evolution, np.zeros(4, dtype=np.int8), 99.0) is None


def test_mutation_changes_exactly_one_decision_of_a_survivor() -> None:
    evolution = population()
    uniform = uniform_theta(support(CARDINALITIES))[0]
    children = evolution.propose(300, uniform, uniform)
    assert ((children >= 0) & (children < CARDINALITIES)).all()
    differing = (children[:, None] != evolution.architectures[None]).sum(axis=-1)
    assert (differing.min(axis=1) <= 1).all()


def test_guided_mutation_draws_from_the_mixture() -> None:
    """Of 8,000 children of one parent, the choices of each mutated decision within 4.5 standard errors of the mixture."""
    evolution = Evolution(
        History(SPACE), np.random.default_rng(1), population_size=2, crossover_prob=0.0, guided_mutation_prob=0.5
    )
    parent = np.zeros(4, dtype=np.int8)
    add(evolution, parent, 0.0)
    exists = support(CARDINALITIES)
    uniform = uniform_theta(exists)[0]
    theta = np.where(exists, np.arange(5) + 1.0, 0.0)
    theta /= theta.sum(axis=-1, keepdims=True)
    children = evolution.propose(8000, theta, uniform)
    assert ((children != parent).sum(axis=1) == 1).all()
    for e, k in enumerate(CARDINALITIES):
        changed = children[children[:, e] != 0, e]
        mixture = (0.5 * theta + 0.5 * uniform)[e, 1:k]
        mixture = mixture / mixture.sum()
        share = np.bincount(changed, minlength=k)[1:] / len(changed)
        assert (np.abs(share - mixture) < 4.5 * np.sqrt(mixture / len(changed))).all()
        assert abs(len(changed) - 2000) < 4.5 * np.sqrt(8000 * 0.25 * 0.75)


def test_a_decision_with_one_allowed_choice_stays() -> None:
    evolution = population()
    narrow = support(CARDINALITIES)
    narrow[2, 1] = False
    uniform = uniform_theta(narrow)[0]
    evolution.history.architectures[:, 2] = 0
    assert (evolution.propose(200, uniform, uniform)[:, 2] == 0).all()


def test_crossover_mixes_two_parents() -> None:
    evolution = Evolution(
        History(Space("s", tuple("abcdefghijklmnopqrst"), (("0", "1"),) * 20)),
        np.random.default_rng(2),
        population_size=2,
        crossover_prob=1.0,
        guided_mutation_prob=0.0,
    )
    add(evolution, np.zeros(20, dtype=np.int8), 0.0)
    add(evolution, np.ones(20, dtype=np.int8), 1.0)
    uniform = uniform_theta(support(np.full(20, 2)))[0]
    ones = evolution.propose(200, uniform, uniform).sum(axis=1)
    assert ((ones > 1) & (ones < 19)).any()
