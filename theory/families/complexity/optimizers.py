"""Stated orders of every registered optimizer in the number of queries T, with the reason for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from nasbench.baselines.gp_bo import GpBo
from nasbench.hybrid.optimizer import Hybrid
from nasbench.hybrid.parts import Parts
from nasbench.search.observations import Observations
from nasbench.search.operation_counter import record
from nasbench.search.optimizer import Optimizer, PerRun
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.search.registry import get_optimizer, optimizer_names
from nasbench.spaces.catalogue import get_space
from nasbench.theory.families.complexity.growth import (
    SHORTEST,
    TIME_SLACK,
    Order,
    Slope,
    Wrapper,
    check_slopes,
    geometric,
    grow,
)
from nasbench.theory.machinery.claim import Assumption, Check, Claim, Context, Evidence, Mutant, Verdict, equal_within
from nasbench.theory.machinery.law_curve import LawCurve
from nasbench.theory.machinery.testbed import make_problem, make_space

WORK, WORK_OF_MODELS = 1e8, 2e10
"""Operations of a mutant in all, far more than those of any optimizer, and of those of cubic order or more."""

SEEDS = 2
"""Runs whose processor time is taken; counts and memory are of one more."""

_SHORT = geometric(32, 160)
_GENERATIONS = geometric(96, 768)
_RACES = (1, 3, 9)
_SMALL = {"population_size": 8, "mutation_prob": 0.3}

ORDERS: Mapping[str, Order] = {
    "random_search": Order(time=1, memory=0, reason="a query is a draw", settings={"batch_size": 16}),
    "one_plus_one_ea": Order(time=1, memory=0, reason="a mutation and a comparison per query"),
    "regularized_evolution": Order(time=1, memory=0, reason="O(S) a query on a ring of P members"),
    "local_search": Order(time=1, memory=0, reason="a neighbourhood of n k is listed once for n k queries"),
    "simulated_annealing": Order(time=1, memory=0, reason="a mutation and a comparison per query"),
    "reinforce": Order(time=1, memory=0, reason="a step of Adam on d k logits a query"),
    "asng": Order(time=1, memory=0, reason="a step on d k probabilities for every lambda queries"),
    "quantum_inspired": Order(time=1, memory=0, reason="P rotations of d k amplitudes for every P queries"),
    "nsga2": Order(
        time=1, memory=0, reason="T / N generations of O(M N^2)", sizes=_GENERATIONS, settings=_SMALL, objectives=2
    ),
    "nsga3": Order(
        time=1, memory=0, reason="T / N generations of O(M N^2)", sizes=_GENERATIONS, settings=_SMALL, objectives=2
    ),
    "sms_emoa": Order(
        time=1, memory=0, reason="a sort and contributions of N + 1 members per query", sizes=_GENERATIONS,
        settings=_SMALL, objectives=2,
    ),
    "successive_halving": Order(time=1, memory=0, reason="a rung of at most eta^s members is sorted", epochs=_RACES),
    "hyperband": Order(time=1, memory=0, reason="as successive halving, bracket after bracket", epochs=_RACES),
    "asha": Order(time=1, memory=1, reason="a rung is a sorted list: a binary search a query", epochs=_RACES),
    "pasha": Order(
        time=2, memory=1, reason="as ASHA; with three rungs, the top one is ranked at every answer until all are open",
        epochs=_RACES,
    ),
    "dehb": Order(time=1, memory=0, reason="a population of at most eta^s is sorted a query", epochs=_RACES),
    "bohb": Order(
        time=2, memory=1, reason="densities are fitted to all t observations of a fidelity at every answer",
        sizes=geometric(160, 800), epochs=_RACES,
    ),
    "tpe": Order(
        time=2, memory=1, reason="densities are built on all t trials at every query", sizes=geometric(32, 96),
        settings={"n_initial_samples": 4, "n_candidates": 4}, space=make_space(4, 4),
    ),
    "motpe": Order(
        time=2, memory=1, reason="densities are built on all t trials, sorted by dominance, at every query",
        sizes=geometric(32, 96), settings={"n_initial_samples": 4, "n_candidates": 4}, space=make_space(4, 4), objectives=2,
    ),
    "bananas": Order(
        time=2, memory=1, reason="networks are trained on all t observations for every batch", sizes=_SHORT,
        settings={"training_steps": 10, "ensemble_size": 2, "n_initial_samples": 4, "batch_size": 4, "n_candidates": 20},
    ),
    "bananas_naszilla": Order(
        time=2, memory=1, reason="networks are trained on all t observations for every batch", sizes=_SHORT,
        settings={
            "training_steps": 10, "ensemble_size": 2, "hidden_layers": 2, "n_initial_samples": 4, "batch_size": 4,
            "n_candidates": 20,
        },
    ),
    "npenas": Order(
        time=2, memory=1, reason="a network is trained on all t observations for every batch", sizes=_SHORT,
        settings={
            "training_steps": 10, "hidden_layers": 2, "n_initial_samples": 4, "batch_size": 4, "n_candidates": 20,
        },
    ),
    "weaknas": Order(
        time=2, memory=1, reason="a network is trained on all t observations for every batch", sizes=_SHORT,
        settings={"training_steps": 10, "hidden_units": 10, "n_initial_samples": 4, "batch_size": 4, "n_candidates": 50},
    ),
    "progressive": Order(
        time=2, memory=1, reason="networks are trained on all t observations for every beam", sizes=_SHORT,
        settings={"steps": 10, "beam_width": 4},
    ),
    "gp_bo": Order(
        time=3, memory=2, reason="t^2 for every candidate scored, t^3 at sizes that grow by 1.3", sizes=geometric(40, 160),
        settings={"n_initial_samples": 4, "n_candidates": 16},
    ),
    "prescreened_nsga2": Order(
        time=3, memory=2, reason="t^2 for every offspring predicted, t^3 at sizes that grow by 1.3", sizes=geometric(40, 160),
        settings=_SMALL | {"offspring_factor": 2}, objectives=2,
    ),
    "parego": Order(
        time=3, memory=2, reason="as gp_bo, for every objective that is measured", sizes=geometric(40, 160),
        settings={"n_initial_samples": 4, "n_candidates": 16}, objectives=2,
    ),
    "nas_bowl": Order(
        time=4, memory=2, reason="t^3 for every grid point at every batch", sizes=geometric(40, 160),
        settings={"n_initial_samples": 4, "batch_size": 4, "n_candidates": 16, "n_parents": 2},
        space=get_space("nas-bench-201"),
    ),
    "hybrid": Order(
        time=3, memory=2, reason="t^2 + t N a query, t^3 + t^2 N at sizes that grow by 4/3", sizes=geometric(24, 128),
        space=make_space(4, 4),
    ),
}  # fmt: skip
"""What is stated, by name; `darts_replay` makes one query and has a claim of its own."""


class PowerTimeMutant:
    """A mutant whose work in all grows with a power of the number of answers: products of matrices, each recorded."""

    def __init__(self, optimizer: Optimizer, power: float, last: int, work: float) -> None:
        self._optimizer, self.ask = optimizer, optimizer.ask
        self._power, self._unit = power, work / last**power
        self._answers, self._matrix = 0, np.eye(128)

    def tell(self, observations: Observations) -> None:
        """Tell it, and do the work of the new answers."""
        self._optimizer.tell(observations)
        before, self._answers = self._answers, self._answers + observations.architectures.shape[1]
        work = self._unit * (self._answers**self._power - before**self._power)
        record("products", work)
        for _ in range(int(work / len(self._matrix) ** 3)):
            self._matrix = self._matrix @ self._matrix


class QuadraticTimeMutant:
    """A mutant that goes through its whole history after every answer: O(T^2) in all."""

    def __init__(self, optimizer: Optimizer) -> None:
        self._optimizer, self.ask = optimizer, optimizer.ask
        self._history: list[float] = []
        self.best = np.inf

    def tell(self, observations: Observations) -> None:
        """Tell it, and look for the best from the beginning, for each answer."""
        self._optimizer.tell(observations)
        for value in observations.objectives[0, :, 0].tolist():
            self._history.append(value)
            for seen in self._history:
                self.best = min(self.best, abs(seen))


class QuadraticMemoryMutant:
    """A mutant whose archive keeps a copy of all that it has seen after every answer: memory O(T^2)."""

    def __init__(self, optimizer: Optimizer) -> None:
        self._optimizer, self.ask = optimizer, optimizer.ask
        self._seen = np.empty((0, 128))
        self.archive: list[np.ndarray] = []

    def tell(self, observations: Observations) -> None:
        """Tell it, and keep another copy."""
        self._optimizer.tell(observations)
        for _ in range(observations.architectures.shape[1]):
            self._seen = np.concatenate([self._seen, np.zeros((1, 128))])
            self.archive.append(self._seen)


class CubicMemoryMutant(QuadraticMemoryMutant):
    """A mutant that keeps matrices of the size of its history after every answer: memory O(T^3)."""

    def tell(self, observations: Observations) -> None:
        """Tell it, and keep as many more as a kernel of several rounds has."""
        super().tell(observations)
        for _ in range(observations.architectures.shape[1]):
            self.archive.append(np.zeros((32, len(self._seen), len(self._seen))))


class RefittingGpBo(GpBo):
    """A mutant that fits the hyperparameters at every query: O(T^4)."""

    REFIT_GROWTH = 1.0


class RefittingHybrid(Hybrid):
    """A mutant that fits the hyperparameters at every query: O(T^4)."""

    def __init__(self, problem: Problem, rng: np.random.Generator, **settings: Any) -> None:
        super().__init__(problem, rng, Parts(refit_growth=1.0), **settings)


REFITTING = {"gp_bo": PerRun(RefittingGpBo), "hybrid": PerRun(RefittingHybrid, objectives="many")}


def _order(
    context: Context, name: str, wrapper: Wrapper | None = None, refitting: bool = False, timed: bool = True
) -> Verdict:
    """Test operations, memory and, where `timed`, processor time of one optimizer."""
    order = ORDERS[name]
    first = int(context.rng(f"complexity.{name}").integers(2**31))
    algorithm = REFITTING[name] if refitting else get_optimizer(name)
    # Timed first, so that lazy imports are done before memory is traced.
    seeds = range(1, SEEDS + 1) if timed else ()
    grown = [grow(algorithm, order, first + s, wrapper, instruments=False) for s in seeds]
    counts = grow(algorithm, order, first, wrapper)
    slopes = [
        Slope.of("operations", counts.queries, counts.operations, order.time),
        Slope.of("memory", counts.queries, counts.memory, order.memory),
    ]
    if counts.arithmetic[0] > 0:
        slopes.append(Slope.of("arithmetic", counts.queries, counts.arithmetic, order.time))
    if grown:
        queries, seconds = (np.concatenate([getattr(g, name) for g in grown]) for name in ("queries", "seconds"))
        long = seconds >= SHORTEST
        if len(np.unique(queries[long])) >= 4:
            slopes.append(Slope.of("time", queries[long], seconds[long], order.time, TIME_SLACK))
    verdict = check_slopes(slopes, int(counts.queries[-1]), f"T = {counts.queries[0]:.0f} to {counts.queries[-1]:.0f}")
    # The stated power, drawn through the last point.
    stated = counts.operations[-1] * (counts.queries / counts.queries[-1]) ** order.time
    return replace(
        verdict, curve=LawCurve.of_growth(counts.queries, stated, counts.operations, "operations", "queries")
    )


def _replay(context: Context, name: str = "darts_replay") -> Verdict:
    """Count what is asked for before nothing is, at most 50 times."""
    space = get_space("nas-bench-201")
    optimizer = get_optimizer(name).create(make_problem(space), Streams(context.seed, (0,)))
    queries = 0
    for _ in range(50):
        batch: Any = optimizer.ask()
        queries += batch.shape[1]
        if not batch.shape[1]:
            break
    return equal_within(queries, 1, 0, 1, note="queries that the replay makes")


def is_installed(name: str) -> bool:
    """Return whether an optimizer is registered here and what it needs is installed."""
    return name in optimizer_names() and all(find_spec(module) is not None for module in get_optimizer(name).modules)


def _mutant(name: str) -> Mutant:
    """Return a mutant with one more power of T in its time, and where memory may grow one more in its memory: both are to be rejected."""
    order = ORDERS[name]
    check = partial(_order, name=name, timed=False)
    in_time = (
        ("hyperparameters fitted again at every query", partial(check, refitting=True))
        if name in REFITTING
        else ("the whole history is gone through after every answer", partial(check, wrapper=QuadraticTimeMutant))
        if order.time == 1 and order.objectives == 1
        else (f"products of order T^{order.time + 1:g} in all", partial(_with_power, name=name, power=order.time + 1))
    )
    in_memory = (
        [("kernel matrices are kept after every answer", partial(check, wrapper=CubicMemoryMutant))]
        if order.memory >= 2
        else [("a copy of the whole history is kept after every answer", partial(check, wrapper=QuadraticMemoryMutant))]
    )
    both = [in_time, *in_memory]
    return Mutant(
        "; or ".join(description for description, _ in both),
        partial(_least_rejected, checks=tuple(one for _, one in both)),
        scaled=partial(_scaled_power, name=name),
        factor=1.5,
        constant="the power of T in its operations",
    )


def _with_power(context: Context, name: str, power: float) -> Verdict:
    last, work = ORDERS[name].sizes[-1], WORK if ORDERS[name].time < 3 else WORK_OF_MODELS
    return _order(context, name, lambda optimizer: PowerTimeMutant(optimizer, power, last, work), timed=False)


def _scaled_power(context: Context, factor: float, name: str) -> Verdict:
    return _with_power(context, name, factor * ORDERS[name].time)


def _least_rejected(context: Context, checks: Sequence[Check]) -> Verdict:
    """Return the verdict with the largest p-value of several mutants, all of which are to be rejected."""
    return max((check(context) for check in checks), key=lambda v: 0.0 if v.p_value is None else v.p_value)


def _claim(name: str) -> Claim:
    order = ORDERS[name]
    memory = "1" if order.memory == 0 else "T" if order.memory == 1 else f"T^{order.memory:g}"
    return Claim(
        f"complexity.{name.replace('_', '-')}",
        rf"\text{{operations and time }} O(T{'' if order.time == 1 else f'^{order.time:g}'}), \text{{ memory }} O({memory})",
        (
            Assumption("settings and space are fixed while T grows"),
            Assumption("an upper bound can be refuted by measurement, never proved", checked=False),
        ),
        f"{order.reason}; HC3: MacKinnon and White 1985",
        partial(_order, name=name),
        _mutant(name),
        optimizers=(name,),
        evidence=(Evidence.SHIPPED,),
    )


CLAIMS = (
    *(_claim(name) for name in ORDERS if is_installed(name)),
    Claim(
        "complexity.darts-replay",
        r"\text{one query, whatever the budget}",
        (),
        "nothing is searched",
        _replay,
        Mutant("an optimizer that searches", partial(_replay, name="random_search")),
        optimizers=("darts_replay",),
        evidence=(Evidence.EXACT, Evidence.SHIPPED),
    ),
)
"""Orders of the registered optimizers."""
