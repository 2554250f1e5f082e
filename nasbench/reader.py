"""Read a table of TOML key by key, so that every mistake is told where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nasbench.errors import NasbenchError, quoted, unknown_name


class Reader:
    """Takes keys of a table one by one, and objects to what is missing, mistyped or left over.

    Attributes:
        raw: the table.
        where: what it is, as errors call it, such as "study quick".
    """

    def __init__(self, raw: Mapping[str, Any], where: str) -> None:
        self.raw = raw
        self.where = where
        self.taken: list[str] = []

    def take(self, key: str, kind: type | tuple[type, ...], wanted: str, default: Any = None) -> Any:
        """Return the value of a key; raises `NasbenchError` if it is missing without a default, or of another kind than
        `wanted` says.
        """
        self.taken.append(key)
        if key not in self.raw:
            if default is not None:
                return default
            raise NasbenchError(f"The {self.where} lacks {quoted(key)}; it should be {wanted}.")
        value = self.raw[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise NasbenchError(f"The {self.where}: {key} is {quoted(value)}; it should be {wanted}.")
        return value

    def texts(self, key: str) -> list[str]:
        """Return the value of a key that is a list of names."""
        values = self.take(key, list, "a list of names")
        if not all(isinstance(value, str) for value in values):
            raise NasbenchError(f"The {self.where}: {key} is {quoted(values)}; it should be a list of names.")
        return list(values)

    def numbers(self, key: str, values: list[Any]) -> list[int]:
        """Return the values that must be whole numbers; `key` names them in the error."""
        if not all(isinstance(value, int) and not isinstance(value, bool) for value in values):
            raise NasbenchError(f"The {self.where}: {key} is {quoted(values)}; it should be a list of whole numbers.")
        return list(values)

    def finish(self) -> None:
        """Raise `NasbenchError` if a key was not taken, with the nearest that is known."""
        left = sorted(set(self.raw) - set(self.taken))
        if left:
            raise unknown_name(f"key of the {self.where}", left[0], self.taken)
