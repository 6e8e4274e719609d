"""Offers on both databases: its projections, its decisions, and their log."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import eventlet
import pytest
import sqlalchemy as sa
from prometheus_client import REGISTRY

from chassis import Draft, Event, FixedClock, InvalidInput, NotFound, Unavailable, new_id
from chassis.core.upcasting import Upcasters
from chassis.database.engine import Database
from chassis.database.tables import POSITIONS
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.projections.inbox import Inbox
from chassis.validation import load
from contracts.catalogues import ReplayResponse
from contracts.decisions import DECISION_STEPS, ExplainResponse
from contracts.offers import DecideResponse
from identifiers import accept, load_types
from services.offers import queries, store
from services.offers.commands import (
    DecisionHandler,
    Upstream,
    refresh_halted,
    refresh_unreadable,
)
from services.offers.configuration import CatalogueFile, load_file, read_file
from services.offers.decision_log import DecisionLog
from services.offers.projections import SegmentProjection, ShopperProjection
from services.offers.queries import compare_catalogue, read_decision, replay_page
from services.offers.registry import CatalogueRegistry, put_in_force
from tests.support.statements import record_statements

NOW = 1_795_289_400_000_000
TYPES = load_types()
RESPONSE = DecideResponse()
BLOCK = {"offer_id": "other", "offer_version": 1, "variant": "default"}
GOLDEN = Path(__file__).parents[2] / "golden/offers"
BASKET = {"value": 4800, "currency": "USD", "device": "desktop"}


class OffersWithoutNameko:
    """Offers without nameko: its work, its handler, and the inboxes of profiles and segments."""

    def __init__(
        self, database: Database, capacity: int = 8, file: CatalogueFile | None = None
    ) -> None:
        self.work = UnitOfWorkRunner(
            database,
            "offers",
            FixedClock(NOW),
            upcasters=Upcasters(DECISION_STEPS),
        )
        self.handler = DecisionHandler(
            CatalogueRegistry(file or load_file()), TYPES, b"key", capacity
        )
        self.log = DecisionLog(self.work)
        self.profiles = Inbox(self.work, "profiles")
        self.segments = Inbox(self.work, "segments")
        self.upstream = Upstream(lambda _at_least, _seconds: True, never_called)

    def follow_profiles(self, *events: Event) -> None:
        self.profiles.process(events, ShopperProjection())

    def follow_segments(self, *events: Event) -> None:
        self.segments.process(events, SegmentProjection())

    def decide(self, placement: str = "checkout", **request: Any) -> dict[str, Any]:
        request = {"placement": placement, "context": BASKET, "deadline_ms": 60_000, **request}
        decision = self.handler.decide(request, self.work, self.upstream, self.log)
        load(RESPONSE, decision, max_bytes=10**6)
        with suppress(Unavailable):
            self.log.write()
        return decision

    def logged(self) -> list[str]:
        query = sa.text("SELECT id FROM events ORDER BY id")
        return self.work.read(lambda unit: list(unit.connection.execute(query).scalars()))

    def explain(self, decision_id: object) -> dict[str, Any]:
        return self.work.read(
            lambda unit: read_decision(unit, decision_id, self.handler.catalogues)
        )


@pytest.fixture
def shop(service_database: Callable[[str], Database]) -> OffersWithoutNameko:
    return OffersWithoutNameko(service_database("offers"))


def never_called(_profile_id: str, _at_least: Mapping[str, int], _seconds: float) -> Any:
    raise AssertionError("segments was called on the hot path")


def offers_in(decision: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: block["offer_id"] for name, (block,) in decision["slots"].items() if block["offer_id"]
    }


def moved(
    profile_id: str,
    *streams: str,
    version: int = 1,
    epoch: int = 1,
    sure: bool = True,
    **identifiers: str,
) -> Event:
    """An `identity_changed` that moves the streams; the first has the identifiers."""
    keys = [
        {"key": i.key, "type": i.type.name, "tenure": 1, "assurance": i.assured(sure)}
        for i in accept(identifiers, TYPES, b"key").keys
    ]
    entries = [
        {
            "stream": stream,
            "version": version,
            "profile_id": profile_id,
            "epoch": epoch,
            "identifiers": [] if number else keys,
        }
        for number, stream in enumerate(sorted(streams))
    ]
    data = {"reason": "created", "fact_id": new_id(), "streams": entries}
    return Event(
        new_id(), "profiles", "identity_changed", streams[0], version, data, NOW, NOW, 1,
        {"joint": True},
    )  # fmt: skip


def happened(stream: str, version: int, type_: str, **data: Any) -> Event:
    return Event(new_id(), "profiles", type_, stream, version, data, NOW - 99 + version, NOW)


def segment(profile_id: str, version: int, type_: str, name: str, **as_of: int) -> Event:
    data = {"segment": name, "profile_id": profile_id, "definition_version": 1,
            "reason": "event", "as_of": as_of}  # fmt: skip
    return Event(new_id(), "segments", type_, profile_id, version, data, NOW, NOW)


def follow_grace(shop: OffersWithoutNameko) -> None:
    shop.follow_profiles(
        moved("p-1", "p-1", user_id="grace"),
        happened("p-1", 2, "loyalty_enrolled", tier="member"),
        happened("p-1", 3, "order_completed", order_id="o-1", revenue=9900, currency="USD"),
        happened("p-1", 4, "loyalty_points_changed", points=1175),
        happened("p-1", 5, "loyalty_tier_changed", tier="gold"),
    )
    shop.follow_segments(
        segment("p-1", 1, "segment_entered", "first_time_visitor"),
        segment("p-1", 2, "segment_exited", "first_time_visitor"),
        segment("p-1", 3, "segment_entered", "high_value", **{"p-1": 5}),
    )


GRACE: dict[str, Any] = {"identifiers": {"user_id": "grace"}, "authenticated": True}


def test_a_shopper_nobody_knows_is_a_first_time_visitor(shop: OffersWithoutNameko) -> None:
    decision = shop.decide(identifiers={"anonymous_id": "new"})
    assert (decision["profile_id"], decision["assurance"]) == (None, "none")
    assert "unknown_shopper" in decision["reasons"]
    assert offers_in(decision) == {
        "reassurance": "trust_signals", "account": "guest_checkout",
        "delivery": "nearly_free_delivery",
    }  # fmt: skip


def test_a_loyal_customer_is_shown_tier_and_points_from_offers_own_tables(
    shop: OffersWithoutNameko,
) -> None:
    follow_grace(shop)
    decision = shop.decide(**GRACE)
    assert (decision["profile_id"], decision["assurance"]) == ("p-1", "verified")
    assert offers_in(decision)["service"] == "priority_contact"
    assert decision["slots"]["loyalty"][0]["content"]["points"] == 1175
    assert decision["inputs"]["streams"] == {"p-1": 5}
    assert decision["inputs"]["segments"] == {"p-1": 3}
    assert (decision["degraded"], decision["stale"]) == ([], False)


def test_who_types_a_customers_identifier_is_shown_nothing_of_hers(
    shop: OffersWithoutNameko,
) -> None:
    follow_grace(shop)
    decision = shop.decide(identifiers={"user_id": "grace"}, explain=True)
    assert (decision["profile_id"], decision["assurance"]) == (None, "claimed")
    assert "claimed_account" in decision["reasons"]
    assert not {"loyalty", "service", "welcome"} & set(offers_in(decision))
    assert "1175" not in str(decision)
    assert "gold" not in str(decision)
    assert "high_value" not in str(decision["inputs"])


def test_a_guest_is_known_by_her_device_and_not_by_what_she_told(shop: OffersWithoutNameko) -> None:
    shop.follow_profiles(
        moved("g-1", "g-1", sure=False, email="ann@example.com", anonymous_id="device-1")
    )
    shop.follow_segments(segment("g-1", 1, "segment_entered", "high_value"))
    claims = [shop.decide(identifiers={"email": f"{n}@example.com"}) for n in ("ann", "new")]
    assert {(c["profile_id"], c["assurance"], *c["reasons"][:1]) for c in claims} == {
        (None, "claimed", "claimed_account")
    }
    assert claims[0]["slots"] == claims[1]["slots"]
    by_device = shop.decide(identifiers={"anonymous_id": "device-1", "user_id": "unheard-of"})
    assert (by_device["profile_id"], by_device["assurance"]) == ("g-1", "device")


def test_a_merged_profile_is_read_under_its_new_label(shop: OffersWithoutNameko) -> None:
    follow_grace(shop)
    shop.follow_profiles(
        moved("g-1", "g-1", anonymous_id="laptop"),
        happened("g-1", 2, "loyalty_points_changed", points=25),
    )
    guest = shop.decide(identifiers={"anonymous_id": "laptop"})
    assert (guest["profile_id"], guest["assurance"]) == ("g-1", "device")
    shop.follow_profiles(moved("p-1", "g-1", version=3, epoch=2))
    decision = shop.decide(**GRACE)
    assert decision["inputs"]["streams"] == {"g-1": 3, "p-1": 5}
    assert decision["slots"]["loyalty"][0]["content"]["points"] == 1200
    same = shop.decide(identifiers={"anonymous_id": "laptop"})
    assert (same["profile_id"], same["assurance"]) == ("p-1", "device")
    assert "loyalty" not in offers_in(same)


def test_events_that_come_twice_and_out_of_order_count_once(shop: OffersWithoutNameko) -> None:
    first, second, third = (
        moved("p-1", "p-1", user_id="grace"),
        happened("p-1", 2, "loyalty_enrolled"),
        happened("p-1", 3, "loyalty_points_changed", points=10),
    )
    shop.follow_profiles(third, second)
    shop.follow_profiles(first, second)
    shop.follow_profiles(third, third, first)
    shop.follow_profiles(second, third)
    content = shop.decide(**GRACE)["slots"]["loyalty"][0]["content"]
    assert content["points"] == 10


def test_a_segment_that_was_left_no_longer_counts(shop: OffersWithoutNameko) -> None:
    follow_grace(shop)
    shop.follow_segments(segment("p-1", 4, "segment_exited", "high_value", **{"p-1": 5}))
    assert "service" not in offers_in(shop.decide(**GRACE))


# Data that is not up to date.


class Refusing:
    """A projection that can apply nothing."""

    def apply(self, _unit: UnitOfWork, _events: Sequence[Event]) -> None:
        raise ValueError


def degraded(shop: OffersWithoutNameko) -> list[str]:
    decision = shop.decide(**GRACE)
    assert "priority_contact" in offers_in(decision).values(), "it is decided all the same"
    codes: list[str] = shop.explain(decision["decision_id"])["degraded"]
    assert decision["degraded"] == codes
    return codes


@pytest.mark.parametrize("kind", ["value_model_fitted", "segment_drifted"])
def test_what_is_told_of_no_profile_leaves_no_memberships(
    shop: OffersWithoutNameko, kind: str
) -> None:
    sample = Path(__file__).parents[2] / f"golden/segments/{kind}.v1.json"
    data = json.loads(sample.read_text())["data"]
    shop.follow_segments(Event(new_id(), "segments", kind, "of-segments", 1, data, NOW, NOW))
    query = sa.select(store.MEMBERSHIPS)
    assert shop.work.read(lambda unit: unit.connection.execute(query).all()) == []
    positions = sa.select(POSITIONS.c.version).where(POSITIONS.c.stream_id == "of-segments")
    assert shop.work.read(lambda unit: unit.connection.execute(positions).scalar()) == 1


def test_a_decision_from_a_halted_stream_says_so(shop: OffersWithoutNameko) -> None:
    follow_grace(shop)
    assert degraded(shop) == []
    shop.profiles.process([happened("p-1", 6, "traits_changed")], Refusing())
    assert degraded(shop) == ["events_halted"]
    shop.segments.note({"p-1": 9})
    assert degraded(shop) == ["events_halted", "events_lagging"]


def test_a_decision_from_segments_that_are_halted_here_says_so(shop: OffersWithoutNameko) -> None:
    follow_grace(shop)
    shop.segments.process([segment("p-1", 4, "segment_entered", "other")], Refusing())
    assert degraded(shop) == ["events_halted"]


@pytest.mark.parametrize("source", ["profiles", "segments"])
def test_a_decision_from_a_lagging_stream_says_so_until_it_is_applied(
    shop: OffersWithoutNameko, source: str
) -> None:
    follow_grace(shop)
    follow, event = {
        "profiles": (shop.follow_profiles, happened("p-1", 6, "traits_changed")),
        "segments": (shop.follow_segments, segment("p-1", 4, "segment_entered", "other")),
    }[source]
    getattr(shop, source).note({"p-1": event.version})
    assert degraded(shop) == ["events_lagging"]
    follow(event)
    assert degraded(shop) == []


def test_a_decision_from_a_stream_that_segments_has_halted_says_so(
    shop: OffersWithoutNameko,
) -> None:
    follow_grace(shop)
    pages: dict[str, dict[str, Any]] = {
        "": {"streams": ["a", "o"]},
        "o": {"streams": ["p-1"]},
        "p-1": {"streams": []},
    }
    for _ in range(2):
        refresh_halted(shop.work, pages.__getitem__)
        assert degraded(shop) == ["events_halted"]

    for error in (Unavailable("segments", "did not answer"), NotFound("halted", "is no method")):

        def fail(_after: str, error: Exception = error) -> Any:
            raise error

        refresh_halted(shop.work, fail)
        assert degraded(shop) == ["events_halted"], "what segments said last stands"
    refresh_halted(shop.work, lambda _after: {"streams": []})
    assert degraded(shop) == []


SINCE = "2026-11-21T19:00:00.000000Z"


def stands_still(*segments: str, since: str | None = SINCE) -> Callable[[], dict[str, Any]]:
    return lambda: {"segments": [{"segment": each, "since": since} for each in segments]}


def test_a_decision_by_a_segment_that_stands_still_says_since_when(
    shop: OffersWithoutNameko,
) -> None:
    follow_grace(shop)
    asked = "first_time_visitor"
    before = shop.decide(**GRACE)["reasons"]

    def new_reasons() -> list[str]:
        return [each for each in shop.decide(**GRACE)["reasons"] if each not in before]

    for _ in range(2):
        refresh_unreadable(shop.work, stands_still(asked, "of_no_offer"))
        assert new_reasons() == [f"segment_unreadable:{asked}: since {SINCE}"]

    def fail() -> Any:
        raise NotFound("standstills", "is no method")

    refresh_unreadable(shop.work, fail)
    assert len(new_reasons()) == 1, "what segments said last stands"
    refresh_unreadable(shop.work, stands_still(asked, since=None))
    assert new_reasons() == []


def test_a_shopper_whose_own_streams_are_sound_is_not_concerned(shop: OffersWithoutNameko) -> None:
    follow_grace(shop)
    shop.follow_profiles(moved("p-2", "p-2", user_id="omar"))
    shop.profiles.note({"p-2": 5})
    shop.segments.note({"p-2": 5})
    refresh_halted(shop.work, lambda after: {"streams": [] if after else ["p-2"]})
    assert degraded(shop) == []


def test_a_degraded_decision_that_is_not_logged_says_both(shop: OffersWithoutNameko) -> None:
    follow_grace(shop)
    shop.profiles.note({"p-1": 9})
    shop.log = DecisionLog(shop.work, most_waiting=0)
    before = _counted("decision_not_logged"), _counted("events_lagging")
    assert shop.decide(**GRACE)["degraded"] == ["events_lagging", "decision_not_logged"]
    after = _counted("decision_not_logged"), _counted("events_lagging")
    assert after == (before[0] + 1, before[1]), "the gravest counts"


def test_a_decision_takes_one_query(shop: OffersWithoutNameko) -> None:
    follow_grace(shop)
    statements = record_statements(shop.work.database.engine)
    shop.decide(**GRACE, dry_run=True)
    statements.clear()  # the first one of a connection is prepared
    shop.decide(**GRACE, dry_run=True)
    assert len([s for s in statements if not s.startswith("BEGIN")]) == 1


# The log of decisions.


def test_a_decision_is_logged_with_its_trace_and_without_identifiers(
    shop: OffersWithoutNameko,
) -> None:
    follow_grace(shop)
    decision = shop.decide(**GRACE)
    kept = shop.explain(decision["decision_id"])
    assert {name: kept[name] for name in decision} == decision
    load(ExplainResponse(), kept, max_bytes=10**6)
    assert set(kept["trace"]) == set(decision["slots"])
    (key,) = kept["request"]["identifiers"]
    assert key.startswith("user_id:")
    assert "grace" not in str(kept)
    assert kept["request"]["context"] == BASKET


# The catalogue in force, and those before it.

_TITLED = """\
placements: {{checkout: {{slots: {{banner: {{fallback: {{title: Nothing}}}}}}}}}}
offers:
  - {{id: hello, version: {version}, slots: [checkout.banner], priority: 1, requires: any,
     content: {{title: "{title}"}}}}
"""


def titled(title: str, version: int = 1, *, is_shipped: bool = False) -> CatalogueFile:
    return read_file(_TITLED.format(title=title, version=version), is_shipped=is_shipped)


def title_in(decision: Mapping[str, Any]) -> str:
    return str(decision["slots"]["banner"][0]["content"]["title"])


def test_a_decision_is_explained_by_the_catalogue_that_made_it(
    service_database: Callable[[str], Database],
) -> None:
    database = service_database("offers")
    old = OffersWithoutNameko(database, file=titled("Hello"))
    decision = old.decide()
    new = OffersWithoutNameko(database, file=titled("Good day", version=2))
    assert (title_in(decision), title_in(new.decide())) == ("Hello", "Good day")
    kept = new.explain(decision["decision_id"])
    assert title_in(kept) == "Hello"
    assert {name: kept[name] for name in decision} == decision
    assert [offer["offer_version"] for offer in kept["trace"]["banner"]] == [1]


def test_two_releases_with_two_files_decide_by_one_catalogue(
    service_database: Callable[[str], Database],
) -> None:
    database = service_database("offers")
    old = OffersWithoutNameko(database, file=titled("Hello"))
    assert title_in(old.decide()) == "Hello"
    new = OffersWithoutNameko(database, file=titled("Good day"))
    assert title_in(new.decide()) == "Good day"
    restarted = OffersWithoutNameko(database, file=titled("Hello"))
    for shop in (old, new, restarted):
        shop.handler.catalogues.refresh(shop.work)
        assert title_in(shop.decide()) == "Good day"


def test_what_a_release_ships_replaces_no_catalogue_of_the_shop(
    service_database: Callable[[str], Database],
) -> None:
    database = service_database("offers")
    assert title_in(OffersWithoutNameko(database, file=titled("Ours")).decide()) == "Ours"
    shipped = OffersWithoutNameko(database, file=titled("Shipped", is_shipped=True))
    assert title_in(shipped.decide()) == "Ours"


def test_nobody_decides_before_the_database_has_said_which_catalogue_is_in_force(
    service_database: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    database = service_database("offers")
    assert title_in(OffersWithoutNameko(database, file=titled("Ours")).decide()) == "Ours"
    shipped = OffersWithoutNameko(database, file=titled("Shipped", is_shipped=True))

    def silent(_unit: UnitOfWork) -> None:
        raise Unavailable("database", "did not answer; try again")

    with monkeypatch.context() as patch:
        patch.setattr(store, "applied_catalogues", silent)
        decision = shipped.decide()
    assert decision["degraded"] == ["database_unavailable", "decision_not_logged"]
    assert title_in(decision) == "Nothing"
    decision = shipped.decide()
    assert (title_in(decision), decision["degraded"]) == ("Ours", [])


def test_a_catalogue_that_a_release_cannot_read_leaves_it_with_the_one_before(
    service_database: Callable[[str], Database],
) -> None:
    shop = OffersWithoutNameko(service_database("offers"), file=titled("Hello"))
    assert title_in(shop.decide()) == "Hello"
    shop.work.run(
        lambda unit: store.put_catalogue(unit, "0" * 16, "slots_of_2030: []", is_shipped=False)
    )
    shop.handler.catalogues.refresh(shop.work)
    decision = shop.decide()
    assert title_in(decision) == "Hello"
    assert REGISTRY.get_sample_value("cdp_catalogue_unreadable", {"service": "offers"}) == 1
    assert title_in(shop.explain(decision["decision_id"])) == "Hello"
    shop.work.run(partial(put_in_force, file=titled("Good day")))
    shop.handler.catalogues.refresh(shop.work)
    assert title_in(shop.decide()) == "Good day"
    assert REGISTRY.get_sample_value("cdp_catalogue_unreadable", {"service": "offers"}) == 0


def test_a_catalogue_that_a_release_cannot_read_can_be_replaced_by_it_and_explains_nothing(
    service_database: Callable[[str], Database],
) -> None:
    shop = OffersWithoutNameko(service_database("offers"), file=titled("Hello"))
    decision = shop.decide()
    entry = shop.work.read(lambda unit: unit.history({decision["decision_id"]: 0}, 1))[0].data
    later = {**entry, "inputs": {**entry["inputs"], "catalogue": "0" * 16}}
    draft = Draft("d-1", "d-1", "offer_decided", later, NOW, schema_version=2)

    def of_a_later_release(unit: UnitOfWork) -> None:
        store.put_catalogue(unit, "0" * 16, "slots_of_2030: []", is_shipped=False)
        unit.append([draft])

    shop.work.run(of_a_later_release)
    file = titled("Good day")
    response = shop.work.read(lambda unit: compare_catalogue(unit, file, shop.handler.catalogues))
    assert [each["change"] for each in response["offers"]] == ["changed"]
    with pytest.raises(Unavailable, match="later release"):
        shop.explain("d-1")


def test_an_explanation_has_what_was_shown_also_where_a_release_decides_otherwise(
    service_database: Callable[[str], Database],
) -> None:
    shop = OffersWithoutNameko(service_database("offers"), file=titled("Hello"))
    decision = shop.decide()
    entry = shop.work.read(lambda unit: unit.history({decision["decision_id"]: 0}, 1))[0].data
    block = {"offer_id": None, "offer_version": None, "variant": "fallback"}
    data = {**entry, "slots": {"banner": [block]}, "reasons": ["fallback:banner"]}
    draft = Draft("d-1", "d-1", "offer_decided", data, NOW, schema_version=2)
    shop.work.run(lambda unit: unit.append([draft]))
    kept = shop.explain("d-1")
    load(ExplainResponse(), kept, max_bytes=10**6)
    assert kept["slots"] == {"banner": [{**block, "content": {}}]}
    assert kept["reasons"] == ["fallback:banner", "decided_otherwise_now:banner"]
    assert [offer["chosen"] for offer in kept["trace"]["banner"]] == [True]


def test_a_decision_of_version_1_keeps_its_trace(shop: OffersWithoutNameko) -> None:
    data = json.loads((GOLDEN / "offer_decided.v1.json").read_text())["data"]
    draft = Draft("d-1", "d-1", "offer_decided", data, NOW)
    shop.work.run(lambda unit: unit.append([draft]))
    assert shop.explain("d-1") == data


# Decisions made again.


def replayed(shop: OffersWithoutNameko, **asked: Any) -> dict[str, Any]:
    """All pages as one."""
    total: dict[str, Any] = {}
    while True:
        page = shop.work.read(
            partial(replay_page, arguments=asked, catalogues=shop.handler.catalogues)
        )
        load(ReplayResponse(), page, max_bytes=10**6)
        after = page.pop("next")
        total = {name: total.get(name, type(page[name])()) + page[name] for name in page}
        if after is None:
            return total
        asked["after"] = after


def test_every_decision_of_the_log_is_made_again_and_shows_the_same(
    service_database: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "_REPLAYED_A_PAGE", 2)
    database = service_database("offers")
    shop = OffersWithoutNameko(database)
    follow_grace(shop)
    for request in (GRACE, {}, {"identifiers": {"email": "grace@example.com"}}):
        shop.decide(**request)
    old = json.loads((GOLDEN / "offer_decided.v1.json").read_text())["data"]
    shop.work.run(lambda unit: unit.append([Draft("d-1", "d-1", "offer_decided", old, NOW)]))
    newer = OffersWithoutNameko(database, file=titled("Hello"))
    newer.decide()
    found = replayed(newer)
    assert (found["decisions"], found["same"], found["stored"], found["changes"]) == (5, 4, 1, [])


def test_another_catalogue_is_tried_on_the_decisions_of_the_log(
    service_database: Callable[[str], Database],
) -> None:
    shop = OffersWithoutNameko(service_database("offers"), file=titled("Hello"))
    decision = shop.decide()
    other = titled("Good day", version=2).text
    (change,) = replayed(shop, file=other)["changes"]
    assert change == {
        "decision_id": decision["decision_id"], "slot": "banner",
        "before": "hello v1", "after": "hello v2",
    }  # fmt: skip
    renamed = replayed(shop, file=other.replace("banner", "header"))["changes"]
    assert [(each["slot"], each["before"], each["after"]) for each in renamed] == [
        ("banner", "hello v1", "no such slot"),
        ("header", "no such slot", "hello v2"),
    ]
    asked = other.replace("requires: any,", "requires: any, when: '\"vip\" in segments',")
    untried = replayed(shop, file=asked)
    assert (untried["unlogged"], untried["changes"]) == (1, [])
    elsewhere = replayed(shop, file=other.replace("checkout", "cart"))
    assert (elsewhere["unplaced"], elsewhere["changes"]) == (1, [])
    assert replayed(shop)["same"] == 1


def test_a_decision_that_its_inputs_do_not_lead_to_is_told(
    service_database: Callable[[str], Database],
) -> None:
    shop = OffersWithoutNameko(service_database("offers"), file=titled("Hello"))
    kept = shop.decide()
    (entry,) = shop.work.read(lambda unit: unit.history({kept["decision_id"]: 0}, 1))
    wrong = {**entry.data, "slots": {"banner": [BLOCK]}}
    other = {**wrong, "evaluator": 99}
    for name, data in (("d-1", wrong), ("d-2", other)):
        draft = Draft(name, name, "offer_decided", data, NOW, schema_version=2)
        shop.work.run(partial(UnitOfWork.append, drafts=[draft]))
    found = replayed(shop)
    assert [change["decision_id"] for change in found["changes"]] == ["d-1"]
    assert (found["same"], found["other_evaluator"]) == (1, 1)


@pytest.mark.parametrize("since", ["yesterday", "7", ""])
def test_a_replay_since_no_duration_is_refused(shop: OffersWithoutNameko, since: str) -> None:
    with pytest.raises(InvalidInput, match="since"):
        replayed(shop, since=since)


def test_a_dry_run_leaves_no_trace(shop: OffersWithoutNameko) -> None:
    decision = shop.decide(dry_run=True, explain=True)
    assert decision["trace"]
    assert decision["degraded"] == []
    assert shop.logged() == []
    with pytest.raises(NotFound):
        shop.explain(decision["decision_id"])


@pytest.mark.parametrize("decision_id", [None, 7, ["x"], "x\0", "x\ud800"])
def test_an_id_that_is_no_text_is_refused(shop: OffersWithoutNameko, decision_id: object) -> None:
    with pytest.raises(InvalidInput):
        shop.explain(decision_id)


def test_a_malformed_request_is_refused_and_nothing_is_logged(shop: OffersWithoutNameko) -> None:
    for request in ({"placement": "cellar"}, {"placement": "checkout", "identifiers": [5]}, None):
        with pytest.raises(InvalidInput):
            shop.handler.decide(request, shop.work, shop.upstream, shop.log)
    assert shop.logged() == []


# What fails behind the handler.


@pytest.fixture
def nowhere(engine: str, tmp_path: Any) -> Iterator[Database]:
    uris = {
        "sqlite": f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}",
        "postgresql": "postgresql://offers@127.0.0.1:1/offers",
    }
    database = Database(uris[engine])
    yield database
    database.close()


def test_a_database_that_is_down_leaves_the_fallback_blocks_and_a_reason(
    nowhere: Database,
) -> None:
    decision = OffersWithoutNameko(nowhere).decide(**GRACE)
    assert decision["degraded"] == ["database_unavailable", "decision_not_logged"]
    assert offers_in(decision) == {}
    assert set(decision["slots"]) == set(load_file().catalogue.placements["checkout"])


def test_tables_that_are_missing_leave_the_fallback_blocks_and_a_reason(
    database: Database,
) -> None:
    decision = OffersWithoutNameko(database).decide(**GRACE)
    assert decision["degraded"][1:] == ["decision_not_logged"]
    assert offers_in(decision) == {}


def _counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("cdp_decisions_total", {"outcome": outcome}) or 0.0


def test_decisions_are_counted_by_the_gravest_reason_that_degraded_them(
    shop: OffersWithoutNameko, nowhere: Database
) -> None:
    before = _counted("ok"), _counted("database_unavailable")
    shop.decide()
    shop.decide(dry_run=True)
    OffersWithoutNameko(nowhere).decide()
    assert (_counted("ok"), _counted("database_unavailable")) == (before[0] + 1, before[1] + 1)


class LabelsLock:
    """A transaction that keeps everybody else from reading labels until it is released."""

    def __init__(self, database: Database) -> None:
        self._released, self._acquired = eventlet.Event(), eventlet.Event()
        self._thread = eventlet.spawn(self._hold, database)
        self._acquired.wait()

    def _hold(self, database: Database) -> None:
        with database.transaction() as connection:
            if database.dialect == "postgresql":
                connection.execute(sa.text("LOCK TABLE labels IN ACCESS EXCLUSIVE MODE"))
            self._acquired.send()
            self._released.wait()

    def release(self) -> None:
        self._released.send()
        self._thread.wait()


def until(happens: Callable[[], bool]) -> None:
    with eventlet.Timeout(10):
        while not happens():
            eventlet.sleep(0.01)


def test_a_database_that_hangs_is_answered_for_at_the_deadline(shop: OffersWithoutNameko) -> None:
    follow_grace(shop)
    lock = LabelsLock(shop.work.database)
    decision = shop.decide(**GRACE, deadline_ms=100)
    assert decision["degraded"] == ["deadline_exceeded", "decision_not_logged"]
    assert offers_in(decision) == {}
    lock.release()
    until(lambda: shop.handler._admission.under_way == 0)
    assert shop.logged() == []
    assert offers_in(shop.decide(**GRACE))["service"] == "priority_contact"


def test_a_sender_whose_clock_is_behind_still_gets_half_the_deadline(
    shop: OffersWithoutNameko,
) -> None:
    follow_grace(shop)
    decision = shop.decide(**GRACE, sent_at="2020-01-01T00:00:00Z", deadline_ms=20_000)
    assert decision["degraded"] == []


def test_requests_above_the_capacity_are_answered_at_once(
    service_database: Callable[[str], Database],
) -> None:
    shop = OffersWithoutNameko(service_database("offers"), capacity=1)
    shop.handler.catalogues.refresh(shop.work)
    lock = LabelsLock(shop.work.database)
    first = eventlet.spawn(shop.decide, **GRACE)
    until(lambda: shop.handler._admission.under_way == 1)
    decision = shop.decide(**GRACE)
    assert decision["degraded"] == ["overloaded", "decision_not_logged"]
    assert not first.dead
    lock.release()
    decision = first.wait()
    assert decision["degraded"] == []
    assert shop.logged() == [decision["decision_id"]]


# Reading one's own writes.


class UpstreamDouble:
    """Profiles' log and segments, for requests with `at_least`; the calls are recorded."""

    def __init__(self, complete: bool | Exception = True, response: Any = None) -> None:
        self.complete, self.response = complete, response
        self.calls: list[Any] = []

    def upstream(self) -> Upstream:
        return Upstream(self.catch_up, self.memberships)

    def catch_up(self, at_least: Mapping[str, int], seconds: float) -> bool:
        self.calls.append(("catch_up", dict(at_least), seconds > 0))
        if isinstance(self.complete, Exception):
            raise self.complete
        return self.complete

    def memberships(self, profile_id: str, at_least: Mapping[str, int], seconds: float) -> Any:
        self.calls.append(("memberships", profile_id, dict(at_least), seconds > 0))
        if isinstance(self.response, Exception):
            raise self.response
        return self.response


def decide_for_grace(
    shop: OffersWithoutNameko, upstream: UpstreamDouble, version: int
) -> dict[str, Any]:
    follow_grace(shop)
    shop.upstream = upstream.upstream()
    return shop.decide(**GRACE, at_least={"p-1": version})


def test_who_holds_all_that_must_count_asks_nobody(shop: OffersWithoutNameko) -> None:
    upstream = UpstreamDouble()
    assert decide_for_grace(shop, upstream, 5)["stale"] is False
    assert upstream.calls == [("catch_up", {"p-1": 5}, True)]


def test_segments_is_asked_for_what_it_has_not_told_yet(shop: OffersWithoutNameko) -> None:
    upstream = UpstreamDouble(
        response={"segments": [{"segment": "returning_one_time_buyer"}], "stale": False}
    )
    decision = decide_for_grace(shop, upstream, 6)
    assert upstream.calls[1] == ("memberships", "p-1", {"p-1": 6}, True)
    assert offers_in(decision)["welcome"] == "welcome_back"
    assert decision["stale"] is False


@pytest.mark.parametrize(
    "upstream",
    [
        UpstreamDouble(complete=False),
        UpstreamDouble(complete=Unavailable("profiles", "is down")),
        UpstreamDouble(response=Unavailable("segments", "is down")),
        UpstreamDouble(response={"segments": [{"segment": "high_value"}], "stale": True}),
    ],
)
def test_what_cannot_be_fetched_in_time_leaves_a_stale_answer(
    shop: OffersWithoutNameko, upstream: UpstreamDouble
) -> None:
    decision = decide_for_grace(shop, upstream, 6)
    assert decision["stale"] is True
    assert decision["degraded"] == []
    assert offers_in(decision)["service"] == "priority_contact"


def test_a_slow_catching_up_leaves_time_for_the_answer(shop: OffersWithoutNameko) -> None:
    follow_grace(shop)

    def slow(_at_least: Mapping[str, int], seconds: float) -> bool:
        time.sleep(seconds)
        return False

    shop.upstream = Upstream(slow, never_called)
    decision = shop.decide(**GRACE, at_least={"p-1": 9}, deadline_ms=1_000)
    assert (decision["stale"], decision["degraded"]) == (True, [])


def test_the_memberships_of_a_profile_keep_the_last_as_of(shop: OffersWithoutNameko) -> None:
    follow_grace(shop)
    memberships = shop.work.read(lambda unit: store.load_memberships(unit, ["p-1", "new"]))
    assert memberships["p-1"].as_of == {"p-1": 5}
    assert set(memberships["p-1"].segments) == {"high_value"}
    assert memberships["new"].version == 0


def test_the_log_of_decisions_is_a_log_like_any_other(shop: OffersWithoutNameko) -> None:
    decision = shop.decide(**GRACE)
    draft = Draft(decision["decision_id"], "x", "y", {}, NOW)
    (again,) = shop.work.run(lambda unit: unit.append([draft]))
    assert again.duplicate


def test_a_shopper_who_refuses_personalization_gets_what_the_context_says(
    shop: OffersWithoutNameko,
) -> None:
    follow_grace(shop)
    request: dict[str, Any] = {"identifiers": {"user_id": "grace"}, "authenticated": True}
    assert "loyalty_status" in offers_in(shop.decide(**request)).values()
    shop.follow_profiles(
        happened("p-1", 6, "consent_changed", purpose="personalization", granted=False)
    )
    refused = shop.decide(**request)
    assert refused["reasons"][0] == "personalization_refused"
    assert refused["profile_id"] == "p-1"
    assert offers_in(refused) == offers_in(shop.decide())
    explained = shop.explain(refused["decision_id"])
    assert explained["slots"] == refused["slots"]
    assert explained["shopper"]["traits"] == {}
    shop.follow_profiles(
        happened("p-1", 7, "consent_changed", purpose="personalization", granted=True)
    )
    assert "loyalty_status" in offers_in(shop.decide(**request)).values()
