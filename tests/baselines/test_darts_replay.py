"""The replayed DARTS cells."""

from __future__ import annotations

import numpy as np
import pytest

from nasbench.baselines.darts_replay import OPTIMIZER, PUBLISHED, official
from nasbench.benchmarks.catalogue import get_benchmark
from nasbench.errors import NasbenchError
from nasbench.search.ledger import Budget
from nasbench.search.random_streams import Streams
from nasbench.spaces.nas_bench_201 import NasBench201Space

from table_protocol import table_protocol
from toy import Problems


def test_is_labelled() -> None:
    assert OPTIMIZER.label == "replayed"


def test_published_cells_are_cells() -> None:
    space = NasBench201Space()
    digits = {
        key: ["".join(map(str, space.from_string(official(cell)))) for cell in cells]
        for key, cells in PUBLISHED.items()
    }
    assert digits == {
        ("cifar10", 1): ["111111"] * 3,
        ("cifar10", 2): ["111111"] * 3,
        ("cifar100", 1): ["010120", "010120", "110123"],
        ("cifar100", 2): ["010121", "130100", "120310"],
        ("imagenet16-120", 1): ["010103", "010103", "010102"],
        ("imagenet16-120", 2): ["010101"],
    }


@pytest.mark.parametrize(("dataset", "published"), [("cifar10", 39.77), ("cifar100", 15.03), ("imagenet16-120", 16.43)])
def test_validation_accuracy_is_the_published_row(dataset: str, published: float) -> None:
    """Dong and Yang 2020, table 5, rows DARTS-V1 and DARTS-V2: the cell found on CIFAR-10, scored on all three."""
    protocol = table_protocol(Budget({"queries": 5}))
    problem = get_benchmark(f"nas-bench-201/{dataset}").problem(protocol, 0, range(3))
    optimizer = OPTIMIZER.create(problem, Streams(0, range(3)))
    observations = problem.query(optimizer.ask())
    np.testing.assert_allclose(100 - observations.objectives[:, 0, 0], published, atol=0.005 + 1e-9)
    assert optimizer.ask().shape == (3, 0, 6)  # type: ignore[union-attr]


def test_run_replays_its_seed() -> None:
    protocol = table_protocol(Budget({"queries": 5}))
    problem = get_benchmark("nas-bench-201/cifar100").problem(protocol, 0, (1, 2, 3))
    asked = OPTIMIZER.create(problem, Streams(0, (1, 2, 3)), {"searched": "cifar100", "order": 2}).ask()
    assert ["".join(map(str, cell)) for cell in asked[:, 0]] == ["130100", "120310", "010121"]  # type: ignore[index]


def test_other_spaces_and_unpublished_cells_are_refused(problems: Problems) -> None:
    with pytest.raises(NasbenchError, match="nas-bench-201"):
        OPTIMIZER.create(problems(), Streams(0, range(1)))
    with pytest.raises(NasbenchError, match="order of DartsReplay is 3; it should be 1 or 2"):
        OPTIMIZER.create(problems(), Streams(0, range(1)), {"order": 3})
