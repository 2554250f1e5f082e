"""Federated search: who holds what, what the server averages and what it turns away, and that a loop of rounds repeats."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nasbench.errors import NasbenchError
from nasbench.live.federated.client import FLOOR, Client, Instruction, lifted, part
from nasbench.live.federated.compare import compare_seeds, summary
from nasbench.live.federated.coordinator import Coordinator, Trouble
from nasbench.live.federated.experiment import FederatedPlan, result_of, run_federated
from nasbench.live.federated.job import THETA, Array, Job
from nasbench.live.federated.loop import run_loop
from nasbench.live.federated.means import mirror_mean, weighted_mean
from nasbench.live.federated.partition import Partition, check_client, deal
from nasbench.live.federated.update import Reply, fault_of, packed, unpacked, wire_bytes
from nasbench.live.searchers.gaea import Gaea
from nasbench.live.searchers.searcher import SearchSettings
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.tasks.task import Split, Splits
from nasbench.live.training.recipe import SMALL

CPU = torch.device("cpu")
DIGITS = get_task("digits")
JOB = Job(
    task="digits",
    options={"arch_learning_rate": 1.0},
    settings=SearchSettings(epochs=1, batch=32, channels=4, cells=1),
    recipe=replace(SMALL, epochs=1, batch=32, channels=4),
)
PLAN = FederatedPlan(job=JOB, clients=3, examples=(120, 60))


@pytest.mark.parametrize("text", ["iid", "dirichlet:0.3"])
def test_every_example_is_dealt_once_and_by_the_seed_alone(text: str) -> None:
    splits = DIGITS.load()
    numbered = Splits(*(Split(np.arange(len(s))[:, None], s.y) for s in (splits.train, splits.search, splits.test)))
    first, again = (deal(DIGITS, numbered, 4, Partition.parse(text), seed=1) for _ in range(2))
    for name in ("train", "search"):
        parts = [getattr(client, name) for client in first]
        assert sorted(np.concatenate([p.x[:, 0] for p in parts])) == list(range(len(getattr(numbered, name))))
        assert all(np.array_equal(a.x, getattr(b, name).x) for a, b in zip(parts, again, strict=True))
        assert all(np.array_equal(p.y, getattr(numbered, name).y[p.x[:, 0]]) for p in parts)
    assert str(Partition.parse(text)) == text


def test_a_small_alpha_divides_classes_unequally_and_alike_in_both_splits() -> None:
    dealt = deal(DIGITS, DIGITS.load(), 4, Partition(0.3), seed=0)
    train, search = (
        np.array([np.bincount(getattr(c, name).y, minlength=10) for c in dealt]) for name in ("train", "search")
    )
    even = np.array([np.bincount(c.train.y, minlength=10) for c in deal(DIGITS, DIGITS.load(), 4, Partition(), 0)])
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
        deal(DIGITS, splits, clients, Partition.parse(partition), seed=0)


def test_a_forecasting_task_has_no_classes_to_divide() -> None:
    task = get_task("co2")
    with pytest.raises(NasbenchError, match="no classes"):
        deal(task, task.load(), 2, Partition(1.0), 0)
    assert len(deal(task, task.load(), 2, Partition(), 0)) == 2


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
    assert coordinator.admit({"client": 1, "examples": 10}) == 1
    assert coordinator.admit(properties) is None
    assert reason in coordinator.refusals[0]["reason"]


def test_means_are_what_they_say() -> None:
    rng = np.random.default_rng(0)
    thetas = [rng.dirichlet(np.ones(4), size=3) for _ in range(3)]
    weights = [1.0, 2.0, 5.0]
    direct = np.prod([t ** (w / 8) for t, w in zip(thetas, weights, strict=True)], axis=0)
    np.testing.assert_allclose(mirror_mean(thetas, weights), direct / direct.sum(1, keepdims=True), rtol=1e-13)
    np.testing.assert_allclose(weighted_mean(thetas, weights), np.average(thetas, axis=0, weights=weights), rtol=1e-13)
    padded = [np.pad(t, ((0, 0), (0, 2))) for t in thetas]
    assert np.array_equal(mirror_mean(padded, weights)[:, 4:], np.zeros((3, 2)))
    with pytest.raises(NasbenchError, match="in common"):
        mirror_mean([np.eye(2), np.eye(2)[::-1]], [1, 1])
    for bad in ([1.0, 0.0, 1.0], [1.0, np.nan, 1.0], []):
        with pytest.raises(NasbenchError, match="positive numbers"):
            weighted_mean(thetas, bad)


@pytest.mark.parametrize("weights", [(0.5, 0.5), (0.2, 0.8)])
def test_one_step_a_round_is_the_central_step_on_the_live_supernet(weights: tuple[float, float]) -> None:
    """In double precision: GAEA's own step on each client, the server's means, against GAEA's step on both batches.

    The supernet normalises by the statistics of a batch, so the central step sees the two batches as two.
    """
    job = replace(JOB, settings=replace(JOB.settings, gradient_clip=1e9, weight_decay=3e-4))
    data = DIGITS.load().train
    batches = [(torch.as_tensor(data.x[s]).double(), torch.as_tensor(data.y[s])) for s in (slice(0, 24), slice(24, 48))]

    def fresh() -> Gaea:
        searcher = job.searcher(3, CPU)
        searcher.supernet.double()
        rows = np.random.default_rng(1).dirichlet(np.ones(5), size=6)
        searcher.theta = torch.as_tensor(rows)
        return searcher

    def state(searcher: Gaea) -> list[Array]:
        return [searcher.theta.numpy(), *(p.detach().numpy() for p in searcher.supernet.parameters())]

    ends = []
    for batch in batches:
        client = fresh()
        client.step(batch, batch)
        ends.append(state(client))
    central = fresh()
    plain = central.loss
    both = lambda _, mixture: sum(w * plain(b, mixture) for w, b in zip(weights, batches, strict=True))  # noqa: E731
    central.loss = both  # type: ignore[method-assign, assignment]
    central.step(batches[0], batches[0])
    expected = state(central)
    federated = [mirror_mean([e[0] for e in ends], weights)]
    federated += [weighted_mean(column, weights) for column in zip(*(e[1:] for e in ends), strict=True)]
    moved = state(fresh())
    for mine, theirs, start in zip(federated, expected, moved, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-11, atol=1e-13)
        assert not np.allclose(theirs, start, atol=1e-9), "each array must have moved for the test to say anything"
    assert np.abs(weighted_mean([e[0] for e in ends], weights) - expected[0]).max() > 1e-6


def test_a_loop_repeats_itself_and_its_ledger_counts_arrays_as_they_travel() -> None:
    plan = replace(PLAN, clients=4, trouble=Trouble(dropout=0.25, stragglers=0.25))
    first, again = plan.coordinator(lambda m: None), plan.coordinator(lambda m: None)
    sizes = [wire_bytes(list(first.state.values()))]
    for coordinator in (first, again):
        run_loop(coordinator, plan.owners())
    sizes.append(wire_bytes(list(first.state.values())))
    assert first.rows == again.rows and first.architecture == again.architecture
    assert all(np.array_equal(first.state[name], again.state[name]) for name in first.state)
    assert [len(row["clients"]) for row in first.rows] == [3, 3]
    assert [len(row["stragglers"]) for row in first.rows] == [1, 1]
    for row, size in zip(first.rows, sizes, strict=True):
        assert row["bytes_down"] == row["bytes_up"] == 3 * size
    assert first.ledger == {"rounds": 2, "bytes_down": 3 * sum(sizes), "bytes_up": 3 * sum(sizes)}
    other = replace(plan, job=replace(JOB, seed=1)).coordinator(lambda m: None)
    run_loop(other, replace(plan, job=replace(JOB, seed=1)).owners())
    assert other.rows != first.rows


def test_trouble_is_by_fraction_and_by_the_seed() -> None:
    trouble = Trouble(dropout=0.5, stragglers=0.25)
    shares = [trouble.shares(8, 0, number) for number in range(1, 40)]
    assert {len(s) for s in shares} == {4}
    assert {sum(share < 1 for share in s.values()) for s in shares} == {2}
    assert all(0.1 <= share <= 1 for s in shares for share in s.values())
    assert {k for s in shares for k in s} == set(range(8))
    assert shares[0] == trouble.shares(8, 0, 1) and shares[0] != trouble.shares(8, 1, 1)
    for bad in ({"dropout": 1.0}, {"stragglers": -0.1}, {"dropout": float("nan")}):
        with pytest.raises(NasbenchError, match=r"should be in \[0, 1\)"):
            Trouble(**bad)
    with pytest.raises(NasbenchError, match="leaves none"):
        Coordinator(JOB, 2, Trouble(dropout=0.9))
    assert len(part(DIGITS.load(), 0.1, 0).train) == 90


class Hostile(Client):
    """A client whose updates are spoilt by `spoil`."""

    def __init__(self, client: Client, spoil: Any) -> None:
        super().__init__(client.number, client.task, client.splits)
        self.spoil = spoil

    def work(self, job: Job, instruction: Instruction, state: Mapping[str, Array]) -> tuple[dict[str, Array], float]:
        update, loss = super().work(job, instruction, state)
        return self.spoil(update), loss


def _change(name: str, change: Any) -> Any:
    return lambda update: {k: change(v.copy()) if k == name and name in update else v for k, v in update.items()}


def _put(value: float, row: int = 0) -> Any:
    def put(array: Array) -> Array:
        array[row, 0] = value
        return array

    return put


SPOILT = {
    "theta sums to more than one": (_change(THETA, lambda t: 2 * t), "sums to 2, outside the simplex"),
    "theta is negative": (
        _change(THETA, lambda t: t + np.eye(6, 5, dtype="f4") * 2 - np.eye(6, 5, 1, "f4") * 2),
        "simplex",
    ),
    "theta is not finite": (_change(THETA, _put(np.nan)), "theta is not finite"),
    "theta is a vertex": (_change(THETA, lambda t: np.eye(5, dtype="f4")[np.zeros(6, int)]), "leaves the choices"),
    "theta has another shape": (_change(THETA, lambda t: t[:, :4]), r"theta has the shape \(6, 4\)"),
    "an array is missing": (lambda u: dict(list(u.items())[:-1]), "arrays where"),
    "another type": (lambda u: {k: v.astype("f8") for k, v in u.items()}, "has the type float64"),
    "no numbers": (lambda u: {k: v.astype("S4") for k, v in u.items()}, "has the type"),
    "weights are infinite": (lambda u: {k: v if k == THETA else v * np.inf for k, v in u.items()}, "is not finite"),
}


@pytest.mark.filterwarnings("ignore:invalid value encountered in multiply")
@pytest.mark.parametrize("kind", SPOILT)
def test_a_hostile_update_is_refused_and_named_and_the_round_goes_on(kind: str) -> None:
    spoil, reason = SPOILT[kind]
    honest = PLAN.owners()
    coordinator = PLAN.coordinator(lambda m: None)
    sent = coordinator.state
    for client in honest:
        coordinator.admit(client.join(JOB))
    asked = coordinator.instructions(1)
    with np.errstate(all="ignore"):
        updates = [Hostile(c, spoil if c.number == 1 else dict).work(JOB, asked[c.number], sent) for c in honest]
    replies = {k: Reply(list(u.values()), loss) for k, (u, loss) in enumerate(updates)}
    coordinator.absorb(1, asked, replies)
    (refusal,) = coordinator.refusals
    assert (refusal["round"], refusal["client"]) == (1, 1)
    assert re.search(reason, refusal["reason"]), refusal["reason"]
    weights = [len(c.splits.train) for c in honest if c.number != 1]
    theta = mirror_mean([updates[k][0][THETA] for k in (0, 2)], weights)
    assert coordinator.rows[0]["clients"] == [0, 2]
    assert coordinator.architecture == JOB.derive(theta)


def test_a_round_in_which_nobody_answers_leaves_the_state_as_it_was() -> None:
    coordinator = Coordinator(replace(JOB, settings=replace(JOB.settings, epochs=2)), 2)
    for client in (0, 1):
        coordinator.admit({"client": client, "examples": 9})
    before = coordinator.state
    coordinator.absorb(1, coordinator.instructions(1), {0: Reply((), refusal="its loss is not finite")})
    assert coordinator.state is before
    assert [r["reason"] for r in coordinator.refusals] == ["its loss is not finite", "it sent nothing"]
    assert coordinator.rows[0]["loss"] is None and coordinator.rows[0]["clients"] == []


def test_an_honest_update_passes_and_rounding_to_zero_is_lifted() -> None:
    start = JOB.search_state()
    assert fault_of(Reply(list(start.values())), start) == ""
    theta = np.array([[1.0, 0.0, 0.0]], np.float32)
    assert np.array_equal(lifted(theta, np.array([[0.5, 0.5, 0.0]])), np.array([[1.0, FLOOR, 0.0]], np.float32))


def test_bytes_that_are_no_array_run_nothing() -> None:
    array = np.arange(6.0).reshape(2, 3)
    assert np.array_equal(unpacked(packed(array)), array)
    bomb = b"\x80\x04\x95\x1e\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x01:\x94\x85\x94R\x94."
    for data in (bomb, b"", b"\x93NUMPY", packed(array)[:-1]):
        with pytest.raises((ValueError, OSError, EOFError)):
            unpacked(data)


def test_a_job_survives_the_wire_and_a_broken_one_is_told() -> None:
    assert Job.loads(JOB.dumps()) == JOB
    for text in ("", "{}", '{"task": 1}', JOB.dumps().replace("channels", "chanels")):
        with pytest.raises(NasbenchError):
            Job.loads(text)
    with pytest.raises(NasbenchError, match="moving average"):
        replace(JOB, recipe=replace(SMALL, average=0.9))
    with pytest.raises(NasbenchError, match="1 or more"):
        replace(JOB, settings=replace(JOB.settings, epochs=0))


def test_rounds_learn_what_no_client_could_alone() -> None:
    """Three clients with classes of their own: error after rounds is far below what two thirds of the classes unseen leave."""
    data = DIGITS.load().reduced(400, 60)

    def own(split: Split, group: tuple[int, ...]) -> Split:
        where = np.isin(split.y, group)
        return Split(split.x[where], split.y[where])

    groups = ((0, 1, 2), (3, 4, 5), (6, 7, 8, 9))
    parts = [Splits(own(data.train, g), own(data.search, g), data.test) for g in groups]
    job = replace(JOB, recipe=replace(JOB.recipe, epochs=10, batch=16))
    coordinator = Coordinator(job, 3)
    run_loop(coordinator, [Client(k, DIGITS, p) for k, p in enumerate(parts)])
    result = result_of(FederatedPlan(job=job, clients=3), coordinator, 0.0, CPU)
    assert result["test_error"] < 50 and len(result["curve"]) == 11


def test_a_run_ends_in_one_flat_result() -> None:
    result = run_federated(PLAN, CPU, "loop", lambda m: None)
    json.dumps(result)
    assert result["rounds"] == 2 and result["bytes_up"] > 0 and 0 <= result["test_error"] <= 100
    assert result["architecture"] == result["curve"][0]["architecture"] == result["curve"][1]["architecture"]
    with pytest.raises(NasbenchError, match="runtime"):
        run_federated(PLAN, CPU, "lop", lambda m: None)


def test_a_comparison_is_kept_and_not_run_again(tmp_path: Path) -> None:
    plan = replace(PLAN, clients=2)
    (row,) = compare_seeds(plan, 1, CPU, tmp_path, lambda m: None)
    path = tmp_path / "compare-digits-0.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "central": -1.0}))
    assert compare_seeds(plan, 1, CPU, tmp_path, lambda m: None) == [{**json.loads(json.dumps(row)), "central": -1.0}]
    with pytest.raises(NasbenchError, match="another plan"):
        compare_seeds(replace(plan, examples=(100, 50)), 1, CPU, tmp_path, lambda m: None)
    with pytest.raises(NasbenchError, match="another plan"):
        compare_seeds(plan, 1, CPU, tmp_path, lambda m: None, passes=(1, 2))
    with pytest.raises(NasbenchError, match="number of seeds"):
        compare_seeds(plan, 0, CPU)


def test_a_summary_holds_means_differences_and_their_intervals() -> None:
    central = [1.0, 2.0, 3.0, 4.0, 5.0]
    rows = [
        {"central": c, "federated": c + 1, "local_only": 50.0, "federated_pooled": c + e}
        for c, e in zip(central, (0, 0, 0, 0, 5), strict=True)
    ]
    table = {row["score"]: row for row in summary(rows)}
    assert table["central"]["mean"] == 3 and 1 < table["central"]["low"] < 3 < table["central"]["high"] < 5
    assert table["federated - central"] == {"score": "federated - central", "seeds": 5, "mean": 1, "low": 1, "high": 1}
    assert table["local_only - federated"]["mean"] == 46
    # a mean of five draws of which one value in five is 5: it is a count of them, binomial (5, 1/5)
    assert (table["federated_pooled - central"]["low"], table["federated_pooled - central"]["high"]) == (0, 3)
