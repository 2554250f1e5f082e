"""What tpe, motpe and optuna_gp share: optuna's own loop proposes the same, any result is learnt, copies share random numbers."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from nasbench.baselines import motpe, optuna_gp, tpe
from nasbench.baselines.optuna_optimizer import import_optuna
from nasbench.search.observations import RunObservations
from nasbench.search.random_streams import Streams
from nasbench.testing.toy import toy_error, toy_space

from toy import Problems

OBJECTIVES = ("error", "latency", "parameters")


def observed(architectures: np.ndarray, objectives: np.ndarray) -> RunObservations:
    n = len(objectives)
    return RunObservations(architectures, objectives, np.zeros(n), np.full(n, 9), np.full(n, -1))


@pytest.mark.parametrize(
    ("module", "sampler", "queries", "objectives"),
    [(motpe, "TPESampler", 40, OBJECTIVES), (optuna_gp, "GPSampler", 12, ("error",))],
)
def test_proposals_are_optunas(
    problems: Problems, module: Any, sampler: str, queries: int, objectives: tuple[str, ...]
) -> None:
    optuna = import_optuna()
    problem = problems(queries=queries, objectives=objectives)
    optimizer = module.OPTIMIZER.create(problem, Streams(8, range(1)))
    mine, answers = [], []
    while not problem.ledger.exhausted.all():
        observations = problem.query(optimizer.ask())
        optimizer.tell(observations)
        mine.append(observations.architectures[0, 0].tolist())
        answers.append(observations.objectives[0, 0].tolist())
    seed = int(Streams(8, range(1)).generator(0).integers(2**31))
    theirs = []

    def objective(trial: Any) -> list[float]:
        theirs.append([trial.suggest_categorical(n, list(range(k))) for n, k in (("a", 4), ("b", 2), ("c", 3))])
        return answers[len(theirs) - 1]

    study = optuna.create_study(
        sampler=getattr(optuna.samplers, sampler)(seed=seed), directions=["minimize"] * len(objectives)
    )
    study.optimize(objective, n_trials=queries)
    assert mine == theirs


def test_results_of_others_are_learnt_before_the_first_proposal(problems: Problems) -> None:
    """With ten told results, in which the first choice decides, the estimators start at once and take that choice."""
    space = toy_space()
    told = space.all[[0, 3, 5, 7, 9, 12, 14, 17, 19, 22]]
    first = np.zeros(4)
    for run in range(20):
        optimizer = motpe.Motpe(problems(), np.random.default_rng(run), n_initial_samples=10)
        optimizer.tell(observed(told, (told[:, :1] != 3) * 1.0))
        first[optimizer.ask()[0, 0]] += 1
    assert first[3] > 10, "a uniform first choice would be 3 in a quarter of the runs"


@pytest.mark.parametrize("kind", [tpe.Tpe, motpe.Motpe, optuna_gp.OptunaGp])
def test_a_copy_draws_other_random_numbers_than_the_original(problems: Problems, kind: Any) -> None:
    original = kind(problems(), np.random.default_rng(4))
    proposals = [original.ask().tobytes()]
    for _ in range(5):
        twin = copy.deepcopy(original, {id(original._rng): original._rng})
        assert type(twin) is kind
        proposals.append(twin.ask().tobytes())
        assert len(twin._study.trials) == len(original._study.trials) + 1
    assert len(set(proposals)) > 2, "six uniform draws of 24 are all the same in one of millions of runs"
    assert pickle.loads(pickle.dumps(original)).ask().tobytes() == original.ask().tobytes()


def test_results_of_substitutes_are_told_to_all_but_tpe(problems: Problems) -> None:
    space = toy_space()
    for kind, known in ((tpe.Tpe, 0), (motpe.Motpe, 1)):
        optimizer = kind(problems(), np.random.default_rng(4))
        optimizer._substitutes.add(space.all[5].tobytes())
        optimizer.tell(observed(space.all[[5]], toy_error(space.all[[5]])[:, None]))
        assert len(optimizer._study.trials) == known
        optimizer.tell(observed(space.all[[5]], toy_error(space.all[[5]])[:, None]))
        assert len(optimizer._study.trials) == known + 1
