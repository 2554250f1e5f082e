"""Evidence at tiny size: rehearsed as on a rented machine, stopped anywhere and resumed, bound to plan and sources, judged."""

from __future__ import annotations

import ast
import json
import math
import os
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nasbench.files.locks import only_writer
from nasbench.files.sealed import write_sealed
from nasbench.live.evidence import __main__ as command
from nasbench.live.evidence import plans, registration, run
from nasbench.live.evidence.clock import Clock, TimeBudgetExhaustedError
from nasbench.live.evidence.cost import H200_RATE, H200_SHARE, cost, duration, extrapolated_accuracy
from nasbench.live.evidence.record import new_record, read_record, write_record
from nasbench.live.evidence.sources import DECIDING, ROOT, deciding_files, sources_digest
from nasbench.live.evidence.summary import judge, summarise
from nasbench.live.experiment import training_benchmark as benchmark
from nasbench.live.networks.builders import ConvNetworks
from nasbench.live.tasks import cifar10
from nasbench.live.training.standalone import build_trainer
from nasbench.spaces.convnet import AIRBENCH96

from small_cifar import believe, small_files

ABSENT = ("platformdirs", "tomli_w", "moocore", "pooch", "pymoo", "optuna", "flwr", "dask", "pydantic", "distributed")
"""Modules that the machine with the GPU lacks."""

REHEARSAL = textwrap.dedent(
    """
    import json, sys
    from pathlib import Path

    class Absent:
        def find_spec(self, name, path=None, target=None):
            if name.split(".")[0] in ABSENT:
                raise ModuleNotFoundError(name, name=name)

    sys.meta_path.insert(0, Absent())
    import importlib.metadata
    asked = importlib.metadata.entry_points
    def entry_points(**named):
        assert not named.get("group", "").startswith("nasbench"), "nothing of the suite is installed there"
        return asked(**named)
    importlib.metadata.entry_points = entry_points
    import torch
    torch.set_num_threads(1)
    from small_cifar import believe, small_files
    believe(small_files())
    from nasbench.live.evidence import __main__ as command
    from nasbench.live.evidence.clock import Clock, TimeBudgetExhaustedError
    from nasbench.live.evidence.record import read_record

    allowed = 0
    def within(clock):
        global allowed
        allowed -= 1
        if allowed < 0:
            raise TimeBudgetExhaustedError
    Clock.__call__ = within

    root = Path(sys.argv[1])
    for epochs in (2, 4, 4, 2, 99):
        allowed = epochs
        status = command.main(["--rehearsal", "--device", "cpu", "--data", str(root / "parts"), "--out", str(root / "out"),
                               "--work", str(root / "work"), "--threads", "1"])
        record = read_record(root / "out" / "rehearsal.json")
        done = [f"{t['kind']} {t['seed']}" for t in record["trainings"]]
        print(json.dumps([status, record["search"] is not None, done, record["summary"]["verdict"]]), file=sys.stderr)
    """
)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two parts of a tiny CIFAR-10, which the task takes for the real one."""
    files = small_files()
    believe(files, monkeypatch.setattr)
    cifar10.pack(files, 2, tmp_path / "parts")
    return tmp_path / "parts"


def arguments(data: Path, folder: Path) -> list[str]:
    where = ["--data", str(data), "--out", str(folder / "out"), "--work", str(folder / "work")]
    return ["--rehearsal", "--device", "cpu", "--threads", "1", *where]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> plans.EvidenceConfig:
    """The rehearsal without a compiler, and with one seed."""
    plan = replace(plans.REHEARSAL, recipe=replace(plans.REHEARSAL.recipe, compile=False), seeds=(0,))
    monkeypatch.setattr(command, "REHEARSAL", plan)
    return plan


def test_the_whole_path_is_rehearsed_as_on_a_bare_machine_and_ended_in_every_phase(data: Path, tmp_path: Path) -> None:
    """bfloat16, channels-last and the compiler are on, the image's missing modules blocked, data joined from two parts."""
    script = REHEARSAL.replace("ABSENT", repr(ABSENT))
    support = Path(__file__).parents[1] / "support"
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT.parent), str(support)]),
        "NASBENCH_CACHE": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("[")]
    whole = ["found 0", "found 1", "resnet18 0", "random 0", "resnet18 1", "random 1"]
    assert [line[:3] for line in lines] == [
        [3, False, []],
        [3, True, []],
        [3, True, ["found 0", "found 1"]],
        [3, True, ["found 0", "found 1", "resnet18 0"]],
        [0, True, whole],
    ]
    assert "continues without it" not in done.stderr  # the compiler
    record = read_record(tmp_path / "out" / "rehearsal.json")
    assert record["search"]["environment"]["device_type"] == "cpu" and len(record["search"]["queries"]) == 5
    assert all(t["test_error_with_views"] is not None and len(t["curve"]) == 2 for t in record["trainings"])
    assert record["summary"]["verdict"] == "incomplete"  # two seeds decide nothing


def test_evidence_stops_at_any_epoch_and_goes_on_from_there(
    data: Path, tmp_path: Path, quick: plans.EvidenceConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command.main(arguments(data, tmp_path / "whole")) == 0
    allowed = 0

    def within(_: Clock) -> None:
        nonlocal allowed
        allowed -= 1
        if allowed < 0:
            raise TimeBudgetExhaustedError

    monkeypatch.setattr(Clock, "__call__", within)
    calls, status = 0, 3
    while status == 3:
        calls, allowed = calls + 1, 1  # one epoch a call
        status = command.main(arguments(data, tmp_path / "parts"))
    assert status == 0 and calls == 5 + 3 * 2
    whole, parts = (read_record(tmp_path / name / "out" / "rehearsal.json") for name in ("whole", "parts"))
    for record in (whole, parts):
        for row in [*record["search"]["queries"], *record["trainings"]]:
            for measured in [key for key in row if "seconds" in key or "latency" in key or key == "curve"]:
                del row[measured]
    assert whole["search"]["queries"] == parts["search"]["queries"]
    assert [(t["test_error"], t["architecture"]) for t in whole["trainings"]] == [
        (t["test_error"], t["architecture"]) for t in parts["trainings"]
    ]


def test_the_random_member_has_about_as_many_multiply_accumulates(
    data: Path, tmp_path: Path, quick: plans.EvidenceConfig
) -> None:
    splits = cifar10.splits(cifar10.from_path(data))
    record = new_record(quick.as_dict(), sources_digest(), None)
    clock = Clock(math.inf, 1.0, print)
    one = run.EvidenceRun(quick, cifar10.TASK, splits, torch.device("cpu"), tmp_path / "r.json", record, None, clock)
    found = one._space.from_string(AIRBENCH96)
    members = [one.random_member(found, seed) for seed in range(20)]
    assert np.array_equal(members[3], one.random_member(found, 3)) and len({m.tobytes() for m in members}) > 10
    sizes = one._macs(np.array([found, *members]))
    assert (np.abs(sizes / sizes[0] - 1) <= 0.05).all() and not any(np.array_equal(found, m) for m in members)


def test_compiled_networks_start_anew_for_each_seed(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "compile_network", lambda network: network.forward)
    plan = plans.REHEARSAL
    splits = cifar10.splits(cifar10.from_path(data))
    record = new_record(plan.as_dict(), sources_digest(), None)
    clock = Clock(math.inf, 1.0, print)
    one = run.EvidenceRun(plan, cifar10.TASK, splits, torch.device("cpu"), tmp_path / "r.json", record, None, clock)
    found = one._space.from_string(AIRBENCH96)
    states = []
    for seed in (0, 1, 0):
        _, network, forward = one._network("found", seed, found, replace(plan.recipe, seed=seed))
        states.append({name: value.clone() for name, value in network.state_dict().items()})
        assert forward is not None
        with torch.no_grad():
            next(p for p in network.parameters() if p.requires_grad).add_(1.0)  # as if it had been trained
    assert len(one.networks) == 1
    assert all(torch.equal(states[0][name], states[2][name]) for name in states[0])
    assert not all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_a_network_that_diverges_is_recorded_and_the_others_are_trained(
    data: Path, tmp_path: Path, quick: plans.EvidenceConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = run.EvidenceRun._network

    def diverging(self: run.EvidenceRun, kind: Any, seed: int, found: Any, recipe: Any) -> Any:
        name, network, forward = real(self, kind, seed, found, recipe)
        if kind == "resnet18":
            torch.nn.init.constant_(next(network.parameters()), math.nan)
        return name, network, forward

    monkeypatch.setattr(run.EvidenceRun, "_network", diverging)
    assert command.main(arguments(data, tmp_path)) == 0
    record = read_record(tmp_path / "out" / "rehearsal.json")
    assert [(t["kind"], "failed" in t) for t in record["trainings"]] == [
        ("found", False),
        ("resnet18", True),
        ("random", False),
    ]
    row = record["summary"]["networks"]["resnet18"]
    assert row["failed"] == 1 and row["n"] == 0 and row["verdict"] == "incomplete"


def test_a_network_that_diverges_in_the_search_is_wrong_of_all_and_the_search_goes_on(
    data: Path, tmp_path: Path, quick: plans.EvidenceConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    def diverging(*arguments: Any, **named: Any) -> Any:
        nonlocal asked
        asked += 1
        made = build_trainer(*arguments, **named)
        if asked == 2:
            torch.nn.init.constant_(list(made.network.parameters())[-1], math.nan)
        return made

    monkeypatch.setattr(benchmark, "build_trainer", diverging)
    monkeypatch.setattr(plans.EvidenceConfig, "order", lambda self: iter(()))
    assert command.main(arguments(data, tmp_path)) == 0
    search = read_record(tmp_path / "out" / "rehearsal.json")["search"]
    assert [row["search_error"] for row in search["queries"]][1] == 100.0 and len(search["queries"]) == 5
    assert search["architecture"] != search["queries"][1]["architecture"]


def test_what_the_compiler_failed_at_it_is_not_asked_again(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torch._dynamo.exc import TorchDynamoException

    asked = 0

    def fails(x: Any) -> Any:
        nonlocal asked
        asked += 1
        raise TorchDynamoException("no compiler here")

    monkeypatch.setattr(run, "compile_network", lambda network: fails)
    plan, splits = plans.REHEARSAL, cifar10.splits(cifar10.from_path(data))
    record = new_record(plan.as_dict(), sources_digest(), None)
    clock = Clock(math.inf, 1.0, print)
    one = run.EvidenceRun(plan, cifar10.TASK, splits, torch.device("cpu"), tmp_path / "r.json", record, None, clock)
    found = one._space.all[0]
    assert all("test_error" in one._train("found", seed, found) for seed in (0, 1))
    assert asked == 1


def test_one_process_at_a_time_writes(
    data: Path, tmp_path: Path, quick: plans.EvidenceConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    for held in ("out", "work"):
        with only_writer(tmp_path / held):
            assert command.main(arguments(data, tmp_path)) == 2
        assert f"Another process is writing {tmp_path / held}" in capsys.readouterr().err
    (tmp_path / "work").write_text("a file")
    assert command.main(arguments(data, tmp_path)) == 2
    assert "is a file; results need a folder" in capsys.readouterr().err


@pytest.mark.parametrize("device", ["tpu", "cpus", "", "meta"])
def test_a_device_without_a_plan_is_one_sentence(device: str, capsys: pytest.CaptureFixture[str]) -> None:
    for mode in (["--plan"], ["--rehearsal"], ["--rehearsal", "--plan"], ["--register"]):
        assert command.main([*mode, "--device", device]) == 2
        assert "There is no plan for the device" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda parts: next(iter(sorted(parts.iterdir()))).unlink(), "part"),
        (lambda parts: next(iter(sorted(parts.iterdir()))).write_bytes(b"nonsense"), "part"),
        (lambda parts: [path.unlink() for path in parts.iterdir()], "has no data_batch_1.bin"),
    ],
)
def test_bad_data_is_one_sentence(
    data: Path,
    tmp_path: Path,
    quick: plans.EvidenceConfig,
    spoil: Any,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spoil(data)
    assert command.main(arguments(data, tmp_path)) == 2
    error = capsys.readouterr().err
    assert message in error and error.startswith("evidence: ") and len(error.splitlines()) == 1


def test_evidence_of_another_run_is_refused_and_kept(
    data: Path,
    tmp_path: Path,
    quick: plans.EvidenceConfig,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "out" / "rehearsal.json"

    def refused(message: str) -> None:
        before = path.read_bytes()
        capsys.readouterr()
        assert command.main(arguments(data, tmp_path)) == 2
        assert message in capsys.readouterr().err and path.read_bytes() == before

    path.parent.mkdir()
    path.write_text("{")
    refused("is no evidence")
    write_record(path, new_record(replace(quick, queries=6).as_dict(), sources_digest(), None))
    refused("its settings differ")
    write_record(path, new_record(quick.as_dict(), "0" * 64, None))
    refused("its sources differ")
    write_sealed(path, {"format": 1})
    refused("another format")
    path.unlink()
    # A deadline that is too short for one epoch leaves a valid, empty file.
    assert command.main([*arguments(data, tmp_path), "--minutes", "1e-9"]) == 3
    assert read_record(path)["trainings"] == [] and "the same command resumes" in capsys.readouterr().err
    for wrong in (["--minutes", "nan"], ["--minutes", "-1"], ["--threads", "0"]):
        assert command.main([*arguments(data, tmp_path), *wrong]) == 2
    if not torch.cuda.is_available():
        assert command.main(["--device", "cuda"]) == 2 and "no such GPU" in capsys.readouterr().err
    assert command.main(["--device", "tpu"]) == 2


def test_an_interrupted_call_says_how_to_go_on(
    data: Path,
    tmp_path: Path,
    quick: plans.EvidenceConfig,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupted(_: Clock) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Clock, "__call__", interrupted)
    assert command.main(arguments(data, tmp_path)) == 130
    assert "the same command resumes" in capsys.readouterr().err
    assert read_record(tmp_path / "out" / "rehearsal.json")["search"] is None


def test_the_plan_of_the_gpu_fits_seven_minutes() -> None:
    spent = cost(plans.GPU, 45_000, 5_000, rate=H200_SHARE * H200_RATE)
    assert spent.rate is not None and spent.total / spent.rate <= 7 * 60 and spent.search / spent.rate <= 100
    # 6 operations for a multiply-accumulate, an image and an epoch.
    assert spent.seed == 6 * 580e6 * 50_000 * plans.GPU.recipe.epochs
    assert spent.search == 6 * 580e6 * 45_000 * 4 * 30
    assert "PFLOP" in str(spent) and duration(90) == "90 s" and duration(7200) == "2.0 h"


def test_a_plan_is_printed_without_its_device_or_data(capsys: pytest.CaptureFixture[str]) -> None:
    for device in ("cuda", "cpu"):
        assert command.main(["--device", device, "--threads", "1", "--plan"]) == 0
        printed = json.loads(capsys.readouterr().out)
        assert printed["plan"]["name"] == plans.PLANS[device].name and printed["expected"]["total_seconds"] > 0


def test_the_plan_of_the_cpu_is_a_search_of_hours_and_seeds_of_nine_petaflop() -> None:
    spent = cost(plans.CPU, 45_000, 5_000)
    assert 8.5e15 <= spent.seed <= 9.5e15 and 4e15 <= spent.search <= 5e15
    assert not plans.CPU.recipe.compile and plans.CPU.recipe.precision == "bfloat16"


def test_the_anchor_is_a_member_of_both_spaces() -> None:
    for plan in plans.PLANS.values():
        space = ConvNetworks(plan.space).make_space()
        assert space.is_feasible(space.from_string(AIRBENCH96))


def test_the_clock_says_how_long_the_rest_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    times = iter([0.0, 30.0, 90.0, 1000.0])
    monkeypatch.setattr("time.monotonic", lambda: next(times))
    clock = Clock(1000.0, 40e12, said.append)
    clock.expect(1e12)
    for _ in range(3):
        clock()
    assert said == ["0.0222 TFLOP/s; at most 28.5 min left, search and deciding seeds"]
    with pytest.raises(TimeBudgetExhaustedError):
        clock()


def test_the_clock_leaves_out_what_an_earlier_call_did() -> None:
    clock = Clock(math.inf, 40.0, print)
    clock.expect(2.0)
    clock.skip(15)
    assert clock.left == 10.0


def test_every_source_that_a_run_imports_decides_or_is_known_not_to() -> None:
    """A module that comes in between a plan and its outcome must not change unseen."""
    decided = {path.relative_to(ROOT.parent).as_posix() for path in deciding_files()}
    assert decided and all((ROOT / name).exists() for name in DECIDING)
    tree = ast.parse((ROOT / "live" / "evidence" / "run.py").read_text(encoding="utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    own = {m.replace(".", "/") + ".py" for m in modules if m.startswith("nasbench.")}
    aside = {
        "nasbench/live/networks/space_networks.py",  # networks of other spaces
        "nasbench/live/hardware/torch_device.py",
        "nasbench/live/evidence/clock.py",
        "nasbench/live/evidence/cost.py",
        "nasbench/live/evidence/record.py",
        "nasbench/live/experiment/evaluation_cache.py",
        "nasbench/live/hardware/throughput.py",
    }
    assert own - decided == aside, (own - decided) ^ aside


def test_a_change_of_one_deciding_source_changes_the_digest(tmp_path: Path) -> None:
    for path in deciding_files():
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    assert sources_digest(tmp_path) == sources_digest()
    changed = tmp_path / "hybrid" / "acquisition.py"
    changed.write_bytes(changed.read_bytes() + b"\n")
    assert sources_digest(tmp_path) != sources_digest()


def test_the_verdict_needs_three_seeds_and_the_bound() -> None:
    assert judge([96.4, 96.5, 96.45], 96.2)["verdict"] == "holds"
    assert judge([96.0, 96.5, 96.9], 96.2)["verdict"] == "not shown"
    assert judge([96.0, 96.1, 96.05], 96.2)["verdict"] == "fails"
    assert judge([97.0, 97.0], 96.2)["verdict"] == "incomplete"
    assert judge([97.0, 97.0, 97.1], 96.2, seeds=5)["verdict"] == "incomplete"
    assert judge([], 96.2)["verdict"] == "incomplete"
    row = judge([96.0, 97.0, 98.0], 96.2)
    assert row["lower_95"] == pytest.approx(97.0 - 2.919986 / 3**0.5, abs=1e-5)


def test_further_seeds_are_in_no_bound() -> None:
    trainings = [{"kind": "found", "seed": seed, "test_error": 4.0} for seed in (0, 1, 2, 3)]
    summary = summarise(trainings, 96.2, [0, 1, 2])
    assert summary["networks"]["found"]["n"] == 3 and summary["verdict"] == "fails"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_the_rehearsal_runs_on_a_gpu(data: Path, tmp_path: Path) -> None:
    where = ["--data", str(data), "--out", str(tmp_path / "out")]
    assert command.main(["--rehearsal", "--device", "cuda", *where]) == 0
    record = read_record(tmp_path / "out" / "rehearsal.json")
    assert record["trainings"][0]["environment"]["device_type"] == "cuda"


def test_the_extrapolation_goes_through_the_published_runs() -> None:
    for petaflop, accuracy in ((0.36, 94.01), (1.4, 95.01), (4.9, 96.03)):
        assert extrapolated_accuracy(petaflop * 1e15) == pytest.approx(accuracy, abs=0.2)


def test_an_installed_package_is_not_written_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(registration.FOLDER.parents[1])
    assert command.default_out() == Path("reports/evidence"), "the place that scripts use, in a checkout"
    monkeypatch.chdir(tmp_path)
    assert command.default_out() == Path("results/evidence")
