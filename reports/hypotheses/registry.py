"""The registered claims, read from `registered.toml`."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any

from nasbench.errors import NasbenchError, unknown_name
from nasbench.reader import Reader

KINDS = ("time to target", "median to target", "queries to hypervolume", "ablation", "trained network", "theory")


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """An optimizer that a claim names.

    Attributes:
        name: registered name of the optimizer.
        settings: settings that the study's entry must have, defaults of the algorithm included.
    """

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """Name with settings."""
        if not self.settings:
            return self.name
        return f"{self.name} ({', '.join(f'{key} {value}' for key, value in self.settings.items())})"


@dataclass(frozen=True, kw_only=True)
class Hypothesis:
    """A registered claim.

    Attributes:
        name: its name.
        kind: one of `KINDS`, which says what judges it.
        statement: what is claimed.
        rule: when it holds.
        change: what would change the verdict once it holds.
        facts: the rest of the registration: study, method, thresholds.
    """

    name: str
    kind: str
    statement: str
    rule: str
    change: str
    facts: Mapping[str, Any]

    @property
    def baselines(self) -> tuple[Baseline, ...]:
        """The baselines, empty where the claim compares with none."""
        return tuple(Baseline(**entry) for entry in self.facts.get("baselines", ()))


@dataclass(frozen=True)
class Registration:
    """All claims with the fingerprint of their file.

    Attributes:
        claims: in the order of the file.
        sha256: of the file's bytes.
    """

    claims: tuple[Hypothesis, ...]
    sha256: str

    def select(self, names: list[str]) -> tuple[Hypothesis, ...]:
        """The named claims, or all.

        Raises:
            NasbenchError: for a name that is not registered.
        """
        known = {claim.name: claim for claim in self.claims}
        for name in names:
            if name not in known:
                raise unknown_name("registered claim", name, known)
        return tuple(known[name] for name in dict.fromkeys(names)) if names else self.claims


@lru_cache(maxsize=1)
def registered() -> Registration:
    """The project's registration."""
    return parse(files("nasbench.reports.hypotheses").joinpath("registered.toml").read_text(encoding="utf-8"))


def parse(text: str) -> Registration:
    """Read a registration.

    Raises:
        NasbenchError: if a claim lacks a key, has an unknown kind, or its name twice.
    """
    claims = []
    for entry in tomllib.loads(text)["claims"]:
        raw = Reader(dict(entry), f"claim {entry.get('name', '?')}")
        fixed = {key: raw.take(key, str, "a text") for key in ("name", "kind", "statement", "rule", "change")}
        if fixed["kind"] not in KINDS:
            raise unknown_name("kind of claim", fixed["kind"], KINDS)
        claims.append(Hypothesis(**fixed, facts={key: value for key, value in entry.items() if key not in fixed}))
    if len({claim.name for claim in claims}) != len(claims):
        raise NasbenchError("Two registered claims share a name; each needs its own.")
    return Registration(tuple(claims), hashlib.sha256(text.encode()).hexdigest())
