"""The DARTS cell space (Liu, Simonyan and Yang, ICLR 2019): a normal and a reduction cell of four nodes, about 10^18
pairs.

Node `i` (2 to 5) of a cell sums two operations on two different earlier nodes. An architecture says, for each kind of
cell and each node, which pair of sources is read (node 2 has only one) and the operation on the lower and on the
higher source: 22 decisions, every combination feasible. `none` is a choice of the relaxation only, as in the paper's
discretisation.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from nasbench.spaces.space import Architectures, Floats, Space

OPERATIONS = (
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "dil_conv_3x3",
    "dil_conv_5x5",
)
NODES = (2, 3, 4, 5)
PAIRS = {node: tuple(combinations(range(node), 2)) for node in NODES}
"""For each node the pairs of sources it can read."""
EDGES = tuple((source, node) for node in NODES for source in range(node))
"""The 14 possible edges of a cell, sorted by target."""


class DartsSpace(Space):
    """The space of pairs of cells; strings name the choices in the order of the decisions."""

    def __init__(self) -> None:
        decisions: list[str] = []
        choices: list[tuple[str, ...]] = []
        for kind in ("normal", "reduction"):
            for node in NODES:
                if len(PAIRS[node]) > 1:
                    decisions.append(f"{kind} {node} sources")
                    choices.append(tuple(f"{a}-{b}" for a, b in PAIRS[node]))
                for slot in ("lower", "higher"):
                    decisions.append(f"{kind} {node} {slot}")
                    choices.append(OPERATIONS)
        super().__init__("darts", tuple(decisions), tuple(choices))


def choices(architecture: Architectures) -> NDArray[np.int64]:
    """Return the choice on each of the 28 edges (14 normal, 14 reduction):

    0 for absent, `1 + operation` else. `(22,)` to `(28,)`.
    """
    result = np.zeros(2 * len(EDGES), dtype=np.int64)
    decisions = iter(architecture.tolist())
    for first in (0, len(EDGES)):
        for node in NODES:
            pair = PAIRS[node][next(decisions) if len(PAIRS[node]) > 1 else 0]
            for source in pair:
                result[first + EDGES.index((source, node))] = 1 + next(decisions)
    return result


def derive(weights: Floats) -> Architectures:
    """Discretise edge weights as DARTS does (section 2.4): `(28, 8)`, `none` first, to `(22,)`.

    A node keeps the two edges whose strongest operation other than `none` is strongest, with those operations.
    """
    decisions: list[int] = []
    strongest, operation = weights[:, 1:].max(axis=1), weights[:, 1:].argmax(axis=1)
    for first in (0, len(EDGES)):
        for node in NODES:
            rows = [first + EDGES.index((source, node)) for source in range(node)]
            low, high = sorted(int(s) for s in np.argsort(-strongest[rows], kind="stable")[:2])
            if len(PAIRS[node]) > 1:
                decisions.append(PAIRS[node].index((low, high)))
            decisions.extend((int(operation[rows[low]]), int(operation[rows[high]])))
    return np.array(decisions, dtype=np.int8)
