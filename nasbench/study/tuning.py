"""Hyperparameter tuning within a stated budget, identical for all optimizers: on one benchmark, or on several at once.

An algorithm declares the search range of each tunable setting by an annotation (`nasbench.search.search_ranges`).
Settings without a range keep their defaults, as do those that the benchmark's space does not admit. The first trial
uses the defaults, so the result is never worse than they are on the runs used; those runs are not evidence, and a
comparison must use other seeds. Tuning on perturbed copies of the benchmark only rewards settings that help on all of
them (see `nasbench.benchmarks.perturbed`). On several benchmarks the score is a mean over families, each of which counts
once; `nasbench.study.tuning_study` tunes all methods of a study in this way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench.benchmarks.catalogue import Searchable, get_searchable
from nasbench.benchmarks.perturbed import PerturbedBenchmark
from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.errors import NasbenchError, unknown_name
from nasbench.extras import require_extra
from nasbench.ranges import as_plain
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
        values: the metric in each run, `(R,)`; with perturbed copies, copy by copy; on several benchmarks the mean of `by_family`.
        by_family: on several benchmarks, the score in each run by family, `(R,)` each.
    """

    settings: Mapping[str, Any]
    values: Floats
    by_family: Mapping[str, Floats] = field(default_factory=dict)

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


def tunable_on(
    optimizer: Lockstep | PerRun, problem: Problem, given: Mapping[str, Any] | None = None
) -> Mapping[str, SearchRange]:
    """Return the entries of `tunable` whose upper ends and choices are valid for the algorithm on a problem, without the given settings.

    Raises:
        NasbenchError: as `tunable`, if it cannot be built with its defaults, or if none is left.
    """
    given = given or {}

    def build(settings: Mapping[str, Any]) -> None:
        optimizer.create(problem, Streams(0, (0,)), {**given, **settings})

    def takes(setting: str, range_: SearchRange) -> bool:
        try:
            for value in range_.values if isinstance(range_, Choice) else [range_.high]:
                build({setting: value})
        except NasbenchError:
            return False
        return True

    ranges = {setting: range_ for setting, range_ in tunable(optimizer).items() if setting not in given}
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
    trials, runs, seed, copies = map(as_plain, (trials, runs, seed, copies))
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
    where = [TuningProblem(benchmark.name, protocol, copy, correlation) for copy in numbers]

    def measure(settings: Mapping[str, Any]) -> Trial:
        return Trial(
            settings, np.concatenate(_measured(optimizer, places, where, settings, runs, seed, metric, cluster))
        )

    ranges = tunable_on(optimizer, places[0].problem(protocol, seed, (0,)))
    return run_trials(ranges, measure, trials=trials, seed=seed, progress=progress)


def tune_over_families(
    optimizer: Lockstep | PerRun,
    places: Sequence[TuningProblem],
    given: Mapping[str, Any],
    *,
    trials: int,
    runs: int,
    seed: int,
    known: Sequence[Trial] = (),
    cluster: Cluster | None = None,
    progress: Callable[[int, int], None] = lambda done, trials: None,
    keep: Callable[[Sequence[Trial]], None] = lambda trials: None,
) -> list[Trial]:
    """Tune on several benchmarks: the score is the mean over families of unique queries to a top-10 architecture, as a share of the budget.

    The share is the mean over the benchmarks of a family, which is named by what stands before the slash.

    Args:
        optimizer: a registered optimizer.
        places: benchmarks by name, each with its protocol; the budget limits unique queries.
        given: settings that stay as they are; the others that declare a range, and that every place admits, are tuned.
        trials: number of settings to evaluate, including the given ones.
        runs: number of runs of a trial on each benchmark.
        seed: seed of the runs and of TPE; equal arguments give equal trials.
        known: trials of an interrupted call with these arguments, which are not run again.
        cluster: cluster on which the runs of a trial are evaluated; None for this process.
        progress: called with (trials done, total trials).
        keep: called with all trials so far after each.

    Raises:
        NasbenchError: as `tune`, or if the known trials are not those that TPE proposes here.
    """
    benchmarks: list[Searchable] = [get_searchable(place.benchmark) for place in places]
    admitted = [
        tunable_on(optimizer, benchmark.problem(place.protocol, seed, (0,)), given)
        for benchmark, place in zip(benchmarks, places, strict=True)
    ]
    ranges = {name: range_ for name, range_ in admitted[0].items() if all(name in some for some in admitted)}
    if not ranges:
        raise NasbenchError(f"No setting of {optimizer.name} can be tuned on all of these benchmarks.")
    families: dict[str, list[int]] = {}
    for position, place in enumerate(places):
        families.setdefault(place.benchmark.partition("/")[0], []).append(position)
    caps = [place.protocol.budget.limits["unique_queries"] for place in places]

    def measure(settings: Mapping[str, Any]) -> Trial:
        values = _measured(optimizer, benchmarks, places, {**given, **settings}, runs, seed, METRICS[0], cluster)
        shares = [value / cap for value, cap in zip(values, caps, strict=True)]
        by_family = {name: np.mean([shares[i] for i in own], axis=0) for name, own in families.items()}
        return Trial(settings, np.mean(list(by_family.values()), axis=0), by_family)

    return run_trials(ranges, measure, trials=trials, seed=seed, known=known, progress=progress, keep=keep)


def run_trials(
    ranges: Mapping[str, SearchRange],
    measure: Callable[[Mapping[str, Any]], Trial],
    *,
    trials: int,
    seed: int,
    known: Sequence[Trial] = (),
    progress: Callable[[int, int], None] = lambda done, trials: None,
    keep: Callable[[Sequence[Trial]], None] = lambda trials: None,
) -> list[Trial]:
    """Measure the defaults, then settings proposed by TPE; known trials are told to it again and not measured.

    Raises:
        NasbenchError: if a known trial has other settings than TPE proposes.
    """
    study, distributions = _study(ranges, seed)
    done: list[Trial] = []
    for number in range(trials):
        proposal = None if number == 0 else study.ask(distributions)
        chosen = {} if proposal is None else dict(proposal.params)
        if number >= len(known):
            done.append(measure(chosen))
            keep(done)
        elif dict(known[number].settings) == chosen:
            done.append(known[number])
        else:
            raise NasbenchError(
                f"Trial {number} had the settings {dict(known[number].settings)}, and {chosen} are proposed now: another version of optuna or "
                "of the search ranges made them; choose another folder."
            )
        if proposal is not None:
            study.tell(proposal, done[-1].value)
        progress(number + 1, trials)
    return done


@dataclass(frozen=True)
class TuningProblem:
    """Where trials are evaluated.

    Attributes:
        benchmark: its name.
        protocol: the search protocol.
        copy: number of a perturbed copy; 0 for the benchmark itself.
        correlation: of that copy with the benchmark.
    """

    benchmark: str
    protocol: SearchProtocol
    copy: int = 0
    correlation: float = 1.0

    def open(self) -> Searchable:
        """Return the benchmark, or its copy."""
        benchmark = get_searchable(self.benchmark)
        return _place(benchmark, self.copy, self.correlation) if isinstance(benchmark, TabularBenchmark) else benchmark


def _place(benchmark: TabularBenchmark, copy: int, correlation: float) -> TabularBenchmark:
    """Return a perturbed copy by its number; 0 is the benchmark itself."""
    return PerturbedBenchmark(benchmark.table, benchmark.dataset, copy, correlation) if copy else benchmark


def _measured(
    optimizer: Lockstep | PerRun,
    benchmarks: Sequence[Searchable],
    places: Sequence[TuningProblem],
    settings: Mapping[str, Any],
    runs: int,
    seed: int,
    metric: str,
    cluster: Cluster | None,
) -> list[Floats]:
    """Return the metric in each run, `(R,)` for each place; `benchmarks` are the places, opened."""
    if cluster is None:
        return [
            evaluate(optimizer, benchmark, place.protocol, settings, runs=range(runs), seed=seed, metric=metric)
            for benchmark, place in zip(benchmarks, places, strict=True)
        ]
    from nasbench.study.cluster import Call

    parts = [range(first, min(first + RUNS_A_CALL, runs)) for first in range(0, runs, RUNS_A_CALL)]
    calls = [
        Call(_evaluate_by_name, place.benchmark, (optimizer, place, settings, part, seed, metric))
        for place in places
        for part in parts
    ]
    values = dict(cluster.map(calls))
    return [
        np.concatenate([values[position] for position in range(first, first + len(parts))])
        for first in range(0, len(calls), len(parts))
    ]


def _evaluate_by_name(
    optimizer: Lockstep | PerRun, place: TuningProblem, settings: Mapping[str, Any], runs: range, seed: int, metric: str
) -> Floats:
    return evaluate(optimizer, place.open(), place.protocol, settings, runs=runs, seed=seed, metric=metric)


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
