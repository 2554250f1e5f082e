"""SMAC: the facade's own forest, the largest expected improvement, nothing twice, nothing left on disk."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("smac", reason="smac needs the extra rivals", exc_type=ImportError)

from nasbench.baselines import smac
from nasbench.benchmarks.synthetic import synthetic_benchmark
from nasbench.search.ledger import Budget
from nasbench.search.random_streams import Streams
from nasbench.testing.optimizer_contract import ask_tell, trace
from nasbench.testing.toy import toy_space

from table_protocol import table_protocol
from toy import Problems


def facade_of(member: Any, seed: int, folder: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return member._facade(seed, folder)


def test_forest_is_the_facades_on_one_processor(problems: Problems, tmp_path: Path) -> None:
    from smac import HyperparameterOptimizationFacade

    facade = facade_of(smac.Smac(problems(), np.random.default_rng(0)), 5, tmp_path)
    ours, theirs = facade._model.meta, HyperparameterOptimizationFacade.get_model(facade.scenario).meta
    assert ours | {"n_jobs": -1} == theirs
    assert ours["n_jobs"] == 1


def test_proposes_the_largest_expected_improvement(problems: Problems, tmp_path: Path) -> None:
    problem = problems(queries=14)
    optimizer = smac.OPTIMIZER.create(problem, Streams(3, range(1)), {"random_fraction": 0.0})
    member: Any = optimizer.members[0]  # type: ignore[attr-defined]
    optimizer.tell(problem.query(optimizer.ask()))
    seed = 17
    facade = facade_of(member, seed, tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        config = next(facade.intensifier.config_generator)
        left = member._history.unseen(toy_space().all)
        known = facade.runhistory.get_configs()
        from ConfigSpace import Configuration

        names = toy_space().decisions
        configs = [
            Configuration(facade.scenario.configspace, values=dict(zip(names, a.astype(np.int64), strict=True)))
            for a in left
        ]
        gain = facade._acquisition_function(configs).ravel()
    assert len(known) == len(member._history)
    chosen = (left == [config[name] for name in names]).all(axis=1)
    assert chosen.sum() == 1
    assert gain[chosen][0] == pytest.approx(gain.max())


def test_nothing_is_evaluated_twice_and_nothing_is_left(
    problems: Problems, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    problem = problems(queries=16)
    optimizer = smac.OPTIMIZER.create(problem, Streams(2, range(1)), {"n_initial_samples": 8})
    member: Any = optimizer.members[0]  # type: ignore[attr-defined]
    optimizer.tell(problem.query(optimizer.ask()))
    first = len(member._history)
    while not problem.ledger.exhausted.all():
        optimizer.tell(problem.query(optimizer.ask()))
    assert len(member._history) == first + 8
    assert list(tmp_path.iterdir()) == []


def test_numbers_and_conditions_are_taken() -> None:
    """The recipe in closed form has numbers, which are ordered, beside categories, and conditions on both."""
    problem = synthetic_benchmark("recipe/small").problem(table_protocol(Budget({"queries": 13}), epochs=(1,)), 7, (3,))
    assert problem.space.ordered.any() and not problem.space.ordered.all()
    found = trace(ask_tell(problem, smac.OPTIMIZER.create(problem, Streams(7, (3,)))), 0)[0]
    assert problem.space.is_feasible(found).all()
    assert len(np.unique(found[10:], axis=0)) == 3
