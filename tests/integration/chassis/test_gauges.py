"""Facts about the gauges of a service's database, on both databases."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import eventlet
import pytest
import sqlalchemy as sa

from chassis import Draft, new_id
from chassis.core.clock import SystemClock
from chassis.core.event import Event
from chassis.database.engine import Database
from chassis.database.tables import DEAD_LETTERS, GAPS, POSITIONS, RECONCILED, REPLICAS, STREAMS
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.observability.gauges import DatabaseCollector, GaugeQuery, MeasuredService
from chassis.observability.metrics import NEWEST_APPLIED
from chassis.projections.inbox import Inbox
from tests.support.tcp_proxy import TcpProxy
from tests.support.toy_services import wait_until

Samples = dict[tuple[str, ...], float]


def _samples(services: Sequence[MeasuredService]) -> Samples:
    """Every sample of a scrape: (name, values of its labels) -> its value."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in DatabaseCollector(services).collect()
        for sample in family.samples
    }


@pytest.fixture
def work(toy: Callable[[], Database]) -> UnitOfWorkRunner:
    """Units of work on the database of a service called `reader`."""
    return UnitOfWorkRunner(toy(), "reader", SystemClock())


def _insert(work: UnitOfWorkRunner, table: sa.Table, *rows: dict[str, Any]) -> None:
    work.run(lambda unit: unit.connection.execute(sa.insert(table), list(rows)))


def _insert_positions(work: UnitOfWorkRunner, *rows: dict[str, Any]) -> None:
    _insert(work, POSITIONS, *rows)
    behind = [row for row in rows if row["seen"] > row["version"]]
    _insert(work, GAPS, *({name: row[name] for name in ("source", "stream_id")} for row in behind))


def _position(stream: str, version: int, seen: int, *, halted: bool = False) -> dict[str, Any]:
    return {
        "source": "profiles",
        "stream_id": stream,
        "version": version,
        "seen": seen,
        "halted": halted,
    }


def _letter(streams: list[str], redriven_at: int | None = None) -> dict[str, Any]:
    return {
        "id": new_id(),
        "source": "profiles",
        "streams": streams,
        "reason": "for a test",
        "died_at": 1,
        "redriven_at": redriven_at,
    }


def _replica(work: UnitOfWorkRunner, role: str, age: float, sha256: str) -> None:
    seen_at = int((time.time() - age) * 1_000_000)
    row = {
        "id": new_id(),
        "host": "here",
        "pid": 1,
        "role": role,
        "release": "0",
        "configuration": {"identity.yaml": sha256},
        "skew": 0,
        "broker_connected": True,
        "started_at": 1,
        "seen_at": seen_at,
    }
    _insert(work, REPLICAS, row)


def test_a_source_of_which_nothing_was_seen_lags_by_nothing(work: UnitOfWorkRunner) -> None:
    samples = _samples([MeasuredService(work, ["profiles"])])
    assert samples["cdp_database_reachable", "reader"] == 1
    assert samples["cdp_events_behind", "reader", "profiles"] == 0
    assert samples["cdp_streams_parked", "reader", "profiles"] == 0
    assert samples["cdp_streams_halted", "reader", "profiles"] == 0
    assert samples["cdp_dead_letters", "reader"] == 0
    assert samples["cdp_outbox_rows", "reader"] == 0
    assert samples["cdp_outbox_age_seconds", "reader"] == 0


def test_events_that_were_seen_and_not_applied_are_counted_by_source(
    work: UnitOfWorkRunner,
) -> None:
    halted = _position("d", 0, 9, halted=True)
    _insert_positions(
        work, _position("a", 1, 4), _position("b", 2, 2), _position("c", 0, 1), halted
    )
    samples = _samples([MeasuredService(work)])
    assert samples["cdp_events_behind", "reader", "profiles"] == 4
    assert samples["cdp_streams_parked", "reader", "profiles"] == 2


def test_a_halted_stream_is_found_whether_or_not_it_lags(work: UnitOfWorkRunner) -> None:
    _insert_positions(
        work,
        _position("lags", 1, 2, halted=True),
        _position("does not", 2, 2, halted=True),
        _position("goes on", 2, 2),
    )
    _insert(work, DEAD_LETTERS, _letter(["lags", "goes on"]), _letter(["does not"]), _letter([]))
    samples = _samples([MeasuredService(work, ["profiles"])])
    assert samples["cdp_streams_halted", "reader", "profiles"] == 2
    assert samples["cdp_dead_letters", "reader"] == 3


def test_streams_that_are_ahead_of_a_restored_source_are_counted(work: UnitOfWorkRunner) -> None:
    ahead = {**_position("a", 5, 5), "restored_to": 3}
    _insert(work, POSITIONS, ahead, {**_position("b", 5, 5), "restored_to": None})
    samples = _samples([MeasuredService(work, ["profiles", "identity"])])
    assert samples["cdp_streams_ahead", "reader", "profiles"] == 1
    assert samples["cdp_streams_ahead", "reader", "identity"] == 0


def test_a_comparison_has_an_age_once_there_was_one(work: UnitOfWorkRunner) -> None:
    compared_at = (time.time_ns() - 60 * 10**9) // 1_000
    _insert(work, RECONCILED, {"source": "profiles", "compared_at": compared_at})
    samples = _samples([MeasuredService(work, ["profiles", "identity"])])
    assert samples["cdp_comparison_age_seconds", "reader", "profiles"] >= 60
    assert ("cdp_comparison_age_seconds", "reader", "identity") not in samples


def test_streams_whose_next_event_is_too_large_are_counted(work: UnitOfWorkRunner) -> None:
    Inbox(work, "profiles").note_too_large(2)
    samples = _samples([MeasuredService(work, ["profiles", "identity"])])
    assert samples["cdp_streams_too_large", "reader", "profiles"] == 2
    assert samples["cdp_streams_too_large", "reader", "identity"] == 0
    Inbox(work, "profiles").note_too_large(0)
    assert _samples([MeasuredService(work)])["cdp_streams_too_large", "reader", "profiles"] == 0


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_transaction_left_open_in_another_database_shows_since_when_heads_wait(
    work: UnitOfWorkRunner, toy: Callable[[], Database]
) -> None:
    def age() -> float:
        return _samples([MeasuredService(work)])["cdp_horizon_age_seconds", "reader"]

    other = toy()
    with other.transaction() as connection:
        connection.exec_driver_sql("SELECT pg_current_xact_id()")
        draft = Draft(id=new_id(), stream="a", type="thing", data={}, occurred_at=1)
        work.run(lambda unit: unit.append([draft]))
        earlier = {"changed_at": STREAMS.c.changed_at - 3_600_000_000}
        work.run(lambda unit: unit.connection.execute(sa.update(STREAMS).values(earlier)))
        assert age() >= 3_600
    wait_until(lambda: age() == 0, 120.0)


def test_a_log_in_which_nothing_waits_has_no_horizon_held(work: UnitOfWorkRunner) -> None:
    assert _samples([MeasuredService(work)])["cdp_horizon_age_seconds", "reader"] == 0


def test_a_dead_letter_that_was_redriven_counts_no_more(work: UnitOfWorkRunner) -> None:
    _insert(work, DEAD_LETTERS, _letter(["a"], redriven_at=2))
    assert _samples([MeasuredService(work)])["cdp_dead_letters", "reader"] == 0


def test_the_outbox_is_as_old_as_its_oldest_row_however_often_that_was_claimed(
    work: UnitOfWorkRunner,
) -> None:
    draft = Draft(id=new_id(), stream="a", type="thing", data={}, occurred_at=1)
    work.run(lambda unit: unit.append([draft]))
    eventlet.sleep(0.01)
    work.run(lambda unit: work.outbox.claim(unit.connection, 10))
    samples = _samples([MeasuredService(work)])
    assert samples["cdp_outbox_rows", "reader"] == 1
    assert samples["cdp_outbox_age_seconds", "reader"] >= 0.01


def test_the_newest_event_of_the_log_and_the_newest_applied_have_the_same_time(
    work: UnitOfWorkRunner, toy: Callable[[], Database]
) -> None:
    class Nothing:
        def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
            """A projection of no rows."""

    for number in range(3):
        draft = Draft(id=new_id(), stream=f"s-{number}", type="thing", data={}, occurred_at=1)
        work.run(lambda unit, draft=draft: unit.append([draft]))  # type: ignore[misc]
    events = work.read(lambda unit: unit.history({f"s-{n}": 0 for n in range(3)}, 10))
    follower = UnitOfWorkRunner(toy(), f"follower-{new_id()}", SystemClock())
    inbox = Inbox(follower, "reader")
    inbox.process(events, Nothing())
    inbox.process(events[:1], Nothing())
    applied = NEWEST_APPLIED.labels(follower.source, "reader")._value.get()
    newest = _samples([MeasuredService(work)])[
        "cdp_newest_event_recorded_timestamp_seconds", "reader"
    ]
    assert applied == max(event.recorded_at for event in events) / 1_000_000
    if work.database.dialect == "postgresql":
        assert newest == applied


def test_replicas_are_counted_by_role_while_they_give_signs_of_life(work: UnitOfWorkRunner) -> None:
    _replica(work, "rpc", 1, "a" * 64)
    _replica(work, "rpc", 2, "b" * 64)
    _replica(work, "events", 3_600, "c" * 64)
    samples = _samples([MeasuredService(work)])
    assert samples["cdp_replicas", "reader", "rpc"] == 2
    assert samples["cdp_replicas", "reader", "events"] == 0
    assert samples["cdp_replicas", "reader", "all"] == 0
    files = {key[-1]: value for key, value in samples.items() if key[0].startswith("cdp_config")}
    assert files == {"a" * 12: 1, "b" * 12: 1}


def test_a_service_adds_gauges_of_its_own(work: UnitOfWorkRunner) -> None:
    query = GaugeQuery({"cdp_things": "Things."}, lambda _: [("cdp_things", ["big"], 3)], ("size",))
    samples = _samples([MeasuredService(work, queries=[query])])
    assert samples["cdp_things", "reader", "big"] == 3


def test_a_query_that_fails_takes_no_other_gauge_with_it(work: UnitOfWorkRunner) -> None:
    def fail(unit: UnitOfWork) -> list[Any]:
        unit.connection.exec_driver_sql("SELECT nothing FROM nowhere")
        return []

    bad = GaugeQuery({"cdp_bad": "Fails."}, fail)
    good = GaugeQuery({"cdp_good": "Does not."}, lambda _: [("cdp_good", [], 1)])
    samples = _samples([MeasuredService(work, queries=[bad, good])])
    assert ("cdp_bad", "reader") not in samples
    assert samples["cdp_good", "reader"] == 1
    assert samples["cdp_database_reachable", "reader"] == 1


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_database_that_does_not_answer_is_told_and_keeps_no_scrape_waiting(
    toy_uri: Callable[[], str],
) -> None:
    uri = toy_uri()
    proxy = TcpProxy(uri)
    frozen, sound = Database(proxy.through(uri)), Database(uri)
    services = [
        MeasuredService(UnitOfWorkRunner(frozen, "frozen", SystemClock()), ["profiles"]),
        MeasuredService(UnitOfWorkRunner(sound, "sound", SystemClock())),
    ]
    assert _samples(services)["cdp_database_reachable", "frozen"] == 1
    proxy.frozen = True
    with eventlet.Timeout(20):  # a statement's own limit is 60 s
        samples = _samples(services)
    assert samples["cdp_database_reachable", "frozen"] == 0
    assert [key for key in samples if key[1] == "frozen"] == [("cdp_database_reachable", "frozen")]
    assert samples["cdp_database_reachable", "sound"] == 1
    assert samples["cdp_outbox_rows", "sound"] == 0
    proxy.frozen = False
    assert _samples(services)["cdp_database_reachable", "frozen"] == 1
    for database in (frozen, sound):
        database.close()
    proxy.cut()


def test_a_gauge_that_takes_long_keeps_no_other_from_being_read(work: UnitOfWorkRunner) -> None:
    def wait(_unit: UnitOfWork) -> list[Any]:
        eventlet.sleep(60)
        return []

    slow = GaugeQuery({"cdp_slow": "Takes long."}, wait)
    next_one = GaugeQuery({"cdp_next": "Does not."}, lambda _unit: [("cdp_next", [], 1)])
    samples = _samples([MeasuredService(work, [], [slow, next_one])])
    assert ("cdp_slow", "reader") not in samples
    assert samples["cdp_next", "reader"] == 1
