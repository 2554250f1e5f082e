"""How zero-cost proxies and sizes rank architectures whose trained errors a table has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nasbench.live.experiment.rank import trained_architectures
from nasbench.live.hardware.cost_counters import COUNTED, CostCounters
from nasbench.live.networks.builders import get_networks
from nasbench.live.networks.space_networks import Architecture
from nasbench.live.supernets.ranking import ranking_of_trainings
from nasbench.live.tasks.task import Task
from nasbench.live.zero_cost.proxies import PROXIES, ProxyScorer, get_proxy

SIZES = tuple(name for name in COUNTED if name != "memory")
RANKED = (*SIZES, *PROXIES)
"""What `nasbench zero-cost` compares: sizes first, which any proxy has to beat."""


def rank_proxies(
    names: Sequence[str],
    task: Task,
    benchmark: str,
    n: int,
    channels: int,
    cells: int,
    device: torch.device,
    seed: int = 0,
    report: Callable[[str], None] = lambda name: None,
) -> list[dict[str, Any]]:
    """Return a row for each proxy: its rank correlations with the validation errors of `n` trained cells of NAS-Bench-201.

    Kendall's tau has its 95% interval and its ceiling, the tau between two trainings of the same cells; Spearman's rho is with the mean
    error, for published values. `found` is the mean error of the cell with the best score. An undefined score counts as the worst.

    Args:
        names: names of `RANKED`.
        task: the task whose inputs the networks have.
        benchmark: the benchmark with the trained cells.
        n: number of random cells of different function.
        channels: channels of the networks that are scored.
        cells: their cells per stage.
        device: where they are computed.
        seed: of the choice of cells, of weights and of batches.
        report: is told the name of each finished proxy.

    Raises:
        NasbenchError: for an unknown name, or a benchmark without such cells.
    """
    from scipy.stats import spearmanr

    for name in names:
        if name not in SIZES:
            get_proxy(name)
    architectures, trainings = trained_architectures(benchmark, n, seed)
    errors, train = np.nanmean(trainings, axis=0), task.load().train
    rows = []
    for name in names:
        if name in SIZES:
            scores, seconds = _sizes(name, task, architectures, channels, cells), 0.0
        else:
            score = ProxyScorer(name, task, train, "nas-bench-201", channels, cells, device, seed)
            scores, seconds = score(architectures)
        badness = np.where(np.isfinite(scores), -scores, np.inf)
        compared = ranking_of_trainings(badness, trainings, max(len(architectures) // 5, 1))
        rows.append(
            {
                "proxy": name,
                "architectures": compared.n,
                "kendall_tau": compared.kendall_tau,
                "kendall_tau_low": compared.low,
                "kendall_tau_high": compared.high,
                "ceiling": compared.ceiling,
                "spearman_rho": float(spearmanr(badness, errors)[0]),
                "found": float(errors[int(np.argmin(badness))]),
                "undefined": int((~np.isfinite(scores)).sum()),
                "seconds_each": seconds / compared.n,
            }
        )
        report(name)
    return rows


def _sizes(name: str, task: Task, architectures: Architecture, channels: int, cells: int) -> NDArray[np.float64]:
    counters = CostCounters(get_networks("nas-bench-201"), task.shape, channels, cells)
    return counters([name], architectures)[:, 0]
