"""ONNX files say what torch says, small ones cost what is reported, and what cannot be held is named."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import typer
from torch import nn
from typer.testing import CliRunner

from nasbench.errors import NasbenchError
from nasbench.live.deployment import onnx_export as deploying
from nasbench.live.deployment import onnx_file
from nasbench.live.deployment import quantization as quantised
from nasbench.live.deployment.onnx_file import to_onnx
from nasbench.live.deployment.runtime import OnnxModel, executed_operations, largest_difference, peak_memory
from nasbench.live.experiment import commands
from nasbench.live.experiment import export_command as deployment_commands
from nasbench.live.networks.space_networks import get_cell_networks
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.tasks.shape import TaskShape
from nasbench.live.tasks.task import Splits, Task
from nasbench.live.training.batches import DeviceSplit
from nasbench.live.training.recipe import SMALL
from nasbench.live.training.standalone import train_standalone
from nasbench.live.training.training import Trained

onnx = pytest.importorskip("onnx", reason="needs the extra edge")
pytest.importorskip("onnxruntime", reason="needs the extra edge")
CPU = torch.device("cpu")
IMAGE, SERIES, TEXT = (
    TaskShape(2, 3, 8, 10),
    TaskShape(1, 1, 24, 12, "forecasting"),
    TaskShape(1, 1, 16, 6, vocabulary=50),
)


def shuffled(network: nn.Module) -> nn.Module:
    """The network with distinct random weights and statistics, in evaluation mode."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for tensor in network.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(torch.rand(tensor.shape, generator=generator) * 0.4 + 0.1)
    return network.eval()


@pytest.fixture(scope="module")
def digits() -> tuple[Task, Splits, Trained]:
    task = get_task("digits")
    splits = task.load().reduced(600, 64)
    cell = np.array([3, 3, 3, 1, 3, 2], np.int8)
    return task, splits, train_standalone(task, splits, "nas-bench-201", cell, replace(SMALL, epochs=4), CPU)


@pytest.mark.parametrize("shape", [IMAGE, SERIES, TEXT], ids=["image", "series", "text"])
@pytest.mark.parametrize("space", ["nas-bench-201", "darts", "hierarchical"])
def test_the_file_answers_as_torch_does_for_batches_of_any_size(space: str, shape: TaskShape) -> None:
    plan = get_cell_networks(space)
    where = plan.make_space()
    generator = torch.Generator().manual_seed(1)
    for architecture in where.sample(np.random.default_rng(2).random((2, where.d))):
        network = shuffled(plan.build_standalone(architecture, shape, 4, 3 if space == "darts" else 1))
        model = OnnxModel(to_onnx(network, shape))
        for n in (1, 5):
            size = (n, shape.size) if shape.vocabulary else (n, shape.channels, *(shape.size,) * shape.dims)
            x = (
                torch.randint(50, size, generator=generator)
                if shape.vocabulary
                else torch.randn(size, generator=generator)
            )
            assert largest_difference(model, network, x) < deploying.TOLERANCE


def test_a_cell_through_which_nothing_flows_is_a_file_too() -> None:
    network = shuffled(get_cell_networks("nas-bench-201").build_standalone(np.zeros(6, np.int8), IMAGE, 4, 1))
    assert (
        largest_difference(OnnxModel(to_onnx(network, IMAGE)), network, torch.randn(3, 3, 8, 8)) < deploying.TOLERANCE
    )


def test_the_file_holds_what_inference_needs_alone() -> None:
    """No path of this machine, no normalisation behind a convolution, and no weights of a dead edge."""
    plan = get_cell_networks("nas-bench-201")
    dead, live = (np.array(cell, np.int8) for cell in ([3, 0, 0, 3, 0, 0], [0, 0, 0, 3, 0, 0]))
    files = [to_onnx(shuffled(plan.build_standalone(cell, IMAGE, 8, 1)), IMAGE) for cell in (dead, live)]
    assert abs(len(files[0]) - len(files[1])) < 64
    assert str(Path(__file__).parents[3]).encode() not in files[0]
    model = onnx.load_from_string(files[0])
    onnx.checker.check_model(model)
    assert "BatchNormalization" not in {node.op_type for node in model.graph.node}
    assert model.opset_import[0].version == onnx_file.OPSET


def test_a_file_that_answers_otherwise_is_not_written(
    digits: tuple[Task, Splits, Trained], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(network: nn.Module, shape: TaskShape) -> bytes:
        state = {k: v.clone() for k, v in network.state_dict().items()}
        head = next(m for m in network.modules() if isinstance(m, nn.Linear))
        with torch.no_grad():
            head.bias.add_(0.01)
        try:
            return to_onnx(network, shape)
        finally:
            network.load_state_dict(state)

    monkeypatch.setattr(deploying, "to_onnx", faulty)
    with pytest.raises(NasbenchError, match=r"more than the 0\.0001 allowed; nothing was written"):
        deploying.deploy(*digits, tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())


def test_an_operation_that_onnx_cannot_hold_is_named() -> None:
    class Bessel(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.special.bessel_j0(x)

    with pytest.raises(NasbenchError, match=r"ONNX cannot hold the operation aten::special_bessel_j0"):
        to_onnx(Bessel(), IMAGE)


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_a_package_that_is_missing_names_the_extra(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    app = typer.Typer()
    app.command()(deployment_commands.export)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(NasbenchError, match=rf"needs the package {package}, .*nas-verify\[edge\]"):
        CliRunner().invoke(app, ["0", "--task", "digits", "--onnx", "network.onnx"], catch_exceptions=False)


def test_int8_is_calibrated_on_training_examples_and_costs_little(digits: tuple[Task, Splits, Trained]) -> None:
    task, splits, trained = digits
    train, test = DeviceSplit(splits.train, task, CPU), DeviceSplit(splits.test, task, CPU)
    calibration = quantised._Calibration(train)
    seen = [batch[onnx_file.INPUT] for batch in iter(calibration.get_next, None)]
    np.testing.assert_array_equal(np.concatenate(seen), train.cut(slice(0, quantised.EXAMPLES))[0].numpy())
    content = to_onnx(trained.network, task.shape)
    small = quantised.quantised(content, train)
    assert len(small) < 0.6 * len(content)
    kinds = {weight.data_type for weight in onnx.load_from_string(small).graph.initializer if len(weight.dims) == 4}
    assert kinds == {onnx.TensorProto.INT8}
    error, small_error = (OnnxModel(c).score(task.shape, test) for c in (content, small))
    assert error < 50.0 and abs(small_error - error) < 15.0
    x = test.cut(slice(0, 100))[0]
    assert 1e-4 < largest_difference(OnnxModel(small), trained.network.eval(), x) < 1.0


def test_what_is_reported_is_what_was_written(digits: tuple[Task, Splits, Trained], tmp_path: Path) -> None:
    row = deploying.deploy(*digits, tmp_path / "net.onnx", int8=True)
    assert row["bytes"] == (tmp_path / "net.onnx").stat().st_size
    assert row["int8_bytes"] == (tmp_path / "net.int8.onnx").stat().st_size
    assert row["test_error_onnx"] == pytest.approx(
        row["test_error"], abs=0.6
    )  # at most a prediction or two on the edge
    assert row["int8_error_added"] == pytest.approx(row["int8_test_error"] - row["test_error_onnx"])
    assert 0 < row["latency_ms_onnx_1_thread"] < 1000 and row["counted_memory_bytes"] > 4 * 10_000
    slower = row["int8_latency_ms_onnx_1_thread"] > row["latency_ms_onnx_1_thread"]
    assert bool(row["int8_latency_note"]) == slower
    plain, small = ((tmp_path / name).read_bytes() for name in ("net.onnx", "net.int8.onnx"))
    note = deploying.slower_because(plain, small, 0.5, 2.0)
    assert note.startswith("int8 is slower here, 2 ms against 0.5: ") and "conversions" in note
    assert deploying.slower_because(plain, small, 2.0, 0.5) == ""
    assert len(executed_operations(small)) > len(executed_operations(plain))


def test_a_larger_network_takes_more_memory_by_about_its_weights(tmp_path: Path) -> None:
    sizes, taken = [], []
    for channels in (4, 64):
        network = shuffled(
            get_cell_networks("nas-bench-201").build_standalone(np.full(6, 3, np.int8), IMAGE, channels, 1)
        )
        path = tmp_path / f"{channels}.onnx"
        path.write_bytes(to_onnx(network, IMAGE))
        sizes.append(path.stat().st_size)
        taken.append(peak_memory(path))
    if taken[0] is None or taken[1] is None:
        pytest.skip("this system does not tell how much memory a process has")
    assert 0.7 * (sizes[1] - sizes[0]) < taken[1] - taken[0] < 6 * (sizes[1] - sizes[0])


def app() -> typer.Typer:
    result = typer.Typer(pretty_exceptions_enable=False)
    result.command("train")(commands.train)
    result.command("export")(deployment_commands.export)
    return result


def call(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(app(), [*arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    (row,) = json.loads(result.stdout)[f"{arguments[0]}s" if arguments[0] == "export" else "trainings"]
    return dict(row)


def test_the_command_takes_what_train_left_and_refuses_what_does_not_fit(tmp_path: Path) -> None:
    folder, file = tmp_path / "trained", tmp_path / "a.onnx"
    trained = call("train", "333132", "--epochs", "1", "--channels", "4", "--out", str(folder))
    row = call("export", "333132", "--checkpoint", str(folder), "--onnx", str(file))
    assert row["test_error"] == trained["test_error"] and row["bytes"] == file.stat().st_size
    for arguments, message in (
        (["333133", "--checkpoint", str(folder)], "written for another architecture"),
        (["333132", "--checkpoint", str(folder), "--epochs", "2"], "brings its own recipe"),
        (["333132", "--checkpoint", str(tmp_path)], "holds no checkpoint.pt"),
        (["333132", "--onnx", str(tmp_path)], "is a folder"),
        (["333132", "--onnx", str(tmp_path / "nowhere" / "a.onnx")], "its folder is not there"),
    ):
        target = [] if "--onnx" in arguments else ["--onnx", str(tmp_path / "b.onnx")]
        with pytest.raises(NasbenchError, match=message):
            CliRunner().invoke(app(), ["export", *arguments, *target], catch_exceptions=False)
    assert not (tmp_path / "b.onnx").exists()
