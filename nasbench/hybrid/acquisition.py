"""Optimistic hypervolume improvement, for any number of objectives.

A candidate is scored at its optimistic vector: mean minus `beta` standard deviations where an objective is predicted, the exact value
where it is known. The score is the volume that this vector would add to the region that the front dominates. With one objective that
ranks candidates as the lower confidence bound does (Srinivas et al. 2010); with several it is the S-metric selection of Ponweiser
et al. 2008 (SMS-EGO) without its penalty. With one objective there is expected improvement too, for a search that is stuck.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import log, pi, sqrt

import numpy as np

from nasbench.search.dominance import nondominated
from nasbench.spaces.space import Floats

Acquisition = Callable[[Floats, Floats], Floats]
"""Optimistic vectors `(n, M)` and the front `(p, M)`, both scaled, to values `(n,)`; larger is better."""

REFERENCE = 1.1
"""Reference point in every scaled objective (Ishibuchi et al. 2018)."""
TIE = 1e-6
"""Weight of the mean optimistic objective, which orders the candidates that add no volume."""

DOMINATED = 1e3
"""Larger than any volume of scaled objectives that matters."""

SMALLEST_DEVIATION = 1e-9
"""That an exact value is given."""
FAR_TAIL = -1e4
"""Standard deviations beyond which the expected improvement is its asymptote."""


def nondominated_boxes(front: Floats, reference: Floats) -> tuple[Floats, Floats]:
    """Return disjoint boxes that cover the region below `reference` that no point of the front weakly dominates.

    Slices along the objective with the fewest distinct values, then each slice likewise.

    Args:
        front: `(n, M)`, minimised; `n` may be 0.
        reference: `(M,)`.

    Returns:
        Lower and upper corners, `(boxes, M)`; lower corners may be minus infinity.
    """
    m = len(reference)
    front = front[(front < reference).all(axis=1)]
    if m == 1:
        top = front.min(initial=reference[0])
        return np.array([[-np.inf]]), np.array([[top]])
    if m == 2:
        # A staircase: between two steps along the first objective, the second may fall to the lower step's height.
        steps = _minimal(front)
        edges = np.concatenate([[-np.inf], steps[:, 0], reference[:1]])
        heights = np.concatenate([reference[1:], steps[:, 1]])
        return (
            np.stack([edges[:-1], np.full(len(heights), -np.inf)], axis=1),
            np.stack([edges[1:], heights], axis=1),
        )
    along = int(np.argmin([len(np.unique(front[:, j])) for j in range(m)]))
    others = [j for j in range(m) if j != along]
    cuts = np.unique(front[:, along])
    edges = np.concatenate([[-np.inf], cuts, reference[along : along + 1]])
    lowers, uppers = [], []
    for low, high in pairwise(edges):
        inside = _minimal(front[front[:, along] <= low][:, others])
        lower, upper = nondominated_boxes(inside, reference[others])
        lowers.append(np.insert(lower, along, low, axis=1))
        uppers.append(np.insert(upper, along, high, axis=1))
    return np.concatenate(lowers), np.concatenate(uppers)


def _minimal(points: Floats) -> Floats:
    """Return the points that no other dominates, each once."""
    points = np.unique(points, axis=0)
    if points.shape[1] == 2:
        # Sorted by the first objective, a point is minimal if its second falls below all before it.
        lowest = np.minimum.accumulate(points[:, 1])
        return points[np.concatenate([[True], points[1:, 1] < lowest[:-1]])] if len(points) else points
    return points[nondominated(points)]


def hypervolume_improvement(points: Floats, boxes: tuple[Floats, Floats]) -> Floats:
    """Return the volume of the boxes that each point `(n, M)` dominates, `(n,)`."""
    lower, upper = boxes
    volume = np.ones((len(points), len(lower)))
    for j in range(points.shape[1]):
        volume *= np.maximum(upper[:, j] - np.maximum(lower[:, j], points[:, j, None]), 0.0)
    return volume.sum(axis=1)


@dataclass(frozen=True)
class ObjectiveScale:
    """Coordinates in which the observed points span 0 to 1 in every objective, the reference point being a little beyond 1.

    The extent is that of all points and not of their front: a front that has found one corner only would otherwise put the
    reference point so close that no other corner could ever add volume.

    Attributes:
        ideal: where 0 is, `(M,)`.
        span: what becomes 1, `(M,)`.
    """

    ideal: Floats
    span: Floats

    @classmethod
    def from_points(cls, points: Floats) -> ObjectiveScale:
        """Return the scale of all observed points, `(n, M)`."""
        ideal = points.min(axis=0)
        span = points.max(axis=0) - ideal
        return cls(ideal, np.where(span > 0, span, 1.0))

    def __call__(self, points: Floats) -> Floats:
        """Return scaled points, `(n, M)`."""
        return (points - self.ideal) / self.span


def optimistic_hypervolume_improvement(optimistic: Floats, front: Floats, reference: float = REFERENCE) -> Floats:
    """Return the acquisition value of optimistic vectors `(n, M)`, scaled; larger is better.

    Args:
        optimistic: scaled by `ObjectiveScale`.
        front: the observed front, scaled, `(p, M)`.
        reference: the reference point in every coordinate.

    Returns:
        The added volume for vectors that no other of `optimistic` dominates; for the rest a value below those, which orders them
        by their mean. With one objective the order is exact throughout.
    """
    value = -TIE * optimistic.mean(axis=1) - DOMINATED
    # No vector adds more than one that dominates it, so the volume is computed for the best alone.
    best = nondominated(optimistic)
    boxes = nondominated_boxes(front, np.full(front.shape[1], reference))
    value[best] += DOMINATED + hypervolume_improvement(optimistic[best], boxes)
    return value


def log_expected_improvement(mean: Floats, deviation: Floats, incumbent: float) -> Floats:
    """Return `log E[max(incumbent - f, 0)]` for `f ~ N(mean, deviation^2)`, `(n,)`, without underflow far from the incumbent.

    Expected improvement is of Mockus 1978 and Jones et al. 1998, equation 15; its logarithm is written as in Ament et al. 2023, equation 9.
    """
    from scipy.special import erfcx, ndtr

    deviation = np.maximum(deviation, SMALLEST_DEVIATION)
    z = (incumbent - mean) / deviation
    value = np.log(deviation)
    near = z > -1.0
    value[near] += np.log(np.exp(-0.5 * z[near] ** 2) / sqrt(2 * pi) + z[near] * ndtr(z[near]))
    tail = z[~near]
    bounded = np.maximum(tail, FAR_TAIL)
    mills = np.log1p(bounded * erfcx(-bounded / sqrt(2)) * sqrt(pi / 2))
    beyond = tail < FAR_TAIL
    mills[beyond] -= 2 * np.log(tail[beyond] / FAR_TAIL)
    value[~near] += mills - 0.5 * tail**2 - 0.5 * log(2 * pi)
    return value
