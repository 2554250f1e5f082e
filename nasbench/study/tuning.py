"""Tunes an optimizer's own settings on one benchmark within a stated budget, the same way for ours and theirs.

An algorithm says what may be tuned in a class attribute `TUNABLE`, a mapping from the name of a setting to a range, which is one
of these tuples:

    ("integer", low, high)        whole numbers from low to high, both included
    ("log-integer", low, high)    the same, searched on a logarithmic scale
    ("real", low, high)           numbers
    ("log-real", low, high)       the same, searched on a logarithmic scale
    ("choice", first, second...)  one of the values listed

Settings that are not in it stay at their defaults. The first trial is the defaults themselves, so tuning never reports worse than
them on the runs it used; those runs are not evidence, and the report of a comparison must use other seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench.benchmarks.catalogue import get_benchmark
from nasbench.benchmarks.setting import Setting
from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.errors import NasbenchError, unknown_name
from nasbench.search.observations import Observations
from nasbench.search.optimizer import Lockstep, PerRun
from nasbench.search.streams import Streams
from nasbench.spaces.space import Floats, Ints
from nasbench.study.runner import search

if TYPE_CHECKING:
    from nasbench.study.cluster import Cluster

KINDS = ("integer", "log-integer", "real", "log-real", "choice")
GOALS = ("top-10", "regret")
"""What is minimised: the restricted mean of unique queries until a run has found one of the ten best architectures by seed mean, or
the mean of the final regret in the seed mean of the incumbent, the best of what a run observed."""

RUNS_A_CALL = 5
"""Runs of a trial that go to a cluster's worker together; the same for every cluster, so that nothing depends on its size."""


@dataclass(frozen=True)
class Trial:
    """One setting that was tried.

    Attributes:
        settings: the tuned settings; empty for the algorithm's defaults.
        values: the goal in each run, `(R,)`.
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


def tunable(optimizer: Lockstep | PerRun) -> Mapping[str, tuple]:
    """The ranges that an algorithm declares.

    Raises:
        NasbenchError: if it declares none, a range is none of the five forms, or it names a setting that does not exist.
    """
    algorithm = optimizer.algorithm
    ranges: Mapping[str, tuple] = getattr(algorithm, "TUNABLE", {})
    name = getattr(algorithm, "__name__", "The optimizer")
    if not ranges:
        raise NasbenchError(
            f"{name} declares no settings that can be tuned; its class should have an attribute TUNABLE."
        )
    for setting, form in ranges.items():
        if setting not in optimizer.settings:
            raise unknown_name(f"setting of {name}", setting, optimizer.settings)
        if not form or form[0] not in KINDS:
            raise NasbenchError(
                f"{name} declares {setting} as {form!r}; a range starts with one of {', '.join(KINDS)}."
            )
        if (form[0] == "choice" and len(form) < 2) or (
            form[0] != "choice" and not (len(form) == 3 and form[1] < form[2])
        ):
            raise NasbenchError(f"{name} declares {setting} as {form!r}; it should have a low and a high, or values.")
        if form[0].startswith("log") and form[1] <= 0:
            raise NasbenchError(f"{name} declares {setting} as {form!r}; a logarithmic range starts above 0.")
    return ranges


def tune(
    optimizer: Lockstep | PerRun,
    benchmark: TabularBenchmark,
    setting: Setting,
    *,
    trials: int,
    runs: int,
    seed: int,
    goal: str = "top-10",
    cluster: Cluster | None = None,
    progress: Callable[[int, int], None] = lambda done, trials: None,
) -> list[Trial]:
    """Try the defaults, then settings that optuna's TPE proposes; every trial sees the same runs.

    Args:
        optimizer: from the registry.
        benchmark: where it searches.
        setting: the search side with its budget.
        trials: settings to try, the defaults included.
        runs: runs of each trial.
        seed: seed of the runs and of TPE; equal arguments give equal trials.
        goal: one of `GOALS`.
        cluster: where the runs of a trial are made, trial after trial; this process if there is none. The trials are the same.
        progress: called with (trials done, trials).

    Returns:
        The trials in order; the best is `min(..., key=lambda trial: trial.value)`.

    Raises:
        NasbenchError: if nothing can be tuned, or a number or the goal is out of range, or optuna is not installed.
    """
    for what, number in (("trials", trials), ("runs", runs)):
        if number < 1:
            raise NasbenchError(f"The number of {what} is {number}; it should be 1 or more.")
    if goal not in GOALS:
        raise unknown_name("goal", goal, GOALS)
    if goal == "top-10" and "unique_queries" not in setting.budget.limits:
        raise NasbenchError(
            "The goal top-10 is a restricted mean of unique queries; limit unique_queries in the budget, or use the goal regret."
        )
    ranges = tunable(optimizer)
    study, distributions = _study(ranges, seed)
    done: list[Trial] = []
    for number in range(trials):
        proposal = None if number == 0 else study.ask(distributions)
        chosen = {} if proposal is None else dict(proposal.params)
        values = (
            evaluate(optimizer, benchmark, setting, chosen, runs=range(runs), seed=seed, goal=goal)
            if cluster is None
            else _evaluate_on(cluster, optimizer, benchmark.name, setting, chosen, runs, seed, goal)
        )
        done.append(Trial(chosen, values))
        if proposal is not None:
            study.tell(proposal, done[-1].value)
        progress(number + 1, trials)
    return done


def evaluate(
    optimizer: Lockstep | PerRun,
    benchmark: TabularBenchmark,
    setting: Setting,
    settings: Mapping[str, Any],
    *,
    runs: Sequence[int],
    seed: int,
    goal: str,
) -> Floats:
    """The goal in each run of these numbers, `(R,)`; smaller is better. Linear algebra runs on one thread, as in a study.

    A run that is searched alone ends at the target, which changes nothing but the time it takes.
    """
    from threadpoolctl import threadpool_limits

    oracle = benchmark.oracle(setting)
    target = oracle.search_means <= oracle.search_rank(10)

    def rows(batch: Observations) -> Ints:
        return oracle.row(np.maximum(batch.architectures, 0))

    def arrived(batch: Observations) -> bool:
        alone = goal == "top-10" and len(batch.answered) == 1
        return alone and bool(_hits(batch, rows(batch), target, setting.epochs[-1]).any())

    def values(some: Sequence[int]) -> Floats:
        handle = benchmark.handle(setting, seed, some)
        created = optimizer.create(handle, Streams(seed, some), settings)
        with threadpool_limits(1):
            batches, _ = search(handle, created, arrived)
        found = [rows(batch) for batch in batches]
        if goal == "regret":
            return final_regret(batches, found, oracle.search_means)
        return queries_to_target(batches, found, target, setting.epochs[-1], setting.budget.limits["unique_queries"])

    apart = [[run] for run in runs] if isinstance(optimizer, PerRun) else [runs]
    return np.concatenate([values(some) for some in apart])


def _evaluate_on(
    cluster: Cluster,
    optimizer: Lockstep | PerRun,
    benchmark: str,
    setting: Setting,
    settings: Mapping[str, Any],
    runs: int,
    seed: int,
    goal: str,
) -> Floats:
    from nasbench.study.cluster import Call

    parts = [range(first, min(first + RUNS_A_CALL, runs)) for first in range(0, runs, RUNS_A_CALL)]
    arguments = [(optimizer, benchmark, setting, settings, part, seed, goal) for part in parts]
    values = dict(cluster.map(Call(_evaluate_by_name, benchmark, some) for some in arguments))
    return np.concatenate([values[position] for position in range(len(parts))])


def _evaluate_by_name(
    optimizer: Lockstep | PerRun,
    benchmark: str,
    setting: Setting,
    settings: Mapping[str, Any],
    runs: range,
    seed: int,
    goal: str,
) -> Floats:
    return evaluate(optimizer, get_benchmark(benchmark), setting, settings, runs=runs, seed=seed, goal=goal)


def _hits(batch: Observations, rows: np.ndarray, target: np.ndarray, longest: int) -> np.ndarray:
    """Which queries answered a target row after the longest training, `(R, B)`."""
    return np.asarray(target[rows] & batch.answered & (batch.epochs >= longest))


def queries_to_target(
    batches: list[Observations], rows: list[np.ndarray], target: np.ndarray, longest: int, cap: float
) -> Floats:
    """Unique queries of each run up to its first of a target row, at most `cap`, `(R,)`; their mean is the restricted mean.

    Args:
        batches: what was observed.
        rows: row of each architecture, one `(R, B)` a batch.
        target: which rows count, `(N,)`.
        longest: epochs of the training that counts; to be seen after a shorter one is not to be found.
        cap: the budget in unique queries; a run without success counts as it.
    """
    spent = np.cumsum(np.concatenate([batch.first for batch in batches], axis=1), axis=1)
    hit = np.concatenate([_hits(b, r, target, longest) for b, r in zip(batches, rows, strict=True)], axis=1)
    first = np.take_along_axis(spent, hit.argmax(axis=1)[:, None], axis=1)[:, 0]
    return np.where(hit.any(axis=1), np.minimum(first, cap), cap).astype(np.float64)


def final_regret(batches: list[Observations], rows: list[np.ndarray], means: Floats) -> Floats:
    """Seed mean of each run's incumbent above the best seed mean, `(R,)`.

    The incumbent is the architecture with the smallest observed first objective at the longest training that the run used.
    """
    answered = np.concatenate([batch.answered for batch in batches], axis=1)
    epochs = np.where(answered, np.concatenate([batch.epochs for batch in batches], axis=1), -1)
    observed = np.concatenate([batch.objectives[..., 0] for batch in batches], axis=1)
    longest = epochs == epochs.max(axis=1, keepdims=True)
    incumbent = np.where(answered & longest, observed, np.inf).argmin(axis=1)
    row = np.take_along_axis(np.concatenate(rows, axis=1), incumbent[:, None], axis=1)[:, 0]
    return np.asarray(means[row] - np.nanmin(means))


def _study(ranges: Mapping[str, tuple], seed: int) -> tuple[Any, dict[str, Any]]:
    try:
        import optuna
    except ImportError:
        raise NasbenchError(
            "Tuning needs the package optuna, which is not installed; install nas-verify with the extra 'tune'."
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return (
        optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed, multivariate=True)),
        {setting: _distribution(optuna.distributions, form) for setting, form in ranges.items()},
    )


def _distribution(distributions: Any, form: tuple) -> Any:
    kind = form[0]
    if kind == "choice":
        return distributions.CategoricalDistribution(form[1:])
    make = distributions.IntDistribution if kind.endswith("integer") else distributions.FloatDistribution
    return make(form[1], form[2], log=kind.startswith("log"))
