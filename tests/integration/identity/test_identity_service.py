"""The service over RPC, in one process with the embedded broker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chassis import FixedClock, InvalidInput, NotFound, parse_instant
from chassis.config.settings import Settings
from chassis.messaging import embedded
from chassis.runtime.client import Client
from chassis.runtime.runner import Runner
from chassis.validation import load_checked
from contracts.identity.calls import DescribeResponse, LookupResponse, ResolutionSchema
from services.identity.service import IdentityService
from tests.unit.identity.shop import observation

NOW = parse_instant("2026-11-21T19:30:00Z")


def settings_for(database_uri: str, config_dir: Path | None = None) -> Settings:
    uri = embedded.install(["identity"])
    return Settings(
        "identity", database_uri, uri, FixedClock(NOW), b"key", config_dir=config_dir, role="rpc"
    )


@pytest.fixture
def cdp(service_database_uri: Callable[[str], str]) -> Iterator[Client]:
    embedded.forget()
    settings = settings_for(service_database_uri("identity"))
    runner = Runner([(IdentityService, settings)])
    runner.start()
    with Client(settings.amqp_uri) as client:
        yield client
    runner.stop()


def test_a_call_is_answered_in_its_order_and_as_the_contract_says(cdp: Client) -> None:
    answer = cdp.call(
        "identity",
        "resolve",
        observations=[
            observation(),
            observation(event_id="e-2", identifiers={"user_id": "null"}),
            observation(
                event_id="e-3",
                identifiers={"user_id": "u-1", "anonymous_id": "a-1"},
                authenticated=True,
            ),
        ],
    )
    guest, nobody, account = answer["resolutions"]
    for resolution in answer["resolutions"]:
        load_checked(ResolutionSchema(), resolution)
    assert [r["event_id"] for r in answer["resolutions"]] == ["e-1", "e-2", "e-3"]
    assert guest["profile_id"] == account["profile_id"]
    assert (guest["assurance"], account["assurance"]) == ("device", "verified")
    assert nobody["error"]["field"] == "identifiers"
    assert nobody["ignored_identifiers"][0]["type"] == "user_id"
    assert [fact["type"] for fact in answer["facts"]] == ["identity_changed"] * 2
    assert answer["facts"][0]["causationid"] == "e-1"


def test_the_facts_of_a_call_are_those_of_the_log(cdp: Client) -> None:
    answer = cdp.call("identity", "resolve", observations=[observation()])
    (resolution,) = answer["resolutions"]
    log = cdp.call(
        "identity", "history", streams=[{"stream": resolution["stream_id"], "after": 0}], limit=10
    )
    assert log["events"] == answer["facts"]


def test_lookup_and_describe_answer_as_the_contract_says(cdp: Client) -> None:
    answer = cdp.call("identity", "resolve", observations=[observation()])
    profile_id = answer["resolutions"][0]["profile_id"]
    match = cdp.call("identity", "lookup", identifiers={"anonymous_id": "a-1", "email": "none"})
    load_checked(LookupResponse(), match)
    assert (match["profile_id"], match["assurance"]) == (profile_id, "device")
    assert match["ignored_identifiers"][0]["type"] == "email"
    described = cdp.call("identity", "describe", profile_id=profile_id)
    load_checked(DescribeResponse(), described)
    assert described["streams"][0]["identifiers"][0]["type"] == "anonymous_id"
    unknown = cdp.call("identity", "lookup", identifiers={"anonymous_id": "a-2"})
    assert (unknown["profile_id"], unknown["stream_id"], unknown["assurance"]) == (None, None, None)
    with pytest.raises(NotFound):
        cdp.call("identity", "describe", profile_id="never-given")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_wrong_configuration_stops_the_start_with_its_place(
    service_database_uri: Callable[[str], str], tmp_path: Path
) -> None:
    (tmp_path / "identity.yaml").write_text(
        "types: {user_id: {normaliser: exactly, assurance: verified, priority: 1}}"
    )
    embedded.forget()
    runner = Runner([(IdentityService, settings_for(service_database_uri("identity"), tmp_path))])
    with pytest.raises(InvalidInput, match=r"types\.user_id\.normaliser"):
        runner.start()
