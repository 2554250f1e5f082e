"""One round of a federated search, at the point where answers come in over Flower: an honest client and one to be judged."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from flwr.common import Code, FitRes, Parameters, Status

from nasbench.live.federated.coordinator import Coordinator
from nasbench.live.federated.federated_config import THETA, Array
from nasbench.live.federated.flower import TYPE, MirrorAveraging
from nasbench.live.federated.update_validation import serialize_array

from small_federation import JOB

ANNOUNCED = 40
"""Examples that each client says it has when it joins."""
OK = Status(Code.OK, "")


@dataclass(frozen=True)
class Proxy:
    """What stands for a client on the server's side."""

    cid: str


@cache
def _asked() -> MirrorAveraging:
    coordinator = Coordinator(replace(JOB, supernet=replace(JOB.supernet, epochs=2)), 2)
    averaging = MirrorAveraging(coordinator)
    for client in (0, 1):
        coordinator.register_client({"client": client, "examples": ANNOUNCED})
        averaging.numbers[str(client)] = client
    averaging.asked = coordinator.instructions(1)
    return averaging


def sent() -> dict[str, Array]:
    """Return what the clients start from."""
    return _asked().coordinator.state


def honest() -> list[bytes]:
    """Return the tensors of a client that has not moved."""
    return [serialize_array(array) for array in sent().values()]


def answer(tensors: Any = None, examples: Any = ANNOUNCED, **fields: Any) -> FitRes:
    """Return an answer to the first round, an honest one but for what is given."""
    metrics = {"round": 1, "loss": 0.5, **fields}
    return FitRes(OK, Parameters(honest() if tensors is None else tensors, TYPE), examples, metrics)


def judged(came: FitRes, failure: bool = False) -> tuple[str, Coordinator]:
    """Return why client 1's answer was refused, "" where it was not, and the state after the round in which it came.

    Raises:
        AssertionError: if the other client was refused, or what was averaged is not a state to go on from.
    """
    averaging = copy.copy(_asked())
    averaging.coordinator = coordinator = copy.copy(_asked().coordinator)
    coordinator.rows, coordinator.refusals = [], []
    pairs: list[Any] = [(Proxy("1"), came), (Proxy("0"), answer())]
    averaging.aggregate_fit(1, pairs[1:] if failure else pairs, pairs[:1] if failure else [])
    refused = {refusal["client"]: refusal["reason"] for refusal in coordinator.refusals}
    assert set(refused) <= {1} and coordinator.rows[0]["clients"] == ([0] if refused else [0, 1])
    assert np.isfinite(coordinator.rows[0]["loss"])
    for name, mine in sent().items():
        array = coordinator.state[name]
        assert array.shape == mine.shape and array.dtype == mine.dtype and np.all(np.isfinite(array))
        assert not refused or np.allclose(array, mine, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(coordinator.state[THETA].sum(axis=1), 1, rtol=1e-5)
    reason = refused.get(1, "")
    assert len(reason) < 400 and reason.isprintable()
    return reason, coordinator
