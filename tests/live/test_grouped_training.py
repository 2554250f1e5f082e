"""Seeds trained at once are the trainings of `nasbench train`, up to rounding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from nasbench.live.experiment import grouped_training
from nasbench.live.experiment.grouped_training import train_seeds
from nasbench.live.networks.grouped import GroupedNetwork
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.training.batches import DeviceSplit
from nasbench.live.training.metrics import evaluate
from nasbench.live.training.recipe import SMALL
from nasbench.live.training.standalone import build_trainer

TASK, CPU = get_task("mnist-1d"), torch.device("cpu")
RECIPE = replace(SMALL, epochs=2, channels=4, batch_size=32)
CELLS = ((3, 2, 1, 4, 0, 3), (2, 4, 3, 1, 3, 0))


@pytest.mark.parametrize("cell", CELLS)
def test_trainings_are_those_of_separate_networks(cell: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    # Few steps in double precision, since training makes rounding grow: the outputs of a `Trainer` are rounded to single precision.
    torch.set_default_dtype(torch.float64)
    kept: list[GroupedNetwork] = []

    def keep(*given: object) -> GroupedNetwork:
        kept.append(GroupedNetwork(*given))  # type: ignore[arg-type]
        return kept[0]

    monkeypatch.setattr(grouped_training, "GroupedNetwork", keep)
    try:
        splits = TASK.load().reduced(96, 500)
        splits = replace(splits, test=splits.test.first(700))
        parts = (splits.train, splits.search, splits.test)
        splits = replace(
            splits,
            **{
                n: replace(s, x=s.x.astype(np.float64)) for n, s in zip(("train", "search", "test"), parts, strict=True)
            },
        )
        architecture, seeds = np.array(cell, np.int8), (5, 9)
        together = train_seeds(TASK, splits, architecture, RECIPE, seeds, {2})
        for place, seed in enumerate(seeds):
            recipe = replace(RECIPE, seed=seed)
            alone = build_trainer(TASK, splits, "nas-bench-201", architecture, recipe, CPU).run()
            for name, p in alone.network.named_parameters():
                if p.grad is not None:
                    found = kept[0].parameters[name][place]
                    torch.testing.assert_close(found, p, rtol=1e-4, atol=1e-6)
            assert [row["search"] for row in alone.curve] == pytest.approx(together.search_errors[place].tolist())
            test = evaluate(alone.network, TASK.shape, DeviceSplit(splits.test, TASK, CPU))
            assert test == pytest.approx(together.test_errors[2][place])
    finally:
        torch.set_default_dtype(torch.float32)
    assert not np.array_equal(together.search_errors[0], together.search_errors[1])
    assert (np.diff(together.seconds) > 0).all()
