"""Errors for users: one sentence, and exit status 2 on the command line.

NasbenchError
├── ConfigurationError      invalid configuration or argument
│   └── UnknownNameError    unknown optimizer, benchmark, ...; created by `unknown_name`
├── DataError               tables and data sets
│   ├── MissingDataError    a value that is missing in a table
│   └── CorruptDataError    a damaged or invalid file
├── StorageError            a folder that cannot be written, or is locked by another process
├── MissingExtraError       a package of an optional extra is not installed
└── UnsupportedError        valid, but not for this space, task or format
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from unicodedata import category

MOST_NAMED = 30
"""Maximum number of names listed in an error."""

LONGEST_QUOTED = 80
"""Maximum length of a value quoted in full."""


STEERING = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Unicode categories that are escaped in errors: controls, directional marks, surrogates, line separators."""


class NasbenchError(Exception):
    """One sentence for the user: what is wrong, and what would be right. The command line exits with status 2.

    It may quote untrusted text, so control characters and line breaks are escaped.
    """

    def __str__(self) -> str:
        return "".join(repr(sign)[1:-1] if category(sign) in STEERING else sign for sign in super().__str__())


class ConfigurationError(NasbenchError):
    """Invalid configuration or argument.

    Attributes:
        file: file with the error, or empty.
        key: path of the key, such as `methods[2].settings`, or empty.
    """

    def __init__(self, sentence: str, *, file: str = "", key: str = "") -> None:
        super().__init__(sentence)
        self.file, self.key = file, key


class UnknownNameError(ConfigurationError):
    """An unknown name; see `unknown_name`."""


class DataError(NasbenchError):
    """A table or a data set cannot be used."""


class CorruptDataError(DataError):
    """A damaged or invalid file."""


class StorageError(NasbenchError):
    """A folder cannot be written, or is locked by another process."""


class UnsupportedError(NasbenchError):
    """A valid request that this space, task or format does not support."""


class MissingExtraError(NasbenchError):
    """A package of an optional extra is not installed.

    Args:
        extra: the extra.
        package: the package that is missing.
    """

    def __init__(self, extra: str, package: str) -> None:
        super().__init__(
            f"This needs the package {package}, which is not installed: pip install 'nas-verify[{extra}]'."
        )
        self.extra, self.package = extra, package

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str]]:
        """Support pickling: another process builds the error again from its parts."""
        return type(self), (self.extra, self.package)


class MissingDataError(DataError):
    """A value that is missing in a table; missing values are never imputed."""


def quoted(value: object) -> str:
    """Return a value as quoted in an error: on one line, truncated if long."""
    try:
        text = repr(value)
    except ValueError:  # an integer with more digits than Python converts
        return "a number of thousands of digits"
    return text if len(text) <= LONGEST_QUOTED else f"{text[:LONGEST_QUOTED]}... ({len(text):,} letters)"


def unknown_name(kind: str, name: object, known: Iterable[str]) -> UnknownNameError:
    """Return the error for a name that is not among `known`, with the nearest match (ignoring case), if any.

    Args:
        kind: kind of object ("optimizer", "benchmark", ...).
        name: the unknown name, or what was given instead of a name.
        known: all valid names.
    """
    names = sorted(known)
    near = nearest_name(name, names) if isinstance(name, str) else None
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    listed = ", ".join(names[:MOST_NAMED]) or "none"
    hint = f"did you mean {near!r}?" if near is not None else f"known are: {listed}{more}."
    return UnknownNameError(f"There is no {kind} named {quoted(name)}; {hint}")


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """Return the known name most similar to a name (ignoring case), or None if none is similar."""
    folded = {one.casefold(): one for one in known}
    near = get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    return folded[near[0]] if near else None
