"""Theoretical predictions for the runs of a study: distributions and bounds, and the observed values."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.reports.analysis.results import Results
from nasbench.reports.analysis.traces import Traces
from nasbench.theory.machinery.claim import Context
from nasbench.theory.machinery.optimizer_runs import OptimizerRuns
from nasbench.theory.traces.trace_check import TraceCheck
from nasbench.theory.traces.trace_checks import check_runs


def laws_on(results: Results, benchmark: str, traces: Mapping[str, Traces]) -> tuple[TraceCheck, ...]:
    """Return what claims say of each optimizer of a study on a benchmark, each as if it were alone.

    Args:
        results: the study.
        benchmark: one of its benchmarks; of a closed form, which is not listed, nothing is said, and neither under constraints.
        traces: runs by label.
    """
    if results.study.constraints or not isinstance(results.benchmark(benchmark), TabularBenchmark):
        return ()
    spoken = []
    for label, trace in traces.items():
        # Rows of a complete table are indices in the space; of another table claims say nothing that needs them.
        index = np.where(trace.answered, trace.rows, -1)
        runs = OptimizerRuns(results.study, benchmark, results.entry(label), index, trace.observed)
        # Times are on the page already.
        spoken += [one for one in check_runs(runs, Context()) if not one.claim.startswith("complexity.")]
    return tuple(spoken)
