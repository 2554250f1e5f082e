"""What listens at an address need not be a scheduler, and one that is may stop to answer: a sentence within seconds."""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="needs the extra 'cluster'")
pytest.importorskip("cryptography", reason="makes certificates")

from certificates import certify

from nasbench.cli.main import status
from nasbench.errors import NasbenchError
from nasbench.study import cluster as module
from nasbench.study import scheduler
from nasbench.study.cluster import Call, connect
from nasbench.study.scheduler import within

BENCHMARK = "nas-bench-201/cifar10"
FRAMES = (1).to_bytes(8, "little") + (2**62).to_bytes(8, "little")
ANSWERS = {
    "nothing": b"",
    "a page": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n" * 5,
    "ones": b"\xff" * 100,
    "zeros": bytes(1000),
    "a frame of 2^62 bytes": FRAMES,
    "2^61 frames": (2**61).to_bytes(8, "little") + bytes(64),
    "a frame of noise": (108).to_bytes(8, "little") + (1).to_bytes(8, "little") + bytes(range(100)),
}


@contextmanager
def listening(answer: bytes, keep: bool = True) -> Iterator[str]:
    """A server that sends something to whoever comes; yields its address."""
    connections: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connections.append(server.accept()[0])
                    connections[-1].sendall(answer)
                except OSError:
                    return
                if not keep:
                    connections[-1].close()

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
        finally:
            for connection in connections:
                connection.close()


def refused(address: str, folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Run a study at an address that is no scheduler's; return the one sentence about it."""
    start = time.monotonic()
    assert status(["run", "quick", "--cluster", address, "--out", str(folder / "q"), *words]) == 2
    assert time.monotonic() - start < 10
    gc.collect()
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and not (folder / "q" / "traces").exists()
    return told


@pytest.mark.parametrize("what", ANSWERS)
def test_something_else_listens_there(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scheduler, "CONNECT_SECONDS", 0.5)
    with listening(ANSWERS[what]) as address:
        assert f"No Dask scheduler answers at {address};" in refused(address, tmp_path, capsys)


class Page(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_what_closes_at_once_and_a_web_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scheduler, "CONNECT_SECONDS", 0.5)
    with listening(b"", keep=False) as address:
        assert "No Dask scheduler answers at" in refused(address, tmp_path, capsys)
    with HTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            assert "No Dask scheduler" in refused(f"tcp://127.0.0.1:{server.server_port}", tmp_path, capsys)
        finally:
            server.shutdown()


NONSENSE = """
http://127.0.0.1:8787 tcp:// tcp://:1 tcp://127.0.0.1:0 tcp://127.0.0.1:65536 tcp://127.0.0.1:1/x inproc://x/1/2
ucx://127.0.0.1:1 TCP://h:1 tcp://no-such-host.invalid:8786
"""


@pytest.mark.parametrize("address", [*NONSENSE.split(), "", "tcp://a b:1", "tcp://127.0.0.1:1\n"])
def test_nonsense_is_one_sentence_at_once(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scheduler, "CONNECT_SECONDS", 0.3)
    if "\n" not in address:
        assert f"No Dask scheduler answers at {address};" in refused(address, tmp_path, capsys)
    with pytest.raises(NasbenchError, match="No Dask scheduler answers at"), connect(address):
        pass


def test_certificates_that_do_not_go_with_the_address(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path)
    assert "tls://h:1 needs certificates: --cluster-tls" in refused("tls://h:1", tmp_path, capsys)
    assert "ca.pem is not there" in refused("tls://h:1", tmp_path, capsys, "--cluster-tls", folder)
    assert "tcp://h:1 is none" in refused("tcp://h:1", tmp_path, capsys, "--cluster-tls", folder)
    assert "give --cluster its address" in refused("local", tmp_path, capsys, "--cluster-tls", folder)
    for name in ("ca.pem", "client.pem", "client.key"):
        (tmp_path / name).write_text("no certificate", encoding="utf-8")
    assert "cannot be used" in refused("tls://h:1", tmp_path, capsys, "--cluster-tls", folder)
    assert status(["run", "quick", "--cluster-tls", folder]) == 2
    for bad in (-1.0, float("nan")):
        with pytest.raises(NasbenchError, match="0 or more"), connect("tcp://h:1", worker_timeout=bad):
            pass


@contextmanager
def started(folder: Path, *words: str) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and a worker; yields the address and the two processes."""
    file = folder / "scheduler.json"
    options = [[*words, "--port", "0", "--scheduler-file", str(file)], [*words, "--nthreads", "1", "--no-nanny"]]
    with ExitStack() as stack:
        processes: list[subprocess.Popen[bytes]] = []
        for what, more in zip(("scheduler", "worker"), options, strict=True):
            place = ["--scheduler-file", str(file)] if what == "worker" else []
            command = [sys.executable, "-m", "dask", what, "--host", "127.0.0.1", "--no-dashboard", *more, *place]
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.kill)
            processes.append(process)
            until_there(file)
        yield json.loads(file.read_text(encoding="utf-8"))["address"], processes


def until_there(file: Path) -> None:
    deadline = time.monotonic() + 120
    while not (file.exists() and file.read_text(encoding="utf-8").rstrip().endswith("}")):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_under_tls_a_study_runs_and_others_find_no_scheduler(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("ours", "theirs"):
        certify(tmp_path / name, "client")
    ours = tmp_path / "ours"
    tls = [
        "--tls-ca-file",
        str(ours / "ca.pem"),
        "--tls-cert",
        str(ours / "client.pem"),
        "--tls-key",
        str(ours / "client.key"),
    ]
    with started(tmp_path, *tls) as (address, _):
        assert address.startswith("tls://")
        words = ["run", "quick", "--runs", "1", "--cluster", address, "--out", str(tmp_path / "r"), "--cluster-tls"]
        assert status([*words, str(ours)]) == 0
        assert status(["run", "quick", "--runs", "1", "--out", str(tmp_path / "alone")]) == 0
        capsys.readouterr()
        assert "No Dask scheduler" in refused(address, tmp_path, capsys, "--cluster-tls", str(tmp_path / "theirs"))
        assert "No Dask scheduler" in refused(address.replace("tls", "tcp"), tmp_path, capsys)
    traces = [{p.name: p.read_bytes() for p in (tmp_path / n / "traces").rglob("*.parquet")} for n in ("r", "alone")]
    assert traces[0] == traces[1] and traces[0]


def test_a_scheduler_that_stops_to_answer_ends_the_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped, not killed: its connections stay open. A worker's address is no scheduler's."""
    monkeypatch.setattr(module, "SCHEDULER_SECONDS", 1.0)
    monkeypatch.setattr(module, "CONNECT_SECONDS", 1.0)
    with started(tmp_path) as (address, processes), connect(address, worker_timeout=60) as cluster:
        assert cluster is not None
        assert list(cluster.map([Call(len, BENCHMARK, ("abc",))])) == [(0, 3)]
        (worker,) = cluster._client.nthreads()
        with pytest.raises(NasbenchError, match="No Dask scheduler answers"), connect(worker):
            pass
        os.kill(processes[0].pid, signal.SIGSTOP)
        try:
            with pytest.raises(NasbenchError, match=r"has not answered for 1 s; finished work is kept"):
                list(cluster.map([Call(len, BENCHMARK, ("abc",))]))
        finally:
            os.kill(processes[0].pid, signal.SIGCONT)


def test_within() -> None:
    assert within(5, lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 // 0)
    with pytest.raises(TimeoutError):
        within(0.05, lambda: time.sleep(1))


TUNE = "tune random_search --benchmark nas-bench-201/cifar10 --trials 1 --budget queries=1"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("run quick --worker-timeout 60", "--worker-timeout applies to a cluster; add --cluster"),
        ("run quick --cluster tcp://127.0.0.1:1 --jobs 1", "--jobs is not used on a cluster"),
        ("run darts-collapse --worker-timeout 60", "--worker-timeout applies to a cluster; add --cluster"),
        (f"{TUNE} --worker-timeout 60", "--worker-timeout applies to a cluster; add --cluster"),
        (f"{TUNE} --jobs 1", "--jobs applies to a cluster; add --cluster"),
        (f"{TUNE} --cluster tcp://127.0.0.1:1 --jobs 2", "--jobs is not used on a cluster"),
    ],
)
def test_what_would_not_be_used_is_refused(words: str, reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(words.split()) == 2
    assert reason in capsys.readouterr().err
