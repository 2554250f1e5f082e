from __future__ import annotations

from pathlib import Path

from tests.fuzz.result_folders import campaign


def test_no_damage_to_a_results_folder_is_read_in_silence_or_ends_in_a_traceback(tmp_path: Path) -> None:
    counts = campaign(200, 11, tmp_path)
    assert set(counts) == {"tried", "refused", "harmless"} and counts["tried"] == 200
    assert counts["refused"] > 150, counts
