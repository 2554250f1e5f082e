from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def fresh_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of tables for one test."""
    monkeypatch.setenv("NASBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def with_reference(reference_data: Path, fresh_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The reference data, named by `NASBENCH_DATA`, and an empty cache."""
    monkeypatch.setenv("NASBENCH_DATA", str(reference_data))
    return reference_data
