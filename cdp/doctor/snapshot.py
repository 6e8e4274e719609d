"""What one look at a suite has seen: plain data, from which findings are made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from chassis.database.blockers import Blocker
from chassis.messaging.exchanges import calls_queue, substitute_queue
from chassis.messaging.inspection import QueueDepth

Status = Mapping[str, Any]
"""What the call `status` answers: see `contracts.common.StatusResponse`."""

Unanswered = Literal["timeout", "not_running", "database", "failed", "earlier_release", "not_asked"]
"""Why there is no status: no answer in time, no process that takes calls, its database does not
answer, the call failed, its release does not know the call, or there was no broker to ask over."""


@dataclass(frozen=True, slots=True)
class Administered:
    """What only an administrator of the broker can see.

    `bindings` are pairs of exchange and queue. `policies` have a pattern and a definition, by name.
    `queues` are all there are, with the depth of those that other services have bound to exchanges
    of ours.
    """

    bindings: frozenset[tuple[str, str]]
    policies: Mapping[str, Mapping[str, Any]]
    queues: Mapping[str, QueueDepth | None]


def calls_depth(queues: Mapping[str, QueueDepth | None], service: str) -> QueueDepth | None:
    """The queue that calls to a service come from: its own, or the substitute in use."""
    substitute = queues.get(substitute_queue(service).name)
    if substitute is not None and substitute.consumers:
        return substitute
    return queues.get(calls_queue(service).name)


@dataclass(frozen=True, slots=True)
class BrokerSnapshot:
    """The broker as the user of the commands sees it.

    `refusal` says why nothing could be seen; with `refuses_user`, because of the user, the password
    or the virtual host. `administered` is None if nobody gave the rights of an administrator.
    """

    place: str
    virtual_host: str
    refusal: str | None = None
    refuses_user: bool = False
    exchanges: frozenset[str] = frozenset()
    queues: Mapping[str, QueueDepth | None] = field(default_factory=dict)
    administered: Administered | None = None


@dataclass(frozen=True, slots=True)
class ServiceSnapshot:
    """A service: its status, or why there is none.

    `seconds` is how long the answer took. `clock_offset` is how many seconds its database's clock
    is ahead of this machine's. `later` is a second status, a moment after the first one.
    """

    status: Status | None = None
    unanswered: Unanswered | None = None
    reason: str = ""
    seconds: float | None = None
    clock_offset: float | None = None
    later: Status | None = None


@dataclass(frozen=True, slots=True)
class DatabaseSnapshot:
    """A database that this process reached by itself, or the reason why it could not.

    `blockers` are sessions of others that hold locks which the service's sessions wait for.
    """

    refusal: str | None = None
    status: Status | None = None
    clock_offset: float | None = None
    blockers: Sequence[Blocker] = ()


@dataclass(frozen=True, slots=True)
class SuiteSnapshot:
    """One look at everything.

    `follows` says whose events each service follows. `policies` are those that the broker should
    have, with name, pattern and definition. `release` is that of the command. `namespace` is that
    of the suite which `make run` starts here, if it has one.
    """

    release: str
    follows: Mapping[str, Sequence[str]]
    policies: Sequence[Mapping[str, Any]]
    broker: BrokerSnapshot
    services: Mapping[str, ServiceSnapshot]
    databases: Mapping[str, DatabaseSnapshot] = field(default_factory=dict)
    namespace: str | None = None

    def status(self, service: str) -> Status | None:
        """What is known of a service: by its own answer, or read from its database."""
        answer = self.services[service].status
        if answer is not None or service not in self.databases:
            return answer
        return self.databases[service].status

    def clock_offset(self, service: str) -> float | None:
        """How far the clock of a service's database is ahead of ours, in seconds."""
        offset = self.services[service].clock_offset
        if offset is not None or service not in self.databases:
            return offset
        return self.databases[service].clock_offset

    def statuses(self) -> Iterator[tuple[str, Status]]:
        """Every service of which something is known, with its status."""
        for service in self.services:
            status = self.status(service)
            if status is not None:
                yield service, status

    def database_refusal(self, service: str) -> str | None:
        """Why the database of a service does not answer; None if it does, or nobody asked it.

        A service that says how it is has asked it, whatever it refuses to this process.
        """
        database, seen = self.databases.get(service), self.services[service]
        if seen.status is not None:
            return None
        if database is not None and database.refusal is not None:
            return database.refusal
        if database is None and seen.unanswered == "database":
            return seen.reason
        return None

    def blockers(self, service: str) -> Sequence[Blocker]:
        """The sessions of others for which those of a service wait, as far as they were seen."""
        return self.databases[service].blockers if service in self.databases else ()

    def calls(self, service: str) -> QueueDepth | None:
        """The queue that calls to a service come from: its own, or the substitute in use."""
        return calls_depth(self.broker.queues, service)

    def is_down(self, service: str) -> bool:
        """Whether no process of a service takes anything from the broker."""
        if self.broker.refusal is not None or self.services[service].status is not None:
            return False
        queues = [f"{service}.{source}" for source in self.follows[service]]
        depths = [self.calls(service), *(self.broker.queues.get(name) for name in queues)]
        return not any(depth.consumers for depth in depths if depth is not None)
