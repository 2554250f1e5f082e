from __future__ import annotations

from pathlib import Path

from tests.fuzz.table_files import campaign


def test_no_damage_to_a_table_goes_unnoticed(tmp_path: Path) -> None:
    counts = campaign(400, 0, tmp_path)
    assert set(counts) <= {"refused", "harmless"} and counts["refused"] > 300, counts
