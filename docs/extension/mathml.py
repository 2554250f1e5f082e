"""Formulas as MathML, which browsers draw themselves: no script, no font and no network."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

REWRITTEN = (
    (r"\\(?:[bB]ig+[lrm]?|left|right)(?![A-Za-z])", " "),  # brackets stretch by themselves
    (r"\\\s*$", ""),
    (r"\\iff\b", r"\\Leftrightarrow"),
    (r"\\dots\b", r"\\ldots"),
    (r"\\textstyle\s*", ""),
    (r"\\tfrac(\d)(\d)", r"\\tfrac{\1}{\2}"),
)
"""What the converter of docutils does not know, and what it knows instead."""


def mathml(tex: str, *, block: bool = False) -> str:
    """Return a formula of LaTeX as MathML; raises MathError where it is none."""
    for found, written in REWRITTEN:
        tex = re.sub(found, written, tex)
    return str(tex2mathml(tex, as_block=block))


def visit_inline(writer: Any, node: nodes.Element) -> None:
    """Write a formula in a line."""
    writer.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def visit_block(writer: Any, node: nodes.Element) -> None:
    """Write a formula that stands alone."""
    writer.body.append(f'<div class="math">{mathml(node.astext(), block=True)}</div>')
    raise nodes.SkipNode
