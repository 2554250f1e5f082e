"""Who holds what, and who is fit to take part."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nasbench.errors import NasbenchError
from nasbench.live.federated.client import Client
from nasbench.live.federated.coordinator import Coordinator
from nasbench.live.federated.in_process_runtime import run_loop
from nasbench.live.federated.partition import Partition, check_client, partition_examples
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.tasks.task import Split, Splits

from small_federation import DIGITS, JOB, PLAN


@pytest.mark.parametrize("text", ["iid", "dirichlet:0.3"])
def test_every_example_is_dealt_once_and_by_the_seed_alone(text: str) -> None:
    splits = DIGITS.load()
    numbered = Splits(*(Split(np.arange(len(s))[:, None], s.y) for s in (splits.train, splits.search, splits.test)))
    first, again = (partition_examples(DIGITS, numbered, 4, Partition.parse(text), seed=1) for _ in range(2))
    for name in ("train", "search"):
        parts = [getattr(client, name) for client in first]
        assert sorted(np.concatenate([p.x[:, 0] for p in parts])) == list(range(len(getattr(numbered, name))))
        assert all(np.array_equal(a.x, getattr(b, name).x) for a, b in zip(parts, again, strict=True))
        assert all(np.array_equal(p.y, getattr(numbered, name).y[p.x[:, 0]]) for p in parts)
    assert str(Partition.parse(text)) == text


def test_a_small_alpha_divides_classes_unequally_and_alike_in_both_splits() -> None:
    dealt = partition_examples(DIGITS, DIGITS.load(), 4, Partition(0.3), seed=0)
    train, search = (
        np.array([np.bincount(getattr(c, name).y, minlength=10) for c in dealt]) for name in ("train", "search")
    )
    even = np.array(
        [np.bincount(c.train.y, minlength=10) for c in partition_examples(DIGITS, DIGITS.load(), 4, Partition(), 0)]
    )
    spread = [np.ptp(counts / counts.sum(axis=0), axis=0).mean() for counts in (train, even)]
    assert spread[0] > 0.4 > 0.2 > spread[1]
    np.testing.assert_allclose(train / train.sum(axis=0), search / search.sum(axis=0), atol=0.1)


@pytest.mark.parametrize(
    ("clients", "partition", "reduced", "message"),
    [
        (0, "iid", None, "should be 1 or more"),
        (30, "iid", 25, "no more clients than that"),
        (30, "dirichlet:0.01", None, "has no data"),
        (4, "dirichlet:0.001", None, "does not serve"),
        (4, "dirichlet:0", None, "positive number for ALPHA"),
        (4, "dirichlet:-1", None, "positive number for ALPHA"),
        (4, "dirichlet:many", None, "positive number for ALPHA"),
        (4, "classes", None, "iid or dirichlet"),
    ],
)
def test_a_partition_that_does_not_serve_is_told_in_a_sentence(
    clients: int, partition: str, reduced: int | None, message: str
) -> None:
    splits = DIGITS.load().reduced(reduced, reduced)
    with pytest.raises(NasbenchError, match=message):
        partition_examples(DIGITS, splits, clients, Partition.parse(partition), seed=0)


def test_a_forecasting_task_has_no_classes_to_divide() -> None:
    task = get_task("co2")
    with pytest.raises(NasbenchError, match="no classes"):
        partition_examples(task, task.load(), 2, Partition(1.0), 0)
    assert len(partition_examples(task, task.load(), 2, Partition(), 0)) == 2


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        (DIGITS.load().reduced(0, 10), "no data"),
        (DIGITS.load().reduced(10, 0), "no data"),
        (DIGITS.load().reduced(1, 10), "two or more"),
        (replace(DIGITS.load(), train=Split(np.zeros((5, 1, 8, 8)), np.zeros(5, int))), "one class"),
    ],
)
def test_a_client_that_cannot_take_part_is_refused_by_name_and_the_rest_go_on(splits: Splits, message: str) -> None:
    with pytest.raises(NasbenchError, match=message):
        check_client(DIGITS, splits, 7)
    clients = PLAN.owners()
    clients[1] = Client(1, DIGITS, splits)
    coordinator = PLAN.coordinator(lambda m: None)
    run_loop(coordinator, clients)
    assert coordinator.refusals[0]["client"] == 1 and message in coordinator.refusals[0]["reason"]
    assert [row["clients"] for row in coordinator.rows] == [[0, 2], [0, 2]]


def test_a_client_of_another_task_is_refused_and_none_at_all_is_an_error() -> None:
    other = get_task("co2")
    coordinator = Coordinator(JOB, 1)
    with pytest.raises(NasbenchError, match="client 0: client 0 has data of task co2; the search is on digits"):
        run_loop(coordinator, [Client(0, other, other.load())])


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"client": 0, "examples": 0}, "positive integer"),
        ({"client": 0, "examples": float("nan")}, "positive integer"),
        ({"client": 3, "examples": 5}, "from 0 to 2"),
        ({"client": "x", "examples": 5}, "from 0 to 2"),
        ({"client": 1, "examples": 5}, "another client"),
    ],
)
def test_what_a_client_says_of_itself_is_checked(properties: dict[str, Any], reason: str) -> None:
    coordinator = Coordinator(JOB, 3)
    assert coordinator.register_client({"client": 1, "examples": 10}) == 1
    assert coordinator.register_client(properties) is None
    assert reason in coordinator.refusals[0]["reason"]
