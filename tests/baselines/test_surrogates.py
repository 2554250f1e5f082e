"""BANANAS, GP-BO, progressive search, TPE and what they stand on."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

from nasbench.baselines import bananas, gp_bo, progressive, tpe
from nasbench.baselines.mlp_ensemble import MlpEnsemble, forward, gradients
from nasbench.baselines.optuna_optimizer import import_optuna
from nasbench.errors import NasbenchError
from nasbench.search.gaussian_process import factorise, posterior, profile_likelihood
from nasbench.search.history import History
from nasbench.search.observations import RunObservations
from nasbench.search.random_streams import Streams
from nasbench.spaces.nas_bench_201 import NasBench201Space
from nasbench.testing.toy import toy_error, toy_space

from toy import Problems


def observed(architectures: np.ndarray, errors: np.ndarray) -> RunObservations:
    n = len(errors)
    return RunObservations(architectures, errors[:, None], np.zeros(n), np.full(n, 9), np.full(n, -1))


def seen_of(architectures: np.ndarray) -> History:
    seen = History(toy_space())
    seen.add_new(observed(architectures, toy_error(architectures)))
    return seen


def test_seen_keeps_each_architecture_once() -> None:
    space = toy_space()
    seen = seen_of(space.all[[3, 5, 3, 7]])
    np.testing.assert_array_equal(seen.architectures, space.all[[3, 5, 7]])
    np.testing.assert_array_equal(seen.unseen(space.all[[5, 9, 9, 2, 3]]), space.all[[9, 2]])
    infeasible = np.array([[4, 0, 0], [-1, 0, 0]], dtype=np.int8)
    assert len(seen.unseen(infeasible)) == 0
    np.testing.assert_array_equal(seen.best(2), np.argsort(seen.objectives[:, 0])[:2])


# ---- the ensemble and BANANAS ------------------------------------------------------------------------------------------


def test_gradient_of_the_networks() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(12, 4)), rng.normal(size=12)
    weights: list[Any] = [
        rng.normal(size=s) for s in ((3, 4, 5), (3, 1, 5), (3, 5, 5), (3, 1, 5), (3, 5, 1), (3, 1, 1))
    ]

    def loss() -> np.ndarray:
        return np.abs(forward(weights, x)[-1][..., 0] - y).mean(axis=1)  # type: ignore[arg-type]

    analytic = gradients(weights, x, y)  # type: ignore[arg-type]
    for weight, slope in zip(weights, analytic, strict=True):
        for at in np.ndindex(weight.shape[1:]):
            before = weight[(slice(None), *at)].copy()
            weight[(slice(None), *at)] = before + 1e-6
            up = loss()
            weight[(slice(None), *at)] = before - 1e-6
            down = loss()
            weight[(slice(None), *at)] = before
            np.testing.assert_allclose(slope[(slice(None), *at)], (up - down) / 2e-6, atol=1e-5)


def test_ensemble_learns_an_additive_function_and_disagrees_away_from_data() -> None:
    space = NasBench201Space()
    rng = np.random.default_rng(0)
    cells = space.sample(rng.random((300, 6)))
    effect = rng.normal(size=30)
    truth = space.one_hot(cells) @ effect
    predicted = MlpEnsemble(steps=300).predict_after_fit(
        space.one_hot(cells[:200]), truth[:200], space.one_hot(cells), rng
    )
    assert predicted.shape == (5, 300)
    assert np.corrcoef(predicted.mean(axis=0)[200:], truth[200:])[0, 1] > 0.9
    assert predicted[:, 200:].std(axis=0).mean() > predicted[:, :200].std(axis=0).mean()


def test_ensemble_of_a_constant_is_that_constant() -> None:
    predicted = MlpEnsemble().predict_after_fit(np.eye(4), np.full(4, 3.5), np.eye(4), np.random.default_rng(0))
    np.testing.assert_array_equal(predicted, np.full((5, 4), 3.5))


def test_thompson_draws_are_independent_normals() -> None:
    """Kolmogorov-Smirnov at level 1e-4."""
    predicted = np.repeat(np.array([[1.0], [3.0], [5.0]]), 4000, axis=1)
    draws = bananas.thompson(predicted, np.random.default_rng(1))
    assert stats.kstest(draws, stats.norm(3.0, 2.0).cdf).pvalue > 1e-4


def test_candidates_are_new_one_decision_mutations_of_the_best() -> None:
    space = toy_space()
    seen = seen_of(space.all[::3])
    pool = bananas.mutations(space, seen, 2, 50, np.random.default_rng(0))
    differences = (pool[:, None] != seen.architectures[seen.best(2)]).sum(axis=-1)
    assert (differences.min(axis=1) == 1).all()
    assert len(seen.unseen(pool)) == len(pool)


def test_a_used_up_neighbourhood_is_left() -> None:
    space = toy_space()
    best = np.array([2, 1, 0], dtype=np.int8)
    seen = seen_of(np.concatenate([best[None], space.neighbours(best)]))
    pool = bananas.mutations(space, seen, 1, 200, np.random.default_rng(0))
    assert len(pool) > 0
    assert ((pool != best).sum(axis=1) >= 2).all()
    everything = seen_of(space.all)
    assert len(bananas.mutations(space, everything, 1, 50, np.random.default_rng(0))) == 0


@pytest.mark.parametrize(
    ("module", "settings"),
    [
        (bananas, {}),
        (bananas, {"encoding": "one-hot", "batch_size": 1}),
        (gp_bo, {"n_initial_samples": 4}),
        (progressive, {"beam_width": 4}),
        (tpe, {}),
    ],
)
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
        best = np.fmin(
            best, np.nanmin(np.where(observations.answered, observations.objectives[..., 0], np.inf), axis=1)
        )
    assert best.mean() < 10 + 20 / 9 + 1


# ---- GP-BO -------------------------------------------------------------------------------------------------------------


def test_expected_improvement_is_the_integral() -> None:
    for mean, deviation, best in ((0.3, 0.8, 0.1), (-1.0, 0.5, 0.0), (2.0, 1.5, -1.0)):
        value, _ = integrate.quad(lambda f: (best - f) * stats.norm.pdf(f, mean, deviation), -20, best)  # noqa: B023
        assert gp_bo.expected_improvement(np.array(mean), np.array(deviation), best) == pytest.approx(value, rel=1e-8)


def test_kernel_counts_differing_decisions_and_paths() -> None:
    space = NasBench201Space()
    cells = space.all[np.random.default_rng(0).integers(0, 15625, 40)]
    hamming = (cells[:, None] != cells).sum(axis=-1)
    features = gp_bo.encode(space, cells, 1.0, 0.0)
    np.testing.assert_allclose(gp_bo.kernel(features, features, 0.7), np.exp(-0.7 * hamming))
    both = gp_bo.encode(space, cells, 0.5, 0.25)
    paths = space.paths(cells)
    apart = 0.5 * hamming + 0.125 * ((paths[:, None] - paths) ** 2).sum(axis=-1)
    np.testing.assert_allclose(gp_bo.kernel(both, both, 0.7), np.exp(-0.7 * apart))


def test_targets() -> None:
    errors = np.array([10.0, 90.0, 20.0, 20.0])
    np.testing.assert_allclose(gp_bo.transform_targets(errors, "ranks"), stats.norm.ppf([0.125, 0.875, 0.5, 0.5]))
    standard = gp_bo.transform_targets(errors, "standardised")
    assert standard.mean() == pytest.approx(0) and standard.std() == pytest.approx(1)


def test_proposes_the_largest_expected_improvement_of_the_space(problems: Problems) -> None:
    space = toy_space()
    problem = problems(queries=18)
    optimizer = gp_bo.OPTIMIZER.create(problem, Streams(3, range(1)), {"n_initial_samples": 4})
    member: Any = optimizer.members[0]  # type: ignore[attr-defined]
    optimizer.tell(problem.query(optimizer.ask()))
    while not problem.ledger.exhausted.all():
        known, errors = member._history.architectures.copy(), member._history.objectives[:, 0].copy()
        proposed: Any = optimizer.ask()
        targets = gp_bo.transform_targets(errors, "ranks")
        left = member._history.unseen(space.all)
        here, there = gp_bo.encode(space, known, 1.0, 0.0), gp_bo.encode(space, left, 1.0, 0.0)
        # From scratch, where the optimizer grew its factor by one row at a time.
        factor = factorise(gp_bo.kernel(here, here, member._model.rate), member._model.noise)
        variance = profile_likelihood(factor, targets)[1]
        mean, spread = posterior(factor, targets, gp_bo.kernel(here, there, member._model.rate), np.ones(len(left)))
        gain = gp_bo.expected_improvement(mean, np.sqrt(variance * spread), float(targets.min()))
        chosen = (left == proposed[0, 0]).all(axis=1)
        assert gain[chosen][0] == pytest.approx(gain.max(), rel=1e-6)
        optimizer.tell(problem.query(proposed))


def test_paths_are_refused_where_there_are_none(problems: Problems) -> None:
    with pytest.raises(NasbenchError, match="without paths"):
        gp_bo.OPTIMIZER.create(problems(), Streams(0, range(1)), {"path_weight": 0.5})


# ---- progressive search ------------------------------------------------------------------------------------------------


def test_growth_sets_one_more_decision() -> None:
    space = toy_space()
    grown = progressive.grow(np.zeros((1, 3), dtype=np.int8), space.cardinalities)
    assert sorted(map(tuple, grown.tolist())) == [(0, 0, 1), (0, 0, 2), (0, 1, 0), (1, 0, 0), (2, 0, 0), (3, 0, 0)]
    twice = progressive.grow(grown, space.cardinalities)
    assert ((twice != 0).sum(axis=1) == 2).all()
    assert len(np.unique(twice, axis=0)) == sum((space.all != 0).sum(axis=1) == 2)


def test_levels_grow_from_what_was_kept(problems: Problems) -> None:
    problem = problems(queries=1000)
    optimizer = progressive.OPTIMIZER.create(problem, Streams(3, range(1)), {"beam_width": 3})
    before = np.zeros((1, 3), dtype=np.int8)
    for level in (1, 2, 3):
        observations = problem.query(optimizer.ask())
        optimizer.tell(observations)
        now = observations.architectures[0]
        assert len(now) == 3 or level == 3
        assert ((now != 0).sum(axis=1) == level).all()
        assert (((now[:, None] != before).sum(axis=-1) == 1).any(axis=1)).all()
        before = now


# ---- TPE ---------------------------------------------------------------------------------------------------------------


def test_tpe_is_optunas(problems: Problems) -> None:
    optuna = import_optuna()
    problem = problems(queries=40)
    optimizer = tpe.OPTIMIZER.create(problem, Streams(8, range(1)))
    mine = []
    while not problem.ledger.exhausted.all():
        observations = problem.query(optimizer.ask())
        optimizer.tell(observations)
        mine.append(observations.architectures[0, 0].tolist())
    seed = int(Streams(8, range(1)).generator(0).integers(2**31))
    theirs = []

    def objective(trial: Any) -> float:
        choice = [trial.suggest_categorical(n, list(range(k))) for n, k in (("a", 4), ("b", 2), ("c", 3))]
        theirs.append(choice)
        return float(toy_error(np.array(choice, dtype=np.int8))) + 20 / 9

    optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed, multivariate=True)).optimize(
        objective, n_trials=40
    )
    assert mine == theirs


def test_without_optuna_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch, problems: Problems) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(NasbenchError, match=r"optuna, which is not installed: pip install 'nas-verify\[tune\]'"):
        tpe.OPTIMIZER.create(problems(), Streams(0, range(1)))


def test_optuna_keeps_quiet(problems: Problems, capfd: pytest.CaptureFixture[str]) -> None:
    problem = problems(queries=12)
    optimizer = tpe.OPTIMIZER.create(problem, Streams(8, range(1)), {"multivariate": True})
    while not problem.ledger.exhausted.all():
        optimizer.tell(problem.query(optimizer.ask()))
    assert capfd.readouterr() == ("", "")
