"""`python -m nasbench.live.evidence.small`: evaluation of the space and the search on a CPU, at a fortieth of the size.

5,000 training images, 8 epochs, networks of about 10 million multiply-accumulates, 2,000 test images. `anchor` compares
airbench96 at 16 channels with the best tabulated cell of NAS-Bench-201 at equal cost; `search` compares the result of
20 short trainings with random members of equal multiply-accumulates, paired by the seed of the search. Trainings are
cached.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

import torch

from nasbench.errors import NasbenchError
from nasbench.live.evidence.clock import Clock
from nasbench.live.evidence.plans import RECIPE, EvidenceConfig
from nasbench.live.evidence.record import new_record
from nasbench.live.evidence.run import EvidenceRun
from nasbench.live.evidence.sources import sources_digest
from nasbench.live.experiment.evaluation_cache import EvaluationCache
from nasbench.live.hardware.counting import macs
from nasbench.live.networks.builders import get_networks
from nasbench.live.networks.space_networks import Architecture
from nasbench.live.tasks import cifar10
from nasbench.live.tasks.task import Augmentation, Splits, task_folder
from nasbench.live.training.batches import DeviceSplit
from nasbench.live.training.metrics import evaluate
from nasbench.live.training.recipe import CIFAR10_GPU, Recipe
from nasbench.live.training.standalone import build_trainer
from nasbench.live.training.training import stderr_reporter
from nasbench.spaces.convnet import AIRBENCH96

CPU = torch.device("cpu")
TRAIN, SEARCH, TEST = 5000, 2000, 2000
AIRBENCH_RATE = 1.17
"""The learning rate of airbench96 for 1,024 examples and the mean of their losses."""
# Decided on the search split, one seed each: 312 steps want a rate near that of a batch of 1,024 (accuracy with views 58, 65, 69, 72,
# 73 and 72% at a half, one, two, four, six and eight times `AIRBENCH_RATE` / 8), and biases that are scaled less.
SMALL = replace(
    RECIPE,
    epochs=8,
    batch_size=128,
    compile=False,
    learning_rate=6 * AIRBENCH_RATE / 8,
    weight_decay=6 * RECIPE.weight_decay / 8,
    bias_scale=4.0,
    channels=16,
    augmentation=Augmentation(flip=True, alternate=True, translate=2, padding="reflect", cutout=8),
)
CELL = "333132"
CELL_RECIPE = replace(
    CIFAR10_GPU,
    epochs=8,
    batch_size=128,
    compile=False,
    learning_rate=0.2,
    ema_decay=0.99,
    channels=8,
    cells=1,
    augmentation=Augmentation(flip=True, translate=2, cutout=8),
)
"""Recipe of the best tabulated cell, scaled alike."""
PLAN = EvidenceConfig(
    name="small",
    device="cpu",
    space="convnet:16:12",
    queries=20,
    search_epochs=SMALL.epochs,
    search_seed=0,
    examples=(None, None),
    recipe=SMALL,
)
MEMBERS = 5
"""Number of random members of equal multiply-accumulates per search."""


@dataclass(frozen=True)
class SmallComparison:
    """The small-scale comparisons.

    Attributes:
        splits: the examples used.
        folder: folder of cached trainings.
    """

    splits: Splits
    folder: Path

    def anchor(self, seeds: int) -> dict[str, Any]:
        """Return the accuracy in % of airbench96 and of the cell, over `seeds` seeds each."""
        rows = {}
        for name, space, text, recipe in (
            ("convnet", "convnet", AIRBENCH96, SMALL),
            ("cell", "nas-bench-201", CELL, CELL_RECIPE),
        ):
            architecture = get_networks(space).make_space().from_string(text)
            network = get_networks(space).build_standalone(
                architecture, cifar10.TASK.shape, recipe.channels, recipe.cells
            )
            accuracies = [self._accuracy(space, architecture, replace(recipe, seed=seed)) for seed in range(seeds)]
            rows[name] = {
                "architecture": text,
                "mmacs": macs(network, cifar10.TASK.shape) / 1e6,
                "accuracies": accuracies,
                "mean": mean(accuracies),
            }
        return rows

    def search(self, seeds: int) -> dict[str, Any]:
        """Return the accuracy in % of the architecture found by each search and of random members of equal
        multiply-accumulates, and the paired difference.
        """
        rows = []
        for seed in range(seeds):
            config = replace(PLAN, search_seed=seed)
            record = new_record(config.as_dict(), sources_digest(), None)
            clock = Clock(math.inf, math.inf, stderr_reporter)
            run = EvidenceRun(
                config,
                cifar10.TASK,
                self.splits,
                CPU,
                self.folder / "none.json",
                record,
                self.folder / f"search-{seed}",
                clock,
            )
            search = run.search()
            found = get_networks(config.space).make_space().from_string(search["architecture"])
            members = [run.random_member(found, MEMBERS * seed + k) for k in range(MEMBERS)]
            # A seed not used in the search, the same for all.
            recipe = replace(SMALL, seed=1000 + seed)
            ours, *others = (self._accuracy(config.space, a, recipe) for a in (found, *members))
            rows.append(
                {
                    "seed": seed,
                    "found": search["architecture"],
                    "mmacs": search["mmacs"],
                    "accuracy": ours,
                    "random": others,
                    "difference": ours - median(others),
                }
            )
            stderr_reporter(f"search {seed}: {ours:.2f}% against a median of {median(others):.2f}%")
        return {"searches": rows, **_interval([row["difference"] for row in rows])}

    def _accuracy(self, space: str, architecture: Architecture, recipe: Recipe) -> float:
        """Test accuracy in % of one training, from the cache if available."""
        place = f"{space.replace(':', '-')}-{'-'.join(map(str, architecture.tolist()))}-seed{recipe.seed}"
        identity = {"recipe": asdict(recipe), "examples": [len(self.splits.train), len(self.splits.test)]}
        cache = EvaluationCache(self.folder / f"{place}.json", identity)

        def train() -> tuple[list[float], int, float]:
            trained = build_trainer(cifar10.TASK, self.splits, space, architecture, recipe, CPU, track=False).run()
            test = DeviceSplit(self.splits.test, cifar10.TASK, CPU)
            error = evaluate(
                trained.network, cifar10.TASK.shape, test, views=recipe.views, arithmetic=trained.arithmetic
            )
            return [error], recipe.seed, trained.seconds

        return 100.0 - cache.answer((0,), train)[0][0]


def _interval(differences: list[float]) -> dict[str, Any]:
    """Return the mean of paired differences with its two-sided 95% interval (Student's t)."""
    from scipy.special import stdtrit

    n = len(differences)
    if n < 2:
        return {"mean_difference": differences[0], "interval": None}
    reach = float(stdtrit(n - 1, 0.975)) * stdev(differences) / math.sqrt(n)
    return {"mean_difference": mean(differences), "interval": [mean(differences) - reach, mean(differences) + reach]}


def main(arguments: list[str] | None = None) -> int:
    """Print one comparison as JSON; return 2 for wrong use or bad input."""
    parser = argparse.ArgumentParser(prog="python -m nasbench.live.evidence.small")
    parser.add_argument("what", choices=("anchor", "search"))
    parser.add_argument("--seeds", type=int, help="default: 3 for anchor, 5 for search")
    parser.add_argument("--data", type=Path, help="as of `python -m nasbench.live.evidence`")
    parser.add_argument("--work", type=Path, help="folder of cached trainings; default: in the cache")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)  # results must not depend on the number of cores
    try:
        if options.seeds is not None and options.seeds < 1:
            raise NasbenchError(f"--seeds is {options.seeds}; it should be 1 or more.")
        files = cifar10.cached() if options.data is None else cifar10.from_path(options.data)
        whole = cifar10.splits(files)
        splits = Splits(whole.train.first(TRAIN), whole.search.first(SEARCH), whole.test.first(TEST))
        small = SmallComparison(splits, options.work or task_folder("cifar10").parent / "evidence" / "small")
        todo: dict[str, tuple[Callable[[int], dict[str, Any]], int]] = {
            "anchor": (small.anchor, 3),
            "search": (small.search, 5),
        }
        compare, usual = todo[options.what]
        print(json.dumps(compare(options.seeds or usual), indent=1))
    except (NasbenchError, OSError) as fault:
        stderr_reporter(f"small: {fault}")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
