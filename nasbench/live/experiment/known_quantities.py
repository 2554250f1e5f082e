"""What a live task knows of an architecture without training it alone: counted sizes, zero-cost proxies, and scores of a supernet.

An optimizer takes them as a prior mean (`prior_mean` of the hybrid). Counted sizes are free. A proxy is computed once for all architectures of
different function, and a supernet is trained and asked once for them; the measured seconds are charged to the run as training seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

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
from nasbench.live.zero_cost.proxies import PROXIES, ProxyScorer
from nasbench.search.known_quantities import KnownQuantity
from nasbench.spaces.space import Architectures, Floats, Space

SUPERNET = "supernet"
"""Loss of an architecture on the search split with the weights of a supernet trained by fair sampling."""
KNOWN = (*COUNTED, SUPERNET, *PROXIES)
SCORED = 250
"""Search examples on which an architecture is scored."""


def check_known(name: str, space: str) -> None:
    """Raise NasbenchError for a quantity that is not known without training on a space."""
    if name not in KNOWN:
        raise unknown_name("quantity that is known without training", name, KNOWN)
    if name not in COUNTED and space != "nas-bench-201":
        raise NasbenchError(
            f"Zero-cost proxies and scores of a supernet are for nas-bench-201, not for {space}; name one of {', '.join(COUNTED)}."
        )


def score_functions(space: Space, score: Callable[[Architectures], Floats]) -> KnownQuantity:
    """Return the quantity that `score`, architectures `(n, d)` to `(n,)`, gives to every architecture of a space.

    It is called once, for one architecture of each function; its measured seconds are those of the quantity. What is not defined gets the
    median of the others, which says nothing.
    """
    start = time.perf_counter()
    functions, of = np.unique(space.index(space.canonical(space.all)), return_inverse=True)
    scores = np.asarray(score(space.from_index(functions)), dtype=np.float64)
    known = np.isfinite(scores)
    scores[~known] = np.median(scores[known]) if known.any() else 0.0
    table = scores[of]
    return KnownQuantity(lambda architectures: table[space.index(architectures)], time.perf_counter() - start)


@dataclass(frozen=True)
class SupernetScores:
    """Scores by a supernet that is trained when it is first asked.

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

    def __call__(self, architectures: Architectures) -> Floats:
        """Return the scores of architectures `(n, d)`, `(n,)`; minimised."""
        make, partial = get_searcher("rsps", {"candidates": 1, "sampling": "fair"})
        searcher = build_searcher(make, self.task, self.space, self.settings, self.device, partial)
        SupernetSearch(searcher, self.task, self.splits).run()
        held = DeviceSplit(self.splits.search, self.task, self.device).head(SCORED)
        return shared_losses(searcher.supernet.eval(), architectures, held)


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
            return score_functions(
                live.space, SupernetScores(live.task, splits, live.space_name, settings, live.device)
            )
        if name in PROXIES:
            size, seed = (recipe.channels, recipe.cells), self.supernet.seed
            proxy = ProxyScorer(name, live.task, live.train, live.space_name, *size, live.device, seed)
            return score_functions(live.space, lambda architectures: proxy(architectures)[0])
        counters = CostCounters(get_networks(live.space_name), live.task.shape, recipe.channels, recipe.cells)

        def count(architectures: Architectures) -> Floats:
            flat = architectures.reshape(-1, architectures.shape[-1])
            return counters([name], flat)[:, 0].reshape(architectures.shape[:-1])

        return KnownQuantity(count)
