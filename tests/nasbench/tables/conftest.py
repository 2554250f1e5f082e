from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def fresh_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of tables for one test."""
    monkeypatch.setenv("NASBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def with_reference(reference_data: Path, fresh_cache: Path) -> Path:
    """The sources of the tables that ship, and an empty cache."""
    return reference_data
