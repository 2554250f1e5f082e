"""The registered hybrid, live: in every space, under deadlines, and never taken for the searcher that once had its name."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nasbench.errors import NasbenchError
from nasbench.live.experiment import search as search_phase
from nasbench.live.experiment.config import ExperimentConfig
from nasbench.live.experiment.experiment import Experiment
from nasbench.live.experiment.run import run_experiment
from nasbench.live.experiment.search import search_architecture, search_standalone
from nasbench.live.experiment.training_benchmark import LiveBenchmark, TrainingEvaluator
from nasbench.live.networks.builders import get_networks
from nasbench.live.networks.space_networks import CELL_NETWORKS, STANDALONE_SPACES
from nasbench.live.searchers.searcher import SupernetConfig
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.training.recipe import SMALL
from nasbench.search.ledger import Budget
from nasbench.spaces.constrained import ConstrainedSpace
from nasbench.spaces.nas_bench_201 import NasBench201Space
from nasbench.spaces.space import Architectures
from nasbench.study.manifest import NAME as MANIFEST
from nasbench.study.runner import run_study
from nasbench.study.toml import parse_study

from table_protocol import table_protocol
from tiny_study import only, tiny

CPU = torch.device("cpu")
RECIPE = replace(SMALL, epochs=1, channels=4)
PLAN = ExperimentConfig(
    task="digits",
    optimizer="hybrid",
    supernet=SupernetConfig(epochs=1, channels=4, cells=1),
    recipe=RECIPE,
    search_recipe=RECIPE,
    budget={"queries": 7},
    subset_size=(96, 32),
)
TASK = get_task("digits")


def quiet(_: str) -> None:
    """Say nothing."""


class TimeBudgetExhaustedError(Exception):
    """No more time."""


class Deadline:
    """Lets a given number of epochs begin."""

    def __init__(self, epochs: int) -> None:
        self.left = epochs

    def __call__(self) -> None:
        if not self.left:
            raise TimeBudgetExhaustedError
        self.left -= 1


def splits_of(plan: ExperimentConfig) -> Any:
    return TASK.load().reduced(*plan.subset_size)


@pytest.mark.parametrize("space", ["darts", "hierarchical", "convnet", "convnet:4:0.6"])
def test_it_searches_spaces_that_cannot_be_listed(space: str) -> None:
    cells = 3 if space == "darts" else 1
    plan = replace(PLAN, space=space, search_recipe=replace(RECIPE, cells=cells), budget={"queries": 6})
    found = search_architecture(Experiment(plan, TASK, splits_of(plan), CPU))
    tried = np.array([row["architecture"] for row in found.curve], np.int8)
    where = get_networks(space).make_space()
    assert (
        len(np.unique(tried, axis=0)) == 6 and where.is_feasible(tried).all()
    )  # beyond the first four by its surrogate
    best = min(found.curve, key=lambda row: row["search"])
    assert found.architecture.tolist() == best["architecture"]


@pytest.mark.parametrize("space", [*CELL_NETWORKS, *STANDALONE_SPACES, "convnet:4:0.6"])
def test_rows_of_every_live_space_are_its_indices(space: str) -> None:
    where = get_networks(space).make_space()
    architectures = where.sample(np.random.default_rng(0).random((50, where.d)))
    architectures = np.concatenate([architectures, where.repair(where.cardinalities[None].astype(np.int8) - 1)])
    index = where.index(architectures)
    assert index.dtype == np.int64 and (index >= 0).all() and where.product_size < 2**63
    np.testing.assert_array_equal(where.from_index(index), architectures)


class NoSkips(ConstrainedSpace):
    """NAS-Bench-201 with at most one skip connection: enumerable, and with holes."""

    def __init__(self) -> None:
        whole = NasBench201Space()
        super().__init__(whole.name, whole.decisions, whole.choices)

    def is_feasible(self, architectures: Architectures) -> Any:
        return super().is_feasible(architectures) & ((architectures == 1).sum(axis=-1) < 2)


def test_it_searches_a_space_with_holes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows were taken for the first indices, which those of such a space are not."""
    monkeypatch.setitem(CELL_NETWORKS, "no-skips", replace(CELL_NETWORKS["nas-bench-201"], make_space=NoSkips))
    plan = replace(PLAN, space="no-skips", seed=3)
    found = search_architecture(Experiment(plan, TASK, splits_of(plan), CPU))
    tried = np.array([row["architecture"] for row in found.curve], np.int8)
    assert len(tried) == 7 and NoSkips().is_feasible(tried).all()
    splits = splits_of(plan)
    live = LiveBenchmark(TASK, splits.train, splits.search, "no-skips", RECIPE, CPU)
    protocol = table_protocol(Budget({"queries": 1}), split="search", epochs=(1,), training_seed="random")
    trainings = TrainingEvaluator(live, protocol)
    last = NoSkips().all[-1:]
    assert trainings.rows is None or trainings.row(last)[0] < trainings.rows
    problem = live.problem(protocol, 0, (0,))
    assert problem.query(last[None]).answered.all()


def test_a_deadline_ends_it_and_it_goes_on_to_the_same_answer(tmp_path: Path) -> None:
    plan = replace(PLAN, search_recipe=replace(RECIPE, epochs=2))
    splits = splits_of(plan)
    whole = search_architecture(Experiment(plan, TASK, splits, CPU, tmp_path / "whole"))
    calls = 0
    for epochs in (0, 1, 5, 4):  # none; half a training; two and a half; two more
        with pytest.raises(TimeBudgetExhaustedError):
            search_architecture(Experiment(plan, TASK, splits, CPU, tmp_path / "parts"), Deadline(epochs))
        path = tmp_path / "parts" / "trainings.json"
        calls += epochs // plan.search_recipe.epochs
        assert len(json.loads(path.read_text(encoding="utf-8"))["answers"]) == calls if calls else not path.exists()
    last = search_architecture(Experiment(plan, TASK, splits, CPU, tmp_path / "parts"))
    for row, again in zip(whole.curve, last.curve, strict=True):
        assert {**row, "seconds": 0} == {**again, "seconds": 0}
    assert whole.architecture.tolist() == last.architecture.tolist()


def test_seconds_are_a_budget_and_those_of_earlier_calls_count(tmp_path: Path) -> None:
    plan = replace(PLAN, budget={"train_seconds": 0.25})
    splits = splits_of(plan)
    first = search_architecture(Experiment(plan, TASK, splits, CPU, tmp_path))
    spent = [row["seconds"] for row in first.curve]
    assert sum(spent) >= 0.25 > sum(spent[:-1])
    untouched = (tmp_path / "trainings.json").read_bytes()
    again = search_architecture(Experiment(plan, TASK, splits, CPU, tmp_path), Deadline(0))  # nothing is left to train
    assert again.curve == first.curve and (tmp_path / "trainings.json").read_bytes() == untouched


# ---- the old meaning of the name -------------------------------------------------------------------------------------


def test_a_folder_of_the_old_meaning_is_not_taken_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search on shared weights by the name of hybrid, finished or not, is not the search of the current hybrid."""
    run_experiment(replace(PLAN, optimizer="hybrid_supernet"), CPU, tmp_path, quiet)
    (tmp_path / "searched.json").unlink()  # which names the plan, and version 0.1 wrote in another form
    monkeypatch.setattr(search_phase, "LiveBenchmark", None)  # nothing is trained
    for objectives in ((), ("error", "parameters")):
        with pytest.raises(NasbenchError, match=r"search.pt is of a search on shared weights.*is hybrid_supernet now"):
            search_standalone(Experiment(replace(PLAN, objectives=objectives), TASK, splits_of(PLAN), CPU, tmp_path))


def test_a_study_of_the_old_meaning_is_not_gone_on_with(tmp_path: Path) -> None:
    """Version 0.1 kept no manifest, so its results are made anew, but not from the checkpoints of another algorithm."""
    text = only(tiny(name='"mine"'), "hybrid_supernet")
    run_study(parse_study(text, "mine"), tmp_path, device="cpu")
    for place in list(tmp_path.rglob("hybrid_supernet")):
        place.rename(place.with_name("hybrid"))
    for path in (MANIFEST, "study.toml", "checkpoints/digits/hybrid/000000/searched.json"):
        (tmp_path / path).unlink()
    old = text.replace("hybrid_supernet", "hybrid")
    (tmp_path / "study.toml").write_text(parse_study(old, "mine").to_toml(), encoding="utf-8")
    with pytest.raises(NasbenchError, match=r"search.pt is of a search on shared weights, and hybrid trains alone"):
        run_study(parse_study(old, "mine"), tmp_path, device="cpu")
