from __future__ import annotations

from pathlib import Path

from tests.fuzz.payloads import campaign


def test_hostile_files_run_nothing_and_end_nothing(tmp_path: Path) -> None:
    assert campaign(100, 0, tmp_path) == {"refused": 100}
