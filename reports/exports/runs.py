"""The runs of a study, one after the other, as every export writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nasbench.errors import UnsupportedError
from nasbench.reports.analysis.results import Results
from nasbench.spaces.space import Floats

Export = Callable[[Results, Path], tuple[Path, ...]]
"""Writes results into a folder, which is there, and returns the files."""


@dataclass(frozen=True)
class ExportedRuns:
    """The runs of one method on one problem.

    Attributes:
        label: of the method.
        problem: its name.
        number: of the problem in the study, from 1.
        dimension: decisions of its search space; 1 where the architectures of a table of runs were only numbered.
        is_maximised: whether larger observed values are better.
        observed: the first objective of each query as users see it, `(queries,)` a run.
        regret: smallest true regret of the queries up to each, `(queries,)` a run, in the unit of the objective.
        optimum: the best score as users see it.
    """

    label: str
    problem: str
    number: int
    dimension: int
    is_maximised: bool
    observed: tuple[Floats, ...]
    regret: tuple[Floats, ...]
    optimum: float


def exported_runs(results: Results) -> Iterator[ExportedRuns]:
    """Return all runs of a study, method by method.

    Raises:
        UnsupportedError: if it has constraints, several lengths of training, or live tasks alone, which these formats do not know.
    """
    study = results.study
    if study.constraints or any(len(results.protocol(problem).epochs) > 1 for problem in results.benchmarks):
        what = "constraints" if study.constraints else "several lengths of training"
        raise UnsupportedError(f"The study {study.name} has {what}, which this format does not know; use --tidy.")
    if not results.benchmarks:
        raise UnsupportedError(f"The study {study.name} has live tasks alone, whose optimum is not known; use --tidy.")
    for label in results.labels:
        for number, problem in enumerate(results.benchmarks, start=1):
            traces, oracle = results.traces(problem, label), results.oracle(problem)
            view, rows, of = oracle.views[0], traces.rows, traces.lengths
            observed = view(traces.observed[:, :, 0])
            regret = np.minimum.accumulate(oracle.score(rows) - oracle.best_score, axis=1)
            yield ExportedRuns(
                label=label,
                problem=problem,
                number=number,
                dimension=1 if results.recorded else results.benchmark(problem).space.d,
                is_maximised=view.direction == "max",
                observed=tuple(observed[run, : of[run]] for run in range(len(of))),
                regret=tuple(np.maximum(regret[run, : of[run]], 0.0) for run in range(len(of))),
                optimum=float(view(oracle.best_score)),
            )
