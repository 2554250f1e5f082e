"""Normal scores of ranks, and their inverse."""

from __future__ import annotations

import numpy as np

from nasbench.spaces.space import Floats


def normal_scores(values: Floats, among: Floats | None = None) -> Floats:
    """Return the standard normal quantile of the mid-rank of each value, `(t,)`; equal values share their score.

    Args:
        values: `(t,)`.
        among: the sample in which they are ranked, `(n,)`; the values themselves if None.
    """
    from scipy.special import ndtri

    ordered = np.sort(values if among is None else among)
    middle = 0.5 * (np.searchsorted(ordered, values, side="left") + np.searchsorted(ordered, values, side="right"))
    return np.asarray(ndtri(np.clip(middle, 0.5, len(ordered) - 0.5) / len(ordered)))


def inverse_normal_scores(scores: Floats, known_scores: Floats, known_values: Floats) -> Floats:
    """Map scores back to the units of the objective, by a monotone function through the observations.

    Linear between observed pairs. Below the best it continues with the slope from the median to the best; above the worst it is
    constant. With a single observed value there is no scale, and scores are returned shifted to it.
    """
    known, first = np.unique(known_scores, return_index=True)
    values = known_values[first]
    if values[-1] <= values[0]:
        return scores + values[0]
    middle = max(1, len(known) // 2)
    slope = (values[middle] - values[0]) / (known[middle] - known[0])
    return np.interp(scores, known, values) + slope * np.minimum(scores - known[0], 0.0)
