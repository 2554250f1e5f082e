"""Networks of the space `convnet`: counts, start, whitening, and every way through which the suite trains alone."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from nasbench.cli.main import status
from nasbench.errors import NasbenchError
from nasbench.live.experiment.config import ExperimentConfig
from nasbench.live.experiment.pareto_search import run_pareto_search
from nasbench.live.experiment.run import run_experiment
from nasbench.live.experiment.training_benchmark import PREDICTED
from nasbench.live.hardware.cost_counters import COUNTED, CostCounters
from nasbench.live.hardware.counting import macs, memory, parameters
from nasbench.live.networks.builders import get_networks
from nasbench.live.networks.convnet import (
    AIRBENCH_START,
    EPSILON,
    ConvNet,
    Start,
    prepare,
    whitening_weights,
)
from nasbench.live.networks.space_networks import get_cell_networks
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.tasks.shape import TaskShape
from nasbench.live.training.recipe import SMALL
from nasbench.live.training.standalone import build_trainer
from nasbench.spaces.catalogue import get_space
from nasbench.spaces.convnet import AIRBENCH96, design_of

CPU = torch.device("cpu")
CIFAR, DIGITS = TaskShape(2, 3, 32, 10), TaskShape(2, 1, 8, 10)
SPACE = get_space("convnet")
ANCHOR = SPACE.from_string(AIRBENCH96)
RECIPE = replace(SMALL, epochs=1, channels=8)
PLAN = ExperimentConfig(
    task="digits",
    space="convnet:8:1",
    optimizer="random_search",
    recipe=RECIPE,
    search_recipe=RECIPE,
    budget={"queries": 2},
    subset_size=(128, 64),
)


def quiet(_: str) -> None:
    """Say nothing."""


def images(n: int, shape: TaskShape = CIFAR) -> torch.Tensor:
    """Smooth images, as pictures are: neighbouring pixels are alike."""
    noise = torch.randn(n, shape.channels, shape.size, shape.size, generator=torch.Generator().manual_seed(0))
    return nn.functional.avg_pool2d(noise, 3, 1, 1) * 2


def test_counts_in_closed_form_are_those_of_200_networks() -> None:
    drawn = SPACE.sample(np.random.default_rng(0).random((200, SPACE.d)))
    plan = get_networks("convnet")
    for shape, some in ((CIFAR, drawn[:60]), (DIGITS, drawn[60:150]), (TaskShape(2, 2, 3, 4), drawn[150:])):
        found = CostCounters(plan, shape, 4, 1)(list(COUNTED), some) * 1e6
        for row, architecture in zip(found, some, strict=True):
            network = plan.build_standalone(architecture, shape, 4, 1)
            counted = [parameters(network), macs(network, shape), memory(network, shape)["total"]]
            np.testing.assert_allclose(row, counted, rtol=1e-12, err_msg=SPACE.to_string(architecture))


def test_airbench96_is_the_network_that_its_authors_describe() -> None:
    network = get_networks("convnet").build_standalone(ANCHOR, CIFAR, 128, 1)
    kinds = [type(m).__name__ for m in network.modules() if not list(m.children())]
    unit = ["Conv2d", "BatchNorm2d"]
    group = ["Conv2d", "MaxPool2d", "BatchNorm2d", "GELU", *unit, "GELU", *unit, "GELU"]
    assert kinds == ["Conv2d", "GELU", *group * 3, "MaxPool2d", "Linear"]
    assert isinstance(network, ConvNet) and network.start == Start(True, True, False, 1 / 9)
    assert [m.out_channels for m in network.modules() if isinstance(m, nn.Conv2d)] == [
        24,
        *[128] * 3,
        *[384] * 3,
        *[512] * 3,
    ]
    assert not any(m.weight.requires_grad for m in network.modules() if isinstance(m, nn.BatchNorm2d))


def test_canonical_forms_compute_the_same_function() -> None:
    drawn = SPACE.sample(np.random.default_rng(3).random((400, SPACE.d)))
    merged = drawn[(SPACE.canonical(drawn) != drawn).any(axis=1)][:8]
    assert len(merged) == 8
    x = images(2, DIGITS)
    for architecture in merged:
        one, other = (
            ConvNet(design_of(a, 4), DIGITS, Start(free_scale=True)).eval()
            for a in (architecture, SPACE.canonical(architecture))
        )
        weights = list(one.state_dict().values())
        other.load_state_dict(dict(zip(other.state_dict(), weights, strict=True)))
        with torch.no_grad():
            assert torch.equal(one(x), other(x))


@pytest.mark.parametrize("shape", [CIFAR, DIGITS], ids=["colour", "grey"])
@pytest.mark.parametrize("kernel", [2, 3])
def test_whitened_patches_have_unit_covariance(shape: TaskShape, kernel: int) -> None:
    x = images(600, shape)
    weights = whitening_weights(x, kernel)
    width = shape.channels * kernel**2
    assert weights.shape == (2 * width, shape.channels, kernel, kernel)
    assert torch.equal(weights[:width], -weights[width:])
    answers = nn.functional.conv2d(x, weights[:width]).transpose(0, 1).reshape(width, -1).double()
    second = answers @ answers.T / answers.shape[1]
    variance = torch.diagonal(second)
    # A direction of variance v comes out with v / (v + EPSILON), strongest first.
    assert ((variance > 0.9) & (variance < 1 + 1e-4)).all() and EPSILON < 1e-3
    assert (second - torch.diag(variance)).abs().max() < 1e-3


def test_whitening_is_a_function_of_the_images_and_of_nothing_else() -> None:
    x = images(50)
    first = whitening_weights(x, 2)
    torch.manual_seed(5)
    assert torch.equal(first, whitening_weights(x, 2))
    torch.testing.assert_close(first, whitening_weights(x.flip(0), 2), rtol=1e-4, atol=1e-4)
    constant = whitening_weights(torch.ones(4, 1, 8, 8), 2)
    assert torch.isfinite(constant).all()


def test_prepare_fills_the_stem_alone_and_only_where_it_whitens() -> None:
    x, design = images(20), design_of(ANCHOR, 4)
    for start, changes in ((AIRBENCH_START, ["stem.weight"]), (Start(), [])):
        network = ConvNet(design, CIFAR, start)
        before = copy.deepcopy(network.state_dict())
        prepare(network, x)
        after = network.state_dict()
        assert [name for name in before if not torch.equal(before[name], after[name])] == changes
    prepare(nn.Linear(2, 2), x)


def test_dirac_start_hands_the_first_inputs_on() -> None:
    network = ConvNet(design_of(ANCHOR, 8), CIFAR, AIRBENCH_START)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d) and layer is not network.stem:
            x = torch.randn(2, layer.in_channels, 6, 6)
            n = min(layer.in_channels, layer.out_channels)
            torch.testing.assert_close(layer(x)[:, :n], x[:, :n])
    plain = ConvNet(design_of(ANCHOR, 8), CIFAR, Start())
    assert plain.stem.weight.requires_grad and all(p.requires_grad for p in plain.parameters())


def test_a_network_copies_saves_and_runs_in_channels_last_and_bfloat16() -> None:
    x = images(4)
    for text in (AIRBENCH96, AIRBENCH96.replace("3x3", "1x1").replace("pool-after", "pool-before")):
        network = ConvNet(design_of(SPACE.from_string(text), 8), CIFAR, AIRBENCH_START)
        prepare(network, x)
        other = ConvNet(network_design := design_of(SPACE.from_string(text), 8), CIFAR, AIRBENCH_START)
        other.load_state_dict(network.state_dict())
        assert int(network_design.stem) == 2
        clone = copy.deepcopy(network)
        assert [p.requires_grad for p in clone.parameters()] == [p.requires_grad for p in network.parameters()]
        wide = clone.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        answers = []
        for net, given in ((network, x), (other, x), (wide, x.contiguous(memory_format=torch.channels_last))):
            y = net(given)
            y.square().sum().backward()
            answers.append(y.detach())
            assert all((p.grad is not None) == p.requires_grad for p in net.parameters())
        assert torch.equal(answers[0], answers[1])
        torch.testing.assert_close(answers[0], answers[2], rtol=1e-4, atol=1e-5)
        with torch.autocast("cpu", torch.bfloat16):
            low = wide(x.contiguous(memory_format=torch.channels_last))
        low.float().sum().backward()
        torch.testing.assert_close(low.detach().float(), answers[0], rtol=0.1, atol=0.05)
        assert not any(
            m.kernel_size == (1, 1) and m.stride != (1, 1) for m in wide.modules() if isinstance(m, nn.Conv2d)
        )


def test_a_training_whitens_learns_and_resumes_bit_for_bit(tmp_path: Path) -> None:
    task = get_task("digits")
    splits = task.load().reduced(160, 32)
    recipe = replace(RECIPE, epochs=2, ema_decay=0.9)

    def run(folder: Path | None, until: int | None = None) -> nn.Module:
        return build_trainer(task, splits, "convnet", ANCHOR, recipe, CPU, folder, False, quiet).run(until).network

    whole = run(None).state_dict()
    run(tmp_path, until=1)
    again = run(tmp_path).state_dict()
    assert all(torch.equal(whole[name], again[name]) for name in whole)
    x = (
        (torch.as_tensor(splits.train.x).float() - task.mean[0]) / task.deviation[0]
        if task.mean
        else torch.as_tensor(splits.train.x)
    )
    torch.testing.assert_close(whole["stem.weight"], whitening_weights(x, 2), rtol=1e-4, atol=1e-4)


def test_the_space_is_searched_by_training_alone_and_its_results_say_cap_and_base() -> None:
    result = run_experiment(PLAN, CPU, None, quiet)
    space = get_space("convnet:8:1")
    assert space.is_feasible(space.from_string(result["architecture"]))
    assert result["space"] == "convnet:8:1" and result["config"]["recipe"]["channels"] == 8
    json.dumps(result)


def test_a_front_counts_in_closed_form() -> None:
    averaged = replace(RECIPE, ema_decay=0.9)  # what is scored is a copy, of which as much is trained
    plan = replace(PLAN, objectives=("error", "parameters", "flops"), optimizer="nsga2", recipe=averaged)
    rows = run_pareto_search(plan, CPU, None, quiet)
    assert rows and all(row["search_parameters"] * 1e6 == pytest.approx(row["parameters"]) for row in rows)
    assert all(row["search_flops"] * 1e6 == pytest.approx(row["macs"]) for row in rows)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"optimizer": "gaea"}, "no edges to share weights on"),
        ({"objectives": ("error", PREDICTED)}, "no objective"),
        (
            {"recipe": replace(RECIPE, channels=12), "search_recipe": replace(RECIPE, channels=12)},
            "counted for 8 channels",
        ),
        ({"recipe": replace(RECIPE, channels=12)}, "counted for 8 channels"),
        ({"space": "convnet", "recipe": replace(RECIPE, channels=10)}, "multiple of 4"),
        ({"space": "convnet:8:0.01"}, "smallest network"),
        ({"task": "co2"}, "classifies images"),
    ],
)
def test_what_the_space_cannot_do_is_refused_in_one_sentence(changes: dict[str, object], message: str) -> None:
    with pytest.raises(NasbenchError, match=message):
        run_experiment(replace(PLAN, **changes), CPU, None, quiet)  # type: ignore[arg-type]
    with pytest.raises(NasbenchError, match="no edges"):
        get_cell_networks("convnet:8:1")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--space", "convnet", "--cells", "2"], "leave out --cells"),
        (["--space", "convnet:8:1", "--channels", "16"], "leave out --channels"),
        (["--space", "convnet:8:1"], "allows 1"),
    ],
)
def test_the_command_line_refuses_what_the_space_does_not_leave_open(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(["train", AIRBENCH96, *arguments]) == 2
    assert message in capsys.readouterr().err


def test_onnx_holds_the_network(tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="needs the extra edge")
    pytest.importorskip("onnxruntime", reason="needs the extra edge")
    from nasbench.live.deployment.onnx_file import to_onnx
    from nasbench.live.deployment.runtime import OnnxModel

    for activation in ("gelu", "silu", "relu"):
        architecture = SPACE.from_string(AIRBENCH96.replace("gelu", activation))
        network = get_networks("convnet").build_standalone(architecture, DIGITS, 4, 1).eval()
        x = images(3, DIGITS)
        with torch.no_grad():
            expected = network(x).numpy()
        answers = OnnxModel(to_onnx(network, DIGITS)).run(x.numpy())
        np.testing.assert_allclose(answers, expected, atol=1e-5)
