"""Offers over HTTP, on real sockets: with the embedded broker, and with one that is not there."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import eventlet
import pytest
from prometheus_client import REGISTRY

from chassis import FixedClock, Unavailable, new_id, parse_instant
from chassis.config.door import key_digest
from chassis.config.settings import Settings
from chassis.messaging import embedded
from chassis.runtime.client import Client
from chassis.runtime.runner import Runner
from contracts.offers import DecideResponse
from services.offers.service import OffersService
from tests.support.tcp_proxy import TcpProxy

NOW = parse_instant("2026-11-21T19:30:00Z")
KEY = "a key for tests only"
REQUEST = {"placement": "checkout", "context": {"value": 12_000, "currency": "EUR"}}
NOBODYS_PORT = "amqp://nobody:nothing@127.0.0.1:9/cdp"


class DoorClient:
    """A server of a shop: one connection to the door."""

    def __init__(self, runner: Runner) -> None:
        addresses = [door.address() for door in runner.doors()]
        (self.address,) = [each for each in addresses if each]
        self._connection = http.client.HTTPConnection(*self.address, timeout=20)

    def close(self) -> None:
        self._connection.close()

    def send(self, method: str, path: str, body: Any = None, key: str = KEY) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {key}"}
        self._connection.request(method, path, json.dumps(body), headers)
        response = self._connection.getresponse()
        return response.status, json.loads(response.read())

    def decide(self, **request: Any) -> dict[str, Any]:
        status, decision = self.send("POST", "/v1/decide", {**REQUEST, **request})
        assert status == 200
        assert isinstance(decision, dict)
        return decision


Open = Callable[..., Runner]


@pytest.fixture
def open_offers(service_database_uri: Callable[[str], str]) -> Iterator[Open]:
    """`open_offers(uri)`: offers with a door, which starts as far as its broker lets it."""
    embedded.forget()
    with ExitStack() as stack:

        def run(amqp_uri: str, database: str | None = None, **options: Any) -> Runner:
            settings = Settings(
                "offers",
                database or service_database_uri("offers"),
                amqp_uri,
                FixedClock(NOW),
                b"key",
                **{
                    "role": "rpc",
                    "door_address": ("127.0.0.1", 0),
                    "door_keys": (key_digest(KEY),),
                    **options,
                },
            )
            runner = Runner([(OffersService, settings)])
            if settings.embedded:
                runner.start()
                stack.callback(runner.stop)
            else:
                starting = eventlet.spawn(runner.start)
                stack.callback(runner.unit_of_work_runners()["offers"].database.close)
                # nameko's own end waits for the connection that cannot be made.
                stack.callback(runner.containers[0]._kill_managed_threads)
                stack.callback(starting.kill)
                while not any(door.address() for door in runner.doors()):
                    eventlet.sleep(0.01)
            return runner

        yield run


@pytest.fixture
def offers(open_offers: Open) -> Iterator[DoorClient]:
    door = DoorClient(open_offers(embedded.install(["offers", "profiles", "segments"])))
    yield door
    door.close()


def without_id(decision: dict[str, Any]) -> dict[str, Any]:
    """A decision without what makes it one of its own."""
    return {name: value for name, value in decision.items() if name != "decision_id"}


def test_http_and_rpc_decide_alike(offers: DoorClient) -> None:
    over_http = offers.decide()
    with Client(embedded.install()) as cdp:
        over_rpc = cdp.call("offers", "decide", request=REQUEST)
        assert without_id(over_http) == without_id(over_rpc)
        assert over_http["decision_id"] != over_rpc["decision_id"]
        explained = cdp.call("offers", "explain", decision_id=over_http["decision_id"])
    assert explained["decision_id"] == over_http["decision_id"]
    assert DecideResponse().validate(over_http) == {}
    assert over_http["degraded"] == []


def test_outcomes_are_reported_over_http_and_count_once(offers: DoorClient) -> None:
    decision = offers.decide()
    shown_there = {
        "decision_id": decision["decision_id"],
        "slot": "reassurance",
        "offer_id": decision["slots"]["reassurance"][0]["offer_id"],
        "kind": "shown",
    }
    wrong = {**shown_there, "kind": "eaten"}
    for first in ("appended", "duplicate"):
        status, response = offers.send("POST", "/v1/outcomes", {"outcomes": [shown_there, wrong]})
        assert status == 200
        assert [each["status"] for each in response["receipts"]] == [first, "rejected"]
    status, error = offers.send("POST", "/v1/outcomes", [shown_there])
    assert (status, error["field"]) == (400, "outcomes")


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({"placement": "nowhere"}, "placement"),
        ({}, "placement"),
        ({"placement": "checkout", "identifiers": "43"}, "identifiers"),
        (["checkout"], "request"),
    ],
)
def test_what_rpc_refuses_http_refuses_in_the_same_words(
    offers: DoorClient, request_: Any, field: str
) -> None:
    status, error = offers.send("POST", "/v1/decide", request_)
    assert (status, error["error"], error["field"]) == (400, "InvalidInput", field)


def test_forged_keys_are_refused_and_the_right_one_is_not(offers: DoorClient) -> None:
    forged = [offers.send("POST", "/v1/decide", REQUEST, new_id())[0] for _ in range(20)]
    assert set(forged) == {401}
    assert offers.decide()["degraded"] == []


def test_the_door_is_ready_and_says_so_without_a_key(offers: DoorClient) -> None:
    assert offers.send("GET", "/ready", key="") == (200, {"status": "ready"})


def test_the_door_answers_and_logs_while_its_broker_is_not_there(open_offers: Open) -> None:
    runner = open_offers(NOBODYS_PORT)
    with closing(DoorClient(runner)) as door:
        assert door.send("GET", "/ready") == (200, {"status": "ready"})
        decision = door.decide()
        assert decision["degraded"] == []
        assert decision["slots"]["reassurance"][0]["offer_id"] == "trust_signals"
        stale = door.decide(at_least={new_id(): 1}, deadline_ms=200)
        assert stale["stale"]
        work = runner.unit_of_work_runners()["offers"]
        while not work.read(lambda unit: unit.find([decision["decision_id"]])):
            eventlet.sleep(0.01)


@pytest.mark.parametrize("engine", ["postgresql"])
def test_while_the_database_does_not_answer_the_door_does(
    open_offers: Open, service_database_uri: Callable[[str], str]
) -> None:
    uri = service_database_uri("offers")
    proxy = TcpProxy(uri)
    runner = open_offers(embedded.install(["offers", "profiles", "segments"]), proxy.through(uri))
    with closing(DoorClient(runner)) as door:
        assert door.decide()["degraded"] == []
        proxy.frozen = True
        frozen = door.decide(identifiers={"device_id": "d-1"}, deadline_ms=100)
        assert frozen["degraded"] == ["deadline_exceeded", "decision_not_logged"]
        assert frozen["slots"]["reassurance"][0]["offer_id"] is None
        assert door.send("GET", "/ready")[0] == 503
        proxy.frozen = False
        while door.decide(identifiers={"device_id": "d-1"})["degraded"]:
            eventlet.sleep(0.05)
    proxy.cut()


def test_an_address_that_is_taken_keeps_the_service_from_starting(
    open_offers: Open, offers: DoorClient
) -> None:
    with pytest.raises(Unavailable, match=r"CDP_OFFERS_HTTP.*cannot be opened"):
        open_offers(embedded.install(), door_address=offers.address)


def test_a_request_that_finds_all_workers_busy_is_answered_at_once(open_offers: Open) -> None:
    runner = open_offers(embedded.install(["offers", "profiles", "segments"]), workers=3)
    (door,) = (each for each in runner.doors() if each.address())
    with closing(DoorClient(runner)) as client:
        decided = client.decide()
        assert decided["degraded"] == []
        for _ in range(3):
            door.turns.acquire()
        shed = client.decide(deadline_ms=20_000)
        assert shed["degraded"] == ["overloaded", "decision_not_logged"]
        assert shed["slots"].keys() == decided["slots"].keys()
        assert shed.keys() == decided.keys()
        assert client.decide(dry_run=True)["degraded"] == ["overloaded"]
        assert client.decide(explain=True)["trace"].keys() == decided["slots"].keys()
        assert client.send("POST", "/v1/decide", {"placement": "nowhere"})[0] == 400
        for _ in range(3):
            door.turns.release()
        assert client.decide()["degraded"] == []


def test_a_request_above_the_capacity_takes_no_worker(open_offers: Open) -> None:
    runner = open_offers(embedded.install(["offers", "profiles", "segments"]), workers=3)
    dependencies = [each for container in runner.containers for each in container.dependencies]
    (handler,) = (d.get_dependency(None) for d in dependencies if d.attr_name == "decisions")

    def workers() -> float:
        labels = {"service": "offers", "method": "decide", "outcome": "ok"}
        return REGISTRY.get_sample_value("cdp_worker_seconds_count", labels) or 0.0

    with closing(DoorClient(runner)) as client:
        assert client.decide()["degraded"] == []
        before = workers()
        with handler._admission.turn():
            shed = client.decide(deadline_ms=20_000)
            assert shed["degraded"] == ["overloaded", "decision_not_logged"]
        assert workers() == before
        assert client.decide()["degraded"] == []
        assert workers() == before + 1
