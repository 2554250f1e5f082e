from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("flwr", reason="needs Flower: pip install 'nas-verify[federated]'")

from tests.fuzz.federated_replies import campaign


def test_no_answer_of_a_client_harms_a_round(tmp_path: Path) -> None:
    counts = campaign(200, 0, tmp_path)
    assert set(counts) == {"refused", "harmless", "tried"} and counts["tried"] == 200
    assert counts["harmless"] < 70, counts
