"""What each kind of algorithm makes of evaluations that it did not propose."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nasbench.baselines.generation_buffer import GenerationBuffer
from nasbench.hybrid.fidelity_ladder import scores_across_rungs
from nasbench.search.normal_scores import normal_scores
from nasbench.search.observations import PADDING, Observations
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.search.registry import get_optimizer
from nasbench.testing.toy import toy_error, toy_space

from toy import Problems

BEST = (2, 1, 0)
WORST = (0, 0, 2)
MIDDLE = (1, 1, 1)


def create(name: str, problem: Problem, **settings: Any) -> Any:
    return get_optimizer(name).create(problem, Streams(4, range(problem.runs)), settings)


def evaluations(*runs: list[tuple[int, ...]]) -> Observations:
    """Return true evaluations on the toy, for each run a list of architectures."""
    architectures = np.full((len(runs), max(map(len, runs)), 3), PADDING, dtype=np.int8)
    for r, given in enumerate(runs):
        architectures[r, : len(given)] = np.array(given, dtype=np.int8).reshape(-1, 3)
    errors = np.where(architectures[..., 0] == PADDING, np.nan, toy_error(architectures))
    return Observations.given(architectures, errors[..., None], np.full(errors.shape, 9))


def test_regularized_evolution_takes_them_into_its_population(problems: Problems) -> None:
    optimizer = create("regularized_evolution", problems(runs=2), population_size=3, tournament_size=3)
    optimizer.tell(evaluations([WORST, BEST, MIDDLE, MIDDLE], [BEST]))
    assert optimizer._population[0].tolist() == [list(MIDDLE), list(BEST), list(MIDDLE)], "the oldest has left"
    assert optimizer._n_evaluated.tolist() == [4, 1]
    child = optimizer.ask()[0, 0]
    assert (child != MIDDLE).sum() == 1 or (child != BEST).sum() == 1, "run 0 mutates at once"


def test_the_one_plus_one_ea_starts_from_the_best(problems: Problems) -> None:
    optimizer = create("one_plus_one_ea", problems(runs=2), mutation_rate=1e-9)
    optimizer.tell(evaluations([WORST, BEST, MIDDLE], []))
    assert optimizer.ask()[0, 0].tolist() == list(BEST)
    assert not optimizer._begun[1]


def test_local_search_climbs_from_the_best_and_counts_neighbours_told_out_of_turn(problems: Problems) -> None:
    optimizer = create("local_search", problems())
    optimizer.tell(evaluations([WORST, MIDDLE]))
    assert optimizer._incumbent[0].tolist() == list(MIDDLE)
    around = {tuple(a) for a in toy_space().neighbours(np.array(MIDDLE, dtype=np.int8)).tolist()}
    told = sorted(around)[:3]
    optimizer.tell(evaluations(told))
    left = []
    for _ in range(len(around) - 3):
        left.append(tuple(optimizer.ask()[0, 0].tolist()))
        optimizer.tell(evaluations([left[-1]]))
    assert set(left) == around - set(told), "each neighbour is looked at once"
    best = min(around, key=lambda a: float(toy_error(np.array(a))))
    assert optimizer._incumbent[0].tolist() == list(best), "and then the climb moves to the best of all"


def test_simulated_annealing_jumps_to_what_is_better_and_tries_neighbours(problems: Problems) -> None:
    optimizer = create("simulated_annealing", problems())
    optimizer.tell(evaluations([MIDDLE, WORST]))
    assert optimizer._incumbent[0].tolist() == list(MIDDLE), "neither a neighbour nor better"
    optimizer.tell(evaluations([(3, 1, 1)]))
    assert optimizer._incumbent[0].tolist() == [3, 1, 1], "a move of the warm-up, which are all accepted"
    assert optimizer._proposed[0] == 1
    optimizer.tell(evaluations([BEST]))
    assert optimizer._incumbent[0].tolist() == list(BEST) and optimizer._proposed[0] == 1


@pytest.mark.parametrize(("name", "settings"), [("reinforce", {"learning_rate": 0.3}), ("asng", {})])
def test_policies_follow_the_gradient_of_what_they_are_told(
    name: str, settings: dict[str, Any], problems: Problems
) -> None:
    optimizer = create(name, problems(runs=2), **settings)
    before = optimizer.theta.copy()
    for _ in range(6):
        optimizer.tell(evaluations([WORST, BEST], []))
    probability = [theta[0, [0, 1, 2], list(BEST)].prod() for theta in (before, optimizer.theta)]
    assert probability[1] > 2 * probability[0]
    np.testing.assert_array_equal(optimizer.theta[1], before[1], "the other run was told nothing")


def test_the_quantum_inspired_algorithm_remembers_the_best(problems: Problems) -> None:
    optimizer = create("quantum_inspired", problems(), population_size=2, n_groups=1)
    optimizer.tell(evaluations([WORST]))
    assert np.isinf(optimizer._best_error).all(), "a generation is two observations"
    optimizer.tell(evaluations([BEST, MIDDLE]))
    assert optimizer._best[0].tolist() == [list(BEST)] * 2, "shared in the group"


def test_a_generation_that_is_told_whole_is_the_one_that_is_told_piece_by_piece() -> None:
    """Also after a part of one, which leaves the places of a generation out of step with batches."""
    whole, pieces = GenerationBuffer(2, 2, 3), GenerationBuffer(2, 2, 3)
    batches: list[list[tuple[int, ...]]] = [[BEST, WORST], [MIDDLE], [WORST, BEST], [MIDDLE], [BEST, MIDDLE]]
    found: list[list[Any]] = [[], []]
    for batch in batches:
        told = evaluations(batch, batch)
        found[0] += whole.fill(told)
        found[1] += [one for column in told.columns() for one in pieces.fill(column)]
    assert len(found[0]) == 4
    for left, right in zip(*found, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(left, right, strict=True))


@pytest.mark.parametrize("name", ["nsga2", "nsga3", "sms_emoa"])
def test_genetic_algorithms_merge_them_into_their_population(name: str, problems: Problems) -> None:
    problem = problems(queries=100)
    optimizer = create(name, problem, population_size=4)
    optimizer.tell(evaluations([BEST, WORST, WORST]))
    first = problem.query(optimizer.ask())
    assert first.architectures.shape[1] == 1, "three places of four are taken"
    optimizer.tell(first)
    for _ in range(3):
        optimizer.tell(problem.query(optimizer.ask()))
    assert list(BEST) in optimizer.members[0]._algorithm.pop.get("X").tolist()


@pytest.mark.parametrize(("name", "settings"), [("gp_bo", {}), ("bananas", {"training_steps": 20})])
def test_models_count_them_as_part_of_the_initial_design(
    name: str, settings: dict[str, Any], problems: Problems
) -> None:
    optimizer = create(name, problems(), n_initial_samples=5, **settings)
    optimizer.tell(evaluations([WORST, MIDDLE, BEST]))
    assert optimizer.ask().shape == (1, 2, 3)
    optimizer.tell(evaluations([(0, 0, 0), (0, 0, 1)]))
    known = {WORST, MIDDLE, BEST, (0, 0, 0), (0, 0, 1)}
    assert not known & {tuple(a) for a in optimizer.ask()[0].tolist()}, "none is evaluated again"


def test_progressive_search_trains_on_them_and_grows_its_own_levels(problems: Problems) -> None:
    problem = problems(queries=100)
    optimizer = create("progressive", problem, beam_width=3, steps=20)
    optimizer.tell(evaluations([BEST, WORST]))
    for level in (1, 2):
        batch = problem.query(optimizer.ask())
        assert (np.count_nonzero(batch.architectures, axis=-1) == level).all()
        for one in reversed(batch.columns()):
            optimizer.tell(one)
    assert len(optimizer.members[0]._history) == 8


def test_the_hybrid_rewards_no_operator_for_them(problems: Problems) -> None:
    problem = problems(queries=100)
    optimizer = create("hybrid", problem, use_evolution=True, use_gradient=True)
    hybrid = optimizer.members[0]
    before = dict(hybrid.scheduler.probabilities)
    optimizer.tell(evaluations([BEST, WORST, MIDDLE, (0, 0, 0), (3, 1, 1)]))
    assert hybrid.scheduler.probabilities == before and len(hybrid.history) == 5
    proposed = optimizer.ask()
    optimizer.tell(evaluations([(1, 0, 0)]))
    assert hybrid.scheduler.probabilities == before
    if hybrid.operator != "uniform":
        optimizer.tell(problem.query(proposed))
        assert hybrid.scheduler.probabilities != before


def test_scores_of_a_higher_rung_without_one_below() -> None:
    """Two climbed from the lowest rung, one was given at the top: it keeps its place among the three."""
    values, rungs = np.array([1.0, 3.0, 2.0, 4.0, 6.0, 5.0]), np.array([0, 0, 0, 1, 1, 1])
    scores = scores_across_rungs(values, rungs, np.array([0, 1, 2, 0, 1, 7]))
    assert np.isfinite(scores).all() and scores[3] < scores[5] < scores[4]
    own = normal_scores(np.array([4.0, 6.0, 5.0]))[2]
    assert own in scores[3:]
