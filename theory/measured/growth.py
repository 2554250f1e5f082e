"""Time and memory of whole searches against the sizes that a user chooses, as powers beside the stated ones.

The claims of `nasbench.theory.families.complexity` follow one run of one optimizer; here it is the engine: runs in lockstep, rows of a
table, decisions, objectives, simulated workers. Time is processor time, the shortest of a few; memory is the peak of traced allocations.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from nasbench.benchmarks.function_benchmark import FunctionEvaluator
from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.search.ledger import Budget
from nasbench.search.loop import search
from nasbench.search.parallelism import Parallelism
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.search.registry import get_optimizer
from nasbench.search.search_protocol import SearchProtocol
from nasbench.search.workers import search_with_workers
from nasbench.spaces.space import Architectures, Floats, Ints, Space
from nasbench.tables.column import Column, Measured
from nasbench.tables.table import open_table
from nasbench.tables.writer import write_table
from nasbench.theory.families.complexity.growth import SLACK, TIME_SLACK, Slope, traced_memory
from nasbench.theory.machinery.testbed import make_space

REPEATS = 3
"""Measurements of one time, of which the shortest counts."""

Work = Callable[[], object]


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One size that a user chooses.

    Attributes:
        name: what is counted.
        searched: what is searched, and how, in words.
        sizes: ascending.
        time: stated power of the processor time.
        memory: stated power of the memory.
        reason: why.
        prepare: returns the work of one size; what it takes to prepare it is not measured.
    """

    name: str
    searched: str
    sizes: tuple[int, ...]
    time: float
    memory: float
    reason: str
    prepare: Callable[[int], Work]


@dataclass(frozen=True)
class MeasuredGrowth:
    """Seconds and bytes of an axis at each of its sizes, `(n,)`, with the powers fitted to them."""

    axis: Axis
    seconds: Floats
    memory: Floats

    @property
    def slopes(self) -> tuple[Slope, Slope]:
        """Powers of time and of memory."""
        return (
            Slope.of("time", self.axis.sizes, self.seconds, self.axis.time, TIME_SLACK),
            Slope.of("memory", self.axis.sizes, self.memory, self.axis.memory, SLACK),
        )


def measure(axis: Axis, sizes: tuple[int, ...] | None = None) -> MeasuredGrowth:
    """Measure an axis at its sizes, or at others."""
    sizes = axis.sizes if sizes is None else sizes
    rows = []
    for size in sizes:
        work = axis.prepare(size)
        rows.append((min(processor_seconds(work) for _ in range(REPEATS)), peak_memory(work)))
    seconds, memory = np.array(rows, dtype=float).T
    return MeasuredGrowth(replace(axis, sizes=sizes), seconds, memory)


def processor_seconds(work: Work) -> float:
    """Return the processor time of some work."""
    gc.collect()
    begin = time.process_time()
    work()
    return time.process_time() - begin


def peak_memory(work: Work) -> int:
    """Return the peak of what some work allocates, in bytes."""
    gc.collect()
    with traced_memory():
        kept = work()
        peak = tracemalloc.get_traced_memory()[1]
    del kept
    return peak


class _AdditiveFunctions(FunctionEvaluator):
    """Several additive functions of the architecture, with random weights."""

    def __init__(self, space: Space, objectives: int) -> None:
        super().__init__(space, lambda a: np.zeros(len(a)))
        self.cheap = (False,) * objectives
        rng = np.random.default_rng(0)
        self._weights = rng.random((space.d, int(space.cardinalities.max()), objectives))

    def evaluate(
        self, rows: Ints, architectures: Architectures, level: Ints, key: Any, repetition: Ints
    ) -> tuple[Floats, Ints]:
        """Return values `(n, M)`, and no training seeds."""
        values = self._weights[np.arange(self.space.d), architectures].sum(axis=-2)
        return values, np.full(len(rows), -1, dtype=np.int64)


def _protocol(queries: int, objectives: int = 1) -> SearchProtocol:
    names = ("error", *(f"objective-{i}" for i in range(2, objectives + 1)))
    return SearchProtocol(
        objectives=names,
        split="validation",
        epochs=(1,),
        training_seed="mean",
        repeat_policy="retrain",
        budget=Budget({"queries": queries}),
    )


def _search(
    name: str, runs: int, queries: int, decisions: int = 12, objectives: int = 1, settings: dict[str, Any] | None = None
) -> object:
    """Search additive functions on `decisions` of four choices, in lockstep or run after run."""
    numbers = tuple(range(runs))
    evaluator = _AdditiveFunctions(make_space(decisions, 4), objectives)
    problem = Problem(evaluator, _protocol(queries, objectives), 0, numbers)
    return search(problem, get_optimizer(name).create(problem, Streams(0, numbers), settings or {}))


def _search_on_workers(workers: int) -> object:
    problem = Problem(_AdditiveFunctions(make_space(12, 4), 1), _protocol(800), 0, (0,))
    optimizer = get_optimizer("regularized_evolution").create(problem, Streams(0, (0,)), {"population_size": 128})
    return search_with_workers(problem, optimizer, Parallelism(workers=workers))


def _search_table(folder: Path) -> object:
    """Open a table and search it by 20 runs of 100 queries."""
    problem = TabularBenchmark(open_table(folder), "data").problem(_protocol(100), 0, range(20))
    return search(problem, get_optimizer("random_search").create(problem, Streams(0, range(20)), {}))


def make_table(folder: Path, rows: int) -> None:
    """Write a table of 10^n architectures, with a validation accuracy and a training time of each."""
    decisions = round(np.log10(rows))
    names = tuple(f"decision-{i}" for i in range(decisions))
    space = Space(f"made-up-{rows}", names, (tuple("abcdefghij"),) * decisions)
    rng = np.random.default_rng(0)
    accuracy = Column(dataset="data", quantity="accuracy", split="validation", epochs=1, unit="%")
    seconds = Column(dataset="data", quantity="train_time", epochs=1, unit="s")
    columns = [Measured(accuracy, 100 * rng.random(space.size)), Measured(seconds, 1 + rng.random(space.size))]
    write_table(folder, name=space.name, space=space, columns=columns, provenance="made up to be measured")


def axes(folder: Path) -> Iterator[Axis]:
    """Return what is measured; tables are written into a folder."""

    def table(rows: int) -> Work:
        place = folder / str(rows)
        place.mkdir()
        make_table(place, rows)
        return partial(_search_table, place)

    evolution = "regularized_evolution"
    yield Axis(
        name="runs",
        searched="regularized evolution in lockstep, 200 queries a run",
        sizes=(125, 250, 500, 1000, 2000),
        time=1,
        memory=1,
        reason="each run has a state and a trace of its own",
        prepare=lambda size: partial(_search, evolution, size, 200),
    )
    yield Axis(
        name="queries",
        searched="regularized evolution, 100 runs in lockstep",
        sizes=(125, 250, 500, 1000, 2000),
        time=1,
        memory=1,
        reason="O(S) a query; a row of the trace for each",
        prepare=lambda size: partial(_search, evolution, 100, size),
    )
    yield Axis(
        name="cells",
        searched="a table is opened and searched by 20 runs of 100 queries",
        sizes=(10**3, 10**4, 10**5, 10**6),
        time=1,
        memory=1,
        reason="checksums are read once, and a run counts the queries of each architecture",
        prepare=table,
    )
    yield Axis(
        name="decisions",
        searched="regularized evolution, 100 runs of 100 queries",
        sizes=(6, 12, 24, 48, 75),
        time=1,
        memory=1,
        reason="a byte and a random number for each decision",
        prepare=lambda size: partial(_search, evolution, 100, 100, decisions=size),
    )
    yield Axis(
        name="objectives",
        searched="NSGA-II of 20 members, 4 runs of 200 queries",
        sizes=(2, 3, 4, 6, 8),
        time=1,
        memory=1,
        reason="O(M N^2) a generation",
        prepare=lambda size: partial(_search, "nsga2", 4, 200, objectives=size, settings={"population_size": 20}),
    )
    yield Axis(
        name="workers",
        searched="regularized evolution of 128 members, one run of 800 queries on simulated workers",
        sizes=(2, 4, 8, 16, 32, 64),
        time=0,
        memory=0,
        reason="a heap of pending trainings: O(log W) a query",
        prepare=lambda size: partial(_search_on_workers, size),
    )


def measure_all(
    quick: bool = False, progress: Callable[[int, int], None] = lambda done, total: None
) -> list[MeasuredGrowth]:
    """Measure every axis; with `quick` at its three smallest sizes alone."""
    with TemporaryDirectory() as folder:
        every, found = list(axes(Path(folder))), []
        for axis in every:
            found.append(measure(axis, axis.sizes[:3] if quick else None))
            progress(len(found), len(every))
    return found
