"""A federated search that is interrupted after any round ends as one that was not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasbench.cli.main import status
from nasbench.errors import NasbenchError
from nasbench.live.federated.coordinator import ClientFailures
from nasbench.live.federated.experiment import digest, run_federated
from nasbench.live.federated.in_process_runtime import run_loop
from nasbench.live.federated.resume import resume

from mutations import mutate
from small_federation import CPU, JOB, PLAN

LONGER = replace(JOB, supernet=replace(JOB.supernet, epochs=2), recipe=replace(JOB.recipe, epochs=2))


class PowerCutError(Exception):
    pass


def test_interrupted_after_any_round_it_ends_the_same(tmp_path: Path) -> None:
    """With drop-out, stragglers, and a client that is refused whenever it joins."""
    experiment = replace(
        PLAN, config=LONGER, clients=4, failures=ClientFailures(client_dropout=0.25, straggler_fraction=0.25)
    )
    owners = experiment.owners()
    owners[3].splits = owners[3].splits.reduced(1, 5)
    whole = experiment.coordinator(lambda m: None)
    run_loop(whole, owners)
    assert whole.refusals and len(whole.rows) == 4
    for number in (1, 2, 3, 4):
        path = tmp_path / f"{number}.pt"
        first = experiment.coordinator(lambda m: None)
        resume(first, path, experiment.as_dict())
        keep = first.keep

        def cut(keep: Any = keep, first: Any = first, number: int = number) -> None:
            keep()
            if len(first.rows) == number:
                raise PowerCutError

        first.keep = cut
        with pytest.raises(PowerCutError):
            run_loop(first, owners)
        said: list[str] = []
        second = experiment.coordinator(said.append)
        assert resume(second, path, experiment.as_dict()) > 0
        assert said == [f"{path} resumes after round {number} of 4"]
        run_loop(second, owners)
        assert digest(second.state) == digest(whole.state)
        assert (second.rows, second.refusals) == (whole.rows, whole.refusals)
        assert (second.examples, second.architecture) == (whole.examples, whole.architecture)


def test_a_checkpoint_that_is_damaged_or_another_s_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.pt"
    first = run_federated(PLAN, CPU, "loop", lambda m: None, checkpoint=path)
    again = run_federated(PLAN, CPU, "loop", lambda m: None, checkpoint=path)
    assert again["weights_sha256"] == first["weights_sha256"] and again["seconds"] > first["seconds"] / 2
    with pytest.raises(NasbenchError, match="was written for another clients"):
        run_federated(replace(PLAN, clients=2), CPU, "loop", lambda m: None, checkpoint=path)
    content, rng = path.read_bytes(), np.random.default_rng(0)
    for _ in range(20):
        path.write_bytes(mutate(content, rng)[1])
        with pytest.raises(NasbenchError, match=r"c.pt (is no checkpoint|was damaged|was written for)"):
            resume(PLAN.coordinator(lambda m: None), path, PLAN.as_dict())


def test_kill_9_in_the_middle_and_the_same_command_again(tmp_path: Path) -> None:
    words = ["federated", "search", "digits", "--runtime", "loop", "--clients", "3", "--subset-size", "150"]
    words += ["--rounds", "2", "--train-rounds", "6", "--channels", "4", "--device", "cpu", "--out"]
    folders = [tmp_path / "killed", tmp_path / "whole"]
    program = [sys.executable, "-c", "from nasbench.cli.main import main; main()", *words, str(folders[0])]
    process = subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ)
    try:
        deadline = time.monotonic() + 120
        while not (folders[0] / "federated-digits-0.pt").exists():
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.005)
    finally:
        process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not (folders[0] / "federated-digits-0.json").exists(), "it was killed before the end"
    assert [status([*words, str(folder)]) for folder in folders] == [0, 0]
    killed, whole = (json.loads((folder / "federated-digits-0.json").read_text(encoding="utf-8")) for folder in folders)
    clocked = {name for name in whole if "seconds" in name or name.startswith("latency")}
    assert {k: v for k, v in killed.items() if k not in clocked} == {k: v for k, v in whole.items() if k not in clocked}
    assert len(whole["curve"]) == 8
