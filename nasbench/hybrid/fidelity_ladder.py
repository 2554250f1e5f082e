"""Multi-fidelity evaluation: a ladder of fidelities that architectures climb, and scores that compare across its rungs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nasbench.search.history import History
from nasbench.search.normal_scores import normal_scores
from nasbench.spaces.space import Floats, Ints


class FidelityLadder:
    """Every architecture is trained at the lowest fidelity first, and one rung higher each time it is proposed again.

    Args:
        history: the archive of the run.
        rungs: number of fidelities; with one there is nothing to climb.

    Attributes:
        top: the highest rung.
    """

    def __init__(self, history: History, rungs: int) -> None:
        self.history = history
        self.top = rungs - 1

    def next_rung(self, key: bytes) -> int:
        """Return the rung at which an architecture, by its key in the history, is trained next; above `top` when it is through."""
        return self.history.rung(key) + 1


def scores_across_rungs(
    values: Floats, rungs: Ints, classes: Ints, score_transform: Callable[[Floats], Floats] = normal_scores
) -> Floats:
    """Return scores that compare evaluations of different fidelities, `(t,)`.

    On the lowest rung they are the transformed values. The architectures of a higher rung keep, as a set, the scores of the rung
    below, reassigned in the order of their results; so being among a selected few does not look like being average. One that has no
    score below, since it was given with a longer training, enters with its transformed value among the results of its own rung.

    Args:
        values: observed values, `(t,)`.
        rungs: rung of each, `(t,)`.
        classes: number of the architecture, `(t,)`.
        score_transform: values `(n,)` to scores, increasing.
    """
    if not rungs.any():
        return score_transform(values)
    scores = np.empty(len(values))
    below: dict[int, float] = {}
    for rung in range(int(rungs.max(initial=0)) + 1):
        here = np.flatnonzero(rungs == rung)
        if rung == 0:
            scores[here] = score_transform(values[here])
        else:
            order = here[np.argsort(values[here], kind="stable")]
            inherited = [below.get(int(number), np.nan) for number in classes[here]]
            if np.isnan(inherited).any():
                inherited = np.where(np.isnan(inherited), score_transform(values[here]), inherited).tolist()
            scores[order] = np.sort(inherited)
        below = {int(classes[i]): float(scores[i]) for i in here}
    return scores
