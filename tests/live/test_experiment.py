"""Whole live searches at tiny size: plans, commands."""

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

from nasbench.cli import live_options
from nasbench.cli.main import status
from nasbench.errors import NasbenchError
from nasbench.live.experiment import commands, experiment
from nasbench.live.experiment import retraining as final_phase
from nasbench.live.experiment import search as search_phase
from nasbench.live.experiment.config import ExperimentConfig
from nasbench.live.experiment.run import run_experiment
from nasbench.live.networks.resnet import ResNet18
from nasbench.live.searchers.searcher import SupernetConfig
from nasbench.live.tasks.commands import fetch
from nasbench.live.tasks.shape import TaskShape
from nasbench.live.training.recipe import SMALL
from nasbench.spaces.nas_bench_201 import NasBench201Space

CPU = torch.device("cpu")
RECIPE = replace(SMALL, epochs=1, channels=4)
TINY = ExperimentConfig(
    task="digits",
    supernet=SupernetConfig(epochs=1, channels=4, cells=1),
    recipe=RECIPE,
    search_recipe=RECIPE,
    budget={"queries": 2},
    subset_size=(128, 64),
)


def quiet(_: str) -> None:
    """Say nothing."""


@pytest.mark.parametrize(
    "optimizer", ["darts", "hybrid_supernet", "hybrid", "random_search", "nasbench.baselines.random_search:OPTIMIZER"]
)
def test_a_plan_ends_in_one_flat_result(optimizer: str) -> None:
    result = run_experiment(replace(TINY, optimizer=optimizer), CPU, None, quiet)
    assert NasBench201Space().is_feasible(NasBench201Space().from_string(result["architecture"]))
    assert 0 <= result["test_error"] <= 100 and result["search_seconds"] > 0
    assert result["parameters"] > 0 and result["latency_ms_batch_64"] > 0
    json.dumps(result)


def test_an_optimizer_that_is_not_there_is_refused_before_anything_is_trained() -> None:
    for wrong, told in (
        ("random_serch", "did you mean 'random_search'"),
        ("nasbench.baselines.random_search:X", "has no 'X'"),
    ):
        with pytest.raises(NasbenchError, match=told):
            run_experiment(replace(TINY, optimizer=wrong), CPU, None, quiet)


def test_selection_by_perturbation_is_an_option() -> None:
    result = run_experiment(replace(TINY, architecture_selection="perturbation"), CPU, None, quiet)
    assert result["config"]["architecture_selection"] == "perturbation"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"architecture_selection": "best"}, "no selection"),
        ({"early_stopping": "bogus"}, "no early stopping rule named 'bogus'"),
        ({"early_stopping": "max-skip-connections:x"}, "it should be none, max-skip"),
        ({"early_stopping": "bogus", "optimizer": "random_search"}, "no early stopping rule named 'bogus'"),
        (
            {"early_stopping": "max-skip-connections", "optimizer": "random_search"},
            "random_search trains alone; leave out --early-stopping",
        ),
        (
            {"architecture_selection": "perturbation", "optimizer": "random_search"},
            "random_search trains alone; leave out",
        ),
        (
            {"architecture_selection": "perturbation", "optimizer": "hybrid_supernet"},
            "leave out --architecture-selection",
        ),
        (
            {
                "architecture_selection": "perturbation",
                "optimizer": "nasbench.live.searchers.hybrid_supernet:HybridSupernet",
            },
            "HybridSupernet selects by training its finalists alone",
        ),
        (
            {"architecture_selection": "perturbation", "optimizer": "hybrid"},
            "hybrid trains alone; leave out --early-stopping and",
        ),
        (
            {"early_stopping": "max-skip-connections", "optimizer": "hybrid"},
            "hybrid trains alone; leave out --early-stopping",
        ),
        ({"optimizer": "dartz"}, "did you mean 'darts'"),
    ],
)
def test_a_plan_with_what_does_not_apply_is_refused_before_data_are_read(
    changes: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(experiment, "get_task", None)
    with pytest.raises(NasbenchError, match=message) as caught:
        run_experiment(replace(TINY, **changes), CPU, None, quiet)
    assert "\n" not in str(caught.value)


def test_a_search_that_is_stopped_early_says_so_again_when_it_is_resumed(tmp_path: Path) -> None:
    # With none allowed, the first architecture that has a skip connection ends the search.
    plan = replace(
        TINY, optimizer="rsps", optimizer_params={"candidates": 2}, early_stopping="max-skip-connections:0", seed=1
    )
    plan = replace(plan, supernet=replace(plan.supernet, epochs=4))
    first = run_experiment(plan, CPU, tmp_path, quiet)
    assert first["stopped_early"] is (first["search_curve"][-1]["skips"] > 0)
    assert run_experiment(plan, CPU, tmp_path, quiet)["stopped_early"] == first["stopped_early"]
    assert run_experiment(replace(TINY, optimizer="gaea"), CPU, None, quiet)["stopped_early"] is False
    assert "stopped_early" not in run_experiment(replace(TINY, optimizer="random_search"), CPU, None, quiet)


def test_memory_that_runs_out_outside_a_step_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory")

    places = (
        (search_phase, "build_searcher", "searching"),
        (final_phase, "build_trainer", "training"),
        (final_phase, "predict", "scoring"),
    )
    for module, name, doing in places:
        with monkeypatch.context() as patch:
            patch.setattr(module, name, full)
            with pytest.raises(NasbenchError, match=f"Memory ran out on cpu while {doing}"):
                run_experiment(TINY, CPU, None, quiet)


def test_a_search_reports_how_its_weights_rank(tmp_path: Path) -> None:
    arguments = ["--optimizer", "rsps", "--optimizer-param", "candidates=2", "--search-epochs", "1", "--channels", "4"]
    arguments += ["--subset-size", "128", "--epochs", "1", "--rank-correlation", "5", "--out", str(tmp_path), "--json"]
    (row,) = call("search", "digits", *arguments)["searches"]
    ranking = row["ranking"]
    assert ranking["architectures"] == 5 and ranking["top_k"] == 1 and ranking["seconds"] > 0
    assert -1 <= row["rank_tau"] == ranking["kendall_tau"] <= 1 and row["rank_overlap"] in (0.0, 1.0)
    assert len({score["architecture"] for score in ranking["scores"]}) == 5
    assert row["rank_ceiling"] is None and 0 <= ranking["median_shared_error"] <= 100
    # Resumed, the supernet comes from its checkpoint and nothing is trained again: the same to the second.
    assert call("search", "digits", *arguments)["searches"][0]["ranking"] == ranking
    arguments[arguments.index("5")] = "300"
    ranking = call("search", "digits", *arguments, "--rank-against", "nas-bench-201/cifar10")["searches"][0]["ranking"]
    # Two trainings of cells of NAS-Bench-201 agree far better than weights of one epoch on another task.
    assert ranking["architectures"] == 300 and ranking["kendall_tau_high"] < 0.7 < ranking["ceiling"] < 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--optimizer", "random_search", "--rank-correlation", "3"],
            "random_search shares no weights; leave out --rank-correlation",
        ),
        (["--rank-correlation", "3"], "hybrid shares no weights; leave out --rank-correlation"),
        (
            ["--optimizer", "hybrid", "--objectives", "error,bytes", "--rank-correlation", "3"],
            "leave out --rank-correlation",
        ),
        (["--optimizer", "gaea", "--objectives", "error", "--rank-correlation", "3"], "leave out --rank-correlation"),
        (
            ["--optimizer", "rsps", "--rank-correlation", "9", "--rank-against", "table"],
            "No table has trained architectures of digits, only of cifar10 and mnist-1d",
        ),
        (
            ["--optimizer", "rsps", "--rank-correlation", "9", "--rank-against", "table", "--rank-trainings", "2"],
            "--rank-trainings is for --rank-against training",
        ),
        (["--optimizer", "rsps", "--rank-against", "table"], "--rank-against needs --rank-correlation"),
        (["--optimizer", "rsps", "--rank-correlation", "1"], "architectures to rank is 1; it should be 2 or more"),
        (["--optimizer", "rsps", "--rank-correlation", "-1"], "architectures to rank is -1; it should be 2 or more"),
    ],
)
def test_a_ranking_that_cannot_be_is_refused(arguments: list[str], message: str) -> None:
    with pytest.raises(NasbenchError, match=message):
        CliRunner().invoke(app(), ["search", "digits", *arguments], catch_exceptions=False)


def test_a_forecast_is_searched_like_anything_else() -> None:
    result = run_experiment(replace(TINY, task="co2"), CPU, None, quiet)
    assert result["test_mse"] > 0


def app() -> typer.Typer:
    result = typer.Typer(pretty_exceptions_enable=False)
    for function in (commands.search, commands.train, fetch):
        result.command(function.__name__)(function)
    return result


def call(*arguments: str) -> Any:
    result = CliRunner().invoke(app(), list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_search_command_prints_one_object() -> None:
    arguments = [
        "--optimizer",
        "gaea",
        "--search-epochs",
        "1",
        "--channels",
        "4",
        "--subset-size",
        "128",
        "--epochs",
        "1",
    ]
    printed = call("search", "digits", *arguments, "--optimizer-param", "arch_learning_rate=0.2", "--json")
    (row,) = printed["searches"]
    assert printed["command"] == "search" and row["optimizer"] == "gaea"
    assert row["config"]["optimizer_params"] == {"arch_learning_rate": 0.2}


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
    with pytest.raises(NasbenchError, match=r"'digits' is not fetched .*leave out --source"):
        call("fetch", "digits", "--source", "/tmp")


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (
            ["search", "digits", "--optimizer", "random_search", "--seed", "-1"],
            "--seed is '-1'; it should be a whole number between 0 and 4294967295",
        ),
        (["train", "333132", "--seed", f"{10**20}"], "0000'; it should be a whole number between 0 and 4294967295"),
        (["train", "333132", "--epochs", "0"], "--epochs is '0'; it should be"),
        (["train", "333132", "--channels", "0"], "--channels is '0'; it should be"),
        (["train", "333132", "--out", "/etc/passwd/x"], "/etc/passwd is no folder that can be written"),
        (["export", "333132", "--onnx", "x.onnx", "--cells", "0"], "--cells is '0'; it should be"),
        (["latency", "--seconds", "-1"], "--seconds is -1.0; it should be a positive number"),
        (["latency", "--seconds", "nan"], "--seconds is nan; it should be a finite number"),
        (["federated", "join", "foo"], "address is 'foo'; it should be HOST:PORT"),
        (
            ["federated", "join", "foo:1", "--client-timeout", "-1"],
            "--client-timeout is -1.0; it should be a positive number",
        ),
        (["federated", "join", "foo:1", "--seed", "-1"], "--seed is '-1'; it should be"),
        (["federated", "search", "digits", "--listen", "foo"], "address is 'foo'; it should be HOST:PORT"),
        (["latency", "--batch", "0"], "--batch is '0'; it should be"),
        (["search", "digits", "--optimizer", "random_search", "--queries", "0"], "queries is 0; it should be"),
        (
            ["search", "digits", "--optimizer", "random_search", "--time-budget-seconds", "-1"],
            "train_seconds is -1.0; it should be",
        ),
    ],
)
def test_numbers_without_sense_and_bad_folders_are_one_sentence(
    arguments: list[str], fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and fault in captured.err
    assert captured.err.splitlines()[-1].startswith("nasbench: ") and "Traceback" not in captured.err


@pytest.mark.parametrize("content", ["{", "{}", "[]", '{"config": 1}', '{"config": 1, "architecture": "a"}'])
def test_a_damaged_search_is_one_sentence(content: str, tmp_path: Path) -> None:
    (tmp_path / "searched.json").write_text(content)
    with pytest.raises(NasbenchError, match=r"searched.json is no finished search; move it away"):
        run_experiment(TINY, CPU, tmp_path, quiet)
    assert (tmp_path / "searched.json").read_text() == content


def test_a_disk_that_refuses_a_checkpoint_is_one_sentence(tmp_path: Path) -> None:
    """Files may grow to 8 blocks, as on a full disk: torch hides that behind an exception of its own."""
    arguments = ["train", "333132", "--epochs", "1", "--channels", "8", "--out", str(tmp_path / "o"), "--device", "cpu"]
    code = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096));"
    code += "from nasbench.cli.main import main; main(sys.argv[1:])"
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "checkpoint.pt cannot be read or written (File too large)" in done.stderr.splitlines()[-1]
    assert not list(tmp_path.rglob("o/*"))  # no half of a file is left


def test_options_are_read_as_what_they_look_like() -> None:
    read = live_options.parse_options(["order=2", "rate=0.5", "gradient=false", "name=text"])
    assert read == {"order": 2, "rate": 0.5, "gradient": False, "name": "text"}
    with pytest.raises(NasbenchError, match="NAME=VALUE"):
        live_options.parse_options(["order"])


def test_tasks_are_listed_without_loading_them() -> None:
    assert {row["name"] for row in commands.list_tasks()} >= {"digits", "cifar10", "co2"}


def test_commands_import_torch_only_when_they_run() -> None:
    code = "import sys; import nasbench.live.experiment.commands; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_torch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    app = typer.Typer()
    app.command()(commands.search)
    with pytest.raises(NasbenchError, match="nas-verify\\[live\\]"):
        CliRunner().invoke(app, ["digits"], catch_exceptions=False)


def test_resnet18_has_the_known_number_of_parameters() -> None:
    with torch.device("meta"):
        network = ResNet18(TaskShape(2, 3, 32, 10))
    assert sum(p.numel() for p in network.parameters()) == 11_173_962
