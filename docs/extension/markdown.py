"""Pieces of Markdown that generated pages consist of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def cell(text: object) -> str:
    """Return a text as a cell of a Markdown table."""
    return re.sub(r"([*_\\|<>\[\]$])", r"\\\1", " ".join(str(text).split()))


def code(text: object) -> str:
    """Return a text as code in a cell; an empty one stays empty."""
    return f"`{' '.join(str(text).split())}`".replace("|", "\\|") if str(text).strip() else ""


def prose(text: str) -> str:
    """Return a docstring's text as Markdown: what stands in backticks stays, what Markdown would take for markup is escaped."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        part if index % 2 else re.sub(r"([*_\\<>\[\]|$])", r"\\\1", part) for index, part in enumerate(parts)
    )


def math(tex: str) -> str:
    """Return a formula of LaTeX for a line or a cell, in which a bar would end the cell."""
    return "{math}`" + re.sub(r"\\\|", r"\\Vert ", tex).replace("|", r"\vert ").strip() + "`" if tex.strip() else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (head, ["---"] * len(head), *rows))


def paragraphs(doc: str) -> str:
    """Return the prose of a docstring before its first section, as Markdown: indented formulas as text, dashes and (1), (2) ... as lists."""
    text = re.split(r"^(?:Args|Attributes|Raises|Returns|Example|Settings):$", doc, flags=re.MULTILINE)[0]
    return "\n\n".join(_paragraph(part) for part in text.split("\n\n") if part.strip())


def _paragraph(part: str) -> str:
    lines = part.strip("\n").splitlines()
    if all(line.startswith("    ") for line in lines):
        return f"```text\n{part}\n```"
    if lines[0].startswith("- "):
        items = re.split(r"^- ", part, flags=re.MULTILINE)[1:]
        return "\n".join(f"- {prose(' '.join(item.split()))}" for item in items)
    return prose(" ".join(part.split()))
