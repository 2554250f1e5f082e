"""DARTS on NAS-Bench-201, replayed: the final cells that the benchmark's authors published, not a search.

Source: AutoDL-Projects, `exps/algos-v2/README.md`: the cells found by DARTS (Liu, Simonyan and Yang, ICLR 2019) of first and
second order, searched on each data set with three seeds (second order on ImageNet16-120: one is given).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.search.observations import Observations
from nasbench.search.optimizer import Lockstep
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.spaces.space import Architectures

_ALL_SKIP = "|skip~0|+|skip~0|skip~1|+|skip~0|skip~1|skip~2|"
PUBLISHED: Mapping[tuple[str, int], tuple[str, ...]] = {
    ("cifar10", 1): (_ALL_SKIP,) * 3,
    ("cifar10", 2): (_ALL_SKIP,) * 3,
    ("cifar100", 1): (
        "|none~0|+|skip~0|none~1|+|skip~0|1x1~1|none~2|",
        "|none~0|+|skip~0|none~1|+|skip~0|1x1~1|none~2|",
        "|skip~0|+|skip~0|none~1|+|skip~0|1x1~1|3x3~2|",
    ),
    ("cifar100", 2): (
        "|none~0|+|skip~0|none~1|+|skip~0|1x1~1|skip~2|",
        "|skip~0|+|3x3~0|none~1|+|skip~0|none~1|none~2|",
        "|skip~0|+|1x1~0|none~1|+|3x3~0|skip~1|none~2|",
    ),
    ("imagenet16-120", 1): (
        "|none~0|+|skip~0|none~1|+|skip~0|none~1|3x3~2|",
        "|none~0|+|skip~0|none~1|+|skip~0|none~1|3x3~2|",
        "|none~0|+|skip~0|none~1|+|skip~0|none~1|1x1~2|",
    ),
    ("imagenet16-120", 2): ("|none~0|+|skip~0|none~1|+|skip~0|none~1|skip~2|",),
}
"""Cells by searched data set and order of the gradient, one per seed, in the source's short names."""

_LONG = {"|skip~": "|skip_connect~", "|1x1~": "|nor_conv_1x1~", "|3x3~": "|nor_conv_3x3~"}


class DartsReplay:
    """Proposes the published final cell of DARTS, once, without a search. Run `r` replays seed `r` modulo the number of
    seeds.

    Args:
        problem: the benchmark; its space must be that of NAS-Bench-201.
        streams: the runs; no random numbers are drawn.
        searched: data set on which the authors ran DARTS, possibly other than the one queried.
        order: 1 or 2, the order of the gradient.
    """

    NUMBERS = "refused"

    def __init__(
        self,
        problem: Problem,
        streams: Streams,
        *,
        searched: Literal["cifar10", "cifar100", "imagenet16-120"] = "cifar10",
        order: Literal[1, 2] = 1,
    ) -> None:
        if problem.space.name != "nas-bench-201":
            raise NasbenchError(
                f"The published DARTS cells are of the space 'nas-bench-201', not of {problem.space.name!r}; choose a benchmark on it."
            )
        cells = PUBLISHED[searched, order]
        replayed = [problem.space.from_string(official(cells[run % len(cells)])) for run in streams.runs]
        self._left = np.array(replayed, dtype=np.int8).reshape(len(streams), 1, problem.space.d)

    def ask(self) -> Architectures:
        """Propose the cell, `(R, 1, d)`; then nothing, `(R, 0, d)`."""
        proposed, self._left = self._left, self._left[:, 1:]
        return proposed

    def tell(self, observations: Observations) -> None:
        """Ignore the observations."""


def official(short: str) -> str:
    """Return the benchmark's string of a cell from the short names of the source."""
    for name, long in _LONG.items():
        short = short.replace(name, long)
    return short


OPTIMIZER = Lockstep(DartsReplay, label="replayed")
