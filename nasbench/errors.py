"""What a user is meant to see: one sentence, and exit status 2 from the command line.

NasbenchError
├── ConfigurationError      what was written or chosen is not valid
│   └── UnknownNameError    no optimizer, benchmark, ... of that name; made by `unknown_name`
├── DataError               tables and data sets
│   ├── MissingDataError    a value that the table does not hold
│   └── CorruptDataError    a file that is damaged, or not what it should be
├── StorageError            a folder that cannot be written, or that another process writes
├── MissingExtraError       a package that an extra of the suite brings is not installed
└── UnsupportedError        valid, but not for this space, task or format
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from unicodedata import category

MOST_NAMED = 30
"""Names that an error lists at most."""

LONGEST_QUOTED = 80
"""Most letters of a value that an error quotes whole."""


STEERING = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Unicode categories of signs that an error does not print as they are: controls, directions, surrogates, ends of lines."""


class NasbenchError(Exception):
    """A sentence for the user: what was wrong, and what would be right. The command line exits with status 2.

    It may quote what others wrote, so signs that steer a terminal or break a line are written as escapes.
    """

    def __str__(self) -> str:
        return "".join(repr(sign)[1:-1] if category(sign) in STEERING else sign for sign in super().__str__())


class ConfigurationError(NasbenchError):
    """What was written or chosen is not valid.

    Attributes:
        file: where it was written, or empty.
        key: path of the key there, such as `methods[2].settings`, or empty.
    """

    def __init__(self, sentence: str, *, file: str = "", key: str = "") -> None:
        super().__init__(sentence)
        self.file, self.key = file, key


class UnknownNameError(ConfigurationError):
    """Nothing of its kind has that name; see `unknown_name`."""


class DataError(NasbenchError):
    """A table or a data set does not serve."""


class CorruptDataError(DataError):
    """A file is damaged, or not what it should be."""


class StorageError(NasbenchError):
    """A folder cannot be written, or another process writes it."""


class UnsupportedError(NasbenchError):
    """What was asked for is valid, but not for this space, task or format."""


class MissingExtraError(NasbenchError):
    """A package that an extra of the suite brings is not installed.

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
    """A value was asked for that the table does not hold. It is never imputed."""


def quoted(value: object) -> str:
    """Return a value as quoted in an error: on one line, and cut where it is long."""
    try:
        text = repr(value)
    except ValueError:  # a whole number of more digits than Python writes
        return "a number of thousands of digits"
    return text if len(text) <= LONGEST_QUOTED else f"{text[:LONGEST_QUOTED]}... ({len(text):,} letters)"


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """Return the error for a name that is not among `known`, with the nearest match where there is one, case aside.

    Args:
        kind: what is named, in the vocabulary of the suite ("optimizer", "benchmark", ...).
        name: what was written.
        known: every name that would have been right.
    """
    names = sorted(known)
    near = nearest_name(name, names)
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    listed = ", ".join(names[:MOST_NAMED]) or "none"
    hint = f"did you mean {near!r}?" if near is not None else f"known are: {listed}{more}."
    return UnknownNameError(f"There is no {kind} named {quoted(name)}; {hint}")


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like a name, case aside, or None where none is near."""
    folded = {one.casefold(): one for one in known}
    near = get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    return folded[near[0]] if near else None
