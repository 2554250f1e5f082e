"""Checkpoints of a federated search after every round, and resumption.

All randomness is a function of the configuration's seed, the round and the client, and clients are stateless between
rounds. The coordinator therefore holds the whole state: a resumed search gives the same result as an uninterrupted one.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from nasbench.live.federated.coordinator import Coordinator
from nasbench.live.training.checkpoint import load, save


def resume(coordinator: Coordinator, path: Path, identity: Mapping[str, Any]) -> float:
    """Restore a coordinator from the checkpoint at `path`, if it exists, and save one after every round.

    Args:
        coordinator: before its first round.
        path: path of the checkpoint; see `nasbench.live.training.checkpoint` for how it is validated.
        identity: complete configuration of the search.

    Returns:
        The seconds of the rounds completed so far.

    Raises:
        NasbenchError: if the checkpoint is damaged or belongs to another search; nothing is lost.
    """
    written = {"federated": 1, **identity}
    content = load(path, written)
    before = 0.0
    if content is not None:
        coordinator.state = {name: tensor.numpy() for name, tensor in content["state"].items()}
        for name in KEPT:
            setattr(coordinator, name, content.get(name, []))  # finalists are of a later version than the others
        before = content["seconds"]
        coordinator.reporter(f"{path} resumes after round {len(coordinator.rows)} of {coordinator.config.rounds}")
    start = time.perf_counter()

    def keep() -> None:
        state = {name: torch.from_numpy(array) for name, array in coordinator.state.items()}
        held = {name: getattr(coordinator, name) for name in KEPT}
        save(path, {"identity": written, "state": state, "seconds": before + time.perf_counter() - start, **held})

    coordinator.keep = keep
    return before


KEPT = ("architecture", "finalists", "examples", "rows", "refusals")
"""Attributes of a coordinator other than its state; connected clients are determined again."""
