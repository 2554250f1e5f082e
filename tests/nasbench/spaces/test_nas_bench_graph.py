from __future__ import annotations

import importlib.util
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from nasbench.spaces.nas_bench_graph import LINKS, OPERATIONS, NasBenchGraphSpace, nas_bench_graph_proteins


@pytest.fixture(scope="module")
def space() -> NasBenchGraphSpace:
    return NasBenchGraphSpace()


@pytest.fixture(scope="module")
def authors() -> ModuleType:
    """The benchmark's own code for telling networks apart, alone."""
    package = importlib.util.find_spec("nas_bench_graph")
    assert package is not None and package.submodule_search_locations
    path = Path(package.submodule_search_locations[0]) / "architecture.py"
    spec = importlib.util.spec_from_file_location("architecture_of_the_authors", path)
    assert isinstance(spec, ModuleSpec) and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_sizes_are_the_published_ones(space: NasBenchGraphSpace) -> None:
    assert space.size == 9**5 - 9
    assert len(np.unique(space.canonical(space.all), axis=0)) == 26_206
    proteins = nas_bench_graph_proteins()
    assert proteins.size == 9 * 5**4 - 9
    assert len(np.unique(proteins.canonical(proteins.all), axis=0)) == 2_021


def test_the_same_networks_are_told_apart_as_by_the_authors(space: NasBenchGraphSpace, authors: ModuleType) -> None:
    """Over all 59,040 combinations the authors' hash and the canonical form make the same partition."""
    canonical = space.index(space.canonical(space.all)).tolist()
    hashes = [
        authors.Arch(list(LINKS[link]), [OPERATIONS[o] for o in operations]).valid_hash()
        for link, *operations in space.all.tolist()
    ]
    assert len(set(zip(canonical, hashes, strict=True))) == len(set(canonical)) == len(set(hashes))


def test_canonical_is_idempotent_and_smallest(space: NasBenchGraphSpace) -> None:
    canonical = space.canonical(space.all)
    assert np.array_equal(space.canonical(canonical), canonical)
    assert (space.index(canonical) <= space.index(space.all)).all()


def test_skips_alone_are_infeasible_and_nothing_leads_there(space: NasBenchGraphSpace) -> None:
    skips = np.array([[link, 8, 8, 8, 8] for link in range(9)], dtype=np.int8)
    assert not space.is_feasible(skips).any()
    assert space.is_feasible(space.repair(skips)).all()
    assert ((space.repair(skips) != skips).sum(axis=1) == 1).all()
    beside = np.repeat(np.array([[0, 8, 8, 8, 2]], dtype=np.int8), 5000, axis=0)
    children = space.mutate(beside, np.random.default_rng(0).random((5000, 2)))
    assert space.is_feasible(children).all()
    assert ((children != beside).sum(axis=1) == 1).all()


def test_strings_return(space: NasBenchGraphSpace) -> None:
    for architecture in space.all[::5000]:
        assert space.from_string(space.to_string(architecture)).tolist() == architecture.tolist()
