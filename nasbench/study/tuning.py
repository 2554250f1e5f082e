"""Hyperparameter tuning on one benchmark within a stated budget, identical for all optimizers.

An algorithm declares the search range of each tunable setting by an annotation (`nasbench.search.search_ranges`).
Settings without a range keep their defaults, as do those that the benchmark's space does not admit. The first trial
uses the defaults, so the result is never worse than they are on the runs used; those runs are not evidence, and a
comparison must use other seeds. Tuning on perturbed copies of the benchmark only rewards settings that help on all of
them (see `nasbench.benchmarks.perturbed`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench.benchmarks.catalogue import get_benchmark
from nasbench.benchmarks.perturbed import PerturbedBenchmark
from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.errors import NasbenchError, unknown_name
from nasbench.extras import require_extra
from nasbench.search.optimizer import Lockstep, PerRun
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.search.search_protocol import SearchProtocol
from nasbench.search.search_ranges import Choice, IntRange, SearchRange, search_ranges
from nasbench.spaces.space import Floats
from nasbench.study.tuning_objectives import METRICS, evaluate

if TYPE_CHECKING:
    from nasbench.study.cluster import Cluster

RUNS_A_CALL = 5
"""Runs of a trial per task of a cluster; constant, so that results do not depend on the size of the cluster."""


@dataclass(frozen=True)
class Trial:
    """One configuration that was evaluated.

    Attributes:
        settings: tuned settings; empty for the algorithm's defaults.
        values: the metric in each run, `(R,)`; with perturbed copies, copy by copy.
    """

    settings: Mapping[str, Any]
    values: Floats

    @property
    def value(self) -> float:
        """Mean over the runs, minimised."""
        return float(self.values.mean())

    @property
    def standard_error(self) -> float:
        """Standard error of `value`; NaN for a single run."""
        return float(self.values.std(ddof=1) / len(self.values) ** 0.5) if len(self.values) > 1 else float("nan")


def tunable(optimizer: Lockstep | PerRun) -> Mapping[str, SearchRange]:
    """Return the search range of each setting that declares one.

    Raises:
        NasbenchError: if none does, or a range exceeds what its setting may be.
    """
    ranges = search_ranges(optimizer.algorithm)
    if not ranges:
        raise NasbenchError(
            f"{optimizer.name} declares no settings that can be tuned; annotate one with IntRange, FloatRange or Choice."
        )
    for setting, range_ in ranges.items():
        allowed = optimizer.allowed[setting]
        if not all(value in allowed for value in range_.values):
            raise NasbenchError(
                f"{optimizer.name} declares {setting} as {range_} and has it as {allowed.words}; make them agree."
            )
    return ranges


def tunable_on(optimizer: Lockstep | PerRun, problem: Problem) -> Mapping[str, SearchRange]:
    """Return the entries of `tunable` whose upper ends and choices are valid for the algorithm on a problem.

    Raises:
        NasbenchError: as `tunable`, if it cannot be built with its defaults, or if none is left.
    """

    def build(settings: Mapping[str, Any]) -> None:
        optimizer.create(problem, Streams(0, (0,)), settings)

    def takes(setting: str, range_: SearchRange) -> bool:
        try:
            for value in range_.values if isinstance(range_, Choice) else [range_.high]:
                build({setting: value})
        except NasbenchError:
            return False
        return True

    ranges = tunable(optimizer)
    build({})
    taken = {setting: range_ for setting, range_ in ranges.items() if takes(setting, range_)}
    if not taken:
        raise NasbenchError(f"None of the settings of {optimizer.name} can be tuned on space {problem.space.name!r}.")
    return taken


def tune(
    optimizer: Lockstep | PerRun,
    benchmark: TabularBenchmark,
    protocol: SearchProtocol,
    *,
    trials: int,
    runs: int,
    seed: int,
    metric: str = "queries-to-top-10",
    copies: int = 0,
    correlation: float = 0.85,
    cluster: Cluster | None = None,
    progress: Callable[[int, int], None] = lambda done, trials: None,
) -> list[Trial]:
    """Evaluate the defaults, then settings proposed by optuna's TPE; every trial uses the same runs.

    Args:
        optimizer: a registered optimizer.
        benchmark: the benchmark to tune on.
        protocol: the search protocol with its budget.
        trials: number of configurations to evaluate, including the defaults.
        runs: number of runs per trial.
        seed: seed of the runs and of TPE; equal arguments give equal trials.
        metric: one of `nasbench.study.tuning_objectives.METRICS`.
        copies: number of perturbed copies used instead of the benchmark, with `runs` on each; 0 for the benchmark
            itself.
        correlation: correlation of the copies with the benchmark, in (0, 1].
        cluster: cluster on which the runs of a trial are evaluated; None for this process. The trials do not depend on
            it.
        progress: called with (trials done, total trials).

    Returns:
        The trials in order; the best is `min(..., key=lambda trial: trial.value)`.

    Raises:
        NasbenchError: if there is nothing to tune, a number or the metric is out of range, or optuna is not installed.
    """
    for what, number, least in (("trials", trials, 1), ("runs", runs, 1), ("copies", copies, 0)):
        if number < least:
            raise NasbenchError(f"The number of {what} is {number}; it should be {least} or more.")
    if metric not in METRICS:
        raise unknown_name("metric", metric, METRICS)
    if metric == "queries-to-top-10" and "unique_queries" not in protocol.budget.limits:
        raise NasbenchError(
            "The metric queries-to-top-10 is a restricted mean of unique queries; limit unique_queries in the budget, or use the metric final-regret."
        )
    numbers = range(1, copies + 1) if copies else range(1)
    places = [_place(benchmark, copy, correlation) for copy in numbers]
    ranges = tunable_on(optimizer, places[0].problem(protocol, seed, (0,)))
    study, distributions = _study(ranges, seed)
    done: list[Trial] = []
    for number in range(trials):
        proposal = None if number == 0 else study.ask(distributions)
        chosen = {} if proposal is None else dict(proposal.params)
        if cluster is None:
            values = [
                evaluate(optimizer, place, protocol, chosen, runs=range(runs), seed=seed, metric=metric)
                for place in places
            ]
        else:
            where = [(benchmark.name, copy, correlation) for copy in numbers]
            values = _evaluate_on(cluster, optimizer, where, protocol, chosen, runs, seed, metric)
        done.append(Trial(chosen, np.concatenate(values)))
        if proposal is not None:
            study.tell(proposal, done[-1].value)
        progress(number + 1, trials)
    return done


def _place(benchmark: TabularBenchmark, copy: int, correlation: float) -> TabularBenchmark:
    """Return a perturbed copy by its number; 0 is the benchmark itself."""
    return PerturbedBenchmark(benchmark.table, benchmark.dataset, copy, correlation) if copy else benchmark


def _evaluate_on(
    cluster: Cluster,
    optimizer: Lockstep | PerRun,
    where: Sequence[tuple[str, int, float]],
    protocol: SearchProtocol,
    settings: Mapping[str, Any],
    runs: int,
    seed: int,
    metric: str,
) -> list[Floats]:
    """Return the metric in each run; `where` lists name, copy and correlation of each benchmark."""
    from nasbench.study.cluster import Call

    parts = [range(first, min(first + RUNS_A_CALL, runs)) for first in range(0, runs, RUNS_A_CALL)]
    calls = [
        Call(_evaluate_by_name, place[0], (optimizer, *place, protocol, settings, part, seed, metric))
        for place in where
        for part in parts
    ]
    values = dict(cluster.map(calls))
    return [values[position] for position in range(len(calls))]


def _evaluate_by_name(
    optimizer: Lockstep | PerRun,
    benchmark: str,
    copy: int,
    correlation: float,
    protocol: SearchProtocol,
    settings: Mapping[str, Any],
    runs: range,
    seed: int,
    metric: str,
) -> Floats:
    place = _place(get_benchmark(benchmark), copy, correlation)
    return evaluate(optimizer, place, protocol, settings, runs=runs, seed=seed, metric=metric)


def _study(ranges: Mapping[str, SearchRange], seed: int) -> tuple[Any, dict[str, Any]]:
    optuna = require_extra("tune", "optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return (
        optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed, multivariate=True)),
        {setting: _distribution(optuna.distributions, range_) for setting, range_ in ranges.items()},
    )


def _distribution(distributions: Any, range_: SearchRange) -> Any:
    if isinstance(range_, Choice):
        return distributions.CategoricalDistribution(range_.values)
    make = distributions.IntDistribution if isinstance(range_, IntRange) else distributions.FloatDistribution
    return make(range_.low, range_.high, log=range_.log)
