"""Facts about the entries of the tracking API, with the calls that they make answered here."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from chassis.core.errors import Failure, InvalidInput, NotFound, Unavailable
from contracts.ingest import read_events
from services.gateway.domain.exchange import EdgeRequest, EdgeResponse, ServiceCall
from services.gateway.domain.sources import EventSource
from services.gateway.domain.tracking.items import MAX_ITEMS
from services.gateway.domain.tracking.recording import MAX_CALL_EVENTS
from services.gateway.handlers.tracking import ROUTES
from tests.support.gateway_steps import run_steps
from tests.support.tracked import BROWSER, NOW, SERVER, item, track

CRAWLER = "Googlebot/2.1"
TEST_SOURCE = EventSource("trial", "A trial", "server", test=True)


class Platform:
    """Stands in for what the gateway calls: profiles checks events as it does, and keeps ids."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.origins: list[str] = []
        self.calls: list[int] = []
        self.rejects: list[dict[str, Any]] = []
        self.crawled = 0
        self.poison: Callable[[dict[str, Any]], Exception | None] = lambda event: None

    def __call__(self, call: ServiceCall) -> Any:
        arguments: Any = call.arguments
        match call.service, call.method:
            case "profiles", "record":
                return {"receipts": self._record(**arguments), "token": {}}
            case "gateway", "keep_rejects" | "keep_public_rejects":
                self.rejects += arguments["rejects"]
                return len(arguments["rejects"])
            case "gateway", "count_crawled":
                self.crawled += arguments["items"]
                return None
            case "gateway", "read_package":
                return b'key="__WRITE_KEY__"'
        raise NotFound("call", call.method)

    def _record(self, events: list[dict[str, Any]], origin: str) -> list[dict[str, Any]]:
        self.calls.append(len(events))
        for event in events:
            if (error := self.poison(event)) is not None:
                raise error
        checked = read_events([dict(event) for event in events], NOW, origin=origin)
        receipts = []
        for place, event in enumerate(events):
            if place in checked.errors:
                errors = [each.to_wire() for each in checked.errors[place].errors]
                receipts.append({"status": "rejected", "errors": errors})
                continue
            known = event["id"] in {each["id"] for each in self.events}
            receipts.append({"status": "duplicate" if known else "appended"})
            if not known:
                self.events.append(event)
                self.origins.append(origin)
        return receipts


@pytest.fixture
def platform() -> Platform:
    return Platform()


def send(
    platform: Callable[[ServiceCall], Any],
    path: str,
    document: Any = None,
    source: EventSource = SERVER,
    method: str = "POST",
    **request: Any,
) -> EdgeResponse:
    """The response at a path, found as a server finds it."""
    for route in ROUTES:
        pattern, parts = route.path.split("/"), path.split("/")
        if route.method != method or len(pattern) != len(parts):
            continue
        parameters = {p[1:-1]: part for p, part in zip(pattern, parts, strict=True) if p[:1] == "{"}
        if all(p[:1] == "{" or p == part for p, part in zip(pattern, parts, strict=True)):
            edge = EdgeRequest(
                method, path, source, NOW, document=document, parameters=parameters, **request
            )
            return run_steps(route.handler(edge), platform)
    raise AssertionError(f"no route for {path}")


def batch(*items: Any, **fields: Any) -> dict[str, Any]:
    return {"batch": list(items), **fields}


def pages(number: int) -> list[dict[str, Any]]:
    return [item("page", messageId=f"page-{n}") for n in range(number)]


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/b", "/v1/import", "/beacon/v1/batch"])
def test_a_batch_is_recorded_and_answered_with_200(platform: Platform, path: str) -> None:
    response = send(platform, path, batch(*pages(2), track("Song Played", messageId="m")))

    assert response.status == 200
    assert response.body["success"] is True
    assert [event["id"] for event in platform.events] == ["page-0", "page-1", "m"]
    assert platform.calls == [3]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        *((f"/v1/{path}", "page_viewed") for path in ("page", "p")),
        *((f"/v1/{path}", "screen_viewed") for path in ("screen", "s")),
        *((f"/v1/{path}", "song_played") for path in ("track", "t")),
        *((f"/v1/{path}", "traits_changed") for path in ("identify", "i")),
        *((f"/v1/{path}", "group") for path in ("group", "g")),
        *((f"/v1/{path}", "alias") for path in ("alias", "a")),
        *((f"/api/s/{path}", kind) for path, kind in (("page", "page_viewed"), ("alias", "alias"))),
        ("/api/s/s2s/track", "song_played"),
    ],
)
def test_an_item_that_comes_alone_is_of_the_kind_of_its_path(
    platform: Platform, path: str, kind: str
) -> None:
    sent = {"event": "Song Played", "traits": {"city": "Berlin"}, "userId": "lea"}

    assert send(platform, path, sent).status == 200
    assert [event["type"] for event in platform.events] == [kind]


def test_a_batch_of_jitsu_is_one_too(platform: Platform) -> None:
    assert send(platform, "/api/s/batch", batch(*pages(2))).status == 200
    assert len(platform.events) == 2


def test_a_bad_item_never_spoils_its_batch(platform: Platform) -> None:
    order = {"order_id": "1", "currency": "EUR", "revenue": "1,234"}
    sent = [
        item("page", messageId="good-1"),
        "no item",
        item("play", messageId="bad-1"),
        track("Order Completed", order, messageId="bad-2"),
        item("page", messageId="bad-3", timestamp="yesterday"),
        item("page", messageId="good-2"),
    ]
    response = send(platform, "/v1/batch", batch(*sent))

    assert response.status == 200
    assert [event["id"] for event in platform.events] == ["good-1", "good-2"]
    assert [(each["field"], each["payload"]) for each in platform.rejects] == [
        ("", "no item"),
        ("type", sent[2]),
        ("properties.revenue", sent[3]),
        ("time", sent[4]),
    ]
    assert all(each["reason"] for each in platform.rejects)
    assert [(each["item"], each["messageId"]) for each in response.body["rejected"]] == [
        (1, None),
        (2, "bad-1"),
        (3, "bad-2"),
        (4, "bad-3"),
    ]


def test_a_browser_is_not_told_what_was_rejected(platform: Platform) -> None:
    response = send(platform, "/v1/b", batch(item("play")), BROWSER)

    assert response.body == {"success": True, "ok": True}
    assert len(platform.rejects) == 1


def test_what_is_rejected_is_kept_without_keys_and_addresses_of_the_internet(
    platform: Platform,
) -> None:
    context = {"ip": "203.0.113.9", "userToken": "a token", "traits": {"user_token": "a token"}}
    send(platform, "/v1/batch", batch(item("play", context=context, writeKey="a key")))

    kept = str(platform.rejects)
    assert "play" in kept
    assert not any(secret in kept for secret in ("203.0.113.9", "a token", "a key"))


def test_events_of_a_token_and_of_a_browser_go_in_calls_of_their_own_in_order(
    platform: Platform,
) -> None:
    order = {"order_id": "1", "currency": "EUR", "revenue": 1}
    sent = [
        item("identify", userId="lea", messageId="a"),
        track("Order Completed", order, messageId="b"),
        item("page", messageId="c"),
    ]
    send(platform, "/v1/b", batch(*sent), BROWSER, user_id="lea")

    ids = [event["id"] for event in platform.events]
    assert ids == ["browser:pages:a", "browser:pages:b", "browser:pages:c"]
    assert platform.origins == ["server", "browser", "server"]


def test_what_a_crawler_sends_is_counted_and_dropped(platform: Platform) -> None:
    response = send(platform, "/v1/b", batch(*pages(3)), BROWSER, headers={"user-agent": CRAWLER})

    assert response.status == 200
    assert (platform.events, platform.crawled) == ([], 3)


def test_events_of_a_source_for_tests_count_nowhere_but_are_checked(platform: Platform) -> None:
    bad = item("page", messageId="bad", timestamp="yesterday")
    response = send(platform, "/v1/batch", batch(*pages(2), bad), TEST_SOURCE)

    assert (platform.events, platform.calls) == ([], [])
    assert [each["field"] for each in platform.rejects] == ["time"]
    assert [each["messageId"] for each in response.body["rejected"]] == ["bad"]


def test_a_large_batch_is_recorded_in_calls_that_profiles_takes(platform: Platform) -> None:
    assert send(platform, "/v1/batch", batch(*pages(1_200))).status == 200
    assert platform.calls == [MAX_CALL_EVENTS, MAX_CALL_EVENTS, 200]


def test_a_batch_of_too_many_items_is_refused_for_good(platform: Platform) -> None:
    response = send(platform, "/v1/batch", batch(*[{}] * (MAX_ITEMS + 1)))

    assert response.status == 413
    assert set(response.body) == {"code", "message"}


@pytest.mark.parametrize("document", [None, 5, [], {}, {"batch": {}}, {"batch": None}])
def test_what_is_no_batch_is_refused_with_a_code_and_a_message(
    platform: Platform, document: Any
) -> None:
    response = send(platform, "/v1/batch", document)

    assert response.status == 400
    assert set(response.body) == {"code", "message"}


@pytest.mark.parametrize("document", [None, 5, [], "x"])
def test_what_is_no_item_is_refused_with_a_code_and_a_message(
    platform: Platform, document: Any
) -> None:
    response = send(platform, "/v1/track", document)

    assert response.status == 400
    assert set(response.body) == {"code", "message"}


def test_an_unknown_kind_in_a_path_of_jitsu_is_refused(platform: Platform) -> None:
    assert send(platform, "/api/s/play", {}).status == 404


def test_an_outage_is_answered_by_an_error_that_asks_for_a_repeat(platform: Platform) -> None:
    platform.poison = lambda event: Unavailable("profiles", "does not respond")
    with pytest.raises(Unavailable):
        send(platform, "/v1/batch", batch(*pages(2)))
    platform.poison = lambda event: None
    send(platform, "/v1/batch", batch(*pages(2)))

    assert len(platform.events) == 2
    assert platform.rejects == []


@pytest.mark.parametrize("error", [Failure("x", "broke"), InvalidInput("events", "is large")])
@pytest.mark.parametrize("place", [0, 1, 7])
def test_an_event_that_makes_its_call_fail_is_rejected_and_the_others_are_recorded(
    platform: Platform, error: Exception, place: int
) -> None:
    platform.poison = lambda event: error if event["id"] == f"page-{place}" else None
    response = send(platform, "/v1/batch", batch(*pages(8)))

    assert response.status == 200
    assert len(platform.events) == 7
    assert [each["payload"]["messageId"] for each in platform.rejects] == [f"page-{place}"]


def test_of_an_event_whose_shopper_cannot_be_known_the_reason_of_each_identifier_is_kept() -> None:
    rejects: list[Any] = []
    error = {"field": "events[0].identifiers", "message": "has none that can be used"}
    ignored = {"type": "user_id", "reason": "is a placeholder"}
    receipt = {"status": "rejected", "errors": [error], "ignored_identifiers": [ignored]}

    def answer(call: ServiceCall) -> Any:
        if call.service == "profiles":
            return {"receipts": [receipt], "token": {}}
        rejects.extend(call.arguments["rejects"])
        return 1

    send(answer, "/v1/page", item("page", userId="null"))
    assert [(each["field"], each["reason"]) for each in rejects] == [
        ("identifiers", "has none that can be used; identifiers.user_id is a placeholder")
    ]


def test_an_event_that_was_sent_before_with_other_content_is_rejected() -> None:
    rejects: list[Any] = []

    def answer(call: ServiceCall) -> Any:
        if call.service == "profiles":
            return {"receipts": [{"status": "conflict", "errors": []}], "token": {}}
        rejects.extend(call.arguments["rejects"])
        return 1

    send(answer, "/v1/page", item("page"))
    assert [each["field"] for each in rejects] == ["messageId"]


def test_many_events_that_make_their_calls_fail_are_not_looked_for_without_end(
    platform: Platform,
) -> None:
    platform.poison = lambda event: (
        Failure("x", "broke") if int(event["id"].partition("-")[2]) % 2 else None
    )
    with pytest.raises(Failure):
        send(platform, "/v1/batch", batch(*pages(100)))

    assert len(platform.calls) < 60


def test_where_every_call_fails_no_event_is_to_blame(platform: Platform) -> None:
    platform.poison = lambda event: Failure("x", "broke")
    with pytest.raises(Failure):
        send(platform, "/v1/batch", batch(*pages(100)))
    with pytest.raises(Failure):
        send(platform, "/v1/page", pages(1)[0])
    with pytest.raises(Failure):
        send(platform, "/v1/batch", batch(*pages(2)))

    assert platform.rejects == []
    assert len(platform.calls) < 30


def test_what_an_sdk_measures_of_itself_is_dropped(platform: Platform) -> None:
    assert send(platform, "/v1/m", {"series": []}, BROWSER).status == 200
    assert platform.calls == []


def test_settings_make_analytics_next_send_to_the_host_that_it_asked(platform: Platform) -> None:
    response = send(
        platform,
        "/v1/projects/key1/settings",
        source=BROWSER,
        method="GET",
        headers={"host": "shop.example:8443", "x-forwarded-proto": "https"},
    )
    assert list(response.body["integrations"]) == ["Segment.io"]
    integration = response.body["integrations"]["Segment.io"]
    assert integration["apiKey"] == "key1"
    assert (integration["apiHost"], integration["protocol"]) == ("shop.example:8443/v1", "https")
    assert "Cache-Control" not in response.headers


def test_settings_of_a_source_with_an_address_may_be_cached(platform: Platform) -> None:
    source = EventSource("p", "P", "browser", settings={"public_url": "https://shop.example/cdp/"})
    response = send(platform, "/v1/projects/key1/settings", source=source, method="GET")

    assert b'"apiHost": "shop.example/cdp/v1"' in response.body
    assert response.headers["Cache-Control"].startswith("public")


def test_the_script_is_that_of_the_package_with_the_key_in_it(platform: Platform) -> None:
    response = send(
        platform, "/analytics.js/v1/key1/analytics.min.js", source=BROWSER, method="GET"
    )
    assert response.body == b'key="key1"'
    assert response.headers["Content-Type"].startswith("text/javascript")


def test_without_the_package_the_script_is_not_found_and_the_answer_says_what_to_do() -> None:
    def nothing(call: ServiceCall) -> Any:
        raise NotFound("package", "is not installed")

    response = send(nothing, "/analytics.js/v1/k/analytics.min.js", source=BROWSER, method="GET")

    assert response.status == 404
    assert "CDP_GATEWAY_NODE_MODULES" in response.body["message"]


@pytest.mark.parametrize("path", ["/sourceConfig", "/sourceConfig/"])
def test_the_source_of_rudderstack_is_valid_for_its_script(platform: Platform, path: str) -> None:
    response = send(platform, path, source=BROWSER, method="GET", query={"writeKey": "key1"})
    source = json.loads(response.body)["source"]

    assert source["id"] == "pages"
    assert source["enabled"] is True
    assert source["destinations"] == []
    assert isinstance(source["config"], dict)


def test_an_item_with_a_card_number_is_rejected_and_kept_without_it(platform: Platform) -> None:
    noted = track(
        "Note Taken", messageId="n-1", properties={"text": "my card: 4111 1111 1111 1111"}
    )
    response = send(platform, "/v1/batch", batch(noted, *pages(1)))

    assert [each["type"] for each in platform.events] == ["page_viewed"]
    assert response.body["rejected"][0]["messageId"] == "n-1"
    (reject,) = platform.rejects
    assert "card number" in reject["reason"]
    assert reject["payload"]["properties"] == {"text": "my card: **** **** **** 1111"}
    assert "1111 1111" not in str(response.body)
