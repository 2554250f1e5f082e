"""Signs that a search on shared weights did not do what it is for: theta did not move, or the shared weights are hardly trained."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nasbench.live.searchers.loop import SearchResult
from nasbench.live.supernets.one_shot_evaluation import shared_errors
from nasbench.live.training.batches import DeviceSplit

UNMOVED = 0.999
"""Share of the entropy of the uniform point above which theta counts as unmoved."""
UNTRAINED = 0.75
"""Share of the error of guessing above which shared weights count as untrained."""
PATHS, EXAMPLES = 16, 500
"""Random architectures and search examples for the error of paths."""


def supernet_warnings(result: SearchResult, held: DeviceSplit) -> Sequence[str]:
    """Return a sentence for each sign, none for a search that was stopped before its first epoch; `held` is the search split."""
    searcher = result.searcher
    if searcher is None or not result.curve:
        return []
    found = []
    uniform = float(np.log(searcher.networks.cardinalities).mean())
    share = float(result.curve[-1]["entropy"]) / uniform
    if searcher.moves_theta and share > UNMOVED:
        found.append(
            f"Theta has not moved: its entropy is {share:.5f} of that of the uniform point, so that what it selects is arbitrary; take "
            "more epochs or a larger learning rate of the architecture."
        )
    shape = searcher.supernet.shape
    if shape.kind == "classification":
        guessing = 100.0 * (1.0 - 1.0 / shape.outputs)
        error = median_path_error(result, held) if searcher.scores_paths else float(result.curve[-1]["search"])
        if error > UNTRAINED * guessing:
            found.append(
                f"The supernet is hardly trained: {'its median path' if searcher.scores_paths else 'its mixture'} errs on {error:.0f} %, "
                f"guessing on {guessing:.0f} %, so that its scores rank nothing; take more epochs, a larger learning rate or fair sampling."
            )
    return found


def median_path_error(result: SearchResult, held: DeviceSplit) -> float:
    """Return the median error in % of random architectures with shared weights, which are always the same."""
    assert result.searcher is not None
    space = result.searcher.networks.make_space()
    paths = space.sample(np.random.default_rng(0).random((PATHS, space.d)))
    return float(np.median(shared_errors(result.searcher.supernet.eval(), paths, held.head(EXAMPLES))))
