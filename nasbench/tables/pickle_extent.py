"""Size and depth of the content of a pickle."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from typing import Any

import numpy as np

from nasbench.tables.plain_values import Inert

COST = 128
"""Estimated bytes per pickle instruction, including its result and memo entry."""
DEEPEST = 32


class NotPlain(Exception):  # noqa: N818
    """A request of a pickle that plain data does not need; the text completes `The pickle`."""


def size_of(value: Any) -> int:
    """Return the shallow size in bytes of a copy of a value."""
    if isinstance(value, list | tuple | dict | set | frozenset):
        return COST * len(value)
    return 4 * len(value) if isinstance(value, str | bytes | bytearray) else 0


def written_out(root: Any) -> int:
    """Return the number of items of a tree with repeated objects counted repeatedly; arrays and texts count by their
    length.

    Raises:
        NotPlain: if it nests more than `DEEPEST` deep, or contains itself.
    """
    known: dict[int, tuple[int, int]] = {}
    path: list[tuple[Any, Any, list[int]]] = []

    def enter(held: Any) -> None:
        items = _items(held)
        path.append((held, iter(items), [len(items), 0]))
        if len(path) > DEEPEST:
            raise NotPlain(f"nests more than {DEEPEST} deep, or in itself, so it was not loaded")

    if type(root) not in _HOLDERS:
        return 1
    enter(root)
    while path:
        held, rest, total = path[-1]
        for item in rest:
            kind = type(item)
            if kind not in _HOLDERS:
                if kind in _SIZED:
                    total[0] += item.size if kind is np.ndarray else len(item) // 4
                continue
            if id(item) not in known:
                enter(item)
                break
            size, depth = known[id(item)]
            total[0] += size
            total[1] = max(total[1], depth)
            if len(path) + depth > DEEPEST:
                raise NotPlain(f"nests more than {DEEPEST} deep, or in itself, so it was not loaded")
        else:
            path.pop()
            known[id(held)] = total[0], total[1] + 1
            if path:
                path[-1][2][0] += total[0]
                path[-1][2][1] = max(path[-1][2][1], total[1] + 1)
    return known[id(root)][0]


_HOLDERS = frozenset({list, tuple, dict, OrderedDict, set, frozenset, Inert})
_SIZED = frozenset({str, bytes, bytearray, np.ndarray})


def _items(held: Any) -> Collection[Any]:
    if isinstance(held, Inert):
        return vars(held).values()
    return held.values() if isinstance(held, dict) else held
