"""What a query costs an optimizer itself, and what the optimizer implements."""

from __future__ import annotations

import inspect
import sys
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasbench.reports.analysis.results import Results
from nasbench.search.loop import search
from nasbench.search.optimizer import Lockstep, Optimizer, PerRun
from nasbench.search.random_streams import Streams

LATE = 100
"""The last unique queries of a run, apart from which the growth of the cost would not be seen."""


@dataclass(frozen=True)
class QueryCost:
    """Processor seconds of one run of an optimizer alone, a query; without the benchmark.

    Attributes:
        seconds: mean over the whole run.
        late: mean over its last `LATE` queries, or the whole run where it is shorter.
    """

    seconds: float
    late: float


class _ClockedOptimizer:
    """An optimizer whose processor time is recorded batch by batch."""

    def __init__(self, optimizer: Optimizer) -> None:
        self._optimizer = optimizer
        self.seconds: list[float] = []
        self.queries: list[int] = []

    def ask(self) -> Any:
        begin = time.process_time()
        batch = self._optimizer.ask()
        self.seconds.append(time.process_time() - begin)
        return batch

    def tell(self, observations: Any) -> None:
        begin = time.process_time()
        self._optimizer.tell(observations)
        self.seconds[-1] += time.process_time() - begin
        self.queries.append(int(observations.answered.sum()))


def measure_query_cost(results: Results, benchmark: str, label: str) -> QueryCost:
    """Measure the first run of a method of a study on a benchmark once more; linear algebra runs on one thread, as there."""
    from threadpoolctl import threadpool_limits

    entry, study = results.entry(label), results.study
    problem = results.benchmark(benchmark).problem(results.protocol(benchmark), study.seed, (0,))
    with threadpool_limits(1):
        optimizer = _ClockedOptimizer(entry.optimizer().create(problem, Streams(study.seed, (0,)), entry.settings))
        search(problem, optimizer)
    queries = np.array(optimizer.queries)
    seconds = np.array(optimizer.seconds[: len(queries)])
    left = np.cumsum(queries[::-1])[::-1]
    # Whole batches: from the last one that begins with that many left.
    late = slice(int(np.flatnonzero(left >= min(LATE, left[0]))[-1]), None)
    return QueryCost(float(seconds.sum() / queries.sum()), float(seconds[late].sum() / queries[late].sum()))


def source_of(optimizer: Lockstep | PerRun) -> str:
    """Return the first paragraph of the module of an optimizer, which names what it implements and the paper."""
    paragraph = (inspect.getdoc(sys.modules[optimizer.algorithm.__module__]) or "").partition("\n\n")[0]
    return " ".join(paragraph.split())
