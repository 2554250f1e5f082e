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


def short(name: str) -> int:
    """Return the inputs of a short run of a campaign."""
    return int(getattr(import_module(f"{__name__}.{name}"), "SHORT", 20))


def run(name: str, n: int, seed: int, folder: Path) -> Counter[str]:
    """Run a campaign; return what it tried and its outcomes, and no more: some count one fault by its singular, or kinds as well."""
    campaign: Campaign = import_module(f"{__name__}.{name}").campaign
    counts = campaign(n, seed, folder)
    singular = {"tracebacks": "traceback", "hangs": "hang"}
    outcomes = Counter({outcome: counts[outcome] + counts[singular.get(outcome, "")] for outcome in OUTCOMES})
    return outcomes + Counter(tried=counts["tried"] or outcomes.total())
