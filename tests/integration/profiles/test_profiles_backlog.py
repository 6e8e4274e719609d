"""While identity does not answer: events wait in order, and are recorded once it does."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import eventlet
import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis import DAY, FixedClock
from chassis.core.errors import Failure
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from contracts.incoming import IncomingEvent
from contracts.ingest import read_event
from identifiers import load_types
from services.profiles import store
from services.profiles.commands import RecordHandler
from services.profiles.deferred import LEASE_SECONDS, DeferredEvents
from services.profiles.queries import DEFERRED_GAUGES, list_unrecordable
from services.profiles.vault import open_vault
from tests.integration.profiles.test_profiles import NOW, ProfilesWithoutNameko, event
from tests.unit.profiles.identity_in_memory import IdentityInMemory


class ProfilesWithTimer(ProfilesWithoutNameko):
    """Profiles, with the work of its timer."""

    @property
    def deferred(self) -> DeferredEvents:
        return DeferredEvents(self.recorder)

    def drain(self) -> int:
        return self.deferred.drain(self.identity, self.work)

    def recorded(self) -> list[str]:
        """The ids of all events in the order in which each stream has them."""
        return [event.id for event in self.log() if event.type != "identity_changed"]

    def statuses(self, *events: Any) -> list[str]:
        return [receipt["status"] for receipt in self.receipts(*events)]

    def waiting(self) -> int:
        return int(self.work.read(store.statistics)["waiting"])


@pytest.fixture
def shop(service_database: Callable[[str], Database]) -> ProfilesWithTimer:
    return ProfilesWithTimer(service_database("profiles"))


def test_events_are_accepted_and_recorded_in_order_once_identity_is_back(
    shop: ProfilesWithTimer,
) -> None:
    assert shop.statuses(event("e-1")) == ["appended"]
    shop.identity.down = True
    assert shop.statuses(event("e-2"), event("e-3")) == ["accepted", "accepted"]
    assert shop.statuses(event("e-4")) == ["accepted"]
    assert shop.drain() == 0
    shop.identity.down = False
    assert shop.drain() == 3
    assert shop.recorded() == ["e-1", "e-2", "e-3", "e-4"]
    assert shop.waiting() == 0
    assert shop.statuses(event("e-5"), event("e-2")) == ["appended", "duplicate"]


def test_what_comes_later_queues_behind_though_identity_is_back(shop: ProfilesWithTimer) -> None:
    shop.identity.down = True
    shop.record(event("e-1"))
    shop.identity.down = False
    assert shop.statuses(event("e-2")) == ["accepted"]
    assert shop.recorded() == []
    shop.drain()
    assert shop.recorded() == ["e-1", "e-2"]


def test_what_is_sent_again_is_neither_lost_nor_recorded_twice(shop: ProfilesWithTimer) -> None:
    shop.record(event("e-1"))
    shop.identity.down = True
    again = shop.statuses(event("e-1"), event("e-2"), event("e-2"))
    assert again == ["duplicate", "accepted", "accepted"]
    assert shop.statuses(event("e-2")) == ["accepted"]
    shop.identity.down = False
    shop.drain()
    assert shop.recorded() == ["e-1", "e-2"]


def test_what_identity_will_refuse_is_refused_at_once(shop: ProfilesWithTimer) -> None:
    shop.identity.down = True
    kept, refused, wrong = shop.receipts(
        event("e-1", identifiers={"anonymous_id": "a-1", "email": "undefined"}),
        event("e-2", identifiers={"email": "undefined"}),
        event("e-3", time="yesterday"),
    )
    assert (kept["status"], kept["ignored_identifiers"][0]["type"]) == ("accepted", "email")
    assert (refused["status"], refused["error"]["field"]) == ("rejected", "events[1].identifiers")
    assert wrong["status"] == "rejected"
    assert shop.waiting() == 1


def test_a_senders_clock_is_corrected_by_when_the_event_was_accepted(
    shop: ProfilesWithTimer,
) -> None:
    shop.identity.down = True
    early = {"time": "2026-11-21T19:00:00Z", "sent_at": "2026-11-21T19:00:01Z"}
    shop.record(event("e-1", **early))
    shop.identity.down = False
    later = UnitOfWorkRunner(shop.work.database, "profiles", FixedClock(NOW + DAY))
    shop.deferred.drain(shop.identity, later)
    (recorded,) = (e for e in shop.log() if e.type != "identity_changed")
    assert recorded.occurred_at == NOW - 1_000_000


def test_a_refund_that_names_nobody_waits_as_well_and_is_recorded(shop: ProfilesWithTimer) -> None:
    shop.identity.down = True
    nobody = {"anonymous_id": "undefined"}
    refund = event("e-1", "order_refunded", identifiers=nobody, data={"order_id": "1"})
    assert shop.statuses(refund, event("e-2", identifiers=nobody)) == ["accepted", "rejected"]
    shop.identity.down = False
    assert shop.drain() == 1
    assert shop.recorded() == ["e-1"]


def test_an_event_that_identity_fails_on_is_set_aside_and_spoils_no_other(
    shop: ProfilesWithTimer,
) -> None:
    class Picky(IdentityInMemory):
        def resolve(self, *, observations: list[dict[str, Any]]) -> dict[str, Any]:
            if any(one["event_id"] == "e-2" for one in observations):
                raise Failure("identity", "failed")
            return super().resolve(observations=observations)

    shop.identity.down = True
    shop.record(*(event(f"e-{number}") for number in range(1, 5)))
    shop.identity = Picky()
    assert shop.drain() == 4
    assert shop.recorded() == ["e-1", "e-3", "e-4"]
    assert shop.waiting() == 0
    assert shop.statuses(event("e-5")) == ["appended"]


def test_one_process_at_a_time_works_it_off(shop: ProfilesWithTimer) -> None:
    shop.identity.down = True
    events = [event(f"e-{n:03}", identifiers={"anonymous_id": f"a-{n % 3}"}) for n in range(250)]
    for start in range(0, 250, 50):
        shop.record(*events[start : start + 50])
    shop.identity.down = False
    pool = eventlet.GreenPool()
    worked = list(pool.imap(lambda _: shop.drain(), range(4)))
    while shop.waiting():
        worked.append(shop.drain())
    assert sum(worked) == 250
    per_stream: dict[str, list[str]] = {}
    for logged in shop.log():
        if logged.type != "identity_changed":
            per_stream.setdefault(logged.stream, []).append(logged.id)
    recorded = [id_ for ids in per_stream.values() for id_ in ids]
    assert sorted(recorded) == [each["id"] for each in events]
    assert all(ids == sorted(ids) for ids in per_stream.values())


def test_a_process_whose_lease_ran_out_records_nothing_more(shop: ProfilesWithTimer) -> None:
    shop.identity.down = True
    shop.record(event("e-1"))
    shop.identity.down = False

    class Slow(IdentityInMemory):
        def resolve(self, *, observations: list[dict[str, Any]]) -> dict[str, Any]:
            pass_time(shop, LEASE_SECONDS + 1)  # it froze, and another process took over
            assert shop.drain() == 1
            return super().resolve(observations=observations)

    assert shop.deferred.drain(Slow(), shop.work) == 0
    assert shop.recorded() == ["e-1"]
    assert len([e for e in shop.log() if e.type == "identity_changed"]) == 1


def test_a_lease_is_renewed_while_its_holder_works(
    shop: ProfilesWithTimer, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.identity.down = True
    shop.record(event("e-1"))
    shop.identity.down = False
    monkeypatch.setattr("services.profiles.deferred._RENEWAL_SECONDS", 0.01)

    class Slow(IdentityInMemory):
        def resolve(self, *, observations: list[dict[str, Any]]) -> dict[str, Any]:
            lease = sa.select(store.LEASE.c.until)
            before = shop.work.read(lambda unit: unit.connection.execute(lease).scalar())
            with eventlet.Timeout(20):
                while shop.work.read(lambda u: u.connection.execute(lease).scalar()) == before:
                    eventlet.sleep(0.01)
            assert shop.drain() == 0, "the lease is taken"
            return super().resolve(observations=observations)

    assert shop.deferred.drain(Slow(), shop.work) == 1


def pass_time(shop: ProfilesWithTimer, seconds: float) -> None:
    """All leases become older."""
    older = sa.update(store.LEASE).values(until=store.LEASE.c.until - int(seconds * 1_000_000))
    shop.work.run(lambda unit: unit.connection.execute(older))


# What cannot be recorded.


def damage(shop: ProfilesWithTimer, *event_ids: str, sealed: str = "AAAA") -> None:
    change = sa.update(store.DEFERRED).where(store.DEFERRED.c.event_id.in_(event_ids))
    shop.work.run(lambda unit: unit.connection.execute(change.values(sealed=sealed)))


def unrecordable(shop: ProfilesWithTimer) -> dict[str, str]:
    return {e["event_id"]: e["reason"] for e in shop.work.read(partial(list_unrecordable, limit=9))}


def defer(shop: ProfilesWithTimer, *event_ids: str) -> None:
    shop.identity.down = True
    shop.record(*map(event, event_ids))
    shop.identity.down = False


@pytest.mark.parametrize("sealed", ["AAAA", "no base64", "\u2603"])
def test_an_unreadable_event_stops_no_other_and_is_kept(
    shop: ProfilesWithTimer, sealed: str
) -> None:
    defer(shop, "e-1", "e-2", "e-3")
    damage(shop, "e-2", sealed=sealed)
    assert shop.drain() == 3
    assert shop.recorded() == ["e-1", "e-3"]
    assert list(unrecordable(shop)) == ["e-2"]
    assert shop.statuses(event("e-4")) == ["appended"]


def test_an_unreadable_event_that_waits_alone_is_judged_by_what_is_stored(
    shop: ProfilesWithTimer,
) -> None:
    shop.record(event("e-1"))
    defer(shop, "e-2")
    damage(shop, "e-2")
    assert shop.drain() == 1
    assert list(unrecordable(shop)) == ["e-2"]


@pytest.mark.parametrize("count", [1, 3, 150])
def test_a_key_that_opens_no_event_is_an_outage(
    service_database: Callable[[str], Database], count: int
) -> None:
    database = service_database("profiles")
    shop = ProfilesWithTimer(database)
    defer(shop, *(f"e-{number:03}" for number in range(count)))
    wrong = RecordHandler(open_vault(load_types(), b"another key"))
    assert DeferredEvents(wrong).drain(shop.identity, shop.work) == 0
    assert (shop.waiting(), unrecordable(shop)) == (count, {})
    while shop.waiting():
        shop.drain()
    assert len(shop.recorded()) == count


def test_many_unreadable_events_at_the_head_stop_no_later_one(shop: ProfilesWithTimer) -> None:
    ids = [f"e-{number:03}" for number in range(101)]
    defer(shop, *ids)
    damage(shop, *ids[:100])
    assert shop.drain() == 101
    assert shop.recorded() == ids[100:]


class Failing(IdentityInMemory):
    """Fails on some events, in a way that is not its own."""

    def __init__(self, *event_ids: str) -> None:
        super().__init__()
        self._event_ids = set(event_ids)

    def resolve(self, *, observations: list[dict[str, Any]]) -> dict[str, Any]:
        if self._event_ids & {one["event_id"] for one in observations}:
            raise KeyError("jane@example.com")
        return super().resolve(observations=observations)


def test_an_error_of_any_kind_delays_no_other_event_and_its_text_is_not_kept(
    shop: ProfilesWithTimer,
) -> None:
    defer(shop, "e-1", "e-2", "e-3")
    shop.identity = Failing("e-1")
    assert shop.drain() == 3
    assert shop.recorded() == ["e-2", "e-3"]
    assert unrecordable(shop) == {"e-1": "failed with KeyError"}


def test_what_befalls_every_event_is_an_outage(shop: ProfilesWithTimer) -> None:
    defer(shop, "e-1", "e-2", "e-3")
    shop.identity = Failing("e-1", "e-2", "e-3")
    assert shop.drain() == 0
    assert (shop.waiting(), unrecordable(shop)) == (3, {})
    shop.identity = IdentityInMemory()
    assert shop.drain() == 3
    assert shop.recorded() == ["e-1", "e-2", "e-3"]


def test_events_that_fail_alike_keep_no_later_one_waiting(shop: ProfilesWithTimer) -> None:
    ids = [f"e-{number:03}" for number in range(251)]
    defer(shop, *ids)
    shop.identity = Failing(*ids[:201])
    while shop.waiting():
        shop.drain()
    assert sorted(shop.recorded()) == ids[201:]
    assert gauges(shop)["cdp_unrecordable_events"] == 201
    assert shop.statuses(event("e-new")) == ["appended"]


def test_events_that_fail_on_both_sides_of_good_ones_are_found(shop: ProfilesWithTimer) -> None:
    ids = [f"e-{number:03}" for number in range(180)]
    defer(shop, *ids)
    shop.identity = Failing(*ids[:101], *ids[130:])
    while shop.waiting():
        shop.drain()
    assert sorted(shop.recorded()) == ids[101:130]


def test_one_event_that_fails_alone_waits_until_another_is_recorded(
    shop: ProfilesWithTimer,
) -> None:
    defer(shop, "e-1")
    shop.identity = Failing("e-1")
    assert (shop.drain(), shop.waiting(), unrecordable(shop)) == (0, 1, {})
    assert shop.statuses(event("e-2")) == ["accepted"]
    shop.drain()
    assert shop.recorded() == ["e-2"]
    assert list(unrecordable(shop)) == ["e-1"]


def test_what_failed_is_tried_again_by_itself(shop: ProfilesWithTimer) -> None:
    defer(shop, "e-1", "e-2")
    shop.identity = Failing("e-1")
    shop.drain()
    shop.identity = IdentityInMemory()
    assert shop.drain() == 0, "after a pause"
    pass_pauses(shop)
    assert shop.drain() == 1
    assert shop.recorded() == ["e-2", "e-1"]
    assert unrecordable(shop) == {}


def test_a_time_to_try_beyond_any_pause_was_set_by_a_clock_that_was_wrong(
    shop: ProfilesWithTimer,
) -> None:
    defer(shop, "e-1", "e-2")
    shop.identity = Failing("e-1")
    shop.drain()
    pass_pauses(shop, seconds=-3_600)
    shop.identity = IdentityInMemory()
    assert shop.drain() == 1


def test_what_fails_while_others_are_recorded_is_set_aside_in_the_end(
    shop: ProfilesWithTimer,
) -> None:
    defer(shop, "e-1", "e-2")
    shop.identity = Failing("e-1")
    shop.drain()
    tries = 0
    while next_try(shop) is not None:
        pass_pauses(shop)
        shop.drain()
        tries += 1
    assert tries == 7
    assert list(unrecordable(shop)) == ["e-1"]
    shop.identity = IdentityInMemory()
    pass_pauses(shop)
    assert shop.drain() == 0
    assert shop.work.run(partial(store.defer_again, event_ids=["e-1"])) == 1
    assert shop.drain() == 1


def test_an_outage_sets_nothing_aside_that_failed_before_it(shop: ProfilesWithTimer) -> None:
    defer(shop, "e-1", "e-2")
    shop.identity = Failing("e-1")
    shop.drain()
    hours_later = UnitOfWorkRunner(shop.work.database, "profiles", FixedClock(NOW + DAY))
    for _ in range(20):
        pass_pauses(shop)
        shop.deferred.drain(shop.identity, hours_later)
    assert next_try(shop) is not None, "nothing was recorded since"


def test_an_operator_sets_events_aside_and_lets_them_wait_again(shop: ProfilesWithTimer) -> None:
    defer(shop, "e-1", "e-2", "e-3")
    shop.identity = Failing("e-1", "e-2", "e-3")
    shop.drain()
    assert shop.work.run(partial(store.set_aside, event_ids=["e-1", "e-2", "unknown"])) == 2
    assert unrecordable(shop).keys() == {"e-1", "e-2"}
    shop.identity = IdentityInMemory()
    assert shop.drain() == 1
    shop.work.run(partial(store.defer_again, event_ids=[]))
    shop.drain()
    assert shop.recorded() == ["e-3", "e-1", "e-2"]


def test_a_lease_that_a_wrong_clock_dated_into_the_future_has_run_out(
    shop: ProfilesWithTimer,
) -> None:
    shop.work.run(lambda unit: store.take_lease(unit, "killed", LEASE_SECONDS))
    defer(shop, "e-1")
    assert shop.drain() == 0
    pass_time(shop, -86_400)
    assert shop.drain() == 1


def test_a_process_that_fails_gives_the_lease_back(shop: ProfilesWithTimer) -> None:
    class Broken(DeferredEvents):
        def _open(self, *_: Any) -> Any:
            raise ZeroDivisionError

    defer(shop, "e-1")
    with pytest.raises(ZeroDivisionError):
        Broken(shop.recorder).drain(shop.identity, shop.work)
    assert shop.drain() == 1


def test_many_events_are_counted_by_their_places(
    shop: ProfilesWithTimer, monkeypatch: pytest.MonkeyPatch
) -> None:
    defer(shop, *(f"e-{number}" for number in range(30)))
    monkeypatch.setattr("services.profiles.store.deferred._COUNTED", 10)
    assert gauges(shop)["cdp_waiting_events"] == 30
    assert shop.waiting() == 30


def pass_pauses(shop: ProfilesWithTimer, seconds: float = 60) -> None:
    """The times to try again come nearer."""
    earlier = store.DEFERRED.c.try_at - int(seconds * 1_000_000)
    change = sa.update(store.DEFERRED).values(try_at=earlier)
    shop.work.run(lambda unit: unit.connection.execute(change))


def next_try(shop: ProfilesWithTimer) -> int | None:
    query = sa.select(sa.func.min(store.DEFERRED.c.try_at))
    return shop.work.read(lambda unit: unit.connection.execute(query).scalar())


def test_unrecordable_events_are_tried_again_when_an_operator_says_so(
    shop: ProfilesWithTimer,
) -> None:
    defer(shop, "e-1", "e-2", "e-3", "e-4")
    shop.identity = Failing("e-1", "e-2")
    shop.drain()
    assert gauges(shop)["cdp_unrecordable_events"] == 2
    shop.identity = IdentityInMemory()
    assert shop.work.run(partial(store.defer_again, event_ids=["e-2", "e-3", "unknown"])) == 1
    assert gauges(shop)["cdp_waiting_events"] == 1
    shop.drain()
    assert shop.work.run(partial(store.defer_again, event_ids=[])) == 1
    shop.drain()
    assert shop.recorded() == ["e-3", "e-4", "e-2", "e-1"]
    assert gauges(shop) == {
        "cdp_waiting_events": 0,
        "cdp_waiting_age_seconds": 0,
        "cdp_unrecordable_events": 0,
    }


def gauges(shop: ProfilesWithTimer) -> dict[str, float]:
    samples = shop.work.read(lambda unit: list(DEFERRED_GAUGES.measure(unit)))
    return {name: value for name, _labels, value in samples}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["send", "send", "again", "down", "up", "tick"]), max_size=25))
def test_whenever_identity_fails_all_is_recorded_once_and_in_order(
    shop: ProfilesWithTimer, course: list[str]
) -> None:
    prefix = f"{shop.identity.calls}-{len(shop.recorded())}"
    before = len(shop.recorded())
    sent: list[dict[str, Any]] = []
    for step in [*course, "up", "tick"]:
        if step == "send":
            sent.append(event(f"{prefix}-{len(sent):03}"))
            assert shop.statuses(sent[-1]) in (["accepted"], ["appended"])
        elif step == "again" and sent:
            assert shop.statuses(sent[len(sent) // 2]) in (["accepted"], ["duplicate"])
        elif step == "tick":
            shop.drain()
        else:
            shop.identity.down = {"down": True, "up": False}.get(step, shop.identity.down)
    assert shop.recorded()[before:] == [each["id"] for each in sent]


def test_a_plain_value_is_kept_sealed_for_as_long_as_its_type_says(
    service_database: Callable[[str], Database],
) -> None:
    database = service_database("profiles")
    shop = ProfilesWithTimer(database)
    values = {"email": "ann@shop.example", "anonymous_id": "cookie-77"}
    for name, value in values.items():
        sealed_values = shop.recorder.vault.new_values([_incoming(name, value)], NOW)
        shop.work.run(partial(store.keep_sealed, values=sealed_values))
    keys = [
        key.key
        for name, value in values.items()
        for key in shop.recorder.vault.accept(_incoming(name, value)).keys
    ]

    def opened(now: int) -> set[str]:
        work = UnitOfWorkRunner(database, "profiles", FixedClock(now))
        sealed = work.read(lambda unit: store.sealed_values(unit, keys))
        return {shop.recorder.vault.open(key, text) for key, text in sealed.items()}

    assert opened(NOW) == set(values.values())
    assert opened(NOW + 396 * DAY) == {values["email"]}
    later = UnitOfWorkRunner(database, "profiles", FixedClock(NOW + 396 * DAY))
    assert later.run(store.forget_expired) == 1
    sealed = work_of(database).read(lambda unit: store.sealed_values(unit, keys))
    with pytest.raises(InvalidTag):
        open_vault(load_types(), b"another key").open(keys[0], sealed[keys[0]])


def work_of(database: Database) -> UnitOfWorkRunner:
    return UnitOfWorkRunner(database, "profiles", FixedClock(NOW))


def _incoming(name: str, value: str) -> IncomingEvent:
    return read_event(event("e", identifiers={name: value}), NOW)
