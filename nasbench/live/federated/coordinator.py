"""The server's side, whatever carries its messages: who takes part in a round, and what becomes of the answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.live.federated.aggregation import geometric_mean_on_simplex, weighted_mean
from nasbench.live.federated.client import FitInstructions
from nasbench.live.federated.federated_config import THETA, Array, FederatedConfig
from nasbench.live.federated.update_validation import ClientUpdate, is_count, printable, validation_error, wire_bytes

MOST_EXAMPLES = 10**9
"""Most examples that a client may announce where nothing else is known of its task."""

LEAST_SHARE = 0.1
"""The slowest straggler still gets through this share of its examples."""


@dataclass(frozen=True, kw_only=True)
class ClientFailures:
    """What goes wrong in every round, by the job's seed.

    Attributes:
        client_dropout: fraction of the clients that are not there in a round: they get nothing and send nothing.
        straggler_fraction: fraction of the clients that get through a part of their examples, uniform from `LEAST_SHARE` to 1 (as in
            FedProx: Li et al., MLSys 2020, section 5.2); what they have is averaged.
    """

    client_dropout: float = 0.0
    straggler_fraction: float = 0.0

    def __post_init__(self) -> None:
        for name in ("client_dropout", "straggler_fraction"):
            if not 0 <= getattr(self, name) < 1:
                raise NasbenchError(f"{name} is {getattr(self, name)}; it should be in [0, 1).")

    def shares(self, clients: int, seed: int, number: int) -> dict[int, float]:
        """Return the share of its examples that each client present in round `number` gets through."""
        rng = np.random.default_rng([seed, number])
        order = rng.permutation(clients)
        present = np.sort(order[round(self.client_dropout * clients) :])
        if not len(present):
            raise NasbenchError(
                f"A fraction {self.client_dropout} of {clients} clients leaves none; it should leave one or more."
            )
        slow = rng.permutation(present)[: round(self.straggler_fraction * clients)]
        shares = dict.fromkeys(present.tolist(), 1.0)
        return shares | {int(k): float(rng.uniform(LEAST_SHARE, 1)) for k in slow}


@dataclass
class Coordinator:
    """The state of a federated search between rounds.

    Attributes:
        config: what is done.
        clients: how many are expected.
        failures: drop-out and stragglers.
        reporter: takes messages.
        most: examples that one client may announce, its weight in every mean.
        keep: called after every round, to write down where the search stands.
        state: what travels, by name: theta and supernet weights while searching, then the weights of the network found.
        architecture: what the search found, "" before.
        examples: of each client that was ever admitted; its weight in every mean.
        present: the clients that are there.
        rows: one a round: round, phase, loss, entropy (nats, mean over rows of theta), architecture, clients, stragglers,
            bytes_down, bytes_up.
        refusals: one for each update or client turned away: round (0 before the first), client, reason.
    """

    config: FederatedConfig
    clients: int
    failures: ClientFailures = field(default_factory=ClientFailures)
    reporter: Callable[[str], None] = lambda message: None
    most: int = MOST_EXAMPLES
    keep: Callable[[], None] = lambda: None
    state: dict[str, Array] = field(init=False)
    architecture: str = ""
    examples: dict[int, int] = field(default_factory=dict)
    present: set[int] = field(default_factory=set)
    rows: list[dict[str, Any]] = field(default_factory=list)
    refusals: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.failures.shares(self.clients, self.config.seed, 1)
        self.state = self.config.search_state()

    def register_client(self, properties: Mapping[str, Any]) -> int | None:
        """Take a client in by what it says of itself; return its number, or None if it is turned away; raises nothing."""
        number: Any = properties.get("client")
        if fault := self.registration_error(properties):
            self.reject_update(0, number if self.expects(number) else printable(number), fault)
            return None
        self.examples[number] = properties["examples"]
        self.present.add(number)
        return int(number)

    def leave(self, number: int) -> None:
        """Note that a client is gone; it, or one that holds as many examples, may come back under its number."""
        self.present.discard(number)
        self.reporter(f"client {number} is gone; it may come back")

    def expects(self, number: object) -> bool:
        """Return whether a client may have this number."""
        return type(number) is int and 0 <= number < self.clients

    def registration_error(self, properties: Mapping[str, Any]) -> str:
        """Return why a client cannot be taken in, "" where it can."""
        number: Any = properties.get("client")
        examples = properties.get("examples")
        if refusal := properties.get("refusal"):
            return printable(refusal)
        if not self.expects(number):
            return f"its number should be an integer from 0 to {self.clients - 1}"
        if number in self.present:
            return "another client has its number"
        if not is_count(examples, self.most):
            return f"it says that it has {printable(examples)} examples; that should be a positive integer of at most {self.most}"
        if examples != self.examples.get(number, examples):
            return f"it comes back with {examples} examples where it had {self.examples[number]}"
        return ""

    def reject_update(self, number: int, client: Any, reason: str) -> None:
        """Write down that something of a client was turned away, and say so; who tries to join again is written down once."""
        refusal = {"round": number, "client": client, "reason": reason}
        if number or refusal not in self.refusals:
            self.refusals.append(refusal)
        self.reporter(
            f"round {number}: client {client} is refused: {reason}"
            if number
            else f"client {client} is refused: {reason}"
        )

    def instructions(self, number: int) -> dict[int, FitInstructions]:
        """Return what to ask of each client that takes part in round `number`, counted from 1."""
        if self.examples and not self.present:
            raise NasbenchError(
                f"All clients have left before round {number} of {self.config.rounds}; start them and the same search again."
            )
        if not self.present:
            reasons = "; ".join(f"client {r['client']}: {r['reason']}" for r in self.refusals)
            raise NasbenchError(f"No client can take part ({reasons or 'none came'}); there should be one or more.")
        shares = self.failures.shares(self.clients, self.config.seed, number)
        return {
            client: FitInstructions(number, self.architecture, share)
            for client, share in shares.items()
            if client in self.examples
        }

    def aggregate_round(
        self, number: int, asked: Mapping[int, FitInstructions], replies: Mapping[int, ClientUpdate]
    ) -> None:
        """End a round: refuse what is not an update, take the means of the rest, in the order of the clients.

        Args:
            number: the round.
            asked: what `instructions` said.
            replies: by client; who was asked and is missing counts as silent.
        """
        taken: dict[int, ClientUpdate] = {}
        for client in sorted(asked):
            reply = replies.get(client, ClientUpdate((), refusal="it sent nothing"))
            if fault := validation_error(reply, self.state):
                self.reject_update(number, client, fault)
            else:
                taken[client] = reply
        if not taken:
            self.reporter(
                f"round {number}: no update can be used; the state stays as it was, and the next round asks again."
            )
        else:
            weights = [self.examples[client] for client in taken]
            columns = zip(*(reply.arrays for reply in taken.values()), strict=True)
            self.state = {
                name: (geometric_mean_on_simplex if name == THETA else weighted_mean)(column, weights)
                for name, column in zip(self.state, columns, strict=True)
            }
        self._write(number, asked, replies, taken)
        if number == self.config.supernet.epochs:
            self.architecture = self.config.discretize(self.state[THETA])
            self.state = self.config.train_state(self.architecture)
        self.keep()

    def _write(
        self,
        number: int,
        asked: Mapping[int, FitInstructions],
        replies: Mapping[int, ClientUpdate],
        taken: Mapping[int, ClientUpdate],
    ) -> None:
        searching = self.config.searching(number)
        total = sum(self.examples[client] for client in taken)
        theta = self.state.get(THETA)
        self.rows.append(
            {
                "round": number,
                "phase": "search" if searching else "train",
                "loss": sum(r.loss * self.examples[c] for c, r in taken.items()) / total if total else None,
                "entropy": None if theta is None else _entropy(theta),
                "architecture": self.architecture if theta is None else self.config.discretize(theta),
                "clients": sorted(taken),
                "stragglers": sorted(c for c, i in asked.items() if i.share < 1),
                "bytes_down": len(asked) * wire_bytes(list(self.state.values())),
                "bytes_up": sum(reply.bytes for reply in replies.values()),
            }
        )
        row = self.rows[-1]
        self.reporter(f"round {number}/{self.config.rounds} ({row['phase']}): {len(taken)} clients, loss {row['loss']}")

    @property
    def ledger(self) -> dict[str, int]:
        """Bytes in all rounds so far, and their number."""
        return {
            "rounds": len(self.rows),
            "bytes_down": sum(row["bytes_down"] for row in self.rows),
            "bytes_up": sum(row["bytes_up"] for row in self.rows),
        }


def _entropy(theta: Array) -> float:
    point = theta.astype(np.float64)
    return float(-np.sum(point * np.log(point, where=point > 0, out=np.zeros_like(point)), axis=1).mean())
