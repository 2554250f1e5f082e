"""Weight-sharing searchers by name; only the one that is asked for is imported."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import partial
from importlib import import_module
from typing import Any

from nasbench.errors import unknown_name
from nasbench.live.searchers.loop import Make
from nasbench.live.searchers.searcher import Searcher

PARTIAL = "partial_channels"
"""The one option that the supernet takes, which is built before its searcher."""

_SEARCHERS = {
    "darts": ("darts", "Darts"),
    "gaea": ("gaea", "Gaea"),
    "gdas": ("gdas", "Gdas"),
    "hybrid_supernet": ("hybrid_supernet", "HybridSupernet"),
    "pc_darts": ("pc_darts", "PcDarts"),
    "rsps": ("rsps", "Rsps"),
}


def searcher_names() -> tuple[str, ...]:
    """Return the names, sorted."""
    return tuple(sorted(_SEARCHERS))


def get_searcher(name: str, options: Mapping[str, Any] | None = None) -> tuple[Make, int]:
    """Return what builds a searcher with `options`, and the partial channels that it wants.

    Raises:
        NasbenchError: if there is no such searcher or option, with the nearest match.
    """
    if name not in _SEARCHERS:
        raise unknown_name("searcher", name, _SEARCHERS)
    module, attribute = _SEARCHERS[name]
    kind = getattr(import_module(f"nasbench.live.searchers.{module}"), attribute)
    known = _options(kind)
    for option in options or {}:
        if option not in known:
            raise unknown_name(f"option of {name}", option, known)
    rest = dict(options or {})
    channels = rest.pop(PARTIAL, kind.partial_channels)
    return partial(kind, **rest), channels


def _options(kind: type[Searcher]) -> set[str]:
    """Return the options of a searcher: keywords, those of its base classes included, and what its supernet takes."""
    names: set[str] = {PARTIAL} if kind.partial_channels > 1 else set()
    for base in kind.__mro__:
        if "__init__" in vars(base):
            parameters = inspect.signature(base).parameters.values()
            names |= {p.name for p in parameters if p.default is not inspect.Parameter.empty}
    return names
