"""What REST asks of the services, by whose key it was asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chassis.core.errors import InvalidInput, Refused
from contracts.offers import DecideResponse
from services.gateway.domain.exchange import EdgeRequest, EdgeResponse, ServiceCall
from services.gateway.domain.sources import EventSource
from services.gateway.handlers import rest
from tests.support.gateway_steps import run_steps

NOW = 1_795_000_000_000_000
BROWSER = EventSource("web", "Web", "browser")
SERVER = EventSource("back", "Back end", "server")
TEST = EventSource("try", "Try", "server", test=True)


class ServiceAnswers:
    """Answers the calls of a handler, and notes them."""

    def __init__(self, **answers: Any) -> None:
        self.calls: list[ServiceCall] = []
        self._answers = answers

    def __call__(self, call: ServiceCall) -> Any:
        self.calls.append(call)
        if call.method == "record":
            return {"receipts": [receipt(each) for each in call.arguments["events"]], "token": {}}
        if call.method == "record_outcomes":
            return {"receipts": [{"status": "appended"} for _ in call.arguments["outcomes"]]}
        return self._answers.get(call.method, {})


def receipt(event: Any) -> dict[str, Any]:
    return {
        "event_id": event["id"],
        "status": "appended",
        "profile_id": "p",
        "stream_id": "s",
        "version": 3,
        "token": {"s": 3},
        "ignored_identifiers": [],
        "warnings": [],
    }


def event(name: str, kind: str = "page_viewed", **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "type": kind,
        "time": "2026-11-18T10:00:00Z",
        "identifiers": {"user_id": "ann", "device_id": "d-1"},
        "authenticated": True,
        "data": {"path": "/"},
        **more,
    }


def ask(
    handler: Any, document: Any, source: EventSource, services: ServiceAnswers, **more: Any
) -> EdgeResponse:
    request = EdgeRequest("POST", "/", source, NOW, document=document, **more)
    response: EdgeResponse = run_steps(handler(request), services)
    return response


def test_a_server_gets_whole_receipts_and_a_token() -> None:
    services = ServiceAnswers()
    body = ask(rest.record, {"events": [event("a")]}, SERVER, services).body
    assert body["token"] == {"s": 3}
    assert body["receipts"][0]["profile_id"] == "p"
    assert services.calls[0].arguments["origin"] == "server"


def test_a_public_key_takes_no_id_of_another_source_and_is_answered_by_the_one_that_it_sent() -> (
    None
):
    ids: list[str] = []
    for source in (SERVER, BROWSER, EventSource("app", "App", "browser")):
        services = ServiceAnswers()
        body = ask(rest.record, {"events": [event("order-1")]}, source, services).body
        assert body["receipts"][0]["event_id"] == "order-1"
        ids.append(services.calls[0].arguments["events"][0]["id"])
    assert ids == ["order-1", "browser:web:order-1", "browser:app:order-1"]


@pytest.mark.parametrize("sent", ["x" * 100, 17, " order-1"])
def test_an_id_of_a_browser_is_its_own_whatever_it_looks_like(sent: Any) -> None:
    services = ServiceAnswers()
    ask(rest.record, {"events": [event(sent)]}, BROWSER, services)
    recorded = services.calls[0].arguments["events"][0]["id"]
    assert recorded.startswith("browser:")
    assert len(recorded) <= 100


def test_an_order_that_names_no_store_is_of_the_sources() -> None:
    for source in (replace(SERVER, store="mugs"), replace(BROWSER, store="mugs")):
        services = ServiceAnswers()
        events = [
            event("a", "order_completed", data={"order_id": "1"}),
            event("b", "order_refunded", data={"order_id": "1", "store": "lamps"}),
            event("c"),
        ]
        ask(rest.record, {"events": events}, source, services)
        (call,) = services.calls
        recorded = [each["data"].get("store") for each in call.arguments["events"]]
        assert recorded == ["mugs", "lamps", None]


def test_more_events_than_a_call_takes_are_refused_before_any_is_recorded() -> None:
    services = ServiceAnswers()
    with pytest.raises(InvalidInput, match="at most 1,000"):
        ask(rest.record, {"events": [event("a")] * 1_001}, BROWSER, services)
    assert services.calls == []


def test_a_browser_is_not_told_whose_its_events_are() -> None:
    services = ServiceAnswers()
    body = ask(rest.record, {"events": [event("a")]}, BROWSER, services).body
    assert body == {
        "receipts": [
            {"event_id": "a", "status": "appended", "ignored_identifiers": [], "warnings": []}
        ]
    }
    assert services.calls[0].arguments["origin"] == "browser"


def test_a_user_token_vouches_for_its_user_and_for_nothing_that_the_shop_alone_knows() -> None:
    events = [
        event("a"),
        event("b", identifiers={"user_id": "bob"}),
        event("c", "order_completed"),
        event("d", "account_updated"),
    ]
    services = ServiceAnswers()
    body = ask(rest.record, {"events": events}, BROWSER, services, user_id="ann").body
    assert [each["event_id"] for each in body["receipts"]] == ["a", "b", "c", "d"]
    origins = [
        (call.arguments["origin"], [e["id"][-1] for e in call.arguments["events"]])
        for call in services.calls
    ]
    assert origins == [("server", ["a"]), ("browser", ["b", "c"]), ("server", ["d"])]
    assert services.calls[2].arguments["events"][0]["proven"] == []


def test_a_test_source_is_warned_as_that_of_a_shop_is() -> None:
    events = [event("a", "order_completd"), event("b", "order_completd", authenticated=None)]
    body = ask(rest.record, {"events": events}, TEST, ServiceAnswers()).body
    assert [each["status"] for each in body["receipts"]] == ["checked", "rejected"]
    for place, receipt in enumerate(body["receipts"]):
        [warning] = receipt["warnings"]
        assert warning["field"] == f"events[{place}].type"
        assert 'did you mean "order_completed"?' in warning["message"]


def test_the_events_of_a_test_source_are_checked_and_recorded_nowhere() -> None:
    services = ServiceAnswers()
    body = ask(rest.record, {"events": [event("a"), {"id": "b"}]}, TEST, services).body
    assert [each["status"] for each in body["receipts"]] == ["checked", "rejected"]
    assert services.calls == []


@pytest.mark.parametrize("document", [None, [], {}, {"events": {}}, {"events": [], "more": []}])
def test_what_is_no_list_of_events_is_named(document: Any) -> None:
    with pytest.raises(InvalidInput, match=r"events|more"):
        ask(rest.record, document, SERVER, ServiceAnswers())


def test_a_browser_is_its_device_whatever_it_claims() -> None:
    decision = {"decision_id": "d", "profile_id": "p", "inputs": {}, "slots": {}, "reasons": ["r"]}
    services = ServiceAnswers(decide=decision)
    claims = {
        "placement": "checkout",
        "identifiers": {"user_id": "ann", "email": "ann@x.de", "loyalty_id": "7", "device_id": "d"},
        "authenticated": True,
        "reserve": True,
        "explain": True,
        "dry_run": True,
        "writeKey": "k",
    }
    body = ask(rest.decide, claims, BROWSER, services).body
    assert services.calls[0].arguments["request"] == {
        "placement": "checkout",
        "identifiers": {"device_id": "d"},
        "authenticated": False,
    }
    reasons = body.pop("reasons")
    assert body == {"decision_id": "d", "slots": {}}
    assert [each.partition(": ")[0] for each in reasons] == [
        "r",
        *(f"ignored:{name}" for name in ("authenticated", "dry_run", "explain", "reserve")),
        "ignored:identifiers",
    ]


def test_a_browser_reserves_nothing_and_learns_who_may() -> None:
    services = ServiceAnswers(decide={"decision_id": "d", "reasons": []})
    asked = {"placement": "checkout", "reserve": True}
    for user in (None, "ann"):
        body = ask(rest.decide, asked, BROWSER, services, user_id=user).body
        (reason,) = body["reasons"]
        assert reason.startswith("ignored:reserve: nothing is reserved")
        assert "have your server ask, with its secret key" in reason
    assert not any("reserve" in call.arguments["request"] for call in services.calls)
    ask(rest.decide, asked, SERVER, services)
    assert services.calls[-1].arguments["request"] == asked


def test_a_browser_that_asks_for_nothing_in_vain_is_told_of_nothing() -> None:
    services = ServiceAnswers(decide={"decision_id": "d", "reasons": []})
    asked = {"placement": "checkout", "reserve": False, "explain": None, "authenticated": False}
    for named, user in (({"device_id": "d"}, None), ({"user_id": "ann"}, "ann"), (None, None)):
        document = {**asked, "identifiers": named}
        body = ask(rest.decide, document, BROWSER, services, user_id=user).body
        assert body["reasons"] == []


def test_a_browser_gets_of_a_decision_what_is_listed_and_nothing_that_a_release_adds() -> None:
    decision = dict.fromkeys([*DecideResponse().fields, "of_tomorrow"], 1)
    body = ask(rest.decide, {"placement": "p"}, BROWSER, ServiceAnswers(decide=decision)).body
    kept = {"profile_id", "inputs", "trace", "reservations", "of_tomorrow"}
    assert decision.keys() - body.keys() == kept


def test_a_browser_with_a_user_token_is_that_user_and_no_other() -> None:
    services = ServiceAnswers(decide={"reasons": []})
    claims = {"placement": "checkout", "identifiers": {"user_id": "bob", "loyalty_id": "7"}}
    ask(rest.decide, claims, BROWSER, services, user_id="ann")
    request = services.calls[0].arguments["request"]
    assert request["identifiers"] == {"user_id": "ann"}
    assert request["authenticated"] is True


def test_a_server_asks_as_it_likes_and_a_test_source_counts_nowhere() -> None:
    asked = {"placement": "checkout", "identifiers": {"user_id": "ann"}, "authenticated": True}
    services = ServiceAnswers(decide={"profile_id": "p"})
    assert ask(rest.decide, asked, SERVER, services).body == {"profile_id": "p"}
    assert services.calls[0].arguments["request"] == asked
    ask(rest.decide, asked, TEST, services)
    assert services.calls[1].arguments["request"] == {**asked, "dry_run": True}


def test_a_browser_reports_what_was_seen_and_clicked_but_no_conversion() -> None:
    outcomes = [
        {"kind": "shown", "decision_id": "d", "slot": "s"},
        {"kind": "Converted ", "decision_id": "d", "slot": "s"},
        {"kind": "clicked", "decision_id": "d", "slot": "s"},
        5,
    ]
    services = ServiceAnswers()
    body = ask(rest.report_outcomes, {"outcomes": outcomes}, BROWSER, services).body
    statuses = [each["status"] for each in body["receipts"]]
    assert statuses == ["appended", "rejected", "appended", "appended"]
    assert services.calls[0].arguments["outcomes"] == [outcomes[0], outcomes[2], 5]
    assert (
        ask(rest.report_outcomes, {"outcomes": outcomes[:1]}, TEST, ServiceAnswers()).body[
            "receipts"
        ][0]["status"]
        == "rejected"
    )


@pytest.mark.parametrize("document", [None, [], "checkout"])
def test_what_is_no_request_is_named(document: Any) -> None:
    for handler in (rest.decide, rest.report_outcomes):
        with pytest.raises(InvalidInput):
            ask(handler, document, BROWSER, ServiceAnswers())
    with pytest.raises(InvalidInput, match="identifiers"):
        ask(rest.decide, {"placement": "cart", "identifiers": "d-1"}, BROWSER, ServiceAnswers())


def test_recommendations_are_for_a_server_or_for_the_user_whose_token_comes_along() -> None:
    offer = {"offer_id": "socks", "content": {"title": "Socks"}}
    decision = {"decision_id": "d", "slots": {"upsell": [offer, {"offer_id": None}]}}
    query = {"user_id": "ann"}
    for source, user in ((SERVER, None), (BROWSER, "ann")):
        services = ServiceAnswers(decide=decision)
        body = ask(rest.recommend, None, source, services, query=query, user_id=user).body
        assert body["recommendations"] == [offer]
        assert services.calls[0].arguments["request"]["identifiers"] == {"user_id": "ann"}
    for user in (None, "bob"):
        with pytest.raises(Refused):
            ask(rest.recommend, None, BROWSER, ServiceAnswers(), query=query, user_id=user)
    for wrong in ({}, {**query, "slot": "nowhere"}):
        with pytest.raises(InvalidInput):
            ask(rest.recommend, None, SERVER, ServiceAnswers(decide=decision), query=wrong)


def test_a_shopper_is_named_by_the_query() -> None:
    services = ServiceAnswers(get={"profile_id": "p"})
    ask(rest.show_profile, None, SERVER, services, query={"user_id": "ann"})
    assert services.calls[0].arguments == {"identifiers": {"user_id": "ann"}}
    ask(rest.show_profile, None, SERVER, services, query={"profile_id": "p"})
    assert services.calls[1].arguments == {"profile_id": "p"}
    for query in ({}, {"user_id": " "}, {"profile_id": "p", "user_id": "ann"}):
        with pytest.raises(InvalidInput):
            ask(rest.show_profile, None, SERVER, services, query=query)


@pytest.mark.parametrize(
    ("source", "query", "user_id"),
    [
        (BROWSER, {}, "ann"),
        (BROWSER, {"user_id": "ann"}, "ann"),
        (SERVER, {"user_id": " ann "}, None),
        (SERVER, {}, "ann"),
        (SERVER, {"user_id": "ann"}, "ann"),
    ],
)
def test_a_form_is_filled_for_whom_a_token_or_a_server_names(
    source: EventSource, query: dict[str, str], user_id: str | None
) -> None:
    services = ServiceAnswers(checkout_profile={"addresses": [], "payment_methods": []})
    answered = ask(rest.show_checkout_profile, None, source, services, query=query, user_id=user_id)
    assert answered.body == {"addresses": [], "payment_methods": []}
    assert [call.arguments for call in services.calls] == [{"user_id": "ann"}]


@pytest.mark.parametrize(
    ("source", "query", "user_id"),
    [
        (BROWSER, {}, None),
        (BROWSER, {"user_id": "ann"}, None),
        (BROWSER, {"user_id": "ann"}, "ben"),
        (BROWSER, {"email": "ann@shop.example"}, None),
        (BROWSER, {"device_id": "d-1"}, None),
        (SERVER, {}, None),
        (SERVER, {"user_id": " "}, None),
        (SERVER, {"email": "ann@shop.example"}, None),
        (SERVER, {"device_id": "d-1"}, None),
        (SERVER, {"profile_id": "p"}, None),
        (SERVER, {"user_id": "ann"}, "ben"),
    ],
)
def test_whoever_is_not_verified_is_refused_in_the_same_words_and_nobody_is_asked(
    source: EventSource, query: dict[str, str], user_id: str | None
) -> None:
    services = ServiceAnswers()
    with pytest.raises(Refused) as refused:
        ask(rest.show_checkout_profile, None, source, services, query=query, user_id=user_id)
    assert refused.value.subject == "user_id"
    assert refused.value.message == (
        "is not verified: send the token of a user who is signed in (signed with the source's"
        " secret for users, `exp` ahead and at most a day after `iat`), or the user_id with a"
        " server's key"
    )
    assert services.calls == []


def test_a_browsers_receipt_has_no_id_if_its_event_was_none() -> None:
    def answer(call: ServiceCall) -> Any:
        return {"receipts": [{"event_id": "x", "status": "rejected"}], "token": {}}

    request = EdgeRequest("POST", "/", BROWSER, NOW, document={"events": ["no event"]})
    response: EdgeResponse = run_steps(rest.record(request), answer)
    assert response.body["receipts"][0]["status"] == "rejected"
