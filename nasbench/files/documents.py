"""Read untrusted TOML and JSON: UTF-8, of bounded size and depth, with one-sentence errors.

All studies, descriptions, manifests and results are read here, so that wrong encodings, endless devices, excessive
nesting and duplicate keys are reported everywhere.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nasbench.errors import NasbenchError

LARGEST = 16 * 2**20
"""Maximum size in bytes of a document written by a user, or that describes one table or study."""
PART = 2**18
"""Bytes that are read at once."""
DEEPEST = 32
"""Maximum nesting depth of a document; those of the suite have a depth of six."""


def read_text(path: Path, what: str, largest: int = LARGEST) -> str:
    """Return the text of a UTF-8 file, whatever the locale.

    Args:
        path: the file.
        what: description for errors, such as `"study quick.toml"`.
        largest: maximum size in bytes.

    Raises:
        NasbenchError: if it cannot be read, is larger, or is not UTF-8.
    """
    try:
        with path.open("rb") as stream:
            content = bytearray()
            # Part by part: to ask for the largest size at once would take as much memory.
            while len(content) <= largest and (part := stream.read(PART)):
                content += part
    except OSError as fault:
        raise NasbenchError(f"The {what} cannot be read ({fault.strerror or fault}).") from None
    except ValueError:  # a null byte in the path
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
    """Read a TOML file; raises like `read_text` and `parse_toml`."""
    return parse_toml(read_text(path, what), what)


def read_json(path: Path, what: str, largest: int = LARGEST) -> Any:
    """Read a JSON file; raises like `read_text` and `parse_json`."""
    return parse_json(read_text(path, what, largest), what)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice[:80]!r} is there twice")
    return found


def _check_depth(found: Any, what: str) -> None:
    """Raise unless lists and tables nest at most `DEEPEST` deep; iterative, so that depth uses no stack."""
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
