"""The space `convnet`: its caps, its named members, and what canonical form and repair do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench.errors import NasbenchError
from nasbench.spaces import convnet
from nasbench.spaces.catalogue import get_space, space_names
from nasbench.spaces.convnet import AIRBENCH96, CIFAR, WIDE, ConvNetSpace, counts, design_of

WHOLE = get_space("convnet")
CAPPED = [get_space(name) for name in ("convnet:16:12", "convnet:128:470", "convnet:8:0.6")]


def macs(space: ConvNetSpace, architectures: np.ndarray) -> np.ndarray:
    assert space.base is not None
    return counts(design_of(architectures, space.base), CIFAR).macs


@pytest.mark.parametrize(
    ("text", "base", "widths", "million_macs", "million_parameters"),
    [
        (AIRBENCH96, 128, (128, 384, 512), 452, 9.9),
        (WIDE, 128, (192, 512, 768), 889, 20.5),
        (AIRBENCH96, 16, (16, 48, 64), 10.2, 0.159),
    ],
)
def test_named_members_have_the_counts_that_were_measured(
    text: str, base: int, widths: tuple[int, ...], million_macs: float, million_parameters: float
) -> None:
    design = design_of(WHOLE.from_string(text), base)
    assert tuple(design.widths) == widths
    found = counts(design, CIFAR)
    assert found.macs / 1e6 == pytest.approx(million_macs, rel=0.005)
    assert found.parameters / 1e6 == pytest.approx(million_parameters, rel=0.005)


@pytest.mark.parametrize("space", CAPPED, ids=lambda space: space.name)
def test_a_cap_is_kept_by_every_operation_and_loses_no_member(space: ConvNetSpace) -> None:
    rng = np.random.default_rng(0)
    assert space.mmacs is not None
    anything = WHOLE.sample(rng.random((2000, WHOLE.d)))
    fits = macs(space, anything) <= space.mmacs * 1e6
    assert 0 < fits.sum() < 2000 and np.array_equal(space.is_feasible(anything), fits)
    repaired = space.repair(anything)
    assert space.is_feasible(repaired).all() and np.array_equal(repaired[fits], anything[fits])
    sampled = space.sample(rng.random((2000, space.d)))
    children = space.mutate(sampled, rng.random((2000, 2)))
    assert space.is_feasible(sampled).all() and space.is_feasible(children).all()
    assert ((children != sampled).sum(axis=-1) == 1).all()
    assert space.size / WHOLE.size == pytest.approx(fits.mean(), abs=0.05)
    assert np.array_equal(np.sort(space.index(space.all)), space.index(space.all))


def test_sampling_is_uniform_over_what_the_cap_allows() -> None:
    """The mean of every choice of 20,000 samples lies within five standard errors of its mean over all members."""
    space = CAPPED[0]
    drawn = space.one_hot(space.sample(np.random.default_rng(1).random((20_000, space.d)))).mean(axis=0)
    held = space.one_hot(space.all[:: max(space.size // 100_000, 1)]).mean(axis=0)
    assert (np.abs(drawn - held) < 5 * np.sqrt(held * (1 - held) * (1 / 20_000 + 1 / 100_000)) + 1e-3).all()


@settings(max_examples=60, deadline=None)
@given(index=st.integers(0, WHOLE.product_size - 1), space=st.sampled_from(CAPPED))
def test_repair_narrows_and_touches_nothing_else_where_that_is_enough(index: int, space: ConvNetSpace) -> None:
    architecture = WHOLE.from_index(index)
    repaired = space.repair(architecture[None])[0]
    narrowest = architecture.copy()
    narrowest[[5, 8, 11]] = 0
    assert space.is_feasible(repaired)
    if space.is_feasible(narrowest):
        changed = np.flatnonzero(repaired != architecture)
        assert set(changed) <= {5, 8, 11} and (repaired <= architecture).all()


@settings(max_examples=60, deadline=None)
@given(index=st.integers(0, WHOLE.product_size - 1))
def test_canonical_forms_have_equal_counts(index: int) -> None:
    one = WHOLE.from_index(index)
    other = WHOLE.canonical(one)
    for base in (8, 128):
        a, b = counts(design_of(one, base), CIFAR), counts(design_of(other, base), CIFAR)
        assert (a.parameters, a.macs, a.activations) == (b.parameters, b.macs, b.activations)


def test_canonical_form_merges_plain_blocks_of_one_convolution() -> None:
    blocks = "stem-2,gelu,pool-after,plain,last-3x3,1C,2-blocks,1-conv,3C,1-block,1-conv,4C,2-blocks,2-convs"
    merged = blocks.replace("2-blocks,1-conv", "1-block,2-convs")
    assert WHOLE.to_string(WHOLE.canonical(WHOLE.from_string(blocks))) == merged
    for other in ("residual,last-3x3", "plain,last-1x1"):
        architecture = WHOLE.from_string(blocks.replace("plain,last-3x3", other))
        assert np.array_equal(WHOLE.canonical(architecture), architecture)


def test_a_name_says_base_and_cap() -> None:
    assert "convnet" in space_names() and CAPPED[0].name == "convnet:16:12"
    assert get_space("convnet:16:12") is CAPPED[0]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("convnet:16", "should be convnet:BASE:MMAC"),
        ("convnet:16:", "should be convnet:BASE:MMAC"),
        ("convnet:x:12", "should be convnet:BASE:MMAC"),
        ("convnet:16:nan", "smallest network of convnet has 0.8 million"),
        ("convnet:16:0.5", "smallest network of convnet has 0.8 million"),
        ("convnet:6:12", "should be a multiple of 4"),
        ("convnet:-4:12", "should be a multiple of 4"),
        ("darts:16:12", "no space named"),
    ],
)
def test_a_wrong_name_is_one_sentence(name: str, message: str) -> None:
    with pytest.raises(NasbenchError, match=message):
        get_space(name)


def test_an_architecture_over_the_cap_is_no_member() -> None:
    with pytest.raises(NasbenchError, match=r"has 10\.24 million .* at C = 16; convnet:16:5 allows 5"):
        get_space("convnet:16:5").from_string(AIRBENCH96)
    with pytest.raises(NasbenchError, match="give both or neither"):
        convnet.ConvNetSpace(16)


def test_widths_are_steps_to_a_model_of_distances_and_as_far_apart_as_other_decisions() -> None:
    drawn = WHOLE.sample(np.random.default_rng(2).random((300, WHOLE.d)))
    one, other = drawn[:150], drawn[150:]
    apart = ((WHOLE.decision_features(one) - WHOLE.decision_features(other)) ** 2).sum(axis=1) / 2
    steps = np.abs(one.astype(int) - other)
    expected = np.where(WHOLE.ordered, steps * 3 / (WHOLE.cardinalities + 1), steps > 0)
    np.testing.assert_allclose(apart, expected.sum(axis=1))
    for k in WHOLE.cardinalities:
        uniform = np.abs(np.subtract.outer(np.arange(k), np.arange(k))).mean() * 3 / (k + 1)
        assert uniform == pytest.approx(1 - 1 / k)


@pytest.mark.parametrize("name", space_names())
def test_features_are_one_hot_but_for_ordered_decisions(name: str) -> None:
    space = get_space(name)
    drawn = space.sample(np.random.default_rng(0).random((20, space.d)))
    features, steps = space.decision_features(drawn), np.abs(drawn[:, None].astype(int) - drawn[None])
    if not space.ordered.any():
        assert np.array_equal(features, space.one_hot(drawn))
    expected = np.where(space.ordered, steps * 3 / (space.cardinalities + 1), steps > 0).sum(axis=-1)
    np.testing.assert_allclose(((features[:, None] - features[None]) ** 2).sum(axis=-1) / 2, expected)
