"""The spaces of HW-GPT-Bench and Accel-NASBench: what has an effect, strings, numbers beyond 2^63."""

from __future__ import annotations

import numpy as np
import pytest

from nasbench.errors import NasbenchError
from nasbench.spaces.accel_nasbench import AccelNasBenchSpace
from nasbench.spaces.hw_gpt_bench import FIRST_LAYER, LAYERS, SCALES, HwGptBenchSpace
from nasbench.spaces.numbering import Numbering


@pytest.mark.parametrize(("scale", "decisions"), [("s", 27), ("m", 51), ("l", 75)])
def test_layers_that_are_not_there_have_no_effect_and_all_else_has(scale: str, decisions: int) -> None:
    space = HwGptBenchSpace(scale)
    assert space.d == decisions
    some = space.sample(np.random.default_rng(0).random((300, space.d)))
    effect = space.has_effect(some)
    np.testing.assert_array_equal(
        effect.sum(axis=1), 3 + 2 * np.array([SCALES[scale].layers[i] for i in some[:, LAYERS]])
    )
    other = space.sample(np.random.default_rng(1).random((300, space.d)))
    np.testing.assert_array_equal(space.canonical(np.where(effect, some, other)), space.canonical(some))
    np.testing.assert_array_equal(space.canonical(some)[effect], some[effect])


def test_the_small_space_has_as_many_functions_as_the_closed_form_says() -> None:
    """Of one embedding and bias: 9^10 networks of ten layers and so on; counted on the choices of the last two layers."""
    space = HwGptBenchSpace("s")
    last = [FIRST_LAYER + 10, FIRST_LAYER + 11, FIRST_LAYER + 22, FIRST_LAYER + 23]
    every = np.zeros((3, *(3,) * 4, space.d), dtype=np.int8)
    for axis, decision in enumerate([LAYERS, *last]):
        every[..., decision] = np.arange(3).reshape([-1 if a == axis else 1 for a in range(5)])
    distinct = np.unique(space.canonical(every.reshape(-1, space.d)), axis=0)
    assert len(distinct) == 1 + 9 + 81


def test_the_names_of_hw_gpt_bench_are_read() -> None:
    space = HwGptBenchSpace("s")
    ratios, heads = [2, 3, 4] * 3 + [4], [4, 8, 12] * 3 + [4]
    text = "-".join(map(str, ["gpt", "s", 10, 768, *ratios, *heads, "False"]))
    found = space.from_string(text)
    assert space.to_string(found).startswith("e768,10-layers,x2,x3,x4,")
    assert space.to_string(found).endswith(",no-bias")
    np.testing.assert_array_equal(found[FIRST_LAYER : FIRST_LAYER + 10], np.array(ratios) - 2)
    np.testing.assert_array_equal(found[FIRST_LAYER + 12 : FIRST_LAYER + 22], np.array(heads) // 4 - 1)
    np.testing.assert_array_equal(space.canonical(found), found)
    for wrong in ("gpt-s-9-768", "gpt-m" + text[5:], text + "-1", text.replace("768", "700"), "gpt-"):
        with pytest.raises(NasbenchError, match="rchitecture"):
            space.from_string(wrong)


def test_accel_nasbench_has_the_size_of_its_blocks() -> None:
    space = AccelNasBenchSpace()
    assert (space.d, space.size) == (28, 36**6 * 48)
    assert space.decisions[22] == "block 6: layers"
    assert len(space.choices[22]) == 4


def test_a_space_too_large_for_an_index_says_so_and_numbers_what_it_meets() -> None:
    space = HwGptBenchSpace("m")
    some = space.sample(np.random.default_rng(2).random((40, space.d)))
    with pytest.raises(NasbenchError, match="too many for an integer index"):
        space.from_index(3)
    numbering = Numbering(space)
    np.testing.assert_array_equal(numbering.numbers(some[:7]), np.arange(7))
    again = numbering.numbers(some[None, ::-1])[0]
    np.testing.assert_array_equal(numbering.architectures()[again], some[::-1])
    np.testing.assert_array_equal(numbering.architectures(38), numbering.architectures()[38:])
