"""Everything tables and figures need of a study, read in one pass, a benchmark at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import cast

import numpy as np

from nasbench.benchmarks.function_benchmark import FunctionBenchmark
from nasbench.benchmarks.objectives import find_quantity
from nasbench.benchmarks.oracle import ConstrainedOracle
from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.benchmarks.views import AS_IT_IS, View
from nasbench.reports.analysis.accounts import TIMES, drawn_accounts, main_account, measured_accounts
from nasbench.reports.analysis.comparison import ALPHA
from nasbench.reports.analysis.display_names import DisplayNames
from nasbench.reports.analysis.feasibility import Feasibility, feasibility, final_scores
from nasbench.reports.analysis.forks import in_forks
from nasbench.reports.analysis.operator_shares import OperatorShares, operator_shares
from nasbench.reports.analysis.pareto_fronts import FrontTraces, TrueFront, front_traces, tied, true_front
from nasbench.reports.analysis.recorded_benchmark import RecordedBenchmark
from nasbench.reports.analysis.results import Results
from nasbench.reports.analysis.scoring import Kind, Scoring
from nasbench.reports.analysis.targets import Target, common_horizon, standard_targets, time_to_target
from nasbench.reports.analysis.theory_predictions import laws_on
from nasbench.reports.analysis.traces import TRACED, at_budgets
from nasbench.reports.statistics.inputs import CensoredTimes
from nasbench.spaces.space import Floats, Ints
from nasbench.theory.traces.trace_check import TraceCheck
from nasbench.ties import tolerance

GRID = 120
"""Budgets at which anytime curves are read."""

FRACTIONS = (0.05, 0.1, 0.25, 0.5, 1.0)
"""Fractions of the common budget at which they are read as well, exactly."""


@dataclass(frozen=True)
class RegretCurve:
    """Regret of the incumbent over one account.

    Attributes:
        budgets: ascending, `(B,)`; from where every run of every optimizer has an incumbent to where the first of this
            optimizer's runs ended, so that each point stands on all runs.
        regret: `(R, B)`.
    """

    budgets: Floats
    regret: Floats


@dataclass(frozen=True)
class OptimizerResult:
    """What one optimizer did on one benchmark, reduced to what reports show.

    Attributes:
        digest: hash of its runs.
        runs: numbers of the runs, `(R,)`.
        score: score of the final incumbent, `(R,)`.
        observed: what the search itself saw of that incumbent, `(R,)`.
        spent: total of each account that traces record, `(R,)` each.
        curves: for each of `BenchmarkEvaluation.drawn`.
        times: by (target key, account), followed to the horizon of the two.
        optimizer_seconds: the optimizer's own seconds, a run.
        fronts: hypervolume and final fronts, where the study has several objectives.
        shares: which part proposed how much, where traces say it.
        feasibility: how the runs kept the constraints, where the study has any.
    """

    digest: str
    runs: Ints
    score: Floats
    observed: Floats
    spent: Mapping[str, Floats]
    curves: Mapping[str, RegretCurve]
    times: Mapping[tuple[str, str], CensoredTimes]
    optimizer_seconds: float
    fronts: FrontTraces | None
    shares: OperatorShares | None = None
    feasibility: Feasibility | None = None


@dataclass(frozen=True)
class BenchmarkEvaluation:
    """All optimizers on one benchmark.

    Attributes:
        benchmark: its name.
        short: its name in headings.
        units: unit of each objective.
        optimum: best score of all architectures, or the best known one.
        is_optimum_known: whether it is that of all.
        average: mean score of all, what a uniformly random architecture has.
        scoring: how architectures are scored, and whether the search used that split.
        main: account that the study's budget limits; see `nasbench.reports.analysis.accounts.main_account`.
        checksum: hash of the table, shortened, for facts about the benchmark; of a closed form its name.
        targets: hardest first.
        horizons: by (target key, account), the cost up to which runs are followed: success rates, restricted means and tests.
        limits: what the study's budget limits, by account.
        outcomes: by label, in the order of the study.
        front: the true front, where the study has several objectives.
        laws: theoretical predictions for the runs, each tested by itself.
        views: how users see each objective.
        feasible_share: share of all architectures that satisfy the constraints of the study; None where there are none.
        recorded: whether the runs were read from a table of runs, which says nothing of training seeds, epochs and overhead.
        alpha: error rate of tests and intervals.
    """

    benchmark: str
    short: str
    units: tuple[str, ...]
    optimum: float
    average: float
    scoring: Scoring
    main: str
    checksum: str
    targets: tuple[Target, ...]
    horizons: Mapping[tuple[str, str], float]
    limits: Mapping[str, float]
    outcomes: Mapping[str, OptimizerResult]
    front: TrueFront | None
    laws: tuple[TraceCheck, ...] = ()
    views: tuple[View, ...] = (AS_IT_IS,)
    recorded: bool = False
    is_optimum_known: bool = True
    feasible_share: float | None = None
    alpha: float = ALPHA

    @property
    def level(self) -> float:
        """Coverage of intervals."""
        return 1.0 - self.alpha

    @property
    def unit(self) -> str:
        """Unit of the first objective, in which scores and regrets are."""
        return self.units[0]

    @property
    def view(self) -> View:
        """How users see scores; all else, regrets and differences, is of what is minimised."""
        return self.views[0]

    @property
    def optimum_name(self) -> str:
        """What the best score is called."""
        return "optimum" if self.is_optimum_known else "best known"

    @property
    def front_name(self) -> str:
        """What `front` is called: without a table it is that of the architectures that were evaluated."""
        return "true front" if self.scoring.kind == "table" else "best known front"

    @property
    def is_exact(self) -> bool:
        """Whether scores are exact values of a closed form, which trains nothing."""
        return self.scoring.is_exact

    @property
    def accounts(self) -> tuple[str, ...]:
        """The measured accounts that say something of their own.

        Unique queries do where a run repeated itself. A table may record no training times, and a closed form has none. The clock does
        where trainings run at once.
        """
        outcomes = self.outcomes.values()
        repeated = any((o.spent["unique_queries"] < o.spent["queries"]).any() for o in outcomes)
        timed = not self.is_exact and any(float(o.spent["train_seconds"].max()) > 0.0 for o in outcomes)
        overlapping = timed and any((o.spent["wall_seconds"] < o.spent["train_seconds"]).any() for o in outcomes)
        # Of runs that others recorded, perhaps only the clock is known.
        alone = not timed and any(float(o.spent["wall_seconds"].max()) > 0.0 for o in outcomes)
        clocked = not self.is_exact and (overlapping or alone)
        said = {
            "queries": True,
            "unique_queries": repeated,
            "train_seconds": timed,
            "wall_seconds": clocked,
            self.main: True,
        }
        return tuple(account for account, says in said.items() if says)

    def at_fraction(self, fraction: float) -> dict[str, Floats]:
        """Return the regret `(R,)` of every optimizer at a fraction of the budget that all spent; at the first where all have any, if that is later."""
        curves = {label: outcome.curves[self.main] for label, outcome in self.outcomes.items()}
        start = max(float(curve.budgets[0]) for curve in curves.values())
        budget = max(start, fraction * min(float(curve.budgets[-1]) for curve in curves.values()))
        within = budget + tolerance(budget)
        return {label: curve.regret[:, np.flatnonzero(curve.budgets <= within)[-1]] for label, curve in curves.items()}

    @property
    def drawn(self) -> tuple[str, ...]:
        """The accounts against which regret is drawn."""
        return tuple(next(iter(self.outcomes.values())).curves)

    def is_planned(self, target: str, account: str) -> bool:
        """Return whether the horizon of a target is the limit that the study set in advance."""
        limit = self.limits.get(account)
        return limit is not None and self.horizons[target, account] == limit

    @property
    def scores(self) -> Floats:
        """Final scores, `(R, optimizers)`."""
        return np.stack([outcome.score for outcome in self.outcomes.values()], axis=1)


def relative_regret(evaluations: Sequence[BenchmarkEvaluation], label: str) -> Floats:
    """Return the final regret of each run as a share of what a uniformly random architecture has on average, `(runs, data sets)`."""
    return np.stack([(e.outcomes[label].score - e.optimum) / (e.average - e.optimum) for e in evaluations], axis=1)


def best_architecture(evaluations: Sequence[BenchmarkEvaluation]) -> str:
    """Return what regret is relative to, in words."""
    known = {evaluation.is_optimum_known for evaluation in evaluations}
    feasible = "feasible " if any(evaluation.feasible_share is not None for evaluation in evaluations) else ""
    texts = {True: f"best of all {feasible}architectures", False: f"best known {feasible}architecture"}
    return " or ".join(text for is_known, text in texts.items() if is_known in known)


def common_unit(evaluations: Sequence[BenchmarkEvaluation]) -> str:
    """Return the unit of the scores if all benchmarks share one, otherwise a phrase for it."""
    units = {evaluation.unit for evaluation in evaluations}
    return units.pop() if len(units) == 1 else "unit of the data set"


def evaluate_study(
    results: Results, jobs: int = 1, progress: Callable[[float], None] = lambda share: None
) -> Iterator[BenchmarkEvaluation]:
    """Evaluate a study, benchmark by benchmark, in a number of processes; the traces of one are let go before the next is read.

    `progress` is called with the share of the benchmarks that are done.
    """
    total, ended = len(results.benchmarks), count(1)

    def done() -> None:
        progress(next(ended) / total)

    if jobs == 1:
        for benchmark in results.benchmarks:
            yield evaluate_benchmark(results, benchmark)
            done()
        return
    yield from in_forks([partial(_sent, results, benchmark) for benchmark in results.benchmarks], jobs, done)


def _sent(results: Results, benchmark: str) -> BenchmarkEvaluation:
    """Return an evaluation without the whole benchmark, which its targets hold on to and no longer need."""
    evaluation = evaluate_benchmark(results, benchmark)
    return replace(evaluation, targets=tuple(replace(target, value=_is_spent) for target in evaluation.targets))


def _is_spent(rows: Ints) -> Floats:
    raise AssertionError("times to targets are read off before an evaluation is sent")


def rename(evaluation: BenchmarkEvaluation, short: str, names: DisplayNames) -> BenchmarkEvaluation:
    """Return an evaluation whose data set is called `short`, and its optimizers as readers see them."""
    return replace(
        evaluation,
        short=short,
        outcomes={names.optimizer(label): outcome for label, outcome in evaluation.outcomes.items()},
        laws=tuple(replace(law, optimizer=names.optimizer(law.optimizer)) for law in evaluation.laws),
        scoring=replace(evaluation.scoring, name=short),
    )


def evaluate_benchmark(results: Results, benchmark: str) -> BenchmarkEvaluation:
    """Evaluate all optimizers on one benchmark."""
    oracle, main = results.oracle(benchmark), main_account(results.study.budget)
    clocked = results.recorded is not None and results.recorded.clocked
    accounts, drawn = measured_accounts(results.study, clocked), drawn_accounts(results.study, clocked)
    targets = standard_targets(oracle, oracle.units[0])
    traces = {label: results.traces(benchmark, label) for label in results.labels}
    # After the traces: an oracle without a table has the objectives of the architectures that it was asked for.
    objectives = tied(oracle.objectives) if len(results.study.objectives) > 1 else None
    truth = None if objectives is None else true_front(objectives)
    spent = {account: {label: t.spent(account) for label, t in traces.items()} for account in drawn}
    grids = {account: _grid(account, spent[account]) for account in drawn}
    times = {
        (t.key, account): {label: time_to_target(trace, t, account) for label, trace in traces.items()}
        for t in targets
        for account in accounts
    }
    limits = results.study.budget.limits
    ended = {label: results.ended_early(benchmark, label) for label in traces}
    horizons = {
        key: common_horizon(list(own.values()), limits.get(key[1]), list(ended.values())) for key, own in times.items()
    }
    outcomes = {}
    for label, trace in traces.items():
        score = final_scores(trace, oracle, trace.incumbents)
        regret = _above(score, oracle.best_score)
        outcomes[label] = OptimizerResult(
            digest=results.digest((benchmark, label)),
            runs=trace.runs,
            score=score[:, -1],
            observed=trace.observed[np.arange(len(trace.runs)), trace.incumbent_at[:, -1], 0],
            spent={account: trace.spent(account)[:, -1] for account in TRACED},
            curves={account: _curve(regret, spent[account][label], grids[account]) for account in drawn},
            times={key: own[label].until(horizons[key], ended[label]) for key, own in times.items()},
            optimizer_seconds=results.optimizer_seconds(benchmark, label),
            fronts=None if objectives is None or truth is None else front_traces(trace, objectives, truth, main),
            shares=operator_shares(trace),
            feasibility=feasibility(trace, oracle),
        )
    return BenchmarkEvaluation(
        benchmark=benchmark,
        short=results.short(benchmark),
        units=oracle.units,
        optimum=oracle.best_score,
        average=oracle.mean_score,
        scoring=scoring_of(results, benchmark),
        main=main,
        checksum=results.benchmark(benchmark).checksum[:12],
        targets=targets,
        horizons=horizons,
        limits=limits,
        outcomes=outcomes,
        front=truth,
        laws=laws_on(results, benchmark, traces),
        views=oracle.views,
        recorded=results.recorded is not None,
        is_optimum_known=oracle.is_optimum_known,
        feasible_share=cast(ConstrainedOracle, oracle).feasible_share if results.study.constraints else None,
    )


def scoring_of(results: Results, benchmark: str) -> Scoring:
    """Return how a benchmark of a study is scored."""
    found, oracle, study = results.benchmark(benchmark), results.oracle(benchmark), results.study
    name = results.short(benchmark)
    if not isinstance(found, TabularBenchmark):
        kinds: tuple[tuple[type, Kind], ...] = ((RecordedBenchmark, "recorded"), (FunctionBenchmark, "closed form"))
        kind: Kind = next((kind for made, kind in kinds if isinstance(found, made)), "surrogate")
        return Scoring(name=name, searched="", scored="", kind=kind)
    quantity = find_quantity(found.table, found.dataset, study.objectives[0])
    splits = {c.split for c in found.table.columns if (c.dataset, c.quantity) == (found.dataset, quantity)}
    if splits <= {None}:
        return Scoring(name=name, searched="", scored="")
    scored = found.table.epochs(found.dataset, quantity, oracle.score_split)
    trained = found.table.epochs(found.dataset, quantity, study.split)
    return Scoring(
        name=name,
        searched=study.split,
        scored=oracle.score_split,
        epochs=oracle.epochs if scored else 0,
        trained=tuple(results.protocol(benchmark).epochs) if trained else (),
        has_test="test" in splits,
    )


def _above(score: Floats, best: float) -> Floats:
    """Return the regret of scores relative to the best one; zero where they differ by rounding alone."""
    regret = score - best
    return np.where(np.abs(regret) <= tolerance(best, score), 0.0, regret)


def _grid(account: str, spent: Mapping[str, Floats]) -> Floats:
    """Return the budgets from the first at which every run has an incumbent, in equal ratios; whole numbers for counts."""
    start = max(float(cost[:, 0].max()) for cost in spent.values())
    ends = [float(cost[:, -1].min()) for cost in spent.values()]
    if start <= 0.0 or max(ends) <= start:
        return np.array([max(start, *ends)])
    grid = np.geomspace(start, max(ends), GRID)
    grid = np.concatenate([[start], grid[1:-1], [max(ends)], np.array(FRACTIONS) * min(ends)])
    grid = grid if account in TIMES else np.round(grid)
    return np.unique(np.clip(grid, start, max(ends)))


def _curve(regret: Floats, spent: Floats, grid: Floats) -> RegretCurve:
    # Where a run ended before another one's first query was answered, that first answer is where all have one.
    end = max(float(spent[:, -1].min()), float(spent[:, 0].max()))
    budgets = grid[grid <= end]
    if not len(budgets) or budgets[-1] < end:
        budgets = np.append(budgets, end)
    return RegretCurve(budgets, at_budgets(regret, spent, budgets))
