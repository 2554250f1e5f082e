from __future__ import annotations

import pickle
import sys
from pathlib import Path

import pytest

from nasbench.errors import MissingExtraError, NasbenchError, UnknownNameError, quoted, unknown_name
from nasbench.extras import require_extra


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


def test_a_missing_extra_is_named_here_and_in_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"the package optuna, .*nas-verify\[tune\]") as raised:
        require_extra("tune", "optuna")
    again = pickle.loads(pickle.dumps(raised.value))
    assert (again.extra, str(again)) == ("tune", str(raised.value))


def test_a_broken_package_is_no_missing_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_package.py").write_text("import no_such_package_at_all\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="no_such_package_at_all"):
        require_extra("tune", "broken_package")


def test_unknown_names_have_an_error_of_their_own() -> None:
    assert type(unknown_name("thing", "a", ["b"])) is UnknownNameError
