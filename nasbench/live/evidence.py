"""`python -m nasbench.live.evidence`: search CIFAR-10 with the hybrid, train what it found beside two references.

One command, resumable: every epoch of the search, of its finalists and of every training is checkpointed, and a call
ends at the first epoch that would start after its minutes, to be called again. Everything is fixed beforehand: recipe,
seeds, and that the test split is scored once, after the last epoch, and selects nothing. The references are ResNet-18
and a random cell under the same recipe. A file of evidence holds device, versions, seed, recipe, curve, and the SHA-256
of the rest of itself.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import torch
from torch import nn

from nasbench.errors import NasbenchError
from nasbench.live.blueprints import Architecture, blueprint
from nasbench.live.devices import choose_device, describe
from nasbench.live.evidence_file import accuracy, read_evidence, write_evidence
from nasbench.live.final_phase import describe_trained, final_splits
from nasbench.live.networks.resnet import ResNet18
from nasbench.live.plan import Plan
from nasbench.live.search_phase import run_search
from nasbench.live.searchers.searcher import SearchSettings
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.tasks.task import Splits, Task
from nasbench.live.throughput import of_supernet, of_training
from nasbench.live.training.alone import initialised
from nasbench.live.training.halving import memory_guard
from nasbench.live.training.recipe import CIFAR10_GPU, SMALL, Recipe
from nasbench.live.training.training import Trainer, to_stderr

TARGET = 96.2
"""Test accuracy in % whose claim is judged."""
KINDS = ("found", "resnet18", "random")
"""What is trained, in this order, each for all seeds: the claim is about the first, the others are beside it."""


@dataclass(frozen=True)
class Size:
    """How large the evidence is: the real thing, or a rehearsal that shows that it runs.

    Attributes:
        task: data.
        space: what is searched.
        settings: of the supernet.
        recipe: of all trainings.
        finalist_epochs: epochs of the hybrid's finalists during the search.
        reference_channels: C of ResNet-18.
        examples: training and search examples, None for all.
    """

    task: str
    space: str
    settings: SearchSettings
    recipe: Recipe
    finalist_epochs: int
    reference_channels: int
    examples: tuple[int | None, int | None]


FULL = Size(
    task="cifar10",
    space="nas-bench-201",
    settings=SearchSettings(epochs=15, batch=256, learning_rate=0.05, channels=16, cells=2),
    recipe=CIFAR10_GPU,
    finalist_epochs=8,
    reference_channels=64,
    examples=(None, None),
)
REHEARSAL = Size(
    task="digits",
    space="nas-bench-201",
    settings=SearchSettings(epochs=2, channels=4, cells=1),
    recipe=replace(SMALL, epochs=2, channels=4, average=0.9),
    finalist_epochs=1,
    reference_channels=4,
    examples=(256, 128),
)


class UnfinishedError(Exception):
    """The minutes of this call are used; what was done is checkpointed."""


@dataclass(frozen=True)
class Evidence:
    """One call.

    Attributes:
        size: full or rehearsal.
        out: folder of the JSON files.
        work: folder of the checkpoints.
        device: where.
        deadline: `time.monotonic()` at which to stop.
    """

    size: Size
    out: Path
    work: Path
    device: torch.device
    deadline: float

    def collect(self, seeds: int) -> dict[str, Any]:
        """Do what is missing for the first `seeds` seeds and return the summary.

        Raises UnfinishedError at the deadline.
        """
        task = get_task(self.size.task)
        splits = task.load().reduced(*self.size.examples)
        with memory_guard(self.device, "collecting evidence"):
            found = self._search(task, splits)
            for kind in KINDS:
                for seed in range(seeds):
                    self._train(kind, seed, found, task, splits)
        return self._summary(seeds)

    def _plan(self) -> Plan:
        size = self.size
        # Finalists train for minutes at most, of which a compiler would take most, and on the search's account.
        recipe = replace(size.recipe, epochs=size.finalist_epochs, average=0.0, compile=False)
        return Plan(
            task=size.task,
            space=size.space,
            optimizer="hybrid_supernet",
            settings=size.settings,
            search_recipe=replace(recipe, channels=size.settings.channels, cells=size.settings.cells),
        )

    def _search(self, task: Task, splits: Splits) -> Architecture:
        path = self.out / f"{self.size.task}-search.json"
        space = blueprint(self.size.space).make_space()
        plan = self._plan()
        settings = {"settings": asdict(plan.settings), "finalist_recipe": plan.search_recipe.as_dict()}
        if path.exists():
            known = read_evidence(path)
            if {key: known.get(key) for key in settings} != json.loads(json.dumps(settings)):
                raise NasbenchError(f"{path} was made under other settings; choose another --out.")
            return space.from_string(known["architecture"])
        searched = run_search(plan, task, splits, self.device, self.work / "search", self._within)
        assert searched.found is not None and searched.found.searcher is not None
        self._write(
            path,
            {
                "optimizer": "hybrid_supernet",
                "architecture": space.to_string(searched.architecture),
                "search_seconds": searched.seconds,
                "curve": searched.curve,
                **of_supernet(searched.found.searcher, task, splits),  # which nothing else needs from here on
                **settings,
            },
        )
        return searched.architecture

    def _train(self, kind: str, seed: int, found: Architecture, task: Task, splits: Splits) -> None:
        path = self.out / f"{self.size.task}-{kind}-seed{seed}.json"
        recipe = replace(self.size.recipe, seed=seed)
        if path.exists():
            if read_evidence(path)["recipe"] != json.loads(json.dumps(recipe.as_dict())):
                raise NasbenchError(f"{path} was made under another recipe; choose another --out.")
            return
        name, network = self._network(kind, seed, found, task, recipe)
        identity = {"kind": kind, "architecture": name}
        trainer = Trainer(
            network, task, final_splits(splits), recipe, self.device, self.work / path.stem, identity, track=False
        )
        trained = trainer.run(watch=self._within)
        facts = describe_trained(task, splits, trained, recipe, self.device)
        self._write(
            path,
            {
                "kind": kind,
                "architecture": name,
                "seed": seed,
                "recipe": recipe.as_dict(),
                "recipe_sha256": recipe.digest,
                **facts,
                **of_training(trained.curve, recipe, len(trainer.train), facts["macs"], self.device),
                "curve": trained.curve,
            },
        )

    def _network(self, kind: str, seed: int, found: Architecture, task: Task, recipe: Recipe) -> tuple[str, nn.Module]:
        if kind == "resnet18":
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                return "ResNet-18", ResNet18(task.shape, self.size.reference_channels)
        space = blueprint(self.size.space).make_space()
        # The random cell of each seed is fixed before anything is measured.
        cell = found if kind == "found" else space.sample(np.random.default_rng(seed).random(space.d))
        return space.to_string(cell), initialised(task, self.size.space, cell, recipe)

    def _summary(self, seeds: int) -> dict[str, Any]:
        paths = {
            kind: [self.out / f"{self.size.task}-{kind}-seed{seed}.json" for seed in range(seeds)] for kind in KINDS
        }
        rows = {kind: judge([accuracy(read_evidence(path), path) for path in of]) for kind, of in paths.items()}
        summary = {"target": TARGET, "seeds": seeds, "networks": rows, "rehearsal": self.size is REHEARSAL}
        self._write(self.out / f"{self.size.task}-summary.json", summary)
        return summary

    def _within(self) -> None:
        if time.monotonic() >= self.deadline:
            raise UnfinishedError

    def _write(self, path: Path, content: dict[str, Any]) -> None:
        write_evidence(path, {**content, "environment": describe(self.device)})


def judge(accuracies: list[float]) -> dict[str, Any]:
    """Return mean, standard deviation and the one-sided lower 95 % bound of the mean over seeds, and the verdict.

    "holds" if the bound reaches the target, else "not shown"; fewer than three seeds show nothing.
    """
    from scipy.stats import t

    n = len(accuracies)
    row: dict[str, Any] = {"accuracies": accuracies, "mean": mean(accuracies), "n": n}
    if n < 2:
        return {**row, "deviation": None, "lower_95": None, "verdict": "not shown"}
    spread = stdev(accuracies)
    bound = row["mean"] - float(t.ppf(0.95, n - 1)) * spread / math.sqrt(n)
    return {
        **row,
        "deviation": spread,
        "lower_95": bound,
        "verdict": "holds" if n >= 3 and bound >= TARGET else "not shown",
    }


def main(arguments: list[str] | None = None) -> int:
    """Collect evidence; return 0 when it is complete, 3 when minutes ran out, 2 for wrong use."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=Path("reports/evidence"))
    parser.add_argument("--work", type=Path, default=Path("results/evidence"), help="checkpoints")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=9.0)
    parser.add_argument("--device", default="cuda")
    parser.add_argument(
        "--rehearsal", action="store_true", help="a tiny run on digits that shows that everything works"
    )
    options = parser.parse_args(arguments)
    try:
        if options.seeds < 1:
            raise NasbenchError(f"The number of seeds is {options.seeds}; it should be 1 or more.")
        size = REHEARSAL if options.rehearsal else FULL
        deadline = time.monotonic() + 60 * options.minutes
        evidence = Evidence(size, options.out, options.work, choose_device(options.device), deadline)
        print(json.dumps(evidence.collect(options.seeds), indent=1))
    except UnfinishedError:
        to_stderr("The minutes of this call are used; run the same command again to go on from here.")
        return 3
    except NasbenchError as fault:
        to_stderr(f"evidence: {fault}")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
