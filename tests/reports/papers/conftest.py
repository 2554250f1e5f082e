from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def reference(reference_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference data, named by `NASBENCH_DATA`."""
    monkeypatch.setenv("NASBENCH_DATA", str(reference_data))
