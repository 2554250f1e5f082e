"""Plain-text rendering of LaTeX statements for a terminal, such as `P(T > t) ≤ e^(-r)`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_TOKEN = re.compile(r"\\([A-Za-z]+|.)|(.)", re.DOTALL)
_GREEK = {
    name: unicodedata.lookup(f"GREEK {'SMALL' if name.islower() else 'CAPITAL'} LETTER {name.upper()}")
    for name in (
        "alpha",
        "beta",
        "gamma",
        "delta",
        "epsilon",
        "eta",
        "theta",
        "mu",
        "nu",
        "xi",
        "pi",
        "rho",
        "sigma",
        "tau",
        "phi",
    )
    for name in (name, name.capitalize())
} | {"lambda": "λ", "varphi": "φ"}
_RELATIONS = {"le": "≤", "ge": "≥", "ne": "≠", "in": "∈", "notin": "∉", "succ": "≻", "preceq": "⪯", "subseteq": "⊆"}
_RELATIONS |= {"approx": "≈", "propto": "∝", "sim": "~", "equiv": "≡", "iff": "⇔", "Rightarrow": "⇒", "to": "→"}
_RELATIONS |= {"mid": "|", "cup": "∪", "circ": "∘", "pm": "±"}
_SIGNS = {"sum": " Σ", "prod": " Π", "int": " ∫", "infty": "∞", "nabla": "∇", "partial": "∂", "forall": "∀"}
_SIGNS |= {"lceil": "⌈", "rceil": "⌉", "langle": "⟨", "rangle": "⟩", "|": "‖"}
_SIGNS |= {"lfloor": "⌊", "rfloor": "⌋", "lVert": "‖", "rVert": "‖", "angle": "∠", "dots": "…", "top": "ᵀ", "Pr": "P"}
_ACCENTS = {"hat": "CIRCUMFLEX ACCENT", "dot": "DOT ABOVE", "dddot": "THREE DOTS ABOVE", "overline": "OVERLINE"}
_NOTHING = {"big", "Big", "bigl", "bigr", "Bigl", "Bigr", "textstyle", "left", "right"}
_SPACES = {",", " ", "quad"}
_PLAIN = {"text", "mathrm", "mathbb", "mathbf"}


def readable(latex: str) -> str:
    """Return a formula as text; operators without a symbol keep their names, such as `ln` and `max`."""
    text = re.sub(r"\s+", " ", _read(_TOKEN.finditer(latex))).strip()
    return re.sub(r"(?<=[(\[√⌈⟨]) | (?=[⌉⟩,])|(?<=\bln) (?=\()", "", text)


def _read(tokens: Iterator[re.Match[str]]) -> str:
    """Return the text up to the end of the group."""
    text = ""
    for token in tokens:
        command, sign = token.groups()
        if sign == "}":
            break
        if sign is not None and sign in "_^":
            text = text.rstrip() + sign + _bracketed(_argument(tokens))
            continue
        text += _piece(command, sign, tokens)
    return text


def _piece(command: str | None, sign: str | None, tokens: Iterator[re.Match[str]]) -> str:
    if command is None:
        return _read(tokens) if sign == "{" else sign or ""
    if command in ("frac", "tfrac"):
        return f"{_bracketed(_argument(tokens))}/{_bracketed(_argument(tokens))}"
    if command == "binom":
        return f"C({_argument(tokens)}, {_argument(tokens)})"
    if command == "sqrt":
        return f"√{_bracketed(_argument(tokens))}"
    if command in _ACCENTS:
        return unicodedata.normalize("NFC", _argument(tokens) + unicodedata.lookup(f"COMBINING {_ACCENTS[command]}"))
    if command in _PLAIN:
        return _argument(tokens)
    if command in _RELATIONS:
        return f" {_RELATIONS[command]} "
    if command in _NOTHING:
        return ""
    if command in _SPACES:
        return " "
    if not command.isalpha():
        return _SIGNS.get(command, command)
    return _GREEK.get(command) or _SIGNS.get(command) or f" {command} "


def _argument(tokens: Iterator[re.Match[str]]) -> str:
    """Return what a command applies to: a group, or the next sign or command that is no space."""
    for token in tokens:
        command, sign = token.groups()
        if sign is None or not sign.isspace():
            return _piece(command, sign, tokens)
    return ""


def _bracketed(text: str) -> str:
    text = text.strip()
    return text if text.isalnum() or len(text) == 1 else f"({text})"
