"""A database of the last release opens, is migrated and goes on, on both engines.

tests/golden/databases holds what that release has left, on purpose in the middle of things: events
wait for identity, a stream is halted, others are behind, and an event was never published. Beside
it stand the answers that the release gave.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from eventlet import Timeout
from kombu import Connection, Exchange, Queue

from cdp.commands.rebuild import rebuild_service
from cdp.embedded import EMBEDDED_BROKER, EMBEDDED_KEY, EmbeddedSuite, embedded_settings
from chassis import FixedClock, ServiceError, parse_instant
from chassis.config.settings import Role
from chassis.messaging import embedded
from chassis.runtime.client import Client
from contracts.topology import SERVICE_NAMES
from deploy.services import upgrade
from tests.golden.databases.answers import comparable, digest
from tests.support.servers import Databases
from tests.support.toy_services import wait_until

RELEASE = Path(__file__).parents[1] / "golden" / "databases" / "0.1.0"
LATER = "1998-07-01T02:00:00Z"  # an hour after the release has stopped
LISTENER = Queue("listener", Exchange("profiles.events", type="topic"), routing_key="#")
FOLLOWING = (  # who follows whom, in the order in which news spreads
    ("profiles", "identity"),
    ("segments", "profiles"),
    ("offers", "profiles"),
    ("offers", "segments"),
)
_MOST = 1_000
_REFUNDED = "+44 20 7946 0019"
_NOBODY: Mapping[str, Any] = {
    "profile_id": None,
    "stream_id": None,
    "assurance": "claimed",
    "ignored_identifiers": [],
}


@dataclass(slots=True)
class ReleasedShop:
    """The databases of all services, by the URIs of their owners and of the services' users."""

    expected: Mapping[str, Any]
    owners: dict[str, str] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    clock: FixedClock = field(default_factory=lambda: FixedClock(0))
    published_ids: set[str] = field(default_factory=set)
    client: Client | None = None

    @property
    def left(self) -> Mapping[str, Any]:
        """What the release has left in the middle of things."""
        left: Mapping[str, Any] = self.expected["left"]
        return left

    def settings(self, role: Role = "all") -> list[Any]:
        """Settings of all services, as the release had them."""
        return [
            replace(
                settings,
                database_uri=self.users[settings.service],
                identifier_key=EMBEDDED_KEY.encode(),
                config_dir=RELEASE / "config",
                role=role,
            )
            for settings in embedded_settings(RELEASE, self.clock)
        ]

    @contextmanager
    def open(self, role: Role, now: str) -> Iterator[ReleasedShop]:
        """All services up."""
        self.clock.at = parse_instant(now)
        with (
            EmbeddedSuite(self.settings(role)).running(),
            Client(EMBEDDED_BROKER, 30.0) as self.client,
        ):
            yield self

    def call(self, service: str, method: str, /, **arguments: Any) -> Any:
        """What a service answers."""
        assert self.client
        return self.client.call(service, method, **arguments)

    def answers(self, *services: str) -> dict[str, Any]:
        """What is answered to the calls that the release has answered, by the call."""
        found = {}
        for asked in self.expected["answers"]:
            service, method = asked["call"].split(".")
            if service in services:
                try:
                    answer = self.call(service, method, **asked["arguments"])
                except ServiceError as error:
                    answer = [type(error).__name__, error.subject]
                if asked["call"] == "segments.explain" and isinstance(answer, dict):
                    del answer["conditions"]  # that release had only the lines in `why`
                answer = comparable(asked["call"], answer, self.expected["ignored"])
                found[_name(asked)] = digest(answer) if "digest" in asked else answer
        return found

    def profile(self, **identifiers: str) -> dict[str, Any]:
        """A profile, as profiles has it."""
        profile: dict[str, Any] = self.call("profiles", "get", identifiers=identifiers)
        return profile

    def segments(self, profile_id: str, at_least: Any = None) -> dict[str, str]:
        """The segments that a profile is in, and since when."""
        answer = self.call(
            "segments", "memberships", profile_id=profile_id, at_least=at_least, wait_ms=10_000
        )
        assert not answer["stale"]
        return {each["segment"]: each["since"] for each in answer["segments"]}

    def record(self, event_id: str, kind: str, /, data: Any = None, **identifiers: str) -> Any:
        """Record an event of somebody who is signed in, once nothing waits: its receipt."""
        self.wait_for_what_waited()
        event = {
            "id": event_id,
            "type": kind,
            "time": "1998-07-01T01:59:00Z",
            "identifiers": identifiers,
            "authenticated": True,
            "data": data or {},
        }
        (receipt,) = self.call("profiles", "record", events=[event])["receipts"]
        assert receipt["status"] == "appended"
        return receipt

    def heads(self, service: str) -> dict[str, int]:
        """The version that each stream of a service's log has come to."""
        heads = self.call(service, "streams", limit=_MOST)["streams"]
        return {head["stream"]: head["version"] for head in heads}

    def published(self) -> set[str]:
        """The ids of all events that profiles has published."""
        with Connection(EMBEDDED_BROKER) as connection:
            queue = LISTENER(connection.channel())
            while message := queue.get(no_ack=True):
                self.published_ids.add(message.payload["id"])
        return self.published_ids

    def wait_for_what_waited(self) -> None:
        """Wait until no event waits for identity."""
        wait_until(lambda: self.call("profiles", "statistics")["waiting"] == 0)

    def catch_up(self) -> None:
        """Wait until all that was told is followed by everybody."""
        self.wait_for_what_waited()
        for service, source in FOLLOWING:
            ask = partial(self.call, service, "behind", source=source, places=self.heads(source))
            wait_until(partial(_all_applied, ask))

    def rows(self, service: str, query: str) -> list[Any]:
        """What the owner of a service's tables finds by a query."""
        return rows(self.owners[service], query)


def connect(uri: str) -> Any:
    """A connection to a database, by its driver alone."""
    path = uri.removeprefix("sqlite:///")
    return psycopg2.connect(uri) if path == uri else sqlite3.connect(path)


def rows(uri: str, query: str) -> list[Any]:
    with closing(connect(uri)) as connection:
        cursor = connection.cursor()
        cursor.execute(query)
        return list(cursor.fetchall())


def restore(uri: str, dump: str) -> None:
    """Fill an empty database."""
    with closing(connect(uri)) as connection:
        if isinstance(connection, sqlite3.Connection):
            connection.executescript(dump)
        else:
            connection.cursor().execute(dump)
        connection.commit()


def _name(asked: Mapping[str, Any]) -> str:
    return f"{asked['call']} {json.dumps(asked['arguments'])}"


def _all_applied(behind: Callable[[], Mapping[str, Any]]) -> bool:
    return not behind()["behind"]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def old(
    engine: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ReleasedShop]:
    """The databases of the last release, migrated."""
    shop = ReleasedShop(json.loads((RELEASE / engine / "expected.json").read_text()))
    folder = tmp_path_factory.mktemp("old")
    for service in SERVICE_NAMES:
        dump = (RELEASE / engine / f"{service}.sql").read_text()
        if engine == "sqlite":
            shop.owners[service] = shop.users[service] = f"sqlite:///{folder / service}.db"
            restore(shop.owners[service], dump)
            upgrade(service, shop.owners[service])
        else:
            databases: Databases = request.getfixturevalue("databases")
            shop.owners[service], shop.users[service] = databases.create(service)
            restore(shop.owners[service], dump)
            upgrade(service, shop.owners[service], databases.user(service))
    embedded.forget()
    embedded.install(SERVICE_NAMES)
    with Connection(EMBEDDED_BROKER) as connection:
        LISTENER(connection.channel()).declare()
    yield shop
    embedded.forget()
    if engine == "postgresql":
        for uri in shop.owners.values():
            request.getfixturevalue("databases").drop(uri)


@pytest.fixture(scope="module")
def answered(old: ReleasedShop) -> Mapping[str, Any]:
    """What is answered on the old databases, before anything in them goes on."""
    with old.open("rpc", old.expected["clock"]):
        return old.answers(*SERVICE_NAMES)


@pytest.fixture(scope="module")
def going_on(old: ReleasedShop, answered: Mapping[str, Any]) -> Iterator[ReleasedShop]:
    """All services on the old databases, an hour after they were stopped."""
    with old.open("all", LATER):
        yield old


# What a database is made of. Columns may stand in another order than in one that is made today.
_FORMS = {
    "sqlite": {
        "columns": """
            SELECT t.name, c.name, c.type, c."notnull", c.dflt_value, c.pk
            FROM sqlite_master AS t, pragma_table_xinfo(t.name) AS c
            WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'
        """,
        "indexes": """
            SELECT t.name, i."unique", i.origin, i.partial, c.seqno, c.name, m.sql
            FROM sqlite_master AS t, pragma_index_list(t.name) AS i, pragma_index_info(i.name) AS c
            LEFT JOIN sqlite_master AS m ON m.type = 'index' AND m.name = i.name
            WHERE t.type = 'table'
        """,
        "triggers": """
            SELECT name, tbl_name, sql FROM sqlite_master WHERE type IN ('trigger', 'view')
        """,
        "revision": "SELECT version_num FROM alembic_version",
    },
    "postgresql": {
        "columns": """
            SELECT table_schema, table_name, column_name, data_type, character_maximum_length,
                   is_nullable, column_default
            FROM information_schema.columns
            WHERE table_schema NOT IN ('pg_catalog', 'information_schema')
        """,
        "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "constraints": """
            SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
            WHERE connamespace = 'public'::regnamespace
        """,
        "triggers": """
            SELECT pg_get_triggerdef(oid), tgenabled::text, pg_get_functiondef(tgfoid)
            FROM pg_trigger
        """,
        "sequences": """
            SELECT sequencename, data_type::text, start_value, increment_by, cycle FROM pg_sequences
        """,
        "privileges": """
            SELECT relname, relkind::text, pg_get_userbyid(relowner), relacl::text FROM pg_class
            WHERE relnamespace = 'public'::regnamespace
        """,
        "revision": "SELECT version_num FROM alembic_version",
    },
}


@pytest.mark.parametrize("service", SERVICE_NAMES)
def test_a_migrated_database_is_made_as_a_fresh_one(
    engine: str, old: ReleasedShop, service: str, service_database_uri: Callable[[str], str]
) -> None:
    fresh = service_database_uri(service)
    for what, query in _FORMS[engine].items():
        migrated, made_today = (
            sorted(rows(uri, query), key=repr) for uri in (old.owners[service], fresh)
        )
        assert made_today or what in ("sequences", "triggers")
        assert migrated == made_today, what


@pytest.mark.parametrize("service", SERVICE_NAMES)
def test_the_log_of_an_old_database_refuses_changes(old: ReleasedShop, service: str) -> None:
    for statement in ("DELETE FROM events", "UPDATE events SET type = 'other'"):
        with pytest.raises(Exception, match="append-only"):
            old.rows(service, statement)


def test_every_call_is_answered_as_by_the_release_that_left_the_databases(
    old: ReleasedShop, answered: Mapping[str, Any]
) -> None:
    answers = old.expected["answers"]
    before = {
        _name(asked): next(asked[kind] for kind in ("answer", "digest", "refused") if kind in asked)
        for asked in answers
    }
    assert len(before) == len(answers)
    changed = _answered_otherwise(before)
    assert before.keys() > changed.keys()
    assert answered == before | changed


def _called(call: str, /, **arguments: Any) -> str:
    return _name({"call": call, "arguments": arguments})


def _lookup(**who: str) -> str:
    return _called("identity.lookup", identifiers=who, authenticated=False)


def _decide(**who: str) -> str:
    request = {"placement": "checkout", "identifiers": who, "authenticated": False}
    return _called("offers.decide", request=request | {"dry_run": True, "deadline_ms": 10_000})


def _revealed(**who: str) -> str:
    return _called("profiles.get", identifiers=who, reveal=True)


def _answered_otherwise(before: Mapping[str, Any]) -> dict[str, Any]:
    """The answers that the rules have changed since that release, by the call."""
    return {
        **_by_addresses(before),
        **_of_pias_phone(before),
        **_of_a_refund(before),
        **_with_addresses(before),
        **_with_versions(before),
        **_in_other_words(before),
        **_of_a_name_for_nobody(before),
        **_of_segments_in_a_trace(before),
    }


def _of_segments_in_a_trace(before: Mapping[str, Any]) -> dict[str, Any]:
    """A trace says of a segment whether the shopper is in it, and does not list the others."""

    def reworded(line: str) -> str:
        comparison, of_segments, names = line.partition(" in segments (")
        is_in = "yes" if line.startswith("true") else "no"
        return f"{comparison}{of_segments}{is_in})" if names else line

    def retold(answer: Mapping[str, Any]) -> dict[str, Any]:
        trace = {
            slot: [
                {
                    **offer,
                    "why": [reworded(why) for why in offer["why"]],
                }
                for offer in offers
            ]
            for slot, offers in answer["trace"].items()
        }
        return {**answer, "trace": trace}

    return {
        name: retold(answer)
        for name, answer in before.items()
        if name.startswith("offers.decide") and isinstance(answer, Mapping) and "trace" in answer
    }


def _of_a_name_for_nobody(before: Mapping[str, Any]) -> dict[str, Any]:
    """What shops call a shopper whom they do not know is no account, in no language."""
    asked = _called("identity.lookup", identifiers={"user_id": "nobody"}, authenticated=True)
    reason = "is a placeholder, which would stand for everybody"
    return {
        asked: {**before[asked], "ignored_identifiers": [{"type": "user_id", "reason": reason}]}
    }


def _in_other_words(before: Mapping[str, Any]) -> dict[str, Any]:
    """One instant is before another one, where it was less than it."""

    def reworded(answer: Mapping[str, Any]) -> dict[str, Any]:
        meaning = answer["meaning"].replace(" is less than the last ", " is before the last ")
        return {**answer, "meaning": meaning}

    explained = {
        name: reworded(answer)
        for name, answer in before.items()
        if name.startswith("segments.explain") and isinstance(answer, Mapping)
    }
    listed = _called("segments.list")
    return {**explained, listed: [reworded(each) for each in before[listed]]}


def _with_versions(before: Mapping[str, Any]) -> dict[str, Any]:
    """Each membership names the version of the definition that it is of."""
    versions = {each["segment"]: each["version"] for each in before[_called("segments.list")]}
    return {
        name: {
            **answer,
            "segments": [
                {**each, "version": versions[each["segment"]]} for each in answer["segments"]
            ],
        }
        for name, answer in before.items()
        if name.startswith("segments.memberships") and isinstance(answer, Mapping)
    }


def _by_addresses(before: Mapping[str, Any]) -> dict[str, Any]:
    """An address alone leads to nobody, whoever asks, and has one answer at the checkout."""
    nora, rex = {"email": "NORA@example.com"}, {"phone": _REFUNDED}
    changed: dict[str, Any] = {}
    for who in (nora, rex):
        changed[_revealed(**who)] = ["NotFound", "identifiers"]
        changed[_called("identity.lookup", identifiers=who, authenticated=True)] = _NOBODY
    for email in ("emil@example.com", "olga6@example.com"):
        changed[_lookup(email=email)] = digest(_NOBODY)
    for email in ("emil@example.com", "ines@example.com", "olga6@example.com"):
        changed[_decide(email=email)] = before[_decide(email="grace@example.com")]
    return changed


def _of_pias_phone(before: Mapping[str, Any]) -> dict[str, Any]:
    """A device that a typed address has brought to an account: a new guest's from then on."""
    (found,) = (
        (name, answer, tie)
        for name, answer in before.items()
        if name.startswith("identity.describe") and isinstance(answer, Mapping)
        for tie in answer["streams"][0]["identifiers"]
        if (tie["type"], tie["assurance"]) == ("anonymous_id", "claimed")
    )
    name, pia, tie = found
    phone, *others = pia["streams"]
    phone = {**phone, "identifiers": [{**tie, "assurance": "device"}]}
    return {
        name: {**pia, "streams": [phone, *others]},
        _lookup(anonymous_id="pia-phone"): digest({**_NOBODY, "assurance": None}),
        _decide(anonymous_id="pia-phone"): before[_decide(anonymous_id="vic-phone")],
    }


def _of_a_refund(before: Mapping[str, Any]) -> dict[str, Any]:
    """An order that was refunded whole, in two parts, does not stand."""
    rex = before[_revealed(phone=_REFUNDED)]["profile_id"]
    name = _called("profiles.get", profile_id=rex)
    at = "1998-06-25T11:55:00.000000Z"
    orders = {
        "count": 1,
        "items": 0,
        "revenue": {"USD": 9900},
        "first_at": at,
        "last_at": at,
        "categories": {},
    }
    return {name: {**before[name], "orders": orders}}


def _with_addresses(before: Mapping[str, Any]) -> dict[str, Any]:
    """A profile shows the addresses that were told in it, with what their streams hold of them."""
    known_since = {
        _revealed(user_id="grace"): ["1997-11-02T10:01:00.000000Z"],
        _revealed(device_id="family-ipad"): ["1998-06-18T18:00:00.000000Z"],
        _revealed(anonymous_id="ivo-tv"): [],
        _revealed(loyalty_id="L-200777"): [],
    }
    changed = {}
    for name, instants in known_since.items():
        known = [each for each in before[name]["identifiers"] if each["type"] == "email"]
        addresses = [
            {**each, "proven": True, "first_at": at, "last_at": at}
            for each, at in zip(known, instants, strict=True)
        ]
        changed[name] = {**before[name], "addresses": addresses}
    return changed


def test_events_that_waited_for_identity_are_recorded_in_their_order(
    going_on: ReleasedShop,
) -> None:
    going_on.wait_for_what_waited()
    events = going_on.left["waiting"]
    receipts = going_on.call("profiles", "record", events=events)["receipts"]
    assert {receipt["status"] for receipt in receipts} == {"duplicate"}
    order, first, second = receipts
    assert order["profile_id"] == going_on.profile(user_id="grace")["profile_id"]
    assert first["stream_id"] == second["stream_id"]
    assert first["version"] + 1 == second["version"]


def test_what_was_committed_and_never_published_is_published(going_on: ReleasedShop) -> None:
    wait_until(lambda: going_on.published() >= set(going_on.left["unpublished"]))
    wait_until(lambda: not going_on.rows("profiles", "SELECT id FROM outbox"))


@pytest.mark.parametrize("service", ["segments", "offers"])
def test_streams_that_were_behind_catch_up_from_the_log_of_their_source(
    going_on: ReleasedShop, service: str
) -> None:
    left = going_on.left
    places = {
        place["stream"]: place["version"] for place in (left["heard_of"], *left["unheard_of"])
    }
    behind = partial(going_on.call, service, "behind", source="profiles", places=places)
    wait_until(lambda: not behind()["behind"])


def test_a_merge_that_identity_alone_knew_of_reaches_all(going_on: ReleasedShop) -> None:
    one, other = going_on.left["merged_by_identity_alone"]

    def current(service: str, method: str) -> set[str]:
        answers = (going_on.call(service, method, profile_id=each) for each in (one, other))
        return {answer["profile_id"] for answer in answers}

    wait_until(lambda: len(current("profiles", "get")) == 1)
    wait_until(lambda: current("segments", "memberships") == current("profiles", "get"))


def test_a_dead_letter_is_driven_again_and_its_stream_goes_on(going_on: ReleasedShop) -> None:
    halted = going_on.left["halted"]
    (letter,) = (
        each
        for each in going_on.call("segments", "dead_letters", redriven=True)
        if each["event_id"] == halted["event_id"]
    )
    assert going_on.call("segments", "redrive", id=letter["id"])["redriven_at"]
    lena = going_on.profile(user_id="lena")["profile_id"]
    assert "returning_one_time_buyer" in going_on.segments(
        lena, {halted["stream"]: halted["version"]}
    )


def test_time_that_has_passed_turns_a_segment_at_its_instant(going_on: ReleasedShop) -> None:
    ivo = going_on.profile(anonymous_id="ivo-phone")["profile_id"]
    assert going_on.segments(ivo)["abandoned_cart"] == "1998-07-01T01:30:00.000000Z"


def test_an_old_guest_who_signs_in_joins_the_account(going_on: ReleasedShop) -> None:
    guest = going_on.profile(anonymous_id="watch-phone")
    account = going_on.profile(user_id="nora")
    receipt = going_on.record("nora-in", "signed_in", user_id="nora", anonymous_id="watch-phone")
    assert receipt["profile_id"] == account["profile_id"] != guest["profile_id"]
    joined = going_on.call("profiles", "get", profile_id=guest["profile_id"])
    assert joined["profile_id"] == account["profile_id"]
    assert joined["events"] == guest["events"] + account["events"] + 1
    happened = going_on.call("identity", "explain", profile_id=guest["profile_id"])["happened"]
    assert (happened[-1]["reason"], happened[-1]["event_id"]) == ("merged", "nora-in")
    assert {move["came_from"] for move in happened[-1]["moves"]} == {guest["profile_id"], None}
    asked = {
        "placement": "checkout",
        "identifiers": {"anonymous_id": "watch-phone"},
        "at_least": receipt["token"],
        "deadline_ms": 10_000,
    }
    decision = going_on.call("offers", "decide", request=asked)
    assert (decision["profile_id"], decision["assurance"]) == (account["profile_id"], "device")
    assert not decision["stale"]
    again = going_on.call("offers", "explain", decision_id=decision["decision_id"])
    assert again["slots"] == decision["slots"]


def test_an_order_of_an_old_account_counts(going_on: ReleasedShop) -> None:
    before = going_on.profile(user_id="pia")
    segments = going_on.segments(before["profile_id"])
    order = {"order_id": "pia-order-2", "revenue": 20_000, "currency": "USD"}
    receipt = going_on.record("pia-order", "order_completed", order, user_id="pia")
    assert receipt["version"] == before["versions"][receipt["stream_id"]] + 1
    after = going_on.profile(user_id="pia")
    assert after["orders"]["count"] == before["orders"]["count"] + 1
    assert going_on.segments(before["profile_id"], receipt["token"]).keys() - segments == {
        "high_value",
        "returning_one_time_buyer",
    }


def test_what_the_desk_has_parted_stays_apart(going_on: ReleasedShop) -> None:
    split_off = going_on.profile(device_id="lou-phone")["profile_id"]
    receipt = going_on.record("mia-in", "signed_in", user_id="mia", device_id="lou-phone")
    assert receipt["profile_id"] == going_on.profile(user_id="mia")["profile_id"] != split_off
    assert going_on.call("profiles", "get", profile_id=split_off)["profile_id"] == split_off


@pytest.mark.parametrize("service", SERVICE_NAMES)
def test_a_log_goes_on_without_a_gap_and_holds_what_it_held(
    going_on: ReleasedShop, answered: Mapping[str, Any], service: str
) -> None:
    going_on.record(f"seen-by-{service}", "store_visited", user_id=f"new-in-{service}")
    going_on.call("offers", "decide", request={"placement": "checkout"})
    going_on.catch_up()
    heads = going_on.heads(service)
    places = [{"stream": stream, "after": 0} for stream in heads]
    history = going_on.call(service, "history", streams=places, limit=_MOST)
    versions: dict[str, list[int]] = {stream: [] for stream in heads}
    for event in history["events"]:
        versions[event["subject"]].append(event["sequence"])
    for stream, found in versions.items():
        assert found == list(range(1, len(found) + 1))
        assert len(found) >= heads[stream]
    call = f"{service}.history"
    (answer,) = (each for name, each in answered.items() if name.startswith(call))
    assert set(answer) < set(comparable(call, history, {}))


@pytest.mark.parametrize("service", ["segments", "offers", "profiles"])
def test_a_read_model_made_anew_of_an_old_log_gives_the_same_answers(
    going_on: ReleasedShop, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for letter in going_on.call("segments", "dead_letters"):
        going_on.call("segments", "redrive", id=letter["id"])
    going_on.catch_up()
    going_on.answers("segments")  # which settles whom time has changed
    going_on.catch_up()
    monkeypatch.setenv(f"CDP_{service.upper()}_OWNER_DATABASE_URI", going_on.owners[service])
    assert _is_due(going_on, service) == (service != "profiles")
    changes, halted = _rebuild(going_on, service)
    assert not _is_due(going_on, service)
    # That release said nobody's memberships as a set, and who had an order refunded whole was a
    # buyer in it: the rebuild tells this of whomever nothing has made the service evaluate before.
    assert halted == 0
    assert service == "segments" or not changes
    going_on.catch_up()
    before = going_on.answers(service)
    assert _rebuild(going_on, service) == (0, 0)
    assert going_on.answers(service) == before


def _is_due(shop: ReleasedShop, service: str) -> bool:
    """Whether the service says that its read model is to be made anew."""
    gauges = shop.call(service, "status")["gauges"]
    return bool(next(each["value"] for each in gauges if each["name"] == "cdp_rebuild_due"))


def _rebuild(shop: ReleasedShop, service: str) -> tuple[int, int]:
    """Make a read model anew: how many changes that told, and how many streams it halted."""
    (settings,) = (each for each in shop.settings() if each.service == service)
    with Timeout(60, AssertionError("the rebuild does not come to its end")):
        result = rebuild_service(settings, lambda step: None)
    assert result.events > 0
    return result.changes, result.halted


def test_a_refund_reaches_an_order_that_the_release_has_recorded(going_on: ReleasedShop) -> None:
    homes = going_on.rows(
        "profiles", "SELECT order_id, stream_id, strength FROM order_homes WHERE strength = 3"
    )
    completed = going_on.rows("profiles", "SELECT id FROM events WHERE type = 'order_completed'")
    assert 0 < len(homes) <= len(completed)
    orders = {
        stream: going_on.call("profiles", "get", profile_id=stream)["orders"]
        for _, stream, _ in homes
    }
    order_id, stream, _ = next(
        home
        for home in sorted(homes)
        if orders[home[1]]["count"] == 1 and max(orders[home[1]]["revenue"].values()) > 1
    )
    before = orders[stream]
    currency = next(iter(before["revenue"]))
    data = {"order_id": order_id, "amount": 1, "currency": currency}
    receipt = going_on.record("late-refund", "order_refunded", data, email="eve@shop.example")
    assert receipt["stream_id"] == stream
    after = going_on.call("profiles", "get", profile_id=stream)["orders"]
    assert after["revenue"][currency] == before["revenue"][currency] - 1
