"""`cdp webhooks`: what is listed and shown, what is replayed, and what a catch-up fetches."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner

from cdp.commands.root import cli
from cdp.gateway import gateway_database
from cdp.woocommerce import WooCommerceShop, changed_orders
from chassis import InvalidInput
from chassis.core.instants import DAY, format_instant, parse_instant
from chassis.core.json import dump_json
from services.gateway import store
from tests.support.shop_webhooks import body_of, shopify_order, source, woo_order

NEW = "the second secret"
DOCUMENT = Path(__file__).parents[3] / "docs" / "howto" / "webhooks.md"
SHOPIFY_ORDER = "shopify:orders/create"


@pytest.fixture(autouse=True)
def _gateway(service_database_uri: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_GATEWAY_DATABASE_URI", service_database_uri("gateway"))
    monkeypatch.setenv("CDP_IDENTIFIER_KEY", "a key for tests, long enough")
    with gateway_database() as own:
        own.work.run(partial(store.put_source, source=source()))


def kept(topic: str, body: bytes, status: str = "waiting", **more: Any) -> str:
    """A delivery; its id."""
    with gateway_database() as own:
        given = {"source_id": "src-1", "topic": topic, "headers": {}, "body": body, **more}
        delivery_id: str = own.call("keep_delivery", given)
        if status != "waiting":
            outcome = {"delivery_id": delivery_id, "status": status, "reason": "id: is missing"}
            own.call("settle_delivery", outcome)
    return delivery_id


def cdp(*words: str, given: str = "") -> str:
    result = CliRunner().invoke(cli, words, input=given, env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result.output


def webhooks(*words: str) -> str:
    return cdp("webhooks", *words)


def statuses() -> dict[str, str]:
    return {row["delivery_id"]: row["status"] for row in json.loads(webhooks("list", "--json"))}


def test_the_list_has_what_came_with_its_reason_and_its_date_and_not_what_it_says() -> None:
    assert "no such webhooks" in webhooks("list")
    kept(SHOPIFY_ORDER, body_of(shopify_order()), "failed")
    due_at = parse_instant("2026-12-24T00:00:00Z")
    kept("shopify:customers/redact", body_of({"customer": {"id": 77}}), "due", due_at=due_at)
    output = webhooks("list")
    assert "id: is missing" in output
    assert "2026-12-24" in output
    assert "lea@shop.example" not in output
    assert SHOPIFY_ORDER not in webhooks("list", "--status", "due")
    assert SHOPIFY_ORDER in webhooks("list", "--status", "failed")
    assert "customers/redact" not in webhooks("list", "--topic", SHOPIFY_ORDER)
    cdp("keys", "source", "src-2")
    assert "no such webhooks" in webhooks("list", "--source", "src-2")


def test_what_could_not_be_recorded_is_listed_with_its_next_try_and_can_be_ended() -> None:
    delivery_id = kept(SHOPIFY_ORDER, body_of(shopify_order()))
    again = CliRunner().invoke(cli, ["webhooks", "done", delivery_id])
    assert "is nothing that is due" in again.output
    reason = "profiles: did not answer in 10 s"
    postponed = {"delivery_id": delivery_id, "attempts": 0, "reason": reason, "pause": DAY}
    with gateway_database() as own:
        own.call("postpone_delivery", postponed)
        next_try_at = format_instant(own.work.clock.now() + DAY)[:10]
    assert f"{reason}; try 2 at {next_try_at}" in webhooks("list", "--status", "waiting")
    assert next_try_at in webhooks("show", delivery_id)
    assert "1 webhook will" in webhooks("replay", delivery_id)
    assert next_try_at not in webhooks("list")
    with gateway_database() as own:
        own.call("postpone_delivery", {**postponed, "attempts": 1})
    assert "1 webhook done" in webhooks("done", delivery_id)
    assert statuses() == {delivery_id: "done"}


def test_what_a_webhook_says_is_shown_with_reveal_alone() -> None:
    delivery_id = kept(SHOPIFY_ORDER, body_of(shopify_order()), "done")
    hidden, revealed = webhooks("show", delivery_id), webhooks("show", delivery_id, "--reveal")
    for output in (hidden, revealed):
        assert "order_completed" in output
        assert "shopify:mugs:order:5001:completed" in output
    assert "lea@shop.example" not in hidden
    assert revealed.count("lea@shop.example") > 1
    broken = kept(SHOPIFY_ORDER, b"[")
    assert "cannot be read: body: is no JSON object" in webhooks("show", broken)
    missing = CliRunner().invoke(cli, ["webhooks", "show", "nobody"])
    assert missing.exit_code == 1
    assert "is no webhook" in missing.output


def test_a_refund_of_stripe_is_shown_whose_order_is_not_known_yet() -> None:
    refund = {"id": "re_1", "amount": 1, "currency": "eur", "created": 1, "charge": "ch_1"}
    document = {"type": "refund.created", "data": {"object": refund}}
    assert "its order" not in webhooks("show", kept("stripe:refund.created", body_of(document)))


def test_what_failed_waits_again_by_its_id_or_all_of_it() -> None:
    failed = [kept(SHOPIFY_ORDER, b"{}", "failed") for _ in range(3)]
    due = kept("shopify:shop/redact", b"{}", "due")
    assert "1 webhook will" in webhooks("replay", failed[0])
    assert statuses()[failed[0]] == "waiting"
    assert "2 webhooks will" in webhooks("replay", "--all", "--status", "failed")
    assert "0 webhooks will" in webhooks("replay", due)
    assert statuses() == {**dict.fromkeys(failed, "waiting"), due: "due"}
    assert "1 webhook done" in webhooks("done", due)
    assert statuses()[due] == "done"
    again = CliRunner().invoke(cli, ["webhooks", "done", due])
    assert "is nothing that is due" in again.output
    for words in (("replay",), ("replay", "--all"), ("replay", "x", "--all")):
        assert CliRunner().invoke(cli, ["webhooks", *words]).exit_code == 2


class _Shop(BaseHTTPRequestHandler):
    """The REST API of a shop, as far as a catch-up asks it."""

    orders: tuple[dict[str, Any], ...] = ()
    queries: tuple[dict[str, str], ...] = ()
    refusals = 0
    moved_to = ""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if self.moved_to:
            self.send_response(301)
            self.send_header("Location", f"{self.moved_to}{self.path}")
            self.end_headers()
            return
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        type(self).queries += (query,)
        if self.headers["Authorization"] != "Basic Y2tfMTpjc18x":
            self._send(401, {"code": "woocommerce_rest_cannot_view"})
            return
        if type(self).refusals:
            type(self).refusals -= 1
            self._send(503, {})
            return
        assert url.path == "/wp-json/wc/v3/orders"
        found = [
            each
            for each in self.orders
            if each["date_modified_gmt"] > query["modified_after"]
            and (each["status"] == "trash") == (query["status"] == "trash")
        ]
        found.sort(key=lambda each: (each["date_modified_gmt"], each["id"]))
        begin = (int(query["page"]) - 1) * 100
        self._send(200, found[begin : begin + 100])

    def _send(self, status: int, answer: Any) -> None:
        body = dump_json(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def woo_shop() -> Iterator[tuple[str, type[_Shop]]]:
    """A shop of WooCommerce: its address, and what it has."""

    class Shop(_Shop):
        pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", Shop
    server.shutdown()
    server.server_close()


def test_a_catch_up_keeps_each_order_that_has_changed_once(
    woo_shop: tuple[str, type[_Shop]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, shop = woo_shop
    with gateway_database() as own:
        now = own.work.clock.now()

    def at(hours: float) -> str:
        return format_instant(now - int(hours * DAY / 24))[:19]

    shop.orders = (
        woo_order(1, date_modified_gmt=at(48)),  # too long ago
        woo_order(2, date_modified_gmt=at(30)),
        *(woo_order(100 + n, date_modified_gmt=at(20)) for n in range(250)),  # in one second
        woo_order(3, date_modified_gmt=at(1), status="trash"),
    )
    shop.refusals = 1
    monkeypatch.setenv("CDP_WOOCOMMERCE_KEY", "ck_1")
    monkeypatch.setenv("CDP_WOOCOMMERCE_SECRET", "cs_1")
    monkeypatch.setattr("cdp.woocommerce.time.sleep", lambda _seconds: None)
    assert "252 orders fetched" in webhooks("catch-up", "src-1", "--url", url)
    with gateway_database() as own:
        deliveries = own.call("waiting_deliveries", {"limit": 1_000})
    orders = [json.loads(each.body)["id"] for each in deliveries]
    assert sorted(orders) == [2, 3, *range(100, 350)]
    assert {each.topic for each in deliveries} == {"woocommerce:order.updated"}


def test_a_catch_up_says_what_is_wrong_with_the_key_or_the_address(
    woo_shop: tuple[str, type[_Shop]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, _ = woo_shop
    long = CliRunner().invoke(
        cli, ["webhooks", "catch-up", "src-1", "--url", url, "--since", "2 days"]
    )
    assert long.exit_code == 2
    assert '"2 days" is not a duration: write "2d"' in long.output
    unset = CliRunner().invoke(cli, ["webhooks", "catch-up", "src-1", "--url", url])
    assert "CDP_WOOCOMMERCE_KEY" in unset.output
    monkeypatch.setenv("CDP_WOOCOMMERCE_KEY", "ck_1")
    monkeypatch.setenv("CDP_WOOCOMMERCE_SECRET", "wrong")
    for source_id, address, message in (
        ("src-1", url, "answers 401: the key must be one of WooCommerce"),
        ("nobody", url, "is no source"),
        ("src-1", "http://shop.example", "must be the shop's address"),
        ("src-1", "file:///etc/passwd", "must be the shop's address"),
    ):
        result = CliRunner().invoke(cli, ["webhooks", "catch-up", source_id, "--url", address])
        assert result.exit_code == 1
        assert message in result.output
        assert "wrong" not in result.output


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n[", b"SSH-2.0\r\n"]
)
def test_a_shop_whose_answer_breaks_off_or_is_none_cannot_be_reached(
    woo_shop: tuple[str, type[_Shop]], monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    url, shop = woo_shop

    def break_off(self: _Shop) -> None:
        self.wfile.write(answer)

    monkeypatch.setattr(shop, "do_GET", break_off)
    monkeypatch.setenv("CDP_WOOCOMMERCE_KEY", "ck_1")
    monkeypatch.setenv("CDP_WOOCOMMERCE_SECRET", "cs_1")
    monkeypatch.setattr("cdp.woocommerce.time.sleep", lambda _seconds: None)
    result = CliRunner().invoke(cli, ["webhooks", "catch-up", "src-1", "--url", url])
    assert result.exit_code == 1
    assert "cannot be reached" in result.output


def test_the_key_of_a_shop_goes_nowhere_that_the_shop_redirects_to(
    woo_shop: tuple[str, type[_Shop]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, shop = woo_shop
    heard: list[Any] = []

    class Stranger(_Shop):
        def do_GET(self) -> None:
            heard.append(self.headers["Authorization"])
            self._send(200, [])

    server = ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
    Thread(target=server.serve_forever, daemon=True).start()
    shop.moved_to = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("CDP_WOOCOMMERCE_KEY", "ck_1")
    monkeypatch.setenv("CDP_WOOCOMMERCE_SECRET", "cs_1")
    result = CliRunner().invoke(cli, ["webhooks", "catch-up", "src-1", "--url", url])
    server.shutdown()
    server.server_close()
    assert heard == []
    assert "answers 301: it is at another address" in result.output


def test_orders_that_change_while_they_are_fetched_are_not_missed() -> None:
    shop = WooCommerceShop("https://shop.example", "ck_1", "cs_1")
    orders = {n: f"2026-11-20T{n // 60:02}:{n % 60:02}:00" for n in range(250)}
    asked = []

    def fetch(url: str, _headers: Any) -> Any:
        query = {name: value[0] for name, value in parse_qs(urlsplit(url).query).items()}
        if query["status"] == "trash":
            return []
        asked.append(query)
        if len(asked) == 2:  # the first ones have changed, and are the last ones now
            orders.update({n: f"2026-11-21T00:00:{n:02}" for n in range(50)})
        found = sorted((at, n) for n, at in orders.items() if at > query["modified_after"])
        begin = (int(query["page"]) - 1) * 100
        return [{"id": n, "date_modified_gmt": at} for at, n in found[begin : begin + 100]]

    since = parse_instant("2026-11-19T00:00:00Z")
    fetched = [each for page in changed_orders(shop, since, fetch) for each in page]
    latest = {each["id"]: each["date_modified_gmt"] for each in fetched}
    assert latest == orders


def test_a_key_goes_to_nobody_who_could_be_overheard() -> None:
    with pytest.raises(InvalidInput):
        WooCommerceShop("http://shop.example", "ck_1", "cs_1")
    assert "cs_1" not in repr(WooCommerceShop("https://shop.example", "ck_1", "cs_1"))


def secrets_of(source_id: str) -> tuple[str, ...]:
    with gateway_database() as own:
        found = own.call("load_source", {"source_id": source_id})
    secrets: tuple[str, ...] = found.webhook_secrets
    return secrets


def test_the_commands_of_the_manual_make_a_source_and_exchange_its_secret() -> None:
    cdp("keys", "source", "shop", "--store", "mugs")
    cdp("keys", "secret", "shop", "--for", "webhooks", "--stdin", given="the first secret\n")
    cdp("keys", "secret", "shop", "--for", "webhooks", "--keep", "2h", "--stdin", given=f"{NEW}\n")
    cdp("keys", "source", "shop", "--setting", "shop_domain=mugs.myshopify.com")
    assert secrets_of("shop") == (NEW, "the first secret")


def test_the_mapping_of_the_manual_makes_an_order() -> None:
    text = (DOCUMENT.read_text()).split("```yaml\n")[1].split("```")[0]
    cdp("keys", "source", "till", "--store", "mugs", "--setting", f"mapping={text}")
    sale = {"receipt": "81", "sold_at": "2026-11-20T10:00:00Z", "card": "C-1"}
    body = body_of({"type": "sale", "data": {**sale, "total": "4.50", "currency": "EUR"}})
    output = webhooks("show", kept("standard:sale", body, source_id="till"), "--reveal")
    assert "till-81" in output
    assert '"revenue": 450' in output
    assert '"store": "mugs"' in output


@pytest.mark.parametrize(
    "words",
    [
        ("webhooks", "list", "--source", "src1"),
        ("webhooks", "replay", "--all", "--status", "failed", "--source", "src1"),
        ("rejects", "list", "--source", "src1"),
        ("keys", "list", "src1"),
        ("keys", "create", "src1", "--kind", "server"),
        ("keys", "secret", "src1", "--for", "users"),
    ],
)
def test_a_source_that_there_is_not_is_no_empty_list(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(cli, words, env={"COLUMNS": "200"})
    assert result.exit_code == 1
    assert "src1: is no source; did you mean `src-1`?" in result.output
