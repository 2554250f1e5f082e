"""Whole live searches at tiny size: commands, evidence."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import typer
from typer.testing import CliRunner

from nasbench.errors import NasbenchError
from nasbench.live import commands, evidence
from nasbench.live.experiment import Plan, run_plan
from nasbench.live.networks.parts import Shape
from nasbench.live.networks.resnet import ResNet18
from nasbench.live.searchers.searcher import SearchSettings
from nasbench.live.training.recipe import SMALL
from nasbench.spaces.nas_bench_201 import NasBench201Space

CPU = torch.device("cpu")
RECIPE = replace(SMALL, epochs=1, channels=4)
TINY = Plan(
    task="digits",
    settings=SearchSettings(epochs=1, channels=4, cells=1),
    recipe=RECIPE,
    search_recipe=RECIPE,
    budget={"queries": 2},
    examples=(128, 64),
)


def quiet(_: str) -> None:
    """Say nothing."""


@pytest.mark.parametrize("optimizer", ["darts", "hybrid", "random_search"])
def test_a_plan_ends_in_one_flat_result(optimizer: str) -> None:
    result = run_plan(replace(TINY, optimizer=optimizer), CPU, None, quiet)
    assert NasBench201Space().is_feasible(NasBench201Space().from_string(result["architecture"]))
    assert 0 <= result["test_error"] <= 100 and result["search_seconds"] > 0
    assert result["parameters"] > 0 and result["latency_ms_batch_64"] > 0
    json.dumps(result)


def test_selection_by_perturbation_is_an_option() -> None:
    result = run_plan(replace(TINY, selection="perturbation"), CPU, None, quiet)
    assert result["plan"]["selection"] == "perturbation"
    with pytest.raises(NasbenchError, match="no selection"):
        run_plan(replace(TINY, selection="best"), CPU, None, quiet)


def test_a_forecast_is_searched_like_anything_else() -> None:
    result = run_plan(replace(TINY, task="co2"), CPU, None, quiet)
    assert result["test_mse"] > 0


def app() -> typer.Typer:
    result = typer.Typer(pretty_exceptions_enable=False)
    for function in (commands.search, commands.train, commands.fetch):
        result.command(function.__name__)(function)
    return result


def call(*arguments: str) -> Any:
    result = CliRunner().invoke(app(), list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_search_command_prints_one_object() -> None:
    arguments = ["--optimizer", "gaea", "--search-epochs", "1", "--channels", "4", "--examples", "128", "--epochs", "1"]
    printed = call("search", "digits", *arguments, "--option", "arch_learning_rate=0.2", "--json")
    (row,) = printed["searches"]
    assert printed["command"] == "search" and row["optimizer"] == "gaea"
    assert row["plan"]["options"] == {"arch_learning_rate": 0.2}


def test_the_train_command_resumes(tmp_path: Path) -> None:
    arguments = ["train", "333132", "--channels", "4", "--out", str(tmp_path), "--json"]
    call(*arguments, "--epochs", "1")
    with pytest.raises(NasbenchError, match="another recipe"):
        call(*arguments, "--epochs", "2")
    again = call(*arguments, "--epochs", "1")
    assert len(again["trainings"][0]["train_curve"]) == 1


def test_fetch_of_embedded_data_only_checks_them() -> None:
    assert call("fetch", "digits", "--json")["tasks"][0]["folder"] is None
    with pytest.raises(NasbenchError, match="does not exist"):
        call("fetch", "cifar10", "--source", "/nowhere")


def test_options_are_read_as_what_they_look_like() -> None:
    read = commands.parse_options(["order=2", "rate=0.5", "gradient=false", "name=text"])
    assert read == {"order": 2, "rate": 0.5, "gradient": False, "name": "text"}
    with pytest.raises(NasbenchError, match="NAME=VALUE"):
        commands.parse_options(["order"])


def test_tasks_are_listed_without_loading_them() -> None:
    assert {row["name"] for row in commands.list_tasks()} >= {"digits", "cifar10", "co2"}


def test_commands_import_torch_only_when_they_run() -> None:
    code = "import sys; import nasbench.live.commands; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_torch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(NasbenchError, match="nas-verify\\[live\\]"):
        commands.need_torch()


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
    result = evidence.read(tmp_path / "e" / "digits-found-seed1.json")
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
        whole, parts = (evidence.read(tmp_path / name / f"digits-{kind}-seed0.json") for name in ("whole", "parts"))
        assert whole["architecture"] == parts["architecture"] and whole["test_error"] == parts["test_error"]
        assert [row["train_loss"] for row in whole["curve"]] == [row["train_loss"] for row in parts["curve"]]
        assert whole["images_per_second"] > 0 and whole["share_of_peak"] is None
    search = evidence.read(tmp_path / "parts" / "digits-search.json")
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
    path.write_text(json.dumps({**content, "sha256": evidence.digest(content)}))
    assert evidence.main(arguments) == 2 and "under other settings" in capsys.readouterr().err


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_evidence_is_rehearsed_on_a_gpu_with_its_own_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = replace(evidence.FULL.recipe, epochs=1, batch=64, augmentation=None)
    monkeypatch.setattr(evidence, "REHEARSAL", replace(evidence.REHEARSAL, recipe=recipe))
    folders = ["--out", str(tmp_path / "e"), "--work", str(tmp_path / "w")]
    assert evidence.main(["--rehearsal", "--device", "cuda", "--seeds", "1", *folders]) == 0
    assert evidence.read(tmp_path / "e" / "digits-found-seed0.json")["environment"]["device_type"] == "cuda"


def test_the_verdict_needs_three_seeds_and_the_bound() -> None:
    assert evidence.judge([96.4, 96.5, 96.45])["verdict"] == "holds"
    assert evidence.judge([96.0, 96.5, 96.9])["verdict"] == "not shown"
    assert evidence.judge([97.0, 97.0])["verdict"] == "not shown"
    row = evidence.judge([96.0, 97.0, 98.0])
    assert row["lower_95"] == pytest.approx(97.0 - 2.919986 / 3**0.5, abs=1e-5)


def test_resnet18_has_the_known_number_of_parameters() -> None:
    with torch.device("meta"):
        network = ResNet18(Shape(2, 3, 32, 10))
    assert sum(p.numel() for p in network.parameters()) == 11_173_962
