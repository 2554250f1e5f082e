"""Optimistic hypervolume improvement, for any number of objectives.

A candidate is judged at its optimistic vector: mean minus `beta` standard deviations where an objective is predicted, the exact
value where it is known. Its worth is the volume that this vector would add to the region the front dominates. With one objective
that ranks candidates as the lower confidence bound does (Srinivas et al. 2010); with several it is the S-metric selection of
Ponweiser et al. 2008 (SMS-EGO) without its penalty.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from nasbench.spaces.space import Floats

TIE = 1e-6
"""Weight of the mean optimistic objective, which orders the candidates that add no volume."""


def undominated_boxes(front: Floats, reference: Floats) -> tuple[Floats, Floats]:
    """Split the region below `reference` that no point of the front weakly dominates into disjoint boxes.

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
    along = int(np.argmin([len(np.unique(front[:, j])) for j in range(m)]))
    others = [j for j in range(m) if j != along]
    cuts = np.unique(front[:, along])
    edges = np.concatenate([[-np.inf], cuts, reference[along : along + 1]])
    lowers, uppers = [], []
    for low, high in pairwise(edges):
        inside = _minimal(front[front[:, along] <= low][:, others])
        lower, upper = undominated_boxes(inside, reference[others])
        lowers.append(np.insert(lower, along, low, axis=1))
        uppers.append(np.insert(upper, along, high, axis=1))
    return np.concatenate(lowers), np.concatenate(uppers)


def _minimal(points: Floats) -> Floats:
    """Points that no other dominates, each once."""
    points = np.unique(points, axis=0)
    if points.shape[1] == 2:
        # Sorted by the first objective, a point is minimal if its second falls below all before it.
        lowest = np.minimum.accumulate(points[:, 1])
        return points[np.concatenate([[True], points[1:, 1] < lowest[:-1]])] if len(points) else points
    from nasbench.search.archive import nondominated

    return points[nondominated(points)]


def improvement(points: Floats, boxes: tuple[Floats, Floats]) -> Floats:
    """Volume of the boxes that each point `(n, M)` dominates, `(n,)`."""
    lower, upper = boxes
    volume = np.ones((len(points), len(lower)))
    for j in range(points.shape[1]):
        volume *= np.maximum(upper[:, j] - np.maximum(lower[:, j], points[:, j, None]), 0.0)
    return volume.sum(axis=1)


def running_reference(points: Floats, quantile: float, margin: float = 0.1) -> Floats:
    """The reference point from what has been seen, `(n, M)` to `(M,)`: a quantile of each objective plus a margin of its range.

    A quantile below 1 keeps the worst architectures seen from drawing the search to the far ends of the front.
    """
    high = np.quantile(points, quantile, axis=0)
    low = points.min(axis=0)
    return high + margin * np.maximum(high - low, np.finfo(float).eps)


def optimistic_improvement(optimistic: Floats, front: Floats, reference: Floats) -> Floats:
    """Acquisition value of optimistic vectors `(n, M)`; larger is better, and no two vectors that differ everywhere tie."""
    worth = improvement(optimistic, undominated_boxes(front, reference))
    return worth - TIE * optimistic.mean(axis=1)
