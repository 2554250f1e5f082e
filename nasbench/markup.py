"""Escaping of untrusted text for figures, Markdown, LaTeX and spreadsheets.

HTML is escaped by `html.escape` and by autoescaping templates; it only needs `printable`.
"""

from __future__ import annotations

import re
import unicodedata

_BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
"""Invisible characters that change the text direction."""

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
"""Letters beyond Latin-1 that LaTeX's T1 fonts provide."""


def printable(text: str) -> str:
    """Return text on one line, with control characters and line breaks replaced by spaces and other unprintable
    characters by question marks.
    """
    return "".join(_sign(sign) for sign in text)


def _sign(sign: str) -> str:
    kind = unicodedata.category(sign)
    if kind in ("Zl", "Zp") or (kind == "Cc" and sign in "\t\n\r\v\f\x1c\x1d\x1e\x1f\x85"):
        return " "
    if sign in _BIDIRECTIONAL:
        return ""
    return "?" if kind in ("Cc", "Cs") or (kind == "Cn" and ord(sign) & 0xFFFE == 0xFFFE) else sign


def markdown(text: str) -> str:
    """Return text that Markdown (GitHub flavour) shows verbatim, on one line, also in table cells."""
    line = re.sub(r"([\\`*_{}\[\]<>#|&~$])", r"\\\1", printable(text).strip())
    # At the beginning of a line: bullets, rules, underlined headings and list numbers.
    line = re.sub(r"^([-+=])", r"\\\1", line)
    return re.sub(r"^(\d+)([.)])(?=\s|$)", r"\1\\\2", line)


def fenced(text: str, language: str = "") -> str:
    """Return text as a Markdown code block, with a fence longer than any inside."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def latex(text: str) -> str:
    """Return text that LaTeX prints verbatim; characters that plain LaTeX cannot print become question marks."""
    # Ligatures such as two hyphens to a dash are prevented.
    parted = re.sub(r"(?<=[-'`,?!])(?=[-'`,])", "\u2060", printable(text).replace("\u2060", ""))
    escaped = "".join(_LATEX.get(sign, sign if ord(sign) < 256 or sign in _T1 else "?") for sign in parted)
    # Neither an optional argument nor the star of a preceding command.
    return f"{{}}{escaped}" if escaped.startswith(("[", "*")) else escaped


def spreadsheet(text: str) -> str:
    """Return text that spreadsheets treat as text: a leading formula character is preceded by an apostrophe (OWASP, CSV
    injection).
    """
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text
