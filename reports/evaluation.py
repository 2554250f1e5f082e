"""Everything tables and figures need of a study, read in one pass, a benchmark at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nasbench.spaces.space import Floats, Ints
from reports.fronts import FrontTraces, TrueFront, front_traces, true_front
from reports.laws import laws_on
from reports.proposers import ProposerShares, proposer_shares
from reports.results import Results
from reports.statistics.inputs import CensoredTimes
from reports.targets import Target, common_horizon, standard_targets, time_to_target
from reports.traces import TRACED, at_budgets
from theory.speech import Spoken

AXES = ("queries", "unique_queries", "train_seconds")
"""Accounts in which reports measure time."""
DRAWN = ("queries", "train_seconds")
"""Those of them against which regret is drawn."""

GRID = 120
"""Budgets at which anytime curves are read."""

FRACTIONS = (0.05, 0.1, 0.25, 0.5, 1.0)
"""Fractions of the common budget at which they are read as well, exactly."""


@dataclass(frozen=True)
class Curve:
    """Regret of the incumbent over one account.

    Attributes:
        budgets: ascending, `(B,)`; from where every run of every optimizer has an incumbent to where the first of this
            optimizer's runs ended, so that each point stands on all runs.
        regret: `(R, B)`.
    """

    budgets: Floats
    regret: Floats


@dataclass(frozen=True)
class Outcome:
    """What one optimizer did on one benchmark, reduced to what reports show.

    Attributes:
        digest: hash of its runs.
        runs: numbers of the runs, `(R,)`.
        score: score of the final incumbent, `(R,)`.
        observed: what the search itself saw of that incumbent, `(R,)`.
        spent: total of each account that traces record, `(R,)` each.
        curves: one for each of `DRAWN`.
        times: by (target key, account).
        own_seconds: the optimizer's own seconds, a run.
        fronts: hypervolume and final fronts, where the study has several objectives.
        shares: which part proposed how much, where traces say it.
    """

    digest: str
    runs: Ints
    score: Floats
    observed: Floats
    spent: Mapping[str, Floats]
    curves: Mapping[str, Curve]
    times: Mapping[tuple[str, str], CensoredTimes]
    own_seconds: float
    fronts: FrontTraces | None
    shares: ProposerShares | None = None


@dataclass(frozen=True)
class BenchmarkEvaluation:
    """All optimizers on one benchmark.

    Attributes:
        benchmark: its name.
        short: its name in headings.
        units: unit of each objective.
        optimum: best score of all architectures.
        average: mean score of all, what a uniformly random architecture has.
        split: split that scores; empty where scores are exact values of a closed form.
        epochs: length of the training that scores.
        checksum: hash of the table, shortened, for facts about the benchmark; of a closed form its name.
        targets: hardest first.
        horizons: by (target key, account), the cost up to which restricted means are taken.
        outcomes: by label, in the order of the study.
        front: the true front, where the study has several objectives.
        laws: what theory says of the runs, each as if it were alone.
    """

    benchmark: str
    short: str
    units: tuple[str, ...]
    optimum: float
    average: float
    split: str
    epochs: int
    checksum: str
    targets: tuple[Target, ...]
    horizons: Mapping[tuple[str, str], float]
    outcomes: Mapping[str, Outcome]
    front: TrueFront | None
    laws: tuple[Spoken, ...] = ()

    @property
    def unit(self) -> str:
        """Unit of the first objective, in which scores and regrets are."""
        return self.units[0]

    @property
    def is_exact(self) -> bool:
        """Whether scores are exact values of a closed form, which trains nothing."""
        return not self.split

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts of `AXES` that say something of their own.

        Unique queries do where a run repeated itself. A table may record no training times, and a closed form has none.
        """
        outcomes = self.outcomes.values()
        repeated = any((o.spent["unique_queries"] < o.spent["queries"]).any() for o in outcomes)
        timed = not self.is_exact and any(float(o.spent["train_seconds"].max()) > 0.0 for o in outcomes)
        return ("queries", *(("unique_queries",) if repeated else ()), *(("train_seconds",) if timed else ()))

    @property
    def scores(self) -> Floats:
        """Final scores, `(R, optimizers)`."""
        return np.stack([outcome.score for outcome in self.outcomes.values()], axis=1)


def common_unit(evaluations: Sequence[BenchmarkEvaluation]) -> str:
    """Unit of the scores where all benchmarks share one, else that it differs."""
    units = {evaluation.unit for evaluation in evaluations}
    return units.pop() if len(units) == 1 else "unit of the data set"


def evaluate(results: Results) -> Iterator[BenchmarkEvaluation]:
    """Evaluate a study, benchmark by benchmark; the traces of one are let go before the next is read."""
    for benchmark in results.study.benchmarks:
        yield evaluate_benchmark(results, benchmark)


def evaluate_benchmark(results: Results, benchmark: str) -> BenchmarkEvaluation:
    """Evaluate all optimizers on one benchmark."""
    oracle = results.oracle(benchmark)
    targets = standard_targets(oracle, oracle.units[0])
    truth = true_front(oracle.objectives) if len(results.study.objectives) > 1 else None
    traces = {label: results.traces(benchmark, label) for label in results.labels}
    spent = {account: {label: t.spent(account) for label, t in traces.items()} for account in DRAWN}
    grids = {account: _grid(account, spent[account]) for account in DRAWN}
    outcomes = {}
    for label, trace in traces.items():
        score = oracle.score(trace.incumbents)
        regret = score - oracle.best_score
        outcomes[label] = Outcome(
            digest=results.digest((benchmark, label)),
            runs=trace.runs,
            score=score[:, -1],
            observed=trace.observed[np.arange(len(trace.runs)), trace.incumbent_at[:, -1], 0],
            spent={account: trace.spent(account)[:, -1] for account in TRACED},
            curves={account: _curve(regret, spent[account][label], grids[account]) for account in DRAWN},
            times={(t.key, account): time_to_target(trace, t, account) for t in targets for account in AXES},
            own_seconds=results.own_seconds(benchmark, label),
            fronts=None if truth is None else front_traces(trace, oracle.objectives, truth),
            shares=proposer_shares(trace),
        )
    limits = results.study.budget.limits
    horizons = {
        (t.key, account): common_horizon([o.times[t.key, account] for o in outcomes.values()], limits.get(account))
        for t in targets
        for account in AXES
    }
    return BenchmarkEvaluation(
        benchmark=benchmark,
        short=results.short(benchmark),
        units=oracle.units,
        optimum=oracle.best_score,
        average=oracle.mean_score,
        split=oracle.score_split,
        epochs=oracle.epochs,
        checksum=results.benchmark(benchmark).checksum[:12],
        targets=targets,
        horizons=horizons,
        outcomes=outcomes,
        front=truth,
        laws=laws_on(results, benchmark, traces),
    )


def _grid(account: str, spent: Mapping[str, Floats]) -> Floats:
    """Budgets from the first at which every run has an incumbent, in equal ratios; whole numbers for counts."""
    start = max(float(cost[:, 0].max()) for cost in spent.values())
    ends = [float(cost[:, -1].min()) for cost in spent.values()]
    if start <= 0.0 or max(ends) <= start:
        return np.array([max(start, *ends)])
    grid = np.geomspace(start, max(ends), GRID)
    grid = np.concatenate([[start], grid[1:-1], [max(ends)], np.array(FRACTIONS) * min(ends)])
    grid = grid if account == "train_seconds" else np.round(grid)
    return np.unique(np.clip(grid, start, max(ends)))


def _curve(regret: Floats, spent: Floats, grid: Floats) -> Curve:
    end = float(spent[:, -1].min())
    budgets = grid[grid <= end]
    if not len(budgets) or budgets[-1] < end:
        budgets = np.append(budgets, end)
    return Curve(budgets, at_budgets(regret, spent, budgets))
