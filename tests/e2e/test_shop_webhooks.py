"""Webhooks against the gateway as it is run: a shop's order, whatever the network does to it."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import pytest

from tests.support.gateway_process import GatewayProcess
from tests.support.servers import Databases, VirtualHosts
from tests.support.shop_webhooks import (
    SECRET,
    Payload,
    body_of,
    last_years,
    shopify_order,
    shopify_refund,
    signed,
    source,
)
from tests.support.system import ProcessSuite

PATIENCE = 60.0


@pytest.fixture(scope="module")
def suite(
    databases: Databases, virtual_hosts: VirtualHosts, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ProcessSuite]:
    directory = tmp_path_factory.mktemp("webhooks")
    services = ("identity", "profiles")
    with ProcessSuite(databases, virtual_hosts, services=services, directory=directory) as suite:
        yield suite


@pytest.fixture(scope="module")
def gateway(suite: ProcessSuite) -> Iterator[GatewayProcess]:
    with GatewayProcess(suite) as gateway:
        gateway.add(source())
        for secret in (SECRET, "the next secret"):
            gateway.sign_with("src-1", secret)
        yield gateway


def post(gateway: GatewayProcess, sender: str, body: bytes, headers: Mapping[str, str]) -> int:
    with closing(HTTPConnection(*gateway.address, timeout=30)) as connection:
        connection.request("POST", f"/webhooks/src-1/{sender}", body, dict(headers))
        return connection.getresponse().status


def send(gateway: GatewayProcess, topic: str, document: Payload, secret: str = SECRET) -> int:
    body = body_of(document)
    headers = {"X-Shopify-Topic": topic, "X-Shopify-Hmac-Sha256": signed(body, secret)}
    return post(gateway, "shopify", body, headers)


def wait_until_done(gateway: GatewayProcess) -> None:
    deadline = time.monotonic() + PATIENCE
    while waiting := [e for e in gateway.deliveries("src-1") if e["status"] == "waiting"]:
        assert time.monotonic() < deadline, f"{len(waiting)} wait\n{gateway.log()[-4_000:]}"
        time.sleep(0.1)


def order_of(suite: ProcessSuite, order_id: str) -> dict[str, Any]:
    """The order of Lea's, who then signs up with the address that she had typed."""
    lea = {
        "id": f"lea-{order_id}",
        "type": "account_created",
        "time": "2026-11-20T10:30:00Z",
        "identifiers": {"user_id": "lea", "email": "lea@shop.example"},
        "authenticated": True,
        "data": {},
    }
    with suite.proxy() as proxy:
        proxy.profiles.record(events=[lea])
        timeline = proxy.profiles.timeline(identifiers={"user_id": "lea"})
    (order,) = [each for each in timeline["orders"] if each["order_id"] == order_id]
    return dict(order)


def test_an_order_and_its_refunds_count_once_however_they_are_delivered(
    suite: ProcessSuite, gateway: GatewayProcess
) -> None:
    refund = shopify_refund()
    placed = shopify_order(note_attributes=[])
    refunded = {**placed, "refunds": [refund], "updated_at": "2026-11-20T11:00:01+01:00"}
    messages = [
        ("orders/create", placed),
        ("orders/paid", last_years(placed)),
        ("refunds/create", refund),
        ("orders/updated", refunded),
    ] * 2
    random.Random(4).shuffle(messages)
    for topic, document in messages:
        assert send(gateway, topic, document) == 200
    assert send(gateway, "refunds/create", refund, "the next secret") == 200
    assert send(gateway, "refunds/create", shopify_refund(9), "a stranger's") == 401
    assert post(gateway, "woocommerce", b"webhook_id=7", {}) == 200
    wait_until_done(gateway)
    assert {each["status"] for each in gateway.deliveries("src-1")} == {"done"}
    assert len(gateway.deliveries("src-1")) == len(messages) + 1
    order = order_of(suite, "5001")
    assert (order["store"], order["status"], order["net"]) == ("mugs", "partly_refunded", 1_990)


def test_what_is_answered_while_profiles_is_away_is_recorded_when_it_is_back(
    suite: ProcessSuite, gateway: GatewayProcess
) -> None:
    (profiles,) = suite.alive("profiles")
    suite.stop(profiles)
    order = shopify_order(5_002, note_attributes=[])
    began = time.monotonic()
    assert send(gateway, "orders/create", order) == 200
    assert time.monotonic() - began < 5  # after which Shopify gives up
    suite.start("profiles")
    wait_until_done(gateway)
    assert order_of(suite, "5002")["net"] == 2_990
