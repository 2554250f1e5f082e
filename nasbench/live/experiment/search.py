"""The search phase of an experiment, with shared weights or by training from scratch; the test split is not used."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nasbench.errors import NasbenchError
from nasbench.files.sealed import read_sealed, write_sealed
from nasbench.live.experiment.config import ExperimentConfig, check_config, config_as_dict, upgraded_config
from nasbench.live.experiment.evaluation_cache import EvaluationCache
from nasbench.live.experiment.experiment import Experiment
from nasbench.live.experiment.known_quantities import KnowingEvaluator
from nasbench.live.experiment.resumed_training import ResumingEvaluator
from nasbench.live.experiment.training_benchmark import LiveBenchmark, LiveProblem
from nasbench.live.networks.space_networks import Architecture
from nasbench.live.searchers.catalogue import get_searcher
from nasbench.live.searchers.diagnostics import supernet_warnings
from nasbench.live.searchers.hybrid_supernet import HybridSupernet
from nasbench.live.searchers.loop import SEARCH_CHECKPOINT, SearchResult, SupernetSearch, build_searcher
from nasbench.live.searchers.selection import perturbed_selection
from nasbench.live.searchers.stopping import EarlyStopping
from nasbench.live.training.batches import DeviceSplit
from nasbench.live.training.metrics import evaluate
from nasbench.live.training.microbatching import memory_guard
from nasbench.live.training.standalone import build_trainer
from nasbench.live.training.training import EpochCallback, noop_callback
from nasbench.search.ledger import Budget
from nasbench.search.loop import search
from nasbench.search.random_streams import Streams
from nasbench.search.registry import get_optimizer
from nasbench.search.search_protocol import SearchProtocol
from nasbench.study.live_trace import stored_columns, supernet_columns
from nasbench.study.trace_table import Columns, trace_columns


@dataclass(frozen=True)
class SearchOutcome:
    """Result of a search.

    Attributes:
        architecture: the architecture found.
        seconds: measured seconds.
        curve: one row per epoch of the supernet, or per query.
        trace: see `nasbench.study.trace_table`; the objective is called "error" for every metric.
        stopped_early: whether early stopping ended it; None without such a rule, or if unknown for a folder of an older
            version.
        found: the weight-sharing search, if run by this process.
    """

    architecture: Architecture
    seconds: float
    curve: list[dict[str, Any]]
    trace: Columns
    stopped_early: bool | None = None
    found: SearchResult | None = None


def search_architecture(experiment: Experiment, epoch_callback: EpochCallback = noop_callback) -> SearchOutcome:
    """Search for an architecture without using the test split; seconds include the training of finalists.

    `epoch_callback` is called before each epoch of the supernet and of finalists; an exception from it ends the search,
    and a later call with the same folder resumes.

    Raises:
        NasbenchError: for an invalid configuration, or if memory is exhausted.
    """
    check_config(experiment.config)
    if not experiment.config.shares_weights:
        return _standalone_outcome(experiment, epoch_callback)
    with memory_guard(experiment.device, "searching"):
        return _supernet_outcome(experiment, epoch_callback)


def _supernet_outcome(experiment: Experiment, epoch_callback: EpochCallback) -> SearchOutcome:
    config, run = experiment.config, supernet_search(experiment)
    searcher = run.searcher
    found = run.run(epoch_callback=epoch_callback)
    for warning in supernet_warnings(found, run.held):
        experiment.reporter(warning)
    architecture = found.architecture
    finalists: list[dict[str, Any]] = []
    after = time.perf_counter()
    if isinstance(searcher, HybridSupernet):
        chosen = searcher.finalists()
        finalists, resumed = train_finalists(experiment, chosen, epoch_callback)
        architecture = chosen[int(np.argmin([row["search"] for row in finalists]))]
        after -= resumed
    elif config.architecture_selection == "perturbation":
        generator = torch.Generator().manual_seed(config.seed)
        architecture = perturbed_selection(searcher, run.held.head(500), generator)
    seconds = found.seconds + time.perf_counter() - after
    epochs = config.search_recipe.epochs
    trace = supernet_columns(found.curve, finalists, experiment.space, config.seed, epochs)
    return SearchOutcome(architecture, seconds, found.curve, trace, found.stopped_early, found)


def supernet_search(experiment: Experiment) -> SupernetSearch:
    """Return the weight-sharing search of an experiment, restored from its folder.

    Architecture selection is not part of the checkpoint's identity, since it follows the last epoch.
    """
    config, task, device = experiment.config, experiment.task, experiment.device
    make, partial = get_searcher(config.optimizer, config.optimizer_params)
    searcher = build_searcher(make, task, config.space, replace(config.supernet, seed=config.seed), device, partial)
    identity = {"space": config.space, "optimizer": config.optimizer, "options": dict(config.optimizer_params)}
    return SupernetSearch(
        searcher, task, experiment.splits, EarlyStopping.parse(config.early_stopping), experiment.workdir, identity
    )


def train_finalists(
    experiment: Experiment, architectures: Architecture, epoch_callback: EpochCallback
) -> tuple[list[dict[str, Any]], float]:
    """Train finalists from scratch; return one row each with its score on the search split, and the seconds of earlier
    calls.
    """
    config, task, device = experiment.config, experiment.task, experiment.device
    recipe = replace(config.search_recipe, seed=config.seed)
    held = DeviceSplit(experiment.splits.search, task, device)
    rows, resumed = [], 0.0
    for number, architecture in enumerate(architectures):
        run = build_trainer(
            task,
            experiment.splits,
            config.space,
            architecture,
            recipe,
            device,
            experiment.place(f"finalist-{number}"),
            track=False,
        )
        resumed += sum(row["seconds"] for row in run.curve)
        trained = run.run(epoch_callback=epoch_callback)
        score = evaluate(trained.network, task.shape, held)
        rows.append({"architecture": architecture.tolist(), "search": score, "seconds": trained.seconds})
    return rows, resumed


def _standalone_outcome(experiment: Experiment, epoch_callback: EpochCallback) -> SearchOutcome:
    start = time.perf_counter()
    trace, replayed = search_standalone(experiment, epoch_callback)
    errors = trace[_objectives(experiment.config)[0]]
    whole = trace["epochs"] == trace["epochs"].max()  # a short training says less
    answers = zip(trace["architecture"], errors, trace["charged_seconds"], strict=True)
    curve = [
        {"query": i + 1, "architecture": a.tolist(), "search": float(e), "seconds": float(c)}
        for i, (a, e, c) in enumerate(answers)
    ]
    found = trace["architecture"][int(np.where(whole, errors, np.inf).argmin())]
    return SearchOutcome(found, time.perf_counter() - start + replayed, curve, trace)


def search_standalone(experiment: Experiment, epoch_callback: EpochCallback = noop_callback) -> tuple[Columns, float]:
    """Search by training from scratch; return the trace, and the seconds of cached trainings.

    `epoch_callback` is called before each epoch of a training; an exception from it ends the search, and a later call
    with the same folder resumes after the last finished training.

    Raises:
        NasbenchError: if the folder holds another search.
    """
    config, task, folder = experiment.config, experiment.task, experiment.workdir
    if folder and (folder / SEARCH_CHECKPOINT).exists():
        # The name hybrid once denoted a weight-sharing search, and folders of that time only record the name.
        raise NasbenchError(
            f"{folder / SEARCH_CHECKPOINT} is of a search on shared weights, and {config.optimizer} trains alone; choose another folder "
            "(what was hybrid on shared weights is hybrid_supernet now)."
        )
    protocol = SearchProtocol(
        objectives=config.objectives or (task.metric,),
        split="search",
        epochs=config.epochs,
        training_seed="random",
        repeat_policy="cache",
        budget=Budget(dict(config.budget)),
    )
    cache = EvaluationCache(folder / "trainings.json", config_as_dict(config), upgraded_config) if folder else None
    with memory_guard(experiment.device, "searching"):
        splits = experiment.splits
        live = LiveBenchmark(task, splits.train, splits.search, config.space, config.search_recipe, experiment.device)
        evaluator = (ResumingEvaluator if config.fidelities else KnowingEvaluator)(
            live, protocol, cache, epoch_callback
        )
        if isinstance(evaluator, ResumingEvaluator):
            evaluator.folder = folder
        evaluator.supernet = replace(config.supernet, seed=config.seed)
        problem = LiveProblem(evaluator, protocol, config.seed, (0,))
        optimizer = get_optimizer(config.optimizer).create(
            problem, Streams(config.seed, (0,)), dict(config.optimizer_params)
        )
        batches, _ = search(problem, optimizer)
    return trace_columns(batches, (0,), _objectives(config)), cache.replayed_seconds if cache else 0.0


def _objectives(config: ExperimentConfig) -> tuple[str, ...]:
    """Return the names of the objectives in a trace: "error" stands for the metric of the task where there is no other."""
    return config.objectives or ("error",)


def resume_or_search(experiment: Experiment) -> SearchOutcome:
    """Search, or load a finished search of the same configuration from the folder, so that an interrupted retraining
    does not repeat it.
    """
    config, path = experiment.config, experiment.place("searched.json")
    if path and path.exists():
        return load_finished_search(path, config)
    outcome = search_architecture(experiment)
    if path:
        found = {name: getattr(outcome, name) for name in ("seconds", "curve", "stopped_early")}
        found["trace"] = {name: column.tolist() for name, column in outcome.trace.items()}
        write_sealed(path, {"config": config_as_dict(config), "architecture": outcome.architecture.tolist(), **found})
    return outcome


def load_finished_search(path: Path, config: ExperimentConfig) -> SearchOutcome:
    """Load a finished search; raises NasbenchError if the file is damaged or has another configuration."""
    kept = read_sealed(path, "finished search")
    stored = kept["config"] if "config" in kept else kept["plan"]  # the key of the first edition
    if upgraded_config(stored) != json.loads(json.dumps(config_as_dict(config))):
        raise NasbenchError(f"{path} is a search with another configuration; choose another folder.")
    curve = list(kept["curve"])
    trace = (
        {name: np.asarray(column) for name, column in kept["trace"].items()}
        if "trace" in kept
        else stored_columns({"config": stored, "search_curve": curve})
    )
    architecture = np.array(kept["architecture"], np.int8)
    return SearchOutcome(architecture, float(kept["seconds"]), curve, trace, kept.get("stopped_early"))
