"""Where the keys of a TOML document stand: path of keys and indices to the number of the line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping

KeyPath = tuple[str | int, ...]

_TOKEN = re.compile(
    r'(?P<string>"""(?:\\.|[^\\])*?"""+|\'\'\'.*?\'\'\'+|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\')'
    r"|(?P<newline>\n)|(?P<comment>#[^\n]*)|(?P<sign>[\[\]{},=.])|(?P<bare>[^\s\[\]{},=.#\"']+)",
    re.DOTALL,
)


def key_lines(text: str) -> dict[KeyPath, int]:
    """Return the line, counted from 1, of each key, table and array entry of a text that is TOML."""
    return _Lines(text).lines


def line_of(lines: Mapping[KeyPath, int], path: KeyPath) -> int | None:
    """Return the line of a path, or of the innermost table or entry around it that has one."""
    return next((lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in lines), None)


class _Lines:
    """Reads a document that `tomllib` has accepted, so that only the places of keys are left to find."""

    def __init__(self, text: str) -> None:
        self.lines: dict[KeyPath, int] = {}
        self._counts: dict[KeyPath, int] = {}
        self._tokens = list(_tokens(text))
        self._next = 0
        table: KeyPath = ()
        while self._peek():
            kind, token, _ = self._tokens[self._next]
            if kind in ("newline", "comment"):
                self._next += 1
            elif token == "[":
                table = self._header()
            else:
                self._pair(table)

    def _peek(self) -> str:
        return self._tokens[self._next][1] if self._next < len(self._tokens) else ""

    def _skip(self, *signs: str) -> None:
        while self._next < len(self._tokens) and (
            self._tokens[self._next][0] in ("newline", "comment") or self._peek() in signs
        ):
            self._next += 1

    def _header(self) -> KeyPath:
        line = self._tokens[self._next][2]
        self._next += 1
        array = self._peek() == "["
        self._next += array
        *outer, last = self._keys("]")
        self._next += 1 + array
        path: KeyPath = ()
        for key in outer:
            path = self._entry((*path, key))
        path = (*path, last)
        self.lines.setdefault(path, line)
        if array:
            self._counts[path] = self._counts.get(path, 0) + 1
            path = self._entry(path)
            self.lines[path] = line
        return path

    def _entry(self, path: KeyPath) -> KeyPath:
        """Return the path of the last entry of an array of tables, or of the table itself."""
        return (*path, self._counts[path] - 1) if path in self._counts else path

    def _keys(self, end: str) -> list[str]:
        keys = []
        while self._peek() not in (end, ""):
            kind, token, _ = self._tokens[self._next]
            if kind == "string":
                keys.append(tomllib.loads(f"key = {token}")["key"])
            elif kind == "bare":
                keys.append(token)
            self._next += 1
        return keys

    def _pair(self, table: KeyPath) -> None:
        line = self._tokens[self._next][2]
        path = table
        for key in self._keys("="):
            path = (*path, key)
            self.lines.setdefault(path, line)
        self._next += 1
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        opening = self._peek()
        if opening not in ("[", "{"):
            while self._peek() not in ("\n", ",", "]", "}", "") and self._tokens[self._next][0] != "comment":
                self._next += 1
            return
        self._next += 1
        self._skip(",")
        number = 0
        while self._peek() not in ("]", "}", ""):
            if opening == "{":
                self._pair(path)
            else:
                self.lines[(*path, number)] = self._tokens[self._next][2]
                self._value((*path, number))
                number += 1
            self._skip(",")
        self._next += 1


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    line, seen = 1, 0
    for found in _TOKEN.finditer(text):
        line += text.count("\n", seen, found.start())
        seen = found.start()
        yield str(found.lastgroup), found[0], line
