"""Text that others wrote, made safe for where it is shown: figures, Markdown, LaTeX and spreadsheets read it as text and nothing else.

HTML is escaped by `html.escape` and by templates that escape everything; it needs `printable` alone.
"""

from __future__ import annotations

import re
import unicodedata

_BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
"""Signs that are not seen and turn the order of others round."""

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"$<$",
    ">": r"$>$",
    "|": r"$|$",
    "−": r"$-$",
    "–": "--",
    "—": "---",
    "…": r"\dots{}",
    "≤": r"$\le$",
    "≥": r"$\ge$",
    "≈": r"$\approx$",
    "→": r"$\to$",
    "×": r"$\times$",
    "±": r"$\pm$",
    "†": r"\dag{}",
    "‡": r"\ddag{}",
    "ρ": r"$\rho$",
    "\u00a0": "~",
    "\u00ad": "",
    "\u2060": "{}",
}


_T1 = frozenset("ĂăĄąĆćČčĎďĐđĘęĚěĞğİıĹĺĽľŁłŃńŇňŊŋŐőŒœŔŕŘřŚśŞşŠšŤťŢţŮůŰűŸŹźŻżŽž")
"""Letters beyond Latin-1 that LaTeX's T1 fonts have."""


def printable(text: str) -> str:
    """Return text on one line: control and line-breaking signs are spaces, what has no place in a document is a question mark."""
    return "".join(_sign(sign) for sign in text)


def _sign(sign: str) -> str:
    kind = unicodedata.category(sign)
    if kind in ("Zl", "Zp") or (kind == "Cc" and sign in "\t\n\r\v\f\x1c\x1d\x1e\x1f\x85"):
        return " "
    if sign in _BIDIRECTIONAL:
        return ""
    return "?" if kind in ("Cc", "Cs") or (kind == "Cn" and ord(sign) & 0xFFFE == 0xFFFE) else sign


def markdown(text: str) -> str:
    """Return text that Markdown (GitHub flavour) shows as it stands, on one line, also in a cell of a table."""
    line = re.sub(r"([\\`*_{}\[\]<>#|&~$])", r"\\\1", printable(text).strip())
    # At the beginning of a line: bullets, rules, headings that are underlined, and numbers of a list.
    line = re.sub(r"^([-+=])", r"\\\1", line)
    return re.sub(r"^(\d+)([.)])(?=\s|$)", r"\1\\\2", line)


def fenced(text: str, language: str = "") -> str:
    """Return text as a block of code of Markdown, behind a fence that is longer than any inside."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def latex(text: str) -> str:
    """Return text that LaTeX prints as it stands; a sign that plain LaTeX cannot print becomes a question mark."""
    # What TeX would join to one sign is parted, as two hyphens to a dash.
    parted = re.sub(r"(?<=[-'`,?!])(?=[-'`,])", "\u2060", printable(text).replace("\u2060", ""))
    escaped = "".join(_LATEX.get(sign, sign if ord(sign) < 256 or sign in _T1 else "?") for sign in parted)
    # Not an option, nor the star, of a command before it.
    return f"{{}}{escaped}" if escaped.startswith(("[", "*")) else escaped


def spreadsheet(text: str) -> str:
    """Return text that a spreadsheet takes for text: one that begins as a formula does is led by an apostrophe (OWASP, CSV injection)."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text
