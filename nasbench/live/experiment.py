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
from nasbench.live.training.halving import memory_guard
from nasbench.live.training.metrics import evaluate, macro_f1, predict, score_of
from nasbench.live.training.recipe import SMALL, Recipe
from nasbench.live.training.training import Say, Trained, Watch, do_nothing, to_stderr
from nasbench.live.weight_sharing.ranking import supernet_ranking
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
        stopping: early-stopping rule, for the same; see `EarlyStopping.parse`. It ends the hybrid's search as well,
            whose finalists are then those of that epoch.
        selection: "derive" as the searcher does, or "perturbation", for the same but the hybrid, which selects by
            training finalists alone.
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
    """What the search phase gave: an architecture, measured seconds, and a curve.

    Whether a rule stopped it early is None where there is no such rule, or a folder that was written before does not say.
    """

    architecture: Architecture
    seconds: float
    curve: list[dict[str, Any]]
    stopped_early: bool | None = None
    found: Found | None = None


def check_plan(plan: Plan) -> None:
    """Raise NasbenchError for a name that does not exist, or for early stopping or a selection that would not apply."""
    if plan.optimizer not in (*searcher_names(), *optimizer_names()):
        raise unknown_name("optimizer", plan.optimizer, (*searcher_names(), *optimizer_names()))
    if plan.selection not in SELECTIONS:
        raise NasbenchError(f"There is no selection {plan.selection!r}; it should be one of {', '.join(SELECTIONS)}.")
    rule = EarlyStopping.parse(plan.stopping).rule
    if not plan.shares_weights and (rule, plan.selection) != ("none", "derive"):
        raise NasbenchError(
            f"Early stopping and selection belong to searches on shared weights, and {plan.optimizer} trains alone; "
            "leave out --stopping and --selection."
        )
    if plan.optimizer == "hybrid" and plan.selection != "derive":
        raise NasbenchError("The hybrid selects by training its finalists alone; leave out --selection.")


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
    with memory_guard(device, "searching"):
        if plan.shares_weights:
            return _search_shared(plan, task, splits, device, folder, watch)
        return _search_alone(plan, task, splits, device, folder)


def _search_shared(
    plan: Plan, task: Task, splits: Splits, device: torch.device, folder: Path | None, watch: Watch
) -> Searched:
    run = shared_search(plan, task, splits, device, folder)
    searcher = run.searcher
    found = run.run(watch=watch)
    architecture = found.architecture
    after = time.perf_counter()
    if isinstance(searcher, Hybrid):
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


def _search_alone(plan: Plan, task: Task, splits: Splits, device: torch.device, folder: Path | None) -> Searched:
    start = time.perf_counter()
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
    with memory_guard(device, "training"):
        return trainer(task, final_splits(splits), space, architecture, recipe, device, folder, False, say).run()


def describe_trained(
    task: Task, splits: Splits, trained: Trained, recipe: Recipe, device: torch.device
) -> dict[str, Any]:
    """Return the test score of a trained network, its size, memory and latency: the one look at the test split."""
    with memory_guard(device, "scoring"):
        return _describe(task, splits, trained, recipe, device)


def _describe(task: Task, splits: Splits, trained: Trained, recipe: Recipe, device: torch.device) -> dict[str, Any]:
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
        return _kept(path, plan)
    searched = run_search(plan, task, splits, device, folder)
    if path:
        found = {name: getattr(searched, name) for name in ("seconds", "curve", "stopped_early")}
        write_whole(path, {"plan": plan_as_dict(plan), "architecture": searched.architecture.tolist(), **found})
    return searched


def _kept(path: Path, plan: Plan) -> Searched:
    """Read a finished search; raises NasbenchError if the file is damaged or of another plan."""
    try:
        kept = json.loads(path.read_text())
        same = kept["plan"] == json.loads(json.dumps(plan_as_dict(plan)))
        architecture, seconds = np.array(kept["architecture"], np.int8), float(kept["seconds"])
        found = Searched(architecture, seconds, list(kept["curve"]), kept.get("stopped_early"))
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        raise NasbenchError(f"{path} is no finished search; move it away or choose another folder.") from None
    if not same:
        raise NasbenchError(f"{path} is the search of another plan; choose another folder.")
    return found


def run_plan(
    plan: Plan, device: torch.device, folder: Path | None = None, say: Say = to_stderr, rank: int = 0
) -> dict[str, Any]:
    """Search, train, score: return one flat result, with the curves and every setting beside it.

    Args:
        plan: what to do.
        device: where.
        folder: resumed where it holds the same plan; None keeps nothing.
        say: takes messages.
        rank: architectures to train alone beside, so as to see how well the shared weights rank them; 0 for none.

    Raises:
        NasbenchError: for a plan that cannot be run, or a ranking where no weights are shared.
    """
    check_plan(plan)
    if rank:
        check_rank(plan, rank)
    task = get_task(plan.task)
    splits = task.load().reduced(*plan.examples)
    say(f"{plan.optimizer} searches {plan.space} on {plan.task} (seed {plan.seed}, {device.type})")
    searched = _searched(plan, task, splits, device, folder)
    recipe = replace(plan.recipe, seed=plan.seed)
    trained = train_final(task, splits, plan.space, searched.architecture, recipe, device, folder, say)
    space = blueprint(plan.space).make_space()
    ranked = _ranked(plan, task, splits, searched, device, folder, say, rank) if rank else {}
    return {
        "task": plan.task,
        "space": plan.space,
        "optimizer": plan.optimizer,
        "seed": plan.seed,
        "architecture": space.to_string(searched.architecture),
        "search_seconds": searched.seconds,
        **({"stopped_early": searched.stopped_early} if plan.shares_weights else {}),
        **describe_trained(task, splits, trained, recipe, device),
        **ranked,
        "search_curve": searched.curve,
        "train_curve": trained.curve,
        "plan": plan_as_dict(plan),
    }


def check_rank(plan: Plan, rank: int) -> None:
    """Raise NasbenchError unless `rank` architectures can be ranked by the shared weights of a plan."""
    if not plan.shares_weights:
        raise NasbenchError(
            f"A ranking holds shared weights against training alone, and {plan.optimizer} shares none here; leave out --rank."
        )
    if rank < 2:
        raise NasbenchError(f"The number of architectures to rank is {rank}; it should be 2 or more.")


def _ranked(
    plan: Plan,
    task: Task,
    splits: Splits,
    searched: Searched,
    device: torch.device,
    folder: Path | None,
    say: Say,
    rank: int,
) -> dict[str, Any]:
    """How the supernet of a search ranks uniform architectures: flat values, and the rest as `ranking`."""
    say(f"{rank} architectures are trained alone, to be ranked")
    space = blueprint(plan.space).make_space()
    architectures = space.sample(np.random.default_rng(plan.seed).random((rank, space.d)))
    recipe = replace(plan.search_recipe, seed=plan.seed)
    with memory_guard(device, "ranking"):
        found = searched.found or shared_search(plan, task, splits, device, folder).run()
        assert found.searcher is not None
        supernet = found.searcher.supernet.eval()
        result = supernet_ranking(supernet, task, splits, architectures, recipe, max(rank // 5, 1), device, folder)
    scores = zip(map(space.to_string, architectures), result.shared, result.alone, strict=True)
    return {
        "rank_tau": result.kendall_tau,
        "rank_overlap": result.top_k_overlap,
        "ranking": {
            "architectures": result.n,
            "kendall_tau": result.kendall_tau,
            "kendall_tau_low": result.low,
            "kendall_tau_high": result.high,
            "p_value": result.p_value,
            "top_k": result.k,
            "overlap": result.top_k_overlap,
            "seconds": result.seconds,
            "scores": [{"architecture": name, "shared": float(s), "alone": float(a)} for name, s, a in scores],
        },
    }


def plan_as_dict(plan: Plan) -> dict[str, Any]:
    """Return every setting of a plan as JSON can hold it."""
    plain = asdict(replace(plan, options={}, budget={}))
    if not plan.objectives:
        del plain["objectives"]  # so that folders written before there could be several are resumed
    return {**plain, "options": dict(plan.options), "budget": dict(plan.budget), "examples": list(plan.examples)}
