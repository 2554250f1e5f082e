"""Answers of clients, generated and damaged: each is refused, or it is one that the mean may hold."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from federated_round import ANNOUNCED, answer, honest, judged, sent
from flwr.common import FitRes

from mutations import mutate

SLOW = 5.0
"""Seconds after which an answer counts as one that hangs the server; it takes milliseconds."""

ODD: tuple[Any, ...] = (
    *(0, 1, -1, 2, 0.0, -0.0, 0.5, 1e308, -1e308, 5e-324, 2**31, 2**63 - 1, -(2**63), 10**400, float("nan")),
    *(float("inf"), float("-inf"), True, False, None, "", "x", "1e400", "\x1b[2J", "\ud800", b"", b"\xff" * 40, [], {}),
    *(ANNOUNCED, ANNOUNCED + 1, 10**18, (), [1], {"a": 1}, np.float64(1), np.int64(1), 1j),
)
HEADERS = ("<f4", "<f8", ">f4", "|O", "<M8[s]", "|V4", "<U9", "[('a','<f4')]", "<f4' , 'x': '")
SHAPES = ("(6, 5)", "(30,)", "()", "(10**9,)", "(1000000000000,)", "(-1, -30)", "((((", "(True,)", "None", "(6, 5, 0)")


def campaign(n: int, seed: int, folder: Path) -> Counter[str]:
    """Let `n` answers come in; count those refused, harmless where they are averaged, silent where they should not be, and faults.

    Args:
        n: answers.
        seed: of all of them.
        folder: not used; other campaigns damage files.
    """
    rng = np.random.default_rng(seed)
    counts: Counter[str] = Counter()
    for _ in range(n):
        came = KINDS[int(rng.integers(len(KINDS)))](rng)
        start = time.monotonic()
        try:
            outcome = "refused" if judged(came)[0] else "harmless"
        except AssertionError:
            outcome = "silent"
        except Exception:
            outcome = "tracebacks"
        counts["hangs" if time.monotonic() - start > SLOW else outcome] += 1
        counts["tried"] += 1
    return counts


def _damaged(rng: np.random.Generator) -> FitRes:
    tensors = honest()
    for _ in range(int(rng.integers(1, 4))):
        where = int(rng.integers(len(tensors))) if rng.random() < 0.5 else 0
        tensors[where] = mutate(tensors[where], rng)[1] or b"\0"
    return answer(tensors)


def _headed(rng: np.random.Generator) -> FitRes:
    """A tensor with a header from parts, and with bytes of a likely or unlikely number after it."""
    order = ("False", "True", "0", "None")[int(rng.integers(4))]
    descr, shape = (str(rng.choice(np.array(parts))) for parts in (HEADERS, SHAPES))
    header = f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    version = int(rng.integers(0, 5))
    size = len(header).to_bytes(2 if version < 2 else 4, "little")
    body = bytes(int(rng.choice([0, 1, 119, 120, 121, 240, 10_000])))
    return answer([b"\x93NUMPY" + bytes([version, 0]) + size + header + body, *honest()[1:]])


def _random(rng: np.random.Generator) -> FitRes:
    starts = (b"", b"\x93NUMPY\x01\x00", b"PK\x03\x04", b"\x80\x04", b"\x1f\x8b", honest()[0][:128])
    start = starts[int(rng.integers(len(starts)))]
    return answer([start + rng.bytes(int(rng.integers(0, 300))), *honest()[1:]])


def _counted(rng: np.random.Generator) -> FitRes:
    """Tensors that are missing, twice there, exchanged or no bytes."""
    tensors: list[Any] = honest()
    for _ in range(int(rng.integers(1, 4))):
        at, other = (int(k) for k in rng.integers(len(tensors), size=2))
        match int(rng.integers(4)):
            case 0 if len(tensors) > 1:
                del tensors[at]
            case 1:
                tensors.insert(at, tensors[other])
            case 2:
                tensors[at], tensors[other] = tensors[other], tensors[at]
            case _:
                tensors[at] = _odd(rng)
    return answer(tensors)


def _valued(rng: np.random.Generator) -> FitRes:
    """Arrays of the right form with values that no training gives, or that one could."""
    tensors = honest()
    arrays = list(sent().values())
    at = int(rng.integers(len(arrays))) if rng.random() < 0.5 else 0
    array = arrays[at].copy().reshape(-1)
    values = np.array([0, 1, -1, np.nan, np.inf, -np.inf, 3e38, 1e-45, 0.2, 0.2001], array.dtype)
    array[int(rng.integers(array.size))] = values[int(rng.integers(values.size))]
    tensors[at] = tensors[at][: -array.nbytes] + array.tobytes()
    return answer(tensors)


def _fields(rng: np.random.Generator) -> FitRes:
    came = answer()
    for _ in range(int(rng.integers(1, 3))):
        match int(rng.integers(5)):
            case 0:
                came.num_examples = _odd(rng)
            case 1:
                came.metrics = _odd(rng)
            case 2 if isinstance(came.metrics, dict):
                came.metrics[str(_odd(rng))[:9]] = _odd(rng)
            case _ if isinstance(came.metrics, dict):
                came.metrics[("round", "loss", "refusal")[int(rng.integers(3))]] = _odd(rng)
    return came


def _odd(rng: np.random.Generator) -> Any:
    return ODD[int(rng.integers(len(ODD)))]


KINDS: tuple[Callable[[np.random.Generator], FitRes], ...] = (_damaged, _headed, _random, _counted, _valued, _fields)
