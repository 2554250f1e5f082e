"""How an optimizer of several parts shared its queries out among them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nasbench.reports.analysis.traces import Traces
from nasbench.spaces.space import Floats

WINDOWS = 30
"""Windows of queries in which shares are counted."""


@dataclass(frozen=True)
class OperatorShares:
    """Shares of the parts of one optimizer on one benchmark.

    Attributes:
        operators: names of the parts, the one with the most queries first.
        starts: first query of each window, from 1, `(W,)`.
        ends: last query of each window, `(W,)`.
        share: of the queries in the window, `(operators, R, W)`; sums to 1 over the first axis.
    """

    operators: tuple[str, ...]
    starts: Floats
    ends: Floats
    share: Floats


def operator_shares(traces: Traces) -> OperatorShares | None:
    """Count shares over the queries that every run has made; None where traces do not say who proposed."""
    if traces.operator is None:
        return None
    horizon = int(traces.lengths.min())
    made = traces.operator[:, :horizon]
    names, counts = np.unique(made, return_counts=True)
    names = names[np.argsort(-counts, kind="stable")]
    edges = np.unique(np.linspace(0, horizon, min(WINDOWS, horizon) + 1).round().astype(int))
    share = np.add.reduceat((made == names[:, None, None]).astype(float), edges[:-1], axis=2) / np.diff(edges)
    return OperatorShares(tuple(map(str, names)), edges[:-1] + 1.0, edges[1:].astype(float), share)
