"""Read TOML and JSON that someone else may have written: UTF-8, of bounded size and depth, and every refusal one sentence.

Everything that reads a study, a description, a manifest or a result reads it here, so that the encoding of the locale, an endless device,
a hundred thousand brackets or a key that is there twice are told wherever they occur.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nasbench.errors import NasbenchError

LARGEST = 16 * 2**20
"""Most bytes of a document that a person writes, or that describes one table or study."""
DEEPEST = 32
"""Deepest nesting of a document; those of the suite nest six deep."""


def read_text(path: Path, what: str, largest: int = LARGEST) -> str:
    """Return the text of a UTF-8 file, whatever the locale.

    Args:
        path: the file.
        what: what it is, as errors call it, such as `"study quick.toml"`.
        largest: most bytes that it may have.

    Raises:
        NasbenchError: if it cannot be read, is larger, or is not UTF-8.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(largest + 1)
    except OSError as fault:
        raise NasbenchError(f"The {what} cannot be read ({fault.strerror or fault}).") from None
    except ValueError:  # a zero byte in the path
        raise NasbenchError(f"The {what} cannot be read (there is no such name).") from None
    if len(content) > largest:
        raise NasbenchError(f"The {what} cannot be read (it has more than {largest:,} bytes).")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise NasbenchError(
            f"The {what} cannot be read (not text: byte {fault.start} is not UTF-8); save it in UTF-8."
        ) from None


def parse_toml(text: str, what: str) -> dict[str, Any]:
    """Return the content of a TOML text; `what` as in `read_text`.

    Raises:
        NasbenchError: if it is not TOML, or nests too deep.
    """
    try:
        found = tomllib.loads(text)
    except ValueError as fault:
        raise NasbenchError(f"The {what} is not TOML: {fault}.") from None
    except RecursionError:
        raise _too_deep(what) from None
    _check_depth(found, what)
    return found


def parse_json(text: str | bytes, what: str) -> Any:
    """Return the content of a JSON text; `what` as in `read_text`.

    Raises:
        NasbenchError: if it is not JSON in UTF-8, gives a key twice, or nests too deep.
    """
    try:
        found = json.loads(text.decode() if isinstance(text, bytes) else text, object_pairs_hook=_once)
    except json.JSONDecodeError as fault:
        raise NasbenchError(f"The {what} is not JSON: {fault.msg} (line {fault.lineno}).") from None
    except ValueError as fault:
        raise NasbenchError(f"The {what} is not JSON: {fault}.") from None
    except RecursionError:
        raise _too_deep(what) from None
    _check_depth(found, what)
    return found


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """`parse_toml` of a file; raises as `read_text` and `parse_toml`."""
    return parse_toml(read_text(path, what), what)


def read_json(path: Path, what: str, largest: int = LARGEST) -> Any:
    """`parse_json` of a file; raises as `read_text` and `parse_json`."""
    return parse_json(read_text(path, what, largest), what)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice[:80]!r} is there twice")
    return found


def _check_depth(found: Any, what: str) -> None:
    """Raise unless lists and tables nest at most `DEEPEST` deep; level by level, so that depth costs no stack."""
    level = [found]
    for _ in range(DEEPEST + 1):
        level = [held for held in level if isinstance(held, dict | list)]
        if not level:
            return
        level = [item for held in level for item in _items(held)]
    raise _too_deep(what)


def _items(held: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return held.values() if isinstance(held, dict) else held


def _too_deep(what: str) -> NasbenchError:
    return NasbenchError(f"The {what} nests more than {DEEPEST} deep; nothing that the suite reads does.")
