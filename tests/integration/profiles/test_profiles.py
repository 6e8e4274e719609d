"""Recording and reading on both databases, with an identity that lives in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import eventlet
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis import Event, FixedClock, InvalidInput, NotFound, parse_instant
from chassis.core.upcasting import Upcasters
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.projections.inbox import Inbox
from chassis.validation import load
from contracts.event_types import EVENT_STEPS
from contracts.profiles import PROFILE_RESPONSE, RECORD_RESPONSE, STATISTICS_RESPONSE
from identifiers import load_types
from profile_index import fold_events
from rules import Summary, combine, profile_view
from services.profiles import store
from services.profiles.commands import RecordHandler, refresh_summaries
from services.profiles.projections import IdentityProjection
from services.profiles.queries import find_profile, read_profile
from services.profiles.vault import open_vault
from tests.support.statements import record_statements
from tests.unit.profiles.identity_in_memory import IdentityInMemory

NOW = parse_instant("2026-11-21T19:30:00Z")


class ProfilesWithoutNameko:
    """The service without nameko: its work, its recorder, and the identity that it asks."""

    def __init__(self, database: Database) -> None:
        self.identity = IdentityInMemory()
        self.work = UnitOfWorkRunner(
            database, "profiles", FixedClock(NOW), upcasters=Upcasters(EVENT_STEPS)
        )
        self.recorder = RecordHandler(open_vault(load_types(), b"a key for tests"))

    def record(self, *events: Any) -> dict[str, Any]:
        recorded = self.recorder.record(list(events), self.identity, self.work)
        load(RECORD_RESPONSE, recorded)
        return recorded

    def receipts(self, *events: Any) -> list[dict[str, Any]]:
        receipts: list[dict[str, Any]] = self.record(*events)["receipts"]
        return receipts

    def get(self, profile_id: str) -> dict[str, Any]:
        def read(unit: UnitOfWork) -> dict[str, Any]:
            reading = read_profile(unit, profile_id, profile_id)
            refresh_summaries(unit, reading.summaries)
            response: dict[str, Any] = reading.response
            return response

        profile = self.work.run(read)
        load(PROFILE_RESPONSE, profile, max_bytes=10**6)
        return profile

    def log(self) -> list[Event]:
        query = sa.text("SELECT stream_id FROM streams")
        return self.work.read(
            lambda unit: unit.history(
                dict.fromkeys(unit.connection.execute(query).scalars(), 0), 9999
            )
        )

    def follow_identity(self) -> None:
        Inbox(self.work, "identity").process(self.identity.facts(), IdentityProjection())


@pytest.fixture
def profiles(service_database: Callable[[str], Database]) -> ProfilesWithoutNameko:
    return ProfilesWithoutNameko(service_database("profiles"))


def event(event_id: str, kind: str = "page_read", **changes: Any) -> dict[str, Any]:
    return {
        "id": event_id,
        "type": kind,
        "time": "2026-11-21T19:00:00Z",
        "identifiers": {"anonymous_id": "a-1"},
        "authenticated": False,
        "data": {},
        **changes,
    }


def order(event_id: str, order_id: str, revenue: int, **changes: Any) -> dict[str, Any]:
    data = {
        "order_id": order_id,
        "revenue": revenue,
        "currency": "USD",
        "products": [{"sku": "w", "category": "watches", "quantity": 2, "price": revenue // 2}],
    }
    return event(event_id, "order_completed", data=data, **changes)


def signed_in(event_id: str, user: str = "u-1", **identifiers: str) -> dict[str, Any]:
    return event(
        event_id,
        "signed_in",
        identifiers={"user_id": user, **identifiers},
        authenticated=True,
    )


def facts(log: list[Event]) -> list[Event]:
    return [event for event in log if event.type == "identity_changed"]


def test_an_event_is_in_the_log_after_the_identity_that_it_was_resolved_under(
    profiles: ProfilesWithoutNameko,
) -> None:
    (receipt,) = profiles.receipts(event("e-1", data={"page": "/"}, context={"device": "mobile"}))
    fact, recorded = profiles.log()
    assert (fact.type, fact.version, recorded.version) == ("identity_changed", 1, 2)
    assert recorded.data == {"page": "/", "context": {"device": "mobile"}}
    assert recorded.metadata["profile_id"] == receipt["profile_id"]
    assert receipt == {
        "event_id": "e-1",
        "status": "appended",
        "profile_id": fact.data["streams"][0]["profile_id"],
        "stream_id": recorded.stream,
        "version": 2,
        "token": {recorded.stream: 2},
        "ignored_identifiers": [],
        "warnings": [],
    }


def test_one_bad_event_spoils_only_itself(profiles: ProfilesWithoutNameko) -> None:
    bad = order("e-2", "o-2", 10)
    bad["data"]["revenue"] = 1.5
    receipts = profiles.receipts(event("e-1"), bad, event("e-3"))
    assert [receipt["status"] for receipt in receipts] == ["appended", "rejected", "appended"]
    assert receipts[1]["error"]["field"] == "events[1].data.revenue"
    assert {e.id for e in profiles.log() if e.type != "identity_changed"} == {"e-1", "e-3"}


@pytest.mark.parametrize("call", ["[]", {"events": []}, [event("e-1")] * 1_001])
def test_a_call_that_is_wrong_as_a_whole_writes_nothing(
    profiles: ProfilesWithoutNameko, call: Any
) -> None:
    with pytest.raises(InvalidInput):
        profiles.recorder.record(call, profiles.identity, profiles.work)
    assert profiles.log() == []


def test_a_call_of_bad_events_alone_asks_identity_nothing_and_writes_nothing(
    profiles: ProfilesWithoutNameko,
) -> None:
    deep: Any = 1
    for _ in range(20):
        deep = [deep]
    receipts = profiles.receipts(
        event("e-1", identifiers={}),
        event("e-2", data={"text": "x" * 33 * 1024}),
        event("e-3", data={"deep": deep}),
        event("e-4", time="2026-11-21T19:00:00"),
        event("e-5", time="2027-11-21T19:00:00Z"),
        event("e-6", data={"na\0me": "b"}),
        event("e-7", type="identity_changed"),
        event("e-8", basket=[]),
    )
    assert [receipt["status"] for receipt in receipts] == ["rejected"] * 8
    assert all(receipt["error"]["field"].startswith("events[") for receipt in receipts)
    assert profiles.identity.calls == 0
    assert profiles.log() == []


def test_an_empty_call_is_answered_with_no_receipts(profiles: ProfilesWithoutNameko) -> None:
    assert profiles.record() == {"receipts": [], "token": {}}


def test_an_event_that_identity_refuses_is_rejected_and_not_written(
    profiles: ProfilesWithoutNameko,
) -> None:
    good, bad = profiles.receipts(
        event("e-1"), event("e-2", identifiers={"anonymous_id": "undefined"})
    )
    assert (good["status"], bad["status"]) == ("appended", "rejected")
    assert bad["error"]["field"] == "events[1].identifiers"
    assert bad["ignored_identifiers"] == [{"type": "anonymous_id", "reason": "placeholder"}]


def test_an_identifier_that_was_ignored_is_in_the_receipt(profiles: ProfilesWithoutNameko) -> None:
    both = {"anonymous_id": "a-1", "user_id": "undefined"}
    (receipt,) = profiles.receipts(event("e-1", identifiers=both))
    assert receipt["status"] == "appended"
    assert receipt["ignored_identifiers"] == [{"type": "user_id", "reason": "placeholder"}]


def test_an_event_sent_again_gets_the_place_of_the_first_and_identity_is_not_asked(
    profiles: ProfilesWithoutNameko,
) -> None:
    (first,) = profiles.receipts(event("e-1"))
    calls = profiles.identity.calls
    (again,) = profiles.receipts(event("e-1", time="2026-11-21T18:00:00Z"))
    assert again == {**first, "status": "duplicate"}
    assert profiles.identity.calls == calls
    assert [e.id for e in profiles.log()].count("e-1") == 1


def test_the_same_id_twice_in_a_call_is_recorded_once(profiles: ProfilesWithoutNameko) -> None:
    first, second = profiles.receipts(event("e-1"), event("e-1"))
    assert (first["status"], second["status"]) == ("appended", "duplicate")
    assert first["version"] == second["version"]


def test_no_identifier_value_is_anywhere_in_the_database(profiles: ProfilesWithoutNameko) -> None:
    values = {"email": "ada@shop.example", "anonymous_id": "secret-device"}
    profiles.record(event("e-1", identifiers=values))
    profiles.identity.down = True
    profiles.record(event("e-2", identifiers={**values, "user_id": "u-9"}))
    with profiles.work.database.transaction() as connection:
        for table in sa.inspect(connection).get_table_names():
            rows = repr(connection.execute(sa.text(f'SELECT * FROM "{table}"')).all())
            assert "ada@" not in rows
            assert "secret-device" not in rows


def test_a_sign_in_joins_the_guest_and_every_id_given_leads_to_the_profile(
    profiles: ProfilesWithoutNameko,
) -> None:
    (account,) = profiles.receipts(
        order("e-1", "o-1", 500, identifiers={"user_id": "u-1"}, authenticated=True)
    )
    (guest,) = profiles.receipts(order("e-2", "o-2", 3000))
    assert guest["profile_id"] != account["profile_id"]
    merged = profiles.record(signed_in("e-3", anonymous_id="a-1"))
    assert merged["token"].keys() == {guest["stream_id"], account["stream_id"]}
    views = [profiles.get(guest["profile_id"]), profiles.get(account["profile_id"])]
    assert views[0]["profile_id"] == views[1]["profile_id"]
    assert views[0]["orders"]["revenue"] == {"USD": 3500}
    assert views[0]["orders"]["categories"] == {"watches": 4}
    assert [i["type"] for i in views[0]["identifiers"]] == ["anonymous_id", "user_id"]
    assert views[0]["versions"].items() >= merged["token"].items()


def test_a_fact_that_another_call_has_is_fetched_before_the_event_is_recorded(
    profiles: ProfilesWithoutNameko,
) -> None:
    observed = {**event("lost"), "event_id": "lost"}
    profiles.identity.resolve(observations=[observed])  # and its caller is killed
    (receipt,) = profiles.receipts(event("e-1"))
    assert [e.type for e in profiles.log()] == ["identity_changed", "page_read"]
    assert receipt["version"] == 2


def test_facts_left_out_by_a_crash_come_by_identitys_own_events_once(
    profiles: ProfilesWithoutNameko,
) -> None:
    profiles.record(event("e-1"))
    observed = {**signed_in("lost", anonymous_id="a-1"), "event_id": "lost"}
    profiles.identity.resolve(observations=[observed])
    profiles.follow_identity()
    profiles.record(signed_in("e-2", anonymous_id="a-1"))
    profiles.follow_identity()
    log = profiles.log()
    assert len(facts(log)) == sum(map(len, profiles.identity.log.values()))
    (guest,) = {e.stream for e in log if e.id == "e-1"}
    (account,) = {e.stream for e in log if e.id == "e-2"}
    assert profiles.get(guest)["profile_id"] == profiles.get(account)["profile_id"]


def test_a_resolution_whose_facts_identity_cannot_tell_is_not_recorded(
    profiles: ProfilesWithoutNameko,
) -> None:
    observed = {**event("lost"), "event_id": "lost"}
    profiles.identity.resolve(observations=[observed])
    profiles.identity.mute = True
    assert profiles.receipts(event("e-1"))[0]["status"] == "accepted"
    assert profiles.log() == []


def test_a_profile_shows_an_event_as_soon_as_its_receipt_is_there(
    profiles: ProfilesWithoutNameko,
) -> None:
    for number in range(1, 31):  # past the point where summaries are stored
        (receipt,) = profiles.receipts(order(f"e-{number}", f"o-{number}", 10))
        view = profiles.get(receipt["profile_id"])
        assert view["orders"]["count"] == number
        assert view["versions"] == {receipt["stream_id"]: receipt["version"]}


def test_an_unknown_profile_is_not_found(profiles: ProfilesWithoutNameko) -> None:
    with pytest.raises(NotFound, match="profile_id: is not a profile"):
        profiles.get("nobody")


def test_a_profile_is_found_by_identifiers_through_identity(
    profiles: ProfilesWithoutNameko,
) -> None:
    (receipt,) = profiles.receipts(event("e-1"))
    who = {"identifiers": {"anonymous_id": "a-1"}}
    assert find_profile(profiles.identity, who) == receipt["profile_id"]
    with pytest.raises(NotFound, match="identifiers: lead to no profile"):
        find_profile(profiles.identity, {"identifiers": {"anonymous_id": "a-2"}})
    with pytest.raises(NotFound, match="lead to no profile that we know; user_id placeholder"):
        find_profile(profiles.identity, {"identifiers": {"user_id": "undefined"}})


def test_statistics_count_events_of_shops_and_profiles_after_merges(
    profiles: ProfilesWithoutNameko,
) -> None:
    profiles.record(
        order("e-1", "o-1", 10),
        event("e-2", identifiers={"user_id": "u-1"}),
        event("e-3", identifiers={"anonymous_id": "a-2"}),
        signed_in("e-4", anonymous_id="a-1"),
    )
    statistics = profiles.work.read(store.statistics)
    load(STATISTICS_RESPONSE, statistics)
    assert statistics == {"events": 4, "profiles": 2, "orders": 1, "streams": 3, "waiting": 0}


def test_callers_that_send_the_same_events_at_once_record_each_once(
    profiles: ProfilesWithoutNameko,
) -> None:
    events = [event(f"e-{n}", identifiers={"anonymous_id": f"a-{n % 3}"}) for n in range(40)]
    pool = eventlet.GreenPool()
    calls = [pool.spawn(profiles.receipts, *events[start:], *events[:start]) for start in range(8)]
    receipts = [receipt for call in calls for receipt in call.wait()]
    appended = [r["event_id"] for r in receipts if r["status"] == "appended"]
    assert sorted(appended) == sorted(one["id"] for one in events)
    assert len({(r["event_id"], r["stream_id"], r["version"]) for r in receipts}) == len(events)
    log = profiles.log()
    assert len(log) - len(facts(log)) == len(events)
    for stream in {e.stream for e in log}:
        versions = [e.version for e in log if e.stream == stream]
        assert versions == list(range(1, len(versions) + 1))


def test_while_shoppers_sign_in_at_once_no_event_comes_before_the_identity_it_was_recorded_under(
    profiles: ProfilesWithoutNameko,
) -> None:
    def shop(guest: int) -> None:
        me = {"anonymous_id": f"a-{guest}"}
        profiles.record(event(f"visit-{guest}", identifiers=me))
        profiles.record(signed_in(f"sign-in-{guest}", f"u-{guest % 3}", **me))
        profiles.record(order(f"order-{guest}", f"o-{guest}", 100, identifiers=me))

    pool = eventlet.GreenPool()
    for call in [pool.spawn(shop, guest) for guest in range(12)]:
        call.wait()
    profiles.follow_identity()
    labels: dict[str, set[str]] = {}
    for logged in profiles.log():
        if logged.type == "identity_changed":
            mine = next(e for e in logged.data["streams"] if e["stream"] == logged.stream)
            labels.setdefault(logged.stream, set()).add(mine["profile_id"])
        else:
            assert logged.metadata["profile_id"] in labels[logged.stream]
    assert profiles.work.read(store.statistics)["profiles"] == 3
    profile_ids = {profiles.get(stream)["profile_id"] for stream in labels}
    assert sum(profiles.get(profile_id)["orders"]["count"] for profile_id in profile_ids) == 12


shoppers = st.sampled_from([{"anonymous_id": "a-1"}, {"anonymous_id": "a-2"}, {"user_id": "u-1"}])
stories = st.lists(
    st.tuples(st.sampled_from(["order", "refund", "trait", "sign_in"]), shoppers, st.booleans()),
    min_size=1,
    max_size=12,
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(stories)
def test_a_profile_is_the_fold_of_its_streams_whatever_was_stored_before(
    profiles: ProfilesWithoutNameko, story: list[tuple[str, dict[str, str], bool]]
) -> None:
    run = f"{len(profiles.log())}"
    for number, (kind, who, look) in enumerate(story):
        name, mine = f"{run}-{number}", {k: f"{v}-{run}" for k, v in who.items()}
        if kind == "order":
            sent = order(name, f"o-{run}-{number % 3}", 100 + number, identifiers=mine)
        elif kind == "refund":
            data = {"order_id": f"o-{run}-{number % 3}", "amount": 40, "currency": "USD"}
            sent = event(name, "order_refunded", identifiers=mine, data=data)
        elif kind == "trait":
            data = {"traits": {"favourite": number}}
            sent = event(name, "traits_changed", identifiers=mine, data=data)
        else:
            sent = signed_in(name, f"u-1-{run}", anonymous_id=f"a-1-{run}")
        (receipt,) = profiles.receipts(sent)
        view = profiles.get(receipt["profile_id"])
        if look:
            by_stream: dict[str, Summary] = {}
            for e in profiles.log():
                if e.stream in view["versions"]:
                    fold_events(by_stream, [e])
            expected = profile_view(combine(by_stream.values()), NOW)
            assert {name: view[name] for name in expected} == expected


def test_orders_of_an_earlier_release_are_folded_from_their_home_once(
    profiles: ProfilesWithoutNameko,
) -> None:
    profiles.receipts(*(order(f"e-{number}", f"o-{number}", 100) for number in range(3)))
    for statement in ("UPDATE order_homes SET state = NULL", "DELETE FROM summaries"):
        with profiles.work.database.transaction() as connection:
            connection.execute(sa.text(statement))
    end = event("x-0", "order_cancelled", data={"order_id": "o-0"})
    (receipt,) = profiles.receipts(end)
    assert profiles.get(receipt["profile_id"])["orders"]["count"] == 2
    with profiles.work.database.transaction() as connection:
        (version,) = connection.execute(sa.text("SELECT version FROM summaries")).scalars()
    assert version >= receipt["version"] - 1


def test_a_batch_of_orders_costs_no_statement_for_each(profiles: ProfilesWithoutNameko) -> None:
    statements = record_statements(profiles.work.database.engine)

    def count(number: int, name: str) -> int:
        orders = [
            order(f"{name}-{n}", f"{name}-{n}", 100, identifiers={"email": f"a{n}@shop.example"})
            for n in range(number)
        ]
        ends = [
            event(
                f"{name}-{n}-x",
                "order_cancelled",
                identifiers={"email": f"b{n}@shop.example"},
                data={"order_id": f"{name}-{n}"},
            )
            for n in range(number)
        ]
        statements.clear()
        profiles.recorder.record(orders, profiles.identity, profiles.work)
        profiles.recorder.record(ends, profiles.identity, profiles.work)
        return len(statements)

    count(1, "first")  # the first one of a connection is prepared
    few, many = count(2, "few"), count(400, "many")
    assert few > 0
    assert many <= few + 4
