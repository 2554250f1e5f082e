"""A whole live search: search, train what was found, score it once on the test split. One plan, one flat result."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nasbench.benchmarks.setting import Setting
from nasbench.errors import NasbenchError, unknown_name
from nasbench.live.benchmark import LiveBenchmark
from nasbench.live.blueprints import Architecture, blueprint
from nasbench.live.hardware.counting import macs, memory, parameters
from nasbench.live.hardware.latency import measure_network
from nasbench.live.journal import Journal
from nasbench.live.searchers.catalogue import get_searcher, searcher_names
from nasbench.live.searchers.hybrid import Hybrid
from nasbench.live.searchers.loop import Found, Search, build
from nasbench.live.searchers.searcher import SearchSettings
from nasbench.live.searchers.selection import perturbed_selection
from nasbench.live.searchers.stopping import EarlyStopping
from nasbench.live.studies.store import write_whole
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.tasks.task import Split, Splits, Task
from nasbench.live.training.alone import trainer
from nasbench.live.training.batches import DeviceSplit
from nasbench.live.training.metrics import evaluate, macro_f1, predict, score_of
from nasbench.live.training.recipe import SMALL, Recipe
from nasbench.live.training.training import Say, Trained, Watch, do_nothing, to_stderr
from nasbench.search.ledger import Budget
from nasbench.search.observations import RunObservations
from nasbench.search.registry import get_optimizer, optimizer_names
from nasbench.search.streams import Streams

SELECTIONS = ("derive", "perturbation")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that a live search depends on.

    Attributes:
        task, space, optimizer: names; an optimizer is a weight-sharing searcher or any registered optimizer.
        options: of the optimizer, where they differ from its defaults.
        seed: of the search and of the final training.
        settings: of the supernet, for searchers that share weights.
        stopping: early-stopping rule, for the same.
        selection: "derive" as the searcher does, or "perturbation".
        recipe: of the final training.
        search_recipe: of trainings during the search (optimizers that train alone, and the hybrid's finalists).
        budget: of optimizers that train alone, in accounts of the ledger.
        examples: training and search examples to use, None for all.
        objectives: none for the task's metric alone, else the metric and what else is minimised (see `front`).
    """

    task: str
    space: str = "nas-bench-201"
    optimizer: str = "darts"
    options: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    settings: SearchSettings = field(default_factory=SearchSettings)
    stopping: str = "none"
    selection: str = "derive"
    recipe: Recipe = SMALL
    search_recipe: Recipe = SMALL
    budget: Mapping[str, float] = field(default_factory=lambda: {"queries": 10.0})
    examples: tuple[int | None, int | None] = (None, None)
    objectives: tuple[str, ...] = ()

    @property
    def shares_weights(self) -> bool:
        """Whether the optimizer searches on a supernet, which it does for one objective alone."""
        return self.optimizer in searcher_names() and len(self.objectives) < 2


@dataclass(frozen=True)
class Searched:
    """What the search phase gave: an architecture, measured seconds, and a curve."""

    architecture: Architecture
    seconds: float
    curve: list[dict[str, Any]]
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
    """
    start = time.perf_counter()
    if plan.selection not in SELECTIONS:
        raise NasbenchError(f"There is no selection {plan.selection!r}; it should be one of {', '.join(SELECTIONS)}.")
    if plan.optimizer not in (*searcher_names(), *optimizer_names()):
        raise unknown_name("optimizer", plan.optimizer, (*searcher_names(), *optimizer_names()))
    if not plan.shares_weights:
        return _search_alone(plan, task, splits, device, start, folder)
    make, partial = get_searcher(plan.optimizer, plan.options)
    settings = replace(plan.settings, seed=plan.seed)
    searcher = build(make, task, plan.space, settings, device, partial)
    identity = {"space": plan.space, "optimizer": plan.optimizer, "options": dict(plan.options)}
    run = Search(searcher, task, splits, EarlyStopping(plan.stopping), folder, identity)
    found = run.run(watch=watch)
    architecture = found.architecture
    after = time.perf_counter()
    if plan.selection == "perturbation":
        generator = torch.Generator().manual_seed(plan.seed)
        architecture = perturbed_selection(searcher, run.held.head(500), generator)
    if isinstance(searcher, Hybrid):
        architecture, resumed = _best_alone(plan, task, splits, searcher.finalists(), device, folder, watch)
        after -= resumed
    return Searched(architecture, found.seconds + time.perf_counter() - after, found.curve, found)


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
    plan: Plan, task: Task, splits: Splits, device: torch.device, start: float, folder: Path | None
) -> Searched:
    answers, replayed = ask_alone(plan, task, splits, device, folder)
    architectures, errors = answers.architectures, answers.objectives[:, 0]
    curve = [
        {"query": i + 1, "architecture": a.tolist(), "search": float(e), "seconds": float(c)}
        for i, (a, e, c) in enumerate(zip(architectures, errors, answers.cost, strict=True))
    ]
    return Searched(architectures[int(errors.argmin())], time.perf_counter() - start + replayed, curve)


def ask_alone(
    plan: Plan, task: Task, splits: Splits, device: torch.device, folder: Path | None
) -> tuple[RunObservations, float]:
    """Search by training alone: return all answers, and the seconds of those that the folder's journal remembered."""
    from nasbench.study.runner import search

    setting = Setting(
        objectives=plan.objectives or (task.metric,),
        split="search",
        epochs=(plan.search_recipe.epochs,),
        training_seed="random",
        repeats="cached",
        budget=Budget(dict(plan.budget)).guarded(),
    )
    live = LiveBenchmark(task, splits.train, splits.search, plan.space, plan.search_recipe, device)
    journal = Journal(folder / "trainings.json", plan_as_dict(plan)) if folder else None
    handle = live.handle(setting, plan.seed, (0,), journal)
    batches, _ = search(
        handle, get_optimizer(plan.optimizer).create(handle, Streams(plan.seed, (0,)), dict(plan.options))
    )
    answered = [batch.of_run(0) for batch in batches]
    joined = {f.name: np.concatenate([getattr(a, f.name) for a in answered]) for f in fields(RunObservations)}
    return RunObservations(**joined), journal.replayed_seconds if journal else 0.0


def final_splits(splits: Splits) -> Splits:
    """Return splits whose training part is all that is not test; nothing is selected from here on."""
    together = Split(
        np.concatenate([splits.train.x, splits.search.x]), np.concatenate([splits.train.y, splits.search.y])
    )
    return Splits(together, splits.search.first(0), splits.test)


def train_final(
    task: Task,
    splits: Splits,
    space: str,
    architecture: Architecture,
    recipe: Recipe,
    device: torch.device,
    folder: Path | None = None,
    say: Say = to_stderr,
) -> Trained:
    """Train an architecture from scratch on all examples that are not test, with checkpoints in `folder`."""
    return trainer(task, final_splits(splits), space, architecture, recipe, device, folder, False, say).run()


def describe_trained(
    task: Task, splits: Splits, trained: Trained, recipe: Recipe, device: torch.device
) -> dict[str, Any]:
    """Return the test score of a trained network, its size, memory and latency: the one look at the test split."""
    network, shape = trained.network, task.shape
    test = DeviceSplit(splits.test, task, device)
    outputs = predict(network, test)
    flipped = predict(network, test, flip=True) if recipe.test_time_flip else None
    latency = measure_network(network, shape)
    return {
        f"test_{task.metric}": score_of(shape, outputs, splits.test.y),
        f"test_{task.metric}_with_flip": None if flipped is None else score_of(shape, flipped, splits.test.y),
        **_classes(task, outputs if flipped is None else flipped, splits.test.y),
        "parameters": parameters(network) or sum(p.numel() for p in network.parameters()),
        "macs": macs(network, shape),
        "memory_bytes": memory(network, shape)["total"],
        "latency_ms_batch_1": latency[1],
        "latency_ms_batch_64": latency[64],
        "train_seconds": trained.seconds,
    }


def _classes(task: Task, outputs: NDArray[np.float64], actual: NDArray[Any]) -> dict[str, Any]:
    """Return what a test error leaves out where classes are unequal."""
    if task.shape.kind != "classification":
        return {}
    counts = np.bincount(actual, minlength=task.shape.outputs)
    return {
        "test_macro_f1": macro_f1(outputs.argmax(axis=1), actual, task.shape.outputs),
        "test_class_counts": counts.tolist(),
    }


def _searched(plan: Plan, task: Task, splits: Splits, device: torch.device, folder: Path | None) -> Searched:
    """Search, or take a finished search of the same plan from the folder, so that a kill while training loses none."""
    path = folder / "searched.json" if folder else None
    if path and path.exists():
        kept = json.loads(path.read_text())
        if kept["plan"] != json.loads(json.dumps(plan_as_dict(plan))):
            raise NasbenchError(f"{path} is the search of another plan; choose another folder.")
        return Searched(np.array(kept["architecture"], np.int8), kept["seconds"], kept["curve"])
    searched = run_search(plan, task, splits, device, folder)
    if path:
        found = {"architecture": searched.architecture.tolist(), "seconds": searched.seconds, "curve": searched.curve}
        write_whole(path, {"plan": plan_as_dict(plan), **found})
    return searched


def run_plan(plan: Plan, device: torch.device, folder: Path | None = None, say: Say = to_stderr) -> dict[str, Any]:
    """Search, train, score: return one flat result, with the curves and every setting beside it."""
    task = get_task(plan.task)
    splits = task.load().reduced(*plan.examples)
    say(f"{plan.optimizer} searches {plan.space} on {plan.task} (seed {plan.seed}, {device.type})")
    searched = _searched(plan, task, splits, device, folder)
    recipe = replace(plan.recipe, seed=plan.seed)
    trained = train_final(task, splits, plan.space, searched.architecture, recipe, device, folder, say)
    space = blueprint(plan.space).make_space()
    return {
        "task": plan.task,
        "space": plan.space,
        "optimizer": plan.optimizer,
        "seed": plan.seed,
        "architecture": space.to_string(searched.architecture),
        "search_seconds": searched.seconds,
        **describe_trained(task, splits, trained, recipe, device),
        "search_curve": searched.curve,
        "train_curve": trained.curve,
        "plan": plan_as_dict(plan),
    }


def plan_as_dict(plan: Plan) -> dict[str, Any]:
    """Return every setting of a plan as JSON can hold it."""
    plain = asdict(replace(plan, options={}, budget={}))
    if not plan.objectives:
        del plain["objectives"]  # so that folders written before there could be several are resumed
    return {**plain, "options": dict(plan.options), "budget": dict(plan.budget), "examples": list(plan.examples)}
