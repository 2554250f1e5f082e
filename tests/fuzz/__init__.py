"""Campaigns of damage and nonsense: every module here with a function `campaign` is one.

    def campaign(n: int, seed: int, folder: Path) -> Counter[str]

and perhaps a constant SHORT, the inputs of a short run

It tries `n` inputs drawn from `seed`, keeps its files in the empty `folder`, and counts under `tried` and the outcomes of
`OUTCOMES`. `python -m tests.fuzz` runs all of them for some minutes; `make test` does a short run of each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

Campaign = Callable[[int, int, Path], Counter[str]]

OUTCOMES = ("refused", "harmless", "silent", "tracebacks", "hangs")
"""Refused with one sentence; nothing changed by it; read with other content; a fault of the program; no end within its time."""
FAULTS = ("silent", "tracebacks", "hangs")
"""Outcomes that may not be."""


def names() -> tuple[str, ...]:
    """Names of the campaigns, found without importing them: some need packages that not every environment has."""
    modules = sorted(Path(__file__).parent.glob("[!_]*.py"))
    return tuple(path.stem for path in modules if "\ndef campaign(" in path.read_text(encoding="utf-8"))


def load(name: str) -> tuple[Campaign, int]:
    """Return the campaign of that name and the inputs of a short run of it."""
    module = import_module(f"{__name__}.{name}")
    return module.campaign, getattr(module, "SHORT", 20)
