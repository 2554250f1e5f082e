"""The first half of a live search: from a plan to an architecture. The test split is not touched."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nasbench.errors import NasbenchError
from nasbench.files.sealed import read_sealed, write_sealed
from nasbench.live.experiment.config import Plan, check_plan, plan_as_dict
from nasbench.live.experiment.evaluation_cache import Journal
from nasbench.live.experiment.training_benchmark import LiveBenchmark
from nasbench.live.networks.space_networks import Architecture
from nasbench.live.searchers.catalogue import get_searcher
from nasbench.live.searchers.hybrid_supernet import HybridSupernet
from nasbench.live.searchers.loop import SHARED, Found, Search, build
from nasbench.live.searchers.selection import perturbed_selection
from nasbench.live.searchers.stopping import EarlyStopping
from nasbench.live.tasks.task import Splits, Task
from nasbench.live.training.batches import DeviceSplit
from nasbench.live.training.metrics import evaluate
from nasbench.live.training.microbatching import memory_guard
from nasbench.live.training.standalone import trainer
from nasbench.live.training.training import Watch, do_nothing
from nasbench.search.ledger import Budget
from nasbench.search.observations import RunObservations
from nasbench.search.random_streams import Streams
from nasbench.search.registry import get_optimizer
from nasbench.search.search_protocol import SearchProtocol


@dataclass(frozen=True)
class Searched:
    """What the search phase gave: an architecture, measured seconds, and a curve.

    Whether a rule stopped it early is None where there is no such rule, or a folder that was written before does not say.
    """

    architecture: Architecture
    seconds: float
    curve: list[dict[str, Any]]
    stopped_early: bool | None = None
    found: Found | None = None


def run_search(
    plan: Plan,
    task: Task,
    splits: Splits,
    device: torch.device,
    folder: Path | None = None,
    watch: Watch = do_nothing,
) -> Searched:
    """Search; the test split is not touched, and all seconds are counted, those of finalists too.

    `watch` is called before each epoch of the supernet and of a finalist; what it raises ends the search, and a later
    call with the same folder goes on from there.

    Raises:
        NasbenchError: for a plan that cannot be run, or if memory runs out.
    """
    check_plan(plan)
    if not plan.shares_weights:
        return _search_alone(plan, task, splits, device, folder, watch)
    with memory_guard(device, "searching"):
        return _search_shared(plan, task, splits, device, folder, watch)


def _search_shared(
    plan: Plan, task: Task, splits: Splits, device: torch.device, folder: Path | None, watch: Watch
) -> Searched:
    run = shared_search(plan, task, splits, device, folder)
    searcher = run.searcher
    found = run.run(watch=watch)
    architecture = found.architecture
    after = time.perf_counter()
    if isinstance(searcher, HybridSupernet):
        architecture, resumed = _best_alone(plan, task, splits, searcher.finalists(), device, folder, watch)
        after -= resumed
    elif plan.selection == "perturbation":
        generator = torch.Generator().manual_seed(plan.seed)
        architecture = perturbed_selection(searcher, run.held.head(500), generator)
    seconds = found.seconds + time.perf_counter() - after
    return Searched(architecture, seconds, found.curve, found.stopped_early, found)


def shared_search(plan: Plan, task: Task, splits: Splits, device: torch.device, folder: Path | None) -> Search:
    """Return the search on shared weights of a plan, as far as the folder has it.

    The selection is not in the identity of its checkpoint: it comes after the last epoch.
    """
    make, partial = get_searcher(plan.optimizer, plan.options)
    searcher = build(make, task, plan.space, replace(plan.settings, seed=plan.seed), device, partial)
    identity = {"space": plan.space, "optimizer": plan.optimizer, "options": dict(plan.options)}
    return Search(searcher, task, splits, EarlyStopping.parse(plan.stopping), folder, identity)


def _best_alone(
    plan: Plan,
    task: Task,
    splits: Splits,
    architectures: Architecture,
    device: torch.device,
    folder: Path | None,
    watch: Watch,
) -> tuple[Architecture, float]:
    """The finalist that is best on the search split, and the seconds that finalists took in earlier calls."""
    recipe = replace(plan.search_recipe, seed=plan.seed)
    held = DeviceSplit(splits.search, task, device)
    scores, resumed = [], 0.0
    for number, architecture in enumerate(architectures):
        kept = folder / f"finalist-{number}" if folder else None
        run = trainer(task, splits, plan.space, architecture, recipe, device, kept, track=False)
        resumed += sum(row["seconds"] for row in run.curve)
        scores.append(evaluate(run.run(watch=watch).network, task.shape, held))
    return architectures[int(np.argmin(scores))], resumed


def _search_alone(
    plan: Plan, task: Task, splits: Splits, device: torch.device, folder: Path | None, watch: Watch
) -> Searched:
    start = time.perf_counter()
    answers, replayed = ask_alone(plan, task, splits, device, folder, watch)
    architectures, errors = answers.architectures, answers.objectives[:, 0]
    curve = [
        {"query": i + 1, "architecture": a.tolist(), "search": float(e), "seconds": float(c)}
        for i, (a, e, c) in enumerate(zip(architectures, errors, answers.cost, strict=True))
    ]
    return Searched(architectures[int(errors.argmin())], time.perf_counter() - start + replayed, curve)


def ask_alone(
    plan: Plan, task: Task, splits: Splits, device: torch.device, folder: Path | None, watch: Watch = do_nothing
) -> tuple[RunObservations, float]:
    """Search by training alone: return all answers, and the seconds of those that the folder's journal remembered.

    `watch` is called before each epoch of a training; what it raises ends the search, and a later call with the same folder
    goes on from the last training that was finished.

    Raises:
        NasbenchError: if the folder holds another search.
    """
    from nasbench.study.runner import search

    if folder and (folder / SHARED).exists():
        # The name hybrid once meant a search on shared weights, and folders of that time say the name alone.
        raise NasbenchError(
            f"{folder / SHARED} is of a search on shared weights, and {plan.optimizer} trains alone; choose another folder "
            "(what was hybrid on shared weights is hybrid_supernet now)."
        )
    protocol = SearchProtocol(
        objectives=plan.objectives or (task.metric,),
        split="search",
        epochs=(plan.search_recipe.epochs,),
        training_seed="random",
        repeats="cached",
        budget=Budget(dict(plan.budget)),
    )
    journal = Journal(folder / "trainings.json", plan_as_dict(plan)) if folder else None
    with memory_guard(device, "searching"):
        live = LiveBenchmark(task, splits.train, splits.search, plan.space, plan.search_recipe, device)
        problem = live.problem(protocol, plan.seed, (0,), journal, watch)
        optimizer = get_optimizer(plan.optimizer).create(problem, Streams(plan.seed, (0,)), dict(plan.options))
        batches, _ = search(problem, optimizer)
    answered = [batch.of_run(0) for batch in batches]
    joined = {f.name: np.concatenate([getattr(a, f.name) for a in answered]) for f in fields(RunObservations)}
    return RunObservations(**joined), journal.replayed_seconds if journal else 0.0


def resumed_search(plan: Plan, task: Task, splits: Splits, device: torch.device, folder: Path | None) -> Searched:
    """Search, or take a finished search of the same plan from the folder, so that a kill while training loses none."""
    path = folder / "searched.json" if folder else None
    if path and path.exists():
        return _kept(path, plan)
    searched = run_search(plan, task, splits, device, folder)
    if path:
        found = {name: getattr(searched, name) for name in ("seconds", "curve", "stopped_early")}
        write_sealed(path, {"plan": plan_as_dict(plan), "architecture": searched.architecture.tolist(), **found})
    return searched


def _kept(path: Path, plan: Plan) -> Searched:
    """Read a finished search; raises NasbenchError if the file is damaged or of another plan."""
    kept = read_sealed(path, "finished search")
    if kept["plan"] != json.loads(json.dumps(plan_as_dict(plan))):
        raise NasbenchError(f"{path} is the search of another plan; choose another folder.")
    architecture = np.array(kept["architecture"], np.int8)
    return Searched(architecture, float(kept["seconds"]), list(kept["curve"]), kept.get("stopped_early"))
