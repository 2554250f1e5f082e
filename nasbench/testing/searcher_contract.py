"""What every weight-sharing searcher must keep: it trains, stays on the simplices, resumes to the same bits, and uses its own randomness."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nasbench.errors import NasbenchError
from nasbench.live.networks.space_networks import get_cell_networks
from nasbench.live.searchers.catalogue import get_searcher
from nasbench.live.searchers.loop import SupernetSearch, build_searcher
from nasbench.live.searchers.searcher import Searcher, SupernetConfig
from nasbench.live.tasks.custom import task_from_arrays
from nasbench.live.tasks.task import Task
from nasbench.testing.optimizer_contract import global_state

TINY = SupernetConfig(epochs=2, batch_size=16, channels=4, cells=1)


class SearcherContract:
    """Subclass it as `class TestMine(SearcherContract)` and override the fixture `searcher`; the others may be overridden too."""

    @pytest.fixture
    def searcher(self) -> str | type[Searcher]:
        """Return the searcher under test: a class, a name or "module:ATTR"."""
        raise NotImplementedError("Override the fixture `searcher`.")

    @pytest.fixture
    def options(self) -> Mapping[str, Any]:
        """Options of the searcher, where they differ from its defaults."""
        return {}

    @pytest.fixture
    def space(self) -> str:
        """Name of the space that it searches."""
        return "nas-bench-201"

    @pytest.fixture
    def settings(self) -> SupernetConfig:
        """Size and training of the supernet."""
        return TINY

    @pytest.fixture
    def start(
        self, searcher: str | type[Searcher], options: Mapping[str, Any], space: str, settings: SupernetConfig
    ) -> Any:
        """Return a function that starts a search, with checkpoints in a folder if one is given."""
        return partial(start_search, searcher, options, space, settings)

    def test_trains_the_supernet_and_finds_a_feasible_architecture(self, start: Any, space: str) -> None:
        search = start()
        before = [weights.detach().clone() for weights in search.searcher.weights]
        found = search.run()
        assert get_cell_networks(space).make_space().is_feasible(found.architecture)
        assert all(np.isfinite([row["train_loss"], row["search"]]).all() for row in found.curve)
        assert any(not torch.equal(a, b) for a, b in zip(before, search.searcher.weights, strict=True))

    def test_stays_on_the_simplices(self, start: Any) -> None:
        search = start()
        search.run()
        point, mask = search.searcher.architecture_probabilities(), search.searcher.mask
        assert point.shape == mask.shape and (point >= 0).all() and not point[~mask].any()
        torch.testing.assert_close(point.sum(dim=1), torch.ones(len(point)))

    def test_same_seed_same_bits(self, start: Any) -> None:
        assert same_search(start(), start())

    def test_killed_and_resumed_it_gives_the_same_bits(self, start: Any, tmp_path: Path) -> None:
        start(tmp_path).run(1)
        assert same_search(start(tmp_path), start())

    def test_leaves_global_random_numbers_alone(self, start: Any) -> None:
        search = start()
        before = torch.random.get_rng_state(), global_state()
        search.run()
        assert torch.equal(before[0], torch.random.get_rng_state()) and np.array_equal(before[1], global_state())

    def test_unknown_option_is_refused(self, searcher: str | type[Searcher]) -> None:
        with pytest.raises(NasbenchError, match="option"):
            get_searcher(searcher, {"no_such_option": 1})


def start_search(
    searcher: str | type[Searcher],
    options: Mapping[str, Any],
    space: str,
    settings: SupernetConfig,
    folder: Path | None = None,
) -> SupernetSearch:
    """Return a search of the toy task, or what a folder has of it."""
    make, partial_channels = get_searcher(searcher, options)
    task = toy_task()
    built = build_searcher(make, task, space, settings, torch.device("cpu"), partial_channels)
    return SupernetSearch(built, task, task.load(), folder=folder)


def toy_task() -> Task:
    """Return a task of 64 images of 8 x 8 pixels in three classes, half of them to train on."""
    rng = np.random.default_rng(0)
    classes = np.arange(64) % 3
    return task_from_arrays("toy", rng.normal(classes[:, None, None], 1.0, (64, 8, 8)), classes)


def same_search(left: SupernetSearch, right: SupernetSearch) -> bool:
    """Run two searches to their ends; return whether weights, point, curve and architecture agree bit for bit."""
    ends = [search.run() for search in (left, right)]
    weights, points, curves = [], [], []
    for search, end in zip((left, right), ends, strict=True):
        weights.append(list(search.searcher.supernet.state_dict().values()))
        points.append(search.searcher.architecture_probabilities())
        curves.append([{**row, "seconds": 0.0} for row in end.curve])
    return (
        all(torch.equal(a, b) for a, b in zip(*weights, strict=True))
        and torch.equal(*points)
        and curves[0] == curves[1]
        and np.array_equal(ends[0].architecture, ends[1].architecture)
    )
