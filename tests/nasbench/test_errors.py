from __future__ import annotations

import pytest

from nasbench.errors import NasbenchError, quoted, unknown_name


@pytest.mark.parametrize("text", ["a\nb", "\x1b[31mred", "\u202eright to left", "\ud800", "a\u2028b", "\x00", "a\r\tb"])
def test_errors_are_one_line_and_steer_no_terminal(text: str) -> None:
    for error in (NasbenchError(f"There is {text} here."), unknown_name("thing", text, ["known"])):
        written = str(error)
        assert written.isprintable() and len(written.splitlines()) == 1
        written.encode()


def test_errors_keep_letters_of_any_language() -> None:
    assert str(NasbenchError("Größe 漢字 ² 'x' \\frac")) == "Größe 漢字 ² 'x' \\frac"


def test_a_number_that_python_does_not_write_is_quoted_all_the_same() -> None:
    assert quoted(10**5000) == "a number of thousands of digits" and quoted(3) == "3"
