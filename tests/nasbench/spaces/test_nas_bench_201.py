from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from nasbench.errors import NasbenchError
from nasbench.spaces.nas_bench_201 import PATHS, NasBench201Space
from nasbench.spaces.space import Space

SPACE = NasBench201Space()
CELL = np.array([3, 3, 3, 1, 2, 3], dtype=np.int8)
TEXT = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_1x1~1|nor_conv_3x3~2|"


def test_official_string() -> None:
    assert SPACE.to_string(CELL) == TEXT
    assert np.array_equal(SPACE.from_string(TEXT), CELL)
    assert np.array_equal(SPACE.from_string("333123"), CELL)


@pytest.mark.parametrize("digits", ["999999", "33313", "3331325"])
def test_digits_that_are_no_cell_are_refused(digits: str) -> None:
    with pytest.raises(NasbenchError, match="is not six digits from 0 to 4"):
        SPACE.from_string(digits)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 0),
        ("|conv~0|", 1),
        (TEXT.replace("~1|+|skip", "~0|+|skip"), TEXT.index("~1|+|skip")),
        (TEXT.replace("+", "-", 1), TEXT.index("+")),
        (TEXT + "|", len(TEXT)),
        (TEXT[:-1], len(TEXT) - 3),
    ],
)
def test_malformed_strings_are_refused_with_the_position(text: str, position: int) -> None:
    with pytest.raises(NasbenchError, match=f"position {position}:"):
        SPACE.from_string(text)


def test_every_string_goes_both_ways() -> None:
    assert all(np.array_equal(SPACE.from_string(SPACE.to_string(cell)), cell) for cell in SPACE.all[::7])


def test_index_counts_in_mixed_radix() -> None:
    assert SPACE.size == 15_625
    assert np.array_equal(SPACE.index(SPACE.all), np.arange(15_625))
    assert SPACE.index(CELL) == int("333123", 5)


def test_each_cell_has_24_neighbours() -> None:
    assert SPACE.neighbours(CELL).shape == (24, 6)


@pytest.mark.parametrize(
    ("kind", "expected"), [("uniform", [1 / 6] * 6), ("node-first", [1 / 3, 1 / 6, 1 / 6, 1 / 9, 1 / 9, 1 / 9])]
)
def test_mutation_picks_edges_and_operations_as_named(kind: str, expected: list[float]) -> None:
    """Two chi-square tests at level 1e-4 each; the seed is fixed."""
    n = 60_000
    parents = np.broadcast_to(CELL, (n, 6))
    children = SPACE.mutate(parents, np.random.default_rng(3).random((n, 2)), kind)
    changed = children != parents
    assert (changed.sum(axis=1) == 1).all()
    assert stats.chisquare(changed.sum(axis=0), np.array(expected) * n).pvalue > 1e-4
    first = children[changed[:, 0], 0]
    counts = np.bincount(first, minlength=5)
    assert counts[CELL[0]] == 0
    assert stats.chisquare(np.delete(counts, CELL[0])).pvalue > 1e-4


def test_unknown_mutation_is_refused() -> None:
    with pytest.raises(NasbenchError, match="node-first"):
        SPACE.mutate(CELL, np.zeros(2), "sideways")


def test_closed_forms_equal_official_records(reference_data: Path) -> None:
    """Parameters and FLOPs of all cells on all data sets; the FLOPs are stored in single precision."""
    import pandas as pd

    table = pd.read_parquet(reference_data / "nas-bench-201" / "accuracy.parquet")
    cells = table[[f"op{i}" for i in range(6)]].to_numpy(dtype=np.int8)
    for dataset, column in {"cifar10": "cifar10", "cifar100": "cifar100", "imagenet16-120": "imagenet16"}.items():
        assert np.array_equal(np.rint(SPACE.parameters(cells, dataset) * 1e6), table[f"params_{column}"])
        np.testing.assert_allclose(SPACE.flops(cells, dataset), table[f"flops_m_{column}"], rtol=1e-6)
    assert [SPACE.to_string(cell) for cell in cells[:300]] == list(table["arch_str"][:300])


def test_closed_forms_of_an_unknown_data_set_are_refused() -> None:
    with pytest.raises(NasbenchError, match="cifar100"):
        SPACE.parameters(CELL, "mnist")


def test_paths() -> None:
    assert SPACE.paths(SPACE.all).shape == (15_625, 40), "40 operation sequences occur"
    # Both cells are a single 3x3 convolution from input to output, by the direct edge and behind a skip.
    direct, behind = np.array([0, 0, 0, 3, 0, 0], dtype=np.int8), np.array([1, 0, 0, 0, 3, 0], dtype=np.int8)
    assert np.array_equal(SPACE.paths(direct), SPACE.paths(behind))
    assert sorted(SPACE.path_features(direct)) == sorted(SPACE.path_features(behind))


def test_bigrams_count_operations_that_follow_one_another_on_live_paths() -> None:
    """All cells against a count along the strings of their paths; equal functions have equal bigrams."""
    pairs = [f"{x}{y}" for x in "234" for y in "234"]
    expected = np.zeros((SPACE.size, 9))
    for row, cell in enumerate(SPACE.all):
        for path in PATHS:
            operations = "".join(str(cell[edge]) for edge in path)
            if "0" not in operations:
                contracted = operations.replace("1", "")
                expected[row] += [sum(contracted.startswith(pair, i) for i in range(2)) for pair in pairs]
    bigrams = SPACE.bigrams(SPACE.all)
    assert np.array_equal(bigrams, expected)
    assert np.array_equal(bigrams, SPACE.bigrams(SPACE.canonical(SPACE.all)))


def test_plain_spaces_have_no_paths() -> None:
    space = Space("plain", ("a", "b"), (("x", "y"), ("x", "y", "z")))
    assert not space.has_paths
    with pytest.raises(NasbenchError, match="does not define a path encoding"):
        space.paths(space.all)
    with pytest.raises(NasbenchError, match="does not define a path encoding"):
        space.bigrams(space.all)


@pytest.mark.parametrize("choices", [(("x",), ("x", "y")), (("x", "x"), ("x", "y")), (("x", "y"),)])
def test_malformed_spaces_are_refused(choices: tuple[tuple[str, ...], ...]) -> None:
    with pytest.raises(NasbenchError):
        Space("bad", ("a", "b"), choices)
