"""Instruments: replace a function for a while, to count what goes through it or to plant a fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@contextmanager
def replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Let `owner.name` be `value` within the block."""
    before = vars(owner)[name]
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


@dataclass(frozen=True)
class Primitive:
    """A function in which an algorithm spends its operations, and how many a call is worth.

    Attributes:
        module: where its callers look it up.
        name: of a function, or `Class.method`.
        cost: operations of a call, from its arguments.
    """

    module: str
    name: str
    cost: Callable[..., float]


class Tally:
    """Operations and calls counted so far, by the name of the primitive."""

    def __init__(self) -> None:
        self.by_name: dict[str, float] = {}
        self.calls: dict[str, int] = {}

    @property
    def total(self) -> float:
        """Operations of all primitives."""
        return sum(self.by_name.values())


@contextmanager
def counted(primitives: Sequence[Primitive]) -> Iterator[Tally]:
    """Count the operations of every call of the primitives within the block."""
    tally = Tally()
    with ExitStack() as stack:
        for primitive in primitives:
            *holder, name = primitive.name.split(".")
            owner: Any = import_module(primitive.module)
            for attribute in holder:
                owner = getattr(owner, attribute)
            stack.enter_context(replaced(owner, name, _counting(vars(owner)[name], primitive, tally)))
        yield tally


def _counting(original: Any, primitive: Primitive, tally: Tally) -> Any:
    bound = isinstance(original, classmethod)
    function = original.__func__ if bound else original

    def call(*arguments: Any, **named: Any) -> Any:
        tally.calls[primitive.name] = tally.calls.get(primitive.name, 0) + 1
        tally.by_name[primitive.name] = tally.by_name.get(primitive.name, 0.0) + primitive.cost(*arguments, **named)
        return function(*arguments, **named)

    return classmethod(call) if bound else call
