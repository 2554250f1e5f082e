"""A federated search is kept after every round, and goes on from there.

All randomness is a function of the job's seed, the round and the client, and a client need not remember anything from one round to the
next. So what the coordinator holds is the whole state: a search that goes on ends as one that was never interrupted.
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
    """Take a coordinator to where the checkpoint at `path` stands, if there is one, and let it write one after every round.

    Args:
        coordinator: before its first round.
        path: of the checkpoint; `nasbench.live.training.checkpoint` says how it is guarded.
        identity: all that the search depends on.

    Returns:
        The seconds that the rounds so far took.

    Raises:
        NasbenchError: if the checkpoint is damaged or belongs to another search; nothing is lost.
    """
    written = {"federated": 1, **identity}
    content = load(path, written)
    before = 0.0
    if content is not None:
        coordinator.state = {name: tensor.numpy() for name, tensor in content["state"].items()}
        for name in KEPT:
            setattr(coordinator, name, content[name])
        before = content["seconds"]
        coordinator.reporter(f"{path} goes on after round {len(coordinator.rows)} of {coordinator.config.rounds}")
    start = time.perf_counter()

    def keep() -> None:
        state = {name: torch.from_numpy(array) for name, array in coordinator.state.items()}
        held = {name: getattr(coordinator, name) for name in KEPT}
        save(path, {"identity": written, "state": state, "seconds": before + time.perf_counter() - start, **held})

    coordinator.keep = keep
    return before


KEPT = ("architecture", "examples", "rows", "refusals")
"""What a coordinator holds beside its state; who is there is seen anew."""
