"""Paths and bigrams counted in the graphs of a space, against the definition one architecture at a time."""

from __future__ import annotations

import pickle
from collections import Counter

import numpy as np
import pytest

from nasbench.hybrid.graph_features import MOST_PATHS, structural_encoding
from nasbench.hybrid.kernel import FeatureKernel
from nasbench.spaces.catalogue import get_space
from nasbench.spaces.space import Space

TRANSNAS, PROTEINS = get_space("transnas-bench-101-micro"), get_space("nas-bench-graph-proteins")


def walk(labels: np.ndarray, adjacency: np.ndarray, vertex: int, sequence: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Every sequence of labels between the first vertex and the last."""
    found = []
    for following in np.flatnonzero(adjacency[vertex]):
        last = following == len(labels) - 1
        found += [sequence] if last else walk(labels, adjacency, int(following), (*sequence, int(labels[following])))
    return found


@pytest.mark.parametrize("space", [TRANSNAS, PROTEINS], ids=lambda space: space.name)
def test_counts_are_those_of_walks_through_the_graph(space: Space) -> None:
    """The multiset of the counts of an architecture, since columns have no names; and equal paths have equal columns."""
    encoding = structural_encoding(space)
    assert encoding is not None
    sample = space.all[np.random.default_rng(0).choice(len(space.all), 40, replace=False)]
    graphs = space.graphs(sample)
    column_of: dict[tuple[int, ...], int] = {}
    for labels, adjacency, counts in zip(graphs.labels, graphs.adjacency, encoding.paths(sample), strict=True):
        walks = Counter(sequence for sequence in walk(labels, adjacency, 0, ()) if len(sequence) <= 3)
        assert sorted(walks.values()) == sorted(counts[counts > 0])
        if len(walks) == 1:
            (sequence,) = walks
            assert column_of.setdefault(sequence, int(counts.argmax())) == counts.argmax()
    assert len(set(column_of.values())) == len(column_of) > 3
    pairs = encoding.bigrams(sample)
    assert pairs.sum(axis=1).tolist() == graphs.adjacency.sum(axis=(1, 2)).tolist()
    assert encoding.paths(sample).shape[1] <= MOST_PATHS


def test_isomorphic_cells_share_paths_and_bigrams() -> None:
    encoding = structural_encoding(TRANSNAS)
    assert encoding is not None
    cells, canonical = TRANSNAS.all, TRANSNAS.canonical(TRANSNAS.all)
    assert (cells != canonical).any()
    np.testing.assert_array_equal(encoding.paths(cells), encoding.paths(canonical))
    np.testing.assert_array_equal(encoding.bigrams(cells), encoding.bigrams(canonical))


def test_only_a_space_that_can_be_listed_is_counted() -> None:
    """NAS-Bench-201 keeps its own encoding, in which two equal paths are two; a space without graphs has none."""
    own = get_space("nas-bench-201")
    assert structural_encoding(own) is own
    assert structural_encoding(get_space("nas-bench-101")) is None
    assert structural_encoding(Space("s", ("a",), (("0", "1"),))) is None


def test_counts_are_shared_and_no_part_of_a_copy() -> None:
    """The constant liar copies optimizers; the counts of a space stay where they are."""
    kernel = FeatureKernel(PROTEINS)
    kernel.features(PROTEINS.all[:3])
    assert structural_encoding(PROTEINS) is structural_encoding(PROTEINS)
    assert len(pickle.dumps(kernel)) < 100_000
