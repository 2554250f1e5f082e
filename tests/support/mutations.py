"""One damage to a file, drawn at random: what a disk, a network or a careless editor does to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

PIECE = 32
"""Bytes of each of the two pieces that are swapped."""
STRETCH = 64
"""Most bytes that are zeroed."""


def mutate(content: bytes, rng: np.random.Generator) -> tuple[str, bytes]:
    """Damage a file once: name of the damage, and what the file holds then, which is never what it held.

    A bit or a byte changes, the end is cut off, a stretch becomes zero or two pieces change places; in a text a digit may also become
    another digit, which leaves the form of the file whole.

    Raises:
        ValueError: if there is nothing to damage.
    """
    if not content:
        raise ValueError("An empty file cannot be damaged.")
    names = [*KINDS] if is_text(content) else [name for name in KINDS if name != "digit"]
    while True:
        name = names[int(rng.integers(len(names)))]
        damaged = KINDS[name](content, rng)
        if damaged != content:
            return name, damaged


def is_text(content: bytes) -> bool:
    """Whether bytes are UTF-8 without a zero byte."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in content


def _bit(content: bytes, rng: np.random.Generator) -> bytes:
    at = int(rng.integers(len(content)))
    return _with(content, at, bytes([content[at] ^ (1 << int(rng.integers(8)))]))


def _byte(content: bytes, rng: np.random.Generator) -> bytes:
    return _with(content, int(rng.integers(len(content))), rng.bytes(1))


def _truncation(content: bytes, rng: np.random.Generator) -> bytes:
    return content[: int(rng.integers(len(content)))]


def _zeros(content: bytes, rng: np.random.Generator) -> bytes:
    start = int(rng.integers(len(content)))
    length = min(int(rng.integers(1, STRETCH + 1)), len(content) - start)
    return _with(content, start, bytes(length))


def _swap(content: bytes, rng: np.random.Generator) -> bytes:
    if len(content) < 2 * PIECE:
        return content
    first, second = sorted(int(start) for start in rng.integers(len(content) - PIECE + 1, size=2))
    if second < first + PIECE:
        return content
    one, other = content[first : first + PIECE], content[second : second + PIECE]
    return _with(_with(content, first, other), second, one)


def _digit(content: bytes, rng: np.random.Generator) -> bytes:
    digits = [at for at, byte in enumerate(content) if byte in b"0123456789"]
    if not digits:
        return content
    return _with(content, digits[int(rng.integers(len(digits)))], str(int(rng.integers(10))).encode())


def _with(content: bytes, at: int, new: bytes) -> bytes:
    return content[:at] + new + content[at + len(new) :]


KINDS: Mapping[str, Callable[[bytes, np.random.Generator], bytes]] = {
    "bit": _bit,
    "byte": _byte,
    "truncation": _truncation,
    "zeros": _zeros,
    "swap": _swap,
    "digit": _digit,
}
