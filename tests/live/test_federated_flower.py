"""Federated search over Flower: its simulation, and server and clients as processes that speak gRPC on loopback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("flwr", reason="needs Flower: pip install 'nas-verify[federated]'")

from nasbench.live.federated.coordinator import Coordinator
from nasbench.live.federated.experiment import FederatedPlan
from nasbench.live.federated.job import Job
from nasbench.live.federated.loop import run_loop
from nasbench.live.federated.partition import Partition
from nasbench.live.federated.runtime import need_flower, simulate
from nasbench.live.federated.update import wire_bytes
from nasbench.live.recipe import SMALL
from nasbench.live.searchers.searcher import SearchSettings

need_flower()
PATIENCE = 900
"""Seconds after which a process that hangs is ended; a slow machine comes nowhere near."""
CPU = torch.device("cpu")
JOB = Job(
    task="digits",
    settings=SearchSettings(epochs=1, channels=4, cells=1),
    recipe=replace(SMALL, epochs=1, channels=4),
)
PLAN = FederatedPlan(job=JOB, clients=3, partition=Partition(1.0), examples=(120, 30))


def looped(plan: FederatedPlan) -> Coordinator:
    coordinator = plan.coordinator(lambda m: None)
    run_loop(coordinator, plan.owners(CPU))
    return coordinator


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_simulation_equals_the_loop_bit_for_bit() -> None:
    plan = replace(PLAN, trouble=replace(PLAN.trouble, dropout=0.34, stragglers=0.34))
    expected, simulated = looped(plan), plan.coordinator(lambda m: None)
    before = os.environ.get("PYTHONPATH")
    simulate(simulated, plan.owners(CPU))
    assert os.environ.get("PYTHONPATH") == before
    assert simulated.rows == expected.rows and simulated.refusals == expected.refusals == []
    assert [len(row["clients"]) for row in simulated.rows] == [2, 2]
    assert all(np.array_equal(simulated.state[name], expected.state[name]) for name in expected.state)


HOSTILE = """
import os, sys
import numpy as np, torch
from nasbench.live.federated.client import Client
from nasbench.live.federated.job import THETA
from nasbench.live.federated.partition import Partition, deal
from nasbench.live.federated.runtime import connect
from nasbench.live.tasks.catalogue import get_task

class Hostile(Client):
    def work(self, job, instruction, state):
        if instruction.number == 2:
            os._exit(7)
        return {**state, THETA: np.full_like(state[THETA], np.nan)}, 0.0

task = get_task("digits")
parts = deal(task, task.load().reduced(120, 30), 3, Partition(1.0), 0)
connect(Hostile(2, task, parts[2]), sys.argv[1], 600.0)
"""


def test_processes_over_grpc_equal_the_loop_and_outlive_a_hostile_client(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    cut = ["--clients", "3", "--partition", "dirichlet:1", "--examples", "120"]
    small = ["--search-epochs", "1", "--epochs", "1", "--channels", "4"]
    search = ["search", "digits", "--federated", "--device", "cpu", "--json", "--listen", address, *small, *cut]
    join = ["join", address, "--task", "digits", "--device", "cpu", *cut, "--client"]
    nasbench = [sys.executable, "-c", "from nasbench.cli import main; main()"]
    commands = [[*nasbench, *search], [*nasbench, *join, "0"], [*nasbench, *join, "1"]]
    commands.append([sys.executable, "-c", HOSTILE, address])
    processes = [_start(command, tmp_path / f"{k}.err") for k, command in enumerate(commands)]
    try:
        outputs = [process.communicate(timeout=PATIENCE)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    told = [(tmp_path / f"{k}.err").read_text() for k in range(4)]
    assert [process.returncode for process in processes] == [0, 0, 0, 7], told
    (result,) = json.loads(outputs[0])["searches"]
    assert "client 2 is refused: theta is not finite" in told[0]
    _equals_the_loop_without_client_2(result)


def _start(command: list[str], errors: Path) -> subprocess.Popen[str]:
    with errors.open("w") as stderr:
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=stderr, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
        )


def _equals_the_loop_without_client_2(result: dict[str, Any]) -> None:
    coordinator = PLAN.coordinator(lambda m: None)
    sizes = [wire_bytes(list(coordinator.state.values()))]
    run_loop(coordinator, PLAN.owners(CPU)[:2])
    sizes.append(wire_bytes(list(coordinator.state.values())))
    assert result["architecture"] == coordinator.architecture
    assert [row["loss"] for row in result["curve"]] == [row["loss"] for row in coordinator.rows]
    assert [row["entropy"] for row in result["curve"]] == [row["entropy"] for row in coordinator.rows]
    assert [row["clients"] for row in result["curve"]] == [[0, 1], [0, 1]]
    # what was refused has travelled too; who left in the second round had been sent its model
    assert [row["bytes_up"] for row in result["curve"]] == [3 * sizes[0], 2 * sizes[1]]
    assert [row["bytes_down"] for row in result["curve"]] == [3 * sizes[0], 3 * sizes[1]]
    assert [(r["round"], r["client"], r["reason"]) for r in result["refusals"]] == [
        (1, 2, "theta is not finite"),
        (2, 2, "it sent nothing"),
    ]
