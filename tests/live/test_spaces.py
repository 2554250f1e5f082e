"""The DARTS and hierarchical spaces: sizes, round trips, and canonical forms that compute the same function."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nasbench.live.networks.space_networks import get_cell_networks
from nasbench.live.tasks.shape import TaskShape
from nasbench.spaces import darts, hierarchical
from nasbench.spaces.darts import DartsSpace
from nasbench.spaces.hierarchical import HierarchicalSpace
from nasbench.spaces.space import Space


def test_sizes_are_the_closed_forms() -> None:
    assert DartsSpace().size == (1 * 3 * 6 * 10 * 7**8) ** 2 and DartsSpace().d == 22
    assert HierarchicalSpace().size == 7**9 * 4**6 and HierarchicalSpace().d == 15


@pytest.mark.parametrize("space", [DartsSpace(), HierarchicalSpace()])
def test_strings_and_indices_round_trip(space: Space) -> None:
    for architecture in space.sample(np.random.default_rng(0).random((50, space.d))):
        np.testing.assert_array_equal(space.from_string(space.to_string(architecture)), architecture)
        np.testing.assert_array_equal(space.from_index(int(space.index(architecture))), architecture)


def test_a_darts_node_reads_two_different_sources() -> None:
    space = DartsSpace()
    for architecture in space.sample(np.random.default_rng(1).random((50, 22))):
        present = darts.choices(architecture).reshape(2, -1) > 0
        for node in darts.NODES:
            rows = [e for e, (_, target) in enumerate(darts.EDGES) if target == node]
            assert (present[:, rows].sum(axis=1) == 2).all()


def test_derivation_keeps_the_two_strongest_edges_as_darts_does() -> None:
    weights = np.full((28, 8), 0.01)
    weights[:, 0] = 0.9  # none is never kept, however strong
    node_3 = [darts.EDGES.index((source, 3)) for source in range(3)]
    weights[node_3[0], 4] = 0.5
    weights[node_3[1], 2] = 0.3
    weights[node_3[2], 6] = 0.4
    kept = darts.choices(darts.derive(weights))[node_3]
    assert kept.tolist() == [4, 0, 6]


def test_canonical_forms_of_the_hierarchical_space_compute_the_same_function() -> None:
    """Weights sit at places, so the canonical network inherits those of the original: equal outputs, bit for bit.

    Architectures of parameter-free operations are drawn besides, whose function has no weights in the cells at all.
    """
    space = HierarchicalSpace()
    rng = np.random.default_rng(2)
    plan, shape = get_cell_networks("hierarchical"), TaskShape(2, 1, 8, 3)
    x = torch.randn(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    changed = 0
    for architecture in space.sample(rng.random((60, 15))):
        canonical = space.canonical(architecture)
        changed += int((canonical != architecture).any())
        np.testing.assert_array_equal(space.canonical(canonical), canonical)
        torch.manual_seed(0)
        network = plan.build_standalone(architecture, shape, 4, 1).eval()
        other = plan.build_standalone(canonical, shape, 4, 1).eval()
        state = network.state_dict()
        other.load_state_dict({name: state[name] for name in other.state_dict()})
        with torch.no_grad():
            assert torch.equal(network(x), other(x))
    assert changed > 30


def test_renaming_motifs_changes_neither_canonical_form_nor_expansion() -> None:
    space = HierarchicalSpace()
    for architecture in space.sample(np.random.default_rng(3).random((40, 15))):
        motifs, cell = architecture[:9].reshape(3, 3), architecture[9:]
        order = np.array([2, 0, 1])
        new_name = np.argsort(order) + 1
        renamed = np.concatenate([motifs[order].ravel(), np.where(cell > 0, new_name[cell - 1], 0)]).astype(np.int8)
        np.testing.assert_array_equal(space.canonical(renamed), space.canonical(architecture))
        np.testing.assert_array_equal(space.expanded(renamed), space.expanded(architecture))


def test_choices_of_a_cell_edge_are_those_of_its_motif() -> None:
    architecture = np.array([1, 2, 3, 4, 5, 6, 0, 0, 1, 2, 0, 1, 3, 1, 2], np.int8)
    expected = [[4, 5, 6], [0, 0, 0], [1, 2, 3], [0, 0, 1], [1, 2, 3], [4, 5, 6]]
    assert hierarchical.choices(architecture).reshape(6, 3).tolist() == expected
