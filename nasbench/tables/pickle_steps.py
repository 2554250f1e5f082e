"""Pickle instructions needed for plain data; see Python's module `pickletools` for their meaning."""

from __future__ import annotations

import codecs
import pickle
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nasbench.tables.pickle_extent import NotPlain
from nasbench.tables.pickle_machine import Machine
from nasbench.tables.plain_values import CALLS, check_key

COST_OF_A_SET = 384
"""Bytes of an empty set in addition to the charge of an instruction."""
LONGEST_NUMBER = 1024
"""Maximum size of an integer in bytes."""


def _push(make: Callable[[Machine], Any]) -> Callable[[Machine], None]:
    def step(m: Machine) -> None:
        value = make(m)  # first, since it may change the current stack
        m.stack.append(value)

    return step


def _remember(index: Callable[[Machine], int]) -> Callable[[Machine], None]:
    return lambda m: m.remember(index(m))


def _mark(m: Machine) -> None:
    m.below.append(m.stack)
    m.stack = []


def _tuple_of(count: int) -> Callable[[Machine], None]:
    def step(m: Machine) -> None:
        if len(m.stack) < count:
            raise ValueError("it takes what is not there")
        m.stack[-count:] = [tuple(m.stack[-count:])]

    return step


def _extend(m: Machine, items: list[Any]) -> None:
    if type(m.stack[-1]) is not list:
        raise ValueError("it appends to what is no list")
    m.stack[-1].extend(items)


def _set_items(m: Machine, items: list[Any]) -> None:
    if type(m.stack[-1]) not in (dict, OrderedDict):
        raise ValueError("it sets items of what is no dictionary")
    m.stack[-1].update(_pairs(items))


def _pairs(items: list[Any]) -> Iterable[tuple[Any, Any]]:
    for key in items[::2]:
        check_key(key)
    return zip(items[::2], items[1::2], strict=True)


def _add_items(m: Machine) -> None:
    items = m.items()
    if type(m.stack[-1]) is not set:
        raise ValueError("it adds to what is no set")
    for item in items:
        check_key(item)
    m.stack[-1].update(items)


def _frozen(m: Machine) -> Any:
    return CALLS["builtins", "frozenset"](m.items())


def _empty_set(m: Machine) -> set[Any]:
    m.pay(COST_OF_A_SET)
    return set()


def _called(m: Machine) -> Any:
    arguments = m.stack.pop()
    return m.call(m.stack.pop(), arguments)


def _stack_name(m: Machine) -> Any:
    name, module = m.stack.pop(), m.stack.pop()
    if not isinstance(name, str) or not isinstance(module, str):
        raise ValueError("a name is no text")
    return m.named(module, name)


def _set_one(m: Machine) -> None:
    value, key = m.stack.pop(), m.stack.pop()
    _set_items(m, [key, value])


def _long(m: Machine, form: str) -> int:
    content = m.counted(form)
    if len(content) > LONGEST_NUMBER:
        raise NotPlain(f"holds a whole number of {len(content):,} bytes, so it was not loaded")
    return pickle.decode_long(content)


def _text_number(m: Machine) -> int | bool:
    text = m.line()
    if text in (b"00", b"01"):
        return text == b"01"
    return int(text.removesuffix(b"L"))


def _quoted(m: Machine) -> str:
    text = m.line().strip()
    if len(text) < 2 or text[:1] != text[-1:] or text[:1] not in (b"'", b'"'):
        raise ValueError("a text has no quotes")
    return bytes(codecs.escape_decode(text[1:-1])[0]).decode("ascii")  # type: ignore[attr-defined]


def _python_2(text: bytes) -> str | bytes:
    """Return what Python 2 wrote as a string: a text if it is one in ASCII, else bytes, such as the content of an array."""
    return text.decode("ascii") if text.isascii() else text


def _check_protocol(m: Machine) -> None:
    if m.byte() > pickle.HIGHEST_PROTOCOL:
        raise ValueError("its protocol is unknown")


def _skip_frame(m: Machine) -> None:
    m.take(8)


def _pop_mark(m: Machine) -> None:
    m.items()


def _outside_object(m: Machine) -> Any:
    return m.outside(f"refers to an outside object {repr(m.stack.pop())[:60]}")


STEPS: Mapping[int, Callable[[Machine], object]] = {
    code[0]: step
    for code, step in {
        pickle.PROTO: _check_protocol,
        pickle.FRAME: _skip_frame,
        pickle.MARK: _mark,
        pickle.POP: lambda m: m.stack.pop(),
        pickle.POP_MARK: _pop_mark,
        pickle.DUP: _push(lambda m: m.stack[-1]),
        pickle.NONE: _push(lambda m: None),
        pickle.NEWTRUE: _push(lambda m: True),
        pickle.NEWFALSE: _push(lambda m: False),
        pickle.BINFLOAT: _push(lambda m: m.number(">d")),
        pickle.BININT: _push(lambda m: m.number("<i")),
        pickle.BININT1: _push(lambda m: m.byte()),
        pickle.BININT2: _push(lambda m: m.number("<H")),
        pickle.LONG1: _push(lambda m: _long(m, "<B")),
        pickle.LONG4: _push(lambda m: _long(m, "<i")),
        pickle.INT: _push(_text_number),
        pickle.LONG: _push(_text_number),
        pickle.FLOAT: _push(lambda m: float(m.line())),
        pickle.STRING: _push(_quoted),
        pickle.UNICODE: _push(lambda m: m.line().decode("raw-unicode-escape")),
        pickle.SHORT_BINSTRING: _push(lambda m: _python_2(m.counted("<B"))),
        pickle.BINSTRING: _push(lambda m: _python_2(m.counted("<i"))),
        pickle.SHORT_BINUNICODE: _push(lambda m: m.counted("<B").decode()),
        pickle.BINUNICODE: _push(lambda m: m.counted("<I").decode()),
        pickle.BINUNICODE8: _push(lambda m: m.counted("<Q").decode()),
        pickle.SHORT_BINBYTES: _push(lambda m: m.counted("<B")),
        pickle.BINBYTES: _push(lambda m: m.counted("<I")),
        pickle.BINBYTES8: _push(lambda m: m.counted("<Q")),
        pickle.BYTEARRAY8: _push(lambda m: bytearray(m.counted("<Q"))),
        pickle.EMPTY_LIST: _push(lambda m: []),
        pickle.EMPTY_TUPLE: _push(lambda m: ()),
        pickle.EMPTY_DICT: _push(lambda m: {}),
        pickle.EMPTY_SET: _push(_empty_set),
        pickle.LIST: _push(lambda m: m.items()),
        pickle.TUPLE: _push(lambda m: tuple(m.items())),
        pickle.DICT: _push(lambda m: dict(_pairs(m.items()))),
        pickle.FROZENSET: _push(_frozen),
        pickle.TUPLE1: _tuple_of(1),
        pickle.TUPLE2: _tuple_of(2),
        pickle.TUPLE3: _tuple_of(3),
        pickle.APPEND: lambda m: _extend(m, [m.stack.pop()]),
        pickle.APPENDS: lambda m: _extend(m, m.items()),
        pickle.SETITEM: _set_one,
        pickle.SETITEMS: lambda m: _set_items(m, m.items()),
        pickle.ADDITEMS: _add_items,
        pickle.BINGET: _push(lambda m: m.memo[m.byte()]),
        pickle.LONG_BINGET: _push(lambda m: m.memo[m.number("<I")]),
        pickle.GET: _push(lambda m: m.memo[int(m.line())]),
        pickle.BINPUT: _remember(lambda m: m.byte()),
        pickle.LONG_BINPUT: _remember(lambda m: m.number("<I")),
        pickle.PUT: _remember(lambda m: int(m.line())),
        pickle.MEMOIZE: _remember(lambda m: len(m.memo)),
        pickle.GLOBAL: _push(lambda m: m.named(m.line().decode(), m.line().decode())),
        pickle.STACK_GLOBAL: _push(_stack_name),
        pickle.REDUCE: _push(_called),
        pickle.NEWOBJ: _push(_called),
        pickle.BUILD: Machine.build,
        pickle.PERSID: _push(lambda m: m.outside(f"refers to an outside object {repr(m.line())[:60]}")),
        pickle.BINPERSID: _push(_outside_object),
    }.items()
}
"""Implementation of each instruction by its code."""
