"""Tables keep to the width that there is, and never break a word."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nasbench.cli.console import print_table, shown

CELLS = st.one_of(st.none(), st.integers(), st.floats(), st.booleans(), st.text("ab c[/]\\-,.", max_size=40))
ROWS = st.lists(
    st.fixed_dictionaries({"name": st.text("xyz-", min_size=1, max_size=30), "b": CELLS, "c_d": CELLS}), max_size=6
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault
@given(rows=ROWS, columns=st.integers(20, 200))
def test_every_word_stands_whole_within_the_width(rows: list[dict[str, Any]], columns: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        text = printed(rows)
    words = {word for row in rows for value in row.values() for word in shown(value).split()}
    assert words <= {cell for line in text.splitlines() for cell in line.split()}
    longest = max(map(len, words | {""}))
    assert all(len(line.rstrip()) <= max(columns, longest + 8) for line in text.splitlines())


def printed(rows: list[dict[str, Any]]) -> str:
    import contextlib
    import io

    stream = io.StringIO()
    with contextlib.redirect_stdout(stream):
        print_table("title", rows)
    return stream.getvalue()


@pytest.mark.parametrize(("columns", "framed"), [("80", False), ("120", True)])
def test_what_fits_no_table_is_told_line_by_line(columns: str, framed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    text = printed([{"name": "x" * 60, "other_name": "y" * 30}])
    assert ("┃" in text) is framed
    assert ("other name: " + "y" * 30 in text) is not framed


@pytest.mark.parametrize("columns", ["0", "1", "many", "-5", "99999999999"])
def test_a_strange_width_is_survived(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert "value" in printed([{"name": "value"}])


def test_rows_may_lack_what_the_first_has() -> None:
    assert "-" in printed([{"a": 1, "b": 2.5}, {"b": 3}])
