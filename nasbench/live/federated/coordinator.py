"""Server logic, independent of the transport: client selection per round and aggregation of updates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.live.federated.aggregation import geometric_mean_on_simplex, weighted_mean
from nasbench.live.federated.client import FitInstructions
from nasbench.live.federated.federated_config import LOSSES, THETA, Array, FederatedConfig
from nasbench.live.federated.update_validation import ClientUpdate, is_count, printable, validation_error, wire_bytes

MOST_EXAMPLES = 10**9
"""Upper limit on the number of examples that a client may announce, if none follows from the task."""

COLLAPSED = "theta has collapsed, as it does when it moves before the weights have learnt"
"""What a mode of theta without weights means."""

LEAST_SHARE = 0.1
"""Fraction of its examples that the slowest straggler processes."""


@dataclass(frozen=True, kw_only=True)
class ClientFailures:
    """Simulated client failures in every round, drawn from the configuration's seed.

    Attributes:
        client_dropout: fraction of clients that are unavailable in a round.
        straggler_fraction: fraction of clients that process only part of their examples, uniform from `LEAST_SHARE` to
            1 (as in FedProx: Li et al., MLSys 2020, section 5.2); their updates are averaged like the others.
    """

    client_dropout: float = 0.0
    straggler_fraction: float = 0.0

    def __post_init__(self) -> None:
        for name in ("client_dropout", "straggler_fraction"):
            if not 0 <= getattr(self, name) < 1:
                raise NasbenchError(f"{name} is {getattr(self, name)}; it should be in [0, 1).")

    def shares(self, clients: int, seed: int, number: int) -> dict[int, float]:
        """Return the fraction of its examples that each client available in round `number` processes."""
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
        config: configuration of the search.
        clients: expected number of clients.
        failures: client dropout and stragglers.
        reporter: takes messages.
        most: maximum number of examples, the weight in every mean, that a client may announce.
        keep: called after every round to save a checkpoint.
        state: arrays that are exchanged, by name: theta and supernet weights during the search, then the weights of the
            network found.
        architecture: the architecture found, "" until then.
        finalists: architectures that are being trained and compared, the mode of theta first unless it has collapsed.
        examples: number of examples of every client that ever registered; its weight in means, but see `training_weights`.
        present: connected clients.
        rows: one per round: round, phase, loss, entropy (nats, mean over rows of theta), architecture, clients,
            stragglers, bytes_down, bytes_up; and validation_losses of the finalists, where they were scored.
        refusals: one for each rejected update or client: round (0 before the first), client, reason.
    """

    config: FederatedConfig
    clients: int
    failures: ClientFailures = field(default_factory=ClientFailures)
    reporter: Callable[[str], None] = lambda message: None
    most: int = MOST_EXAMPLES
    keep: Callable[[], None] = lambda: None
    state: dict[str, Array] = field(init=False)
    architecture: str = ""
    finalists: list[str] = field(default_factory=list)
    examples: dict[int, int] = field(default_factory=dict)
    present: set[int] = field(default_factory=set)
    rows: list[dict[str, Any]] = field(default_factory=list)
    refusals: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.failures.shares(self.clients, self.config.seed, 1)
        self.state = self.config.search_state()

    def register_client(self, properties: Mapping[str, Any]) -> int | None:
        """Register a client by its properties; return its number, or None if it is rejected; never raises."""
        number: Any = properties.get("client")
        if fault := self.registration_error(properties):
            self.reject_update(0, number if self.expects(number) else printable(number), fault)
            return None
        self.examples[number] = properties["examples"]
        self.present.add(number)
        return int(number)

    def leave(self, number: int) -> None:
        """Record that a client has disconnected; it, or a client with as many examples, may reconnect under its number."""
        self.present.discard(number)
        self.reporter(f"client {number} is gone; it may come back")

    def expects(self, number: object) -> bool:
        """Return whether a client number is valid and expected."""
        return type(number) is int and 0 <= number < self.clients

    def registration_error(self, properties: Mapping[str, Any]) -> str:
        """Return why a client cannot be registered, "" if it can."""
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
        """Record and report a rejected update or client; repeated attempts to join are recorded once."""
        refusal = {"round": number, "client": client, "reason": reason}
        if number or refusal not in self.refusals:
            self.refusals.append(refusal)
        self.reporter(
            f"round {number}: client {client} is refused: {reason}"
            if number
            else f"client {client} is refused: {reason}"
        )

    def instructions(self, number: int) -> dict[int, FitInstructions]:
        """Return the instructions for each client of round `number`, counted from 1."""
        if self.examples and not self.present:
            raise NasbenchError(
                f"All clients have left before round {number} of {self.config.rounds}; start them and the same search again."
            )
        if not self.present:
            reasons = "; ".join(f"client {r['client']}: {r['reason']}" for r in self.refusals)
            raise NasbenchError(f"No client can take part ({reasons or 'none came'}); there should be one or more.")
        shares = self.failures.shares(self.clients, self.config.seed, number)
        names = self.architecture or "\n".join(self.finalists)
        return {
            client: FitInstructions(number, names, share) for client, share in shares.items() if client in self.examples
        }

    def aggregate_round(
        self, number: int, asked: Mapping[int, FitInstructions], replies: Mapping[int, ClientUpdate]
    ) -> None:
        """Complete a round: reject invalid updates and aggregate the others in the order of the clients.

        Args:
            number: the round.
            asked: result of `instructions`.
            replies: by client; a client without a reply counts as having sent no update.
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
            equal = not self.config.searching(number) and self.config.training_weights == "equal"
            self.state = {
                name: geometric_mean_on_simplex(column, weights)
                if name == THETA
                else weighted_mean(column, [1.0] * len(taken) if equal and name != LOSSES else weights)
                for name, column in zip(self.state, columns, strict=True)
            }
        self._write(number, asked, replies, taken)
        self._prepare(number + 1)
        self.keep()

    def _prepare(self, number: int) -> None:
        """Set what round `number` starts from, if another phase begins with it or finalists are scored in it."""
        config = self.config
        if number == config.supernet.epochs + 1:
            self._end_search()
        elif number == config.selection_rounds + 1:
            best = int(np.argmin(self.state.pop(LOSSES)))
            self.architecture = self.finalists[best]
            self.finalists = []
            prefix = f"{best}."
            self.state = {k.removeprefix(prefix): v for k, v in self.state.items() if k.startswith(prefix)}
        if config.scoring(number):
            self.state = self.state | config.losses(number)

    def _end_search(self) -> None:
        """Choose the finalists, or the mode of theta where there are none, and say so if theta has collapsed."""
        config, mode = self.config, self.config.discretize(self.state[THETA])
        if config.is_weightless(mode):
            end = "it is left out" if config.finalist_rounds else "several finalists would be compared instead"
            self.reporter(f"the mode of theta, {mode}, has no operation with weights: {COLLAPSED}; {end}")
        if config.finalist_rounds:
            self.finalists = config.finalists(self.state[THETA])
            self.state = config.finalist_state(self.finalists)
        else:
            self.architecture = mode
            self.state = config.train_state(mode)

    def _write(
        self,
        number: int,
        asked: Mapping[int, FitInstructions],
        replies: Mapping[int, ClientUpdate],
        taken: Mapping[int, ClientUpdate],
    ) -> None:
        total = sum(self.examples[client] for client in taken)
        theta = self.state.get(THETA)
        self.rows.append(
            {
                "round": number,
                "phase": self.config.phase(number),
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
        if LOSSES in self.state:
            row["validation_losses"] = dict(zip(self.finalists, self.state[LOSSES].tolist(), strict=True))
        self.reporter(f"round {number}/{self.config.rounds} ({row['phase']}): {len(taken)} clients, loss {row['loss']}")

    @property
    def ledger(self) -> dict[str, int]:
        """Bytes exchanged so far, and the number of rounds."""
        return {
            "rounds": len(self.rows),
            "bytes_down": sum(row["bytes_down"] for row in self.rows),
            "bytes_up": sum(row["bytes_up"] for row in self.rows),
        }


def _entropy(theta: Array) -> float:
    point = theta.astype(np.float64)
    return float(-np.sum(point * np.log(point, where=point > 0, out=np.zeros_like(point)), axis=1).mean())
