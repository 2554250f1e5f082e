"""The cell space of NAS-Bench-201 (Dong and Yang, ICLR 2020): six edges, five operations, 15,625 cells.

Decisions are the edges in the order 0-1, 0-2, 1-2, 0-3, 1-3, 2-3, which is the order of the official string
`|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`. The network around the cell (same paper, section 2.1 and appendix) is a 3x3 stem to 16
channels, three stages of five cells with 16, 32 and 64 channels, a residual block of stride two between stages, batch
normalisation, pooling and a linear classifier.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError
from nasbench.spaces.cell_graphs import CellGraphs, graphs_of_edge_operations
from nasbench.spaces.nas_bench_201_cell import (
    AVG_POOL,
    CONV_1X1,
    CONV_3X3,
    EDGES,
    NONE,
    OPERATIONS,
    SKIP,
    representatives,
)
from nasbench.spaces.space import Architectures, Floats, Ints, Space

PATHS = ((3,), (0, 4), (1, 5), (0, 2, 5))
"""The edges of each input-to-output path, as positions in `EDGES`."""

CLASSES: Mapping[str, int] = {"cifar10": 10, "cifar10-valid": 10, "cifar100": 100, "imagenet16-120": 120}
RESOLUTION: Mapping[str, int] = {"cifar10": 32, "cifar10-valid": 32, "cifar100": 32, "imagenet16-120": 16}
CHANNELS = (16, 32, 64)
CELLS_A_STAGE = 5


class NasBench201Space(Space):
    """The 5^6 cells, with canonical form, path encodings, and parameters and FLOPs in closed form on `datasets`."""

    datasets = tuple(CLASSES)

    def __init__(self) -> None:
        super().__init__("nas-bench-201", tuple(f"{i}-{j}" for i, j in EDGES), (OPERATIONS,) * len(EDGES))

    @cached_property
    def mutations(self) -> Mapping[str, Floats]:
        """`uniform` over edges, and `node-first`: a node, then one of its incoming edges, as the authors' code does.

        Source: AutoDL-Projects `exps/NATS-algos/regularized_ea.py`, `mutate_arch_func`. Node-first gives the edges the
        probabilities 1/3, 1/6, 1/6, 1/9, 1/9, 1/9, so the two are different algorithms.
        """
        into = np.array([j for _, j in EDGES])
        return {"uniform": np.full(6, 1 / 6), "node-first": 1 / (3.0 * np.bincount(into)[into])}

    def canonical(self, architectures: Architectures) -> Architectures:
        """Return the smallest cell that computes the same function (see `nas_bench_201_cell`): `(..., 6)` to
        `(..., 6)`.
        """
        return self.all[representatives()[self.index(architectures)]]

    # ---- encodings ---------------------------------------------------------------------------------------------------

    @property
    def has_paths(self) -> bool:
        """True."""
        return True

    @cached_property
    def _labelled_paths(self) -> tuple[NDArray[np.int16], tuple[tuple[int, ...], ...]]:
        """Label of every path of every cell, `(15625, 4)`, and the operation sequences.

        Label 0 is a dead path, any other one plus the number of its operation sequence.
        """
        labels = np.zeros((self.size, len(PATHS)), dtype=np.int16)
        sequences: dict[tuple[int, ...], int] = {}
        for row, cell in enumerate(self.all.tolist()):
            for path, edges in enumerate(PATHS):
                operations = [cell[e] for e in edges]
                if NONE not in operations:
                    live = tuple(o for o in operations if o != SKIP)
                    labels[row, path] = sequences.setdefault(live, len(sequences)) + 1
        return labels, tuple(sequences)

    @cached_property
    def _bigrams_of(self) -> Floats:
        """How often each ordered pair of operations occurs in the sequence of each label, `(labels, 9)`; never on a dead path."""
        dead: tuple[int, ...] = ()
        pairs = list(product((CONV_1X1, CONV_3X3, AVG_POOL), repeat=2))
        sequences = (dead, *self._labelled_paths[1])
        counts = [[sum(two == pair for two in pairwise(sequence)) for pair in pairs] for sequence in sequences]
        return np.array(counts, dtype=np.float64)

    def path_features(self, architectures: Architectures) -> NDArray[np.int16]:
        """Return the operations along each of the four paths with skips contracted, as a label: `(..., 6)` to
        `(..., 4)`.

        Label 0 is a dead path (some operation on it is `none`). Cells of equal function share their labels as a multiset.
        """
        return self._labelled_paths[0][self.index(architectures)]

    def paths(self, architectures: Architectures) -> Floats:
        """Return how often each operation sequence occurs among the live paths: `(..., 6)` to `(..., sequences)`."""
        labels = self.path_features(architectures)
        kinds = np.arange(1, len(self._labelled_paths[1]) + 1)
        return (labels[..., None] == kinds).sum(axis=-2).astype(np.float64)

    def path_encoding(self, architectures: Architectures) -> Floats:
        """Return which of the 5 + 25 + 125 sequences of operations occur on the four paths: `(..., 6)` to `(..., 155)`.

        naszilla's `Cell201.encode_freq_paths` but for the order of sequences of equal length; its cutoff of 30 leaves out those of
        three operations.
        """
        kinds = len(OPERATIONS)
        encoded = np.zeros((*architectures.shape[:-1], sum(kinds**length for length in (1, 2, 3))))
        for path in PATHS:
            sequence = architectures[..., list(path)].astype(np.int64) @ (kinds ** np.arange(len(path)))
            before = sum(kinds**length for length in range(1, len(path)))
            np.put_along_axis(encoded, (before + sequence)[..., None], 1.0, axis=-1)
        return encoded

    def bigrams(self, architectures: Architectures) -> Floats:
        """Return how often a convolution or pooling follows another on a live path, skips contracted: `(..., 6)` to
        `(..., 9)`.
        """
        return self._bigrams_of[self.path_features(architectures)].sum(axis=-2)

    @property
    def has_graphs(self) -> bool:
        """True."""
        return True

    def graphs(self, architectures: Architectures) -> CellGraphs:
        """Return the graphs of the operations, skips contracted: `(n, 6)` to `n` graphs of eight vertices at most."""
        return graphs_of_edge_operations(EDGES, architectures, len(OPERATIONS), NONE, SKIP)

    # ---- closed forms --------------------------------------------------------------------------------------------------

    def _convolutions(self, architectures: Architectures) -> tuple[Ints, Ints]:
        return (architectures == CONV_1X1).sum(axis=-1), (architectures == CONV_3X3).sum(axis=-1)

    def parameters(self, architectures: Architectures, dataset: str) -> Floats:
        """Return trainable parameters in millions, counted layer by layer: `(..., 6)` to `(...)`."""
        one, three = self._convolutions(architectures)
        per_one = CELLS_A_STAGE * sum(c * c + 2 * c for c in CHANNELS)
        per_three = CELLS_A_STAGE * sum(9 * c * c + 2 * c for c in CHANNELS)
        stem = 9 * 3 * CHANNELS[0] + 2 * CHANNELS[0]
        # A residual block has two 3x3 convolutions with batch normalisation and a 1x1 shortcut without it.
        blocks = sum((9 * a * b + 2 * b) + (9 * b * b + 2 * b) + a * b for a, b in pairwise(CHANNELS))
        head = 2 * CHANNELS[-1] + (CHANNELS[-1] + 1) * _known(CLASSES, dataset)
        return (stem + blocks + head + one * per_one + three * per_three) / 1e6

    def flops(self, architectures: Architectures, dataset: str) -> Floats:
        """Return the multiply-accumulates of convolutions and classifier in millions (the benchmark's "FLOP"):
        `(..., 6)` to `(...)`.
        """
        one, three = self._convolutions(architectures)
        pixels = [(_known(RESOLUTION, dataset) >> stage) ** 2 for stage in range(3)]
        per_one = CELLS_A_STAGE * sum(c * c * p for c, p in zip(CHANNELS, pixels, strict=True))
        stem = 9 * 3 * CHANNELS[0] * pixels[0]
        blocks = sum(
            (9 * a * b + 9 * b * b + a * b) * p for a, b, p in zip(CHANNELS, CHANNELS[1:], pixels[1:], strict=False)
        )
        head = (CHANNELS[-1] + 1) * _known(CLASSES, dataset)
        return (stem + blocks + head + one * per_one + three * 9 * per_one) / 1e6

    # ---- strings ---------------------------------------------------------------------------------------------------

    def to_string(self, architecture: Architectures) -> str:
        """Return the official string, `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`."""
        nodes: dict[int, str] = {}
        for (source, target), choice in zip(EDGES, architecture, strict=True):
            nodes[target] = nodes.get(target, "|") + f"{OPERATIONS[int(choice)]}~{source}|"
        return "+".join(nodes.values())

    def from_string(self, text: str) -> Architectures:
        """Return the inverse of `to_string`; six digits (such as `333132`) are read too.

        Raises:
            NasbenchError: with the position of the first fault.
        """
        if re.fullmatch("[0-4]{6}", text):
            return np.array([int(c) for c in text], dtype=np.int8)
        if re.fullmatch(r"\d+", text):
            raise NasbenchError(f"Cell {text!r} is not six digits from 0 to 4, such as 333132.")
        architecture = np.zeros(6, dtype=np.int8)
        position = 0
        for edge, (source, target) in enumerate(EDGES):
            opening = source == 0
            position = _expect(text, position, ("+|" if target > 1 else "|") if opening else "")
            word = re.compile(r"\w*").match(text, position)
            operation = word.group() if word else ""
            if operation not in OPERATIONS:
                raise _malformed(text, position, f"one of {', '.join(OPERATIONS)}")
            architecture[edge] = OPERATIONS.index(operation)
            position = _expect(text, position + len(operation), f"~{source}|")
        if position != len(text):
            raise _malformed(text, position, "the end")
        return architecture


def _known(facts: Mapping[str, int], dataset: str) -> int:
    if dataset not in facts:
        raise NasbenchError(f"Closed forms of NAS-Bench-201 are for {', '.join(facts)}, not for {dataset!r}.")
    return facts[dataset]


def _expect(text: str, position: int, wanted: str) -> int:
    if not text.startswith(wanted, position):
        raise _malformed(text, position, repr(wanted))
    return position + len(wanted)


def _malformed(text: str, position: int, wanted: str) -> NasbenchError:
    return NasbenchError(f"Cell string {text!r} is malformed at position {position}: expected {wanted}.")
