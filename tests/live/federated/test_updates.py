"""What the server turns away, by name, and how updates travel."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from nasbench.errors import NasbenchError
from nasbench.live.federated.aggregation import geometric_mean_on_simplex
from nasbench.live.federated.client import FLOOR, Client, FitInstructions, apply_floor
from nasbench.live.federated.federated_config import THETA, Array, FederatedConfig
from nasbench.live.federated.in_process_runtime import compute_update
from nasbench.live.federated.update_validation import ClientUpdate, deserialize_array, serialize_array, validation_error
from nasbench.live.training.recipe import SMALL

from small_federation import JOB, PLAN


class Hostile(Client):
    """A client whose updates are spoilt by `spoil`."""

    def __init__(self, client: Client, spoil: Any) -> None:
        super().__init__(client.number, client.task, client.splits)
        self.spoil = spoil

    def work(
        self, config: FederatedConfig, instruction: FitInstructions, state: Mapping[str, Array]
    ) -> tuple[dict[str, Array], float]:
        update, loss = super().work(config, instruction, state)
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
        coordinator.register_client(client.join(JOB))
    asked = coordinator.instructions(1)
    with np.errstate(all="ignore"):
        updates = [Hostile(c, spoil if c.number == 1 else dict).work(JOB, asked[c.number], sent) for c in honest]
    replies = {k: ClientUpdate(list(u.values()), loss) for k, (u, loss) in enumerate(updates)}
    coordinator.aggregate_round(1, asked, replies)
    (refusal,) = coordinator.refusals
    assert (refusal["round"], refusal["client"]) == (1, 1)
    assert re.search(reason, refusal["reason"]), refusal["reason"]
    weights = [len(c.splits.train) for c in honest if c.number != 1]
    theta = geometric_mean_on_simplex([updates[k][0][THETA] for k in (0, 2)], weights)
    assert coordinator.rows[0]["clients"] == [0, 2]
    assert coordinator.architecture == JOB.discretize(theta)


class Exhausted(Client):
    """A client whose memory runs out."""

    def _search(self, *args: Any) -> tuple[dict[str, Array], float]:
        raise torch.OutOfMemoryError


def test_a_client_whose_memory_runs_out_says_so_and_the_round_goes_on() -> None:
    owners = PLAN.owners()
    owners[1] = Exhausted(1, owners[1].task, owners[1].splits)
    coordinator = PLAN.coordinator(lambda m: None)
    for client in owners:
        coordinator.register_client(client.join(JOB))
    asked = coordinator.instructions(1)
    coordinator.aggregate_round(1, asked, {c.number: compute_update(c, coordinator, asked[c.number]) for c in owners})
    (refusal,) = coordinator.refusals
    assert refusal["client"] == 1 and "Memory ran out on cpu while computing a round" in refusal["reason"]
    assert coordinator.rows[0]["clients"] == [0, 2]


def test_an_honest_update_passes_and_rounding_to_zero_is_lifted() -> None:
    start = JOB.search_state()
    assert validation_error(ClientUpdate(list(start.values())), start) == ""
    theta = np.array([[1.0, 0.0, 0.0]], np.float32)
    assert np.array_equal(apply_floor(theta, np.array([[0.5, 0.5, 0.0]])), np.array([[1.0, FLOOR, 0.0]], np.float32))


def test_bytes_that_are_no_array_run_nothing() -> None:
    array = np.arange(6.0).reshape(2, 3)
    assert np.array_equal(deserialize_array(serialize_array(array), array), array)
    bomb = b"\x80\x04\x95\x1e\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x01:\x94\x85\x94R\x94."
    for data in (bomb, b"", b"\x93NUMPY", serialize_array(array)[:-1]):
        with pytest.raises(ValueError, match="no array of type float64"):
            deserialize_array(data, array)


def test_a_job_survives_the_wire_and_a_broken_one_is_told() -> None:
    assert FederatedConfig.loads(JOB.dumps()) == JOB
    for text in ("", "{}", '{"task": 1}', JOB.dumps().replace("channels", "chanels")):
        with pytest.raises(NasbenchError):
            FederatedConfig.loads(text)
    with pytest.raises(NasbenchError, match="moving average"):
        replace(JOB, recipe=replace(SMALL, ema_decay=0.9))
    with pytest.raises(NasbenchError, match="1 or more"):
        replace(JOB, supernet=replace(JOB.supernet, epochs=0))
