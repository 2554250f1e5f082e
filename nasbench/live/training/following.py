"""Following the epochs of trainings and searches, wherever they are called from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

Follower = Callable[[str, Mapping[str, Any]], None]
"""Called with a curve, `training` or `search`, and a row of it after every epoch."""

_FOLLOWERS: ContextVar[tuple[Follower, ...]] = ContextVar("followers", default=())


@contextmanager
def following(follower: Follower) -> Iterator[None]:
    """Call `follower` with every epoch within the context, on this thread."""
    token = _FOLLOWERS.set((*_FOLLOWERS.get(), follower))
    try:
        yield
    finally:
        _FOLLOWERS.reset(token)


def tell_followers(curve: str, row: Mapping[str, Any]) -> None:
    """Tell all followers of an epoch."""
    for follower in _FOLLOWERS.get():
        follower(curve, row)
