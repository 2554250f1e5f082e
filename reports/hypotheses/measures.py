"""What is taken of each run: the time to a target or to a share of the hypervolume, or the regret at the end."""

from __future__ import annotations

import numpy as np

from nasbench.reports.analysis.results import Results
from nasbench.reports.analysis.targets import find_target, time_to_target
from nasbench.reports.hypotheses.hypervolume import queries_to_volume
from nasbench.reports.hypotheses.statements import (
    Ablation,
    MedianToTarget,
    QueriesToHypervolume,
    StudyHypothesis,
    TimeToTargetRatio,
)
from nasbench.reports.statistics.inputs import CensoredTimes


def measured(hypothesis: StudyHypothesis, results: Results, benchmark: str, label: str) -> dict[str, CensoredTimes]:
    """Return a number a run by measure, for one method on one benchmark; a regret counts as reached where the
    run was followed to the cap.

    Raises:
        NasbenchError: if the benchmark has no such target.
    """
    traces, oracle = results.traces(benchmark, label), results.oracle(benchmark)
    if isinstance(hypothesis, QueriesToHypervolume):
        errors = oracle.objectives[:, results.study.objectives.index("error")]
        inside = errors <= hypothesis.error_at_most
        return {"unique_queries": queries_to_volume(traces, oracle.objectives, inside, hypothesis.fraction)}
    if isinstance(hypothesis, Ablation) and hypothesis.measure == "final regret":
        regret = np.asarray(oracle.score(traces.incumbents[:, -1]) - oracle.best_score)
        followed = traces.spent("unique_queries")[:, -1] >= hypothesis.query_cap
        return {hypothesis.measure: CensoredTimes(np.maximum(regret, 0.0), followed)}
    assert isinstance(hypothesis, TimeToTargetRatio | MedianToTarget | Ablation)
    target = find_target(oracle, hypothesis.target)
    return {measure: time_to_target(traces, target, measure) for measure in hypothesis.measures}
