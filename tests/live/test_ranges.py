"""Settings outside their range are refused when they are made, in one sentence that names them."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

from nasbench.errors import NasbenchError
from nasbench.live.searchers.searcher import SupernetConfig
from nasbench.live.tasks.task import Augmentation
from nasbench.live.training.recipe import Recipe
from nasbench.ranges import COUNT, FRACTION, NOT_NEGATIVE, POSITIVE, SEED


def test_ranges_hold_their_ends_and_nothing_that_is_no_number() -> None:
    assert 1 in COUNT and 0 not in COUNT and 1.0 not in COUNT and True not in COUNT
    assert 0 in NOT_NEGATIVE and 0 not in POSITIVE and 1e-300 in POSITIVE
    assert 0 in FRACTION and 1 not in FRACTION and math.nextafter(1, 0) in FRACTION
    assert 2**32 - 1 in SEED and 2**32 not in SEED
    for allowed in (COUNT, FRACTION, NOT_NEGATIVE, POSITIVE, SEED):
        assert not any(value in allowed for value in (math.nan, math.inf, -1, "1", None, True))


@pytest.mark.parametrize(
    ("kind", "settings", "fault"),
    [
        *((Recipe, {name: math.nan}, name) for name in ("learning_rate", "warmup", "momentum", "ema_decay")),
        *((Recipe, {name: -0.1}, name) for name in ("weight_decay", "gradient_clip", "auxiliary_weight", "drop_path")),
        (Recipe, {"momentum": 1.0}, "momentum of the recipe is 1.0; it should be a number from 0 to below 1"),
        (Recipe, {"warmup": 1.0}, "warmup"),
        (Recipe, {"seed": -1}, "seed of the recipe is -1; it should be a whole number from 0 to 2^32 - 1"),
        (Recipe, {"epochs": 1.5}, "epochs of the recipe is 1.5; it should be a whole number of 1 or more"),
        (Recipe, {"momentum": 0.0, "nesterov": True}, "nesterov with a momentum of 0"),
        (SupernetConfig, {"learning_rate": -0.05}, "learning_rate of the supernet is -0.05; it should be a positive"),
        *((SupernetConfig, {name: math.nan}, name) for name in ("learning_rate", "momentum", "weight_decay")),
        (SupernetConfig, {"gradient_clip": 0.0}, "gradient_clip"),  # it would scale every gradient to nothing
        (SupernetConfig, {"seed": 2**32}, "seed"),
        (Augmentation, {"cutout": "a"}, "cutout of the augmentation is 'a'; it should be a whole number of 0 or more"),
        (Augmentation, {"translate": -2}, "translate"),
        (Augmentation, {"flip": "yes"}, "flip of the augmentation is 'yes'; it should be true or false"),
    ],
)
def test_settings_outside_their_range_are_named(kind: type, settings: dict[str, Any], fault: str) -> None:
    with pytest.raises(NasbenchError, match=re.escape(fault)) as caught:
        kind(**settings)
    assert "\n" not in str(caught.value)


def test_plain_sgd_and_no_warmup_are_recipes() -> None:
    assert Recipe(momentum=0.0, nesterov=False, warmup=0.0, gradient_clip=0.0).rate(0.0) == Recipe().learning_rate
