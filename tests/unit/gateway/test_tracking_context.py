"""Facts about the context of items, consent that comes along, ids, times and crawlers."""

from __future__ import annotations

import time
from typing import Any

import pytest

from services.gateway.domain.sources import EventSource
from tests.support.tracked import (
    BROWSER,
    NOW,
    NOW_TEXT,
    SERVER,
    TIME,
    event_of,
    events_of,
    item,
    mapped,
    reason_of,
    track,
)

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 Safari/604.1"
TABLET = "Mozilla/5.0 (Linux; Android 15; SM-X910) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"
DESKTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"
CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


def context_of(context: Any, source: EventSource = SERVER, **sender: Any) -> Any:
    return event_of(item("page", context=context), source, **sender).get("context")


def test_of_a_context_what_rules_and_reports_need_is_kept_and_nothing_else() -> None:
    context = {
        "ip": "203.0.113.9",
        "userAgent": PHONE,
        "locale": "de_DE.UTF-8",
        "timezone": "Europe/Berlin",
        "library": {"name": "analytics.js", "version": "1"},
        "campaign": {"name": "may", "source": "mail", "medium": "e", "other": "x"},
        "page": {
            "path": "/a?b",
            "url": "https://shop.example/a?b",
            "referrer": "https://x.example/",
        },
        "traits": {"email": "lea@shop.example"},
        "device": {"id": "7D1E", "advertisingId": "A1"},
        "network": {"wifi": True},
    }
    assert context_of(context, country="DE") == {
        "device": "mobile",
        "language": "de-DE",
        "country": "DE",
        "referrer": "x.example",
        "campaign": {"name": "may", "source": "mail", "medium": "e"},
        "page": {"path": "/a", "url": "https://shop.example/a"},
        "library": "analytics.js",
    }


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/reset/lea@shop.example/x", "/reset/…/x"),
        ("/reset/lea%40shop.example", "/reset/…"),
        ("/a=lea@x&b", "/a=…&b"),
        ("/@lea/shop@", "/@lea/shop@"),
        ("/%40lea/b%40", "/%40lea/b%40"),
        ("/a@b@c", "/…"),
        ("lea@x", "…"),
    ],
)
def test_a_path_is_kept_without_addresses_of_people(path: str, kept: str) -> None:
    assert context_of({"page": {"path": path}})["page"]["path"] == kept


@pytest.mark.parametrize("part", ["x", "a%40", "@", "a@b", "%4"])
def test_a_long_path_takes_no_longer_than_its_length(part: str) -> None:
    long = "/" + part * (200_000 // len(part))
    began = time.perf_counter()
    context_of({"page": {"path": long, "url": f"https://shop.example{long}"}})
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("context", "device"),
    [
        ({"userAgent": PHONE}, "mobile"),
        ({"userAgent": TABLET}, "tablet"),
        ({"userAgent": DESKTOP}, "desktop"),
        ({"userAgent": "analytics-python/2"}, None),
        ({"device": {"type": "ios"}, "userAgent": DESKTOP}, "mobile"),
        ({"device": {"type": "Tablet"}}, "tablet"),
        ({"device": {"type": "toaster"}}, None),
        ({"device": "phone"}, None),
        ({}, None),
    ],
)
def test_a_device_is_one_of_three_kinds(context: Any, device: str | None) -> None:
    assert (context_of(context) or {}).get("device") == device


def test_the_user_agent_of_a_browser_stands_in_for_one_in_the_context() -> None:
    assert context_of({}, BROWSER, user_agent=DESKTOP) == {"device": "desktop"}


@pytest.mark.parametrize("context", [None, 5, "x", [], {"page": 5, "campaign": [], "locale": {}}])
def test_a_context_of_another_shape_is_none(context: Any) -> None:
    assert context_of(context) is None


@pytest.mark.parametrize(
    "url", ["https://[", "https://shop.example:port/", "ftp://shop.example/", "/cart", "x" * 20_000]
)
def test_an_address_that_cannot_be_read_is_left_out(url: str) -> None:
    assert context_of({"page": {"url": url, "referrer": url[:10], "title": "Cart"}}) in (
        {"page": {"title": "Cart"}},
        {"page": {"title": "Cart"}, "referrer": "shop.examp"},
    )


def test_a_campaign_may_be_called_as_in_an_address() -> None:
    assert context_of({"campaign": {"campaign": "may"}}) == {"campaign": {"name": "may"}}


def test_the_context_of_a_batch_is_that_of_items_which_do_not_say_otherwise() -> None:
    from services.gateway.domain.tracking.items import Sender
    from services.gateway.domain.tracking.mapping import map_batch

    batch = {
        "batch": [item("page"), item("page", context={"locale": "fr"})],
        "context": {"locale": "de"},
    }
    request = map_batch(batch, Sender(SERVER, NOW))
    assert [each.event["context"]["language"] for each in request.events] == ["de", "fr"]


# ------------------------------------------------------------------------------------ consent


def consent(**categories: Any) -> dict[str, Any]:
    return {"consent": {"categoryPreferences": categories}}


def test_a_refusal_that_comes_along_with_a_page_is_recorded() -> None:
    page, refusal = events_of(item("page", context=consent(Analytics=True, Advertising=False)))

    assert page["type"] == "page_viewed"
    assert refusal["id"] == "message-1.consent"
    assert (refusal["type"], refusal["data"]) == (
        "consent_changed",
        {"purposes": {"sale_or_sharing": False}},
    )


def test_a_banner_that_goes_on_saying_yes_renews_no_consent() -> None:
    (only,) = events_of(item("page", context=consent(Analytics=True, Advertising=True)))

    assert only["type"] == "page_viewed"


def test_what_a_banner_refuses_is_told_without_addresses_as_it_is_no_mailing() -> None:
    sent = item("identify", traits={"email": "lea@shop.example"}, context=consent(marketing=False))
    events = events_of(sent, source=BROWSER)

    assert events[-1]["type"] == "consent_changed"
    assert events[-1]["identifiers"] == {"anonymous_id": "device-1"}


@pytest.mark.parametrize(
    "name", ["Segment Consent Preference Updated", "Consent Management Interaction"]
)
def test_an_update_of_consent_grants_and_refuses(name: str) -> None:
    context = consent(Analytics=True, C0004=False, Chat=True, Video="perhaps")
    event = event_of(track(name, context=context))

    assert event["type"] == "consent_changed"
    assert event["data"] == {
        "purposes": {"analytics": True, "sale_or_sharing": False, "Chat": True}
    }


@pytest.mark.parametrize("refused", ["denied", "false", "no", 0])
def test_a_refusal_in_words_is_one(refused: Any) -> None:
    (_, refusal) = events_of(item("page", context=consent(ad_storage=refused)))

    assert refusal["data"] == {"purposes": {"sale_or_sharing": False}}


def test_an_update_says_yes_in_words_too() -> None:
    context = consent(analytics_storage="granted", ad_storage="granted", ad_user_data="denied")
    event = event_of(track("Segment Consent Preference Updated", context=context))

    assert event["data"] == {"purposes": {"analytics": True, "sale_or_sharing": False}}


def test_a_list_of_rudderstack_that_is_one_text_names_one_category() -> None:
    context = {"consentManagement": {"allowedConsentIds": [], "deniedConsentIds": "C0004"}}
    (_, refusal) = events_of(item("page", context=context))

    assert refusal["data"] == {"purposes": {"sale_or_sharing": False}}


def test_a_purpose_of_several_categories_needs_all_of_them() -> None:
    context = consent(ad_storage=True, ad_user_data=False, necessary=True)
    event = event_of(track("Segment Consent Preference Updated", context=context))

    assert event["data"] == {"purposes": {"sale_or_sharing": False}}


def test_the_lists_of_rudderstack_say_the_same() -> None:
    management = {"allowedConsentIds": ["C0002", 5], "deniedConsentIds": ["C0003", None]}
    context = {"consentManagement": {**management, "provider": "oneTrust"}}
    event = event_of(track("Consent Management Interaction", context=context))

    assert event["data"] == {"purposes": {"analytics": True, "5": True, "preferences": False}}


def test_a_shop_maps_its_own_categories_to_purposes() -> None:
    settings = {"consent_purposes": {"stats": "analytics", "Analytics": None}}
    shop = EventSource("s", "S", "server", settings=settings)
    context = consent(stats=True, Analytics=False)
    event = event_of(track("Segment Consent Preference Updated", context=context), shop)

    assert event["data"] == {"purposes": {"analytics": True}}


def test_an_update_of_consent_without_categories_is_rejected() -> None:
    path, _ = reason_of(track("Segment Consent Preference Updated"))

    assert path == "context.consent.categoryPreferences"


def test_global_privacy_control_refuses_the_sale_of_data() -> None:
    page, refusal = events_of(item("page"), source=BROWSER, opts_out=True)

    assert page["type"] == "page_viewed"
    assert refusal["data"] == {"purposes": {"sale_or_sharing": False}}


# --------------------------------------------------------------------------- ids and times


def test_the_message_id_is_the_id_of_the_event() -> None:
    assert event_of(item("page", messageId="ajs-next-1-a b"))["id"] == "ajs-next-1-a b"


@pytest.mark.parametrize("message_id", ["x" * 101, "a\tb", "\u202ea"])
def test_a_message_id_that_ours_cannot_be_is_replaced_by_its_hash(message_id: str) -> None:
    first, again = (event_of(item("page", messageId=message_id))["id"] for _ in range(2))

    assert first == again
    assert first.startswith("hash-")
    assert first != event_of(item("page", messageId=message_id + "x"))["id"]


def test_an_item_with_its_time_and_no_id_is_known_again_by_its_content() -> None:
    sent = {"type": "page", "userId": "lea", "timestamp": TIME}
    first = event_of({**sent, "sentAt": "2026-11-27T14:00:00Z"})["id"]

    assert event_of({**sent, "sentAt": "2026-11-27T14:00:09Z"})["id"] == first
    assert event_of({**sent, "name": "Home"})["id"] != first
    assert event_of(sent, BROWSER)["id"] != first


def test_two_items_without_time_and_id_are_two() -> None:
    sent = {"type": "page", "userId": "lea"}

    assert len({event["id"] for event in events_of(sent, sent)}) == 2


@pytest.mark.parametrize(
    ("fields", "time", "sent_at"),
    [
        ({"timestamp": TIME}, TIME, None),
        ({"timestamp": TIME, "sentAt": NOW_TEXT}, TIME, NOW_TEXT),
        ({"timestamp": TIME, "sentAt": {}}, TIME, None),
        ({"originalTimestamp": TIME, "sentAt": NOW_TEXT}, TIME, NOW_TEXT),
        ({"timestamp": NOW_TEXT, "originalTimestamp": TIME}, NOW_TEXT, None),
        ({"sentAt": TIME}, NOW_TEXT, None),
        ({}, NOW_TEXT, None),
    ],
)
def test_an_event_happened_when_its_sender_says_else_when_it_came(
    fields: Any, time: str, sent_at: str | None
) -> None:
    event = event_of({"type": "page", "userId": "lea", "messageId": "m", **fields})

    assert event["time"] == time
    assert event.get("sent_at") == sent_at


# ------------------------------------------------------------------------------------ crawlers


def test_what_a_crawler_does_is_counted_and_dropped() -> None:
    request = mapped(item("page"), item("page"), source=BROWSER, user_agent=CRAWLER)

    assert (request.events, request.rejected, request.crawled) == ((), (), 2)


def test_a_server_tells_of_a_crawler_beside_shoppers() -> None:
    request = mapped(item("page", context={"userAgent": CRAWLER}), item("page"))

    assert (len(request.events), request.crawled) == (1, 1)


@pytest.mark.parametrize("name", ["Order Completed", "Completed Order", "Order Refunded"])
def test_an_order_of_the_back_end_counts_whatever_program_bought(name: str) -> None:
    money = {"order_id": "17", "total": 5, "currency": "EUR"}
    order = track(name, money, context={"userAgent": CRAWLER})

    assert len(mapped(order).events) == 1
    assert mapped(order, source=BROWSER).crawled == 1
