"""A user's operations in cells and in the space of sequences: found, searched, trained, exported; refused in one sentence."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nasbench.cli.main import status
from nasbench.errors import NasbenchError
from nasbench.live.hardware.counting import parameters
from nasbench.live.networks import own_operations
from nasbench.live.networks.builders import get_networks
from nasbench.live.networks.operations import Style
from nasbench.live.networks.own_operations import find_operation
from nasbench.live.networks.space_networks import SpaceNetworks, get_cell_networks
from nasbench.live.supernets.supernet import Supernet, vertex
from nasbench.live.tasks.shape import TaskShape
from nasbench.spaces.catalogue import get_space

MODULE = """
from torch import nn

def gated_conv(style, channels, stride):
    return nn.Sequential(style.convolution(channels, 2 * channels, 3), nn.GLU(dim=1), style.norm(channels))

def wider(style, channels, stride):
    return style.convolution(channels, 2 * channels, 3)

def number(style, channels, stride):
    return 3

def two_arguments(style, channels):
    return nn.Identity()

def images_alone(style, channels, stride):
    return nn.Conv2d(channels, channels, 3, padding=1)

none = gated_conv
words = "gated"
"""
SPACE = "nas-bench-201+operations_of_a_user:gated_conv"
SIZES = ["--epochs", "1", "--channels", "4", "--cells", "1"]


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a module with operations, from which it can be imported."""
    (tmp_path / "operations_of_a_user.py").write_text(MODULE)
    np.savez(tmp_path / "own.npz", x=np.random.default_rng(0).random((40, 8, 8)), y=np.arange(40) % 4)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_one_is_searched_trained_and_exported(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*command: str) -> Any:
        assert status([*command, "--json"]) == 0, capsys.readouterr().err
        return json.loads(capsys.readouterr().out)

    task = f"npz:{module / 'own.npz'}"
    cell = "gated_conv,none,none,skip_connect,none,gated_conv"
    found = run("search", task, "--space", SPACE, "--queries", "2", *SIZES)["searches"][0]
    assert found["space"] == SPACE and found["architecture"].count(",") == 5
    shared = run("search", task, "--space", SPACE, "--optimizer", "gaea", "--search-epochs", "1", *SIZES)
    assert shared["searches"][0]["architecture"].count(",") == 5
    trained = run("train", cell, "--space", SPACE, "--task", task, *SIZES)["trainings"][0]
    empty = get_cell_networks(SPACE).build_standalone(np.zeros(6, np.int8), TaskShape(2, 1, 8, 4), 4, 1)
    assert trained["parameters"] - parameters(empty) == 2 * sum(3 * 3 * 2 * c * c + 2 * c for c in (4, 8, 16))
    path = module / "net.onnx"
    run("export", cell, "--space", SPACE, "--task", task, "--onnx", str(path), *SIZES)
    assert path.stat().st_size > 1000


def test_a_supernet_with_one_computes_its_cells_bit_for_bit() -> None:
    networks = get_cell_networks(SPACE)
    space = networks.make_space()
    cell = space.from_string("gated_conv,skip_connect,nor_conv_1x1,none,gated_conv,avg_pool_3x3")
    net = Supernet(networks, TaskShape(2, 1, 8, 3), 4, 1).eval()
    x = torch.randn(3, 1, 8, 8)
    torch.testing.assert_close(net.at(x, vertex(cell, 6)), net.extract(cell).eval()(x), rtol=0, atol=0)


def test_a_layer_of_a_sequence_is_one() -> None:
    networks = get_networks("sequence+operations_of_a_user:gated_conv")
    space = networks.make_space()
    assert space.size == 4 / 3 * get_space("sequence").size
    text = "width-16,2-layers,gated_conv,dilation-doubles,batch-norm,max,dropout-0.2,no-shortcut"
    architecture = space.from_string(text)
    assert space.to_string(space.canonical(architecture)) == text.replace("dilation-doubles,batch", "no-dilation,no")
    for shape in (TaskShape(1, 1, 12, 3, vocabulary=40), TaskShape(1, 2, 20, 4, "forecasting")):
        network = networks.build_standalone(architecture, shape, 8, 1)
        x = torch.randint(40, (5, 12)) if shape.vocabulary else torch.randn(5, 2, 20)
        assert network(x).shape == (5, shape.outputs)
        assert sum(isinstance(module, torch.nn.GLU) for module in network.modules()) == 2


def test_a_package_registers_one(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("gated", "operations_of_a_user:gated_conv", own_operations.GROUP)
    monkeypatch.setattr(own_operations, "points", lambda group: {"gated": point})
    networks = get_cell_networks("nas-bench-201+gated+operations_of_a_user:images_alone")
    assert isinstance(networks, SpaceNetworks) and networks.names[-2:] == ["gated", "images_alone"]
    with pytest.raises(NasbenchError, match="did you mean 'gated'"):
        find_operation("gatd")


def test_trying_one_leaves_the_initial_weights_alone() -> None:
    own_operations._try.cache_clear()
    operation, style = find_operation("operations_of_a_user:gated_conv"), Style()
    made = []
    for _ in range(2):  # tried the first time alone
        torch.manual_seed(0)
        made.append(operation(style, 4, 1)[0].weight)  # type: ignore[index]
    assert torch.equal(*made)


@pytest.mark.parametrize(
    ("space", "fault"),
    {
        "nas-bench-201+operations_of_a_user:wider": r"maps an input of shape \(2, 4, 8, 8\) to \(2, 8, 8, 8\); it should be",
        "nas-bench-201+operations_of_a_user:number": "returns int; it should be a function",
        "nas-bench-201+operations_of_a_user:two_arguments": "cannot be built for 4 channels",
        "nas-bench-201+operations_of_a_user:words": "is str; it should be a function",
        "nas-bench-201+operations_of_a_user:none": "Two operations are named 'none'",
        "nas-bench-201+operations_of_a_user:nothing": "has no 'nothing'",
        "nas-bench-201+gated": "no operation named 'gated' .* write MODULE:ATTR",
        "nas-bench-201+": "'' names no operation",
        "darts+operations_of_a_user:gated_conv": "'darts' takes no further operations; nas-bench-201 and sequence do",
    }.items(),
)
def test_one_that_is_wrong_is_refused_in_one_sentence(
    space: str, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(NasbenchError, match=fault):
        get_networks(space).build_standalone(np.full(6, 5, np.int8), TaskShape(2, 1, 8, 3), 4, 1)
    if "wider" in space:
        assert status(["search", "digits", "--space", space, "--queries", "1", *SIZES]) == 2
        assert capsys.readouterr().err.splitlines()[-1].startswith("nasbench: Operation")
    assert find_operation("operations_of_a_user:images_alone").name.endswith("images_alone")
    with pytest.raises(NasbenchError, match=r"fails on an input of shape \(2, 4, 8\)"):
        find_operation("operations_of_a_user:images_alone")(Style(dims=1), 4, 1)
