"""Webhooks from the request to the events: checked, kept sealed, answered, understood, replayed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from standardwebhooks import Webhook

from chassis import FixedClock, Unavailable
from chassis.config.sealing import Seal
from chassis.core.instants import DAY, SECOND
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from services.gateway import store
from services.gateway.commands import SEAL_PURPOSE, OwnCalls, add_secret, create_key
from services.gateway.domain.exchange import EdgeResponse, ServiceCall
from services.gateway.domain.keys import key_digest
from services.gateway.domain.routing import Router
from services.gateway.domain.serving import ReceivedRequest, serve
from services.gateway.domain.webhooks.retries import LONGEST_OUTAGE_PAUSE, LONGEST_PAUSE
from services.gateway.handlers import webhooks
from services.gateway.handlers.webhook_settling import settle_waiting
from tests.support.gateway_steps import run_steps
from tests.support.shop_webhooks import (
    RECEIVED_AT,
    SECRET,
    Payload,
    body_of,
    shopify_order,
    shopify_refund,
    signed,
    source,
    stripe_charge,
    stripe_event,
    stripe_refund,
    stripe_session,
    stripe_signed,
    woo_order,
)

SERVICE = "gateway"
STANDARD_SECRET = "whsec_bWFkZSB1cCBmb3IgdGVzdHM="
MAPPING = """\
rows: {unless: {type: ping}}
event:
  id: "till-{data.receipt}"
  type: order_completed
  time: {from: "{cdp_file_time}", as: time}
  identifiers: {loyalty_id: "{data.card}"}
  authenticated: true
  data:
    order_id: "{data.receipt}"
    revenue: {from: "{data.total}", as: amount}
    currency: "{data.currency}"
"""


class WebhookEdge:
    """The routes of webhooks over the gateway's database, and profiles as the test wants it."""

    def __init__(self, database: Database, clock: FixedClock) -> None:
        self.clock = clock
        work = UnitOfWorkRunner(database, SERVICE, clock)
        self.own = OwnCalls(work, Seal(b"a key for tests", SEAL_PURPOSE))
        self.router = Router(webhooks.ROUTES)
        self.recorded: list[dict[str, Any]] = []
        self.is_away = False
        self.is_cut_off = False
        self.slow: set[str] = set()  # orders of which no event is ever recorded in time
        self.asked = 0
        self.rejected: set[str] = set()  # types of events

    def answer(self, call: ServiceCall) -> Any:
        """What a service returns."""
        if call.service == SERVICE:
            return self.own.call(call.method, call.arguments)
        assert (call.service, call.method) == ("profiles", "record")
        self.asked += 1
        if self.is_cut_off:
            raise Unavailable("broker", "is out of reach; try again")
        orders = {str(each["data"].get("order_id")) for each in call.arguments["events"]}
        if self.is_away or orders & self.slow:
            raise Unavailable("profiles", "did not answer in 10 s; try again")
        receipts = []
        for place, event in enumerate(call.arguments["events"]):
            known = event["id"] in {each["id"] for each in self.recorded}
            status = "duplicate" if known else "appended"
            if event["type"] in self.rejected:
                error = {"field": f"events[{place}].data.amount", "message": "is too much"}
                receipts.append({"status": "rejected", "error": error})
                continue
            receipts.append({"status": status})
            if not known:
                self.recorded.append(dict(event))
        return {"receipts": receipts}

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> EdgeResponse:
        """The response of a request, whose source is named by its path."""
        matched = self.router.find("POST", path)
        received = ReceivedRequest("POST", path, self.clock.now(), headers=headers, body=body)
        return run_steps(serve(matched, received), self.answer)

    def shopify(self, topic: str, document: Payload, secret: str = SECRET) -> EdgeResponse:
        """The response of a webhook of Shopify."""
        body = body_of(document)
        headers = {"x-shopify-topic": topic, "x-shopify-hmac-sha256": signed(body, secret)}
        return self.post("/webhooks/src-1/shopify", body, headers)

    def stripe(self, topic: str, one: Payload) -> EdgeResponse:
        """The response of an event of Stripe."""
        body = body_of(stripe_event(topic, one))
        header = stripe_signed(body, self.clock.now() // SECOND)
        return self.post("/webhooks/src-1/stripe", body, {"stripe-signature": header})

    def standard(self, document: Payload, message: str = "msg_1") -> EdgeResponse:
        """The response of a message that is signed by Standard Webhooks."""
        body, seconds = body_of(document), self.clock.now() // SECOND
        return self.post("/webhooks/src-1/standard", body, standard_headers(body, seconds, message))

    def settle_waiting(self) -> int:
        """Settle whatever waits; how many."""
        return run_steps(settle_waiting(), self.answer).total()

    def deliveries(self, **which: Any) -> list[tuple[str, str, str | None]]:
        """The deliveries, the oldest first: topic, status, and why."""
        rows = self.own.call("list_deliveries", which)
        return [(row["topic"], row["status"], row["reason"]) for row in reversed(rows)]


def standard_headers(body: bytes, seconds: int, message: str) -> dict[str, str]:
    moment = datetime.fromtimestamp(seconds, UTC)
    signature = Webhook(STANDARD_SECRET).sign(message, moment, body.decode())
    return {
        "webhook-id": message,
        "webhook-timestamp": str(seconds),
        "webhook-signature": signature,
    }


@pytest.fixture
def edge(service_database: Callable[[str], Database]) -> WebhookEdge:
    """A gateway with a source that has several secrets for webhooks, as during a rotation."""
    edge = WebhookEdge(service_database(SERVICE), FixedClock(RECEIVED_AT))
    work, seal = edge.own.work, edge.own.seal
    work.run(partial(store.put_source, source=source(settings={"mapping": MAPPING})))
    for secret in (SECRET, "the next one", STANDARD_SECRET):
        put = partial(
            store.put_secret, seal=seal, source_id="src-1", purpose="webhooks", secret=secret
        )
        work.run(put)
    return edge


def test_a_signed_webhook_is_kept_sealed_answered_and_then_understood(edge: WebhookEdge) -> None:
    response = edge.shopify("orders/create", shopify_order())
    assert response.status == 200
    assert edge.deliveries() == [("shopify:orders/create", "waiting", None)]
    assert edge.recorded == []
    query = sa.select(store.DELIVERIES.c.body, store.DELIVERIES.c.headers)
    row = edge.own.work.run(lambda unit: unit.connection.execute(query).one())
    assert b"lea@shop.example" not in row.body
    assert b"orders/create" not in row.headers
    assert edge.settle_waiting() == 1
    assert edge.deliveries() == [("shopify:orders/create", "done", None)]
    assert [each["type"] for each in edge.recorded] == ["order_completed", "order_updated"]
    assert edge.settle_waiting() == 0


def test_either_secret_of_a_rotation_counts_and_nothing_that_is_wrong_is_kept(
    edge: WebhookEdge,
) -> None:
    assert edge.shopify("orders/create", shopify_order(), "the next one").status == 200
    assert edge.shopify("orders/create", shopify_order(), "a stranger's").status == 401
    body = body_of(stripe_event("invoice.paid", {"id": "in_1"}))
    old = stripe_signed(body, RECEIVED_AT // SECOND - 3_600)
    assert edge.post("/webhooks/src-1/stripe", body, {"stripe-signature": old}).status == 401
    headers = standard_headers(b"{}", RECEIVED_AT // SECOND - 3_600, "msg_1")
    assert edge.post("/webhooks/src-1/standard", b"{}", headers).status == 401
    assert edge.post("/webhooks/src-1/shopify", b"{}", {}).status == 401
    assert edge.post("/webhooks/nobody/shopify", b"{}", {}).status == 404
    assert len(edge.deliveries()) == 1


def test_nothing_is_parsed_that_is_not_signed(
    edge: WebhookEdge, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[bytes] = []
    monkeypatch.setattr(webhooks, "load_json", parsed.append)
    for path in ("stripe", "standard"):
        headers = {"stripe-signature": f"t={RECEIVED_AT // SECOND},v1=00"}
        assert edge.post(f"/webhooks/src-1/{path}", b"[" * 500, headers).status == 401
    assert parsed == []


def test_a_source_that_has_a_shop_takes_no_signed_body_in_the_name_of_another(
    edge: WebhookEdge,
) -> None:
    mugs = source(settings={"shop_domain": "mugs.myshopify.com"})
    edge.own.work.run(partial(store.put_source, source=mugs))
    body = body_of(shopify_order())
    given = {"x-shopify-topic": "orders/create", "x-shopify-hmac-sha256": signed(body)}
    for shop, status in (("mugs", 200), ("lamps", 401)):
        for header in ("x-shopify-shop-domain", "shopify-shop-domain"):
            headers = {**given, header: f"{shop}.myshopify.com"}
            response = edge.post("/webhooks/src-1/shopify", body, headers)
            assert response.status == status
    assert "another shop" in response.body["message"]
    assert edge.post("/webhooks/src-1/shopify", body, given).status == 401
    woo = {"x-wc-webhook-topic": "order.created", "x-wc-webhook-signature": signed(body)}
    for shop, status in (("mugs.myshopify.com", 200), ("lamps.example", 401)):
        headers = {**woo, "x-wc-webhook-source": f"https://{shop}/"}
        assert edge.post("/webhooks/src-1/woocommerce", body, headers).status == status
    assert len(edge.deliveries()) == 3


def test_a_signed_order_that_comes_again_as_a_deletion_ends_nothing_and_is_listed(
    edge: WebhookEdge,
) -> None:
    edge.shopify("orders/create", shopify_order())
    edge.shopify("orders/delete", shopify_order())
    edge.settle_waiting()
    assert [(status, reason) for _, status, reason in edge.deliveries()] == [
        ("done", None),
        ("failed", "topic: is not what this body is of: it was sent under another topic"),
    ]
    assert "order_cancelled" not in {each["type"] for each in edge.recorded}


def test_a_delivery_that_comes_again_counts_once(edge: WebhookEdge) -> None:
    for _ in range(2):
        for topic in ("orders/create", "orders/paid"):
            edge.shopify(topic, shopify_order())
        edge.shopify("refunds/create", shopify_refund())
    assert edge.settle_waiting() == 6
    assert {status for _, status, _ in edge.deliveries()} == {"done"}
    assert len(edge.recorded) == 3


def test_while_profiles_is_away_deliveries_are_answered_and_wait(edge: WebhookEdge) -> None:
    edge.is_away = True
    for number in range(5_001, 5_031):
        assert edge.shopify("orders/create", shopify_order(number)).status == 200
    for _ in range(12):
        edge.settle_waiting()
        edge.clock.at += 5 * SECOND
    assert {status for _, status, _ in edge.deliveries()} == {"waiting"}
    edge.is_away = False
    edge.clock.at += LONGEST_OUTAGE_PAUSE
    while edge.settle_waiting():
        pass
    assert {status for _, status, _ in edge.deliveries()} == {"done"}
    assert len({each["data"]["order_id"] for each in edge.recorded}) == 30


def test_while_the_broker_is_out_of_reach_no_try_is_counted(edge: WebhookEdge) -> None:
    edge.is_cut_off = True
    edge.shopify("orders/create", shopify_order())
    with pytest.raises(Unavailable):
        edge.settle_waiting()
    assert edge.deliveries() == [("shopify:orders/create", "waiting", None)]
    edge.is_cut_off = False
    assert edge.settle_waiting() == 1
    assert len(edge.recorded) == 2


def test_one_that_is_never_recorded_in_time_holds_up_no_other_and_is_tried_again(
    edge: WebhookEdge,
) -> None:
    edge.slow = {"5001"}
    for number in range(5_001, 5_031):
        edge.shopify("orders/create", shopify_order(number))
    assert [edge.settle_waiting() for _ in range(3)] == [25, 5, 0]
    assert len({each["data"]["order_id"] for each in edge.recorded}) == 29
    (row,) = edge.own.call("list_deliveries", {"status": "waiting"})
    assert row["reason"] == "profiles: did not answer in 10 s; try again"
    assert row["attempts"] == 1
    pauses = []
    for attempts in range(2, 16):
        pauses.append(row["next_try_at"] - edge.clock.at)
        edge.clock.at = row["next_try_at"] - 1
        assert edge.settle_waiting() == 0
        edge.clock.at += 1
        edge.shopify("orders/create", shopify_order(6_000 + attempts))
        assert edge.settle_waiting() == 2
        (row,) = edge.own.call("list_deliveries", {"status": "waiting"})
        assert row["attempts"] == attempts
    assert pauses[0] < 6 * SECOND
    assert LONGEST_PAUSE / 2 < pauses[-1] <= LONGEST_PAUSE
    edge.slow = set()
    edge.clock.at = row["next_try_at"]
    assert edge.settle_waiting() == 1
    assert edge.deliveries(status="waiting") == []
    assert [each["data"]["order_id"] for each in edge.recorded][-1] == "5001"


def test_many_that_are_never_recorded_in_time_hold_up_none_that_come_after_them(
    edge: WebhookEdge,
) -> None:
    edge.slow = {str(number) for number in range(5_001, 5_041)}
    for number in range(5_001, 5_041):
        edge.shopify("orders/create", shopify_order(number))
    while edge.settle_waiting():
        pass
    edge.clock.at += LONGEST_PAUSE
    edge.asked = 0
    edge.shopify("orders/create", shopify_order(7_000))
    edge.settle_waiting()
    assert edge.asked <= 4
    assert edge.recorded[0]["data"]["order_id"] == "7000"
    assert len(edge.deliveries(status="waiting")) == 40


def test_who_is_late_takes_nothing_back_that_another_process_has_settled(
    edge: WebhookEdge,
) -> None:
    edge.shopify("orders/create", shopify_order())
    (delivery,) = edge.own.call("waiting_deliveries", {"limit": 25})
    late = {"delivery_id": delivery.delivery_id, "attempts": 0, "reason": "late", "pause": SECOND}
    edge.own.call("postpone_delivery", late)
    edge.own.call("postpone_delivery", late)
    (row,) = edge.own.call("list_deliveries", {})
    assert (row["attempts"], row["reason"]) == (1, "late")
    edge.clock.at += SECOND
    assert edge.settle_waiting() == 1
    edge.own.call("postpone_delivery", {**late, "attempts": 2})
    (row,) = edge.own.call("list_deliveries", {})
    assert (row["status"], row["reason"], row["next_try_at"]) == ("done", None, None)


def test_what_waits_for_its_next_try_is_not_forgotten_and_can_be_tried_at_once(
    edge: WebhookEdge,
) -> None:
    edge.slow = {"5001"}
    edge.shopify("orders/create", shopify_order())
    edge.settle_waiting()
    edge.clock.at += 90 * DAY
    edge.own.sweep()
    (row,) = edge.own.call("list_deliveries", {"status": "waiting"})
    edge.settle_waiting()
    edge.slow = set()
    assert edge.settle_waiting() == 0
    assert edge.own.call("await_again", {"delivery_id": row["delivery_id"]}) == 1
    assert edge.settle_waiting() == 1
    edge.own.sweep()
    assert edge.deliveries() == []


def test_what_cannot_be_understood_is_listed_with_its_reason_and_holds_up_nothing(
    edge: WebhookEdge,
) -> None:
    edge.shopify("orders/create", shopify_order(created_at="yesterday"))
    edge.shopify("orders/create", shopify_order(line_items="no lines", refunds=[{"id": [1]}]))
    edge.shopify("products/update", {"id": 1})
    body = b"[not JSON"
    edge.post(
        "/webhooks/src-1/shopify",
        body,
        {"x-shopify-topic": "orders/paid", "x-shopify-hmac-sha256": signed(body)},
    )
    edge.shopify("orders/create", shopify_order())
    edge.settle_waiting()
    assert [(status, reason) for _, status, reason in edge.deliveries()] == [
        ("failed", "created_at: is no date and time; write it as 2026-11-21T19:30:00Z"),
        ("failed", "id: is missing"),
        ("ignored", "is a topic of which nothing is made"),
        ("failed", "body: is no JSON object"),
        ("done", None),
    ]


def test_what_profiles_rejects_is_listed_by_field_and_can_be_replayed(edge: WebhookEdge) -> None:
    edge.rejected = {"order_refunded"}
    edge.shopify("orders/create", shopify_order())
    edge.shopify("refunds/create", shopify_refund())
    edge.settle_waiting()
    assert edge.deliveries(status="failed") == [
        ("shopify:refunds/create", "failed", "1 of 1 events: data.amount is too much")
    ]
    edge.rejected = set()
    (failed,) = edge.own.call("list_deliveries", {"status": "failed"})
    assert edge.own.call("await_again", {"delivery_id": failed["delivery_id"]}) == 1
    assert edge.settle_waiting() == 1
    assert edge.deliveries(status="failed") == []
    assert [each["type"] for each in edge.recorded][-1] == "order_refunded"


def test_woocommerces_ping_is_answered_exactly_200_and_is_no_delivery(edge: WebhookEdge) -> None:
    response = edge.post("/webhooks/src-1/woocommerce", b"webhook_id=12", {})
    assert response.status == 200
    body = body_of(woo_order())
    headers = {"x-wc-webhook-topic": "order.updated", "x-wc-webhook-signature": signed(body)}
    assert edge.post("/webhooks/src-1/woocommerce", body, headers).status == 200
    forged = headers | {"x-wc-webhook-signature": signed(body, "another")}
    assert edge.post("/webhooks/src-1/woocommerce", body, forged).status == 401
    forged_ping = {"x-wc-webhook-topic": "order.deleted"}
    assert edge.post("/webhooks/src-1/woocommerce", b"webhook_id=1", forged_ping).status == 401
    edge.settle_waiting()
    assert edge.deliveries() == [("woocommerce:order.updated", "done", None)]


def test_privacy_topics_are_due_with_their_date_and_kept_until_they_are_done(
    edge: WebhookEdge,
) -> None:
    document = {"shop_id": 1, "customer": {"id": 77, "email": "lea@shop.example"}}
    for topic in ("customers/data_request", "customers/redact", "shop/redact"):
        assert edge.shopify(topic, document).status == 200
    edge.settle_waiting()
    rows = edge.own.call("list_deliveries", {"status": "due"})
    assert [row["due_at"] for row in rows] == [RECEIVED_AT + 30 * DAY] * 3
    assert edge.recorded == []
    assert edge.own.call("await_again", {"source_id": "src-1"}) == 0
    edge.clock.at += 90 * DAY  # overdue, and not forgotten for that
    edge.own.sweep()
    assert len(edge.deliveries(status="due")) == 3
    done = {"delivery_id": rows[0]["delivery_id"], "status": "done"}
    edge.own.call("settle_delivery", done)
    edge.own.sweep()
    assert len(edge.deliveries()) == 2


def test_what_is_sealed_under_another_key_waits_for_who_has_it_and_holds_up_nothing(
    edge: WebhookEdge,
) -> None:
    own, others = edge.own, OwnCalls(edge.own.work, Seal(b"another key", SEAL_PURPOSE))
    for number in range(5_001, 5_031):
        edge.shopify("orders/create", shopify_order(number))
    edge.own = others
    while edge.settle_waiting():
        pass
    assert {(status, reason) for _, status, reason in edge.deliveries()} == {
        (
            "waiting",
            "is sealed under another CDP_IDENTIFIER_KEY: run all with the one it came under",
        )
    }
    edge.own = own
    edge.shopify("orders/create", shopify_order(5_031))
    edge.settle_waiting()
    assert len(edge.deliveries(status="done")) == 1
    for _ in range(10):
        edge.clock.at += LONGEST_PAUSE
        edge.settle_waiting()
    assert len(edge.deliveries(status="done")) == 31


def test_a_secret_that_is_sealed_under_another_key_closes_its_source_for_no_key(
    edge: WebhookEdge,
) -> None:
    work, seal = edge.own.work, edge.own.seal
    key = work.run(lambda unit: create_key(unit, "src-1", "server"))
    other = Seal(b"another key", SEAL_PURPOSE)
    work.run(lambda unit: add_secret(unit, other, "src-1", "users", "of an operator" * 5, DAY))
    found = edge.own.call("find_key", {"digest": key_digest(key.key)})
    assert found.source.token_secrets == ()
    assert SECRET in found.source.webhook_secrets
    secret = "set again by an operator with the key"
    work.run(lambda unit: add_secret(unit, seal, "src-1", "users", secret, DAY))
    assert edge.own.call("load_source", {"source_id": "src-1"}).token_secrets == (secret,)


def test_a_reject_that_is_sealed_under_another_key_is_listed_without_what_was_sent(
    edge: WebhookEdge,
) -> None:
    reject = {"field": "type", "reason": "is missing", "payload": {"a": 1}}
    edge.own.call("keep_rejects", {"source_id": "src-1", "rejects": [reject]})
    others = OwnCalls(edge.own.work, Seal(b"another key", SEAL_PURPOSE))
    (listed,) = others.call("list_rejects", {"reveal": True})
    assert listed["payload"] == {"left_out": "sealed under another CDP_IDENTIFIER_KEY"}
    assert listed["reason"] == "is missing"


def test_a_refund_of_stripe_waits_for_the_order_of_its_payment(edge: WebhookEdge) -> None:
    edge.stripe("refund.created", stripe_refund())
    edge.stripe("charge.refunded", stripe_charge())
    edge.settle_waiting()
    assert [status for _, status, _ in edge.deliveries()] == ["unlinked"] * 2
    edge.stripe("checkout.session.completed", stripe_session())
    assert edge.settle_waiting() == 1
    assert edge.settle_waiting() == 2
    assert [status for _, status, _ in edge.deliveries()] == ["done"] * 3
    assert {each["data"]["order_id"] for each in edge.recorded} == {"A-17"}


def test_what_anybody_signs_by_standard_webhooks_becomes_events_by_a_mapping(
    edge: WebhookEdge,
) -> None:
    data = {"receipt": 81, "card": "C-1", "total": "4.50", "currency": "EUR"}
    sale = {"type": "sale", "data": data}
    assert edge.standard(sale).status == 200
    assert edge.standard({"type": "ping"}, "msg_2").status == 200
    broken = {**sale, "data": {**data, "total": "much"}}
    assert edge.standard(broken, "msg_3").status == 200
    edge.settle_waiting()
    (event,) = edge.recorded
    assert event["id"] == "till-81"
    assert event["data"] == {
        "order_id": "81", "revenue": 450, "currency": "EUR", "store": "mugs",
    }  # fmt: skip
    assert event["time"].startswith("2026-11-22T12:40:00")
    statuses = {topic: status for topic, status, _ in edge.deliveries()}
    assert [(status, reason is None) for _, status, reason in edge.deliveries()] == [
        ("done", True),
        ("ignored", False),
        ("failed", False),
    ]
    assert statuses["standard:ping"] == "ignored"


def test_a_source_without_a_mapping_says_so(edge: WebhookEdge) -> None:
    edge.own.work.run(partial(store.put_source, source=source()))
    edge.standard({"type": "sale"})
    edge.settle_waiting()
    ((_, status, reason),) = edge.deliveries()
    assert status == "failed"
    assert reason is not None
    assert "mapping" in reason


def test_what_a_test_source_sends_is_understood_and_not_recorded(edge: WebhookEdge) -> None:
    edge.own.work.run(partial(store.put_source, source=source(test=True)))
    edge.shopify("orders/create", shopify_order())
    edge.settle_waiting()
    ((_, status, reason),) = edge.deliveries()
    assert (status, edge.recorded) == ("ignored", [])
    assert reason is not None


def test_deliveries_are_settled_the_oldest_first_and_a_few_at_a_time(edge: WebhookEdge) -> None:
    for number in range(60):
        edge.clock.at += SECOND
        edge.shopify("orders/create", shopify_order(5_001 + number))
    assert [edge.settle_waiting() for _ in range(4)] == [25, 25, 10, 0]
    orders = [e["data"]["order_id"] for e in edge.recorded if e["type"] == "order_completed"]
    assert orders == [str(5_001 + number) for number in range(60)]


def test_headers_and_topics_of_a_stranger_are_kept_within_bounds(edge: WebhookEdge) -> None:
    body = json.dumps({"id": 1}).encode()
    headers = {"x-shopify-topic": "x" * 5_000 + "\n", "x-shopify-hmac-sha256": signed(body)}
    headers["x-shopify-webhook-id"] = "y" * 5_000
    assert edge.post("/webhooks/src-1/shopify", body, headers).status == 200
    ((topic, _, _),) = edge.deliveries()
    assert len(topic) < 100
