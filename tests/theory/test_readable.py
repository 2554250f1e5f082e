"""Statements on a terminal are text: no LaTeX is left, and nothing is lost on the way."""

from __future__ import annotations

import re

import pytest

from nasbench.theory.machinery.readable import readable
from nasbench.theory.machinery.registry import all_claims


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"P(T > (\ln(s_0/s_{\min}) + r)/\delta) \le e^{-r}", "P(T > (ln(s_0/s_min) + r)/δ) ≤ e^(-r)"),
        (
            r"\binom{N-r}{n-1} / \binom{N}{n}, \quad E\,B_n = \frac{N+1}{n+1}",
            "C(N-r, n-1) / C(N, n), E B_n = (N+1)/(n+1)",
        ),
        (r"\binom nd \tfrac12", "C(n, d) 1/2"),
        (r"\|\hat g_\epsilon\|", "‖ĝ_ε‖"),
        (r"n\ln n\text{ steps for } A \cup \{x\}", "n ln n steps for A ∪ {x}"),
        (r"{a", "a"),
        ("", ""),
    ],
)
def test_formulas(latex: str, text: str) -> None:
    assert readable(latex) == text


def test_every_statement_is_readable() -> None:
    for name, claim in all_claims().items():
        assert claim.statement.isprintable(), f"{name}: a control character, as of a backslash that was eaten"
        text = readable(claim.statement)
        assert text.isprintable() and "\\" not in text and text.count("(") == text.count(")"), (name, text)
        words = re.findall(r"\\text\{([^{}]*)\}", claim.statement)
        assert all(" ".join(word.replace("\\,", " ").replace("\\", "").split()) in text for word in words), (name, text)
