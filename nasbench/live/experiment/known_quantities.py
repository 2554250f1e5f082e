"""What a live task knows of an architecture without training it alone: counted sizes, and scores of a supernet.

An optimizer takes them as a prior mean (`prior_mean` of the hybrid). Counted sizes are free. A supernet is trained and asked once for all
architectures, and the measured seconds of both are charged to the run as training seconds.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch

from nasbench.errors import NasbenchError, unknown_name
from nasbench.live.experiment.training_benchmark import TrainingEvaluator
from nasbench.live.hardware.cost_counters import COUNTED, CostCounters
from nasbench.live.networks.builders import get_networks
from nasbench.live.searchers.catalogue import get_searcher
from nasbench.live.searchers.loop import SupernetSearch, build_searcher
from nasbench.live.searchers.searcher import SupernetConfig
from nasbench.live.supernets.one_shot_evaluation import shared_losses
from nasbench.live.tasks.task import Splits, Task
from nasbench.live.training.batches import DeviceSplit
from nasbench.search.known_quantities import KnownQuantity
from nasbench.spaces.space import Architectures, Floats, Space

SUPERNET = "supernet"
"""Loss of an architecture on the search split with the weights of a supernet trained by fair sampling."""
KNOWN = (*COUNTED, SUPERNET)
SCORED = 250
"""Search examples on which an architecture is scored."""


def check_known(name: str, space: str) -> None:
    """Raise NasbenchError for a quantity that is not known without training on a space."""
    if name not in KNOWN:
        raise unknown_name("quantity that is known without training", name, KNOWN)
    if name == SUPERNET and space != "nas-bench-201":
        raise NasbenchError(
            f"Scores of a supernet are for nas-bench-201, not for {space}; name one of {', '.join(COUNTED)}."
        )


@dataclass(frozen=True)
class SupernetScores:
    """Scores of all architectures by one supernet.

    Attributes:
        task, splits: the task and its training and search examples.
        space: name of the space.
        settings: the supernet and its training.
        device: device for training.
    """

    task: Task
    splits: Splits
    space: str
    settings: SupernetConfig
    device: torch.device

    @cached_property
    def _found(self) -> tuple[Floats, Space, float]:
        """Return the score of each architecture by its index, the space, and the measured seconds."""
        start = time.perf_counter()
        make, partial = get_searcher("rsps", {"candidates": 1, "sampling": "fair"})
        searcher = build_searcher(make, self.task, self.space, self.settings, self.device, partial)
        SupernetSearch(searcher, self.task, self.splits).run()
        space = get_networks(self.space).make_space()
        functions, of = np.unique(space.index(space.canonical(space.all)), return_inverse=True)
        held = DeviceSplit(self.splits.search, self.task, self.device).head(SCORED)
        scores = shared_losses(searcher.supernet.eval(), space.from_index(functions), held)
        return scores[of], space, time.perf_counter() - start

    @property
    def seconds(self) -> float:
        """Measured seconds of training and scoring."""
        return self._found[2]

    def __call__(self, architectures: Architectures) -> Floats:
        """Return the scores of architectures `(..., d)`, `(...)`; minimised."""
        scores, space, _ = self._found
        return scores[space.index(architectures)]


class KnowingEvaluator(TrainingEvaluator):
    """A `TrainingEvaluator` that knows the quantities `KNOWN`; `supernet` is set by the search before it is asked."""

    supernet = SupernetConfig()

    def known(self, name: str) -> KnownQuantity:
        """Return a quantity that is known without training; see `nasbench.search.problem.Problem.known`."""
        live, recipe = self.live, self.live.recipe
        check_known(name, live.space_name)
        if name == SUPERNET:
            splits = Splits(live.train, live.search, live.search.first(0))
            settings = replace(self.supernet, channels=recipe.channels, cells=recipe.cells)
            scores = SupernetScores(live.task, splits, live.space_name, settings, live.device)
            return KnownQuantity(scores, scores.seconds)
        counters = CostCounters(get_networks(live.space_name), live.task.shape, recipe.channels, recipe.cells)

        def count(architectures: Architectures) -> Floats:
            flat = architectures.reshape(-1, architectures.shape[-1])
            return counters([name], flat)[:, 0].reshape(architectures.shape[:-1])

        return KnownQuantity(count)
