"""NSGA-II on bit strings against pymoo, brute force and hand calculation; every claim holds and every mutant is rejected."""

from __future__ import annotations

from functools import partial
from itertools import product

import numpy as np
import pytest
from pymoo.operators.survival.rank_and_crowding.metrics import calc_crowding_distance
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

from nasbench.errors import NasbenchError
from nasbench.theory.families.nsga2 import CLAIMS
from nasbench.theory.families.nsga2.algorithm import BitStringNsga2, lost, mutate, run, survivors
from nasbench.theory.families.nsga2.problems import (
    LOTZ,
    ONE_MIN_MAX,
    THREE_ONE_MIN_MAX,
    BitStringProblem,
    covered,
    vector_code,
)
from nasbench.theory.families.nsga2.sorting import crowding_distance, first_front, ranks, sort_counting, sort_peeling
from nasbench.theory.machinery.claim import Claim, Context, Outcome


@pytest.mark.parametrize("objectives", [2, 3, 4])
def test_fronts_equal_pymoo(objectives: int) -> None:
    populations = np.random.default_rng(0).integers(9, size=(12, 40, objectives))
    found = ranks(populations)
    for population, rank in zip(populations, found, strict=True):
        fronts = NonDominatedSorting().do(-population.astype(float))
        for level, members in enumerate(fronts):
            assert sorted(members) == np.flatnonzero(rank == level).tolist()
        assert np.array_equal(sort_counting(population)[0], rank)
        assert np.array_equal(sort_peeling(population)[0], rank)


@pytest.mark.parametrize("objectives", [2, 3])
def test_crowding_equals_pymoo_on_distinct_values(objectives: int) -> None:
    # pymoo averages over the objectives, Deb et al. (2002) add up
    rng = np.random.default_rng(1)
    front = np.stack([rng.permuted(np.arange(30)) for _ in range(objectives)], axis=1)[None]
    ours = crowding_distance(front, np.ones((1, 30), dtype=bool))[0]
    theirs = calc_crowding_distance(-front[0].astype(float)) * objectives
    assert ours == pytest.approx(theirs)


def test_crowding_looks_at_the_front_only() -> None:
    rng = np.random.default_rng(2)
    objectives = rng.permuted(np.tile(np.arange(20), (2, 1)), axis=1).T[None]
    inside = rng.random((1, 20)) < 0.5
    distance = crowding_distance(objectives, inside)
    alone = crowding_distance(objectives[:, inside[0]], np.ones((1, int(inside.sum())), dtype=bool))
    assert np.array_equal(distance[inside], alone[0])
    assert np.isneginf(distance[~inside]).all()


def test_at_most_four_of_each_vector_have_positive_crowding() -> None:
    # the lemma behind N >= 4(n + 1), on antichains with many copies
    rng = np.random.default_rng(3)
    for _ in range(50):
        ones = rng.integers(7, size=60)
        objectives = np.stack([6 - ones, ones], axis=1)[None]
        positive = crowding_distance(objectives, np.ones((1, 60), dtype=bool))[0] > 0
        assert np.bincount(ones[positive], minlength=7).max() <= 4


@pytest.mark.parametrize(
    ("bits", "one_min_max", "lotz", "three"),
    [("0000", (4, 0), (0, 4), (4, 0, 0)), ("1101", (1, 3), (2, 0), (1, 2, 1)), ("1111", (0, 4), (4, 0), (0, 2, 2))],
)
def test_problems_by_hand(bits: str, one_min_max: tuple, lotz: tuple, three: tuple) -> None:
    string = np.array(list(bits), dtype=np.uint8)
    assert tuple(ONE_MIN_MAX.evaluate(string)) == one_min_max
    assert tuple(LOTZ.evaluate(string)) == lotz
    assert tuple(THREE_ONE_MIN_MAX.evaluate(string)) == three


@pytest.mark.parametrize("problem", [ONE_MIN_MAX, LOTZ, THREE_ONE_MIN_MAX])
def test_front_is_what_exhaustion_finds(problem: BitStringProblem) -> None:
    n = 6
    everything = np.array(list(product((0, 1), repeat=n)), dtype=np.uint8)
    objectives = problem.evaluate(everything)
    best = objectives[sort_counting(objectives)[0] == 0]
    assert problem.on_front(best, n).all()
    assert problem.on_front(objectives, n).sum() == len(best)
    assert len(np.unique(vector_code(best, n))) == problem.front_size(n) == covered(problem, objectives[None], n)[0]


def test_one_bit_mutation_flips_one_and_uniformly() -> None:
    parents = np.random.default_rng(4).integers(2, size=(50, 40, 10), dtype=np.uint8)
    flips = mutate(parents, None, np.random.default_rng(5)) != parents
    assert (flips.sum(axis=2) == 1).all()
    # 2000 places over 10 bits: five standard deviations, error probability 6e-6
    assert np.abs(flips.sum(axis=(0, 1)) - 200).max() < 5 * np.sqrt(2000 * 0.09)


def test_bitwise_mutation_has_independent_flips() -> None:
    parents = np.zeros((50, 40, 100), dtype=np.uint8)
    flips = mutate(parents, 0.02, np.random.default_rng(6)).astype(float)
    # five standard deviations of the mean rate and of neighbouring pairs
    assert abs(flips.mean() - 0.02) < 5 * np.sqrt(0.02 * 0.98 / flips.size)
    assert abs((flips[..., 1:] * flips[..., :-1]).mean() - 0.0004) < 5 * np.sqrt(0.0004 / flips.size)


def test_survivors_prefer_fronts_then_distance() -> None:
    objectives = np.array([[(5, 0), (0, 5), (3, 3), (2, 2), (3, 2), (1, 1)]])
    kept = survivors(objectives, BitStringNsga2(3), 5, np.random.default_rng(7))[0]
    assert set(kept.tolist()) == {0, 1, 2}


def test_balanced_ties_are_even_over_vectors() -> None:
    # ends aside, 12 copies of (2, 2) and 2 of (3, 1) beside them have distance zero; four of these may stay
    objectives = np.array([[(4, 0)] * 2 + [(0, 4)] * 2 + [(2, 2)] * 30 + [(3, 1)] * 6])
    distance = crowding_distance(objectives, np.ones(objectives.shape[:2], dtype=bool))[0]
    idle = distance == 0
    room = int((~idle).sum()) + 4
    for seed in range(10):
        kept = survivors(objectives, BitStringNsga2(room, balanced=True), 4, np.random.default_rng(seed))[0]
        chosen = objectives[0, [index for index in kept if idle[index]]]
        assert np.unique(chosen, axis=0, return_counts=True)[1].tolist() == [2, 2]


def test_lost_notices_a_missing_vector() -> None:
    before = np.array([[(2, 0), (1, 1), (0, 2), (0, 0)]])
    assert not lost(before, before[:, :3], 2)[0]
    assert lost(before, before[:, 1:], 2)[0]


def test_two_objective_front_ignores_the_dead() -> None:
    objectives = np.array([[(3, 3), (1, 2), (2, 1)]])
    assert first_front(objectives, np.array([[False, True, True]])).tolist() == [[False, True, True]]


def test_runs_repeat_and_bad_input_is_refused() -> None:
    go = partial(run, ONE_MIN_MAX, 8, BitStringNsga2(36), 4, 100)
    assert np.array_equal(go(np.random.default_rng(8)).generations, go(np.random.default_rng(8)).generations)
    with pytest.raises(NasbenchError, match="positive"):
        run(ONE_MIN_MAX, 0, BitStringNsga2(36), 4, 100, np.random.default_rng(8))


def test_exact_mean_time_on_one_bit() -> None:
    # n = 1 from N copies of 0: the only child is 1, so exactly one generation
    found = run(ONE_MIN_MAX, 1, BitStringNsga2(8), 5, 10, np.random.default_rng(9), start=np.zeros(1, dtype=np.uint8))
    assert found.generations.tolist() == [1] * 5


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_claim_holds_and_its_mutant_is_rejected(claim: Claim) -> None:
    # fixed seed; every statistical claim has a probability of error of at most 0.05 where its bound is attained
    assert claim.check(Context()).outcome is Outcome.HOLDS
    assert claim.mutant.check(Context()).outcome is Outcome.VIOLATED
