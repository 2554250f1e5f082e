"""A real scheduler and real worker processes on loopback: the same bytes as on one process, whatever happens to them."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasbench.benchmarks.catalogue import get_benchmark
from nasbench.cli.main import status
from nasbench.errors import NasbenchError
from nasbench.search.ledger import Budget
from nasbench.search.registry import get_optimizer
from nasbench.study import cluster as module
from nasbench.study.cluster import Call, Cluster, connect
from nasbench.study.runner import run_study
from nasbench.study.toml import load_study, parse_study
from nasbench.study.tuning import tune

from table_protocol import table_protocol

pytest.importorskip("distributed", reason="needs the extra 'cluster'")

BENCHMARK = "nas-bench-201/cifar10"
TEXT = f"""
name = "small"
seed = 5
runs = 36
runs_per_file = 3
problems = ["{BENCHMARK}", "nas-bench-201/cifar100"]
objectives = ["error"]
split = "validation"
epochs = [200]
training_seed = "random"
repeat_policy = "retrain"
budget = {{ queries = 120 }}
methods = [{{ name = "regularized_evolution", settings = {{ population_size = 20, tournament_size = 5 }} }}]
"""


@contextmanager
def dask(*words: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A `dask` command, killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dask", *words, "--no-dashboard"],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def processes() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def scheduler(processes: ExitStack, tmp_path: Path) -> str:
    return start_scheduler(processes, tmp_path)[0]


def start_scheduler(processes: ExitStack, folder: Path) -> tuple[str, subprocess.Popen[bytes]]:
    file = folder / "scheduler.json"
    process = processes.enter_context(
        dask("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))
    )
    until(lambda: file.exists() and file.read_text().rstrip().endswith("}"))
    return json.loads(file.read_text())["address"], process


def worker(processes: ExitStack, address: str, threads: int = 1, **environment: str) -> subprocess.Popen[bytes]:
    return processes.enter_context(dask("worker", address, "--nthreads", str(threads), "--no-nanny", **environment))


def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "a process did not come up within two minutes"
        time.sleep(0.02)


def traces(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted((folder / "traces").rglob("*")) if p.is_file()}


@contextmanager
def connected(address: str, said: list[str] | None = None, worker_timeout: float = 120) -> Iterator[Cluster]:
    with connect(address, worker_timeout=worker_timeout, say=(said if said is not None else []).append) as cluster:
        assert cluster is not None
        yield cluster


def test_a_worker_killed_and_one_that_joins_change_nothing(
    processes: ExitStack, scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed with SIGKILL while it holds units. The one that joins has two threads, and says so to nobody's harm."""
    monkeypatch.setattr(module, "TASK_SECONDS", 0.1)
    study = parse_study(TEXT, "test")
    run_study(study, tmp_path / "alone")
    workers = [worker(processes, scheduler) for _ in range(2)]
    seen: list[float] = []
    held: list[int] = []
    said: list[str] = []
    with connected(scheduler, said) as cluster:
        client = cluster._client
        until(lambda: len(client.nthreads()) == 2)
        address = {pid: where for where, pid in client.run(os.getpid).items()}[workers[0].pid]

        def progress(done: float, units: int) -> None:
            seen.append(done)
            # Not before it holds work, which a slow machine may not have given it yet.
            if not held and client.processing().get(address):
                held.append(len(client.processing()[address]))
                os.kill(workers[0].pid, signal.SIGKILL)
                worker(processes, scheduler, threads=2)

        summary = run_study(study, tmp_path / "cluster", cluster=cluster, progress=progress)
        assert held and workers[0].wait() == -signal.SIGKILL
        assert traces(tmp_path / "cluster") == traces(tmp_path / "alone")
        assert (summary.done, summary.queries) == (24, 36 * 2 * 120)
        assert seen == list(range(25)), "every unit counts once"

        lost = sorted((tmp_path / "cluster" / "traces").rglob("*.parquet"))[::9]
        for path in lost:
            path.unlink()
        assert run_study(study, tmp_path / "cluster", cluster=cluster).done == len(lost)
        assert traces(tmp_path / "cluster") == traces(tmp_path / "alone")
        until(lambda: 2 in client.nthreads().values())
        cluster.check()
    assert any("has 2 threads and will use one" in sentence for sentence in said)


def test_faults_are_the_sentences_of_one_process_and_lose_nothing(
    processes: ExitStack, scheduler: str, tmp_path: Path
) -> None:
    worker(processes, scheduler)
    bad = parse_study(TEXT.replace("population_size = 20", "population_size = 0"), "test")
    with pytest.raises(NasbenchError) as alone:
        run_study(bad, tmp_path / "alone")
    with connected(scheduler) as cluster:
        with pytest.raises(NasbenchError) as remote:
            run_study(bad, tmp_path / "cluster", cluster=cluster)
        assert str(remote.value) == str(alone.value)
        # What a task did before its fault comes back; the cluster goes on working.
        calls = [Call(len, BENCHMARK, ("abc",)), Call(get_benchmark, BENCHMARK, ("nas-bench-201/cifar11",))]
        results = []
        with pytest.raises(NasbenchError, match="did you mean"):
            for result in cluster.map(calls):
                results.append(result)
        assert results == [(0, 3)]
        assert list(cluster.map(calls[:1])) == [(0, 3)]
        with pytest.raises(ZeroDivisionError):
            list(cluster.map([Call(divmod, BENCHMARK, (1, 0))]))


def test_tuning_is_the_same_as_alone(processes: ExitStack, scheduler: str) -> None:
    worker(processes, scheduler)
    protocol = table_protocol(Budget({"unique_queries": 40}), training_seed="random")
    arguments: dict[str, Any] = {"trials": 4, "runs": 12, "seed": 4, "metric": "final-regret"}
    evolution = get_optimizer("regularized_evolution")
    for copies in (0, 2):
        alone = tune(evolution, get_benchmark(BENCHMARK), protocol, copies=copies, **arguments)
        with connected(scheduler) as cluster:
            spread = tune(evolution, get_benchmark(BENCHMARK), protocol, copies=copies, cluster=cluster, **arguments)
        assert [t.settings for t in spread] == [t.settings for t in alone]
        assert all(np.array_equal(a.values, b.values) for a, b in zip(spread, alone, strict=True))


def test_workers_that_differ_are_named(processes: ExitStack, scheduler: str, tmp_path: Path) -> None:
    """One whose cache cannot be written; then one with another version of a package, at the start and joining late."""
    (tmp_path / "file").touch()
    broken = worker(processes, scheduler, NASBENCH_CACHE=str(tmp_path / "file"))
    calls = [Call(len, BENCHMARK, ("abc",))]
    with connected(scheduler) as cluster:
        with pytest.raises(NasbenchError, match=r"^Worker tcp://127.0.0.1:\d+: The cache .* cannot be written"):
            list(cluster.map(calls))
        broken.kill()
        until(lambda: not cluster._client.nthreads())
        other = tmp_path / "other" / "moocore-0.0.1.dist-info"
        other.mkdir(parents=True)
        (other / "METADATA").write_text("Metadata-Version: 2.1\nName: moocore\nVersion: 0.0.1\n")
        worker(processes, scheduler, PYTHONPATH=str(other.parent))
        differs = r"^Worker tcp://127.0.0.1:\d+ has moocore 0.0.1 and this client has \d"
        with pytest.raises(NasbenchError, match=differs):
            list(cluster.map(calls))
    with pytest.raises(NasbenchError, match=differs), connected(scheduler):
        pass


def test_no_worker_and_a_lost_scheduler_end_in_a_sentence(
    processes: ExitStack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    address, process = start_scheduler(processes, tmp_path)
    out = str(tmp_path / "q")
    assert status(["run", "quick", "--cluster", address, "--worker-timeout", "0.2", "--out", out]) == 2
    waits, stops = capsys.readouterr().err.splitlines()
    assert "has no worker; waiting 0.2 s" in waits and f"No worker joined the cluster {address} within 0.2 s" in stops
    worker(processes, address)
    study = parse_study(TEXT, "test")
    with (
        pytest.raises(NasbenchError, match=r"connection to the scheduler .* was lost; finished work is kept"),
        connected(address) as cluster,
    ):
        run_study(study, tmp_path / "s", cluster=cluster, progress=lambda done, units: process.kill() if done else None)
    assert 0 < len(traces(tmp_path / "s")) < 24


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "tcp://127.0.0.1", "nowhere", "smtp://127.0.0.1:1"])
def test_no_scheduler_is_one_sentence(address: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert status(["run", "quick", "--cluster", address, "--out", str(tmp_path / "q")]) == 2
    error = capsys.readouterr().err
    assert f"No Dask scheduler answers at {address};" in error and error.count("\n") == 1


def test_a_local_cluster_by_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["run", "quick", "--runs", "2", "--out"]
    assert status([*words, str(tmp_path / "alone")]) == 0
    assert status([*words, str(tmp_path / "local"), "--cluster", "local", "--jobs", "2"]) == 0
    told = capsys.readouterr().err.splitlines()
    assert [
        line for line in told if not line.startswith("nasbench: running quick: ")
    ] == []  # progress, if it takes long
    assert traces(tmp_path / "local") == traces(tmp_path / "alone")


def test_what_travels_is_small(tmp_path: Path) -> None:
    """A unit of the largest preset is some hundred bytes beside what a task says once; no table is among it."""
    study = load_study("hybrid-claim")
    sent: list[Call] = []

    class Post:
        def map(self, calls: Iterable[Call]) -> Iterator[tuple[int, Any]]:
            sent.extend(calls)
            return iter(())

    assert run_study(study, tmp_path, cluster=Post()).queries == 0  # type: ignore[arg-type]
    assert len(sent) == len(study.units())
    assert max(len(pickle.dumps(call)) for call in sent) < 3000


def test_another_version_of_a_table_is_refused() -> None:
    with pytest.raises(NasbenchError, match=f"The worker has another version of {BENCHMARK}"):
        module._refuse_other_tables("The worker", {BENCHMARK: "another"})
    module._refuse_other_tables("The worker", {BENCHMARK: get_benchmark(BENCHMARK).checksum})


def test_numbers_out_of_range() -> None:
    for words, reason in ({"jobs": 0}, "jobs is 0"), ({"worker_timeout": -1.0}, "0 or more"):
        with pytest.raises(NasbenchError, match=reason), connect("local", **words):  # type: ignore[arg-type]
            pass
