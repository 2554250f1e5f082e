"""Names allowed in pickles of plain data, and their harmless replacements.

Names in a pickle are never resolved. They refer to entries of `CALLS`, whose arguments are checked before anything is
built: only complete arrays of numbers and texts that match the size of their bytes.
"""

from __future__ import annotations

import math
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

KINDS = "biufcSU"
"""Kinds of numpy types without pointers."""
LARGEST_ITEM = 4096
"""Maximum size of an array element in bytes."""
LARGEST_EMPTY = 2**20
"""Maximum product of the non-empty axes of an empty array."""
MOST_AXES = 32
LARGEST_CODE_POINT = 0x10FFFF


class Name(NamedTuple):
    """A name in a pickle, as a pair of texts."""

    module: str
    name: str


class Inert:
    """Replacement for an object of a named class: attributes without behaviour."""


class Opaque:
    """Placeholder for other values, when a pickle is only measured."""


class DType:
    """A numpy type during unpickling, which builds it in two steps.

    Attributes:
        dtype: the type so far.
    """

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype

    def set_state(self, state: Any) -> None:
        """Set the byte order from the second step; raises `ValueError` for any other state."""
        if not (isinstance(state, tuple) and len(state) in (8, 9) and type(state[0]) is int):
            raise ValueError("a type of numpy has a state of another form")
        order, sub, names, fields = state[1:5]
        if any(part is not None for part in (sub, names, fields, *state[8:])) or _text(order) not in ("<", ">", "|"):
            raise ValueError("a type of numpy has fields or parts, which plain arrays have not")
        if state[5] not in (-1, self.dtype.itemsize):
            raise ValueError("a type of numpy gives two sizes")
        if _text(order) != "|":
            self.dtype = self.dtype.newbyteorder("<" if _text(order) == "<" else ">")


def set_array_state(array: NDArray[Any], state: Any) -> None:
    """Fill an array created by `_reconstruct`; raises `ValueError` unless the state has numbers or texts of exactly its
    size.
    """
    if not (isinstance(state, tuple) and len(state) == 5 and type(state[3]) in (bool, int)):
        raise ValueError("an array has a state of another form")
    _, shape, dtype, fortran, content = state
    content = _bytes(content)
    checked = _checked(shape, dtype, content)
    array.__setstate__((1, shape, checked, bool(fortran), content))  # type: ignore[arg-type]


def _dtype(text: Any, *flags: Any) -> DType:
    if re.fullmatch(r"[?bBhHiIlLqQefdFD]|[biufc]\d{1,2}|[SU][1-9]\d{0,3}", _text(text)) is None:
        raise ValueError("an array is of a type that is neither numbers nor texts")
    dtype = np.dtype(_text(text))
    if dtype.kind not in KINDS or dtype.itemsize > LARGEST_ITEM or dtype.hasobject or len(flags) > 2:
        raise ValueError("an array is of a type that is neither numbers nor texts")
    return DType(dtype)


def _reconstruct(kind: Any, shape: Any, code: Any) -> NDArray[Any]:
    if not isinstance(kind, Name) or kind.name != "ndarray" or not isinstance(shape, tuple) or _text(code) != "b":
        raise ValueError("an array begins in another way than numpy's do")
    return np.empty(0, dtype=np.int8)


def _from_buffer(buffer: Any, dtype: Any, shape: Any, order: Any) -> NDArray[Any]:
    content = _bytes(buffer)
    if not isinstance(order, str) or order not in ("C", "F"):
        raise ValueError("an array has an order that is neither C nor F")
    flat = np.frombuffer(content, dtype=_checked(shape, dtype, content))
    fortran: Literal["C", "F"] = "F" if order == "F" else "C"
    return flat.reshape(shape, order=fortran).copy(order=fortran)


def _scalar(dtype: Any, content: Any) -> Any:
    content = _bytes(content)
    return np.frombuffer(content, dtype=_checked((1,), dtype, content))[0]


def _checked(shape: Any, dtype: Any, content: bytes) -> np.dtype[Any]:
    """Return the type of an array of that shape; raises `ValueError` unless `content` is all of it and its texts are
    texts.
    """
    if not isinstance(dtype, DType) or not isinstance(shape, tuple) or len(shape) > MOST_AXES:
        raise ValueError("an array has no type of numbers or no shape")
    if not all(type(n) is int and n >= 0 for n in shape) or math.prod(n or 1 for n in shape) > max(
        len(content), LARGEST_EMPTY
    ):
        raise ValueError("an array is said to be larger than it is")
    size = math.prod(shape) * dtype.dtype.itemsize
    if size != len(content):
        raise ValueError(f"an array of {size} bytes comes with {len(content)}")
    if dtype.dtype.kind == "U" and content:
        points = np.frombuffer(content, dtype=np.dtype(np.uint32).newbyteorder(dtype.dtype.byteorder))
        if points.max() > LARGEST_CODE_POINT:
            raise ValueError("an array of texts holds what is no character")
    return dtype.dtype


def _encode(text: Any, codec: Any = "utf-8", errors: Any = "strict") -> bytes:
    if not isinstance(text, str) or _text(codec) not in ("latin1", "latin-1", "utf-8") or _text(errors) != "strict":
        raise ValueError("bytes are written in an unknown codec")
    return text.encode(_text(codec))


def _new_bytes(content: Any = b"") -> bytes:
    return _bytes(content)


def _new_bytearray(content: Any = b"", codec: Any = "latin-1") -> bytearray:
    return bytearray(_encode(content, codec) if isinstance(content, str) else _bytes(content))


def _new_complex(real: Any, imaginary: Any) -> complex:
    if not (type(real) in (int, float) and type(imaginary) in (int, float)):
        raise ValueError("a complex number has parts that are no numbers")
    return complex(real, imaginary)


def _new_set(items: Any = ()) -> set[Any]:
    if not isinstance(items, list | tuple):
        raise ValueError("a set is not given by a list")
    for item in items:
        check_key(item)
    return set(items)


def _new_frozenset(items: Any = ()) -> frozenset[Any]:
    return frozenset(_new_set(items))


def _new_ordered(pairs: Any = ()) -> OrderedDict[Any, Any]:
    if not isinstance(pairs, list | tuple) or not all(isinstance(p, list | tuple) and len(p) == 2 for p in pairs):
        raise ValueError("an ordered dictionary is not given by pairs")
    for key, _ in pairs:
        check_key(key)
    return OrderedDict(pairs)


LARGEST_KEY = 2**61 - 1
"""Integers below it are their own hashes, so that a file cannot choose colliding keys."""
LONGEST_KEY = 16
LARGEST_PART = 2**16
"""Limit for integers in tuples, since tuples of larger ones can have colliding hashes."""
_PLAIN_KEYS = (str, bytes, float, bool, type(None))


def check_key(key: Any, largest: int = LARGEST_KEY) -> None:
    """Raise `ValueError` unless a key of a dictionary or an item of a set is a number, a text, or a short tuple of these.

    Hashing a tuple recurses to its depth without a limit, which may overflow the stack.
    """
    if isinstance(key, np.generic):
        key = key.item()
    if type(key) is int:
        if abs(key) >= largest:
            raise ValueError("a key is a number of too many bits")
    elif type(key) is tuple and len(key) <= LONGEST_KEY and largest == LARGEST_KEY:
        for part in key:
            check_key(part, LARGEST_PART)
    elif type(key) not in _PLAIN_KEYS:
        raise ValueError("a key is neither a number, a text, nor a short tuple of these")


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("ascii", "replace")
    return value if isinstance(value, str) else ""


def _bytes(value: Any) -> bytes:
    if isinstance(value, str) and value.isascii():  # as Python 2 wrote bytes
        return value.encode("ascii")
    if not isinstance(value, bytes | bytearray):
        raise ValueError("the content of an array is no bytes")
    return bytes(value)


CALLS: Mapping[tuple[str, str], Callable[..., Any]] = {
    ("_codecs", "encode"): _encode,
    ("builtins", "bytearray"): _new_bytearray,
    ("builtins", "bytes"): _new_bytes,
    ("builtins", "complex"): _new_complex,
    ("builtins", "frozenset"): _new_frozenset,
    ("builtins", "set"): _new_set,
    ("collections", "OrderedDict"): _new_ordered,
    ("numpy", "dtype"): _dtype,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "scalar"): _scalar,
    ("numpy._core.numeric", "_frombuffer"): _from_buffer,
}
"""Replacement functions by module and name."""
VALUES = frozenset({("numpy", "ndarray")})
"""Names that only occur as arguments."""
RENAMED: Mapping[str, str] = {
    "__builtin__": "builtins",
    "numpy.core.multiarray": "numpy._core.multiarray",
    "numpy.core.numeric": "numpy._core.numeric",
}
"""Alternative names of modules."""
