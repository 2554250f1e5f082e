"""Pruning of choices and its undo; the ladder of fidelities and scores across its rungs."""

from __future__ import annotations

import numpy as np

from nasbench.hybrid.fidelity_ladder import FidelityLadder, scores_across_rungs
from nasbench.hybrid.search_space_pruning import ActiveChoices
from nasbench.search.history import History
from nasbench.search.normal_scores import normal_scores
from nasbench.search.simplex import support
from nasbench.spaces.space import Space

SPACE = Space("s", ("a", "b"), (("0", "1", "2"), ("0", "1")))


def hopeless_choice() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A belief in which choice 2 of decision 0 is far worse than all else, and theta that has left it."""
    mean = np.where(SPACE.all[:, 0] == 2, 5.0, 0.0)
    theta = np.array([[0.6, 0.39, 0.01], [0.5, 0.5, 0.0]])
    return theta, mean, np.full(len(mean), 0.5)


def test_shrinks_only_what_both_have_given_up_and_undoes_it() -> None:
    theta, mean, deviation = hopeless_choice()
    considered = ActiveChoices(support(SPACE.cardinalities), patience=3, threshold=0.05, min_probability=0.01)
    assert considered.is_full
    assert not considered.shrink(np.full_like(theta, 0.3), mean, deviation, SPACE.all), "theta has not left it"
    assert not considered.shrink(theta, mean, deviation * 10, SPACE.all), "it may still hold the best"
    assert considered.shrink(theta, mean, deviation, SPACE.all)
    np.testing.assert_array_equal(considered.contains(SPACE.all), SPACE.all[:, 0] != 2)
    assert not considered.shrink(theta, mean, deviation, SPACE.all), "it is gone already"
    assert [
        considered.record_outcome(False),
        considered.record_outcome(True),
        considered.record_outcome(False),
        considered.record_outcome(False),
    ] == [False] * 4
    assert considered.record_outcome(False)
    assert considered.is_full
    assert considered.contains(SPACE.all).all()


def test_the_last_choice_of_a_decision_stays() -> None:
    allowed = support(SPACE.cardinalities)
    allowed[0] = [False, False, True]
    theta, mean, deviation = hopeless_choice()
    considered = ActiveChoices(allowed, patience=3, threshold=0.05, min_probability=0.01)
    assert not considered.shrink(theta, mean, deviation, SPACE.all)


def test_ladder_climbs_a_rung_at_a_time() -> None:
    history = History(SPACE)
    ladder = FidelityLadder(history, 3)
    one, other = history.keys(SPACE.all[:2])
    for rung in range(3):
        assert ladder.next_rung(one) == rung
        history.add(SPACE.all[:1], np.zeros((1, 1)), rung)
    assert ladder.next_rung(one) > ladder.top
    assert ladder.next_rung(other) == 0


def test_ladder_scores_keep_the_selected_few_above_average() -> None:
    values = np.array([5.0, 3.0, 1.0, 4.0, 0.9, 0.8])
    rungs = np.array([0, 0, 0, 0, 1, 1])
    functions = np.array([0, 1, 2, 3, 2, 1])
    scores = scores_across_rungs(values, rungs, functions)
    np.testing.assert_array_equal(scores[:4], normal_scores(values[:4]))
    assert scores[4] == scores[1], "second on the higher rung: the worse of the two scores"
    assert scores[5] == scores[2]
    np.testing.assert_array_equal(scores_across_rungs(values[:4], rungs[:4], functions[:4]), normal_scores(values[:4]))
