"""Quality of fronts: hypervolume, IGD+, additive epsilon, attainment surfaces, coverage of the true front.

Fronts are `(points, objectives)`, all minimised; nothing is normalised here and every reference is given by the caller.
Sources: Zitzler et al. 2003 (hypervolume, epsilon); Ishibuchi et al. 2015 (IGD+); Grunert da Fonseca et al. 2001 and Fonseca
et al. 2011 (attainment). The first three and the attainment surfaces are computed by moocore.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from nasbench.errors import NasbenchError
from nasbench.reports.statistics.inputs import FloatArray, as_array
from nasbench.reports.statistics.result import Undefined, if_defined
from nasbench.reports.wording import pluralize


def hypervolume(front: ArrayLike, reference: ArrayLike) -> float | Undefined:
    """Return the volume that `front` dominates within the box below the reference point `(objectives,)`.

    A point that does not dominate the reference point adds nothing; an empty front has volume zero.
    """
    import moocore

    points, corner = _front(front, "front"), as_array(reference, 1, "reference point")
    if problem := _missing(points, "front") or _missing(corner, "reference point"):
        return problem
    _same_objectives(points, corner[None, :], "reference point")
    return float(moocore.hypervolume(points, ref=corner)) if len(points) else 0.0


def igd_plus(front: ArrayLike, true_front: ArrayLike) -> float | Undefined:
    """Return the mean distance from each true point to the region that `front` dominates; zero is best."""
    import moocore

    return if_defined(_pair(front, true_front), lambda pair: float(moocore.igd_plus(pair[0], ref=pair[1])))


def additive_epsilon(front: ArrayLike, true_front: ArrayLike) -> float | Undefined:
    """Return the least shift of `front`, in every objective, after which it weakly dominates the true front.

    Zero is best: the front is then on, or beyond, the true one. It mixes the units of objectives, so give them scaled.
    """
    import moocore

    return if_defined(_pair(front, true_front), lambda pair: float(moocore.epsilon_additive(pair[0], ref=pair[1])))


def coverage(front: ArrayLike, true_front: ArrayLike, *, tolerance: float = 0.0) -> float | Undefined:
    """Return the fraction of the true front's points that `front` weakly dominates, up to `tolerance` in each objective."""
    pair = _pair(front, true_front)
    if isinstance(pair, Undefined):
        return pair
    points, true = pair
    return float((points[:, None] <= true + tolerance).all(axis=-1).any(axis=0).mean())


def attainment_surface(fronts: Sequence[ArrayLike], fraction: float) -> FloatArray | Undefined:
    """Return `(points, objectives)`: the minimal points that at least this fraction of the runs' fronts weakly dominate.

    Args:
        fronts: one front a run, two or three objectives; an empty one attains nothing and counts as a run.
        fraction: 0.5 is the median attainment surface; k / runs is attained by at least k runs.

    Returns:
        `Undefined` where there are no runs, or too few of them found anything.

    Raises:
        NasbenchError: a fraction outside (0, 1], more than three objectives, fronts that differ in their objectives.
    """
    if not 0.0 < fraction <= 1.0:
        raise NasbenchError(f"The attained fraction of runs lies in (0, 1]; got {fraction}.")
    sets = [_front(front, "front") for front in fronts]
    if problem := next((p for points in sets if (p := _missing(points, "front"))), None):
        return problem
    found = [points for points in sets if len(points)]
    # Round-off must not turn 0.3 of 10 runs into four.
    needed = int(np.ceil(fraction * len(sets) - 1e-9))
    if not sets or len(found) < needed:
        return Undefined(
            f"{len(found)} of {pluralize(len(sets), 'run')} found any point, and {max(needed, 1)} must attain the surface"
        )
    for points in found[1:]:
        _same_objectives(points, found[0], "front")
    objectives = found[0].shape[1]
    if objectives not in (2, 3):
        raise NasbenchError(f"Attainment surfaces are computed for two or three objectives; got {objectives}.")
    import moocore

    label = np.repeat(np.arange(len(found)), [len(points) for points in found])
    surface = moocore.eaf(np.concatenate(found), label, percentiles=[100.0 * needed / len(found)])
    return np.asarray(surface[:, :-1])


def _front(front: ArrayLike, what: str) -> FloatArray:
    array = np.asarray(front, dtype=float)
    return as_array(array.reshape(0, 0) if array.size == 0 else array, 2, what)


def _missing(array: FloatArray, what: str) -> Undefined | None:
    count = int(np.isnan(array).sum())
    return Undefined(f"{count} of {array.size} values of the {what} are missing") if count else None


def _pair(front: ArrayLike, true_front: ArrayLike) -> tuple[FloatArray, FloatArray] | Undefined:
    points, true = _front(front, "front"), _front(true_front, "true front")
    if problem := _missing(points, "front") or _missing(true, "true front"):
        return problem
    if not len(points) or not len(true):
        return Undefined(f"the {'true ' if len(points) else ''}front is empty")
    _same_objectives(points, true, "true front")
    return points, true


def _same_objectives(points: FloatArray, other: FloatArray, what: str) -> None:
    if len(points) and points.shape[1] != other.shape[1]:
        raise NasbenchError(
            f"The front has {points.shape[1]} objectives and the {what} {other.shape[1]}; they must be the same."
        )
