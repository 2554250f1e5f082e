"""What a hostile or broken client can send: each is refused by name, with a reason, and the other's update is what counts."""

from __future__ import annotations

import gzip
import pickle
import struct
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pytest

pytest.importorskip("flwr", reason="needs Flower: pip install 'nas-verify[federated]'")

from federated_round import ANNOUNCED, answer, honest, judged, sent

from nasbench.live.federated.coordinator import Coordinator
from nasbench.live.federated.update_validation import printable, serialize_array

from small_federation import JOB


def npy(header: str, version: bytes = b"\x01\x00", body: bytes = b"") -> bytes:
    text = header.encode("latin-1")
    size = struct.pack("<H" if version[0] == 1 else "<I", len(text))
    return b"\x93NUMPY" + version + size + text + body


def saved(array: Any, **options: Any) -> bytes:
    buffer = BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


VAST = pytest.param(10**5000, id="vast")
THETA = next(iter(sent().values()))
OTHERS = list(sent().values())[1:]
SHAPED = "{'descr': '<f4', 'fortran_order': False, 'shape': %s, }\n"

FIRST_TENSOR: dict[str, Any] = {
    "a header that no tokenizer ends": npy("{'descr': '<f8' , 'shape': ((((\n"),
    "a header that is indented": npy("  x\n y\n"),
    "10^12 numbers declared": npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }\n"),
    "10^30 numbers declared": npy(SHAPED % f"({10**30},)"),
    "a negative shape": npy(SHAPED % "(-6, -5)", body=bytes(120)),
    "a shape of truth values": npy(SHAPED % "(True, True)", body=bytes(4)),
    "a shape of fractions": npy(SHAPED % "(6.0, 5.0)", body=bytes(120)),
    "a shape of texts": npy(SHAPED % "('6', '5')", body=bytes(120)),
    "no shape": npy("{'descr': '<f4', 'fortran_order': False}\n", body=bytes(120)),
    "one key too many": npy("{'descr': '<f4', 'fortran_order': False, 'shape': (6, 5), 'x': 1}\n", body=bytes(120)),
    "a header that is a call": npy("__import__('os').abort()\n"),
    "a header nested 5,000 deep": npy("(" * 5000 + ")" * 5000),
    "an empty header": npy(""),
    "a header of zeros": npy("\0" * 118, body=bytes(120)),
    "a header with other letters": npy("{'descr': '\xe9', 'fortran_order': False, 'shape': (6, 5), }\n"),
    "a header longer than what follows": b"\x93NUMPY\x01\x00\xff\xff{",
    "version 2 of the format": npy(SHAPED % "(6, 5)", b"\x02\x00", bytes(120)),
    "version 3 of the format": npy(SHAPED % "(6, 5)", b"\x03\x00", bytes(120)),
    "version 9 of the format": npy(SHAPED % "(6, 5)", b"\x09\x09", bytes(120)),
    "column order": saved(np.asfortranarray(THETA)),
    "double precision": saved(THETA.astype("f8")),
    "half precision": saved(THETA.astype("f2")),
    "the other byte order": saved(THETA.astype(">f4")),
    "integers": saved(THETA.astype("i4")),
    "complex numbers": saved(THETA.astype("c8")),
    "texts": saved(THETA.astype("S4")),
    "dates": saved(np.zeros((6, 5), "M8[s]")),
    "records": saved(np.zeros((6, 5), [("a", "f4")])),
    "objects": saved(np.full((6, 5), None), allow_pickle=True),
    "a pickle": pickle.dumps(THETA),
    "a pickle that runs a command": b"cposix\nsystem\n(S'true'\ntR.",
    "the start of an archive": b"PK\x03\x04" + b"0" * 100,
    "an empty archive": b"PK\x05\x06" + bytes(18),
    "gzip": gzip.compress(serialize_array(THETA)),
    "nothing": b"",
    "the magic alone": b"\x93NUMPY",
    "one byte too few": serialize_array(THETA)[:-1],
    "one byte too many": serialize_array(THETA) + b"\0",
    "a million bytes too many": serialize_array(THETA) + bytes(10**6),
    "the header alone": serialize_array(THETA)[: -THETA.nbytes],
    "one row less": serialize_array(THETA[:-1]),
    "transposed": serialize_array(np.ascontiguousarray(THETA.T)),
    "flat": serialize_array(THETA.ravel()),
    "one axis more": serialize_array(THETA[None]),
    "a text": "theta",
    "an array": THETA,
    "no bytes at all": None,
    "a number": 7,
    "not a number": serialize_array(np.full_like(THETA, np.nan)),
    "infinite": serialize_array(np.full_like(THETA, np.inf)),
    "one entry not a number": serialize_array(np.where(np.arange(30).reshape(6, 5) == 7, np.float32(np.nan), THETA)),
    "rows that sum to two": serialize_array(2 * THETA),
    "zeros": serialize_array(np.zeros_like(THETA)),
    "a vertex": serialize_array(np.eye(5, dtype="f4")[np.zeros(6, int)]),
    "a negative entry": serialize_array(THETA + np.eye(6, 5, dtype="f4") - np.eye(6, 5, 1, "f4")),
    "the largest numbers": serialize_array(np.full_like(THETA, np.finfo("f4").max)),
}

WHOLE: dict[str, Callable[[], Any]] = {
    "no tensors": lambda: answer([]),
    "a tensor too few": lambda: answer(honest()[:-1]),
    "a tensor too many": lambda: answer([*honest(), honest()[-1]]),
    "tensors in another order": lambda: answer(honest()[::-1]),
    "100,000 tensors of nothing": lambda: answer([b""] * 100_000),
    "tensors that are none": lambda: answer(5),
    "weights that are infinite": lambda: answer(
        [honest()[0], *(serialize_array(w + np.float32(np.inf)) for w in OTHERS)]
    ),
    "10^18 examples": lambda: answer(examples=10**18),
    "one example more than announced": lambda: answer(examples=ANNOUNCED + 1),
    "no examples": lambda: answer(examples=0),
    "negative examples": lambda: answer(examples=-(2**63)),
    "true examples": lambda: answer(examples=True),
    "fractional examples": lambda: answer(examples=1.0),
    "examples that are no number": lambda: answer(examples=float("nan")),
    "examples as a text": lambda: answer(examples="40"),
    "examples without end": lambda: answer(examples=10**5000),
    "a loss that is no number": lambda: answer(loss=float("nan")),
    "an infinite loss": lambda: answer(loss=float("inf")),
    "a loss of minus infinity": lambda: answer(loss=float("-inf")),
    "a loss whose sum overflows": lambda: answer(loss=1.7e308),
    "a loss of 10^400": lambda: answer(loss=10**400),
    "a loss of '1e400'": lambda: answer(loss="1e400"),
    "a loss of 'nan'": lambda: answer(loss="nan"),
    "a true loss": lambda: answer(loss=True),
    "no loss": lambda: answer(loss=None),
    "a loss of bytes": lambda: answer(loss=b"0"),
    "an answer to the round before": lambda: answer(round=0),
    "an answer to the round after": lambda: answer(round=2),
    "an answer to no round": lambda: answer(round=None),
    "an answer to round true": lambda: answer(round=True),
    "an answer to round 1.0": lambda: answer(round=1.0),
    "an answer to round '1'": lambda: answer(round="1"),
    "another field": lambda: answer(weight=10**18),
    "a field with control characters": lambda: answer(**{"\x1b[2J": 1}),
    "a refusal that clears the screen": lambda: answer(refusal="\x1b[2J\r\nclient 0 is refused"),
    "a refusal of a million letters": lambda: answer(refusal="x" * 10**6),
    "a refusal of bytes": lambda: answer(refusal=b"\xff"),
    "a refusal of nothing": lambda: answer(refusal=""),
    "a refusal that is a number": lambda: answer(refusal=float("nan")),
}


def test_an_honest_answer_counts() -> None:
    reason, coordinator = judged(answer())
    assert reason == "" and coordinator.rows[0]["loss"] == 0.5


@pytest.mark.parametrize("kind", FIRST_TENSOR)
def test_a_tensor_that_is_not_what_was_sent_out_is_refused(kind: str) -> None:
    reason, _ = judged(answer([FIRST_TENSOR[kind], *honest()[1:]]))
    assert "theta" in reason or "cannot be read" in reason


@pytest.mark.parametrize("kind", WHOLE)
def test_an_answer_that_is_not_one_to_this_round_is_refused(kind: str) -> None:
    assert judged(WHOLE[kind]())[0]


@pytest.mark.parametrize("metrics", [None, [], "loss", {}, {1: 2}, {"loss": 0.5}, {"round": 1}])
def test_fields_that_are_none_are_refused(metrics: Any) -> None:
    came = answer()
    came.metrics = metrics
    assert judged(came)[0]


def test_who_fails_or_says_nothing_has_sent_nothing() -> None:
    assert judged(answer(), failure=True)[0] == "it sent nothing"


def test_a_round_of_nothing_but_refusals_leaves_the_state_and_says_so() -> None:
    said: list[str] = []
    coordinator = Coordinator(JOB, 1, reporter=said.append)
    coordinator.register_client({"client": 0, "examples": 5})
    before = coordinator.state
    coordinator.aggregate_round(1, coordinator.instructions(1), {})
    assert "no update can be used; the state stays as it was" in said[1]
    assert coordinator.rows[0]["loss"] is None
    assert coordinator.architecture == JOB.discretize(before["theta"])


@pytest.mark.parametrize("number", [-1, 2, 2**63, VAST, True, False, 0.0, float("nan"), "0", b"0", None, [0]])
def test_numbers_that_no_client_has(number: Any) -> None:
    coordinator = Coordinator(JOB, 2)
    assert coordinator.register_client({"client": number, "examples": 5}) is None
    (refusal,) = coordinator.refusals
    assert "from 0 to 1" in refusal["reason"] and isinstance(refusal["client"], str)


@pytest.mark.parametrize("examples", [0, -5, 101, 10**18, VAST, True, 5.0, float("inf"), "5", None, {}])
def test_examples_that_no_client_has(examples: Any) -> None:
    coordinator = Coordinator(JOB, 2, most=100)
    assert coordinator.register_client({"client": 1, "examples": examples}) is None
    assert "positive integer of at most 100" in coordinator.refusals[0]["reason"]


def test_what_a_client_says_is_shown_in_one_short_line() -> None:
    assert printable("a\x1b[2J\nb\ud800\u202e") == "a?[2J?b??"
    assert len(printable("x" * 10**6)) == 200
    assert printable(b"\xff") == "something of type bytes" and printable(10**5000) == "something of type int"
