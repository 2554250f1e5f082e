"""Mixed spaces: grids of numbers, conditions, neighbours, strings, and that nothing changes where all is categorical."""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench.api.registration import function_benchmark
from nasbench.errors import NasbenchError
from nasbench.search.ledger import Budget
from nasbench.spaces.constrained import NarrowedSpace, restrict
from nasbench.spaces.decisions import Decision, from_mapping, integer, levels, real
from nasbench.spaces.mixed import MixedSpace
from nasbench.spaces.space import Space
from nasbench.testing import SpaceContract

from table_protocol import table_protocol

TRAINING: list[dict[str, Any]] = [
    {"name": "nesterov", "choices": ["no", "yes"], "when": {"momentum": [0.33, 0.66, 0.99]}},
    {"name": "optimizer", "choices": ["adam", "sgd", "lamb"]},
    {"name": "learning_rate", "low": 1e-4, "high": 1e-1, "log": True, "levels": 7},
    {"name": "momentum", "low": 0.0, "high": 0.99, "levels": 4, "when": {"optimizer": ["sgd"]}},
    {"name": "layers", "low": 1, "high": 8},
    {"name": "bias", "values": [0, 1]},
]


def training() -> MixedSpace:
    return MixedSpace("training", TRAINING)


class TestTraining(SpaceContract):
    @pytest.fixture
    def space(self) -> Space:
        return training()


class TestGrid(SpaceContract):
    @pytest.fixture
    def space(self) -> Space:
        return MixedSpace("grid", [integer("a", 1, 127), real("b", 1e-8, 1.0, levels=127, log=True)])


# ---- grids -----------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(
    low=st.floats(-1e6, 1e6, allow_nan=False),
    width=st.floats(1e-3, 1e6),
    number=st.integers(2, 127),
    log=st.booleans(),
)
def test_reals_are_ascending_and_printed_exactly(low: float, width: float, number: int, log: bool) -> None:
    low = abs(low) + 1e-6 if log else low
    try:
        decision = real("x", low, low + width, levels=number, log=log)
    except NasbenchError:
        assert np.spacing(abs(low) + width) > width / number / 4, (
            "only levels that doubles cannot tell apart are refused"
        )
        return
    assert decision.values is not None
    assert len(decision.values) == number
    assert list(decision.values) == sorted(set(decision.values))
    assert [float(text) for text in decision.choices] == list(decision.values)
    assert [decision.find(text) for text in decision.choices] == list(range(number))
    exact = np.geomspace(low, low + width, number) if log else np.linspace(low, low + width, number)
    np.testing.assert_allclose(decision.values, exact, rtol=5e-6)
    assert [decision.find(one) for one in exact.tolist()] == list(range(number))
    assert [decision.find(float(value)) for value in decision.values] == list(range(number))
    assert from_mapping(decision.to_mapping()) == decision


def test_a_log_grid_has_equal_ratios_and_a_linear_one_equal_differences() -> None:
    assert from_mapping({"name": "units", "low": 16, "high": 256, "log": True, "levels": 5}).values == (
        16,
        32,
        64,
        128,
        256,
    )
    assert integer("depth", 2, 10, step=4).values == (2, 6, 10)
    assert real("rate", 0.0, 0.5, step=0.1).choices == ("0", "0.1", "0.2", "0.3", "0.4", "0.5")
    assert integer("n", 0, 10, levels=3).values == (0, 5, 10)


def test_a_number_near_a_level_is_found_and_no_other() -> None:
    decision = real("x", 1e-4, 1e-1, levels=16, log=True)
    step = math.log(10) / 5
    for at, exact in enumerate(np.geomspace(1e-4, 1e-1, 16).tolist()):
        assert decision.find(exact) == decision.find(f"{exact:.3e}") == at
        assert decision.find(exact * math.exp(0.009 * step)) == at
        assert decision.find(exact * math.exp(0.011 * step)) is None
    for wrong in ("", "abc", "nan", "inf", "-0.1", 0, None, True, 10**400):
        assert decision.find(wrong) is None


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"low": 0, "high": 1}, "should have a name"),
        ({"name": "x"}, "choices, or values, or low and high"),
        ({"name": "x", "low": 0}, "choices, or values, or low and high"),
        ({"name": "x", "low": 0, "high": 1, "choices": ["a", "b"]}, "choices, or values, or low and high"),
        ({"name": "x", "choices": ["a", "b"], "log": True}, "so no log"),
        ({"name": "x", "low": 0, "high": 1, "levells": 3}, "levells"),
        ({"name": "x", "low": 0.0, "high": 1}, "number of levels"),
        ({"name": "x", "low": 1, "high": 0}, "smaller number"),
        ({"name": "x", "low": 0, "high": 0.1, "log": True, "levels": 4}, "above 0"),
        (
            {"name": "x", "low": 0, "high": 1, "levels": 11},
            r"different integers from 0 to 1; say fewer levels, or write 0\.0",
        ),
        ({"name": "x", "low": 0, "high": 128}, "larger step"),
        ({"name": "x", "low": 0, "high": 5, "step": 2}, "no multiple of its step"),
        ({"name": "x", "low": 1, "high": 5, "log": True}, "how many levels"),
        ({"name": "x", "low": 0.0, "high": 5.0, "levels": 1}, "2 to 127"),
        ({"name": "x", "low": 0.0, "high": 5.0, "levels": 2.5}, "whole number"),
        ({"name": "x", "low": "0", "high": 5.0}, "a number"),
        ({"name": "x", "low": 0.0, "high": 5.0, "step": 1e-320}, "larger step"),
        ({"name": "x", "low": 0, "high": 10**400}, "should be a number"),
        ({"name": "x", "values": [0, 10**400]}, "ascending"),
        ({"name": "x", "values": [1, 3, 2]}, "ascending"),
        ({"name": "x", "values": [0, 1], "log": True}, "above 0"),
        ({"name": "x", "values": [1]}, "2 to 127"),
        ({"name": "x", "choices": ["a", "a"]}, "2 to 127"),
        ({"name": "x", "choices": ["a", "b,c"]}, "none of , ="),
        ({"name": "x", "choices": ["a", "b"], "when": {"y": []}}, "active for no choice"),
        ({"name": "x", "choices": ["a", "b"], "when": "y"}, "a table such as"),
    ],
)
def test_a_decision_that_is_none_is_refused_in_a_sentence(entry: dict[str, Any], said: str) -> None:
    with pytest.raises(NasbenchError, match=said) as caught:
        from_mapping(entry)
    assert "\n" not in str(caught.value)


ODD: list[Any] = [None, True, 0, 5, -1, 0.5, 1e308, -1e308, 10**400, math.nan, "", "a", [], ["a", "b"], [1, 2], [2, 1], [[1], [2]],
                  [1, 2.5], [1, math.inf], [0, 10**400], {"y": ["a"]}, {"y": "a"}, {1: [2]}]  # fmt: skip
KEYS = ["name", "choices", "low", "high", "step", "levels", "values", "log", "unit", "when"]


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(range(len(ODD))), min_size=2, max_size=6))
def test_any_table_is_a_decision_or_refused(drawn: dict[str, int]) -> None:
    entry = {"name": "x"} | {key: ODD[at] for key, at in drawn.items()}
    try:
        made = from_mapping(entry)
    except NasbenchError:
        return
    assert from_mapping(made.to_mapping()) == made


# ---- conditions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        ({"a": {"b": ["0"]}, "b": {"c": ["0"]}, "c": {"a": ["0"]}}, "in a circle among a, b, c"),
        ({"a": {"a": ["0"]}}, "in a circle among a;"),
        ({"a": {"z": ["0"]}}, "'z'"),
        ({"a": {"b": ["7"]}}, "which it cannot be"),
    ],
)
def test_conditions_that_cannot_be_are_refused(conditions: dict[str, Any], said: str) -> None:
    entries = [{"name": name, "choices": ["0", "1"], "when": conditions.get(name, {})} for name in "abc"]
    with pytest.raises(NasbenchError, match=said):
        MixedSpace("m", entries)


def test_activity_follows_nested_conditions() -> None:
    space = training()
    for architecture in space.all:
        values = dict(
            zip(space.decisions, (names[c] for names, c in zip(space.choices, architecture, strict=True)), strict=True)
        )
        momentum = values["optimizer"] == "sgd"
        nesterov = momentum and values["momentum"] != "0"
        expected = [nesterov, True, True, momentum, True, True]
        assert space.active(architecture).tolist() == expected
        shown = space.values(architecture)
        assert [one is not None for one in shown.values()] == expected
        assert np.array_equal(np.isnan(space.numbers(architecture)), [True, True, False, not momentum, False, False])


def test_canonical_form_keeps_values_and_merges_what_has_the_same_values() -> None:
    space = training()
    canonical = space.canonical(space.all)
    assert np.array_equal(space.canonical(canonical), canonical)
    shown = [tuple(space.values(one).items()) for one in space.all]
    assert shown == [tuple(space.values(one).items()) for one in canonical]
    classes = len(np.unique(space.index(canonical)))
    assert classes == len(set(shown)) == (2 + 1 + 3 * 2) * 7 * 8 * 2
    assert classes == len({space.to_string(one) for one in canonical})


def test_strings_go_both_ways_over_the_whole_space() -> None:
    space = training()
    texts = [space.to_string(one) for one in space.all]
    assert len(set(texts)) == space.size
    assert np.array_equal(np.stack([space.from_string(text) for text in texts]), space.all)
    assert not any("(" in space.to_string(one) for one in space.canonical(space.all))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("optimizer=adam,learning_rate=0.1,layers=1", "lacks 'bias'"),
        ("optimizer=adam,learning_rate=0.1,layers=1,bias=0,momentum=0.33", "not active in it; leave it out"),
        ("optimizer=adam,learning_rate=0.07,layers=1,bias=0", "position 15: '0.07' is no choice"),
        ("optimizer=adam,optimizer=sgd", "position 15: 'optimizer' is there twice"),
        ("adam", "position 0: 'adam' should read decision=value"),
        ("(optimizer=adam),learning_rate=0.1,layers=1,bias=0", "lacks 'optimizer'"),
    ],
)
def test_a_wrong_string_is_refused_with_its_position(text: str, said: str) -> None:
    with pytest.raises(NasbenchError, match=said):
        training().from_string(text)


def test_order_and_notation_of_a_string_do_not_matter() -> None:
    space = training()
    canonical = space.from_string("optimizer=sgd,learning_rate=0.1,momentum=0,layers=3,bias=1")
    assert np.array_equal(space.from_string("layers=3,bias=1,learning_rate=1e-1,momentum=0.0,optimizer=sgd"), canonical)


# ---- neighbours, samples, mutations ----------------------------------------------------------------------------------


def test_neighbours_are_one_level_away_or_another_choice_exhaustively() -> None:
    space = training()
    active = space.active(space.all)
    around = space.neighbours(space.all)
    for architecture, matters, near in zip(space.all.tolist(), active, around.tolist(), strict=True):
        expected = set()
        for i, k in enumerate(space.cardinalities.tolist()):
            for choice in range(k) if matters[i] else ():
                if choice != architecture[i] and (not space.numeric[i] or abs(choice - architecture[i]) == 1):
                    expected.add((*architecture[:i], choice, *architecture[i + 1 :]))
        others = [tuple(one) for one in near if one != architecture]
        assert len(others) == len(set(others))
        assert set(others) == expected


def test_samples_are_uniform_over_combinations() -> None:
    space = MixedSpace("small", [TRAINING[1], {**TRAINING[3], "low": 0.0, "high": 1.0, "levels": 3}])
    drawn = space.index(space.sample(np.random.default_rng(0).random((9_000, 2))))
    counts = np.bincount(drawn, minlength=9)
    assert ((counts - 1000) ** 2 / 1000).sum() < 26.1, "chi-squared, 8 degrees of freedom, 0.1%"


@pytest.mark.parametrize("kind", ["uniform", "step"])
def test_mutations_change_one_active_decision_evenly(kind: str) -> None:
    space = training()
    parent = space.from_string("optimizer=adam,learning_rate=0.1,layers=3,bias=1")
    uniform = np.random.default_rng(0).random((8_000, 2))
    children = space.mutate(np.tile(parent, (8_000, 1)), uniform, kind)
    assert ((children != parent).sum(axis=1) == 1).all()
    changed = (children != parent).argmax(axis=1)
    assert set(changed.tolist()) == {1, 2, 4, 5}
    assert (np.abs(np.bincount(changed, minlength=6)[[1, 2, 4, 5]] - 2000) < 150).all()
    layers = children[changed == 4, 4]
    if kind == "uniform":
        assert set(layers.tolist()) == set(range(8)) - {2}
    else:
        assert set(layers.tolist()) == {1, 3}
        assert set(children[changed == 2, 2].tolist()) == {5}
    assert set(children[changed == 1, 1].tolist()) == {1, 2}


def test_what_is_inactive_returns_with_its_choice() -> None:
    space = training()
    before = space.from_string("optimizer=sgd,learning_rate=0.1,momentum=0.66,nesterov=yes,layers=3,bias=1")
    away, back = before.copy(), before.copy()
    away[1] = 0
    assert not np.array_equal(space.canonical(away), away)
    assert space.values(away)["momentum"] is None
    assert space.values(back)["momentum"] == 0.66


def test_distances_grow_with_levels_and_ignore_what_is_inactive() -> None:
    space = training()
    base = space.from_string("optimizer=adam,learning_rate=0.1,layers=1,bias=0")
    silent = base.copy()
    silent[0] = silent[3] = 1
    assert np.array_equal(space.encoding(base), space.encoding(silent))
    assert not np.array_equal(space.one_hot(base), space.one_hot(silent))
    ladder = np.tile(base, (8, 1))
    ladder[:, 4] = np.arange(8)
    distance = ((space.encoding(ladder) - space.encoding(ladder[:1])) ** 2).sum(axis=1)
    np.testing.assert_allclose(distance, distance[1] * np.arange(8))


# ---- categorical decisions alone --------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(cardinalities=st.lists(st.integers(2, 6), min_size=1, max_size=5), seed=st.integers(0, 10))
def test_with_categorical_decisions_alone_it_is_a_space_bit_for_bit(cardinalities: list[int], seed: int) -> None:
    names = tuple(f"d{i}" for i in range(len(cardinalities)))
    choices = tuple(tuple(map(str, range(k))) for k in cardinalities)
    plain = Space("plain", names, choices)
    mixed = MixedSpace("plain", [Decision(name, own) for name, own in zip(names, choices, strict=True)])
    rng = np.random.default_rng(seed)
    uniform, pair = rng.random((50, plain.d)), rng.random((50, 2))
    drawn = plain.sample(uniform)
    assert np.array_equal(drawn, mixed.sample(uniform))
    assert np.array_equal(plain.neighbours(drawn), mixed.neighbours(drawn))
    assert np.array_equal(plain.mutate(drawn, pair), mixed.mutate(drawn, pair))
    assert np.array_equal(plain.encoding(drawn), mixed.encoding(drawn))
    assert np.array_equal(plain.canonical(drawn), mixed.canonical(drawn))
    assert list(mixed.mutations) == ["uniform"]


def test_it_can_be_pickled() -> None:
    space = pickle.loads(pickle.dumps(training()))
    assert np.array_equal(space.canonical(space.all), training().canonical(training().all))


def test_levels_that_six_digits_cannot_tell_apart_keep_their_digits() -> None:
    assert real("x", 1e-5, 1.0, levels=21, log=True).choices[-2] == "0.562341"
    assert real("x", 100_000.0, 100_200.0, levels=128 - 1).find(100_000 + 200 / 126) == 1
    assert levels("x", [1.0, 1.0000001]).values == (1.0, 1.0000001)


# ---- parts of a mixed space ------------------------------------------------------------------------------------------


def test_the_neighbours_in_a_part_are_the_nearest_by_levels() -> None:
    space = MixedSpace("m", [integer("a", 0, 9), integer("b", 0, 5), Decision("c", ("x", "y", "z"))])
    rng = np.random.default_rng(0)
    index = np.sort(rng.choice(space.size, 60, replace=False))
    part = NarrowedSpace(space, index)
    assert part.n_neighbours == space.n_neighbours == 2 + 2 + 2
    near = part.neighbours(part.all)
    levels_apart = np.abs(part.all[:, None, :2].astype(int) - part.all[None, :, :2]).sum(axis=-1)
    distance = levels_apart + (part.all[:, None, 2] != part.all[None, :, 2])
    for row, around in enumerate(near):
        rows = np.searchsorted(index, space.index(around))
        others = np.delete(distance[row], row)
        assert row not in rows
        assert sorted(distance[row, rows]) == sorted(others)[:6]


def test_what_is_forbidden_is_left_out_and_functions_get_values() -> None:
    def allowed(architectures: np.ndarray) -> np.ndarray:
        return ~((architectures[..., 1] == 0) & (architectures[..., 2] > 4))

    part = restrict(training(), allowed, "small rates with adam")
    sampled = part.sample(np.random.default_rng(0).random((200, part.d)))
    assert allowed(sampled).all()
    assert not allowed(training().all).all()
    seen: list[dict[str, Any]] = []

    def error(**values: Any) -> float:
        seen.append(values)
        return float(values["layers"])

    problem = function_benchmark("f", error, part).problem(
        table_protocol(Budget({"queries": 20}), epochs=(1,)), 0, (0,)
    )
    problem.query(sampled[None, :20])
    assert seen[0] == training().values(sampled[0])
