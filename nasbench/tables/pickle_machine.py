"""A restricted pickle virtual machine; its instructions are in `pickle_steps`.

Python's unpickler calls whatever a pickle names, allocates the memory it declares, and hashes keys of any depth; each
of these can crash or compromise a process. Here names are never resolved (`plain_values`), every instruction is charged
to a memory budget before it is executed, and the result is a tree of bounded depth and size.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from nasbench.tables.pickle_extent import COST, NotPlain, size_of, written_out
from nasbench.tables.plain_values import CALLS, RENAMED, VALUES, DType, Inert, Name, Opaque, set_array_state

WIDTHS = {form: struct.calcsize(form) for form in (">d", "<B", "<H", "<i", "<I", "<Q")}
COST_OF_A_PLACE = 64
"""Bytes per item after expansion of repeated references."""


class Machine:
    """Reads consecutive pickles.

    Args:
        data: the pickles.
        budget: memory budget in bytes.
        records: (module, class) names whose objects are read as `Inert`.
        opaque: whether to replace other values by `Opaque`, for measuring a pickle that is read by another reader.
    """

    def __init__(
        self, data: bytes, budget: int, records: Collection[tuple[str, str]] = (), opaque: bool = False
    ) -> None:
        self._data = data
        self._at = 0
        self._budget = self._left = budget
        self._records = frozenset(records)
        self._opaque = opaque

    def load(self, steps: Mapping[int, Callable[[Machine], object]]) -> Any:
        """Return the content of the next pickle.

        Args:
            steps: implementation of each instruction by its code.

        Raises:
            NotPlain: if it requests anything that plain data does not need, or exceeds memory or depth.
            ValueError, TypeError, KeyError, IndexError, struct.error: if it is damaged.
        """
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        while True:
            code = self.byte()
            self._left -= COST
            if self._left < 0:
                self.pay(0)
            if code == pickle.STOP[0]:
                break
            step = steps.get(code)
            if step is None:
                raise NotPlain(f"has an instruction ({code}) that plain data does not need, so it was not loaded")
            step(self)
        (value,) = self.stack
        if self.below:
            raise ValueError("it ends in the middle")
        self.pay(COST_OF_A_PLACE * written_out(value))
        return value

    def take(self, count: int) -> bytes:
        """Return the next bytes."""
        start, self._at = self._at, self._at + count
        if self._at > len(self._data):
            raise ValueError("it ends early")
        return self._data[start : self._at]

    def byte(self) -> int:
        """Return the next byte, as a number."""
        self._at += 1
        return self._data[self._at - 1]

    def line(self) -> bytes:
        """Return the next line, without its line break."""
        end = self._data.index(b"\n", self._at)
        self.pay(4 * (end - self._at))
        found = self.take(end - self._at)
        self._at += 1
        return found

    def pay(self, amount: int) -> None:
        """Charge bytes of memory to the budget."""
        self._left -= amount
        if self._left < 0:
            raise NotPlain(
                f"takes more than {self._budget / 1e6:,.0f} MB of memory, which a file of its size should not, so it was not loaded"
            )

    def number(self, form: str) -> Any:
        """Return the next number, in a format of `struct`."""
        start, self._at = self._at, self._at + WIDTHS[form]
        return struct.unpack_from(form, self._data, start)[0]

    def counted(self, form: str) -> bytes:
        """Return the next length-prefixed bytes."""
        count = self.number(form)
        self.pay(4 * min(max(count, 0), len(self._data)))
        if count < 0:
            raise ValueError("a length is negative")
        return self.take(count)

    def remember(self, number: int) -> None:
        """Memoise the top of the stack; a pickle has at most as many memo entries as bytes."""
        if not 0 <= number <= len(self._data):
            raise ValueError("it numbers more values than it has")
        self.memo[number] = self.stack[-1]

    def items(self) -> list[Any]:
        """Pop and return the items above the last mark, and the mark."""
        found, self.stack = self.stack, self.below.pop()
        return found

    def named(self, module: str, name: str) -> Any:
        """Return the value of a name; raises `NotPlain` for a name that plain data does not need."""
        key = Name(RENAMED.get(module, module), name)
        if key not in CALLS and key not in VALUES and key not in self._records and not self._opaque:
            shown = f"{module}.{name}"[:80].encode("unicode_escape").decode()
            raise NotPlain(f"names {shown}, which plain data does not need, so it was not loaded")
        return key

    def call(self, function: Any, arguments: Any) -> Any:
        """Return the substitute for a call, charged by the size of its arguments."""
        if isinstance(function, Name) and isinstance(arguments, tuple):
            if tuple(function) in self._records and not arguments:
                return Inert()
            if tuple(function) in CALLS:
                self.pay(sum(size_of(argument) for argument in arguments))
                return CALLS[function](*arguments)
        return self.outside("calls what is no function of plain data")

    def outside(self, what: str) -> Any:
        """Return a substitute for a value that plain data does not contain, or raise `NotPlain`."""
        if self._opaque:
            return Opaque()
        raise NotPlain(f"{what}, so it was not loaded")

    def build(self) -> None:
        """Set the state of the object below the top of the stack."""
        state = self.stack.pop()
        target = self.stack[-1]
        self.pay(size_of(state) + (sum(map(size_of, state)) if isinstance(state, tuple) else 0))
        if isinstance(target, DType):
            target.set_state(state)
        elif isinstance(target, Inert) and isinstance(state, dict):
            vars(target).update({str(name): value for name, value in state.items()})
        elif isinstance(target, np.ndarray):
            set_array_state(target, state)
        else:
            self.outside("gives a state to what has none")
