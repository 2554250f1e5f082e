"""Verdicts as LaTeX for a paper: booktabs tables that fit the page, grouped, and an appendix with statements and assumptions."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from nasbench import markup
from nasbench.theory.machinery.claim import Claim

Row = Mapping[str, Any]

PACKAGES = ("amsmath", "amssymb", "array", "booktabs", "longtable")
"""What a document has to load."""

LETTERS = {"theorem": "T", "exact law": "L", "calibration": "C", "software check": "S"}
"""Of each kind, behind the name of a claim."""

NUMBERS = {
    "statistic": "observed",
    "bound": "stated",
    "tightness": "ratio",
    "p_value": "$p$",
    "n": "$n$",
    "detection_limit": "limit",
}
"""Columns of numbers, with their headings."""


def latex(title: str, rows: Sequence[Row], claims: Sequence[Claim], summary: str = "") -> str:
    """Return a fragment to be input into a document that loads `PACKAGES`: a table of the verdicts, then the claims.

    Args:
        title: of the table.
        rows: flat, as `nasbench.theory.report` makes them: those of traces are grouped by benchmark, others by family.
        claims: in the appendix, with assumptions, source and mutant.
        summary: a sentence for the caption.
    """
    lines = [f"% {markup.printable(title)}", f"% \\usepackage{{{','.join(PACKAGES)}}}", *_table(title, rows, summary)]
    if claims:
        lines += ["", r"\subsection*{Statements and assumptions}", r"\begin{description}\sloppy\footnotesize"]
        lines += [line for claim in claims for line in _entry(claim)]
        lines += [r"\end{description}"]
    return "\n".join(lines) + "\n"


def _table(title: str, rows: Sequence[Row], summary: str) -> Iterator[str]:
    traces = bool(rows) and "benchmark" in rows[0]
    numbers = [name for name in NUMBERS if rows and name in rows[0]]
    if "detection_limit" in numbers:
        # Of a mutant, what is observed says little.
        numbers = [name for name in numbers if name not in ("tightness", "statistic", "bound")]
    if traces:
        numbers.remove("tightness")
    texts = ["optimizer", "claim", "verdict"] if traces else ["claim", "verdict"]
    widths = {"optimizer": 2.2, "claim": 2.7, "verdict": 1.5}
    columns = "".join(f">{{\\raggedright\\arraybackslash}}p{{{widths[name]}cm}}" for name in texts) + "r" * len(numbers)
    heading = " & ".join([*texts, *(NUMBERS[name] for name in numbers)]) + r" \\"
    letters = ", ".join(f"{letter}: {kind}" for kind, letter in LETTERS.items())
    caption = f"{markup.latex(title)}. {markup.latex(summary)} {letters}."
    yield r"{\footnotesize\setlength{\tabcolsep}{2pt}\emergencystretch=2em"
    yield f"\\begin{{longtable}}{{@{{}}{columns}@{{}}}}"
    yield f"\\caption{{{caption}}}\\label{{tab:theory}}\\\\"
    yield rf"\toprule {heading} \midrule \endfirsthead"
    yield rf"\toprule {heading} \midrule \endhead"
    yield r"\bottomrule \endfoot"
    for group, members in groupby(rows, key=lambda row: str(row["benchmark"]) if traces else _family(row)):
        yield rf"\multicolumn{{{len(texts) + len(numbers)}}}{{@{{}}l}}{{\emph{{{_breakable(group)}}}}} \\*"
        for row in members:
            cells = [_text(row, name, traces) for name in texts]
            yield " & ".join([*cells, *(format_number(row[name]) for name in numbers)]) + r" \\"
        yield r"\addlinespace"
    yield r"\end{longtable}}"


def _family(row: Row) -> str:
    return str(row.get("claim", "")).partition(".")[0]


def _text(row: Row, name: str, traces: bool) -> str:
    text = str(row.get(name) or "")
    if name != "claim":
        return _breakable(text)
    letter = LETTERS.get(str(row.get("kind")), "")
    return _breakable(text if traces else text.partition(".")[2] or text) + (f"~({letter})" if letter else "")


def _breakable(text: str) -> str:
    """Return text that may also be broken after a hyphen, a dot, a slash or an underscore."""
    return re.sub(r"((?:\\_|[-./,])\{?\}?)(?=[^\s}])", r"\1\\allowbreak{}", markup.latex(text))


def format_number(value: object) -> str:
    """Return a number to three digits in LaTeX, a dash where there is none."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "--"
    if not isinstance(value, int | float):
        return markup.latex(str(value))
    if math.isinf(value):
        return r"$\infty$" if value > 0 else r"$-\infty$"
    if isinstance(value, int) or (float(value).is_integer() and abs(value) < 1e5):
        return f"${value:.0f}$"
    digits = f"{value:.3g}"
    mantissa, _, power = digits.partition("e")
    return f"${mantissa}\\!\\cdot\\!10^{{{int(power)}}}$" if power else f"${digits}$"


def _entry(claim: Claim) -> Iterator[str]:
    yield f"\\item[{_breakable(claim.name)}] ({claim.kind})\\newline {inline(claim.statement)}. \\emph{{{_breakable(claim.source)}}}."
    for assumption in claim.assumptions:
        yield f"Assumption{'' if assumption.checked else ' (not checked)'}: {prose(assumption.text)}."
    yield f"Mutant: {prose(claim.mutant.description)}."


def inline(statement: str) -> str:
    """Return a statement as text with inline formulas, whose words and commas may be broken over lines."""
    if "$" in statement:
        return statement
    parts = []
    for text, formula in _split(statement):
        parts.append(text if text is not None else f"${formula}$" if formula.strip(" ,") else formula)
    return "".join(parts).strip()


def _split(statement: str) -> Iterator[tuple[str | None, str]]:
    r"""Yield (words, "") for each `\text{...}` outside of braces, and (None, formula) for what is between."""
    depth = begin = at = 0
    while at < len(statement):
        if depth == 0 and statement.startswith(r"\text{", at):
            end = at + len(r"\text{")
            level = 1
            while level:
                level += {"{": 1, "}": -1}.get(statement[end], 0)
                end += 1
            if statement[begin:at]:
                yield None, statement[begin:at]
            yield statement[at + len(r"\text{") : end - 1], ""
            begin = at = end
            continue
        left_right = re.match(r"\\(?:left|right)\b", statement[at:])
        depth += {"{": 1, "}": -1}.get(statement[at], 0)
        depth += 0 if left_right is None else 1 if left_right[0] == r"\left" else -1
        at += 2 if statement[at] == "\\" and at + 1 < len(statement) and not statement[at + 1].isalpha() else 1
    if statement[begin:]:
        yield None, statement[begin:]


def prose(text: str) -> str:
    """Return text in which only what stands between dollar signs is a formula."""
    parts = text.split("$")
    return "".join(f"${part}$" if number % 2 else markup.latex(part) for number, part in enumerate(parts))
