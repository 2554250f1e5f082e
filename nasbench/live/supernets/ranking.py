"""Rank correlation of one-shot scores with training from scratch.

Measures how well a supernet ranks architectures.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nasbench.live.networks.space_networks import Architecture
from nasbench.live.supernets.one_shot_evaluation import shared_errors, shared_losses
from nasbench.live.supernets.supernet import Supernet
from nasbench.live.tasks.task import Splits, Task
from nasbench.live.training.batches import DeviceSplit
from nasbench.live.training.metrics import mean_loss, primary
from nasbench.live.training.recipe import Recipe
from nasbench.live.training.standalone import build_trainer


@dataclass(frozen=True)
class SupernetRanking:
    """Rank correlation of one-shot scores with scores after training from scratch.

    Attributes:
        kendall_tau: tau-b of the two rankings, in [-1, 1].
        p_value: of the hypothesis that they are independent.
        low, high: 95% interval of tau by Fisher's z, whose variance for tau is 0.437 / (n - 4) (Fieller, Hartley and
            Pearson 1957); None for n <= 4 and for perfect agreement, where it is degenerate.
        top_k_overlap: fraction of the best `k` after training from scratch that are among the best `k` one-shot scores;
            k/n by chance.
        k, n: numbers of top architectures and of architectures.
        shared, alone: one-shot scores and scores after training from scratch, `(n,)`, both minimised.
        seconds: measured seconds of the trainings.
        ceiling: tau of two trainings of the same architectures, which limits what can be reached; None for one training each.
        shared_errors: score of each path on the search split with shared weights, `(n,)`, in the task's metric; empty if not evaluated.

    Tau, p-value and interval are None if all scores of a kind are equal.
    """

    kendall_tau: float | None
    p_value: float | None
    low: float | None
    high: float | None
    top_k_overlap: float
    k: int
    n: int
    shared: NDArray[np.float64]
    alone: NDArray[np.float64]
    seconds: float = 0.0
    ceiling: float | None = None
    shared_errors: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))


def ranking(shared: NDArray[np.float64], alone: NDArray[np.float64], k: int) -> SupernetRanking:
    """Compare two scores `(n,)` of the same architectures, both minimised; ties are resolved by position."""
    from scipy.stats import kendalltau

    tau, p = (float(value) for value in kendalltau(shared, alone))
    known = math.isfinite(tau)
    best = [set(np.argsort(values, kind="stable")[:k].tolist()) for values in (shared, alone)]
    overlap = len(best[0] & best[1]) / k
    low, high = tau_interval(tau, len(shared))
    return SupernetRanking(
        tau if known else None, p if known else None, low, high, overlap, k, len(shared), shared, alone
    )


def ranking_of_trainings(shared: NDArray[np.float64], trainings: NDArray[np.float64], k: int) -> SupernetRanking:
    """Compare one-shot scores `(n,)` with the scores of several trainings `(s, n)` of each architecture; NaN where there is none.

    Tau is the mean over trainings, and the ceiling its like between two trainings, so that both are lowered by the noise of one training.
    """
    compared = ranking(shared, np.nanmean(trainings, axis=0), k)
    taus = [_tau(shared, training) for training in trainings]
    pairs = [_tau(one, other) for one, other in itertools.combinations(trainings, 2)]
    known = [tau for tau in taus if tau is not None]
    limits = [tau for tau in pairs if tau is not None]
    tau = float(np.mean(known)) if known else None
    low, high = (None, None) if tau is None else tau_interval(tau, compared.n)
    ceiling = float(np.mean(limits)) if limits else None
    return replace(compared, kendall_tau=tau, low=low, high=high, ceiling=ceiling)


def _tau(one: NDArray[np.float64], other: NDArray[np.float64]) -> float | None:
    from scipy.stats import kendalltau

    both = np.isfinite(one) & np.isfinite(other)
    tau = float(kendalltau(one[both], other[both])[0]) if both.sum() > 1 else math.nan
    return tau if math.isfinite(tau) else None


def tau_interval(tau: float, n: int) -> tuple[float | None, float | None]:
    """Return the 95% interval of Kendall's tau of `n` pairs (see `SupernetRanking`)."""
    if n <= 4 or not abs(tau) < 1 - 1e-9:  # rounding may leave perfect agreement just below one
        return None, None
    half = 1.959964 * math.sqrt(0.437 / (n - 4))
    return math.tanh(math.atanh(tau) - half), math.tanh(math.atanh(tau) + half)


def supernet_ranking(
    supernet: Supernet,
    task: Task,
    splits: Splits,
    architectures: Architecture,
    recipe: Recipe,
    k: int,
    device: torch.device,
    folder: Path | None = None,
    trainings: int = 1,
) -> SupernetRanking:
    """Train architectures `(n, d)` from scratch with one recipe; compare their search losses with one-shot losses.

    Trainings are resumed from `rank-NUMBER` in `folder`; None for no checkpoints. Each has its own seed, so that tau
    includes training noise, as in a search. Two `trainings` or more of each architecture show how much that noise is.
    """
    held = DeviceSplit(splits.search, task, device)

    def forward(network: nn.Module, x: Tensor) -> Tensor:
        return primary(network(x))

    alone, seconds = [], 0.0
    for i, architecture in enumerate(np.concatenate([architectures] * trainings)):
        own = replace(recipe, seed=recipe.seed + i)
        kept = folder / f"rank-{i}" if folder else None
        trained = build_trainer(
            task, splits, supernet.networks.space, architecture, own, device, kept, track=False
        ).run()
        alone.append(mean_loss(task.shape, partial(forward, trained.network.eval()), held))
        seconds += trained.seconds
    return replace(
        ranking_of_trainings(shared_losses(supernet, architectures, held), np.reshape(alone, (trainings, -1)), k),
        seconds=seconds,
        shared_errors=shared_errors(supernet, architectures, held),
    )
