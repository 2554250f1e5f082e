"""Models that a practitioner would take first: tables, texts and series, and networks of a matched size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from nasbench.errors import NasbenchError
from nasbench.live.experiment.reference_models import (
    FIXED_CELL,
    LARGEST_CELL,
    NETWORKS,
    check_reference,
    fixed_cell,
    references_of,
    run_reference,
)
from nasbench.live.experiment.study_backend import BACKEND
from nasbench.live.experiment.task_study import task_study
from nasbench.live.hardware.counting import example, macs
from nasbench.live.networks.builders import get_networks
from nasbench.live.tasks.data_frame import task_from_frame
from nasbench.live.tasks.references import forecasts
from nasbench.live.tasks.shape import TaskShape
from nasbench.live.tasks.task import Splits, Task, windows
from nasbench.live.training.recipe import SMALL

CPU = torch.device("cpu")
DIGITS = TaskShape(dims=2, channels=1, size=8, outputs=10)


def table(n: int = 400) -> pd.DataFrame:
    """Return a table whose target depends on two columns, not linearly."""
    x = np.random.default_rng(0).normal(size=(n, 4))
    return pd.DataFrame(
        {
            **dict(zip("abcd", x.T, strict=True)),
            "sign": np.where(x[:, 0] * x[:, 1] > 0, "yes", "no"),
            "sum": x[:, 0] - 2 * x[:, 1],
        }
    )


def test_models_of_tables_learn_what_suits_them() -> None:
    classes = task_from_frame("signs", table().drop(columns="sum"), "sign")
    boosted, linear, trivial = (
        run_reference(name, classes, classes.load(), SMALL, CPU)
        for name in ("gradient_boosting", "logistic_regression", "majority")
    )
    assert boosted["test_error"] < 20 < min(linear["test_error"], trivial["test_error"])
    assert boosted["test_calibration_error"] < 25 and linear["test_calibration_error"] < 25
    assert "test_calibration_error" not in trivial
    numbers = task_from_frame("sums", table().drop(columns="sign"), "sum")
    ridge, mean = (run_reference(n, numbers, numbers.load(), SMALL, CPU) for n in ("ridge_regression", "training_mean"))
    assert ridge["test_r2"] > 99.9 and mean["test_r2"] < 1 and ridge["test_mse"] < 1e-3 < mean["test_mse"]


def test_every_task_has_references_of_its_domain_and_refuses_others() -> None:
    shapes = {
        "images": TaskShape(2, 1, 8, 10),
        "texts": TaskShape(1, 1, 12, 3, vocabulary=50),
        "series": TaskShape(1, 2, 24, 6, "forecasting"),
        "tables": TaskShape(0, 5, 1, 3),
        "numbers": TaskShape(0, 5, 1, 1, "forecasting"),
    }
    named = {}
    for domain, shape in shapes.items():
        task = Task(domain, shape, "error", "here", lambda: Splits(*[None] * 3), season=6 if domain == "series" else 0)  # type: ignore[arg-type]
        named[domain] = references_of(task)
        for name in named[domain]:
            check_reference(name, task)
    assert named["images"] == ("majority", "logistic_regression", "small_cnn", "fixed_cell", "resnet18")
    assert named["texts"][-1] == "text_cnn" and "dlinear" in named["series"] and "seasonal_naive" in named["series"]
    assert named["tables"][-1] == "gradient_boosting" and named["numbers"][0] == "training_mean"
    task = Task("t", shapes["numbers"], "mse", "here", lambda: Splits(*[None] * 3))  # type: ignore[arg-type]
    with pytest.raises(
        NasbenchError, match="'arima' is no model of regression of tables; for t choose of training_mean"
    ):
        check_reference("arima", task)
    with pytest.raises(NasbenchError, match="did you mean 'resnet18'"):
        check_reference("resnet", task)


def test_a_linear_map_forecasts_what_is_linear_in_the_window() -> None:
    t = np.arange(500)
    values = (np.sin(t / 3) + np.sin(t / 5 + 1)).astype(np.float32)[:, None]
    parts = [windows(part, 0, 16, 4) for part in np.split(values, [300, 400])]
    task, splits = (
        Task("ar2", TaskShape(1, 1, 16, 4, "forecasting"), "mse", "here", lambda: Splits(*parts)),
        Splits(*parts),
    )
    found = forecasts.dlinear(task, splits)
    assert np.square(found - splits.test.y).mean() < 0.02 * np.square(splits.test.y).mean()
    shifted = Splits(*(replace(part, x=part.x + 7) for part in parts))
    np.testing.assert_allclose(forecasts.dlinear(task, shifted), found, atol=1e-3)  # a change of level changes nothing


def test_the_fixed_cell_is_as_large_as_the_largest_that_can_be_found() -> None:
    networks = get_networks("nas-bench-201")
    space, recipe = networks.make_space(), replace(SMALL, channels=4)
    largest = macs(networks.build_standalone(space.from_string(LARGEST_CELL), DIGITS, 4, 1), DIGITS)
    fixed = macs(fixed_cell(DIGITS, recipe), DIGITS)
    assert largest <= fixed < 1.5 * largest
    drawn = space.sample(np.random.default_rng(0).random((8, space.d)))
    assert max(macs(networks.build_standalone(a, DIGITS, 4, 1), DIGITS) for a in drawn) <= fixed
    assert FIXED_CELL.count("conv_3x3") == 2


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_reference_networks_read_their_inputs(name: str) -> None:
    shape = TaskShape(1, 1, 10, 3, vocabulary=30) if name == "text_cnn" else DIGITS
    network = NETWORKS[name](shape, replace(SMALL, channels=4)).eval()
    assert network(example(shape, 2)).shape == (2, shape.outputs)
    if name == "text_cnn":
        with pytest.raises(NasbenchError, match="reads words"):
            NETWORKS[name](DIGITS, SMALL)


def test_the_study_of_a_task_has_searches_and_references_and_passes_its_check() -> None:
    study = task_study("live/digits")
    assert study.problems == ("live/digits",) and study.live.references[-1] == "resnet18"
    assert study.live.recipe["epochs"] == SMALL.epochs and study.live.search_recipe == {"epochs": 4}
    BACKEND.check(study)
    with pytest.raises(NasbenchError, match="did you mean 'digits'"):
        task_study("live/digit")
