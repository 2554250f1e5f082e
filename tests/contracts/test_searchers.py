"""The searchers of the suite, and one of one's own, keep the contract that others subclass."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="searchers need torch: pip install 'nas-verify[live]'")

from nasbench.live.experiment.config import ExperimentConfig, check_config  # noqa: E402
from nasbench.live.searchers.catalogue import searcher_names  # noqa: E402
from nasbench.live.searchers.gaea import Gaea  # noqa: E402
from nasbench.study.methods import MethodConfig  # noqa: E402
from nasbench.testing import SearcherContract  # noqa: E402
from nasbench.testing.searcher_contract import TINY, start_search  # noqa: E402

SPACE = "nas-bench-201"


class TestSearchers(SearcherContract):
    @pytest.fixture(params=searcher_names())
    def searcher(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    @pytest.fixture
    def options(self, searcher: str) -> Mapping[str, Any]:
        return {"candidates": 4} if searcher == "rsps" else {}


MINE = """
import torch
from nasbench.live.searchers.searcher import Searcher

class Uniform(Searcher):
    def architecture_probabilities(self):
        return self.mask / self.mask.sum(dim=1, keepdim=True)

    def step(self, train, search):
        return self.update_weights(train, self.mixture)
"""


class TestOneOfOnesOwn(SearcherContract):
    @pytest.fixture
    def searcher(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
        (tmp_path / "own_searcher.py").write_text(MINE)
        monkeypatch.syspath_prepend(tmp_path)
        return "own_searcher:Uniform"

    def test_a_live_search_and_a_study_take_it(self, searcher: str) -> None:
        config = ExperimentConfig(task="digits", optimizer=searcher)
        check_config(config)
        assert config.shares_weights and MethodConfig(name=searcher).with_source().sha256


class Forgetful(Gaea):
    """One that does not keep its point."""

    def state(self) -> dict[str, Any]:
        return {"theta": torch.full_like(self.theta, 0.2)}


class Careless(Gaea):
    """One that draws from the global stream."""

    def finish_epoch(self, search: Any) -> None:
        torch.rand(1)


def test_the_contract_catches_what_breaks_it(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        SearcherContract().test_leaves_global_random_numbers_alone(partial(start_search, Careless, {}, SPACE, TINY))
    with pytest.raises(AssertionError):
        start = partial(start_search, Forgetful, {}, SPACE, TINY)
        SearcherContract().test_killed_and_resumed_it_gives_the_same_bits(start, tmp_path)
