"""How optimizers take numbers and conditions: TPE against optuna itself, the Gaussian process, local search, evolution."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nasbench.baselines.gp_bo import encode, kernel
from nasbench.baselines.mlp_ensemble import MlpEnsemble
from nasbench.benchmarks.recipe import make_recipe
from nasbench.benchmarks.synthetic import synthetic_benchmark
from nasbench.search.history import History
from nasbench.search.ledger import Budget
from nasbench.search.random_streams import Streams
from nasbench.search.registry import get_optimizer
from nasbench.spaces.constrained import FilteredSpace
from nasbench.testing.optimizer_contract import ask_tell, trace

from table_protocol import table_protocol

RECIPE = make_recipe("small")
SPACE = RECIPE.space


def run(name: str, queries: int, **settings: Any) -> np.ndarray:
    protocol = table_protocol(Budget({"queries": queries}), epochs=(1,))
    problem = synthetic_benchmark("recipe/small").problem(protocol, 7, (3,))
    return trace(ask_tell(problem, get_optimizer(name).create(problem, Streams(7, (3,)), settings)), 0)[0]


def test_tpe_proposes_what_optuna_proposes_to_a_function_that_asks_for_what_it_needs() -> None:
    optuna = pytest.importorskip("optuna")
    found = run("tpe", 40, multivariate=False)
    seed = int(Streams(7, (3,)).generator(0).integers(2**31))
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(multivariate=False, seed=seed))
    asked: list[dict[str, int]] = []

    def objective(trial: Any) -> float:
        c = {"operation": trial.suggest_categorical("operation", [0, 1])}
        c["depth"] = trial.suggest_int("depth", 0, 3)
        c["width"] = trial.suggest_int("width", 0, 2)
        c["optimizer"] = trial.suggest_categorical("optimizer", [0, 1])
        c["learning_rate"] = trial.suggest_int("learning_rate", 0, 4)
        if c["operation"] == 1:
            c["expansion"] = trial.suggest_int("expansion", 0, 2)
        if c["optimizer"] == 0:
            c["momentum"] = trial.suggest_int("momentum", 0, 3)
            if c["momentum"] > 0:
                c["nesterov"] = trial.suggest_categorical("nesterov", [0, 1])
        asked.append(c)
        return float(RECIPE(np.array([c.get(name, 0) for name in SPACE.decisions], dtype=np.int8)))

    study.optimize(objective, n_trials=40)
    assert np.array_equal(found, [[c.get(name, 0) for name in SPACE.decisions] for c in asked])


@pytest.mark.parametrize("name", ["tpe", "motpe"])
def test_density_estimators_propose_canonical_forms(name: str) -> None:
    pytest.importorskip("optuna")
    found = run(name, 30)
    assert np.array_equal(found, SPACE.canonical(found))


def test_the_kernel_falls_with_levels_and_not_with_what_is_inactive() -> None:
    base = SPACE.from_string("operation=conv3x3,depth=1,width=16,optimizer=adam,learning_rate=0.0001")
    ladder = np.tile(base, (5, 1))
    ladder[:, 5] = np.arange(5)
    features = encode(SPACE, ladder, 1.0, 0.0)
    nearness = -np.log(kernel(features[:1], features, 1.0)[0])
    np.testing.assert_allclose(nearness, nearness[1] * np.arange(5), atol=1e-12)
    silent = base.copy()
    silent[1] = silent[6] = silent[7] = 1
    assert np.array_equal(encode(SPACE, base[None], 1.0, 0.0), encode(SPACE, silent[None], 1.0, 0.0))


@pytest.mark.parametrize("name", ["gp_bo", "bananas", "bananas_naszilla", "npenas", "weaknas", "hybrid"])
def test_models_do_not_propose_one_configuration_twice(name: str) -> None:
    found = SPACE.canonical(run(name, 45))
    first = 10 if name == "gp_bo" else 20  # a random start may repeat one
    later, start = found[first:], found[:first]
    assert len(np.unique(later, axis=0)) == len(later)
    assert not (later[:, None] == start).all(axis=-1).any()


def test_a_history_merges_what_differs_in_inactive_decisions() -> None:
    base = SPACE.from_string("operation=conv3x3,depth=1,width=16,optimizer=adam,learning_rate=0.0001")
    silent = base.copy()
    silent[1] = 1
    history = History(SPACE)
    history.add(base[None], np.zeros((1, 1)))
    assert len(history.unseen(silent[None])) == 0


def test_local_search_looks_at_each_neighbour_once_and_not_at_itself() -> None:
    found = run("local_search", 200)
    assert (found[1:] != found[:-1]).any(axis=1).all()
    start = found[0]
    around = SPACE.neighbours(start)
    others = around[(around != start).any(axis=1)]
    assert 0 < len(others) < len(around)
    assert {tuple(one) for one in found[1 : len(others) + 1].tolist()} == {tuple(one) for one in others.tolist()}


def test_evolution_may_mutate_by_steps() -> None:
    found = run("regularized_evolution", 150, population_size=10, tournament_size=3, mutation="step")
    for child in range(10, 150):
        distance = (found[child] != found[:child]).sum(axis=1)
        steps = np.abs(found[child].astype(int) - found[:child].astype(int))
        numeric = SPACE.numeric & (steps > 0)
        assert ((distance <= 1) & ~(numeric & (steps > 1)).any(axis=1)).any()


def test_a_part_of_a_mixed_space_keeps_order_and_conditions() -> None:
    large = make_recipe("large")
    part = FilteredSpace(large.space, lambda a: large.seconds(a) < 300, "at most 300 s")
    sampled = part.sample(np.random.default_rng(0).random((50, part.d)))
    assert (large.seconds(sampled) < 300).all()
    assert np.array_equal(part.neighbours(sampled), large.space.neighbours(sampled))
    assert np.array_equal(part.active(sampled), large.space.active(sampled))
    assert np.array_equal(part.encoding(sampled), large.space.encoding(sampled))
    assert part.values(sampled[0]) == large.space.values(sampled[0])
    moved = part.mutate(sampled, np.random.default_rng(1).random((50, 2)), "step")
    assert (np.abs(moved.astype(int) - sampled)[:, large.space.numeric] <= 1).all() or (
        large.seconds(moved) < 300
    ).all()


def test_a_feature_that_does_not_vary_is_left_out_of_a_network_though_it_is_a_fraction() -> None:
    rng = np.random.default_rng(0)
    inputs = np.column_stack([rng.random(30), np.full(30, np.sqrt(6.0 / 13))])
    assert inputs[:, 1].std() > 0, "a rounding error"
    ensemble = MlpEnsemble(members=2, steps=20)
    with np.errstate(all="raise"):
        predicted = ensemble.predict_after_fit(inputs, inputs[:, 0], inputs, np.random.default_rng(1))
        alone = ensemble.predict_after_fit(inputs[:, :1], inputs[:, 0], inputs[:, :1], np.random.default_rng(1))
    assert np.array_equal(predicted, alone)
