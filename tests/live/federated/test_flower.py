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

import pytest
import torch

pytest.importorskip("flwr", reason="needs Flower: pip install 'nas-verify[federated]'")

from nasbench.live.experiment.config import ExperimentConfig
from nasbench.live.federated.coordinator import ClientFailures
from nasbench.live.federated.defaults import scaled_config
from nasbench.live.federated.experiment import FederatedExperiment, digest
from nasbench.live.federated.in_process_runtime import run_loop
from nasbench.live.federated.partition import Partition
from nasbench.live.federated.update_validation import wire_bytes
from nasbench.live.searchers.searcher import SupernetConfig
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.training.recipe import SMALL

PATIENCE = 900
"""Seconds after which a process that hangs is ended; a slow machine comes nowhere near."""
CPU = torch.device("cpu")
CENTRAL = ExperimentConfig(
    task="digits",
    supernet=SupernetConfig(epochs=1, channels=4, cells=1),
    recipe=replace(SMALL, epochs=1, channels=4),
)
JOB = scaled_config(CENTRAL, get_task("digits").load().reduced(120, 30), 3, rounds=1, train_rounds=1)
PLAN = FederatedExperiment(config=JOB, clients=3, partition=Partition(1.0), subset_size=(120, 30))


CUT = ["--clients", "3", "--partition", "dirichlet:1", "--subset-size", "120"]
SEARCH = ["federated", "search", "digits", "--device", "cpu", "--json", *CUT]
SEARCH += ["--search-epochs", "1", "--epochs", "1", "--channels", "4", "--rounds", "1", "--train-rounds", "1"]
NASBENCH = [sys.executable, "-c", "from nasbench.cli.main import main; main()"]


def test_the_simulation_equals_the_loop_bit_for_bit() -> None:
    """In a process of its own, since Ray leaves threads and processes behind."""
    failures = ["--client-dropout", "0.34", "--straggler-fraction", "0.34"]
    done = subprocess.run(
        [*NASBENCH, *SEARCH, *failures], capture_output=True, text=True, timeout=PATIENCE, env=_environment()
    )
    if "timed out during startup" in done.stderr:
        pytest.skip("Ray gives its node 30 s to start, and this machine is too busy for that")
    assert done.returncode == 0, done.stderr
    (result,) = json.loads(done.stdout)["searches"]
    experiment = replace(PLAN, failures=ClientFailures(client_dropout=0.34, straggler_fraction=0.34))
    expected = experiment.coordinator(lambda m: None)
    run_loop(expected, experiment.owners(CPU))
    assert result["weights_sha256"] == digest(expected.state)
    assert result["curve"] == expected.rows and result["refusals"] == []
    assert [len(row["clients"]) for row in result["curve"]] == [2, 2]


HOSTILE = """
import os, sys
import numpy as np, torch
from nasbench.live.federated.client import Client
from nasbench.live.federated.federated_config import THETA
from nasbench.live.federated.partition import Partition, partition_examples
from nasbench.live.federated.runtime import connect
from nasbench.live.tasks.catalogue import get_task

class Hostile(Client):
    def work(self, job, instruction, state):
        if instruction.number == 2:
            os._exit(7)
        return {**state, THETA: np.full_like(state[THETA], np.nan)}, 0.0

task = get_task("digits")
parts = partition_examples(task, task.load().reduced(120, 30), 3, Partition(1.0), 0)
connect(Hostile(2, task, parts[2]), sys.argv[1], 600.0)
"""


def test_processes_over_grpc_equal_the_loop_and_outlive_a_hostile_client(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    join = ["federated", "join", address, "--task", "digits", "--device", "cpu", *CUT, "--client"]
    commands = [[*NASBENCH, *SEARCH, "--listen", address], [*NASBENCH, *join, "0"], [*NASBENCH, *join, "1"]]
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
    with errors.open("w", encoding="utf-8") as stderr:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True, env=_environment())


def _environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def _equals_the_loop_without_client_2(result: dict[str, Any]) -> None:
    coordinator = PLAN.coordinator(lambda m: None)
    sizes = [wire_bytes(list(coordinator.state.values()))]
    run_loop(coordinator, PLAN.owners(CPU)[:2])
    sizes.append(wire_bytes(list(coordinator.state.values())))
    assert result["architecture"] == coordinator.architecture
    assert result["weights_sha256"] == digest(coordinator.state)
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
