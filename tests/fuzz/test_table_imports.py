from __future__ import annotations

from pathlib import Path

from tests.fuzz.table_imports import campaign


def test_odd_tables_are_imported_or_refused_in_a_sentence(tmp_path: Path) -> None:
    counts = campaign(150, 0, tmp_path)
    assert set(counts) == {"refused", "accepted"} and counts["refused"] > 100, counts
