"""`nasbench query`, `top`, `show` and `init`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nasbench.api.commands import init, query, show, top
from nasbench.errors import NasbenchError
from nasbench.study.toml import parse_study, preset_names


def printed(capsys: pytest.CaptureFixture[str]) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = json.loads(capsys.readouterr().out)
    return found


def test_query_and_top_agree(capsys: pytest.CaptureFixture[str]) -> None:
    top("nas-bench-201/cifar10", n=2, by="validation_accuracy", json=True)
    best = printed(capsys)["architectures"][0]
    for architecture in (str(best["index"]), str(best["architecture"])):
        query("nas-bench-201/cifar10", architecture, json=True)
        rows = [row for row in printed(capsys)["values"] if row["quantity"] == "accuracy"]
        values = [row["value"] for row in rows if row["split"] == "validation"]
        assert len(values) == 3
        assert abs(sum(map(float, map(str, values))) / 3 - float(str(best["validation_accuracy"]))) < 1e-3


@pytest.mark.parametrize("preset", ["quick"])
def test_show_prints_a_study(preset: str, capsys: pytest.CaptureFixture[str]) -> None:
    show(preset)
    assert parse_study(capsys.readouterr().out, preset).name == preset and preset in preset_names()
    with pytest.raises(NasbenchError, match="did you mean 'quick'"):
        show("quik")


def test_init_explains_every_key_and_overwrites_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.toml"
    init(file, json=True)
    assert printed(capsys)["files"] == [{"file": str(file)}]
    text = file.read_text(encoding="utf-8")
    keys = parse_study(text, "mine").to_mapping()
    assert all(f"{key} = " in text or f"[{key}]" in text for key in keys)
    with pytest.raises(NasbenchError, match="exists already"):
        init(file)
