"""Server-side connections: their maximum number, and time limits on every request.

Flower's own time limit starts when a client has accepted the request; a client that never accepts one would block a
round forever. Import this module through `import_flower`.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread, Timer
from typing import Any

from flwr.common import GetPropertiesIns, ReconnectIns
from flwr.server.client_manager import SimpleClientManager
from flwr.server.client_proxy import ClientProxy

GRACE = 1.0
"""Seconds by which Flower's own limit precedes ours, since Flower notifies the client."""

FAREWELL = 5.0
"""Seconds for a client to disconnect."""


class PendingClient(ClientProxy):
    """A client connected over gRPC; a request ends with its answer, or with an exception at the time limit."""

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
        """Request the client's properties."""
        return self._ask(self.proxy.get_properties, ins, timeout, group_id)

    def get_parameters(self, ins: Any, timeout: float | None, group_id: int | None) -> Any:
        """Request the client's parameters (unused by the search)."""
        return self._ask(self.proxy.get_parameters, ins, timeout, group_id)

    def fit(self, ins: Any, timeout: float | None, group_id: int | None) -> Any:
        """Request an update."""
        return self._ask(self.proxy.fit, ins, timeout, group_id)

    def evaluate(self, ins: Any, timeout: float | None, group_id: int | None) -> Any:
        """Request an evaluation (unused by the search)."""
        return self._ask(self.proxy.evaluate, ins, timeout, group_id)

    def reconnect(self, ins: Any, timeout: float | None, group_id: int | None) -> Any:
        """Ask the client to disconnect."""
        return self._ask(self.proxy.reconnect, ins, timeout, group_id)

    def turn_away(self, reason: str) -> None:
        """Tell the client why it is rejected and close the connection, without waiting for either."""

        def tell() -> None:
            try:
                self.get_properties(GetPropertiesIns({"refused": reason}), FAREWELL, None)
                self.reconnect(ReconnectIns(None), FAREWELL, None)
            except Exception:  # it is being disconnected anyway
                self.proxy.bridge.close()

        Thread(target=tell, daemon=True).start()


class ConnectionPool(SimpleClientManager):
    """Connected clients, at most `capacity` at a time."""

    def __init__(self, capacity: int) -> None:
        super().__init__()
        self.capacity = capacity

    def register(self, client: ClientProxy) -> bool:
        """Accept a client if there is room."""
        return len(self.clients) < self.capacity and super().register(PendingClient(client))

    def all(self) -> dict[str, ClientProxy]:
        """Return a snapshot of the connected clients."""
        return dict(self.clients)

    def close(self) -> None:
        """Cancel all pending requests."""
        for guest in self.all().values():
            guest.proxy.bridge.close()  # type: ignore[attr-defined]
