"""The one definition of who may reach what on the broker.

Tests, `make run` and the containers all provision from here. What a service's database user may do
with each table is in `chassis.database.tables.PRIVILEGES`, granted by `chassis.database.migration`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from chassis.config.broker import RPC_EXCHANGE
from contracts.topology import EDGE_NAMES, FOLLOWS

_UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


CLIENT = "client"  # a shop's back end: it calls services by RPC and serves none
DOCTOR = "doctor"  # `cdp doctor`: it reads what the management plugin shows, and nothing else


@dataclass(frozen=True, slots=True)
class Permissions:
    """What a broker user may configure, write and read in its virtual host: regular expressions."""

    configure: str
    write: str
    read: str


def permissions(name: str) -> Permissions:
    """The permissions of the service (or client) `name`: its own queues and exchanges, the RPC
    exchange, and reading from the exchanges that it follows; a service of another team follows
    nothing, the gateway has a queue for its replies alone, and the doctor may do nothing."""
    if name == DOCTOR:
        return Permissions("^$", "^$", "^$")
    if name == CLIENT:
        own = [r"rpc\.reply-standalone_rpc_proxy-.*"]
        return Permissions(*(_any_of([*own, re.escape(RPC_EXCHANGE)]) for _ in range(3)))
    if name in EDGE_NAMES:
        replies = rf"rpc\.reply-{name}-.*"
        reaching = _any_of([replies, re.escape(RPC_EXCHANGE)])
        return Permissions(f"^{replies}$", reaching, reaching)
    own = [f"rpc-{name}", rf"rpc\.reply-{name}-.*", rf"{name}\..*", re.escape(RPC_EXCHANGE)]
    followed = [re.escape(f"{source}.events") for source in FOLLOWS.get(name, ())]
    return Permissions(_any_of(own), _any_of(own), _any_of(own + followed))


def tag(name: str) -> str:
    """What a broker user may do in the management plugin: nothing, or read its virtual host."""
    return "management" if name == DOCTOR else ""


def rpc_routing_keys(name: str) -> str:
    """The routing keys under which `name` may receive from the RPC exchange: calls to itself and
    replies, so that nobody listens to another's calls."""
    return f"^({_UUID})$" if name in (CLIENT, *EDGE_NAMES) else rf"^({name}\.(\*|[a-z_]+)|{_UUID})$"


def _any_of(patterns: Iterable[str]) -> str:
    return f"^({'|'.join(patterns)})$"
