"""What the services really say is what the documents say."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from structlog.testing import capture_logs

from cdp.embedded import EMBEDDED_BROKER, EmbeddedSuite, embedded_settings, migrate
from chassis import FixedClock, parse_instant
from chassis.runtime.client import Client
from contracts.topology import SERVICE_NAMES

ROOT = Path(__file__).parents[3]
DOCUMENTS = ROOT / "docs" / "contracts"
NOW = "1998-07-01T00:00:00Z"
RULE = 'count("order_completed", within="365d") > 0'


class Checked:
    """A client that holds every call and its answer against the document of the call."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.called: set[str] = set()

    def call(self, service: str, method: str, **arguments: Any) -> Any:
        file = DOCUMENTS / "calls" / service / f"{method}.json"
        if not file.is_file():
            file = DOCUMENTS / "calls" / "every" / f"{method}.json"
        result = self._client.call(service, method, **arguments)
        call = {"arguments": arguments, "result": result}
        Draft7Validator(json.loads(file.read_text())).validate(call)
        self.called.add(f"{service}.{method}")
        return result


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checked]:
    settings = embedded_settings(tmp_path_factory.mktemp("suite"), FixedClock(parse_instant(NOW)))
    for each in settings:
        migrate(each)
    with capture_logs(), EmbeddedSuite(settings).running(), Client(EMBEDDED_BROKER, 20.0) as client:
        yield Checked(client)


@pytest.fixture(scope="module")
def receipts(checked: Checked) -> list[dict[str, Any]]:
    lines = (ROOT / "examples" / "shoppers.ndjson").read_text().splitlines()
    events = [json.loads(line) for line in lines if line.strip()]
    bad = {**events[0], "id": "bad", "time": "yesterday"}
    unusable = {**events[0], "id": "unusable", "identifiers": {"email": "nobody"}}
    answer = checked.call("profiles", "record", events=[*events, bad, unusable, events[0]])
    assert {receipt["status"] for receipt in answer["receipts"]} == {
        "appended",
        "duplicate",
        "rejected",
    }
    for receipt in answer["receipts"]:
        if receipt["status"] == "appended":
            checked.call(
                "segments",
                "memberships",
                profile_id=receipt["profile_id"],
                at_least=receipt["token"],
                wait_ms=20_000,
            )
    return [each for each in answer["receipts"] if each["status"] == "appended"]


def test_answers_about_shoppers_are_as_documented(
    checked: Checked, receipts: list[dict[str, Any]]
) -> None:
    for receipt in receipts[:5]:
        checked.call("profiles", "get", profile_id=receipt["profile_id"])
        checked.call("identity", "describe", profile_id=receipt["profile_id"])
        checked.call(
            "segments", "explain", profile_id=receipt["profile_id"], segment="frequent_buyer"
        )
    checked.call("profiles", "statistics")
    checked.call("identity", "lookup", identifiers={"user_id": "omar"}, authenticated=True)
    checked.call("identity", "lookup", identifiers={"user_id": "nobody"})


def test_answers_to_a_support_desk_are_as_documented(
    checked: Checked, receipts: list[dict[str, Any]]
) -> None:
    omar = checked.call("identity", "lookup", identifiers={"user_id": "omar"}, authenticated=True)
    described = checked.call("identity", "describe", profile_id=omar["profile_id"])
    sets = [[stream["stream"]] for stream in described["streams"]]
    checked.call("profiles", "preview", stream_sets=sets)
    checked.call("segments", "preview_streams", stream_sets=sets)
    checked.call("offers", "preview_caps", stream_sets=sets)
    keys = [one["key"] for one in described["streams"][-1]["identifiers"]]
    split = {"profile_id": omar["profile_id"], "identifiers": keys, "reason": "two people"}
    checked.call("identity", "split", **split, dry_run=True)
    result = checked.call("identity", "split", **split)
    one, other = (profile["profile_id"] for profile in result["after"])
    checked.call("identity", "merge", a=one, b=other, reason="one after all", dry_run=True)
    checked.call("identity", "merge", a=one, b=other, reason="one after all")
    checked.call("identity", "explain", profile_id=omar["profile_id"])
    checked.call("identity", "review", limit=10)


def test_answers_about_segments_are_as_documented(
    checked: Checked, receipts: list[dict[str, Any]]
) -> None:
    checked.call("segments", "list")
    checked.call("segments", "stability", weeks=2)
    checked.call("segments", "warnings")
    checked.call("segments", "preview", rule=RULE)
    form = checked.call("segments", "translate", rule=RULE)["form"]
    assert checked.call("segments", "translate", form=form)["rule"] == RULE
    checked.call("segments", "backtest", rule=RULE, since="3d")
    definition = {"segment": "documented", "rule": RULE, "description": "For this test."}
    checked.call("segments", "define", definition=definition)
    assert checked.call("segments", "value_model") == {"model": None}
    checked.call("segments", "values", profile_id=receipts[0]["profile_id"])


def test_decisions_are_as_documented(checked: Checked, receipts: list[dict[str, Any]]) -> None:
    for file in sorted((ROOT / "examples" / "requests").glob("*.json")):
        request = {**json.loads(file.read_text()), "explain": True, "deadline_ms": 20_000}
        decision = checked.call("offers", "decide", request=request)
        checked.call("offers", "explain", decision_id=decision["decision_id"])
        block = {"decision_id": decision["decision_id"], "slot": next(iter(decision["slots"]))}
        outcomes = [{**block, "kind": kind} for kind in ("shown", "clicked", "converted")]
        checked.call("offers", "record_outcomes", outcomes=outcomes)
    checked.call("offers", "decide", request={"placement": "order_confirmation", "dry_run": True})
    checked.call("offers", "fallbacks", language="de-AT")


@pytest.mark.parametrize("service", SERVICE_NAMES)
def test_every_event_of_a_log_is_as_documented(
    checked: Checked, receipts: list[dict[str, Any]], service: str
) -> None:
    heads = checked.call(service, "streams")["streams"]
    streams = [{"stream": head["stream"], "after": 0} for head in heads]
    events = checked.call(service, "history", streams=streams, limit=1_000)["events"]
    assert events
    for event in events:
        name = f"{event['type']}.v{event['schemaversion']}.json"
        document = json.loads((DOCUMENTS / "events" / service / name).read_text())
        Draft7Validator(document).validate(event)


@pytest.mark.parametrize("service", SERVICE_NAMES)
def test_what_every_service_answers_is_as_documented(
    checked: Checked, receipts: list[dict[str, Any]], service: str
) -> None:
    checked.call(service, "ping")
    assert checked.call(service, "status")["schema"]["expected"]
    checked.call(service, "dead_letters")
    checked.call(service, "redrive_all", reason="the cause was fixed", source="profiles")
    assert checked.call(service, "halted", source="profiles") == {"streams": []}
    checked.call(service, "behind", source="profiles", places={receipts[0]["stream_id"]: 1_000})


def test_the_former_name_of_the_export_says_its_new_one_and_does_the_same() -> None:
    command = [sys.executable, "-W", "ignore", "-m", "contracts.documents", "--check"]
    finished = subprocess.run(command, check=False, capture_output=True, text=True)
    assert finished.returncode == 0
    assert finished.stderr == "python -m contracts.documents is now python -m contracts.export\n"
