"""Evidence run: search, train the architecture found for every seed, then the references; the record is rewritten after
each step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nasbench.hybrid.optimizer import OPTIMIZER
from nasbench.live.evidence.clock import Clock
from nasbench.live.evidence.cost import cost
from nasbench.live.evidence.plans import EvidenceConfig, NetworkKind
from nasbench.live.evidence.record import write_record
from nasbench.live.experiment.evaluation_cache import EvaluationCache
from nasbench.live.experiment.retraining import describe_trained, final_splits
from nasbench.live.experiment.training_benchmark import LiveBenchmark
from nasbench.live.hardware.throughput import training_throughput
from nasbench.live.hardware.torch_device import describe, without_autotuning
from nasbench.live.networks.builders import ConvNetworks
from nasbench.live.networks.resnet import ResNet18
from nasbench.live.networks.space_networks import Architecture
from nasbench.live.tasks.task import Splits, Task
from nasbench.live.training.microbatching import memory_guard
from nasbench.live.training.recipe import Recipe
from nasbench.live.training.standalone import prepare_network
from nasbench.live.training.training import DivergedError, Reporter, Trainer, compile_network, stderr_reporter
from nasbench.search.ledger import Budget
from nasbench.search.loop import search
from nasbench.search.observations import Observations
from nasbench.search.random_streams import Streams
from nasbench.search.search_protocol import SearchProtocol
from nasbench.spaces.convnet import ConvNetSpace
from nasbench.spaces.space import Floats

RESNET = "ResNet-18"


@dataclass
class EvidenceRun:
    """One call of an evidence run.

    Attributes:
        config: the plan.
        task: CIFAR-10.
        splits: its examples; the test split is evaluated once per training, after the last epoch, and never used for
            selection.
        device: device for all computation.
        path: path of the record.
        record: results so far.
        work: folder of checkpoints and of the search's evaluation cache, from which the run resumes; None for none.
        clock: ends the call at its deadline.
        reporter: callback for messages.
        networks: compiled networks by architecture: compiled once, and initialised for each seed.
    """

    config: EvidenceConfig
    task: Task
    splits: Splits
    device: torch.device
    path: Path
    record: dict[str, Any]
    work: Path | None
    clock: Clock
    reporter: Reporter = stderr_reporter
    networks: dict[str, tuple[nn.Module, Callable[[Tensor], Any]]] = field(default_factory=dict)

    def collect(self) -> dict[str, Any]:
        """Run the missing steps of the plan in order, and return the record."""
        spent = cost(self.config, len(self.splits.train), len(self.splits.search))
        self.clock.expect(spent.search / (self.config.queries * self.config.search_epochs))
        if self.record["search"] is None:
            self.record["search"] = self.search()
            self.write()
        else:
            self.clock.skip(self.config.queries * self.config.search_epochs)
        found = self._space.from_string(self.record["search"]["architecture"])
        for kind, seed in self.config.order():
            self.clock.expect(spent.seed / self.config.recipe.epochs)
            if any((t["kind"], t["seed"]) == (kind, seed) for t in self.record["trainings"]):
                self.clock.skip(self.config.recipe.epochs)
            else:
                self.record["trainings"].append(self._train(kind, seed, found))
                self.write()
        return self.record

    def search(self) -> dict[str, Any]:
        """Search with the registered hybrid by training from scratch; return the architecture found and all queries."""
        config, recipe, space = self.config, self.config.search_recipe, self._space
        part = self.splits.reduced(*config.examples)
        protocol = SearchProtocol(
            objectives=(self.task.metric,),
            split="search",
            epochs=(recipe.epochs,),
            training_seed="random",
            repeat_policy="cache",
            budget=Budget({"unique_queries": float(config.queries)}),
        )
        identity = {"settings": self.record["settings_sha256"], "sources": self.record["sources_sha256"]}
        cache = EvaluationCache(self.work / "trainings.json" if self.work else None, identity)
        self.clock.skip(len(cache.answers) * config.search_epochs)
        with memory_guard(self.device, "searching"), without_autotuning():
            live = LiveBenchmark(self.task, part.train, part.search, config.space, recipe, self.device, diverged=100.0)
            problem = live.problem(protocol, config.search_seed, (0,), cache, self.clock)
            optimizer = OPTIMIZER.create(problem, Streams(config.search_seed, (0,)), {})
            batches, optimizer_seconds = search(problem, optimizer, self._said)
        queries = [row for batch in batches for row in self._queries(batch)]
        best = min(queries, key=lambda row: row["search_error"])
        self.reporter(f"found: {best['architecture']}, {best['search_error']:.2f}% wrong, {best['mmacs']:.0f} MMAC")
        return {
            "optimizer": "hybrid",
            "architecture": best["architecture"],
            "mmacs": best["mmacs"],
            "train_seconds": sum(row["seconds"] for row in queries),
            "optimizer_seconds": optimizer_seconds,
            "queries": queries,
            "environment": describe(self.device),
            "space_size": space.size,
        }

    def random_member(self, found: Architecture, seed: int) -> Architecture:
        """Return a uniformly random member with about as many multiply-accumulates as the architecture found, other
        than itself.
        """
        members = self._space.all
        macs, target = self._macs(members), self._macs(found[None])[0]
        near = (np.abs(macs - target) <= self.config.equal_macs * target) & (members != found).any(axis=1)
        return members[np.random.default_rng(seed).choice(np.flatnonzero(near))]

    def _train(self, kind: NetworkKind, seed: int, found: Architecture) -> dict[str, Any]:
        recipe = replace(self.config.reference_recipe if kind == "resnet18" else self.config.recipe, seed=seed)
        name, network, forward = self._network(kind, seed, found, recipe)
        identity = {"kind": kind, "architecture": name, "sources": self.record["sources_sha256"]}
        folder = self.work / f"{kind}-seed{seed}" if self.work else None
        entry = {"kind": kind, "seed": seed, "architecture": name, "recipe_sha256": recipe.digest}
        try:
            with memory_guard(self.device, "training"):
                trainer = Trainer(
                    network, self.task, self.whole, recipe, self.device, folder, identity, False, self.reporter, forward
                )
                self.clock.skip(len(trainer.curve))
                trained = trainer.run(epoch_callback=self.clock)
        except (
            DivergedError
        ) as fault:  # of one network: the others are trained nevertheless, and this one counts as failed
            self.reporter(f"{kind}, seed {seed}: {fault}")
            return {**entry, "failed": str(fault)}
        if forward is not None:  # a failed compilation is not repeated for the next seed
            self.networks[name] = network, trainer.forward
        facts = describe_trained(self.task, self.splits, trained, recipe, self.device)
        views = (
            f", {100 - facts['test_error_with_views']:.2f}% with views"
            if facts["test_error_with_views"] is not None
            else ""
        )
        self.reporter(f"{kind}, seed {seed}: {100 - facts['test_error']:.2f}%{views}, {trained.seconds:.0f} s")
        return {
            **entry,
            **facts,
            **training_throughput(
                trained.curve,
                recipe.batch_size,
                recipe.precision == "bfloat16",
                len(trainer.train),
                facts["macs"],
                self.device,
            ),
            "curve": trained.curve,
            "environment": describe(self.device),
        }

    def _network(
        self, kind: NetworkKind, seed: int, found: Architecture, recipe: Recipe
    ) -> tuple[str, nn.Module, Callable[[Tensor], Any] | None]:
        """Return the name of a network, the network initialised for a seed, and its compiled form if there is one."""
        network: nn.Module
        if kind == "resnet18":
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                name, network = RESNET, ResNet18(self.task.shape, self.config.reference_channels).to(self.device)
        else:
            member = found if kind == "found" else self.random_member(found, seed)
            name = self._space.to_string(member)
            network = prepare_network(self.task, self.whole, self.config.space, member, recipe, self.device)
        # Random members differ between seeds, and compilation takes too long for a single training.
        if not recipe.compile or kind == "random":
            return name, network, None
        if name not in self.networks:
            self.networks[name] = network, compile_network(network)
        kept, forward = self.networks[name]
        kept.load_state_dict(network.state_dict())
        return name, kept, forward

    @cached_property
    def whole(self) -> Splits:
        """Splits with all non-test examples for training."""
        return final_splits(self.splits)

    @property
    def _space(self) -> ConvNetSpace:
        return ConvNetworks(self.config.space).make_space()

    def _macs(self, architectures: Architecture) -> Floats:
        return ConvNetworks(self.config.space).counts(architectures, self.task.shape, self.config.recipe.channels)[:, 1]

    def _queries(self, batch: Observations) -> Iterator[dict[str, Any]]:
        answers = batch.select_run(0)
        for architecture, error, seconds in zip(
            answers.architectures, answers.objectives[:, 0], answers.charged_seconds, strict=True
        ):
            yield {
                "architecture": self._space.to_string(architecture),
                "search_error": float(error),
                "mmacs": float(self._macs(architecture[None])[0]) / 1e6,
                "seconds": float(seconds),
            }

    def _said(self, batch: Observations) -> bool:
        for row in self._queries(batch):
            self.reporter(
                f"{row['architecture']}: {row['search_error']:.2f}% wrong, {row['mmacs']:.0f} MMAC, {row['seconds']:.0f} s"
            )
        return False

    def write(self) -> None:
        """Write the current record with its summary."""
        self.record = write_record(self.path, self.record)
