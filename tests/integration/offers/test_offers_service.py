"""The service over RPC, in one process with the embedded broker, beside a real profiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import eventlet
import pytest
from nameko.standalone.rpc import ClusterRpcProxy

from chassis import Event, FixedClock, InvalidInput, NotFound, copy_id, new_id, parse_instant
from chassis.config.settings import Settings
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from chassis.messaging import embedded
from chassis.runtime.client import Client
from chassis.runtime.runner import Runner
from chassis.runtime.service import Service, rpc
from chassis.validation import load
from contracts.catalogues import CATALOGUE_RESPONSE
from contracts.offers import DecideResponse
from identifiers import accept, load_types
from services.offers.configuration import SHIPPED
from services.offers.service import OffersService
from services.profiles.service import ProfilesService

NOW = parse_instant("2026-11-21T19:30:00Z")
ANSWER = DecideResponse()


class IdentityOfGrace(Service):
    """Identity, for which every shopper is one new account, `grace`."""

    name = "identity"
    stream: ClassVar[str]

    @rpc
    def resolve(self, observations: Any) -> dict[str, Any]:
        (key,) = accept({"user_id": "grace"}, load_types(), b"key").keys
        identifier = {"key": key.key, "type": "user_id", "tenure": 1, "assurance": "verified"}
        entry = {"stream": self.stream, "version": 1, "profile_id": self.stream, "epoch": 1}
        fact_id = new_id()
        fact = Event(
            id=copy_id(fact_id, self.stream),
            source="identity",
            type="identity_changed",
            stream=self.stream,
            version=1,
            data={
                "reason": "created",
                "fact_id": fact_id,
                "streams": [{**entry, "identifiers": [identifier]}],
            },
            occurred_at=NOW,
            recorded_at=NOW,
            metadata={"joint": True},
        )
        resolution = {
            "stream_id": self.stream,
            "profile_id": self.stream,
            "epoch": 1,
            "assurance": "verified",
            "ignored_identifiers": [],
        }
        return {
            "resolutions": [{"event_id": o["event_id"], **resolution} for o in observations],
            "facts": [fact.to_wire()],
        }


class SegmentsOfHighValue(Service):
    """Segments, as a request with a token calls it: everybody is of high value."""

    name = "segments"
    calls: ClassVar[list[Any]] = []

    @rpc
    def memberships(
        self, profile_id: Any, at_least: Any = None, wait_ms: Any = None
    ) -> dict[str, Any]:
        self.calls.append({"profile_id": profile_id, "at_least": at_least, "wait_ms": wait_ms})
        return {"profile_id": profile_id, "segments": [{"segment": "high_value"}], "stale": False}


Start = Callable[..., Client]


@pytest.fixture
def start(service_database_uri: Callable[[str], str]) -> Iterator[Start]:
    """Starts the services; `role` is that of offers."""
    embedded.forget()
    IdentityOfGrace.stream = new_id()
    SegmentsOfHighValue.calls.clear()
    runners: list[Runner] = []
    clients: list[Client] = []

    def run(*services: type[Service], role: Any = "rpc", **options: Any) -> Client:
        uri = embedded.install(["identity", "profiles", "segments", "offers"])
        databases = {name: service_database_uri(name) for name in ("profiles", "offers")}

        def settings(name: str) -> Settings:
            return Settings(
                name,
                databases.get(name, databases["profiles"]),
                uri,
                FixedClock(NOW),
                b"key",
                role=role if name == "offers" else "rpc",
                **(options if name == "offers" else {}),
            )

        runners.append(Runner([(service, settings(service.name)) for service in services]))
        runners[-1].start()
        clients.append(Client(uri))
        return clients[-1].__enter__()

    yield run
    for client in clients:
        client.__exit__(None, None, None)
    for runner in runners:
        runner.stop()


ALL = (IdentityOfGrace, ProfilesService, SegmentsOfHighValue, OffersService)
WHO = {"identifiers": {"user_id": "grace"}, "authenticated": True}


def event(event_id: str, type_: str, **data: Any) -> dict[str, Any]:
    return {"id": event_id, "type": type_, "time": "2026-11-21T19:00:00Z", **WHO, "data": data}


def record(cdp: Client) -> dict[str, int]:
    events = [
        event("e-1", "loyalty_enrolled", tier="gold"),
        event("e-2", "loyalty_points_changed", points=1175),
    ]
    token: dict[str, int] = cdp.call("profiles", "record", events=events)["token"]
    return token


def decide(cdp: Client, **request: Any) -> dict[str, Any]:
    decision: dict[str, Any] = cdp.call(
        "offers", "decide", request={"placement": "checkout", "deadline_ms": 5_000, **request}
    )
    load(ANSWER, decision, max_bytes=10**6)
    return decision


def loyalty(decision: dict[str, Any]) -> Any:
    return decision["slots"]["loyalty"][0]["content"].get("points")


def test_what_was_just_recorded_counts_in_this_decision(start: Start) -> None:
    cdp = start(*ALL)
    token = record(cdp)
    assert decide(cdp, **WHO)["profile_id"] is None  # offers has not applied it yet
    decision = decide(cdp, **WHO, at_least=token)
    assert (decision["stale"], decision["degraded"]) == (False, [])
    assert loyalty(decision) == 1175
    assert decision["slots"]["service"][0]["offer_id"] == "priority_contact"
    (call,) = SegmentsOfHighValue.calls
    assert (call["profile_id"], call["at_least"]) == (decision["profile_id"], token)
    assert 0 < call["wait_ms"] <= 3_000


def test_with_segments_gone_the_answer_is_stale(start: Start) -> None:
    cdp = start(IdentityOfGrace, ProfilesService, OffersService)
    decision = decide(cdp, **WHO, at_least=record(cdp), deadline_ms=2_000)
    assert (decision["stale"], decision["degraded"]) == (True, [])
    assert loyalty(decision) == 1175


def test_with_profiles_gone_the_answer_is_stale(start: Start) -> None:
    cdp = start(OffersService)
    decision = decide(cdp, **WHO, at_least={"s-1": 3}, deadline_ms=2_000)
    assert (decision["stale"], decision["degraded"]) == (True, [])


def test_offers_follows_profiles_by_events(start: Start) -> None:
    cdp = start(*ALL, role="all")
    record(cdp)
    with eventlet.Timeout(10):
        while loyalty(decide(cdp, **WHO)) != 1175:
            eventlet.sleep(0.02)
    assert SegmentsOfHighValue.calls == []


def test_a_decision_can_be_explained_later(start: Start) -> None:
    cdp = start(OffersService)
    decision = decide(cdp, **WHO)
    kept = cdp.call("offers", "explain", decision_id=decision["decision_id"])
    assert kept["slots"] == decision["slots"]
    assert kept["trace"]["reassurance"][0]["why"]
    with pytest.raises(NotFound):
        cdp.call("offers", "explain", decision_id="none")


def test_the_fallback_blocks_are_listed_by_placement_and_slot(start: Start) -> None:
    cdp = start(OffersService)
    listed = cdp.call("offers", "fallbacks")["placements"]
    assert {"checkout", "cart"} <= listed.keys()
    assert listed["checkout"].keys() == decide(cdp)["slots"].keys()
    assert {block["variant"] for (block,) in listed["checkout"].values()} == {"fallback"}
    assert cdp.call("offers", "fallbacks", language="de")["placements"].keys() == listed.keys()
    with pytest.raises(InvalidInput, match="language"):
        cdp.call("offers", "fallbacks", language="d" * 36)


def test_what_was_answered_is_in_the_log_of_a_service_that_has_stopped(
    service_database_uri: Callable[[str], str], tmp_path: Path
) -> None:
    embedded.forget()
    uri, database = embedded.install(["offers"]), service_database_uri("offers")
    spool = tmp_path / "spool"
    clock = FixedClock(NOW)
    settings = Settings("offers", database, uri, clock, b"key", role="rpc", spool=spool)
    runner = Runner([(OffersService, settings)])
    runner.start()
    with Client(uri) as cdp:
        ids = [decide(cdp, **WHO)["decision_id"] for _ in range(3)]
    assert spool.exists()
    runner.stop()
    work = UnitOfWorkRunner(Database(database), "offers", clock)
    assert work.read(lambda unit: unit.find(ids)).keys() == set(ids)
    work.database.close()
    assert list(spool.iterdir()) == []


def test_a_catalogue_is_tried_applied_and_exported_over_the_wire(start: Start) -> None:
    cdp = start(OffersService)
    own = SHIPPED.read_text().replace("priority: 50", "priority: 51")
    tried = cdp.call("offers", "check", file=own)
    load(CATALOGUE_RESPONSE, tried, max_bytes=10**6)
    assert (tried["file"], decide(cdp)["inputs"]["catalogue"] == tried["fingerprint"]) == (
        "new", False,
    )  # fmt: skip
    assert {"offer_id": "trust_signals", "change": "changed", "warnings": []} in tried["offers"]
    assert cdp.call("offers", "apply", file=own) == tried
    assert decide(cdp)["inputs"]["catalogue"] == tried["fingerprint"]
    assert cdp.call("offers", "export") == {"fingerprint": tried["fingerprint"], "file": own}
    with pytest.raises(InvalidInput, match="placements"):
        cdp.call("offers", "apply", file="offers: []")
    assert cdp.call("offers", "export")["fingerprint"] == tried["fingerprint"]


def test_a_wrong_placement_and_wrong_identifiers_are_the_only_errors(start: Start) -> None:
    cdp = start(OffersService)
    for field, request in (
        ("placement", {}),
        ("placement", {"placement": "cellar"}),
        ("identifiers", {"placement": "checkout", "identifiers": ["ann"]}),
    ):
        with pytest.raises(InvalidInput) as refused:
            cdp.call("offers", "decide", request=request)
        assert refused.value.subject == field
    with pytest.raises(InvalidInput) as refused:
        cdp.call("offers", "decide", placement="checkout")
    assert refused.value.subject == "placement"


def test_eight_at_once_are_all_answered(start: Start) -> None:
    cdp = start(OffersService)
    requests = {"request": {"placement": "checkout", "deadline_ms": 10_000}}
    assert cdp.call("offers", "decide", **requests)["degraded"] == []
    with ClusterRpcProxy({"AMQP_URI": embedded.install()}) as proxy:
        calls = [proxy.offers.decide.call_async(**requests) for _ in range(8)]
        assert [call.result()["degraded"] for call in calls] == [[]] * 8


def test_a_wrong_catalogue_stops_the_start_with_its_place(start: Start, tmp_path: Path) -> None:
    (tmp_path / "offers.yaml").write_text("placements: {}\noffrs: []\n")
    with pytest.raises(InvalidInput, match=r"line 2, column 8.*did you mean `offers`"):
        start(OffersService, config_dir=tmp_path)
