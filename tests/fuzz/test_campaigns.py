"""A few inputs of every campaign: nothing is read in silence, ends in a traceback or does not end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests import fuzz


@pytest.mark.parametrize("name", fuzz.names())
def test_a_few_inputs(name: str, tmp_path: Path) -> None:
    here = Path.cwd()
    try:
        inputs = fuzz.short(name)
    except ModuleNotFoundError as fault:
        pytest.skip(f"needs {fault.name}")
    counts = fuzz.run(name, inputs, 0, tmp_path)
    assert counts["tried"] >= inputs
    assert {fault: counts[fault] for fault in fuzz.FAULTS} == dict.fromkeys(fuzz.FAULTS, 0)
    assert counts["refused"] + counts["harmless"] == counts["tried"]
    assert Path.cwd() == here and not os.environ.get("NASBENCH_CACHE", "").startswith(str(tmp_path))
