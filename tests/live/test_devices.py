"""Devices: settings that all live commands share, and where channels-last layout may be used."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from nasbench.live.hardware.torch_device import channels_last_is_sound, choose_device
from nasbench.live.networks.resnet import ResNet18
from nasbench.live.networks.space_networks import get_cell_networks
from nasbench.live.supernets.supernet import Supernet
from nasbench.live.tasks.shape import TaskShape

CPU = torch.device("cpu")
SHAPE = TaskShape(dims=2, channels=3, size=8, outputs=4)


@pytest.mark.parametrize(("space", "sound"), [("nas-bench-201", True), ("hierarchical", True), ("darts", False)])
def test_channels_last_is_sound_on_the_cpu_where_no_pointwise_convolution_strides(space: str, sound: bool) -> None:
    supernet = Supernet(get_cell_networks(space), SHAPE, 4, 3 if space == "darts" else 1)
    assert channels_last_is_sound(supernet, CPU) is sound
    assert channels_last_is_sound(supernet, torch.device("cuda"))


def test_a_strided_pointwise_convolution_is_found_wherever_it_hides() -> None:
    assert not channels_last_is_sound(ResNet18(SHAPE, 4), CPU)
    assert not channels_last_is_sound(nn.Conv2d(2, 2, 1, (1, 2)), CPU)
    assert channels_last_is_sound(nn.Sequential(nn.Conv2d(2, 2, 2, 2), nn.Conv1d(2, 2, 1, 2)), CPU)


def test_every_gpu_command_trains_with_the_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[str] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", False)
    monkeypatch.setattr(torch, "set_float32_matmul_precision", chosen.append)
    assert choose_device("cpu").type == "cpu" and not torch.backends.cudnn.benchmark and not chosen
    for name in ("auto", "cuda"):
        torch.backends.cudnn.benchmark = False
        assert choose_device(name).type == "cuda" and torch.backends.cudnn.benchmark
    assert chosen == ["high", "high"]
