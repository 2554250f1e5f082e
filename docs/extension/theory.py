"""The reference of claims: what is stated, under which assumptions, from where, and how it is derived."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

from extension.markdown import cell, code, math, paragraphs, prose, table
from nasbench.theory import families
from nasbench.theory.latex_report import inline
from nasbench.theory.machinery.registry import all_claims


def claims() -> str:
    """Return every claim under the derivation that its module gives; the module's first sentence is the heading."""
    places, found = _places(), dict[str, list[Any]]()
    for name, claim in all_claims().items():
        found.setdefault(places.get(name, ""), []).append(claim)
    return "\n".join(_section(module, stated) for module, stated in found.items())


def _places() -> dict[str, str]:
    """Return the module of each claim: the one deepest down whose `CLAIMS` has it, or below that where its check is written."""
    places: dict[str, str] = {}
    for info in walk_packages(families.__path__, f"{families.__name__}."):
        for claim in getattr(import_module(info.name), "CLAIMS", ()):
            check = getattr(claim.check, "module", None) or getattr(claim.check, "func", claim.check).__module__
            places[claim.name] = check if info.ispkg and check.startswith(f"{info.name}.") else info.name
    return places


def _section(module: str, stated: list[Any]) -> str:
    doc = inspect.getdoc(import_module(module)) if module else None
    title, _, derivation = (doc or "Claims of other packages").partition("\n\n")
    rows = table(("claim", "statement", "source, and the mutant that its check rejects"), map(_row, stated))
    return f"## {prose(' '.join(title.split()).rstrip('.'))}\n\n{paragraphs(derivation)}\n\n{rows}"


def _row(claim: Any) -> tuple[str, ...]:
    assumed = "; ".join(one.text for one in claim.assumptions)
    statement = (
        claim.statement
        if "$" in claim.statement or not _begins_with_an_index(claim.statement)
        else f"${claim.statement}$"
    )
    return (
        f"{code(claim.name)}<br>{cell(claim.kind)}",
        _mixed(inline(statement)) + (f"<br>*Assumed:* {_mixed(assumed)}" if assumed else ""),
        f"{_mixed(claim.source)}<br>*Mutant:* {_mixed(claim.mutant.description)}",
    )


def _begins_with_an_index(statement: str) -> bool:
    """Return whether a formula between words begins with an index, so that the word is part of the formula."""
    return any(part[:1] in "_^" for part in inline(statement).split("$")[1::2])


def _mixed(text: str) -> str:
    """Return words with formulas between $ as Markdown."""
    words, formulas = text.split("$")[::2], text.split("$")[1::2]
    said = [re.sub(r"([*_|<>\[\]])", r"\\\1", re.sub(r"\\([%&_ ,])", r"\1", part)) for part in words]
    return "".join(word + formula for word, formula in zip(said, [*map(math, formulas), ""], strict=True)).strip()
