"""What is wrong, from what was seen: each fault is named, with the command that mends it."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import click
import pytest
from rich.console import Console

from cdp.commands.root import cli
from cdp.doctor.finding import Finding
from cdp.doctor.findings import diagnose
from cdp.doctor.snapshot import (
    Administered,
    BrokerSnapshot,
    DatabaseSnapshot,
    ServiceSnapshot,
    SuiteSnapshot,
)
from cdp.views.doctor import findings_view, report_json, unseen
from chassis.database.blockers import Blocker
from chassis.messaging.inspection import QueueDepth
from contracts.topology import FOLLOWS, SERVICE_NAMES

NOW = "2026-11-26T16:00:00.000000Z"
STARTED = "2026-11-26T15:00:00.000000Z"
RELEASE = "0.1.0+1f2e3d4c"
REVISIONS = {"identity": "0004", "profiles": "0003", "segments": "0002", "offers": "0002"}
POLICY = {"name": "calls", "pattern": "^rpc-", "definition": {"message-ttl": 10_000}}
LETTER = "019aa000-0000-7000-8000-000000000000"
CONTAINER = "0f3c2a91bc77"
REPLACES = (
    "ps -o args= -p {1} | grep 'cdp.* run' && kill -{0} {1}"
    "   # on shop-1; then: cdp run {2} --role all"
)
Change = Callable[[SuiteSnapshot], SuiteSnapshot]


def replica(pid: int = 100, **changes: Any) -> dict[str, Any]:
    described = {
        "id": str(pid),
        "host": "shop-1",
        "pid": pid,
        "role": "all",
        "release": RELEASE,
        "configuration": {"identity.yaml": "aa"},
        "skew_ms": 3,
        "broker_connected": True,
        "started_at": STARTED,
        "seen_ms": 2_000,
    }
    return described | changes


def gauge(name: str, value: float, **labels: str) -> dict[str, Any]:
    return {"name": name, "labels": labels, "value": value}


def status(service: str, *gauges: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "service": service,
        "release": RELEASE,
        "replica": "100",
        "now": NOW,
        "schema": {"revision": REVISIONS[service], "expected": REVISIONS[service]},
        "incarnation": 1,
        "comparisons": [
            {"source": source, "incarnation": 1, "age_ms": 9_000} for source in FOLLOWS[service]
        ],
        "newest_dead_letter": None,
        "gauges": list(gauges),
        "replicas": [replica(100 + SERVICE_NAMES.index(service))],
    }
    return answer | changes


def sound() -> SuiteSnapshot:
    """A suite with which all is well."""
    queues: dict[str, QueueDepth | None] = {f"rpc-{name}": QueueDepth(0, 1) for name in FOLLOWS}
    for name, sources in FOLLOWS.items():
        queues[f"{name}.dead"] = QueueDepth(0, 0)
        queues |= {f"{name}.{source}": QueueDepth(0, 1) for source in sources}
    return SuiteSnapshot(
        release=RELEASE,
        follows=FOLLOWS,
        policies=[POLICY],
        broker=BrokerSnapshot(
            "localhost:5672",
            "cdp",
            exchanges=frozenset([*(f"{name}.events" for name in FOLLOWS), "nameko-rpc"]),
            queues=queues,
            administered=Administered(
                bindings=frozenset(
                    (f"{source}.events", f"{name}.{source}")
                    for name, sources in FOLLOWS.items()
                    for source in sources
                ),
                policies={"calls": POLICY | {"priority": 0}},
                queues={name: depth for name, depth in queues.items() if depth},
            ),
        ),
        services={
            name: ServiceSnapshot(status(name), seconds=0.01, clock_offset=0.0) for name in FOLLOWS
        },
        databases={
            name: DatabaseSnapshot(status=status(name), clock_offset=0.0) for name in FOLLOWS
        },
    )


def test_all_is_well_with_a_sound_suite() -> None:
    assert diagnose(sound()) == []
    assert unseen(sound()) == []


# Changes of a sound suite


def broker(**changes: Any) -> Change:
    return lambda suite: replace(suite, broker=replace(suite.broker, **changes))


def queue(name: str, depth: QueueDepth | None) -> Change:
    return lambda suite: broker(queues={**suite.broker.queues, name: depth})(suite)


def without_exchange(name: str) -> Change:
    return lambda suite: broker(exchanges=suite.broker.exchanges - {name})(suite)


def administered(change: Callable[[Administered], Administered]) -> Change:
    def apply(suite: SuiteSnapshot) -> SuiteSnapshot:
        assert suite.broker.administered
        return broker(administered=change(suite.broker.administered))(suite)

    return apply


def service(name: str, seen: ServiceSnapshot) -> Change:
    return lambda suite: replace(suite, services={**suite.services, name: seen})


def database(name: str, seen: DatabaseSnapshot) -> Change:
    return lambda suite: replace(suite, databases={**suite.databases, name: seen})


def says(name: str, *gauges: Mapping[str, Any], **changes: Any) -> Change:
    return service(name, ServiceSnapshot(status(name, *gauges, **changes), seconds=0.01))


def silent(name: str, why: Any, reason: str = "it did not answer in 3 s") -> Change:
    return service(name, ServiceSnapshot(unanswered=why, reason=reason))


def down(name: str) -> Change:
    return both(
        silent(name, "not_running"),
        queue(f"rpc-{name}", QueueDepth(3, 0)),
        *(queue(f"{name}.{source}", QueueDepth(9, 0)) for source in FOLLOWS[name]),
        database(name, DatabaseSnapshot()),
    )


def both(*changes: Change) -> Change:
    def apply(suite: SuiteSnapshot) -> SuiteSnapshot:
        for change in changes:
            suite = change(suite)
        return suite

    return apply


def out_of_reach(suite: SuiteSnapshot) -> SuiteSnapshot:
    """Without the broker nothing that needs it is seen."""
    blind = BrokerSnapshot("localhost:5672", "cdp", refusal="the broker is out of reach")
    unseen_services = {
        name: ServiceSnapshot(unanswered="not_asked", reason="no broker") for name in FOLLOWS
    }
    return replace(suite, broker=blind, services=unseen_services)


LAGGING = (
    gauge("cdp_events_behind", 12, source="profiles"),
    gauge("cdp_streams_parked", 3, source="profiles"),
)
FAR_BEHIND = (
    gauge("cdp_events_behind", 5_000, source="profiles"),
    gauge("cdp_streams_parked", 900, source="profiles"),
)
NEARER = (
    gauge("cdp_events_behind", 4_000, source="profiles"),
    gauge("cdp_streams_parked", 800, source="profiles"),
)

FAULTS: dict[str, tuple[Change, str, str | None, str]] = {
    # what is wrong: the change, the code, the service, what the command begins with
    "the broker is down": (out_of_reach, "broker_unreachable", None, "systemctl start rabbitmq"),
    "the password of the broker is wrong": (
        both(out_of_reach, broker(refusal="refused the user", refuses_user=True)),
        "broker_refuses",
        None,
        "set -a; . .run/environment; set +a",
    ),
    "the exchange of calls is gone": (
        without_exchange("nameko-rpc"),
        "rpc_exchange_missing",
        None,
        "cdp doctor   # heals by itself within seconds; look again",
    ),
    "an events exchange is gone": (
        without_exchange("profiles.events"),
        "exchange_missing",
        "profiles",
        "cdp doctor   # heals by itself within seconds; look again",
    ),
    "a queue is gone": (
        queue("offers.segments", None),
        "queue_missing",
        "offers",
        "cdp doctor   # heals by itself within seconds; look again",
    ),
    "a binding is gone": (
        administered(
            lambda seen: replace(
                seen, bindings=seen.bindings - {("profiles.events", "segments.profiles")}
            )
        ),
        "binding_missing",
        "segments",
        "cdp doctor   # heals by itself within seconds; look again",
    ),
    "a binding is gone, and nobody follows events": (
        both(
            says("segments", replicas=[replica(7, role="rpc")]),
            administered(
                lambda seen: replace(
                    seen, bindings=seen.bindings - {("profiles.events", "segments.profiles")}
                )
            ),
        ),
        "binding_missing",
        "segments",
        "cdp run segments --role events",
    ),
    "a queue has no consumer": (
        queue("offers.segments", QueueDepth(7, 0)),
        "events_not_followed",
        "offers",
        "cdp run offers --role events",
    ),
    "messages pile up": (
        queue("offers.segments", QueueDepth(70_000, 1)),
        "events_pile_up",
        "offers",
        "cdp run offers --role events",
    ),
    "a dead queue is gone": (
        queue("offers.dead", None),
        "dead_queue_missing",
        "offers",
        "cdp doctor   # heals by itself within seconds; look again",
    ),
    "a message could not be read": (
        queue("segments.dead", QueueDepth(1, 0)),
        "messages_unreadable",
        "segments",
        "cdp dead-letters list segments",
    ),
    "another team's queue has no consumer": (
        administered(
            lambda seen: replace(
                seen,
                bindings=seen.bindings | {("profiles.events", "crm.profiles")},
                queues={**seen.queues, "crm.profiles": QueueDepth(1_234, 0)},
            )
        ),
        "subscriber_without_consumer",
        None,
        "rabbitmqctl list_queues -p cdp name messages consumers   # start its service",
    ),
    "a policy is missing": (
        administered(lambda seen: replace(seen, policies={})),
        "policy_missing",
        None,
        "rabbitmqctl set_policy -p cdp --apply-to queues calls '^rpc-' '{\"message-ttl\":10000}'",
    ),
    "a policy has the pattern of another release": (
        administered(lambda seen: replace(seen, policies={"calls": POLICY | {"pattern": "^r"}})),
        "policy_differs",
        None,
        "rabbitmqctl set_policy -p cdp --apply-to queues calls '^rpc-' '{\"message-ttl\":10000}'",
    ),
    "a policy was changed": (
        administered(
            lambda seen: replace(
                seen, policies={"calls": POLICY | {"definition": {"message-ttl": 3_600_000}}}
            )
        ),
        "policy_differs",
        None,
        "rabbitmqctl set_policy -p cdp --apply-to queues calls '^rpc-' '{\"message-ttl\":10000}'",
    ),
    "a service is down": (down("segments"), "service_down", "segments", "cdp run segments"),
    "no process takes calls": (
        both(silent("offers", "not_running"), queue("rpc-offers", QueueDepth(0, 0))),
        "calls_not_served",
        "offers",
        "cdp run offers --role rpc",
    ),
    "a service hangs": (
        silent("offers", "timeout"),
        "service_silent",
        "offers",
        "cdp doctor   # look again, it may be a moment's load; if it stays, one after the other:\n"
        + REPLACES.format("KILL", 103, "offers"),
    ),
    "a call fails": (
        silent("offers", "failed", "failed with ProgrammingError"),
        "status_failed",
        "offers",
        "cdp migrate offers",
    ),
    "a service is slow": (
        service("offers", ServiceSnapshot(status("offers"), seconds=2.4)),
        "service_slow",
        "offers",
        "cdp run offers --role rpc",
    ),
    "calls pile up": (
        queue("rpc-offers", QueueDepth(1_790, 1)),
        "calls_pile_up",
        "offers",
        "cdp run offers --role rpc",
    ),
    "a database is down, as this process sees it": (
        both(
            silent("profiles", "timeout"),
            database("profiles", DatabaseSnapshot(refusal="connection refused")),
        ),
        "database_unreachable",
        "profiles",
        "systemctl start postgresql",
    ),
    "a database is down, as the service says": (
        lambda suite: replace(silent("profiles", "database", "refused")(suite), databases={}),
        "database_unreachable",
        "profiles",
        "systemctl start postgresql",
    ),
    "a database has the tables of another release": (
        both(
            silent("profiles", "database", "does not fit this release"),
            database(
                "profiles",
                DatabaseSnapshot(refusal="does not fit this release (OperationalError)"),
            ),
        ),
        "schema_behind",
        "profiles",
        "cdp migrate profiles",
    ),
    "a database has no connection left": (
        both(
            silent("profiles", "timeout"),
            database("profiles", DatabaseSnapshot(refusal="sorry, too many clients already")),
        ),
        "database_full",
        "profiles",
        "psql -c 'SELECT usename, application_name, count(*)",
    ),
    "somebody holds a lock": (
        both(
            silent("segments", "database", "another session holds it"),
            database(
                "segments",
                DatabaseSnapshot(
                    refusal="another session holds it",
                    blockers=[Blocker(4711, "anna", "psql", "2026-11-26 12:00:00", 9)],
                ),
            ),
        ),
        "database_locked",
        "segments",
        "psql -c 'SELECT pg_terminate_backend(4711)'",
    ),
    "a database takes no writes": (
        says(
            "profiles",
            gauge("cdp_database_writable", 0),
            write_problem="does not let the service INSERT on events; run cdp migrate",
        ),
        "database_not_writable",
        "profiles",
        "cdp migrate profiles",
    ),
    "a database is a standby": (
        says("profiles", write_problem="is a standby, which takes no writes; name the primary"),
        "database_not_writable",
        "profiles",
        "cdp run profiles   # with the primary in CDP_PROFILES_DATABASE_URI",
    ),
    "a database is read-only": (
        says("profiles", write_problem="is read-only; set default_transaction_read_only to off"),
        "database_not_writable",
        "profiles",
        "psql -c 'ALTER SYSTEM SET default_transaction_read_only = off'",
    ),
    "a database takes no writes, as a process of an earlier release says": (
        says("profiles", gauge("cdp_database_writable", 0)),
        "database_not_writable",
        "profiles",
        "cdp migrate profiles",
    ),
    "a restored log waits for its operator": (
        says("identity", restore_unconfirmed=True),
        "restore_unconfirmed",
        "identity",
        "cdp check consistency --restored identity",
    ),
    "a process of an earlier release answers": (
        silent("offers", "earlier_release", "there is no method status"),
        "release_earlier",
        "offers",
        "cdp run offers   # of the new release",
    ),
    "somebody else takes calls": (
        queue("rpc-offers", QueueDepth(0, 2)),
        "stray_consumer",
        "offers",
        "cdp doctor   # a process that starts or stops is counted too; if it stays:\n",
    ),
    "somebody else takes events": (
        queue("segments.profiles", QueueDepth(0, 2)),
        "stray_consumer",
        "segments",
        "cdp doctor   # a process that starts or stops",
    ),
    "tables are behind": (
        says("segments", schema={"revision": "0001", "expected": "0002"}),
        "schema_behind",
        "segments",
        "cdp migrate segments",
    ),
    "tables are ahead": (
        says("segments", schema={"revision": "0003", "expected": "0002"}),
        "schema_ahead",
        "segments",
        REPLACES.format("TERM", 102, "segments"),
    ),
    "a read model is that of the release before": (
        says("offers", gauge("cdp_rebuild_due", 1)),
        "rebuild_due",
        "offers",
        "cdp rebuild offers",
    ),
    "a stream is halted": (
        says(
            "segments",
            gauge("cdp_streams_halted", 1, source="profiles"),
            gauge("cdp_dead_letters", 1),
            newest_dead_letter=LETTER,
        ),
        "streams_halted",
        "segments",
        f"cdp dead-letters show segments {LETTER}",
    ),
    "an event is too large": (
        says("segments", gauge("cdp_streams_too_large", 2, source="profiles")),
        "events_too_large",
        "segments",
        "rabbitmqctl eval",
    ),
    "a transaction is open": (
        says("profiles", gauge("cdp_horizon_age_seconds", 900)),
        "horizon_held",
        "profiles",
        "psql -c",
    ),
    "a dead letter halts nothing": (
        says("segments", gauge("cdp_dead_letters", 1)),
        "dead_letters",
        "segments",
        "cdp dead-letters list segments",
    ),
    "a source was restored": (
        says("offers", gauge("cdp_streams_ahead", 300, source="profiles")),
        "streams_ahead",
        "offers",
        "cdp check consistency --json > lost.json   # keep it; then\n",
    ),
    "a source was restored a moment ago": (
        both(
            says("identity", incarnation=2),
        ),
        "log_restored",
        "profiles",
        "cdp check consistency",
    ),
    "a service comes no nearer": (
        service(
            "segments",
            ServiceSnapshot(
                status("segments", *LAGGING), seconds=0.01, later=status("segments", *LAGGING)
            ),
        ),
        "lag_stuck",
        "segments",
        "cdp run segments --role events",
    ),
    "a service falls further behind": (
        service(
            "segments",
            ServiceSnapshot(
                status("segments", *NEARER), seconds=0.01, later=status("segments", *FAR_BEHIND)
            ),
        ),
        "lag_grows",
        "segments",
        "cdp run segments --role events",
    ),
    "whatever comes fails alike": (
        service(
            "segments",
            ServiceSnapshot(
                status(
                    "segments",
                    *NEARER,
                    outages=[{"source": "profiles", "failure": "DataError 22001 in apply"}],
                ),
                seconds=0.01,
                later=status("segments", *FAR_BEHIND),
            ),
        ),
        "outage",
        "segments",
        "cdp migrate segments",
    ),
    "a service lags": (
        service(
            "segments",
            ServiceSnapshot(
                status("segments", *FAR_BEHIND), seconds=0.01, later=status("segments", *NEARER)
            ),
        ),
        "lag",
        "segments",
        "cdp run segments --role events",
    ),
    "heads were not compared": (
        says(
            "profiles",
            comparisons=[{"source": "identity", "incarnation": 1, "age_ms": 4_000_000}],
        ),
        "comparison_old",
        "profiles",
        "cdp run profiles --role events",
    ),
    "the outbox is stuck": (
        says("profiles", gauge("cdp_outbox_rows", 4), gauge("cdp_outbox_age_seconds", 90)),
        "outbox_stuck",
        "profiles",
        "cdp run profiles",
    ),
    "events wait for identity": (
        says("profiles", gauge("cdp_waiting_events", 4), gauge("cdp_waiting_age_seconds", 90)),
        "events_waiting",
        "profiles",
        "cdp run profiles --role events",
    ),
    "events could not be recorded": (
        says("profiles", gauge("cdp_unrecordable_events", 1)),
        "events_unrecordable",
        "profiles",
        "cdp unrecordable list",
    ),
    "calls expire": (
        says("offers", calls_expired=12),
        "calls_expire",
        "offers",
        "cdp run offers --role rpc",
    ),
    "evaluations fail": (
        says("segments", gauge("cdp_evaluations_failing", 2)),
        "evaluations_failing",
        "segments",
        "cdp rebuild segments",
    ),
    "a process has read a file of segments that is not in force": (
        says(
            "segments",
            gauge("cdp_definitions_file", 2, sha256="aa"),
            replicas=[
                replica(7, configuration={"segments.yaml": "aa"}),
                replica(8, configuration={"segments.yaml": "bb"}),
            ],
        ),
        "definitions_file_unused",
        "segments",
        "cdp segments apply segments.yaml",
    ),
    "a process cannot read a rule": (
        says("segments", gauge("cdp_definitions_unreadable", 2, segment="vip")),
        "definitions_unreadable",
        "segments",
        "cdp segments status vip",
    ),
    "a process is gone": (
        says("segments", replicas=[replica(7, seen_ms=60_000), replica(8, role="events")]),
        "replica_lost",
        "segments",
        REPLACES.format("KILL", 7, "segments"),
    ),
    "a container is gone": (
        says(
            "segments",
            replicas=[replica(7, seen_ms=60_000, host=CONTAINER), replica(8, role="events")],
        ),
        "replica_lost",
        "segments",
        f"docker restart --time 0 {CONTAINER}   # segments, role all",
    ),
    "a process does not reach the broker": (
        says("segments", replicas=[replica(7), replica(8, broker_connected=False)]),
        "replica_without_broker",
        "segments",
        REPLACES.format("TERM", 8, "segments"),
    ),
    "a clock is wrong": (
        says("segments", replicas=[replica(7), replica(8, skew_ms=-180_000)]),
        "clock_wrong",
        "segments",
        "timedatectl set-ntp true   # on shop-1",
    ),
    "the clock of a container is wrong": (
        says("segments", replicas=[replica(7), replica(8, skew_ms=-180_000, host=CONTAINER)]),
        "clock_wrong",
        "segments",
        f"timedatectl set-ntp true   # on the host of container {CONTAINER}",
    ),
    "the clock of a database is wrong": (
        says("segments", replicas=[replica(7, skew_ms=90_100), replica(8, skew_ms=90_000)]),
        "database_clock_wrong",
        "segments",
        "timedatectl set-ntp true   # on the host of the database of segments",
    ),
    "the clocks of databases differ": (
        service("offers", ServiceSnapshot(status("offers"), seconds=0.01, clock_offset=90.0)),
        "database_clocks_differ",
        None,
        "timedatectl set-ntp true",
    ),
    "the clock of this machine is wrong": (
        both(
            *(
                service(name, ServiceSnapshot(status(name), seconds=0.01, clock_offset=90.0))
                for name in FOLLOWS
            )
        ),
        "client_clock_wrong",
        None,
        "timedatectl set-ntp true   # on this machine",
    ),
    "two processes read different files": (
        says(
            "segments",
            replicas=[replica(7), replica(8, configuration={"identity.yaml": "bb"})],
        ),
        "configurations_differ",
        None,
        "sha256sum $CDP_CONFIG_DIR/identity.yaml",
    ),
    "two releases run": (
        says(
            "segments",
            replicas=[
                replica(7, release="0.2.0+aaaaaaaa", started_at="2026-11-26T15:59:00.000000Z")
            ],
        ),
        "releases_differ",
        None,
        REPLACES.format("TERM", 100, "identity"),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_named_alone_with_the_command_that_mends_it(fault: str) -> None:
    change, code, name, command = FAULTS[fault]
    (finding,) = diagnose(change(sound()))
    assert (finding.code, finding.service) == (code, name)
    assert finding.command.startswith(command)
    assert finding.problem.endswith(".")
    assert finding.consequence.endswith(".")


@pytest.mark.parametrize("fault", FAULTS)
def test_every_command_of_a_finding_exists(fault: str) -> None:
    (finding,) = diagnose(FAULTS[fault][0](sound()))
    for line in finding.command.replace("then: ", "\n").splitlines():
        words = line.partition("#")[0].split()
        if words[:1] != ["cdp"]:
            continue
        command: click.Command | None = cli
        for word in words[1:]:
            if not isinstance(command, click.Group):
                break
            command = command.commands.get(word)
        assert command is not None, line
        options = {name for each in command.params for name in each.opts}
        assert {word for word in words if word.startswith("--")} <= options, line


def test_a_suite_that_is_not_there_is_one_finding() -> None:
    (finding,) = diagnose(both(*(down(name) for name in FOLLOWS))(sound()))
    assert finding.code == "suite_down"
    assert finding.command.startswith("set -a; . .run/environment; set +a")


def test_calls_that_come_from_a_substitute_are_served() -> None:
    suite = both(
        queue("rpc-offers", None),
        queue("offers.calls", QueueDepth(0, 2)),
        silent("offers", "timeout"),
    )(sound())
    assert [finding.code for finding in diagnose(suite)] == ["service_silent"]
    served = both(queue("rpc-offers", QueueDepth(0, 0)), queue("offers.calls", QueueDepth(0, 2)))
    assert diagnose(served(sound())) == []
    busy = both(queue("rpc-offers", QueueDepth(9, 0)), queue("offers.calls", QueueDepth(90, 2)))
    assert [finding.code for finding in diagnose(busy(sound()))] == ["calls_pile_up"]


def test_a_process_that_starts_had_no_time_to_hear_itself() -> None:
    starting = replica(
        8, broker_connected=False, started_at="2026-11-26T15:59:55.000000Z", seen_ms=1_000
    )
    assert diagnose(says("segments", replicas=[replica(7), starting])(sound())) == []


def test_a_service_that_answers_reaches_its_database_whatever_this_process_is_refused() -> None:
    refused = DatabaseSnapshot(refusal="sorry, too many clients already")
    assert diagnose(database("profiles", refused)(sound())) == []


def test_the_files_of_the_namespace_are_named() -> None:
    nothing = both(*(down(name) for name in SERVICE_NAMES))(sound())
    (finding,) = diagnose(replace(nothing, namespace="shop"))
    assert ". .run/environment-shop;" in finding.command
    assert "CDP_NAMESPACE=shop make run" in finding.command


def test_files_that_differ_are_named_with_the_hash_of_each_process() -> None:
    other = replica(8, configuration={"identity.yaml": "bb" * 32})
    (finding,) = diagnose(says("segments", replicas=[replica(7), other])(sound()))
    assert "process 8 on shop-1, role all) read bbbbbbbbbbbb" in finding.problem
    assert "read aa" in finding.problem


def test_who_was_killed_a_moment_ago_is_not_counted() -> None:
    rows = [replica(7, seen_ms=12_000), replica(8)]
    view = io.StringIO()
    Console(file=view, width=200).print(findings_view(says("segments", replicas=rows)(sound()), []))
    assert "4 services answer, 4 processes gave a sign of life within 10 s" in view.getvalue()


def test_many_dead_letters_are_redriven_together() -> None:
    letters = [
        gauge("cdp_streams_halted", 2, source="profiles"),
        gauge("cdp_dead_letters", 2),
    ]
    (finding,) = diagnose(says("segments", *letters, newest_dead_letter=LETTER)(sound()))
    assert finding.command.endswith(
        '\ncdp dead-letters redrive segments --all --reason "the cause is fixed"'
    )


def test_what_is_worse_comes_first() -> None:
    suite = both(
        says("segments", gauge("cdp_dead_letters", 1)),
        without_exchange("profiles.events"),
        queue("segments.dead", QueueDepth(1, 0)),
    )(sound())
    assert [finding.severity for finding in diagnose(suite)] == ["critical", "warning", "warning"]


def test_a_process_that_was_replaced_is_not_missed() -> None:
    rows = [replica(7, seen_ms=60_000), replica(8, started_at="2026-11-26T15:59:30.000000Z")]
    assert diagnose(says("segments", replicas=rows)(sound())) == []


def test_a_process_that_nobody_has_seen_for_long_is_not_missed_for_ever() -> None:
    rows = [replica(7, seen_ms=900_000), replica(8, role="events")]
    assert diagnose(says("segments", replicas=rows)(sound())) == []


def test_what_a_silent_service_has_in_its_database_is_seen_all_the_same() -> None:
    letters = status("segments", gauge("cdp_dead_letters", 1))
    suite = both(down("segments"), database("segments", DatabaseSnapshot(status=letters)))(sound())
    assert [finding.code for finding in diagnose(suite)] == ["service_down", "dead_letters"]


def test_without_the_broker_nothing_is_said_of_queues_but_databases_are_read() -> None:
    letters = status("segments", gauge("cdp_dead_letters", 1))
    suite = both(out_of_reach, database("segments", DatabaseSnapshot(status=letters)))(sound())
    assert [finding.code for finding in diagnose(suite)] == ["broker_unreachable", "dead_letters"]


def test_events_that_wait_while_identity_is_down_need_identity() -> None:
    suite = both(
        down("identity"),
        says("profiles", gauge("cdp_waiting_events", 4), gauge("cdp_waiting_age_seconds", 90)),
    )(sound())
    found: dict[str, Finding] = {finding.code: finding for finding in diagnose(suite)}
    assert found.keys() == {"service_down", "events_waiting"}
    assert found["events_waiting"].command == "cdp run identity"


def test_events_that_wait_for_a_restored_identity_need_its_operator_alone() -> None:
    waiting = says("profiles", gauge("cdp_waiting_events", 4), gauge("cdp_waiting_age_seconds", 90))
    restored = says("identity", restore_unconfirmed=True)
    (finding,) = diagnose(both(waiting, restored)(sound()))
    assert finding.code == "restore_unconfirmed"


def test_the_report_for_scripts_says_the_same() -> None:
    suite = down("segments")(sound())
    findings = diagnose(suite)
    report = report_json(suite, findings, 1.234)
    assert report["well"] is False
    assert report["findings"][0]["code"] == "service_down"
    assert report["services"]["segments"] is None
    assert report["services"]["offers"]["release"] == RELEASE
    assert report_json(sound(), [], 0.5)["well"] is True
    assert findings_view(suite, findings)


def test_what_could_not_be_looked_at_is_said() -> None:
    suite = both(down("segments"), broker(administered=None))(sound())
    sentences = unseen(replace(suite, databases={}))
    assert "CDP_MANAGEMENT_URI" in sentences[0]
    assert "CDP_SEGMENTS_DATABASE_URI" in sentences[1]
