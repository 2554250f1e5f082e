"""What the searches by a predictor share, and BANANAS as in naszilla."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nasbench.baselines import bananas_naszilla, npenas, weaknas
from nasbench.baselines.mlp_ensemble import MlpEnsemble, forward, gradients
from nasbench.baselines.predictor_search import PredictorSearch, children_of_best, mutate_each_decision
from nasbench.search.history import History
from nasbench.search.observations import RunObservations
from nasbench.search.random_streams import Streams
from nasbench.spaces.constrained import NarrowedSpace
from nasbench.spaces.nas_bench_201 import NasBench201Space
from nasbench.spaces.nas_bench_201_cell import OPERATIONS
from nasbench.testing.toy import toy_error, toy_space

from toy import Problems

PREDICTORS: tuple[tuple[Any, dict[str, Any]], ...] = ((bananas_naszilla, {}), (npenas, {}), (weaknas, {"n_top": 5}))
"""With settings for a space of 24: a hundred best of it would be all."""


def observed(architectures: np.ndarray) -> RunObservations:
    n = len(architectures)
    return RunObservations(architectures, toy_error(architectures)[:, None], np.zeros(n), np.full(n, 9), np.full(n, -1))


def history_of(architectures: np.ndarray) -> History:
    history = History(toy_space())
    history.add_new(observed(architectures))
    return history


# ---- networks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["absolute", "squared"])
def test_gradient_with_a_batch_for_each_member(loss: Any) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(3, 12, 4)), rng.normal(size=(3, 12))
    weights: list[Any] = [
        rng.normal(size=s) for s in ((3, 4, 5), (3, 1, 5), (3, 5, 5), (3, 1, 5), (3, 5, 1), (3, 1, 1))
    ]

    def value() -> Any:
        residual = forward(weights, x)[-1][..., 0] - y  # type: ignore[arg-type]
        return (np.abs(residual) if loss == "absolute" else residual**2 / 2).mean(axis=1)

    analytic = gradients(weights, x, y, loss)  # type: ignore[arg-type]
    for weight, slope in zip(weights, analytic, strict=True):
        for at in np.ndindex(weight.shape[1:]):
            before = weight[(slice(None), *at)].copy()
            weight[(slice(None), *at)] = before + 1e-6
            up = value()
            weight[(slice(None), *at)] = before - 1e-6
            down = value()
            weight[(slice(None), *at)] = before
            np.testing.assert_allclose(slope[(slice(None), *at)], (up - down) / 2e-6, atol=1e-5)


def test_a_pass_in_batches_sees_every_observation_once() -> None:
    ensemble = MlpEnsemble(members=4, batch_size=5)
    x, y = np.arange(13, dtype=np.float32)[:, None], np.arange(13, dtype=np.float32)
    batches = list(ensemble._batches(x, y, np.random.default_rng(0)))
    assert [part.shape for _, part in batches] == [(4, 5), (4, 5), (4, 3)]
    orders = np.concatenate([part for _, part in batches], axis=1)
    np.testing.assert_array_equal(np.sort(orders, axis=1), np.tile(y, (4, 1)))
    np.testing.assert_array_equal(np.concatenate([part for part, _ in batches], axis=1)[..., 0], orders)
    assert len(np.unique(orders, axis=0)) == 4, "each member has an order of its own"


def test_the_penalty_shrinks_the_weights() -> None:
    """With a heavy penalty the networks predict zero, whatever the targets."""
    x, y = np.eye(6), np.full(6, 5.0)
    options: dict[str, Any] = {"standardised": False, "loss": "squared", "initial": "glorot", "steps": 400}
    free = MlpEnsemble(**options).predict_after_fit(x, y, x, np.random.default_rng(0))
    held = MlpEnsemble(**options, penalty=1e3).predict_after_fit(x, y, x, np.random.default_rng(0))
    np.testing.assert_allclose(free, 5.0, atol=0.5)
    assert np.abs(held).max() < 0.5


# ---- candidates --------------------------------------------------------------------------------------------------------


def test_each_decision_is_changed_with_the_probability_to_each_other_choice() -> None:
    """Frequencies of 40,000 draws, 5 standard errors."""
    space = toy_space()
    parent = np.array([2, 1, 0], dtype=np.int8)
    children = mutate_each_decision(space, np.tile(parent, (40_000, 1)), 0.25, np.random.default_rng(0))
    for decision, k in enumerate(space.cardinalities):
        share = (children[:, decision, None] == np.arange(k)).mean(axis=0)
        expected = np.full(k, 0.25 / (k - 1))
        expected[parent[decision]] = 0.75
        np.testing.assert_allclose(share, expected, atol=5 * 0.5 / 200)
    both = (children[:, 0] != parent[0]) & (children[:, 1] != parent[1])
    assert both.mean() == pytest.approx(0.25**2, abs=5 * 0.25 / 200), "decisions are changed independently"


def test_children_of_a_sampled_space_are_in_it_and_near() -> None:
    """In a table of a tenth of the cells nearly every change of two decisions leaves it."""
    base = NasBench201Space()
    space = NarrowedSpace(base, np.sort(np.random.default_rng(0).choice(base.size, base.size // 10, replace=False)))
    parents = space.all[:400]
    children = mutate_each_decision(space, parents, 0.25, np.random.default_rng(1))
    assert space.is_feasible(children).all()
    apart = (children != parents).sum(axis=1)
    assert 0.75**6 - 0.1 < (apart == 0).mean() < 0.75**6 + 0.15 and apart.mean() < 3


def test_children_come_from_the_best_until_there_are_enough() -> None:
    """naszilla's `get_candidates`, transcribed with its dictionary."""
    space = toy_space()
    history = history_of(space.all[::5])
    drawn: list[np.ndarray] = []

    def mutate(parents: np.ndarray) -> np.ndarray:
        drawn.append(space.mutate(parents, np.random.default_rng(len(drawn)).random((len(parents), 2))))
        return drawn[-1]

    pool = children_of_best(history, mutate, 5, 6, np.random.default_rng(0))
    known = {tuple(a) for a in history.architectures.tolist()}
    expected: list[tuple[int, ...]] = []
    for i, _ in enumerate(history.best(5)):
        if len(expected) >= 6:
            break
        for child in map(tuple, drawn[i].tolist()):
            if child not in known:
                known.add(child)
                expected.append(child)
    assert list(map(tuple, pool.tolist())) == expected
    assert len(expected) >= 6 and 1 < len(drawn) < 5


def test_where_all_children_are_known_other_mutations_follow() -> None:
    space = toy_space()
    history = history_of(space.all[:-2])
    pool = children_of_best(history, lambda parents: parents, 5, 20, np.random.default_rng(0))
    assert len(pool) and {tuple(a) for a in pool.tolist()} <= {tuple(a) for a in space.all[-2:].tolist()}
    everything = history_of(space.all)
    assert len(children_of_best(everything, lambda parents: parents, 5, 20, np.random.default_rng(0))) == 0


# ---- batches -----------------------------------------------------------------------------------------------------------


class Oracle(PredictorSearch):
    """Ranks the whole space by its true error."""

    def candidates(self) -> np.ndarray:
        return self.history.unseen(self.space.all)

    def scores(self, candidates: np.ndarray) -> np.ndarray:
        return toy_error(candidates)


def test_a_batch_is_what_ranks_first_and_is_not_pending(problems: Problems) -> None:
    search = Oracle(problems(), np.random.default_rng(0), 4, 3)
    start = search.ask()
    assert 0 < len(start) <= 4
    assert len(search.ask_many(2, search.space.all[:3])) == 1, "one of four is missing"
    search.tell(observed(search.space.all[::5]))
    ranked = search.history.unseen(search.space.all)
    ranked = ranked[np.argsort(toy_error(ranked), kind="stable")]
    np.testing.assert_array_equal(search.ask(), ranked[:3])
    np.testing.assert_array_equal(search.ask_many(2, ranked[:1]), ranked[1:3])
    np.testing.assert_array_equal(search.ask_many(50, ranked[:3]), ranked[3:4], "one is left of three")
    np.testing.assert_array_equal(search.ask_many(50, ranked[:4]), ranked[4:7], "the next ranking")


def test_the_predictor_is_trained_once_a_batch(problems: Problems) -> None:
    """Asked for one at a time and told each at once, it proposes what a whole batch has, by one training."""
    trained = []

    class Counting(Oracle):
        def scores(self, candidates: np.ndarray) -> np.ndarray:
            trained.append(len(self.history))
            return super().scores(candidates)

    search = Counting(problems(), np.random.default_rng(0), 4, 3)
    while len(search.history) < 16:
        search.tell(observed(search.ask_many(1, search.space.all[:0])))
    assert trained == [4, 7, 10, 13]
    assert len(np.unique(search.history.architectures[:4], axis=0)) == 4, "the initial design is drawn to the end"
    order = toy_error(search.history.architectures[4:])
    assert (np.diff(order) >= 0).all()


def test_told_before_it_was_asked_the_design_is_shorter(problems: Problems) -> None:
    search = Oracle(problems(), np.random.default_rng(0), 10, 3)
    search.tell(observed(search.space.all[:8]))
    assert 1 <= len(search.ask()) <= 2
    search.tell(observed(search.space.all[8:10]))
    assert len(search.ask()) == 3


@pytest.mark.parametrize(("module", "settings"), PREDICTORS)
def test_finds_the_optimum_of_the_toy(module: Any, settings: dict[str, Any], problems: Problems) -> None:
    """Mean error above the optimum below 1 after 20 of 24; the second best is worse by 3."""
    problem = problems(runs=5, unique_queries=20, queries=60)
    optimizer = module.OPTIMIZER.create(problem, Streams(3, range(5)), settings)
    best = np.full(5, np.inf)
    while not problem.ledger.exhausted.all():
        observations = problem.query(optimizer.ask())
        if not observations.answered.any():
            break
        optimizer.tell(observations)
        seen = np.where(observations.answered, observations.objectives[..., 0], np.inf)
        best = np.minimum(best, seen.min(axis=1))
    assert best.mean() < 10 + 20 / 9 + 1


def member_of(module: Any, problems: Problems, settings: dict[str, Any], told: np.ndarray) -> Any:
    """A run's instance that was told the errors of architectures."""
    optimizer: Any = module.OPTIMIZER.create(problems(queries=1000), Streams(3, range(1)), settings)
    optimizer.members[0].tell(observed(told))
    return optimizer.members[0]


def test_npenas_proposes_what_the_network_predicts_to_be_best(problems: Problems) -> None:
    space = toy_space()
    settings = {"n_initial_samples": 4, "batch_size": 2, "n_candidates": 5, "n_parents": 4}
    member = member_of(npenas, problems, settings, space.all[::5])
    pool = member.candidates()
    best = member.history.architectures[member.history.best(4)]
    assert len(pool) == 5, "what is new beyond the number is left out"
    assert ((pool[:, None] != best).sum(axis=-1).min(axis=1) == 1).all()
    member.tell(observed(space.all[np.random.default_rng(0).permutation(24)[:16]]))
    rest = member.history.unseen(space.all)
    scores = member.scores(rest)
    assert scores.shape == (len(rest),) and np.corrcoef(scores, toy_error(rest))[0, 1] > 0.7


def test_weaknas_draws_from_the_best_of_the_whole_space(problems: Problems, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a network that knows the errors: the best eight, three of them evaluated, then the next best in order."""
    space = toy_space()
    ranked = space.all[np.argsort(toy_error(space.all), kind="stable")]
    told = np.concatenate([ranked[[0, 2, 5]], ranked[10:14]])
    settings = {"n_initial_samples": 5, "batch_size": 3, "n_top": 8}
    member = member_of(weaknas, problems, settings, told)

    def knows(known: np.ndarray, targets: np.ndarray, queries: np.ndarray, rng: Any) -> np.ndarray:
        assert targets.mean() == pytest.approx(0) and targets.std() == pytest.approx(1)
        return np.array([[toy_error(space.all[(space.one_hot(space.all) == q).all(axis=1)])[0] for q in queries]])

    monkeypatch.setattr(MlpEnsemble, "predict_after_fit", lambda self, *arguments: knows(*arguments))
    pool = member.candidates()
    assert len(pool) == 24 - 7
    batches = {tuple(map(tuple, member.ask().tolist())) for _ in range(200)}
    free = [tuple(a) for a in ranked[[1, 3, 4, 6, 7]].tolist()]
    assert {a for batch in batches for a in batch} == set(free)
    assert len({frozenset(batch) for batch in batches}) == 10, "every three of five"
    member = member_of(weaknas, problems, settings | {"batch_size": 8}, told)
    whole = member.ask()
    assert {tuple(a) for a in whole[:5].tolist()} == set(free)
    np.testing.assert_array_equal(whole[5:], ranked[[8, 9, 14]])


def test_weaknas_scores_a_part_of_a_large_space(problems: Problems) -> None:
    space = toy_space()
    member = member_of(weaknas, problems, {"n_candidates": 10, "n_top": 1}, space.all[::5])
    best = member.history.architectures[member.history.best(1)]
    around = {tuple(a) for a in member.history.unseen(space.neighbours(best)[0]).tolist()}
    pool = {tuple(a) for a in member.candidates().tolist()}
    assert around < pool and len(pool) <= len(around) + 10


# ---- encodings ---------------------------------------------------------------------------------------------------------


def test_path_encoding_is_naszillas() -> None:
    """`Cell201.get_path_indices` and `encode_freq_paths` transcribed; columns of one length may be in another order."""
    space = NasBench201Space()
    cells = space.all[np.random.default_rng(0).integers(0, space.size, 60)]
    names = ["avg_pool_3x3", "nor_conv_1x1", "nor_conv_3x3", "none", "skip_connect"]
    theirs = np.zeros((60, 155))
    for row, cell in enumerate(cells.tolist()):
        for i, blueprint in enumerate([[3], [0, 4], [1, 5], [0, 2, 5]]):
            index = 0 if i == 0 else 5 if i in (1, 2) else 30
            for j, edge in enumerate(blueprint):
                index += names.index(OPERATIONS[cell[edge]]) * 5**j
            theirs[row, index] = 1
    ours = space.path_encoding(cells)
    for first, last in ((0, 5), (5, 30), (30, 155)):
        np.testing.assert_array_equal(sorted(ours[:, first:last].T.tolist()), sorted(theirs[:, first:last].T.tolist()))
