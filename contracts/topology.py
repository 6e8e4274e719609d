"""Who follows whom: the services, and whose events each of them follows.

Queues, permissions, provisioning, the embedded suite and the commands are derived from here.
A test holds the services' own subscriptions, and docker-compose.yml, equal to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServiceTopology:
    """A service and the services whose events it follows."""

    name: str
    follows: tuple[str, ...] = ()


TOPOLOGY = (
    ServiceTopology("identity"),
    ServiceTopology("profiles", follows=("identity",)),
    ServiceTopology("segments", follows=("profiles",)),
    ServiceTopology("offers", follows=("profiles", "segments")),
)
SERVICE_NAMES = tuple(service.name for service in TOPOLOGY)
# What takes HTTP from outside, and calls the services: it has no log, nobody calls or follows it.
EDGE_NAMES = ("gateway",)
ALL_NAMES = (*SERVICE_NAMES, *EDGE_NAMES)  # what has a database and a user of the broker
FOLLOWS: Mapping[str, tuple[str, ...]] = {service.name: service.follows for service in TOPOLOGY}


def followers(source: str) -> tuple[str, ...]:
    """The services that follow the events of `source`."""
    return tuple(service.name for service in TOPOLOGY if source in service.follows)
