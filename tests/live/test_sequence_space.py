"""The space of texts and series: its networks read both, begin at persistence, and take the place of cells there."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nasbench.errors import NasbenchError
from nasbench.live.experiment.defaults import SERIES, TEXTS, check_space, default_recipe, default_space
from nasbench.live.experiment.options import SearchOptions
from nasbench.live.networks.builders import get_networks
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.tasks.shape import TaskShape
from nasbench.live.training.standalone import train_standalone

TEXT = TaskShape(1, 1, 12, 3, vocabulary=40)
FORECAST = TaskShape(1, 2, 20, 4, "forecasting")
LABELLED = TaskShape(1, 1, 40, 10)
SPACE = get_networks("sequence").make_space()


@pytest.mark.parametrize("shape", [TEXT, FORECAST, LABELLED])
def test_random_architectures_read_texts_and_series(shape: TaskShape) -> None:
    drawn = SPACE.sample(np.random.default_rng(0).random((12, SPACE.d)))
    x = torch.randint(40, (5, 12)) if shape.vocabulary else torch.randn(5, shape.channels, shape.size)
    for architecture in drawn:
        network = get_networks("sequence").build_standalone(architecture, shape, 8, 1).train()
        outputs = network(x)
        assert outputs.shape == (5, shape.outputs) and torch.isfinite(outputs).all()
        if shape is FORECAST:
            assert not outputs.any()  # the last value persists
            torch.nn.init.normal_(network.linear.weight)  # type: ignore[union-attr, arg-type]
            network.eval()
            torch.testing.assert_close(network(x), network(x + 7), atol=1e-4, rtol=1e-4)  # nor does its level matter


def test_a_linear_series_is_forecast_in_a_second() -> None:
    task = get_task("co2")
    splits = task.load().reduced(300, 20)
    architecture = SPACE.from_string("width-16,1-layer,kernel-3,no-dilation,no-norm,mean,dropout-0,linear-shortcut")
    trained = train_standalone(task, splits, "sequence", architecture, SERIES, torch.device("cpu"))
    persistence = float(np.square(splits.train.y).mean())
    assert trained.curve[-1]["train_loss"] < 0.6 * persistence


def test_dilation_of_a_single_layer_makes_no_difference() -> None:
    one = SPACE.from_string("width-16,1-layer,kernel-3,dilation-doubles,no-norm,max,dropout-0,no-shortcut")
    two = SPACE.from_string("width-16,2-layers,kernel-3,dilation-doubles,no-norm,max,dropout-0,no-shortcut")
    assert "no-dilation" in SPACE.to_string(SPACE.canonical(one)) and (SPACE.canonical(two) == two).all()


def test_each_kind_of_data_has_its_space_and_recipe() -> None:
    assert [default_space(shape) for shape in (TEXT, FORECAST, LABELLED)] == ["sequence", "sequence", "nas-bench-201"]
    assert default_space(TEXT, shares_weights=True) == "nas-bench-201"
    assert SearchOptions(task="co2").config("hybrid").space == "sequence"
    assert SearchOptions(task="co2").config("darts").space == "nas-bench-201"
    assert default_recipe(None, get_task("trec"), "sequence") == TEXTS
    with pytest.raises(NasbenchError, match="has neither texts nor series"):
        check_space("sequence", get_task("digits"))
    with pytest.raises(NasbenchError, match="use --space sequence"):
        check_space("mlp", get_task("trec"))
