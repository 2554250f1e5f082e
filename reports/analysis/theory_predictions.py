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
from nasbench.theory.traces.trace_checks import checkers_of


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
        entry = results.entry(label)
        if speakers := checkers_of(results.study, entry):
            # Rows of a complete table are indices in the space; of another table claims say nothing that needs them.
            index = np.where(trace.answered, trace.rows, -1)
            runs = OptimizerRuns(results.study, benchmark, entry, index, trace.observed)
            spoken += [one for speaker in speakers for one in speaker(runs, Context())]
    return tuple(spoken)
