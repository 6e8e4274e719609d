"""Taking a snapshot of a suite: every part is asked at the same time, and none for long."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

import sqlalchemy as sa

from cdp.connection import broker_uri
from cdp.databases import explained
from cdp.doctor.administration import open_administration, read_administered
from cdp.doctor.snapshot import (
    Administered,
    BrokerSnapshot,
    DatabaseSnapshot,
    ServiceSnapshot,
    Status,
    SuiteSnapshot,
    calls_depth,
)
from chassis.config.broker import RPC_EXCHANGE
from chassis.config.release import release
from chassis.config.uris import BROKER_PORT, broker_refusal, check_database_uri
from chassis.core.clock import SystemClock
from chassis.core.deadline import gather
from chassis.core.errors import Failure, NotFound, Refused, ServiceError, Unavailable
from chassis.core.instants import parse_instant
from chassis.database.blockers import Blocker, blockers
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from chassis.messaging.amqp import BROKER_ERRORS
from chassis.messaging.exchanges import (
    calls_queue,
    dead_queue,
    events_exchange,
    policies,
    subscriber_queue,
    substitute_queue,
)
from chassis.messaging.inspection import QueueDepth, inspect_broker
from chassis.observability.replicas import skew_between
from chassis.observability.status import newest_revision, read_status
from chassis.runtime.client import Client
from contracts.topology import FOLLOWS, SERVICE_NAMES
from deploy.services import MIGRATIONS

_BROKER_SECONDS = 3.0
_ANSWER_SECONDS = 3.0
_OTHERS_SECONDS = 1.0
_BLOCKED_SECONDS = 0.6
_LATER_SECONDS = 1.2  # once to wait, and once for the answer
_LONGEST_SECONDS = _BROKER_SECONDS + _ANSWER_SECONDS + 2 * _LATER_SECONDS + 0.5
_TOO_SLOW = f"it did not answer in {_ANSWER_SECONDS:g} s"


def take_snapshot(progress: Callable[[str], None]) -> SuiteSnapshot:
    """Look at the suite of the environment, within ten seconds.

    `progress` is told what is being asked. InvalidInput names a variable that is no URI.
    """
    uri, databases = broker_uri(), _database_uris()
    administration = open_administration(uri)
    looks: Mapping[str, Callable[[], Any]] = {
        "suite": partial(_look_at_suite, uri, progress),
        "administered": partial(read_administered, administration, _virtual_host(uri)),
        "databases": partial(_look_at_databases, databases),
    }
    seen = gather(_LONGEST_SECONDS, looks)
    broker, services = seen["suite"]
    administered: Administered | None = seen.get("administered")
    if administered is not None and not _is_same(broker, administered):
        administered = None
    if administered is not None:
        administered = _measure_others(uri, broker, administered)
    return SuiteSnapshot(
        release=release(),
        follows=FOLLOWS,
        policies=tuple(policies(FOLLOWS)),
        broker=replace(broker, administered=administered),
        services=services,
        databases=seen["databases"],
        namespace=os.environ.get("CDP_NAMESPACE"),
    )


def _look_at_suite(
    uri: str, progress: Callable[[str], None]
) -> tuple[BrokerSnapshot, dict[str, ServiceSnapshot]]:
    progress("the broker")
    broker = _look_at_broker(uri)
    progress(", ".join(SERVICE_NAMES))
    return broker, _look_at_services(uri, broker)


# The broker


def _look_at_broker(uri: str) -> BrokerSnapshot:
    parts = urlsplit(uri)
    place = f"{parts.hostname or 'localhost'}:{parts.port or BROKER_PORT}"
    unseen = BrokerSnapshot(place, _virtual_host(uri))
    late = f"the broker at {place} did not answer in {_BROKER_SECONDS:g} s"
    seen = gather(_BROKER_SECONDS, {"broker": partial(_inspect, uri, unseen)})
    return seen.get("broker", replace(unseen, refusal=late))


def _virtual_host(uri: str) -> str:
    return unquote(urlsplit(uri).path.removeprefix("/")) or "/"


def _is_same(broker: BrokerSnapshot, administered: Administered) -> bool:
    """Whether both saw one broker: rabbitmqctl may speak to another node than the one we use."""
    there = {name for name, depth in broker.queues.items() if depth is not None}
    return there <= administered.queues.keys()


def _inspect(uri: str, unseen: BrokerSnapshot) -> BrokerSnapshot:
    exchanges = [events_exchange(service).name for service in SERVICE_NAMES]
    exchanges.append(RPC_EXCHANGE)
    queues = [calls_queue(service).name for service in SERVICE_NAMES]
    for service, sources in FOLLOWS.items():
        queues += [subscriber_queue(service, source).name for source in sources]
        queues.append(dead_queue(service).name)
    try:
        inspection = inspect_broker(uri, exchanges, queues)
        unserved = [name for name in SERVICE_NAMES if not _serves(inspection.queues, name)]
        # Of those alone: the broker logs an error for each queue that is asked for and not there.
        names = [substitute_queue(name).name for name in unserved]
        substitutes = inspect_broker(uri, (), names).queues if names else {}
    except BROKER_ERRORS as error:
        refusal = broker_refusal("CDP_AMQP_URI", uri, error)
        refuses = isinstance(refusal, Refused)
        return replace(unseen, refusal=refusal.message, refuses_user=refuses)
    seen = {**inspection.queues, **substitutes}
    return replace(unseen, exchanges=inspection.exchanges, queues=seen)


def _serves(queues: Mapping[str, QueueDepth | None], service: str) -> bool:
    """Whether somebody takes the calls to a service."""
    depth = calls_depth(queues, service)
    return depth is not None and depth.consumers > 0


def _measure_others(uri: str, broker: BrokerSnapshot, seen: Administered) -> Administered:
    """Add the depth of the queues that other services have bound to exchanges of ours."""
    names = {queue for exchange, queue in seen.bindings if exchange in broker.exchanges}
    others = [name for name in sorted(names - broker.queues.keys()) if not _is_reply(name)]
    if not others:
        return seen
    look = {"others": partial(inspect_broker, uri, (), others)}
    try:
        found = gather(_OTHERS_SECONDS, look)
    except BROKER_ERRORS:
        return seen
    depths = found["others"].queues if found else {}
    return replace(seen, queues={**seen.queues, **depths})


def _is_reply(queue: str) -> bool:
    """Whether responses to calls come over a queue, which lives as long as its caller."""
    return queue.startswith("rpc.reply-")


# The services


def _look_at_services(uri: str, broker: BrokerSnapshot) -> dict[str, ServiceSnapshot]:
    served = [name for name in SERVICE_NAMES if _serves(broker.queues, name)]
    asking = {name: partial(_ask, uri, name) for name in served}
    answers = gather(_ANSWER_SECONDS, asking)
    answers = _look_again(uri, answers)
    return {name: answers.get(name) or _unanswered(broker, name, asking) for name in SERVICE_NAMES}


def _unanswered(
    broker: BrokerSnapshot, service: str, asking: Mapping[str, object]
) -> ServiceSnapshot:
    if broker.refusal is not None:
        return ServiceSnapshot(unanswered="not_asked", reason="the broker is out of reach")
    if service in asking:
        return ServiceSnapshot(unanswered="timeout", reason=_TOO_SLOW)
    return ServiceSnapshot(unanswered="not_running", reason="nobody takes its calls")


def _ask(uri: str, service: str) -> ServiceSnapshot:
    try:
        with Client(uri, timeout=_ANSWER_SECONDS) as client:
            began, before = time.monotonic(), _now()
            status = client.call(service, "status")
            seconds, after = time.monotonic() - began, _now()
    except Unavailable as error:
        if error.subject == "database":
            return ServiceSnapshot(unanswered="database", reason=error.message)
        return ServiceSnapshot(unanswered="timeout", reason=f"it {error.message}")
    except NotFound as error:
        return ServiceSnapshot(unanswered="earlier_release", reason=str(error))
    except Failure as error:
        return ServiceSnapshot(unanswered="failed", reason=str(error))
    except ServiceError as error:
        return ServiceSnapshot(unanswered="not_asked", reason=str(error))
    return ServiceSnapshot(status, seconds=seconds, clock_offset=_offset(status, before, after))


def _look_again(uri: str, answers: Mapping[str, ServiceSnapshot]) -> dict[str, ServiceSnapshot]:
    """Ask those that lag once more, to see whether they come nearer."""
    lagging = [name for name, seen in answers.items() if seen.status and _lags(seen.status)]
    if not lagging:
        return dict(answers)
    time.sleep(_LATER_SECONDS)
    later = gather(_LATER_SECONDS, {name: partial(_ask, uri, name) for name in lagging})
    return {
        name: replace(seen, later=later[name].status) if name in later else seen
        for name, seen in answers.items()
    }


def _lags(status: Status) -> bool:
    return any(each["name"] == "cdp_streams_parked" and each["value"] for each in status["gauges"])


# The databases


def _database_uris() -> dict[str, str]:
    """The databases of which this process has the URI, by service."""
    uris = {}
    for service in SERVICE_NAMES:
        variable = _variable(service)
        if uri := os.environ.get(variable):
            check_database_uri(variable, uri)
            uris[service] = uri
    return uris


def _look_at_databases(uris: Mapping[str, str]) -> dict[str, DatabaseSnapshot]:
    looks: dict[str, Callable[[], Any]] = {}
    for service, uri in uris.items():
        looks[service] = partial(_read_database, service, uri)
        looks[f"{service} locks"] = partial(_look_for_blockers, uri)
    seen = gather(_ANSWER_SECONDS, looks)
    return {
        service: replace(
            seen.get(service, DatabaseSnapshot(refusal=_TOO_SLOW)),
            blockers=seen.get(f"{service} locks", ()),
        )
        for service in uris
    }


def _look_for_blockers(uri: str) -> list[Blocker]:
    """Foreign sessions for which ours wait: twice, so that a short wait is none."""
    database = Database(uri, pool_size=1)
    try:
        seen: list[list[Blocker]] = []
        for _ in range(2):
            time.sleep(_BLOCKED_SECONDS)
            with database.autocommit() as connection:
                seen.append(blockers(connection))
    except sa.exc.DBAPIError:
        return []
    finally:
        database.close()
    before = {each.pid for each in seen[0]}
    return [each for each in seen[1] if each.pid in before]


def _read_database(service: str, uri: str) -> DatabaseSnapshot:
    """What the service would say of itself, but for the gauges of its own tables."""
    database = Database(uri, pool_size=1)
    work = UnitOfWorkRunner(database, service, SystemClock())
    expected = newest_revision(MIGRATIONS[service])
    before = _now()
    try:
        with explained(service, _variable(service)):
            status = work.read(lambda unit: read_status(unit, expected, FOLLOWS[service], ()))
    except ServiceError as error:
        return DatabaseSnapshot(refusal=error.message)
    finally:
        database.close()
    return DatabaseSnapshot(status=status, clock_offset=_offset(status, before, _now()))


def _variable(service: str) -> str:
    return f"CDP_{service.upper()}_DATABASE_URI"


def _now() -> int:
    return time.time_ns() // 1_000


def _offset(status: Status, before: int, after: int) -> float:
    """How far the clock that dated a status is ahead of ours, in seconds, at the least."""
    return -skew_between(before, parse_instant(status["now"]), after) / 1_000_000
