from __future__ import annotations

import collections
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import hypothesis.extra.numpy as hypothesis_numpy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench.errors import NasbenchError
from nasbench.tables.restricted_pickle import load_file, loads, read_packed

from hostile_payloads import families, pickled, torch_archive
from mutations import mutate

PLAIN: list[Any] = [
    {"a": [1, 2.5, "x", None, True, (b"y", {3})], "nested": {"b": collections.OrderedDict(z=1)}},
    np.arange(6, dtype=np.float32).reshape(2, 3),
    np.float64(1.5),
    {"scores": np.array([1, 2]), "mask": np.array([True, False])},
]


class Payload:
    """Creates a file when it is unpickled by a reader that trusts."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_plain_data_comes_through(protocol: int) -> None:
    for value in PLAIN:
        back = loads(pickle.dumps(value, protocol=protocol), "test")
        np.testing.assert_equal(back, value)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_hostile_pickles_are_refused_and_run_nothing(tmp_path: Path, protocol: int) -> None:
    mark = tmp_path / "mark"
    payloads = [
        Payload(os.system, f"touch {mark}"),
        Payload(os.mkdir, str(mark)),
        Payload(eval, f"open({str(mark)!r}, 'w')"),
        {"deep": [Payload(exec, f"open({str(mark)!r}, 'w')")]},
        Payload(getattr, os, "system"),
    ]
    for payload in payloads:
        try:
            data = pickle.dumps(payload, protocol=protocol)
        except TypeError:
            continue  # a module cannot be pickled, so no such file exists
        with pytest.raises(NasbenchError, match="not loaded"):
            loads(data, "hostile")
        assert not mark.exists()


def test_the_payload_would_have_worked(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    pickle.loads(pickle.dumps(Payload(os.mkdir, str(mark))))
    assert mark.exists()


@pytest.mark.parametrize("data", [b"", b"no pickle", pickle.dumps({"a": list(range(1000))})[:-20], b"\x80\x04Pabc\n."])
def test_damage_is_named(data: bytes) -> None:
    with pytest.raises(NasbenchError, match="some file"):
        loads(data, "some file")


def test_a_file_is_named_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "x.pkl").write_bytes(pickle.dumps(Payload(os.getcwd)))
    with pytest.raises(NasbenchError, match=r"x\.pkl.*getcwd"):
        load_file(tmp_path / "x.pkl")


NUMBERS = (
    st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.booleans()
    | st.none()
    | st.complex_numbers(allow_nan=False)
)
ARRAYS = hypothesis_numpy.arrays(
    st.sampled_from(
        [np.dtype(kind) for kind in ("?", "i1", "<i8", ">i4", "u2", "<f4", ">f8", "c16", "S3", "<U5", ">U2")]
    ),
    hypothesis_numpy.array_shapes(min_dims=0, max_dims=3, max_side=4),
)
KEYS = (
    st.text(max_size=5)
    | st.integers(-1000, 1000)
    | st.binary(max_size=3)
    | st.tuples(st.text(max_size=3), st.integers(0, 999))
)
PLAIN_DATA = st.recursive(
    NUMBERS | st.text() | st.binary() | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.dictionaries(KEYS, inner, max_size=3).map(collections.OrderedDict)
        | st.sets(KEYS, max_size=4)
        | st.frozensets(KEYS, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(PLAIN_DATA, st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_any_plain_data_comes_through(value: Any, protocol: int) -> None:
    back = loads(pickle.dumps([value, value], protocol=protocol), "test")
    np.testing.assert_equal(back, [value, value])
    assert type(back[0]) is type(value)


@settings(max_examples=300, deadline=None)
@given(PLAIN_DATA, st.integers(0, pickle.HIGHEST_PROTOCOL), st.integers(0, 2**32 - 1))
def test_a_damaged_pickle_is_plain_data_or_a_sentence(value: Any, protocol: int, seed: int) -> None:
    data = mutate(pickle.dumps(value, protocol=protocol), np.random.default_rng(seed))[1]
    try:
        loads(data, "test")
    except NasbenchError as refused:
        assert str(refused).startswith("test") and "\n" not in str(refused)


@pytest.mark.parametrize("family", [name for name in families("mark") if name not in ("depth", "floods")])
def test_what_plain_data_does_not_need_is_refused_before_it_is_built(family: str) -> None:
    for value in families("mark")[family]:
        with pytest.raises(NasbenchError, match="some file"):
            loads(pickled(value), "some file")


@pytest.mark.parametrize(
    "hidden", [b"PK\x03\x04" + b"0" * 100, torch_archive(b"", zipfile.ZIP_LZMA), torch_archive(b"", zipfile.ZIP_BZIP2)]
)
def test_an_archive_that_is_none_is_refused(tmp_path: Path, hidden: bytes) -> None:
    (tmp_path / "x.pth").write_bytes(hidden)
    with pytest.raises(NasbenchError, match=r"x\.pth"):
        read_packed(tmp_path / "x.pth", "archive/data.pkl")
