"""Plug-ins through entry points. Failing ones, and those with a name that is taken, are ignored with a warning.

Seven groups are read: `nasbench.commands` (and `nasbench.commands.GROUP` for the commands of a group), `nasbench.optimizers`,
`nasbench.tasks`, `nasbench.operations`, `nasbench.lists`, `nasbench.figures` and `nasbench.claims`. Loading an entry point runs code of
its package, which is trusted by installing it. An error in one does not affect the others.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib import metadata
from importlib.metadata import EntryPoint
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

from nasbench.errors import NasbenchError
from nasbench.extras import missing_extra

OWN = "nas-verify"
"""The distribution whose names are reserved."""

T = TypeVar("T")


class BrokenPluginError(NasbenchError):
    """An unusable entry point of another package, with the reason."""


def warn(sentence: object) -> None:
    """Write a warning on standard error."""
    print(f"nasbench: warning: {sentence}", file=sys.stderr)


@lru_cache
def points(group: str) -> dict[str, EntryPoint]:
    """Return the entry points of a group by name without importing them, after warnings about ignored ones.

    A name of this suite stays its own; a name that two other packages claim is neither's.
    """
    found: dict[str, EntryPoint] = {}
    for name, claimants in groupby(sorted(registered(group), key=lambda p: p.name), key=lambda p: p.name):
        everyone = list(claimants)
        own = [point for point in everyone if is_own(point)]
        try:
            found |= unique_by_name(own or everyone)
        except NasbenchError as fault:
            warn(f"{str(fault).rstrip('.')}; neither is used until then.")
        for point in everyone:
            if own and point.value != own[0].value:
                warn(f"{package(point)} registers {name!r} in {group}, a name of this suite; it is ignored.")
    return found


def unique_by_name(points: list[EntryPoint]) -> dict[str, EntryPoint]:
    """Return entry points by name.

    Raises:
        NasbenchError: if two different ones claim one name.
    """
    found: dict[str, EntryPoint] = {}
    for point in points:
        other = found.setdefault(point.name, point)
        if other.value != point.value:
            raise NasbenchError(
                f"Two packages register {point.name!r} ({other.value} and {point.value}); remove or rename one."
            )
    return found


def registered(group: str) -> list[EntryPoint]:
    """Return all entry points of a group, from all packages and with all names, after warnings as in `points`."""
    own = _declared(group)
    try:
        return own + list(metadata.entry_points(group=group))
    except Exception:  # a file of some package cannot be read; which one, only a look at each can tell
        found = own
    for distribution in metadata.distributions():
        try:
            found += distribution.entry_points.select(group=group)
        except Exception as fault:
            warn(f"The entry points of package {distribution.name} cannot be read ({_told(fault)}); it is left out.")
    return found


def _declared(group: str) -> list[EntryPoint]:
    """Return the entry points declared in pyproject.toml, when running from a checkout that is not installed."""
    try:
        metadata.distribution(OWN)
        return []
    except metadata.PackageNotFoundError:
        declaration = Path(__file__).resolve().parents[1] / "pyproject.toml"
    if not declaration.is_file():
        return []
    groups = tomllib.loads(declaration.read_text(encoding="utf-8"))["project"]["entry-points"]
    return [EntryPoint(name, value, group) for name, value in groups.get(group, {}).items()]


def use(point: EntryPoint, what: str, make: Callable[[Any], T] = lambda loaded: loaded) -> T:
    """Load an entry point and return the result of `make` on it.

    Args:
        point: which.
        what: it adds, in the words of a sentence: "command", "optimizer", ...
        make: runs code of that package, where loading alone is not all.

    Raises:
        NasbenchError: as `make` raises it, or if an extra of this suite is not installed.
        BrokenPluginError: for any other exception including `SystemExit`, but not a keyboard interrupt.
    """
    try:
        return make(point.load())
    except KeyboardInterrupt:
        raise
    except NasbenchError as fault:
        if is_own(point):
            raise
        raise BrokenPluginError(f"{package(point)}: {fault}") from None
    except BaseException as fault:
        if is_own(point) and (extra := missing_extra(fault)) is not None:
            raise extra from None
        if isinstance(fault, ModuleNotFoundError) and not is_own(point):
            raise BrokenPluginError(
                f"The {what} {point.name!r} needs the package {fault.name!r}, which is not installed; "
                f"install it, or remove {package(point)}."
            ) from None
        raise BrokenPluginError(
            f"The {what} {point.name!r} of {package(point)} cannot be loaded ({_told(fault)}); "
            "update or remove that package, the others work without it."
        ) from fault


def usable(found: Iterable[EntryPoint], load: Callable[[EntryPoint], T]) -> list[T]:
    """Return what `load`, which is to `use` it, makes of each entry point; those that fail are warned about and left out."""
    made = []
    for point in found:
        try:
            made.append(load(point))
        except BrokenPluginError as fault:
            warn(fault)
    return made


def is_own(point: EntryPoint) -> bool:
    """Return whether this suite registers the entry point."""
    return point.dist is not None and _name(point.dist) == OWN


@lru_cache
def _name(distribution: metadata.Distribution) -> str:
    """Return the name of a distribution, for which all of its metadata are parsed, its description included."""
    return distribution.name


def package(point: EntryPoint) -> str:
    """Return the package of an entry point for messages."""
    return f"package {point.dist.name} {point.dist.version}" if point.dist is not None else f"module {point.value!r}"


def _told(fault: BaseException) -> str:
    words = str(fault).splitlines()
    return f"{type(fault).__name__}: {words[0][:200]}" if words else type(fault).__name__
