"""The server's end of each connection: how many there may be, and for how long any of them may keep the server waiting.

Flower's own time limit of an answer begins when a client has taken the question; one that takes none would hold a round for good. Import
this module through `import_flower`.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread, Timer
from typing import Any

from flwr.common import GetPropertiesIns, ReconnectIns
from flwr.server.client_manager import SimpleClientManager
from flwr.server.client_proxy import ClientProxy

GRACE = 1.0
"""Seconds that Flower's own limit comes first, since it tells the client."""

FAREWELL = 5.0
"""Seconds for a client to take leave."""


class PendingClient(ClientProxy):
    """A client that came over gRPC; a question to it ends with an answer, or with an exception when its time is over."""

    def __init__(self, proxy: Any) -> None:
        super().__init__(proxy.cid)
        self.proxy = proxy

    def _ask(self, ask: Callable[..., Any], ins: Any, timeout: float | None, group_id: int | None) -> Any:
        if timeout is None:
            return ask(ins, timeout, group_id)
        timer = Timer(timeout + GRACE, self.proxy.bridge.close)
        timer.daemon = True
        timer.start()
        try:
            return ask(ins, timeout, group_id)
        finally:
            timer.cancel()

    def get_properties(self, ins: Any, timeout: float | None, group_id: int | None) -> Any:
        """Ask what the client says of itself."""
        return self._ask(self.proxy.get_properties, ins, timeout, group_id)

    def get_parameters(self, ins: Any, timeout: float | None, group_id: int | None) -> Any:
        """Ask for the client's parameters, which no search does."""
        return self._ask(self.proxy.get_parameters, ins, timeout, group_id)

    def fit(self, ins: Any, timeout: float | None, group_id: int | None) -> Any:
        """Ask for an update."""
        return self._ask(self.proxy.fit, ins, timeout, group_id)

    def evaluate(self, ins: Any, timeout: float | None, group_id: int | None) -> Any:
        """Ask for a score, which no search does."""
        return self._ask(self.proxy.evaluate, ins, timeout, group_id)

    def reconnect(self, ins: Any, timeout: float | None, group_id: int | None) -> Any:
        """Ask the client to leave."""
        return self._ask(self.proxy.reconnect, ins, timeout, group_id)

    def turn_away(self, reason: str) -> None:
        """Tell the client why it is not taken, and end the connection, without waiting for either."""

        def tell() -> None:
            try:
                self.get_properties(GetPropertiesIns({"refused": reason}), FAREWELL, None)
                self.reconnect(ReconnectIns(None), FAREWELL, None)
            except Exception:  # it is to go, in whatever way
                self.proxy.bridge.close()

        Thread(target=tell, daemon=True).start()


class ConnectionPool(SimpleClientManager):
    """The clients that are connected, no more than `capacity` of them at a time."""

    def __init__(self, capacity: int) -> None:
        super().__init__()
        self.capacity = capacity

    def register(self, client: ClientProxy) -> bool:
        """Let a client in if there is room."""
        return len(self.clients) < self.capacity and super().register(PendingClient(client))

    def all(self) -> dict[str, ClientProxy]:
        """Return who is there now, in a dictionary that does not change while clients come and go."""
        return dict(self.clients)

    def close(self) -> None:
        """End every question that is open, so that nobody waits for an answer."""
        for guest in self.all().values():
            guest.proxy.bridge.close()  # type: ignore[attr-defined]
