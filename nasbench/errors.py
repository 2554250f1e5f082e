"""The one exception that a user is meant to see."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MOST_NAMED = 30
"""Names that an error lists at most."""


LONGEST_QUOTED = 80
"""Most letters of a value that an error quotes whole."""


class NasbenchError(Exception):
    """A sentence for the user: what was wrong, and what would be right. The command line exits with status 2."""


class MissingDataError(NasbenchError):
    """A value was asked for that the table does not hold. It is never imputed."""


def quoted(value: object) -> str:
    """A value as an error quotes it: on one line, and cut where it is long."""
    text = repr(value)
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
