"""The stories of five shoppers on RabbitMQ and PostgreSQL, with the scripts of a checkout."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.access import CLIENT
from tests.support.servers import Databases, VirtualHost, VirtualHosts
from tests.support.system import ProcessSuite

EXAMPLES = Path(__file__).parents[2] / "examples"
CLOCK = "1998-07-01T00:00:00Z"

PATIENT = {"deadline_ms": 20_000}

Script = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def running(databases: Databases, virtual_hosts: VirtualHosts) -> Iterator[ProcessSuite]:
    """Two processes of each service."""
    with ProcessSuite(
        databases, virtual_hosts, replicas=2, environment={"CDP_CLOCK": CLOCK}
    ) as suite:
        yield suite


@pytest.fixture(scope="module")
def script(running: ProcessSuite) -> Script:
    """`script("decide.py", …)`: a script of the checkout team's, calling the suite."""
    return lambda name, *words: run(name, running.client_uri, *words)


@pytest.fixture(scope="module")
def recorded(script: Script) -> dict[str, Any]:
    """What record.py printed after recording all stories."""
    done = script("record.py", EXAMPLES / "shoppers.ndjson")
    assert (done.returncode, done.stderr) == (0, "")
    response: dict[str, Any] = json.loads(done.stdout)
    return response


@pytest.fixture
def decided(
    script: Script, recorded: dict[str, Any], tmp_path: Path
) -> Callable[[str], dict[str, Any]]:
    """`decided("gold-customer")`: the decision for a request of examples/requests.

    Its deadline is moved out, so that a busy machine gives the same answer as an idle one.
    """

    def decide(name: str) -> dict[str, Any]:
        request = tmp_path / "request.json"
        request.write_text(json.dumps(json.loads(requested(name).read_text()) | PATIENT))
        done = script("decide.py", request, "--at-least", json.dumps(recorded["token"]))
        assert (done.returncode, done.stderr) == (0, "")
        decision: dict[str, Any] = json.loads(done.stdout)
        assert not decision["degraded"]
        assert not decision["stale"]
        return decision

    return decide


def offers(decision: dict[str, Any]) -> set[str]:
    """The offers that won a slot."""
    blocks = [block for blocks in decision["slots"].values() for block in blocks]
    return {block["offer_id"] for block in blocks if block["offer_id"]}


def test_every_event_of_the_stories_is_appended(recorded: dict[str, Any]) -> None:
    count = len((EXAMPLES / "shoppers.ndjson").read_text().splitlines())
    assert recorded["receipts"] == {"appended": count}


def test_telling_the_stories_again_appends_nothing(
    script: Script, recorded: dict[str, Any]
) -> None:
    again = json.loads(script("record.py", EXAMPLES / "shoppers.ndjson").stdout)
    assert again["receipts"] == {"duplicate": recorded["receipts"]["appended"]}


def test_the_first_time_guest_sees_reasons_to_trust_us(
    decided: Callable[[str], dict[str, Any]],
) -> None:
    decision = decided("first-time-guest")
    assert decision["assurance"] == "device"
    assert offers(decision) == {"trust_signals", "guest_checkout", "nearly_free_delivery"}


def test_the_one_time_buyer_who_signed_in_midway_is_asked_into_the_programme(
    decided: Callable[[str], dict[str, Any]],
) -> None:
    decision = decided("one-time-buyer")
    assert decision["assurance"] == "verified"
    assert offers(decision) == {"welcome_back", "join_loyalty", "nearly_free_delivery"}
    assert decision["slots"]["loyalty"][0]["content"]["points_to_earn"] == 48


def test_the_gold_customer_sees_tier_and_points(
    decided: Callable[[str], dict[str, Any]],
) -> None:
    decision = decided("gold-customer")
    assert offers(decision) == {
        "top_customer_welcome", "loyalty_status", "points_of_this_order", "priority_contact",
        "frequent_buyer_discount", "priority_shipping", "early_access",
    }  # fmt: skip
    content = decision["slots"]["loyalty"][0]["content"]
    assert (content["tier"], content["points"]) == ("gold", 1175)


def test_the_anonymous_buyer_of_a_watch_sees_what_goes_with_it(
    decided: Callable[[str], dict[str, Any]],
) -> None:
    decision = decided("anonymous-watch")
    assert {"watch_warranty", "mobile_wallet", "referred_welcome"} <= offers(decision)
    assert [block["content"]["title"] for block in decision["slots"]["summary"]] == [
        "Tempo 5: only 2 left", "4.6 of 5 stars in 412 reviews",
    ]  # fmt: skip


def test_the_cart_left_behind_is_known_as_such(
    running: ProcessSuite, recorded: dict[str, Any]
) -> None:
    answer = running.call(
        "segments",
        "memberships",
        identifiers={"user_id": "lena"},
        at_least=recorded["token"],
        wait_ms=5_000,
    )
    assert "abandoned_cart" in [each["segment"] for each in answer["segments"]]


def test_the_sign_in_midway_made_one_profile(
    running: ProcessSuite, recorded: dict[str, Any]
) -> None:
    profile = running.call("profiles", "get", identifiers={"user_id": "omar"})
    guest = running.call("profiles", "get", identifiers={"anonymous_id": "omar-laptop"})
    assert profile["profile_id"] == guest["profile_id"]
    assert profile["events"] == 5
    assert profile["orders"]["count"] == 1


def test_what_was_shown_is_reported_once_and_a_wrong_slot_is_named(
    script: Script, decided: Callable[[str], dict[str, Any]], tmp_path: Path
) -> None:
    decision = tmp_path / "decision.json"
    decision.write_text(json.dumps(decided("first-time-guest")))
    for status in ("appended", "duplicate"):
        done = script("report.py", decision, "shown")
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout)["receipts"].keys() == {status}
    done = script("report.py", decision, "converted", "--slot", "nowhere")
    assert (done.returncode, done.stderr) == (1, "report.py: the decision has no slot 'nowhere'\n")


def test_a_wrong_request_names_its_field_and_is_no_success(
    script: Script, tmp_path: Path, recorded: dict[str, Any]
) -> None:
    request = tmp_path / "request.json"
    request.write_text(json.dumps({"placement": "chekout", "identifiers": {}, "context": {}}))
    done = script("decide.py", request)
    assert done.returncode == 1
    assert done.stderr.startswith("decide.py: placement: ")
    assert "checkout" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_rejected_event_is_named_and_the_others_are_appended(
    script: Script, tmp_path: Path, recorded: dict[str, Any]
) -> None:
    event = json.loads((EXAMPLES / "shoppers.ndjson").read_text().splitlines()[0])
    events = tmp_path / "events.ndjson"
    events.write_text(
        json.dumps({**event, "id": "good"}) + "\n" + json.dumps({**event, "id": "b", "time": "now"})
    )
    done = script("record.py", events)
    assert done.returncode == 1
    assert json.loads(done.stdout)["receipts"] == {"appended": 1, "rejected": 1}
    assert "record.py: b: " in done.stderr
    assert "time" in done.stderr


def test_the_stored_fallback_is_shown_when_offers_is_not_there(virtual_host: VirtualHost) -> None:
    done = run("decide.py", virtual_host.uri(CLIENT), requested("first-time-guest"))
    decision = json.loads(done.stdout)
    assert done.returncode == 1
    assert decision["decision_id"] is None
    assert decision["degraded"] == ["stored fallback: rpc: Unknown service `offers`"]
    stored = json.loads((EXAMPLES / "checkout" / "fallback.json").read_text())
    assert decision["slots"] == stored["checkout"]


def test_the_stored_fallback_is_shown_when_the_broker_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    broker = f"amqp://somebody:secret@127.0.0.1:{port}/"
    done = run("decide.py", broker, requested("gold-customer"))
    assert done.returncode == 1
    assert json.loads(done.stdout)["degraded"][0].startswith("stored fallback: ")
    assert done.stderr.startswith(f"decide.py: the broker at 127.0.0.1:{port}/ failed: ")
    assert "secret" not in done.stderr


def test_recording_without_a_broker_fails_in_one_line() -> None:
    done = run("record.py", "amqp://somebody:secret@127.0.0.1:9/", EXAMPLES / "shoppers.ndjson")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("record.py: the broker at 127.0.0.1:9/ failed: ")
    assert done.stderr.count("\n") == 1


def requested(name: str) -> Path:
    """A request of examples/requests."""
    return EXAMPLES / "requests" / f"{name}.json"


def run(name: str, broker: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """A script of the checkout team's, run to its end; nothing is left of earlier runs."""
    with tempfile.TemporaryDirectory() as temporary:
        return subprocess.run(
            [sys.executable, EXAMPLES / "checkout" / name, "--broker", broker, *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env=os.environ | {"TMPDIR": temporary},
        )
