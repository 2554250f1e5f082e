"""Rounds: a loop of them repeats itself, counts its bytes, bears trouble, and learns."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from nasbench.errors import NasbenchError
from nasbench.live.federated.client import Client, subset
from nasbench.live.federated.coordinator import ClientFailures, Coordinator
from nasbench.live.federated.experiment import FederatedExperiment, federated_result, run_federated
from nasbench.live.federated.federated_config import THETA, FederatedConfig
from nasbench.live.federated.in_process_runtime import run_loop
from nasbench.live.federated.update_validation import ClientUpdate, wire_bytes
from nasbench.live.tasks.task import Split, Splits

from small_federation import CPU, DIGITS, JOB, PLAN


def test_a_loop_repeats_itself_and_its_ledger_counts_arrays_as_they_travel() -> None:
    experiment = replace(PLAN, clients=4, failures=ClientFailures(client_dropout=0.25, straggler_fraction=0.25))
    first, again = experiment.coordinator(lambda m: None), experiment.coordinator(lambda m: None)
    sizes = [wire_bytes(list(first.state.values()))]
    for coordinator in (first, again):
        run_loop(coordinator, experiment.owners())
    sizes.append(wire_bytes(list(first.state.values())))
    assert first.rows == again.rows and first.architecture == again.architecture
    assert all(np.array_equal(first.state[name], again.state[name]) for name in first.state)
    assert [len(row["clients"]) for row in first.rows] == [3, 3]
    assert [len(row["stragglers"]) for row in first.rows] == [1, 1]
    for row, size in zip(first.rows, sizes, strict=True):
        assert row["bytes_down"] == row["bytes_up"] == 3 * size
    assert first.ledger == {"rounds": 2, "bytes_down": 3 * sum(sizes), "bytes_up": 3 * sum(sizes)}
    other = replace(experiment, config=replace(JOB, seed=1)).coordinator(lambda m: None)
    run_loop(other, replace(experiment, config=replace(JOB, seed=1)).owners())
    assert other.rows != first.rows


def test_trouble_is_by_fraction_and_by_the_seed() -> None:
    failures = ClientFailures(client_dropout=0.5, straggler_fraction=0.25)
    shares = [failures.shares(8, 0, number) for number in range(1, 40)]
    assert {len(s) for s in shares} == {4}
    assert {sum(share < 1 for share in s.values()) for s in shares} == {2}
    assert all(0.1 <= share <= 1 for s in shares for share in s.values())
    assert {k for s in shares for k in s} == set(range(8))
    assert shares[0] == failures.shares(8, 0, 1) and shares[0] != failures.shares(8, 1, 1)
    for bad in ({"client_dropout": 1.0}, {"straggler_fraction": -0.1}, {"client_dropout": float("nan")}):
        with pytest.raises(NasbenchError, match=r"should be in \[0, 1\)"):
            ClientFailures(**bad)
    with pytest.raises(NasbenchError, match="leaves none"):
        Coordinator(JOB, 2, ClientFailures(client_dropout=0.9))
    assert len(subset(DIGITS.load(), 0.1, 0).train) == 90


@pytest.mark.parametrize(("weights", "expected"), [("examples", 0.75), ("equal", 0.5)])
def test_weights_of_the_training_leave_the_search_alone(weights: str, expected: float) -> None:
    config = replace(JOB, recipe=replace(JOB.recipe, epochs=2), training_weights=weights)
    assert FederatedConfig.loads(config.dumps()) == config
    coordinator = Coordinator(config, 2)
    for client, examples in ((0, 10), (1, 30)):
        coordinator.register_client({"client": client, "examples": examples})
    for number, mean in ((1, 0.75), (2, expected)):
        if number == 1:
            coordinator.config = replace(config, supernet=replace(config.supernet, epochs=2))  # the search goes on
        else:
            coordinator.architecture = config.discretize(np.ones((6, 5), np.float32))
            coordinator.state, coordinator.config = config.train_state(coordinator.architecture), config
        arrays = [[np.full_like(array, value) for array in coordinator.state.values()] for value in (0.0, 1.0)]
        if number == 1:
            arrays = [
                [
                    np.full_like(array, 0.2) if name == THETA else new
                    for (name, array), new in zip(coordinator.state.items(), of, strict=True)
                ]
                for of in arrays
            ]
        replies = {k: ClientUpdate(tuple(of), 1.0, wire_bytes(of)) for k, of in enumerate(arrays)}
        coordinator.aggregate_round(number, coordinator.instructions(number), replies)
        found = [array for name, array in coordinator.state.items() if name != THETA]
        assert not coordinator.refusals and all(np.allclose(array, mean) for array in found)


def test_a_round_in_which_nobody_answers_leaves_the_state_as_it_was() -> None:
    coordinator = Coordinator(replace(JOB, supernet=replace(JOB.supernet, epochs=2)), 2)
    for client in (0, 1):
        coordinator.register_client({"client": client, "examples": 9})
    before = coordinator.state
    coordinator.aggregate_round(1, coordinator.instructions(1), {0: ClientUpdate((), refusal="its loss is not finite")})
    assert coordinator.state is before
    assert [r["reason"] for r in coordinator.refusals] == ["its loss is not finite", "it sent nothing"]
    assert coordinator.rows[0]["loss"] is None and coordinator.rows[0]["clients"] == []


def test_rounds_learn_what_no_client_could_alone() -> None:
    """Three clients with classes of their own: error after rounds is far below what two thirds of the classes unseen leave."""
    data = DIGITS.load().reduced(400, 60)

    def own(split: Split, group: tuple[int, ...]) -> Split:
        where = np.isin(split.y, group)
        return Split(split.x[where], split.y[where])

    groups = ((0, 1, 2), (3, 4, 5), (6, 7, 8, 9))
    parts = [Splits(own(data.train, g), own(data.search, g), data.test) for g in groups]
    config = replace(JOB, recipe=replace(JOB.recipe, epochs=10, batch_size=16))
    coordinator = Coordinator(config, 3)
    run_loop(coordinator, [Client(k, DIGITS, p) for k, p in enumerate(parts)])
    result = federated_result(FederatedExperiment(config=config, clients=3), coordinator, 0.0, CPU)
    assert result["test_error"] < 50 and len(result["curve"]) == 11


def test_a_run_ends_in_one_flat_result() -> None:
    result = run_federated(PLAN, CPU, "loop", lambda m: None)
    json.dumps(result)
    assert result["rounds"] == 2 and result["bytes_up"] > 0 and 0 <= result["test_error"] <= 100
    assert result["architecture"] == result["curve"][0]["architecture"] == result["curve"][1]["architecture"]
    with pytest.raises(NasbenchError, match="runtime"):
        run_federated(PLAN, CPU, "lop", lambda m: None)
