"""Runs under constraints: how many of their queries were feasible, and whether what they chose truly is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from nasbench.benchmarks.oracle import ConstrainedOracle, Oracle
from nasbench.reports.analysis.traces import Traces
from nasbench.spaces.space import Floats, Ints


@dataclass(frozen=True)
class Feasibility:
    """How the runs of one optimizer kept the constraints.

    Attributes:
        share: share of the queries that were seen to be feasible, `(R,)`.
        first: query of the first feasible one, from 1, `(R,)`; infinite where there was none.
        holds: whether the constraints truly hold of the final incumbent, `(R,)`; False where there is none.
    """

    share: Floats
    first: Floats
    holds: NDArray[np.bool_]

    @property
    def found(self) -> NDArray[np.bool_]:
        """Which runs have an incumbent, `(R,)`."""
        return np.isfinite(self.first)


def feasibility(traces: Traces, oracle: Oracle) -> Feasibility | None:
    """Return how runs kept the constraints; None where there are none."""
    if traces.feasible is None:
        return None
    found = traces.feasible.any(axis=1)
    return Feasibility(
        share=traces.feasible.sum(axis=1) / traces.lengths,
        first=np.where(found, traces.feasible.argmax(axis=1) + 1.0, np.inf),
        holds=cast(ConstrainedOracle, oracle).is_feasible(traces.incumbents[:, -1]),
    )


def final_scores(traces: Traces, oracle: Oracle, rows: Ints) -> Floats:
    """Return the scores of incumbents, `(...)`; without a feasible one that of the worst feasible architecture.

    So what violates a constraint, and having found nothing yet, are as bad as the worst valid choice (Hernandez-Lobato et al. 2015,
    "Predictive entropy search for Bayesian optimization with unknown constraints", section 4, value an invalid recommendation so).
    """
    score = oracle.score(rows)
    if traces.feasible is None:
        return score
    return np.where(np.isnan(score), cast(ConstrainedOracle, oracle).worst_score, score)
