"""Weight-sharing searchers by name; only the requested one is imported."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from importlib import import_module
from typing import Any

from nasbench.errors import unknown_name
from nasbench.live.searchers.loop import SearcherFactory
from nasbench.live.searchers.searcher import Searcher
from nasbench.ranges import COUNT, Allowed
from nasbench.renamed import SETTINGS, with_new_names
from nasbench.search.methods import load_attribute
from nasbench.search.settings import allowed_settings, check_settings

PARTIAL = "partial_channels"
"""Option of the supernet, which is built before its searcher."""

_SEARCHERS = {
    "darts": ("darts", "Darts"),
    "drnas": ("drnas", "DrNas"),
    "gaea": ("gaea", "Gaea"),
    "gdas": ("gdas", "Gdas"),
    "hybrid_supernet": ("hybrid_supernet", "HybridSupernet"),
    "pc_darts": ("pc_darts", "PcDarts"),
    "rsps": ("rsps", "Rsps"),
}


def searcher_names() -> tuple[str, ...]:
    """Return the names, sorted."""
    return tuple(sorted(_SEARCHERS))


def find_searcher(name: str) -> type[Searcher] | None:
    """Return the searcher of a name or `module:ATTR`; None if there is none.

    Raises:
        NasbenchError: if there is no such module or attribute.
    """
    found: Any = None
    if name in _SEARCHERS:
        module, attribute = _SEARCHERS[name]
        found = getattr(import_module(f"nasbench.live.searchers.{module}"), attribute)
    elif ":" in name:
        found = load_attribute(name)
    return found if isinstance(found, type) and issubclass(found, Searcher) else None


def get_searcher(
    searcher: str | type[Searcher], options: Mapping[str, Any] | None = None
) -> tuple[SearcherFactory, int]:
    """Return a factory for a searcher with `options`, and its number of partial channels.

    Args:
        searcher: a name, `module:ATTR` or the class itself.
        options: values that differ from its defaults.

    Raises:
        NasbenchError: if there is no such searcher or option, with the nearest match, or an option is out of range.
    """
    kind = find_searcher(searcher) if isinstance(searcher, str) else searcher
    if kind is None:
        raise unknown_name("searcher", str(searcher), _SEARCHERS)
    name = searcher if isinstance(searcher, str) else kind.__name__
    rest = with_new_names(options or {}, SETTINGS.get(name, {}), f"setting of {name}")
    check_settings(name, "option", rest, allowed_options(kind))
    channels = rest.pop(PARTIAL, kind.partial_channels)
    return partial(kind, **rest), channels


def allowed_options(kind: type[Searcher]) -> Mapping[str, Allowed]:
    """Return the range of each option of a searcher: keyword arguments, including those of base classes, and the option
    of its supernet.
    """
    channels = {PARTIAL: COUNT} if kind.partial_channels > 1 else {}
    return {**allowed_settings(kind), **channels}
