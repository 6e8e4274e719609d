"""Stories of shoppers from what the shop records to the blocks that they see, over RPC and HTTP.

The services are processes on RabbitMQ and PostgreSQL, with the catalogue and the segments that
ship. Where a story needs an experiment or caps, a catalogue of its own is applied meanwhile.
"""

from __future__ import annotations

import itertools
import json
import socket
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chassis import new_id
from tests.support.servers import Databases, VirtualHosts
from tests.support.story import KEY, OverHttp, OverRpc, Story, Way, content, offers_in, without_id
from tests.support.system import ProcessSuite

NOW = "2026-11-20T12:00:00Z"

KETTLE = {"sku": "kettle", "category": "kitchen", "quantity": 1, "price": 3_900}
POLES = {"sku": "poles", "category": "outdoor", "quantity": 1, "price": 7_900}
WATCH = {"sku": "watch-5", "name": "Tempo 5", "category": "running watch", "price": 24_900}


@pytest.fixture(scope="module")
def door() -> OverHttp:
    """Where the process of offers answers over HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return OverHttp(f"127.0.0.1:{listener.getsockname()[1]}")


@pytest.fixture(scope="module")
def suite(
    databases: Databases, virtual_hosts: VirtualHosts, door: OverHttp
) -> Iterator[ProcessSuite]:
    """A process of each service; that of offers has a door."""
    environment = {"CDP_CLOCK": NOW, "CDP_OFFERS_HTTP": door.address, "CDP_OFFERS_KEYS": KEY}
    with ProcessSuite(databases, virtual_hosts, environment=environment) as running:
        running.call("offers", "apply")  # the catalogue that ships is in force at once
        yield running


@pytest.fixture(scope="module")
def proxy(suite: ProcessSuite) -> Iterator[Any]:
    with suite.proxy() as connected:
        yield connected


@pytest.fixture(params=["rpc", "http"])
def way(request: pytest.FixtureRequest, proxy: Any, door: OverHttp) -> Way:
    return OverRpc(proxy) if request.param == "rpc" else door


_NUMBERS = itertools.count(1)


@pytest.fixture
def story(proxy: Any, way: Way) -> Story:
    return Story(proxy, way, next(_NUMBERS))


def test_the_first_time_guest_sees_reasons_to_trust_us_and_need_not_have_an_account(
    story: Story,
) -> None:
    guest = story.who(anonymous_id="guest", email="ines")
    story.record(
        story.event("product_viewed", "19", guest, product_id="kettle"),
        story.event("checkout_started", "20", guest, products=[], value=3_900, currency="USD"),
    )
    decision = story.decide(guest, KETTLE)
    assert decision["assurance"] == "device"
    assert offers_in(decision) == {
        "reassurance": ["trust_signals"],
        "account": ["guest_checkout"],
        "delivery": ["nearly_free_delivery"],
    }
    assert content(decision, "reassurance")["badges"] == [
        "secure_payment", "free_returns", "buyer_protection",
    ]  # fmt: skip
    assert content(decision, "account")["guest_checkout"]
    assert content(decision, "account")["sign_in"] == "link"
    confirmation = story.decide(guest, KETTLE, placement="order_confirmation")
    assert content(confirmation, "account")["title"] == "Keep your 39 points"
    assert content(confirmation, "account")["optional"]


def test_the_returning_buyer_is_asked_into_the_loyalty_programme(story: Story) -> None:
    omar = story.who(user_id="omar")
    story.record(story.order("01", omar, 5_900))
    decision = story.decide(omar, KETTLE, authenticated=True)
    assert decision["assurance"] == "verified"
    assert offers_in(decision)["welcome"] == ["welcome_back"]
    assert offers_in(decision)["loyalty"] == ["join_loyalty"]
    assert content(decision, "loyalty")["title"] == "Earn 39 points with this order"
    assert content(decision, "loyalty")["action"] == "enrol"
    assert "reassurance" not in offers_in(decision)


def test_the_top_customer_sees_her_way_to_gold_and_whom_to_call(story: Story) -> None:
    mei = story.who(user_id="mei", loyalty_id="L")
    story.record(
        story.event("loyalty_enrolled", "01", mei, proven=True, tier="member"),
        story.order("02", mei, 40_000),
        story.order("03", mei, 20_000),
        story.event("loyalty_points_changed", "04", mei, proven=True, points=600),
        story.event("loyalty_tier_changed", "05", mei, proven=True, tier="silver"),
    )
    decision = story.decide(mei, POLES, authenticated=True)
    assert offers_in(decision) == {
        "welcome": ["top_customer_welcome"],
        "loyalty": ["loyalty_status"],
        "summary": ["points_of_this_order"],
        "delivery": ["delivery_is_free"],
        "service": ["priority_contact"],
    }
    assert content(decision, "loyalty") == {
        "title": "Your tier is silver, with 600 points",
        "text": "400 more points make you gold.",
        "tier": "silver",
        "points": 600,
        "next_tier": "gold",
    }
    assert content(decision, "summary")["points"] == 79
    assert content(decision, "service")["contact"] == "priority_line"


def test_for_the_anonymous_buyer_of_a_watch_the_context_alone_decides(story: Story) -> None:
    context = {
        "device": "mobile",
        "referrer": "https://running-club.example/autumn",
        "stock": {"watch-5": 2},
        "rating": 4.6,
        "review_count": 412,
    }
    decision = story.decide({}, WATCH, context=context)
    assert (decision["profile_id"], decision["assurance"]) == (None, "none")
    assert decision["reasons"][0] == "unknown_shopper"
    assert offers_in(decision) == {
        "welcome": ["referred_welcome"],
        "reassurance": ["trust_signals"],
        "account": ["guest_checkout"],
        "summary": ["scarce_article", "reviews"],
        "delivery": ["delivery_is_free"],
        "payment": ["mobile_wallet"],
        "extras": ["watch_warranty"],
    }
    assert content(decision, "summary")["title"] == "Tempo 5: only 2 left"
    # A device that has only just come by sees the same.
    device = story.who(device_id="phone")
    story.record(story.event("product_viewed", "20", device, product_id="watch-5"))
    on_device = story.decide(device, WATCH, context=context)
    assert on_device["assurance"] == "device"
    assert on_device["slots"] == decision["slots"]


def test_gold_and_recent_sees_the_new_collection_first(story: Story) -> None:
    grace = story.who(user_id="grace")
    story.record(
        story.event("loyalty_tier_changed", "01", grace, proven=True, tier="gold"),
        *(story.order(day, grace, 5_000) for day in ("02", "05", "08", "11")),
    )
    for placement, slot in (("checkout", "extras"), ("cart", "upsell")):
        decision = story.decide(grace, POLES, placement=placement, authenticated=True)
        assert offers_in(decision)[slot] == ["early_access"]
        assert content(decision, slot)["action"] == "early_access"


def test_the_stranger_with_somebodys_names_sees_nothing_and_learns_nothing(story: Story) -> None:
    ann = story.who(user_id="ann", email="ann", phone="+49151123456", loyalty_id="ann")
    story.record(
        story.event("account_created", "01", ann, proven=True),
        story.order("02", ann, 90_000),
        story.event("loyalty_points_changed", "03", ann, proven=True, points=900),
        story.event("consent_changed", "04", ann, proven=True, purpose="email", granted=False),
    )
    assert "loyalty" in offers_in(story.decide(ann, KETTLE, authenticated=True))
    nobody = story.who(user_id="xyz", email="xyz", phone="+49151876543", loyalty_id="xyz")
    for kind in ann:
        about_ann = story.answer({kind: ann[kind]}, KETTLE)
        assert without_id(about_ann) == without_id(story.answer({kind: nobody[kind]}, KETTLE))
        assert json.loads(about_ann)["reasons"][0] == "claimed_account"


def test_a_device_that_types_somebodys_e_mail_sees_what_it_saw_before(story: Story) -> None:
    ann = story.who(user_id="ann", email="ann")
    device = story.who(device_id="laptop")
    typed = {**device, "email": ann["email"]}
    story.record(
        story.event("account_created", "01", ann, proven=True),
        story.order("02", ann, 90_000),
        story.event("product_viewed", "03", device, product_id="kettle"),
    )
    before = story.decide(device, KETTLE)
    story.record(
        story.event("checkout_started", "04", typed, products=[], value=3_900, currency="USD")
    )
    assert story.decide(typed, KETTLE)["slots"] == before["slots"]
    unknown = {**device, **story.who(email="xyz")}
    assert without_id(story.answer(typed, KETTLE)) == without_id(story.answer(unknown, KETTLE))


def test_who_refuses_personalization_sees_what_the_context_alone_decides(story: Story) -> None:
    lea = story.who(user_id="lea")
    story.record(
        story.order("01", lea, 90_000),
        story.event("loyalty_points_changed", "02", lea, proven=True, points=700),
    )
    assert "service" in offers_in(story.decide(lea, KETTLE, authenticated=True))
    story.record(
        story.event(
            "consent_changed", "03", lea, proven=True, purpose="personalization", granted=False
        )
    )
    refused = story.decide(lea, KETTLE, authenticated=True)
    assert "personalization_refused" in refused["reasons"]
    assert refused["slots"] == story.decide({}, KETTLE)["slots"]


def test_of_a_basket_of_300_odd_lines_what_can_be_read_counts(story: Story) -> None:
    odd = [None, {**KETTLE, "sku": None}, {**KETTLE, "quantity": -1}, {"price": 5}, "kettle", 7]
    lines = [*(odd[place % len(odd)] for place in range(150)), WATCH, *[KETTLE] * 149]
    decision = story.decide({}, *lines, context={"value": 24_900})
    assert offers_in(decision)["extras"] == ["watch_warranty"]
    ignored = [each for each in decision["reasons"] if each.startswith("ignored:")]
    assert ignored[0] == "ignored:context.items: of 300 entries the first 200 are read"
    assert ignored[1].startswith("ignored:context.items[0]: ")
    assert ignored[-1] == "ignored:request: 131 more parts were left out or mended"


@pytest.mark.parametrize("sent_at", ["2026-11-20T11:59:58Z", "2026-11-20T12:00:02Z"])
def test_a_shops_clock_that_is_two_seconds_off_costs_no_answer(story: Story, sent_at: str) -> None:
    decision = story.decide({}, KETTLE, sent_at=sent_at, deadline_ms=2_000)
    assert decision["reasons"] == story.decide({}, KETTLE)["reasons"]


def test_forged_keys_by_the_hundred_are_refused_and_harm_no_other_request(
    story: Story, door: OverHttp
) -> None:
    def forge(_: int) -> int:
        return door.send("/v1/decide", {"placement": "checkout"}, key=new_id())[0]

    with ThreadPoolExecutor(8) as pool:
        forged = pool.map(forge, range(300))
        for _ in range(20):
            assert offers_in(story.decide({}, KETTLE))["reassurance"] == ["trust_signals"]
        assert list(forged) == [401] * 300


CATALOGUE = """
placements:
  checkout:
    slots:
      wording: {fallback: {title: Checkout}}
      gift: {fallback: {title: Free returns}}
offers:
  - {id: plain, version: 1, slots: [checkout.wording], priority: 5, requires: any,
     content: {title: Pay securely}}
  - {id: bold, version: 1, slots: [checkout.wording], priority: 5, requires: any,
     content: {title: Nobody pays more securely}}
  - {id: gift, version: 1, slots: [checkout.gift], priority: 5, requires: any,
     caps: [{by: shopper, most: 1, within: 30d}], content: {title: A gift with your order}}
experiments:
  - id: trust_wording
    hash_attribute: user_id
    fallback_attribute: device_id
    variants:
      - {name: control, weight: 1, offers: [plain]}
      - {name: bold, weight: 1, offers: [bold]}
"""


@pytest.fixture
def own_catalogue(proxy: Any) -> Iterator[None]:
    """A catalogue with an experiment and a cap is in force for one story."""
    proxy.offers.apply(file=CATALOGUE)
    yield
    proxy.offers.apply()


def part_of(decision: Mapping[str, Any]) -> dict[str, Any]:
    """The shopper's part in the experiment."""
    part: dict[str, Any]
    (part,) = decision["experiments"]
    return part


@pytest.mark.usefixtures("own_catalogue")
def test_the_guest_who_signs_in_midway_keeps_her_variant_and_her_caps(
    story: Story, proxy: Any
) -> None:
    device = story.who(device_id="laptop")
    story.record(story.event("product_viewed", "19", device, product_id="kettle"))
    guest = story.decide(device, KETTLE, reserve=True)
    variant = part_of(guest)["variant"]
    assert part_of(guest)["hash_attribute"] == "device_id"
    assert offers_in(guest) == {
        "wording": ["plain" if variant == "control" else "bold"], "gift": ["gift"],
    }  # fmt: skip
    report = {"decision_id": guest["decision_id"], "slot": "wording", "kind": "shown"}
    assert story.way.report(report)["status"] == "appended"

    # Her account alone would be in the other variant.
    names = (story.who(user_id=f"uma{number}") for number in range(100))
    uma = next(
        each
        for each in names
        if part_of(story.decide(each, KETTLE, authenticated=True, dry_run=True))["variant"]
        != variant
    )
    story.record(story.event("signed_in", NOW, {**device, **uma}, proven=True))
    for who in ({**device, **uma}, uma):
        signed_in = story.decide(who, KETTLE, authenticated=True, reserve=True)
        assert signed_in["assurance"] == "verified"
        assert (part_of(signed_in)["variant"], part_of(signed_in)["sticky"]) == (variant, True)
        assert offers_in(signed_in) == offers_in(guest)
        assert signed_in["reservations"] == guest["reservations"]
    proxy.offers.confirm(key=guest["reservations"]["gift"]["key"], order_id=new_id())
    for who in ({**device, **uma}, uma):
        after = story.decide(who, KETTLE, authenticated=True)
        assert offers_in(after) == {"wording": offers_in(guest)["wording"]}
        assert list(after["capped"]) == ["gift"]


def test_while_the_other_services_hang_every_request_is_answered_in_time(
    suite: ProcessSuite, story: Story
) -> None:
    guest = story.who(device_id="phone")
    story.record(story.event("product_viewed", "20", guest, product_id="kettle"))
    before = story.decide(guest, KETTLE)
    while story.decide(guest, KETTLE, at_least={})["slots"] != before["slots"]:
        time.sleep(0.05)  # until offers knows the segments without asking for them
    others = [each for each in suite.processes if each.service != "offers"]
    for each in others:
        suite.freeze(each)
    try:
        assert story.decide(guest, KETTLE, at_least={})["slots"] == before["slots"]
        unheard = {stream: version + 1 for stream, version in story.token.items()}
        answer = json.loads(story.answer(guest, KETTLE, at_least=unheard, deadline_ms=1_500))
    finally:
        for each in others:
            suite.thaw(each)
    assert answer["stale"]
    assert answer["degraded"] == []
    assert answer["slots"] == before["slots"]
