"""From a snapshot of a suite to what is wrong with it, in plain words, worst first: pure.

Each finding says what is wrong, what that does to whom, and the command that mends it. What merely
follows from a worse finding is left out: with the broker down nothing is said of queues.
"""

from __future__ import annotations

import json
import shlex
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cdp.doctor.snapshot import SuiteSnapshot
from chassis.core.instants import parse_instant

Severity = Literal["critical", "warning"]

SKEW_SECONDS = 1.0
_SLOW_SECONDS = 1.0
_LIVING_MS = 20_000
_LOST_MS = 600_000
_STUCK_OUTBOX_SECONDS = 30.0
_WAITING_SECONDS = 15.0
_MANY_EVENTS = 1_000
_MANY_CALLS = 50
# While messages pile up, heads are compared every five minutes.
_OLD_COMPARISON_MS = 360_000
_RPC_EXCHANGE = "nameko-rpc"
_DECLARES = "   # a process declares what it needs every few seconds"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong. `code` is for scripts and stays; the sentences are for people.

    `service` is the one that is hurt, None for the whole suite. `command` mends it, or shows more
    where a person has to decide; several lines are steps.
    """

    code: str
    severity: Severity
    service: str | None
    problem: str
    consequence: str
    command: str


def diagnose(snapshot: SuiteSnapshot) -> list[Finding]:
    """What is wrong with the suite, worst first; empty when all is well."""
    if finding := _no_suite(snapshot):
        return [finding]
    found = [finding for rule in _RULES for finding in rule(snapshot)]
    return sorted(found, key=lambda finding: finding.severity != "critical")


def _no_suite(snapshot: SuiteSnapshot) -> Finding | None:
    """That there is nothing at all, rather than that each part of it is missing."""
    broker = snapshot.broker
    if broker.refusal is not None or not all(_is_down(snapshot, name) for name in snapshot.follows):
        return None
    if any(_database_refusal(snapshot, name) for name in snapshot.follows):
        return None
    return Finding(
        "suite_down",
        "critical",
        None,
        f"No service runs on the broker at {broker.place}, virtual host {broker.virtual_host}.",
        "Either nothing was started, or CDP_AMQP_URI names another broker than the suite's.",
        "set -a; . .run/environment; set +a   # the settings of a running `make run`\n"
        "make run   # or: docker compose up --detach",
    )


# The broker


def _broker(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    broker = snapshot.broker
    if broker.refusal is None:
        return
    if broker.refuses_user:
        yield Finding(
            "broker_refuses",
            "critical",
            None,
            f"The broker does not let this command in: {broker.refusal}.",
            "Nothing that needs the broker can be looked at, and no command reaches a service.",
            "set -a; . .run/environment; set +a   # or CDP_AMQP_URI with the right password",
        )
        return
    yield Finding(
        "broker_unreachable",
        "critical",
        None,
        f"The broker is out of reach: {broker.refusal}.",
        "No call is answered. What services commit waits in their outboxes, and is published when"
        " the broker is back; nothing is lost.",
        "systemctl start rabbitmq-server   # in containers: docker compose up --detach rabbitmq",
    )


def _exchanges(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    if snapshot.broker.refusal is not None:
        return
    if _RPC_EXCHANGE not in snapshot.broker.exchanges:
        yield Finding(
            "rpc_exchange_missing",
            "critical",
            None,
            f"The exchange {_RPC_EXCHANGE}, over which all calls go, is missing.",
            "No call reaches a service, and no service reaches another.",
            "\n".join(_restart(snapshot, service, "all", "KILL") for service in snapshot.follows),
        )
    for service in snapshot.follows:
        if f"{service}.events" not in snapshot.broker.exchanges and not _is_down(snapshot, service):
            yield Finding(
                "exchange_missing",
                "critical",
                service,
                f"The exchange {service}.events is missing.",
                f"Events of {service} reach nobody as they happen, but late, by a comparison.",
                f"cdp run {service}{_DECLARES}",
            )


def _queues(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    """Queues of events: missing, without consumer, not bound, too long."""
    broker = snapshot.broker
    if broker.refusal is not None:
        return
    for service, sources in snapshot.follows.items():
        if _is_down(snapshot, service):
            continue  # starting it mends its queues
        for source in sources:
            yield from _queue(snapshot, service, source)
        if f"{service}.dead" in broker.queues:
            yield from _dead_queue(snapshot, service)


def _queue(snapshot: SuiteSnapshot, service: str, source: str) -> Iterator[Finding]:
    name = f"{service}.{source}"
    depth = snapshot.broker.queues.get(name)
    late = f"{service} sees events of {source} late, at the next comparison."
    if depth is None:
        yield Finding(
            "queue_missing",
            "critical",
            service,
            f"The queue {name} is missing.",
            late,
            f"cdp run {service} --role events{_DECLARES}",
        )
        return
    administered = snapshot.broker.administered
    exchange = f"{source}.events"
    if (
        administered is not None
        and exchange in snapshot.broker.exchanges
        and (exchange, name) not in administered.bindings
    ):
        yield Finding(
            "binding_missing",
            "critical",
            service,
            f"The queue {name} is not bound to the exchange {exchange}.",
            late,
            f"cdp run {service} --role events{_DECLARES}",
        )
    if depth.consumers == 0:
        yield Finding(
            "events_not_followed",
            "critical",
            service,
            f"No process of {service} follows the events of {source}: its queue has no consumer,"
            f" and {_count(depth.messages, 'message')} in it.",
            f"What {service} knows grows old.",
            f"cdp run {service} --role events",
        )
    elif depth.messages >= _MANY_EVENTS:
        yield Finding(
            "events_pile_up",
            "warning",
            service,
            f"{_count(depth.messages, 'message')} wait in the queue {name}.",
            f"{service} is late with the events of {source}.",
            f"cdp run {service} --role events   # one more process",
        )


def _dead_queue(snapshot: SuiteSnapshot, service: str) -> Iterator[Finding]:
    name = f"{service}.dead"
    depth = snapshot.broker.queues[name]
    if depth is None:
        yield Finding(
            "dead_queue_missing",
            "warning",
            service,
            f"The queue {name} is missing.",
            "A message that cannot be read would be lost instead of kept there.",
            f"cdp run {service}{_DECLARES}",
        )
    elif depth.messages:
        yield Finding(
            "messages_unreadable",
            "warning",
            service,
            f"The queue {name} holds {_count(depth.messages, 'message')} that could not be read,"
            " or was delivered 20 times in vain.",
            "If one was a damaged copy, its event has been fetched from the log; if somebody else"
            " publishes to our exchanges, its messages are lost.",
            f"cdp dead-letters list {service}   # the reasons; then empty the queue:\n"
            f"rabbitmqctl purge_queue -p {snapshot.broker.virtual_host} {name}",
        )


def _other_queues(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    """Queues of other teams that collect our events without anybody who takes them."""
    administered = snapshot.broker.administered
    if administered is None:
        return
    ours = {f"{service}.events" for service in snapshot.follows}
    for exchange, name in sorted(administered.bindings):
        depth = administered.queues.get(name)
        if (
            exchange in ours
            and name not in snapshot.broker.queues
            and depth is not None
            and depth.consumers == 0
        ):
            yield Finding(
                "subscriber_without_consumer",
                "warning",
                None,
                f"The queue {name}, of another service, has no consumer, and"
                f" {_count(depth.messages, 'event')} of {exchange} in it.",
                "It grows until the broker's disk is full, and a full broker takes no more events.",
                f"rabbitmqctl delete_queue -p {snapshot.broker.virtual_host} {name}"
                "   # or start its service",
            )


def _policies(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    administered = snapshot.broker.administered
    if administered is None:
        return
    for policy in snapshot.policies:
        if policy["name"] not in administered.policies:
            definition = shlex.quote(json.dumps(policy["definition"], separators=(",", ":")))
            yield Finding(
                "policy_missing",
                "warning",
                None,
                f"The broker's policy {policy['name']} is missing.",
                "Queues it is for have no limits: calls that nobody waits for any more are worked"
                " off all the same, or what cannot be applied is delivered for ever.",
                f"rabbitmqctl set_policy -p {snapshot.broker.virtual_host} --apply-to queues"
                f" {policy['name']} {shlex.quote(policy['pattern'])} {definition}",
            )


# The services and their databases


def _answers(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    """Services that do not answer, do so slowly, or are not there."""
    for service, seen in snapshot.services.items():
        if _database_refusal(snapshot, service):
            continue
        if _is_down(snapshot, service):
            yield Finding(
                "service_down",
                "critical",
                service,
                f"{service} does not run: nobody takes its calls or its events.",
                _WITHOUT.get(service, _CALLS_FAIL),
                f"cdp run {service}",
            )
        elif seen.unanswered == "not_running" or _calls_unserved(snapshot, service):
            yield Finding(
                "calls_not_served",
                "critical",
                service,
                f"No process of {service} takes calls, though others of it run.",
                _WITHOUT.get(service, _CALLS_FAIL),
                f"cdp run {service} --role rpc",
            )
        elif seen.unanswered == "timeout":
            yield Finding(
                "service_silent",
                "critical",
                service,
                f"{service} runs and does not answer: {seen.reason}.",
                "Its callers wait until their time is up.",
                _restart(snapshot, service, "rpc", "KILL"),
            )
        elif seen.unanswered == "failed":
            yield Finding(
                "status_failed",
                "critical",
                service,
                f"{service} could not say how it is: {seen.reason}.",
                "Other calls may fail in the same way; its log has the reason.",
                f"cdp migrate {service}   # if its release is newer than its tables",
            )
        elif seen.seconds is not None and seen.seconds > _SLOW_SECONDS:
            yield Finding(
                "service_slow",
                "warning",
                service,
                f"{service} took {seen.seconds:.1f} s to say how it is.",
                "A checkout does not wait for so long: it shows what it has stored.",
                f"cdp run {service} --role rpc   # one more process",
            )


def _calls(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service in snapshot.follows:
        depth = snapshot.broker.queues.get(f"rpc-{service}")
        if depth is not None and depth.consumers and depth.messages >= _MANY_CALLS:
            yield Finding(
                "calls_pile_up",
                "warning",
                service,
                f"{_count(depth.messages, 'call')} wait for a process of {service}.",
                "What waits past its time is dropped, and its caller gets no answer.",
                f"cdp run {service} --role rpc   # one more process",
            )


def _databases(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service in snapshot.services:
        if refusal := _database_refusal(snapshot, service):
            yield Finding(
                "database_unreachable",
                "critical",
                service,
                f"The database of {service} does not answer: {refusal}.",
                _WITHOUT.get(service, _CALLS_FAIL)
                + " Nothing is lost: what its sources log is fetched when it is back.",
                "systemctl start postgresql   # in containers: docker compose up --detach postgres",
            )


def _schemas(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service, status in _statuses(snapshot):
        revision, expected = status["schema"]["revision"], status["schema"]["expected"]
        if not expected or revision == expected:
            continue
        if revision is None or revision < expected:
            yield Finding(
                "schema_behind",
                "critical",
                service,
                f"The tables of {service} are at revision {revision or 'none'}, and its release"
                f" needs {expected}.",
                "What uses the new tables or columns fails, and is tried again until they are"
                " there.",
                f"cdp migrate {service}",
            )
        else:
            yield Finding(
                "schema_ahead",
                "warning",
                service,
                f"The tables of {service} are at revision {revision}, newer than the release that"
                f" runs, which was made for {expected}.",
                "During an upgrade that is as it should be; afterwards it means that an old"
                " process was left running.",
                _restart(snapshot, service, "all"),
            )


# Lag, and what cannot be applied


def _halted(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service, status in _statuses(snapshot):
        halted = _by_source(status, "cdp_streams_halted")
        letters = int(_gauge(status, "cdp_dead_letters"))
        for source, streams in halted.items():
            if streams:
                yield Finding(
                    "streams_halted",
                    "critical",
                    service,
                    f"{service} has halted {_count(streams, 'stream')} of {source}, each at an"
                    " event that it could not apply.",
                    "What it knows of these shoppers stays as it was; all others go on.",
                    _redrive(service, status),
                )
        if letters and not any(halted.values()):
            yield Finding(
                "dead_letters",
                "warning",
                service,
                f"{service} has {_count(letters, 'dead letter')}, which halt no stream.",
                "A message could not be read; if it was one of ours, its event has been fetched"
                " from the log.",
                _redrive(service, status),
            )


def _ahead(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    """Consumers of a log that was restored from a backup."""
    incarnations = {service: status["incarnation"] for service, status in _statuses(snapshot)}
    for service, status in _statuses(snapshot):
        streams = _by_source(status, "cdp_streams_ahead")
        seen = {each["source"]: each["incarnation"] for each in status["comparisons"]}
        for source in sorted(streams.keys() | seen.keys()):
            if streams.get(source):
                yield Finding(
                    "streams_ahead",
                    "critical",
                    service,
                    f"{service} is ahead of {source} in {_count(streams[source], 'stream')}: the"
                    f" log of {source} was restored from a backup.",
                    f"{service} has applied events that {source} no longer has, and applies none of"
                    " their streams until that is settled.",
                    "cdp check consistency --repair",
                )
            elif seen.get(source, 0) < incarnations.get(source, 0):
                yield Finding(
                    "log_restored",
                    "warning",
                    service,
                    f"The log of {source} was restored from a backup, and {service} has not"
                    " compared itself with it since.",
                    f"Until then {service} takes no new events of {source}.",
                    f"cdp check consistency   # if it stays: cdp run {service} --role events",
                )


def _lag(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service, status in _statuses(snapshot):
        behind, parked = (_by_source(status, name) for name in _LAG)
        later = snapshot.services[service].later
        for source in sorted(source for source, streams in parked.items() if streams):
            before = (behind.get(source, 0), parked[source])
            after = later and tuple(_by_source(later, name).get(source, 0) for name in _LAG)
            if after == before:
                yield Finding(
                    "lag_stuck",
                    "critical",
                    service,
                    f"{service} is {_count(behind.get(source, 0), 'event')} of {source} behind,"
                    f" in {_count(parked[source], 'stream')}, and comes no nearer.",
                    f"What it knows grows old: either {source} does not give the events, or this"
                    " release cannot read them.",
                    f"cdp run {service} --role events   # of the newest release; its log says more",
                )
            elif behind.get(source, 0) >= _MANY_EVENTS:
                yield Finding(
                    "lag",
                    "warning",
                    service,
                    f"{service} is {_count(behind[source], 'event')} of {source} behind, and"
                    " catches up.",
                    "What it knows is late by as much.",
                    f"cdp run {service} --role events   # one more process, if it lasts",
                )


def _comparisons(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service, status in _statuses(snapshot):
        for each in status["comparisons"]:
            age = each["age_ms"]
            if age is not None and age > _OLD_COMPARISON_MS and _lives(status, "events"):
                yield Finding(
                    "comparison_old",
                    "warning",
                    service,
                    f"{service} has not compared itself with {each['source']} for"
                    f" {_minutes(age / 1_000)}.",
                    "An event that no message announced would not be found.",
                    f"cdp run {service} --role events   # one more process; its log says more",
                )


def _outboxes(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service, status in _statuses(snapshot):
        rows = int(_gauge(status, "cdp_outbox_rows"))
        age = _gauge(status, "cdp_outbox_age_seconds")
        if rows and age > _STUCK_OUTBOX_SECONDS:
            yield Finding(
                "outbox_stuck",
                "critical",
                service,
                f"{_count(rows, 'unit')} of work of {service} were not published, the oldest for"
                f" {_minutes(age)}.",
                "Whoever follows it gets these events late, at the next comparison.",
                f"cdp run {service}   # any process of it publishes what others have left",
            )


def _waiting(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service, status in _statuses(snapshot):
        events = int(_gauge(status, "cdp_waiting_events"))
        age = _gauge(status, "cdp_waiting_age_seconds")
        if events and age > _WAITING_SECONDS:
            down = snapshot.status("identity") is None if "identity" in snapshot.follows else False
            yield Finding(
                "events_waiting",
                "critical",
                service,
                f"{_count(events, 'event')} that {service} accepted wait for identity, the oldest"
                f" for {_minutes(age)}.",
                "They are kept, and no profile, segment or offer knows of them yet.",
                "cdp run identity"
                if down
                else f"cdp run {service} --role events   # one more process; its log says more",
            )


def _evaluations(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service, status in _statuses(snapshot):
        if failing := int(_gauge(status, "cdp_evaluations_failing")):
            yield Finding(
                "evaluations_failing",
                "warning",
                service,
                f"{service} cannot evaluate {_count(failing, 'profile')}.",
                "Their segments stay as they were; all others are evaluated.",
                f"cdp rebuild {service}   # after the release that can; its log has the reasons",
            )


# Processes


def _replicas(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service, status in _statuses(snapshot):
        for replica in status["replicas"]:
            if _is_lost(replica, status) and not _is_down(snapshot, service):
                yield Finding(
                    "replica_lost",
                    "warning",
                    service,
                    f"{_describe(service, replica)} has given no sign of life for"
                    f" {_minutes(replica['seen_ms'] / 1_000)}, and did not stop in order.",
                    "It was killed, hangs, or does not reach its database. If it hangs, calls that"
                    " the broker gives it are not answered.",
                    _restart_one(service, replica, "KILL"),
                )
            elif not replica["broker_connected"] and replica["seen_ms"] < _LIVING_MS:
                yield Finding(
                    "replica_without_broker",
                    "warning",
                    service,
                    f"{_describe(service, replica)} does not reach the broker.",
                    "It takes no calls and follows no events.",
                    _restart_one(service, replica),
                )


def _clocks(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    for service, status in _statuses(snapshot):
        for replica in _living(status):
            skew = replica["skew_ms"] / 1_000
            if abs(skew) > SKEW_SECONDS:
                yield Finding(
                    "clock_wrong",
                    "warning",
                    service,
                    f"The clock of {_describe(service, replica)} is {_seconds(skew)} its"
                    " database's.",
                    "It is corrected by the database's clock while the process runs; its log lines"
                    " and the lifetimes of its calls are not.",
                    f"timedatectl set-ntp true   # on {replica['host']}",
                )
    yield from _database_clocks(snapshot)


def _database_clocks(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    offsets = {
        service: offset
        for service in snapshot.services
        if (offset := snapshot.clock_offset(service)) is not None
    }
    if not offsets:
        return
    first, last = min(offsets, key=offsets.__getitem__), max(offsets, key=offsets.__getitem__)
    apart = offsets[last] - offsets[first]
    if apart > SKEW_SECONDS:
        yield Finding(
            "database_clocks_differ",
            "warning",
            None,
            f"The clock of the database of {last} is {apart:.1f} s ahead of that of {first}.",
            "What one service dates, the other takes for early or late.",
            "timedatectl set-ntp true   # on the hosts of both databases",
        )
    elif abs(middle := (offsets[first] + offsets[last]) / 2) > SKEW_SECONDS:
        yield Finding(
            "client_clock_wrong",
            "warning",
            None,
            f"The clock of this machine is {_seconds(-middle)} the databases'.",
            "Calls from here are taken for past their time, or for longer than they should be.",
            "timedatectl set-ntp true   # on this machine",
        )


def _configurations(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    """Files of which two processes have read different contents."""
    readers: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    restarts: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for service, status in _statuses(snapshot):
        for replica in _living(status):
            for name, digest in replica["configuration"].items():
                readers[name][digest].append(_describe(service, replica))
                restarts[name][digest].append(_restart_one(service, replica))
    for name, contents in sorted(readers.items()):
        if len(contents) > 1:
            odd = min(contents, key=lambda digest: len(contents[digest]))
            others = sum(len(each) for digest, each in contents.items() if digest != odd)
            yield Finding(
                "configurations_differ",
                "warning",
                None,
                f"{_names(contents[odd])} read another {name} than"
                f" {_count(others, 'other process')}.",
                "Which answer a shopper gets depends on the process that the call reaches.",
                f"sha256sum $CDP_CONFIG_DIR/{name}   # the same on every host; then\n"
                + "\n".join(restarts[name][odd]),
            )


def _releases(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    releases: dict[str, list[str]] = defaultdict(list)
    newest: dict[str, str] = {}
    steps: dict[str, list[str]] = defaultdict(list)
    for service, status in _statuses(snapshot):
        for replica in _living(status):
            release = replica["release"]
            releases[release].append(_describe(service, replica))
            steps[release].append(_restart_one(service, replica))
            newest[release] = max(newest.get(release, ""), replica["started_at"])
    if len(releases) > 1:
        last = max(newest, key=newest.__getitem__)
        yield Finding(
            "releases_differ",
            "warning",
            None,
            "Several releases run side by side: "
            + "; ".join(f"{name} in {_names(who)}" for name, who in sorted(releases.items()))
            + ".",
            "During an upgrade that is as it should be; afterwards an old process may not know"
            " what the new ones write.",
            "\n".join(step for name in sorted(steps) if name != last for step in steps[name]),
        )


_RULES: Sequence[Callable[[SuiteSnapshot], Iterable[Finding]]] = (
    _broker,
    _databases,
    _answers,
    _schemas,
    _exchanges,
    _queues,
    _halted,
    _ahead,
    _lag,
    _outboxes,
    _waiting,
    _replicas,
    _clocks,
    _evaluations,
    _comparisons,
    _calls,
    _configurations,
    _releases,
    _policies,
    _other_queues,
)
_WITHOUT = {
    "identity": "Events are accepted and wait: nobody can say whose they are.",
    "profiles": "No event of a shop is accepted, and nobody can look up a profile.",
    "segments": "Nobody enters or leaves a segment.",
    "offers": "The checkout shows the blocks that it has stored.",
}
_CALLS_FAIL = "Its calls fail."
_LAG = ("cdp_events_behind", "cdp_streams_parked")


def _statuses(snapshot: SuiteSnapshot) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for service in snapshot.services:
        status = snapshot.status(service)
        if status is not None:
            yield service, status


def _gauge(status: Mapping[str, Any], name: str) -> float:
    """The sum of a gauge's values; 0 if the service has none of that name."""
    return sum(float(each["value"]) for each in status["gauges"] if each["name"] == name)


def _by_source(status: Mapping[str, Any], name: str) -> dict[str, int]:
    return {
        each["labels"]["source"]: int(each["value"])
        for each in status["gauges"]
        if each["name"] == name and "source" in each["labels"]
    }


def _database_refusal(snapshot: SuiteSnapshot, service: str) -> str | None:
    database, seen = snapshot.databases.get(service), snapshot.services[service]
    if database is not None and database.refusal is not None:
        return database.refusal
    if database is None and seen.unanswered == "database":
        return seen.reason
    return None


def _is_down(snapshot: SuiteSnapshot, service: str) -> bool:
    """Whether no process of a service takes anything from the broker."""
    broker = snapshot.broker
    if broker.refusal is not None or snapshot.services[service].status is not None:
        return False
    queues = [f"rpc-{service}", *(f"{service}.{source}" for source in snapshot.follows[service])]
    depths = [broker.queues.get(name) for name in queues]
    return not any(depth.consumers for depth in depths if depth is not None)


def _calls_unserved(snapshot: SuiteSnapshot, service: str) -> bool:
    depth = snapshot.broker.queues.get(f"rpc-{service}")
    unanswered = snapshot.services[service].unanswered == "timeout"
    return unanswered and depth is not None and depth.consumers == 0


def _living(status: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [each for each in status["replicas"] if each["seen_ms"] < _LIVING_MS]


def _lives(status: Mapping[str, Any], role: str) -> bool:
    return any(each["role"] in (role, "all") for each in _living(status))


def _is_lost(replica: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
    """Whether a process vanished, and none of its role was started in its place."""
    if not _LIVING_MS <= replica["seen_ms"] < _LOST_MS:
        return False
    seen = parse_instant(status["now"]) - 1_000 * replica["seen_ms"]
    return not any(
        each["role"] == replica["role"] and parse_instant(each["started_at"]) >= seen
        for each in _living(status)
    )


def _restart(snapshot: SuiteSnapshot, service: str, role: str, signal: str = "TERM") -> str:
    """Steps that replace the processes of a service that serve `role`."""
    status = snapshot.status(service)
    replicas = [] if status is None else status["replicas"]
    steps = [
        _restart_one(service, each, signal)
        for each in replicas
        if each["seen_ms"] < _LOST_MS and (role == "all" or each["role"] in (role, "all"))
    ]
    return "\n".join(steps) or f"cdp run {service} --role {role}   # after ending what hangs"


def _restart_one(service: str, replica: Mapping[str, Any], signal: str = "TERM") -> str:
    role, pid, host = replica["role"], replica["pid"], replica["host"]
    return f"kill -{signal} {pid}   # on {host}; then: cdp run {service} --role {role}"


def _redrive(service: str, status: Mapping[str, Any]) -> str:
    letter = status["newest_dead_letter"]
    if letter is None:
        return f"cdp dead-letters list {service}"
    return (
        f"cdp dead-letters show {service} {letter}   # fix the cause, then\n"
        f"cdp dead-letters redrive {service} {letter}"
    )


def _describe(service: str, replica: Mapping[str, Any]) -> str:
    return f"{service} (process {replica['pid']} on {replica['host']}, role {replica['role']})"


def _names(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def _count(number: float, noun: str) -> str:
    plural = {"process": "processes", "other process": "other processes"}.get(noun, f"{noun}s")
    return f"{number:,.0f} {noun if number == 1 else plural}"


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:,.0f} minutes"


def _seconds(skew: float) -> str:
    return f"{abs(skew):,.1f} s {'ahead of' if skew > 0 else 'behind'}"
