"""Spaces with a user's operations beside their own: `nas-bench-201+NAME`, `sequence+MODULE:ATTR`, or several joined by `+`.

A space needs the names alone; `nasbench.live.networks.own_operations` finds the operations.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nasbench.errors import NasbenchError
from nasbench.spaces.cell import CellSpace
from nasbench.spaces.nas_bench_201_cell import EDGES, NONE, OPERATIONS, SKIP
from nasbench.spaces.sequence import SequenceSpace
from nasbench.spaces.space import Space

MOST_CHOICES = 127
"""Choices of a decision, which is stored as int8."""


def split_name(space: str) -> tuple[str, tuple[str, ...]]:
    """Return the name of a space without a user's operations, and the names or addresses of these."""
    family, *operations = space.split("+")
    return family, tuple(operations)


def choice_name(operation: str) -> str:
    """Return the name of an operation among the choices: the last part of `MODULE:ATTR`."""
    return re.split("[:.]", operation)[-1]


def extended_cell(operations: Sequence[str]) -> CellSpace:
    """Return the cells of NAS-Bench-201 with further operations on every edge.

    Raises:
        NasbenchError: for an operation without a valid name, or with that of another.
    """
    names = (*OPERATIONS, *_names(operations, OPERATIONS))
    return CellSpace(
        "+".join(("nas-bench-201", *operations)),
        tuple(f"{i}-{j}" for i, j in EDGES),
        (names,) * len(EDGES),
        EDGES,
        zero=OPERATIONS[NONE],
        identity=OPERATIONS[SKIP],
    )


def extended_sequence(operations: Sequence[str]) -> SequenceSpace:
    """Return the space `sequence` in which a layer may also be one of further operations; raises as `extended_cell`."""
    return SequenceSpace("+".join(("sequence", *operations)), _names(operations, ()))


EXTENDED = {"nas-bench-201": extended_cell, "sequence": extended_sequence}


def extended_space(name: str) -> Space:
    """Return the space of a name with a user's operations.

    Raises:
        NasbenchError: if the space takes none, or an operation is named wrongly.
    """
    family, operations = split_name(name)
    if family not in EXTENDED:
        raise NasbenchError(f"Space {family!r} takes no further operations; {' and '.join(EXTENDED)} do.")
    return EXTENDED[family](operations)


def _names(operations: Sequence[str], taken: Sequence[str]) -> tuple[str, ...]:
    names = tuple(map(choice_name, operations))
    for operation, name in zip(operations, names, strict=True):
        if not re.fullmatch(r"[A-Za-z]\w*(-\w+)*", name):
            raise NasbenchError(f"{operation!r} names no operation; after the + write the name of one, or MODULE:ATTR.")
        if name in taken or names.count(name) > 1:
            raise NasbenchError(f"Two operations are named {name!r}; give yours another name.")
    if len(names) + len(taken) > MOST_CHOICES:
        raise NasbenchError(f"{len(names)} further operations are too many; {MOST_CHOICES - len(taken)} fit.")
    return names
