"""Parsing and validation of client updates.

Messages are never interpreted to find out what they contain. The expected content is known beforehand and compared byte
by byte: a tensor must have the header that numpy writes for the array sent out, followed by exactly as many bytes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np

from nasbench.live.federated.federated_config import THETA, Array

TOLERANCE = 1e-4
"""Tolerance on the row sums of theta, in single precision."""

LARGEST_LOSS = 1e30
"""Largest absolute mean loss, so that sums are finite."""

LONGEST = 200
"""Maximum number of characters kept of a client's message."""


@dataclass(frozen=True)
class ClientUpdate:
    """Update of a client in a round.

    Attributes:
        arrays: in the order of the server's arrays; empty if the client refused.
        loss: mean training loss reported by the client.
        bytes: size of the serialised arrays.
        refusal: why there is no update, in the client's or the transport's words; "" if there is one.
    """

    arrays: Sequence[Array]
    loss: float = 0.0
    bytes: int = 0
    refusal: str = ""


@dataclass(frozen=True)
class RawUpdate:
    """An unvalidated answer as received.

    Attributes:
        tensors: serialised arrays.
        examples: number of examples that the client claims to have processed.
        fields: `round` and `loss`, or `refusal`, and anything else that a client may send.
    """

    tensors: Sequence[bytes]
    examples: object
    fields: Mapping[str, object]


class UnexpectedError(ValueError):
    """A message is not the expected one; the text completes "client 2 is refused:"."""


def read_answer(answer: RawUpdate, sent: Mapping[str, Array], number: int, announced: int) -> ClientUpdate:
    """Return an answer as an update, or as a refusal if it does not match the request; never raises.

    Args:
        answer: as received.
        sent: state that was sent to the client, by name.
        number: round of the request.
        announced: number of examples announced at registration.
    """
    size = 0
    try:
        size = sum(len(tensor) for tensor in answer.tensors)
        if "refusal" in answer.fields:
            return ClientUpdate((), bytes=size, refusal=printable(answer.fields["refusal"]) or "it gives no reason")
        loss = _loss(answer, number, announced)
        if len(answer.tensors) != len(sent):
            raise UnexpectedError(f"it sent {len(answer.tensors)} arrays where {len(sent)} are exchanged")
        pairs = zip(answer.tensors, sent.items(), strict=True)
        return ClientUpdate([deserialize_array(tensor, mine, name) for tensor, (name, mine) in pairs], loss, size)
    except UnexpectedError as fault:
        return ClientUpdate((), bytes=size, refusal=str(fault))
    except Exception as fault:  # whatever one client sends, the others must not be affected
        return ClientUpdate((), bytes=size, refusal=f"its answer cannot be read ({type(fault).__name__})")


def _loss(answer: RawUpdate, number: int, announced: int) -> float:
    fields = answer.fields
    if set(fields) != {"round", "loss"}:
        named = printable(", ".join(sorted(map(str, fields)))) or "none"
        raise UnexpectedError(f"it sent the fields {named} where round and loss are exchanged")
    if type(fields["round"]) is not int or fields["round"] != number:
        raise UnexpectedError(f"its answer is to round {printable(fields['round'])}")
    if not is_count(answer.examples, announced):
        said = printable(answer.examples)
        raise UnexpectedError(f"it worked on {said} examples; it announced {announced}, and a round has 1 or more")
    loss = fields["loss"]
    if type(loss) is not float:
        raise UnexpectedError(f"its loss is {printable(loss)}, which is no floating-point number")
    return loss


def is_count(value: object, most: int) -> bool:
    """Return whether a value is an integer (not a bool) from 1 to `most`."""
    return type(value) is int and 1 <= value <= most


def printable(value: object) -> str:
    """Return a value from a client as printable text: short and without control characters."""
    if isinstance(value, str):
        return "".join(c if c.isprintable() else "?" for c in value[:LONGEST])
    if value is None or isinstance(value, float) or (isinstance(value, int) and abs(value) < 2**64):
        return repr(value)
    return f"something of type {type(value).__name__}"


def validation_error(reply: ClientUpdate, sent: Mapping[str, Array]) -> str:
    """Return why an update must not be aggregated, "" if it may.

    Args:
        reply: the update.
        sent: state that the client started from.

    An update that passes may still be malicious: any values that are finite, of the right shape and on the simplices
    are averaged.
    """
    if reply.refusal:
        return reply.refusal
    if not math.isfinite(reply.loss) or abs(reply.loss) > LARGEST_LOSS:
        return f"its loss is {reply.loss}, which is not finite or out of all proportion"
    if len(reply.arrays) != len(sent):
        return f"it sent {len(reply.arrays)} arrays where {len(sent)} are exchanged"
    for (name, mine), theirs in zip(sent.items(), reply.arrays, strict=True):
        if theirs.shape != mine.shape:
            return f"{name} has the shape {theirs.shape} where it should be {mine.shape}"
        if theirs.dtype != mine.dtype:
            return f"{name} has the type {theirs.dtype} where it should be {mine.dtype}"
        if not np.all(np.isfinite(theirs)):
            return f"{name} is not finite"
        if name == THETA and (fault := _fault_of_theta(theirs, mine)):
            return fault
    return ""


def _fault_of_theta(theirs: Array, mine: Array) -> str:
    rows = theirs.sum(axis=1, dtype=np.float64)
    worst = int(np.argmax(np.abs(rows - 1)))
    if abs(rows[worst] - 1) > TOLERANCE:
        return f"row {worst} of theta sums to {rows[worst]:.6g}, outside the simplex"
    if np.any(theirs < 0):
        return f"theta has the negative entry {theirs.min():.6g}, outside the simplex"
    if np.any((theirs > 0) != (mine > 0)):
        return "theta leaves the choices that it started from, which no exponentiated-gradient step does"
    return ""


def wire_bytes(arrays: Sequence[Array]) -> int:
    """Return the size in bytes of serialised arrays (numpy format, without message framing)."""
    return sum(len(_header(array)) + array.nbytes for array in arrays)


def serialize_array(array: Array) -> bytes:
    """Return an array in numpy's format, in C order."""
    return _header(array) + array.tobytes()


def deserialize_array(data: bytes, like: Array, name: str = "it") -> Array:
    """Return the array serialised by `serialize_array`, which must have the shape and type of `like`; nothing is parsed
    or run.

    Raises:
        UnexpectedError: for any other content, naming the array.
    """
    header = _header(like)
    if type(data) is not bytes or not data.startswith(header) or len(data) != len(header) + like.nbytes:
        raise UnexpectedError(f"{name} is no array of type {like.dtype} and shape {like.shape} in numpy's format")
    return np.frombuffer(data, like.dtype, offset=len(header)).reshape(like.shape).copy()


def _header(array: Array) -> bytes:
    buffer = BytesIO()
    described = {"descr": np.lib.format.dtype_to_descr(array.dtype), "fortran_order": False, "shape": array.shape}
    np.lib.format.write_array_header_1_0(buffer, described)
    return buffer.getvalue()
