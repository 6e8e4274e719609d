"""What happened to one person, page by page, and finding a person: identity and profiles, real."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis import FixedClock, InvalidInput, NotFound, parse_instant
from chassis.config.settings import Settings
from chassis.database.engine import Database
from chassis.messaging import embedded
from chassis.runtime.client import Client
from chassis.runtime.runner import Runner
from chassis.validation import load_checked
from contracts.timeline import FIND_RESPONSE, MAX_ORDERS, TIMELINE_RESPONSE
from services.identity.service import IdentityService
from services.profiles.service import ProfilesService

NOW = parse_instant("2026-11-21T19:30:00Z")
DEVICE = {"device_id": "grace-phone"}
ACCOUNT = {"user_id": "grace"}


class Shop:
    """Identity and profiles, running."""

    def __init__(self, client: Client, profiles_uri: str) -> None:
        self.client = client
        self._profiles_uri = profiles_uri

    def execute(self, statement: str) -> None:
        """Run a statement on the database of profiles."""
        with (
            closing(Database(self._profiles_uri)) as database,
            database.transaction() as connection,
        ):
            connection.exec_driver_sql(statement)

    def record(
        self, event_id: str, kind: str, time: str, data: Any = None, /, **changes: Any
    ) -> dict[str, Any]:
        event = {
            "id": event_id,
            "type": kind,
            "time": f"2026-11-{time}:00Z",
            "identifiers": DEVICE,
            "authenticated": False,
            "data": data or {},
            **changes,
        }
        (receipt,) = self.client.call("profiles", "record", events=[event])["receipts"]
        assert receipt["status"] == "appended", receipt
        return dict(receipt)

    def timeline(self, **arguments: Any) -> dict[str, Any]:
        response: dict[str, Any] = self.client.call("profiles", "timeline", **arguments)
        load_checked(TIMELINE_RESPONSE, response)
        return response

    def find(self, who: str | None = None, **identifiers: str) -> dict[str, Any]:
        arguments: dict[str, Any] = {"who": who} if who else {"identifiers": identifiers}
        response: dict[str, Any] = self.client.call("profiles", "find", **arguments)
        load_checked(FIND_RESPONSE, response)
        return response


@pytest.fixture
def shop(service_database_uri: Callable[[str], str]) -> Iterator[Shop]:
    embedded.forget()
    uri = embedded.install(["identity", "profiles"])
    uris = {
        kind.name: service_database_uri(kind.name) for kind in (IdentityService, ProfilesService)
    }
    runner = Runner(
        [
            (kind, Settings(kind.name, uris[kind.name], uri, FixedClock(NOW), b"key", role="rpc"))
            for kind in (IdentityService, ProfilesService)
        ]
    )
    runner.start()
    with Client(uri) as client:
        yield Shop(client, uris["profiles"])
    runner.stop()


def order(order_id: str, revenue: int) -> dict[str, Any]:
    line = {"sku": "w", "quantity": 1, "price": revenue, "engraving": "For Ann"}
    return {"order_id": order_id, "revenue": revenue, "currency": "EUR", "products": [line]}


def happened(page: dict[str, Any]) -> list[str]:
    """What happened, the newest first: ids of events, and words of identity."""
    return [
        each["identity"]["words"] if each["identity"] else each["event_id"]
        for each in page["entries"]
    ]


def test_a_timeline_tells_what_happened_and_what_identity_made_of_it(shop: Shop) -> None:
    shop.record("viewed", "product_viewed", "20T10:00", {"sku": "w"})
    shop.record(
        "in", "signed_in", "20T11:00", identifiers={**ACCOUNT, **DEVICE}, authenticated=True
    )
    shop.record("paid", "order_completed", "20T12:00", order("o-1", 5_000), identifiers=DEVICE)
    page = shop.timeline(identifiers=ACCOUNT)
    assert [each for each in happened(page) if ":" not in each] == ["paid", "in", "viewed"]
    facts = [each["identity"] for each in page["entries"] if each["identity"]]
    assert facts[0]["event_type"] == "signed_in"
    assert facts[0]["words"].startswith("signed in: ")
    assert (facts[-1]["words"], facts[-1]["event_id"]) == (
        "first seen: a new profile",
        "viewed",
    )
    assert page["next"] is None


def test_an_entry_says_where_it_came_from_and_when_it_was_told(shop: Shop) -> None:
    sent = {"sent_at": "2026-11-21T19:00:00Z"}
    shop.record("late", "product_viewed", "21T18:00", {"sku": "w"}, **sent)
    (entry,) = shop.timeline(identifiers=DEVICE, types=["product_viewed"])["entries"]
    assert entry["told_at"] == "2026-11-21T18:00:00Z"
    assert entry["at"] == "2026-11-21T18:30:00.000000Z"
    assert entry["recorded_at"] == "2026-11-21T19:30:00.000000Z"
    assert (entry["assurance"], entry["authenticated"], entry["origin"]) == (
        "device",
        False,
        "server",
    )
    identifier = entry["identifier"]
    assert (identifier["type"], identifier["tenure"], identifier["assurance"]) == (
        "device_id",
        1,
        "device",
    )
    assert entry["recorded_under"] == shop.find(**DEVICE)["profile_id"]


def test_an_entry_has_the_address_that_was_typed_and_that_a_browser_told_it(shop: Shop) -> None:
    event = {
        "id": "typed",
        "type": "checkout_started",
        "time": "2026-11-20T10:00:00Z",
        "identifiers": {**DEVICE, "email": "ann@shop.example"},
        "authenticated": True,
        "data": {},
    }
    shop.client.call("profiles", "record", events=[event], origin="browser")
    page = shop.timeline(identifiers=DEVICE, types=["checkout_started"], reveal=True)
    (entry,) = page["entries"]
    assert (entry["origin"], entry["authenticated"]) == ("browser", False)
    assert (entry["address"]["type"], entry["address"]["value"]) == ("email", "ann@shop.example")


def test_plain_values_take_reveal(shop: Shop) -> None:
    shop.record("t", "traits_changed", "20T10:00", {"traits": {"first_name": "Grace"}})
    shop.record("o", "order_completed", "20T11:00", {**order("o-1", 5_000), "gift": "for Ann"})
    page = shop.timeline(identifiers=DEVICE)
    assert "Grace" not in str(page)
    assert "Ann" not in str(page)
    assert "grace-phone" not in str(page)
    by_id = {each["event_id"]: each for each in page["entries"]}
    assert by_id["o"]["data"]["products"] == [{"sku": "w", "quantity": 1, "price": 5_000}]
    assert (by_id["o"]["left_out"], by_id["t"]["left_out"]) == (["gift"], ["traits"])
    page = shop.timeline(identifiers=DEVICE, reveal=True)
    by_id = {each["event_id"]: each for each in page["entries"]}
    assert by_id["t"]["data"] == {"traits": {"first_name": "Grace"}}
    assert by_id["o"]["data"]["gift"] == "for Ann"
    assert by_id["o"]["data"]["products"][0]["engraving"] == "For Ann"
    assert by_id["o"]["identifier"]["value"] == "grace-phone"


def test_an_entry_is_of_bounded_size_and_names_what_it_leaves_out(shop: Shop) -> None:
    lines = [{"sku": f"s-{n}", "quantity": 1} for n in range(200)]
    shop.record("many", "cart_updated", "20T10:00", {"products": lines})
    shop.record("long", "note_written", "20T11:00", {"text": "x" * 20_000, "by": "Eve"})
    long, many = shop.timeline(
        identifiers=DEVICE, types=["cart_updated", "note_written"], reveal=True
    )["entries"]
    assert (long["data"], long["left_out"]) == ({"by": "Eve"}, ["text"])
    assert len(many["data"]["products"]) == 20
    assert many["left_out"] == ["products.20"]


def test_orders_are_listed_as_they_stand(shop: Shop) -> None:
    for number, day in ((1, "10"), (2, "11"), (3, "12"), (4, "13")):
        shop.record(f"o-{number}", "order_completed", f"{day}T10:00", order(f"{number}", 5_000))
    refund = {"currency": "EUR", "amount": 1_000}
    shop.record("r-2", "order_refunded", "14T10:00", {"order_id": "2", **refund})
    shop.record("r-3", "order_refunded", "14T11:00", {"order_id": "3"})
    shop.record("c-4", "order_cancelled", "14T12:00", {"order_id": "4"})
    page = shop.timeline(identifiers=DEVICE, limit=2)
    assert page["order_count"] == 4
    assert [(each["order_id"], each["status"], each["net"]) for each in page["orders"]] == [
        ("4", "cancelled", 5_000),
        ("3", "refunded", 0),
        ("2", "partly_refunded", 4_000),
        ("1", "standing", 5_000),
    ]
    later = shop.timeline(identifiers=DEVICE, before=page["next"])
    assert (later["orders"], later["order_count"]) == (None, None)


@pytest.mark.parametrize("cursor", ["x", "1.2.3", "1.2.3.", "1..3.s", f"{2**80}.1.1.s", "1.2"])
def test_what_is_no_cursor_is_refused_by_name(shop: Shop, cursor: str) -> None:
    shop.record("e", "product_viewed", "20T10:00", {"sku": "w"})
    with pytest.raises(InvalidInput) as caught:
        shop.timeline(identifiers=DEVICE, before=cursor)
    assert caught.value.subject == "before"


def test_nobody_has_no_timeline(shop: Shop) -> None:
    for who in ({"profile_id": "nobody"}, {"identifiers": {"user_id": "nobody"}}):
        with pytest.raises(NotFound):
            shop.timeline(**who)


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    minutes=st.lists(st.integers(0, 5), min_size=1, max_size=12),
    devices=st.lists(st.integers(0, 3), min_size=12, max_size=12),
    limit=st.integers(1, 5),
)
def test_pages_of_any_size_hold_everything_once_and_in_order(
    shop: Shop, minutes: list[int], devices: list[int], limit: int
) -> None:
    user = f"user-{shop.client.call('profiles', 'statistics')['events']}"
    for number, (minute, device) in enumerate(zip(minutes, devices, strict=False)):
        shop.record(
            f"{user}-{number}",
            "signed_in",
            f"20T10:0{minute}",
            identifiers={"user_id": user, "device_id": f"{user}-{device}"},
            authenticated=True,
        )
    whole = shop.timeline(identifiers={"user_id": user}, limit=200)
    assert whole["next"] is None
    assert len({each["event_id"] for each in whole["entries"]}) == len(whole["entries"])
    events = [each["event_id"] for each in whole["entries"] if not each["identity"]]
    assert sorted(events) == sorted(f"{user}-{number}" for number in range(len(minutes)))
    times = [each["at"] for each in whole["entries"]]
    assert times == sorted(times, reverse=True)
    paged: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = shop.timeline(identifiers={"user_id": user}, limit=limit, before=cursor)
        assert len(page["entries"]) <= limit
        paged += page["entries"]
        cursor = page["next"]
        if cursor is None:
            break
    assert paged == whole["entries"]


def test_a_merge_is_told_once_however_many_streams_it_moves(shop: Shop) -> None:
    for number in range(30):
        shop.record(
            f"e-{number}",
            "signed_in",
            "20T10:00",
            identifiers={"user_id": "a", "device_id": f"d-{number}"},
            authenticated=True,
        )
    shop.record("b", "product_viewed", "20T10:00", {"sku": "w"}, identifiers={"device_id": "d"})
    one, other = (shop.find(**who)["profile_id"] for who in ({"user_id": "a"}, {"device_id": "d"}))
    shop.client.call("identity", "merge", a=one, b=other, reason="she told us so")
    shop.record("after", "product_viewed", "20T11:00", {"sku": "w"}, identifiers={"device_id": "d"})
    page = shop.timeline(profile_id=other, limit=200)
    assert page["profile_id"] == one
    assert happened(page).count("the support desk merged two profiles") == 1


def test_an_order_that_was_taken_over_says_from_where_in_both_timelines(shop: Shop) -> None:
    guest = shop.record("told-first", "order_completed", "20T10:00", order("o-1", 5_000))
    account = shop.record(
        *("told-again", "order_completed", "20T10:00", order("o-1", 5_000)),
        identifiers=ACCOUNT,
        authenticated=True,
    )
    for who, orders in ((DEVICE, 0), (ACCOUNT, 1)):
        page = shop.timeline(identifiers=who)
        assert page["order_count"] == orders
        (moved,) = [each for each in page["entries"] if each["type"] == "order_moved"]
        assert moved["data"] == {
            "order_id": "o-1",
            "from": guest["stream_id"],
            "to": account["stream_id"],
        }
        assert (moved["left_out"], moved["origin"], moved["identity"]) == ([], None, None)


def test_only_the_newest_orders_are_listed_and_all_are_counted(shop: Shop) -> None:
    events = [
        {
            "id": f"o-{n}",
            "type": "order_completed",
            "time": "2026-11-20T10:00:00Z",
            "identifiers": DEVICE,
            "authenticated": False,
            "data": {"order_id": f"{n:04}", "revenue": n, "currency": "EUR"},
        }
        for n in range(MAX_ORDERS + 5)
    ]
    shop.client.call("profiles", "record", events=events)
    page = shop.timeline(identifiers=DEVICE)
    assert (len(page["orders"]), page["order_count"]) == (MAX_ORDERS, MAX_ORDERS + 5)


def test_a_shopper_is_found_by_whatever_is_printed_of_them(shop: Shop) -> None:
    receipt = shop.record(
        "in", "signed_in", "20T11:00", identifiers={**ACCOUNT, **DEVICE}, authenticated=True
    )
    profile_id = receipt["profile_id"]
    (entry,) = shop.timeline(identifiers=ACCOUNT, types=["signed_in"])["entries"]
    key = entry["identifier"]["key"]
    for who, found_as in {
        profile_id: "profile",
        receipt["stream_id"]: "profile",
        "in": "event",
        key: "key",
        key[: len("user_id") + 9]: "key",
        f"{key[: len('user_id') + 9]}…": "key",
    }.items():
        found = shop.find(who)
        assert (found["profile_id"], found["found_as"]) == (profile_id, found_as), who
    assert shop.find(**ACCOUNT)["profile_id"] == profile_id


@pytest.mark.parametrize(
    ("who", "reason", "advice"),
    [
        ({"user": "grace"}, "user has an unknown type", ""),
        ({"user_id": "null"}, "user_id is a placeholder", ""),
        ({"user_id": "Gast"}, "user_id is a placeholder", ""),
        ({"email": "grace"}, "email is not an e-mail address", ""),
        ({"device_id": "x"}, "device_id has never been seen within 395 days", "compare it"),
        ({"user_id": "x"}, "user_id has never been seen, spelt like this", "compare it"),
        ("grace@shop.example", "is neither", "write email=grace@shop.example"),
        ("+49 30 123456", "is neither", "write phone=+49 30 123456"),
        ("grace", "is neither", "an identifier is written TYPE=VALUE"),
        ("email:0123456789abcdef", "is the key of no identifier", "CDP_IDENTIFIER_KEY"),
        ("mail:0123456789abcdef", "is a key of the unknown type mail", "known types are"),
    ],
)
def test_who_is_not_found_is_told_why_and_what_to_try(
    shop: Shop, who: Any, reason: str, advice: str
) -> None:
    found = shop.find(who) if isinstance(who, str) else shop.find(**who)
    assert (found["profile_id"], found["found_as"]) == (None, None)
    assert found["reasons"][0].startswith(reason)
    assert advice in " ".join(found["try"])


def test_a_beginning_that_several_keys_share_is_ambiguous(shop: Shop) -> None:
    row = "INSERT INTO sealed_values (key, sealed) VALUES ('{key}', 'x')"
    for key in ("email:0123aa", "email:0123ab", "phone:0123aa"):
        shop.execute(row.format(key=key))
    found = shop.find("email:0123")
    assert found["reasons"] == ["is the beginning of several keys"]
    assert found["try"] == ["give more of it: email:0123aa, email:0123ab"]
    assert "an address alone leads to nobody" in shop.find("email:0123aa…")["reasons"][0]


@pytest.mark.parametrize(
    ("refused", "reason"),
    [("NULL", "is an event that waits for identity"), ("'torn'", "could not be recorded: torn")],
)
def test_an_event_that_is_not_recorded_is_told_so(shop: Shop, refused: str, reason: str) -> None:
    shop.execute(
        "INSERT INTO waiting (event_id, received_at, sealed, refused)"
        f" VALUES ('e-1', 0, 'x', {refused})"
    )
    assert reason in shop.find("e-1")["reasons"][0]
