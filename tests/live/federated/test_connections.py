"""Clients over gRPC on loopback, in threads of this process: hostile ones, strangers, those that leave and come back."""

from __future__ import annotations

import os
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("flwr", reason="needs Flower: pip install 'nas-verify[federated]'")

import grpc
from certificates import certify
from flwr.common import Code, FitRes, GetPropertiesRes, Parameters, Status, serde
from flwr.proto.transport_pb2 import ClientMessage
from flwr.proto.transport_pb2_grpc import FlowerServiceStub

from nasbench.errors import NasbenchError
from nasbench.live.federated.connection_limits import ConnectionPool
from nasbench.live.federated.coordinator import Coordinator
from nasbench.live.federated.credentials import Credentials
from nasbench.live.federated.experiment import FederatedExperiment, digest
from nasbench.live.federated.in_process_runtime import run_loop
from nasbench.live.federated.resume import resume
from nasbench.live.federated.runtime import connect, serve

from small_federation import JOB, PLAN

OK = Status(Code.OK, "")
TOKEN = Credentials("a token of 24 characters")
THREE_ROUNDS = replace(JOB, supernet=replace(JOB.supernet, epochs=2))


@pytest.fixture
def address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


class Guests:
    """Clients in threads, and what became of them."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.ends: dict[str, str] = {}
        self.over = threading.Event()
        self.threads: list[threading.Thread] = []

    def start(self, name: str, function: Callable[..., None], *arguments: Any) -> None:
        def run() -> None:
            try:
                function(*arguments)
                self.ends[name] = "done"
            except NasbenchError as fault:
                self.ends[name] = str(fault)
            except Exception as fault:  # a hostile client may end as it likes
                self.ends[name] = type(fault).__name__

        self.threads.append(threading.Thread(target=run, daemon=True))
        self.threads[-1].start()

    def join(self, name: str, experiment: FederatedExperiment, number: int, credentials: Credentials = TOKEN) -> None:
        self.start(name, connect, experiment.owners()[number], self.address, 60.0, credentials)

    def wait(self) -> dict[str, str]:
        self.over.set()
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive()
        return self.ends


def properties(**fields: Any) -> ClientMessage:
    return ClientMessage(get_properties_res=serde.get_properties_res_to_proto(GetPropertiesRes(OK, fields)))


def fitted(tensors: list[bytes], number: int) -> ClientMessage:
    came = FitRes(OK, Parameters(tensors, "numpy.ndarray"), 40, {"round": number, "loss": 1.0})
    return ClientMessage(fit_res=serde.fit_res_to_proto(came))


Answers = Callable[[Any], list[ClientMessage]]


def raw(address: str, number: int, answers: Answers, examples: int = 40, deaf: threading.Event | None = None) -> None:
    """Introduce oneself as client `number` with the token, and answer each question of a round by `answers`.

    With `deaf`, take no further question from the connection until that event.
    """
    ready = threading.Event()
    out: list[ClientMessage] = []

    def speak() -> Iterator[ClientMessage]:
        while True:
            ready.wait(60)
            while out:
                yield out.pop(0)
            ready.clear()

    with grpc.insecure_channel(address) as channel:
        grpc.channel_ready_future(channel).result(60)
        for question in FlowerServiceStub(channel).Join(speak()):
            if question.HasField("get_properties_ins"):
                config = serde.get_properties_ins_from_proto(question.get_properties_ins).config
                if "refused" in config:
                    return
                proof = TOKEN.proof(str(config["challenge"]), number, examples)
                out.append(properties(client=number, examples=examples, proof=proof))
            elif question.HasField("fit_ins"):
                out.extend(answers(serde.fit_ins_from_proto(question.fit_ins)))
            else:
                return
            ready.set()
            if deaf is not None:
                deaf.wait(60)
                return


def malformed(ins: Any) -> list[ClientMessage]:
    header = b"{'descr': '<f8' , 'shape': ((((\n"
    broken = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
    return [fitted([broken, *ins.parameters.tensors[1:]], int(ins.config["round"]))]


def twice(ins: Any) -> list[ClientMessage]:
    honest = fitted(ins.parameters.tensors, int(ins.config["round"]))
    return [honest, honest]


def of_another_kind(ins: Any) -> list[ClientMessage]:
    return [properties(client=3)]


def silent(ins: Any) -> list[ClientMessage]:
    return []


def nothing_in_it(ins: Any) -> list[ClientMessage]:
    return [ClientMessage()]


def interrupting(ins: Any) -> list[ClientMessage]:
    os.kill(os.getpid(), signal.SIGINT)
    return []


def gone(ins: Any) -> list[ClientMessage]:
    raise ConnectionAbortedError


HOSTILE = {2: malformed, 3: of_another_kind, 4: silent, 5: nothing_in_it, 6: twice}


def test_hostile_and_silent_clients_and_strangers_change_nothing(address: str) -> None:
    experiment = replace(PLAN, config=THREE_ROUNDS, clients=8, subset_size=(400, 160))
    said: list[str] = []
    coordinator = Coordinator(experiment.config, experiment.clients, reporter=said.append)
    guests = Guests(address)
    guests.join("honest 0", experiment, 0)
    guests.join("honest 1", experiment, 1)
    guests.join("no token", experiment, 1, Credentials())
    guests.join("another token", experiment, 0, Credentials("the token of someone else"))
    for number, answers in HOSTILE.items():
        guests.start(f"hostile {number}", raw, address, number, answers)
    guests.start("deaf", raw, address, 7, silent, 40, guests.over)
    serve(coordinator, address, 60.0, TOKEN, 7.0)
    ends = guests.wait()
    assert ends["honest 0"] == ends["honest 1"] == "done"
    for stranger in ("no token", "another token"):
        assert "does not know the token of this search" in ends[stranger]
    reasons = {(r["round"], r["client"]): r["reason"] for r in coordinator.refusals}
    assert reasons[0, "a stranger"] == "it does not know the token of this search"
    assert reasons[1, 2] == reasons[2, 2] == "theta is no array of type float32 and shape (6, 5) in numpy's format"
    assert "fields none" in reasons[1, 3] and "fields none" in reasons[1, 5]
    assert reasons[1, 4] == reasons[1, 7] == "it sent nothing"
    assert (1, 6) not in reasons and reasons[2, 6] == "its answer is to round 1"
    assert [row["clients"] for row in coordinator.rows] == [[0, 1, 6], [0, 1], [0, 1]]
    assert [row["phase"] for row in coordinator.rows] == ["search", "search", "train"]


def test_a_client_that_comes_back_and_a_server_that_goes_on_end_as_one_run(address: str, tmp_path: Path) -> None:
    """The server is stopped after a round, its clients with it; then it goes on, and all come back."""
    experiment = replace(PLAN, config=THREE_ROUNDS, clients=2)
    expected = experiment.coordinator(lambda m: None)
    run_loop(expected, experiment.owners())
    for stop in (1, 3):
        coordinator = experiment.coordinator(lambda m: None)
        resume(coordinator, tmp_path / "c.pt", experiment.as_dict())
        assert len(coordinator.rows) == (0 if stop == 1 else 1)
        keep = coordinator.keep

        def stopping(keep: Callable[[], None] = keep, stop: int = stop) -> None:
            keep()
            if stop < 3:
                raise NasbenchError("the power is gone")

        coordinator.keep = stopping
        guests = Guests(address)
        for number in (0, 1):
            guests.join(str(number), experiment, number)
        if stop < 3:
            with pytest.raises(NasbenchError, match="the power is gone"):
                serve(coordinator, address, 60, TOKEN)
            assert all("went away" in end for end in guests.wait().values())
        else:
            serve(coordinator, address, 60, TOKEN)
            assert set(guests.wait().values()) == {"done"}
    assert digest(coordinator.state) == digest(expected.state)
    assert coordinator.rows == expected.rows and coordinator.refusals == expected.refusals == []


def test_a_client_leaves_and_comes_back_under_its_number(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = replace(PLAN, config=replace(JOB, supernet=replace(JOB.supernet, epochs=4)), clients=2)
    said: list[str] = []
    coordinator = experiment.coordinator(said.append)
    guests = Guests(address)
    register, there = ConnectionPool.register, threading.Semaphore(0)

    def registered(room: ConnectionPool, client: Any) -> bool:
        taken = register(room, client)
        there.release()
        return taken

    monkeypatch.setattr(ConnectionPool, "register", registered)

    def back() -> None:
        if len(coordinator.rows) == 2:
            guests.join("back", experiment, 1)
            guests.join("more", replace(experiment, clients=1), 0)
            for _ in ("stays", "leaves", "back", "more"):
                assert there.acquire(timeout=60)  # or a slow machine runs the last round without them

    coordinator.keep = back
    guests.join("stays", experiment, 0)

    examples = len(experiment.owners()[1].splits.train)
    guests.start("leaves", raw, address, 1, gone, examples)
    serve(coordinator, address, 60, TOKEN)
    ends = guests.wait()
    assert ends["stays"] == ends["back"] == "done"
    assert "another client has its number" in ends["more"]
    assert [row["clients"] for row in coordinator.rows[:2]] == [[0], [0]]
    assert coordinator.rows[4]["clients"] == [0, 1] and "client 1 is gone; it may come back" in said


def test_everybody_gone_is_a_sentence(address: str) -> None:
    guests = Guests(address)
    for number in (0, 1):
        guests.start(str(number), raw, address, number, gone)
    with pytest.raises(NasbenchError, match=r"All clients have left before round 2 of 3; start them"):
        serve(Coordinator(THREE_ROUNDS, 2), address, 60.0, TOKEN, 3.0)
    guests.wait()


def test_an_interrupt_waits_for_no_answer(address: str) -> None:
    guests = Guests(address)
    guests.start("silent", raw, address, 0, interrupting)
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        serve(Coordinator(THREE_ROUNDS, 1), address, 600.0, TOKEN)
    assert time.monotonic() - start < 60
    guests.wait()


def test_a_full_room_is_a_sentence(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nasbench.live.federated.runtime.SPARE", -3)
    monkeypatch.setattr("nasbench.live.federated.runtime.WORKERS", 8)
    guests = Guests(address)

    def second() -> None:
        first.wait(60)
        connect(PLAN.owners()[1], address, 60.0, TOKEN)

    first = threading.Event()

    def busy(ins: Any) -> list[ClientMessage]:
        first.set()
        guests.threads[1].join(60)
        return [fitted(ins.parameters.tensors, int(ins.config["round"]))]

    guests.start("busy", raw, address, 0, busy)
    guests.start("too many", second)
    coordinator = Coordinator(THREE_ROUNDS, 1)
    serve(coordinator, address, 60.0, TOKEN)
    assert [row["clients"] for row in coordinator.rows] == [[0], [0], [0]]
    assert "has no room for another client" in guests.wait()["too many"]


def test_clients_that_do_not_come_are_a_sentence(address: str) -> None:
    with pytest.raises(NasbenchError, match=r"0 of 3 clients came within 0.2 s"):
        serve(PLAN.coordinator(lambda m: None), address, 0.2)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(NasbenchError, match=f"cannot listen on {busy}"):
            serve(PLAN.coordinator(lambda m: None), busy, 1)
    with pytest.raises(NasbenchError, match="No server answers"):
        connect(PLAN.owners()[0], address, 0.2)


def test_under_certificates_all_is_encrypted_and_a_stranger_s_authority_is_none(address: str, tmp_path: Path) -> None:
    certify(tmp_path / "ours", "server")
    certify(tmp_path / "theirs", "server")
    experiment = replace(PLAN, clients=1)
    expected = experiment.coordinator(lambda m: None)
    run_loop(expected, experiment.owners())
    coordinator = experiment.coordinator(lambda m: None)
    guests = Guests(address)
    ours, theirs = (Credentials(TOKEN.token, tmp_path / name) for name in ("ours", "theirs"))
    guests.start("unencrypted", connect, experiment.owners()[0], address, 1.0, TOKEN)
    guests.start("theirs", connect, experiment.owners()[0], address, 1.0, theirs)

    def later() -> None:
        for thread in guests.threads[:2]:
            thread.join()
        connect(experiment.owners()[0], address, 60.0, ours)

    guests.start("ours", later)
    serve(coordinator, address, 60, ours)
    ends = guests.wait()
    assert ends["ours"] == "done" and digest(coordinator.state) == digest(expected.state)
    assert "No server answers" in ends["unencrypted"]
    assert "with a certificate that the authority here has signed" in ends["theirs"]
