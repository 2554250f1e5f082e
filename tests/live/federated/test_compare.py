"""Federated beside central and local-only search: kept, resumed, summed up."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from nasbench.errors import NasbenchError
from nasbench.files.sealed import read_sealed, write_sealed
from nasbench.live.federated.compare import compare_seeds, summary

from small_federation import CPU, PLAN


def test_a_comparison_is_kept_and_not_run_again(tmp_path: Path) -> None:
    experiment = replace(PLAN, clients=2)
    (row,) = compare_seeds(experiment, 1, CPU, tmp_path, lambda m: None)
    path = tmp_path / "compare-digits-0.json"
    write_sealed(path, {**read_sealed(path, "comparison"), "central": -1.0})
    assert compare_seeds(experiment, 1, CPU, tmp_path, lambda m: None) == [
        {**json.loads(json.dumps(row)), "central": -1.0}
    ]
    with pytest.raises(NasbenchError, match="another configuration"):
        compare_seeds(replace(experiment, subset_size=(100, 50)), 1, CPU, tmp_path, lambda m: None)
    with pytest.raises(NasbenchError, match="another configuration"):
        compare_seeds(experiment, 1, CPU, tmp_path, lambda m: None, passes=(1, 2))
    with pytest.raises(NasbenchError, match="number of seeds"):
        compare_seeds(experiment, 0, CPU)
    path.write_text(path.read_text().replace("-1.0", "-2.0"))
    with pytest.raises(NasbenchError, match=r"compare-digits-0\.json is no finished comparison; move it away"):
        compare_seeds(experiment, 1, CPU, tmp_path, lambda m: None)


def test_a_summary_holds_means_differences_and_their_intervals() -> None:
    central = [1.0, 2.0, 3.0, 4.0, 5.0]
    rows = [
        {"central": c, "federated": c + 1, "local_only": 50.0, "federated_pooled": c + e}
        for c, e in zip(central, (0, 0, 0, 0, 5), strict=True)
    ]
    table = {row["score"]: row for row in summary(rows)}
    assert table["central"]["mean"] == 3 and 1 < table["central"]["low"] < 3 < table["central"]["high"] < 5
    assert table["federated - central"] == {"score": "federated - central", "seeds": 5, "mean": 1, "low": 1, "high": 1}
    assert table["local_only - federated"]["mean"] == 46
    without = [{name: value for name, value in row.items() if name != "local_only"} for row in rows]
    assert {row["score"] for row in summary(without)} == {name for name in table if "local_only" not in name}
    # a mean of five draws of which one value in five is 5: it is a count of them, binomial (5, 1/5)
    assert (table["federated_pooled - central"]["low"], table["federated_pooled - central"]["high"]) == (0, 3)
