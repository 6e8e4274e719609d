"""What is wrong with the broker: out of reach, or something missing in it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence

from cdp.doctor.finding import LOOK_AGAIN, Finding, Rule, count, declared_again
from cdp.doctor.snapshot import SuiteSnapshot
from cdp.doctor.status import living
from chassis.config.broker import RPC_EXCHANGE

_MANY_EVENTS = 1_000


def find_no_suite(snapshot: SuiteSnapshot) -> Finding | None:
    """That there is nothing at all, rather than that each part of it is missing."""
    broker = snapshot.broker
    if broker.refusal is not None or not all(snapshot.is_down(name) for name in snapshot.follows):
        return None
    if any(snapshot.database_refusal(name) for name in snapshot.follows):
        return None
    return Finding(
        "suite_down",
        "critical",
        None,
        f"No service runs on the broker at {broker.place}, virtual host {broker.virtual_host}.",
        "Either nothing was started, or CDP_AMQP_URI names another broker than the suite's.",
        f"{_read_settings(snapshot)}   # the settings of a running `make run`\n"
        f"{_variable(snapshot)}make run   # or: docker compose up --detach",
    )


def _read_settings(snapshot: SuiteSnapshot) -> str:
    """How a shell gets the settings that `make run` has written."""
    suffix = f"-{snapshot.namespace}" if snapshot.namespace else ""
    return f"set -a; . .run/environment{suffix}; set +a"


def _variable(snapshot: SuiteSnapshot) -> str:
    return f"CDP_NAMESPACE={snapshot.namespace} " if snapshot.namespace else ""


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
            f"{_read_settings(snapshot)}   # or CDP_AMQP_URI with the right password",
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
    if RPC_EXCHANGE not in snapshot.broker.exchanges:
        yield Finding(
            "rpc_exchange_missing",
            "critical",
            None,
            f"The exchange {RPC_EXCHANGE}, over which all calls go, is missing.",
            "No call reaches a service, and no service reaches another.",
            f"{LOOK_AGAIN}\n"
            f"cdp run {next(iter(snapshot.follows))}   # if it stays: no process is there",
        )
    for service in snapshot.follows:
        if f"{service}.events" not in snapshot.broker.exchanges and not snapshot.is_down(service):
            yield Finding(
                "exchange_missing",
                "critical",
                service,
                f"The exchange {service}.events is missing.",
                f"Events of {service} reach nobody as they happen, but late, by a comparison.",
                declared_again(snapshot, service, "all"),
            )


def _queues(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    """Queues of events: missing, without consumer, not bound, too long."""
    broker = snapshot.broker
    if broker.refusal is not None:
        return
    for service, sources in snapshot.follows.items():
        if snapshot.is_down(service):
            continue  # starting it mends its queues
        for source in sources:
            yield from _queue(snapshot, service, source)
        if f"{service}.dead" in broker.queues:
            yield from _dead_queue(snapshot, service)


def _queue(snapshot: SuiteSnapshot, service: str, source: str) -> Iterator[Finding]:
    name, exchange = f"{service}.{source}", f"{source}.events"
    depth = snapshot.broker.queues.get(name)
    if depth is None:
        yield _not_wired(snapshot, service, source, "queue_missing", "is missing")
        return
    administered = snapshot.broker.administered
    if (
        administered is not None
        and exchange in snapshot.broker.exchanges
        and (exchange, name) not in administered.bindings
    ):
        unbound = f"is not bound to the exchange {exchange}"
        yield _not_wired(snapshot, service, source, "binding_missing", unbound)
    if depth.consumers == 0:
        yield Finding(
            "events_not_followed",
            "critical",
            service,
            f"No process of {service} follows the events of {source}: its queue has no consumer,"
            f" and {count(depth.messages, 'message')} in it.",
            f"What {service} knows grows old.",
            f"cdp run {service} --role events",
        )
    elif depth.messages >= _MANY_EVENTS:
        yield Finding(
            "events_pile_up",
            "warning",
            service,
            f"{count(depth.messages, 'message')} wait in the queue {name}.",
            f"{service} is late with the events of {source}.",
            f"cdp run {service} --role events   # one more process",
        )


def _stray_consumers(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    """Somebody else who takes what a queue of ours is for: his share is never answered."""
    if snapshot.broker.refusal is not None:
        return
    host = snapshot.broker.virtual_host
    for service, sources in snapshot.follows.items():
        status = snapshot.status(service)
        if status is None:
            continue
        queues = {f"rpc-{service}": "rpc"}
        queues |= {f"{service}.{source}": "events" for source in sources}
        for name, role in queues.items():
            depth = snapshot.broker.queues.get(name)
            ours = sum(each["role"] in (role, "all") for each in living(status))
            if depth is None or not 0 < ours < depth.consumers:
                continue
            yield Finding(
                "stray_consumer",
                "warning",
                service,
                f"The queue {name} has {count(depth.consumers, 'consumer')}, and {service} has"
                f" {count(ours, 'process')} that may take from it.",
                "A share of its messages goes to somebody else, a process of an earlier release or"
                " a stranger's; what a stranger takes is not answered or comes late.",
                "cdp doctor   # a process that starts or stops is counted too; if it stays:\n"
                f"rabbitmqctl list_consumers -p {host} | grep {name}   # whose is it\n"
                "rabbitmqctl list_connections pid user peer_host peer_port client_properties\n"
                'rabbitmqctl close_connection PID "stray consumer"   # the connection\'s pid',
            )


def _not_wired(snapshot: SuiteSnapshot, service: str, source: str, code: str, what: str) -> Finding:
    return Finding(
        code,
        "critical",
        service,
        f"The queue {service}.{source} {what}.",
        f"{service} sees events of {source} late, at the next comparison.",
        declared_again(snapshot, service, "events"),
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
            declared_again(snapshot, service, "all"),
        )
    elif depth.messages:
        yield Finding(
            "messages_unreadable",
            "warning",
            service,
            f"The queue {name} holds {count(depth.messages, 'message')} that could not be read,"
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
                f" {count(depth.messages, 'event')} of {exchange} in it.",
                "It grows until the broker's disk is full, and a full broker takes no more events.",
                f"rabbitmqctl list_queues -p {snapshot.broker.virtual_host} name messages consumers"
                "   # start its service; if there is none any more:\n"
                f"rabbitmqctl delete_queue -p {snapshot.broker.virtual_host} --if-unused {name}",
            )


def _policies(snapshot: SuiteSnapshot) -> Iterator[Finding]:
    administered = snapshot.broker.administered
    if administered is None:
        return
    for policy in snapshot.policies:
        there = administered.policies.get(policy["name"])
        if there is None:
            code, problem = "policy_missing", "is missing"
        elif any(there.get(field) != policy[field] for field in ("pattern", "definition")):
            code, problem = "policy_differs", "is not that of this release"
        else:
            continue
        definition = shlex.quote(json.dumps(policy["definition"], separators=(",", ":")))
        yield Finding(
            code,
            "warning",
            None,
            f"The broker's policy {policy['name']} {problem}.",
            "Queues it is for have no limits, or others: calls that nobody waits for any more are"
            " worked off all the same, or what cannot be applied is delivered for ever.",
            f"rabbitmqctl set_policy -p {snapshot.broker.virtual_host} --apply-to queues"
            f" {policy['name']} {shlex.quote(policy['pattern'])} {definition}",
        )


RULES: Sequence[Rule] = (
    _broker,
    _exchanges,
    _queues,
    _stray_consumers,
    _policies,
    _other_queues,
)
