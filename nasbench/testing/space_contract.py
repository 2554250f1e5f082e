"""What every space must keep."""

from __future__ import annotations

import numpy as np
import pytest

from nasbench.errors import NasbenchError
from nasbench.spaces.cell_graphs import ABSENT
from nasbench.spaces.space import Architectures, Space


class SpaceContract:
    """Subclass it as `class TestMySpace(SpaceContract)` and override the fixture `space`."""

    @pytest.fixture
    def space(self) -> Space:
        """Return the space under test."""
        raise NotImplementedError("Override the fixture `space`.")

    def test_samples_are_feasible_and_varied(self, space: Space) -> None:
        sampled = some(space)
        assert sampled.dtype == np.int8
        assert sampled.shape == (200, space.d)
        assert space.is_feasible(sampled).all()
        assert len(np.unique(sampled, axis=0)) > min(50, space.size // 2)

    def test_strings_go_both_ways(self, space: Space) -> None:
        for architecture in some(space, 40):
            assert np.array_equal(space.from_string(space.to_string(architecture)), architecture)
        with pytest.raises(NasbenchError):
            space.from_string("no such architecture")

    def test_index_goes_both_ways(self, space: Space) -> None:
        if space.product_size >= 2**63:
            with pytest.raises(NasbenchError, match="too many"):
                space.index(some(space, 2))
            return
        sampled = some(space)
        assert np.array_equal(space.from_index(space.index(sampled)), sampled)
        assert len(np.unique(space.index(sampled))) == len(np.unique(sampled, axis=0))

    def test_neighbours_differ_in_one_decision(self, space: Space) -> None:
        sampled = some(space, 20)
        around = space.neighbours(sampled)
        others = space.cardinalities - 1
        assert around.shape == (20, int(np.where(space.numeric, np.minimum(others, 2), others).sum()), space.d)
        changed = (around != sampled[:, None]).sum(axis=-1)
        # Only in front of the end of a grid, or with an inactive decision, an architecture takes places itself.
        full = not space.numeric.any() and bool(space.active(sampled).all())
        assert ((changed == 1) if full else (changed <= 1)).all()
        for one, moved in zip(around, changed == 1, strict=True):
            assert moved.any()
            assert len(np.unique(one[moved], axis=0)) == moved.sum()

    def test_an_architecture_is_a_neighbour_of_its_neighbours(self, space: Space) -> None:
        for architecture in some(space, 5):
            back = space.neighbours(space.neighbours(architecture))
            assert (back == architecture).all(axis=-1).any(axis=-1).all()

    def test_encodings_have_one_row_an_architecture(self, space: Space) -> None:
        sampled = some(space, 20)
        assert space.encoding(sampled).shape[0] == space.decision_features(sampled).shape[0] == 20
        unit = space.unit(sampled)
        assert unit.shape == (20, space.d)
        assert ((unit >= 0) & (unit <= 1)).all()
        assert np.array_equal(np.rint(unit * (space.cardinalities - 1)), sampled)

    def test_mutation_changes_one_decision_or_more_and_stays_feasible(self, space: Space) -> None:
        sampled = some(space)
        for kind in space.mutations:
            child = space.mutate(sampled, np.random.default_rng(2).random((200, 2)), kind)
            assert space.is_feasible(child).all()
            assert (child != sampled).any(axis=-1).all()

    def test_canonical_form_is_idempotent_and_feasible(self, space: Space) -> None:
        canonical = space.canonical(some(space))
        assert space.is_feasible(canonical).all()
        assert np.array_equal(space.canonical(canonical), canonical)

    def test_one_hot_has_one_a_decision(self, space: Space) -> None:
        encoded = space.one_hot(some(space))
        assert encoded.shape == (200, int(space.cardinalities.sum()))
        assert (encoded.sum(axis=1) == space.d).all()

    def test_graphs_are_acyclic_on_their_vertices(self, space: Space) -> None:
        sampled = some(space, 40)
        if not space.has_graphs:
            with pytest.raises(NasbenchError, match="graph"):
                space.graphs(sampled)
            return
        graphs = space.graphs(sampled)
        vertices = graphs.labels.shape[1]
        assert graphs.labels.shape == (40, vertices) and graphs.adjacency.shape == (40, vertices, vertices)
        assert not np.tril(graphs.adjacency.any(axis=0)).any()
        present = graphs.labels != ABSENT
        assert not (graphs.adjacency & ~(present[:, :, None] & present[:, None, :])).any()

    def test_path_features_are_defined_together(self, space: Space) -> None:
        sampled = some(space, 40)
        for features in (space.paths, space.path_encoding, space.bigrams, space.path_features):
            if space.has_paths:
                assert len(features(sampled)) == 40
                continue
            with pytest.raises(NasbenchError, match="path"):
                features(sampled)


def some(space: Space, n: int = 200) -> Architectures:
    """Return `n` random architectures, `(n, d)`, the same at every call."""
    return space.sample(np.random.default_rng(1).random((n, space.d)))
