"""Several objectives: the true front of a table, the fronts that runs found, and the hypervolume they dominate.

Objectives are scaled so that the true front spans 0 to 1 in each; the reference point is 1.1 in each (Ishibuchi et al. 2018,
"How to specify a reference point in hypervolume calculation for fair performance comparison"). Hypervolumes are given as a
fraction of the true front's. A run's front is what it would return: the architectures that are non-dominated in what the run
observed, valued by their true objectives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.reports.analysis.traces import Traces
from nasbench.search.dominance import nondominated
from nasbench.spaces.space import Floats
from nasbench.ties import snapped

REFERENCE = 1.1
"""Reference point in every scaled objective."""

BUDGETS = 24
"""Budgets at which hypervolume is read, in equal ratios."""
FRACTIONS = (0.1, 0.25, 0.5, 1.0)
"""Fractions of the whole at which it is read as well."""


@dataclass(frozen=True)
class TrueFront:
    """The front of a whole table.

    Attributes:
        points: its distinct points, `(P, M)`, in the units of the objectives.
        ideal, span: best value of each objective, and what one is in scaled units: its extent over the front, 1 where it has none, `(M,)`.
        volume: its hypervolume, scaled.
    """

    points: Floats
    ideal: Floats
    span: Floats
    volume: float

    @property
    def nadir(self) -> Floats:
        """Worst value of each objective over the front, `(M,)`."""
        return np.asarray(self.points.max(axis=0))

    def scaled(self, points: Floats) -> Floats:
        """Return the objectives in which the front spans 0 to 1."""
        return np.asarray((points - self.ideal) / self.span)

    @property
    def reference(self) -> Floats:
        """The reference point in the units of the objectives, `(M,)`."""
        return np.asarray(self.ideal + REFERENCE * self.span)


@dataclass(frozen=True)
class FrontTraces:
    """Fronts of the runs of one optimizer.

    Attributes:
        budgets: at which it was looked, in the account that was asked for, `(B,)`.
        volume: hypervolume as a fraction of the true front's, `(R, B)`.
        final: last front of each run, in the units of the objectives.
    """

    budgets: Floats
    volume: Floats
    final: tuple[Floats, ...]


def true_front(objectives: Floats) -> TrueFront:
    """Return the front of all rows `(N, M)` of a table; rows with an unmeasured objective are left out.

    Raises:
        NasbenchError: if no row has all objectives.
    """
    known = objectives[np.isfinite(objectives).all(axis=1)]
    if not len(known):
        raise NasbenchError("No architecture of the table has all objectives, so there is no front; leave one out.")
    known = tied(known)
    points = np.unique(known[nondominated(known)], axis=0)
    ideal = points.min(axis=0)
    span = points.max(axis=0) - ideal
    span = np.where(span > 0, span, 1.0)
    return TrueFront(points, ideal, span, _volume((points - ideal) / span))


def tied(objectives: Floats) -> Floats:
    """Return the objectives `(N, M)` in which values that differ by rounding alone are the same number."""
    return np.stack([snapped(column) for column in objectives.T], axis=1)


def front_traces(traces: Traces, objectives: Floats, truth: TrueFront, account: str = "queries") -> FrontTraces:
    """Follow the front of every run.

    Args:
        traces: the runs.
        objectives: true objectives by row, `(N, M)`.
        truth: the true front.
        account: in which the budgets are counted.
    """
    spent = traces.spent(account)
    looks = _looks(spent)
    ends = np.array([np.searchsorted(own, looks, side="right") for own in spent])
    highest = traces.epochs.max()
    volume = np.zeros((len(traces.runs), len(looks)))
    final = []
    for run in range(len(traces.runs)):
        kept = np.empty(0, dtype=np.int64)
        done = 0
        for b in range(len(looks)):
            end = min(int(ends[run, b]), int(traces.lengths[run]))
            new = np.arange(done, end)
            new = new[traces.epochs[run, new] == highest]
            new = new if traces.feasible is None else new[traces.feasible[run, new]]
            done = max(done, end)
            kept = np.concatenate([kept, new])
            kept = kept[nondominated(traces.observed[run, kept])]
            points = objectives[np.unique(traces.rows[run, kept])]
            # Seen to be feasible, an architecture may violate a constraint in truth; it is no part of a front then.
            points = points[np.isfinite(points).all(axis=1)]
            volume[run, b] = _volume(truth.scaled(points)) / truth.volume
        final.append(points[nondominated(points)])
    return FrontTraces(looks, volume, tuple(final))


def _looks(spent: Floats) -> Floats:
    """Return the budgets from the first query to the end of the longest run, in equal ratios; whole numbers where costs are."""
    first, last = float(spent[:, 0].min()), float(spent[:, -1].max())
    if first <= 0.0 or last <= first:
        return np.array([last])
    looks = np.geomspace(first, last, BUDGETS)
    looks = np.sort(np.append(looks, [f * last for f in FRACTIONS if first < f * last < last]))
    whole = bool((spent == np.round(spent)).all())
    return np.unique(np.append(np.round(looks) if whole else looks[:-1], last))


def _volume(scaled: Floats) -> float:
    import moocore

    if not len(scaled):
        return 0.0
    return float(moocore.hypervolume(np.ascontiguousarray(scaled), ref=np.full(scaled.shape[1], REFERENCE)))
