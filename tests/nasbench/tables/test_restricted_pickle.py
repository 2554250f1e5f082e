from __future__ import annotations

import collections
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasbench.errors import NasbenchError
from nasbench.tables.restricted_pickle import load_file, loads

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
