"""The hash by which a report names the files that a number rests on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

DIGITS = 12
"""Hexadecimal digits that reports print."""


def digest_contents(contents: Iterable[bytes]) -> str:
    """Return the SHA-256 of files one after another, shortened: what `cat FILES | sha256sum` prints begins with it."""
    digest = hashlib.sha256()
    for content in contents:
        digest.update(content)
    return digest.hexdigest()[:DIGITS]
