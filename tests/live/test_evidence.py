"""Evidence at tiny size: rehearsed, stopped anywhere and resumed, hashed, judged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from nasbench.live import evidence
from nasbench.live.evidence_file import digest, read_evidence


def test_evidence_is_rehearsed_resumed_and_hashed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [
        "--rehearsal",
        "--device",
        "cpu",
        "--seeds",
        "2",
        "--out",
        str(tmp_path / "e"),
        "--work",
        str(tmp_path / "w"),
    ]
    assert evidence.main([*arguments, "--minutes", "0"]) == 3
    assert evidence.main(arguments) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["rehearsal"] and set(summary["networks"]) == {"found", "random", "resnet18"}
    result = read_evidence(tmp_path / "e" / "digits-found-seed1.json")
    assert result["environment"]["device_type"] == "cpu" and len(result["curve"]) == 2
    stamp = (tmp_path / "e" / "digits-search.json").stat().st_mtime_ns
    assert evidence.main(arguments) == 0
    assert (tmp_path / "e" / "digits-search.json").stat().st_mtime_ns == stamp
    path = tmp_path / "e" / "digits-random-seed0.json"
    path.write_text(path.read_text().replace('"seed": 0', '"seed": 5'))
    assert evidence.main(arguments) == 2
    assert "was changed after it was written" in capsys.readouterr().err


def test_evidence_stops_at_any_epoch_and_goes_on_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def arguments(name: str) -> list[str]:
        folders = ["--out", str(tmp_path / name), "--work", str(tmp_path / f"{name}-work")]
        return ["--rehearsal", "--device", "cpu", "--seeds", "1", *folders]

    assert evidence.main(arguments("whole")) == 0
    allowed = 0

    def within(_: evidence.Evidence) -> None:
        nonlocal allowed
        allowed -= 1
        if allowed < 0:
            raise evidence.UnfinishedError

    monkeypatch.setattr(evidence.Evidence, "_within", within)
    calls = 0
    while True:
        calls, allowed = calls + 1, 1  # one epoch a call
        if evidence.main(arguments("parts")) == 0:
            break
    finalists = len(list((tmp_path / "parts-work" / "search").glob("finalist-*")))
    assert finalists and calls == 2 + finalists + 3 * 2  # epochs of the supernet, the finalists, and three networks
    capsys.readouterr()
    for kind in evidence.KINDS:
        whole, parts = (read_evidence(tmp_path / name / f"digits-{kind}-seed0.json") for name in ("whole", "parts"))
        assert whole["architecture"] == parts["architecture"] and whole["test_error"] == parts["test_error"]
        assert [row["train_loss"] for row in whole["curve"]] == [row["train_loss"] for row in parts["curve"]]
        assert whole["images_per_second"] > 0 and whole["share_of_peak"] is None
    search = read_evidence(tmp_path / "parts" / "digits-search.json")
    assert search["supernet_images_per_second"] > 0 and search["finalist_recipe"]["compile"] is False


def test_evidence_of_other_settings_or_no_evidence_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "digits-search.json"
    arguments = ["--rehearsal", "--device", "cpu", "--out", str(tmp_path), "--work", str(tmp_path / "w")]
    for text, message in (("{", "cannot be read"), ("[1]", "cannot be read")):
        path.write_text(text)
        assert evidence.main(arguments) == 2 and message in capsys.readouterr().err
    content = {"settings": {"epochs": 100}, "finalist_recipe": {}, "architecture": "333132"}
    path.write_text(json.dumps({**content, "sha256": digest(content)}))
    assert evidence.main(arguments) == 2 and "under other settings" in capsys.readouterr().err


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_evidence_is_rehearsed_on_a_gpu_with_its_own_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = replace(evidence.FULL.recipe, epochs=1, batch=64, augmentation=None)
    monkeypatch.setattr(evidence, "REHEARSAL", replace(evidence.REHEARSAL, recipe=recipe))
    folders = ["--out", str(tmp_path / "e"), "--work", str(tmp_path / "w")]
    assert evidence.main(["--rehearsal", "--device", "cuda", "--seeds", "1", *folders]) == 0
    assert read_evidence(tmp_path / "e" / "digits-found-seed0.json")["environment"]["device_type"] == "cuda"


def test_the_verdict_needs_three_seeds_and_the_bound() -> None:
    assert evidence.judge([96.4, 96.5, 96.45])["verdict"] == "holds"
    assert evidence.judge([96.0, 96.5, 96.9])["verdict"] == "not shown"
    assert evidence.judge([97.0, 97.0])["verdict"] == "not shown"
    row = evidence.judge([96.0, 97.0, 98.0])
    assert row["lower_95"] == pytest.approx(97.0 - 2.919986 / 3**0.5, abs=1e-5)
