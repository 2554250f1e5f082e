"""What a client sent, and whether it can be what it claims to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np

from nasbench.live.federated.job import THETA, Array

TOLERANCE = 1e-4
"""How far from one a row of theta may sum, in single precision."""


@dataclass(frozen=True)
class Reply:
    """What came back from a client in a round.

    Attributes:
        arrays: in the order in which the server sent its own; empty where the client refused.
        loss: mean training loss that the client reports.
        bytes: of the arrays as they travelled.
        refusal: why there is no update, in the client's or the transport's words; "" where there is one.
    """

    arrays: Sequence[Array]
    loss: float = float("nan")
    bytes: int = 0
    refusal: str = ""


def fault_of(reply: Reply, sent: Mapping[str, Array]) -> str:
    """Return why an update must not enter the mean, "" where it may.

    Args:
        reply: the update.
        sent: what the client started from.

    An update that passes can still be a lie: values that are finite, of the right shape and on the simplices are averaged.
    """
    if reply.refusal:
        return reply.refusal
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
    """Return how many bytes arrays take as they travel: each in numpy's format, the framing of messages left out."""
    return sum(len(packed(array)) for array in arrays)


def packed(array: Array) -> bytes:
    """Return an array in numpy's format."""
    buffer = BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def unpacked(data: bytes) -> Array:
    """Return the array of `packed`; raises ValueError, OSError or EOFError for anything else, and runs nothing."""
    array: Any = np.load(BytesIO(data), allow_pickle=False)
    if not isinstance(array, np.ndarray):
        raise ValueError("not one array")
    return array
