"""Measure time, memory and operations of an optimizer as its run grows, and test the slopes in log-log coordinates.

Three quantities are followed over one run at geometric sizes: operations (calls of the interpreter, plus what numerical primitives record),
which are the same on every machine; memory (traced allocations at the peak of a step, garbage collected before it); and processor
time of the optimizer alone, which is not wall time but still bends on a crowded machine. Stated orders are upper bounds, so they
can be refuted and never proved.
"""

from __future__ import annotations

import gc
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nasbench.search.observations import MultiFidelityBatch, Observations
from nasbench.search.operation_counter import counting
from nasbench.search.optimizer import Lockstep, Optimizer, PerRun
from nasbench.search.random_streams import Streams
from nasbench.spaces.space import Floats, Space
from nasbench.theory.machinery.claim import ALPHA, Outcome, Verdict, smallest_p_value
from nasbench.theory.machinery.instrumentation import OperationTally
from nasbench.theory.machinery.statistical_checks import fitted_slope
from nasbench.theory.machinery.testbed import make_problem, make_space

SLACK = 0.15
"""How far the upper limit of a slope may exceed the stated order."""
TIME_SLACK = 0.5
"""The same for processor time: other load bends its slope, yet by less than half an order."""
FAR_BELOW = 0.75
"""Powers below the stated one at which a measured order says nothing about it."""
SHORTEST = 1e-3
"""Seconds below which a time is too short to be measured."""

POINTS = 12
"""Sizes at which a run is looked at."""

Wrapper = Callable[[Optimizer], Optimizer]


def geometric(first: int, last: int) -> tuple[int, ...]:
    """Return sizes in geometric progression, rounded."""
    return tuple(int(size) for size in np.unique(np.rint(np.geomspace(first, last, POINTS))))


@dataclass(frozen=True, kw_only=True)
class Order:
    """The stated growth of an optimizer in the number of queries T.

    Attributes:
        time: power of T of operations and of time.
        memory: power of T.
        reason: why.
        sizes: T at which a run is looked at, ascending and well above every constant of the settings.
        settings: of the optimizer.
        objectives: how many.
        epochs: fidelities.
        space: what is searched; large by default, so that nothing is listed.
    """

    time: float
    memory: float
    reason: str
    sizes: tuple[int, ...] = geometric(64, 1024)
    settings: Mapping[str, Any] = field(default_factory=dict)
    objectives: int = 1
    epochs: tuple[int, ...] = (1,)
    space: Space = field(default_factory=lambda: make_space(12, 4))


@dataclass(frozen=True)
class Growth:
    """One run at several sizes; arrays `(sizes,)`."""

    queries: Floats
    operations: Floats
    seconds: Floats
    memory: Floats
    arithmetic: Floats
    """Of the operations, those that numerical primitives recorded: they show an order that calls of the interpreter hide."""


def grow(
    algorithm: Lockstep | PerRun, order: Order, seed: int, wrapper: Wrapper | None = None, instruments: bool = True
) -> Growth:
    """Run an optimizer to the largest size.

    Args:
        algorithm: registered, or a mutant of it.
        order: settings and sizes.
        seed: of its random numbers, and of the function it minimises.
        wrapper: turns it into a mutant.
        instruments: whether operations and memory are counted; without, processor time is undisturbed.
    """
    rows: list[tuple[float, ...]] = []
    answer = _environment(order, seed)
    traced = traced_memory() if instruments else nullcontext()
    tally = OperationTally()
    with _frozen_garbage(), traced, counting(tally) if instruments else nullcontext():
        base = tracemalloc.get_traced_memory()[0] if instruments else 0
        optimizer = algorithm.create(
            make_problem(order.space, order.objectives, order.epochs), Streams(seed, (0,)), order.settings
        )
        optimizer = wrapper(optimizer) if wrapper else optimizer
        calls, seconds, queries, left = [0], 0.0, 0, list(order.sizes)
        while left:
            if instruments:
                # A step that may cross the next size starts with a clean slate, so that its peak is its own.
                gc.collect()
                tracemalloc.reset_peak()
            begin = time.process_time()
            with _calls_counted(calls) if instruments else nullcontext():
                batch = optimizer.ask()
            seconds += time.process_time() - begin
            observed = answer(batch)
            begin = time.process_time()
            with _calls_counted(calls) if instruments else nullcontext():
                optimizer.tell(observed)
            seconds += time.process_time() - begin
            queries += observed.architectures.shape[1]
            if queries >= left[0]:
                peak = tracemalloc.get_traced_memory()[1] - base if instruments else 0
                rows.append((queries, calls[0] + tally.total, seconds, peak, tally.total))
                left = [size for size in left if size > queries]
    return Growth(*np.array(rows, dtype=float).T)


def _environment(order: Order, seed: int) -> Callable[[Any], Observations]:
    """Answer batches by an additive function, keeping nothing."""
    space = order.space
    trend = np.random.default_rng(seed).random((space.d, int(space.cardinalities.max()), order.objectives))

    def answer(batch: Any) -> Observations:
        architectures = batch.architectures if isinstance(batch, MultiFidelityBatch) else batch
        shape = architectures.shape[:2]
        epochs = batch.epochs if isinstance(batch, MultiFidelityBatch) else np.full(shape, order.epochs[-1])
        values = trend[np.arange(space.d), architectures].sum(axis=-2)
        yes = np.ones(shape, dtype=bool)
        return Observations(architectures, values, np.zeros(shape), epochs, np.full(shape, -1), yes, yes, yes)

    return answer


@contextmanager
def _calls_counted(calls: list[int]) -> Iterator[None]:
    """Count calls of Python and C functions within the block."""

    def count(frame: Any, event: str, argument: Any) -> None:
        if event in ("call", "c_call"):
            calls[0] += 1

    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(None)


@contextmanager
def traced_memory() -> Iterator[None]:
    """Trace allocations within the block."""
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


@contextmanager
def _frozen_garbage() -> Iterator[None]:
    """Keep what exists already out of collections, which are then quick."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@dataclass(frozen=True)
class Slope:
    """A measured power against a stated one.

    Attributes:
        label: what was measured.
        stated: the power.
        slack: how far the upper limit may exceed it.
        slope: least squares in log-log coordinates.
        error: its HC3 standard error.
        degrees: of freedom.
    """

    label: str
    stated: float
    slack: float
    slope: float
    error: float
    degrees: int

    @classmethod
    def of(cls, label: str, sizes: ArrayLike, values: ArrayLike, stated: float, slack: float = SLACK) -> Slope:
        """Fit log `values` on log `sizes`."""
        return cls(label, stated, slack, *fitted_slope(np.log(sizes), np.log(np.maximum(values, 1e-12))))

    @property
    def upper(self) -> float:
        """One-sided 95% upper limit."""
        from scipy.stats import t

        return self.slope + float(t.ppf(1 - ALPHA, self.degrees)) * self.error

    @property
    def p_value(self) -> float:
        """Of the hypothesis that the slope is at most the stated power plus the slack."""
        from scipy.stats import t

        excess = self.slope - self.stated - self.slack
        return float(t.sf(excess / self.error, self.degrees)) if self.error > 1e-12 else float(excess <= 0)


def check_slopes(slopes: Sequence[Slope], n: int, note: str = "") -> Verdict:
    """Test that no slope exceeds its stated power: all upper limits within the slack, by one-sided t tests (Bonferroni).

    Holds when every upper limit is within, violated when the tests reject, vacuous when no count or time comes near a power that is stated
    for it, unless that is zero, else undecided.
    """
    worst = max(slopes, key=lambda s: s.slope - s.stated - s.slack)
    p_value = smallest_p_value([s.p_value for s in slopes])
    inside = all(s.upper <= s.stated + s.slack for s in slopes)
    outcome = Outcome.VIOLATED if p_value <= ALPHA else Outcome.HOLDS if inside else Outcome.UNDECIDED
    growing = [s for s in slopes if s.label != "memory" and s.stated > 0]
    if outcome is Outcome.HOLDS and growing and all(s.upper < s.stated - FAR_BELOW for s in growing):
        outcome = Outcome.VACUOUS
    seen = "; ".join(f"{s.label} {s.slope:.2f} (up to {s.upper:.2f}) of {s.stated:g}" for s in slopes)
    bound = worst.stated + worst.slack
    tightness = worst.stated / worst.slope if worst.slope > 0.05 and worst.stated else None
    interval = (2 * worst.slope - worst.upper, worst.upper)
    return Verdict(
        outcome, worst.slope, bound, tightness, p_value, interval, n, f"{seen}; {note}" if note else seen,
        restated=lambda f: check_slopes([replace(s, stated=f * s.stated) for s in slopes], n),
    )  # fmt: skip
