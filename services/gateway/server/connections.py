"""How many connections may be open: in all, and to one address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.gateway.server.limits import network_of
from services.gateway.server.metrics import CONNECTIONS, LIMITED


@dataclass(frozen=True, slots=True)
class ConnectionRefusal:
    """Why a connection is not served, as it is answered."""

    status: int
    code: str
    message: str


_TOO_MANY = ConnectionRefusal(
    503, "unavailable", "connections: as many are open as the process takes; try again"
)


class Connections:
    """The open connections of a server.

    Those of a trusted proxy are many shoppers': they are counted by its header, request by request.
    """

    def __init__(
        self, most: int, most_of_address: int, is_proxy: Callable[[str], bool] = lambda _: False
    ) -> None:
        self._most = most
        self._most_of_address = most_of_address
        self._is_proxy = is_proxy
        self._number = 0
        self._numbers: dict[str, int] = {}

    def open(self, address: str) -> ConnectionRefusal | None:
        """Count a connection, also one that is refused: it is open until it is closed."""
        self._number += 1
        CONNECTIONS.inc()
        network = network_of(address)
        of_network = self._numbers[network] = self._numbers.get(network, 0) + 1
        if self._number > self._most:
            return self._refused(_TOO_MANY)
        if of_network > self._most_of_address and not self._is_proxy(address):
            message = f"address: has more than {self._most_of_address} connections; close some"
            return self._refused(ConnectionRefusal(429, "too_many_requests", message))
        return None

    def close(self, address: str) -> None:
        """Count a connection no more."""
        self._number -= 1
        CONNECTIONS.dec()
        network = network_of(address)
        self._numbers[network] -= 1
        if not self._numbers[network]:
            del self._numbers[network]

    def _refused(self, refusal: ConnectionRefusal) -> ConnectionRefusal:
        LIMITED.labels("connections").inc()
        return refusal
