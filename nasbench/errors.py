"""The one exception that a user is meant to see."""

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


class MissingDataError(NasbenchError):
    """A value was asked for that the table does not hold. It is never imputed."""


def quoted(value: object) -> str:
    """A value as an error quotes it: on one line, and cut where it is long."""
    try:
        text = repr(value)
    except ValueError:  # a whole number of more digits than Python writes
        return "a number of thousands of digits"
    return text if len(text) <= LONGEST_QUOTED else f"{text[:LONGEST_QUOTED]}... ({len(text):,} letters)"


def unknown_name(kind: str, name: str, known: Iterable[str]) -> NasbenchError:
    """Return the error for a name that is not among `known`, with the nearest match where there is one, case aside.

    Args:
        kind: what is named, in the vocabulary of the suite ("optimizer", "benchmark", ...).
        name: what was written.
        known: every name that would have been right.
    """
    names = sorted(known)
    folded = {one.casefold(): one for one in names}
    near = get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    listed = ", ".join(names[:MOST_NAMED]) or "none"
    hint = f"did you mean {folded[near[0]]!r}?" if near else f"known are: {listed}{more}."
    return NasbenchError(f"There is no {kind} named {quoted(name)}; {hint}")
