"""Portable path components from arbitrary names."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from nasbench.errors import NasbenchError

LONGEST = 100
"""Maximum length of a name kept unchanged; a longer one with its hash stays below the limit of every file system."""
_DIGITS = 16
_RESERVED = re.compile(r"con|prn|aux|nul|com\d|lpt\d", re.IGNORECASE)
_PLAIN = re.compile(r"\w[\w .,=+()-]{0,59}")


def path_components(names: Iterable[str]) -> dict[str, str]:
    """Return a path component for each name that shares a folder.

    Components consist of ASCII letters, digits and `._=~-`; no two differ only in case, none is `.`, `..` or reserved,
    and all are short enough. Other characters of a name are replaced by `_` (`__` for a slash); if the result would be
    unsafe or ambiguous, or the name has letters of another script, a hash of the name is appended.

    Args:
        names: unique names; the components depend on all of them.
    """
    unique = list(dict.fromkeys(names))
    written = {name: _written(name) for name in unique}
    taken = Counter(component.lower() for component in written.values())
    return {
        name: component if _is_safe(component) and taken[component.lower()] == 1 else _hashed(name, component)
        for name, component in written.items()
    }


def is_plain_name(name: str) -> bool:
    """Return whether a name can be used as a folder name unchanged: letters, digits and a few symbols, neither too long
    nor hidden.
    """
    return bool(_PLAIN.fullmatch(name)) and name[-1] not in ". " and not _RESERVED.fullmatch(name.partition(".")[0])


def default_folder(study: str) -> Path:
    """Return the default results folder of a study; raises NasbenchError unless its name is plain."""
    if not is_plain_name(study):
        raise NasbenchError(
            f"The name {study!r} of the study cannot be that of a folder below results; give one by --out."
        )
    return Path("results") / study


def _written(name: str) -> str:
    return "__".join(re.sub(r"[^A-Za-z0-9.=-]+", "_", part).strip("_") for part in name.split("/"))


def _is_safe(component: str) -> bool:
    return (
        0 < len(component) <= LONGEST
        and component[0] not in ".-"
        and component[-1] != "."
        and not _RESERVED.fullmatch(component.partition(".")[0])
    )


def _hashed(name: str, component: str) -> str:
    digits = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:_DIGITS]
    return f"{component[:LONGEST].replace('.', '_').strip('-_') or 'name'}~{digits}"
