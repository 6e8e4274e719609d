"""The service over RPC, beside profiles, in one process with the embedded broker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

import pytest

from chassis import FixedClock, InvalidInput, NotFound, parse_instant
from chassis.config.settings import Settings
from chassis.messaging import embedded
from chassis.runtime.client import Client
from chassis.runtime.runner import Runner
from chassis.validation import load
from contracts.segments import MEMBERSHIPS_RESPONSE
from services.profiles.service import ProfilesService
from services.segments.configuration import read_definitions
from services.segments.service import SegmentsService
from tests.support.identity_service import IdentityServiceInMemory
from tests.unit.profiles.identity_in_memory import IdentityInMemory

NOW = parse_instant("2026-11-21T19:30:00Z")
FIRST_ORDER = ["high_basket_first_purchase", "high_value", "new_buyer", "returning_one_time_buyer"]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def cdp(
    service_database_uri: Callable[[str], str],
    migrated_file: Callable[[str, Path], str],
    clock: FixedClock,
    tmp_path: Path,
) -> Iterator[Callable[..., Client]]:
    """`cdp(following=True)`: a client of the services; segments follows events only then."""
    embedded.forget()
    uri = embedded.install(["identity", "profiles", "segments"])
    IdentityServiceInMemory.inner = IdentityInMemory()
    profiles = migrated_file("profiles", tmp_path / "profiles.db")
    segments = service_database_uri("segments")
    running = ExitStack()

    def start(following: bool = True) -> Client:
        role: Literal["all", "rpc"] = "all" if following else "rpc"
        runner = Runner(
            [
                (
                    IdentityServiceInMemory,
                    Settings("identity", profiles, uri, clock, b"key", role="rpc"),
                ),
                (ProfilesService, Settings("profiles", profiles, uri, clock, b"key", role="rpc")),
                (SegmentsService, Settings("segments", segments, uri, clock, b"key", role=role)),
            ]
        )
        runner.start()
        running.callback(runner.stop)
        return running.enter_context(Client(uri))

    with running:
        yield start


def order(event_id: str, user: str = "u-1", **changes: Any) -> dict[str, Any]:
    data = {"order_id": event_id, "revenue": 60_000, "currency": "USD", "products": []}
    return {
        "id": event_id,
        "type": "order_completed",
        "time": "2026-11-21T19:00:00Z",
        "identifiers": {"user_id": user},
        "authenticated": True,
        "data": data,
        **changes,
    }


def names(response: dict[str, Any]) -> list[str]:
    load(MEMBERSHIPS_RESPONSE, response)
    return [member["segment"] for member in response["segments"]]


@pytest.mark.parametrize("following", [True, False])
def test_what_was_just_recorded_counts_even_where_no_message_has_come(
    cdp: Callable[..., Client], following: bool
) -> None:
    client = cdp(following)
    recorded = client.call("profiles", "record", events=[order("e-1")])
    response = client.call(
        "segments",
        "memberships",
        profile_id=recorded["receipts"][0]["profile_id"],
        at_least=recorded["token"],
        wait_ms=5_000,
    )
    assert names(response) == FIRST_ORDER
    assert (response["stale"], response["versions"]) == (False, recorded["token"])


def test_what_cannot_be_had_in_time_is_stale_and_no_error(cdp: Callable[..., Client]) -> None:
    client = cdp(following=False)
    recorded = client.call("profiles", "record", events=[order("e-1")])
    profile_id, token = recorded["receipts"][0]["profile_id"], recorded["token"]
    request = {"profile_id": profile_id, "at_least": token, "wait_ms": 5_000}
    client.call("segments", "memberships", **request)
    ahead = {stream: version + 1 for stream, version in token.items()}
    response = client.call(
        "segments", "memberships", profile_id=profile_id, at_least=ahead, wait_ms=30
    )
    assert (response["stale"], response["versions"]) == (True, token)


def test_nobody_is_found_without_being_waited_for(cdp: Callable[..., Client]) -> None:
    client = cdp(following=False)
    recorded = client.call("profiles", "record", events=[order("e-1")])
    with pytest.raises(NotFound, match="profile_id: is not a profile that segments knows"):
        client.call("segments", "memberships", profile_id=recorded["receipts"][0]["profile_id"])
    with pytest.raises(NotFound, match="usr_id has an unknown type; did you mean user_id"):
        client.call("segments", "memberships", identifiers={"usr_id": "u-1"})


def test_rules_are_listed_defined_previewed_and_explained(cdp: Callable[..., Client]) -> None:
    client = cdp()
    recorded = client.call("profiles", "record", events=[order("e-1"), order("e-2", "u-2")])
    profile_id = recorded["receipts"][0]["profile_id"]
    waited = {"at_least": recorded["token"], "wait_ms": 5_000}
    client.call("segments", "memberships", profile_id=profile_id, **waited)
    assert client.call("segments", "preview", rule="orders() == 1")["members"] == 2
    definition = {"segment": "keen", "rule": 'orders(within="1d") > 0', "description": "Today."}
    assert client.call("segments", "define", definition=definition)["version"] == 1
    response = client.call("segments", "memberships", profile_id=profile_id)
    assert names(response) == sorted([*FIRST_ORDER, "keen"])
    listed = {one["segment"] for one in client.call("segments", "list")}
    assert {"keen", "abandoned_cart", "frequent_buyer"} <= listed
    assert client.call("segments", "standstills") == {"segments": []}
    why = client.call("segments", "explain", profile_id=profile_id, segment="keen")
    assert why["why"] == ['true: orders(within="1d") > 0 (1)']
    assert why["changes_at"] == "2026-11-22T19:00:00.000000Z"


WRONG_CALLS: list[tuple[str, dict[str, Any], str]] = [
    ("memberships", {}, "profile_id: give either profile_id or identifiers"),
    ("memberships", {"profile_id": 5}, "profile_id: must be text"),
    ("memberships", {"profile_id": "p", "wait_ms": -1}, "wait_ms: must be a whole number"),
    ("memberships", {"profile_id": "p", "at_least": {"s": "1"}}, "at_least.s: must be a version"),
    ("memberships", {"profile": "p"}, "profile: is not an argument of memberships"),
    (
        "define",
        {"definition": {"segment": "a", "rule": "order() > 1", "description": "x"}},
        "rule: line 1, column 1: nothing is called order; did you mean orders?",
    ),
    ("define", {"definition": []}, "must be an object"),
    ("preview", {"rule": "orders( > 1"}, "rule: line 1, column"),
    ("translate", {}, "rule: give either rule or form"),
    ("translate", {"rule": "orders( > 1"}, "rule: line 1, column"),
    ("translate", {"form": [1]}, "form: must be an object"),
    ("translate", {"form": {"call": "order", "arguments": []}}, "nothing is called order"),
    (
        "translate",
        {"form": {"and": [{"value": True}, {"value": 0.5}]}},
        "form.and.1.value: is a text, a whole number, true, false or null",
    ),
    ("apply", {"file": "a: {rule: order() > 1, description: x}"}, "a.rule: file line 1"),
    ("check", {"file": 5}, "file: must be text"),
    ("rename", {"segment": "high_value", "name": "Best"}, "name: must be snake_case"),
    ("members", {"segment": "high_value", "limit": 0}, "limit: must be a whole number"),
    ("delete", {"segment": None}, "segment: must not be null"),
    ("explain", {"profile_id": "p", "segment": "A"}, "segment: must be snake_case"),
]


def test_a_wrong_call_is_refused_naming_the_field(cdp: Callable[..., Client]) -> None:
    client = cdp(following=False)
    for method, arguments, message in WRONG_CALLS:
        with pytest.raises(InvalidInput) as caught:
            client.call("segments", method, **arguments)
        assert message in str(caught.value)


def test_a_wrong_file_stops_the_start_with_its_place(
    cdp: Callable[..., Client], service_database_uri: Callable[[str], str], tmp_path: Path
) -> None:
    (tmp_path / "segments.yaml").write_text("loyal:\n  rule: order() > 1\n  description: x\n")
    uri = embedded.install(["segments"])
    settings = Settings(
        "segments", service_database_uri("segments"), uri, FixedClock(NOW), b"key", tmp_path
    )
    with pytest.raises(
        InvalidInput, match=r"loyal\.rule: .*line 2, column 9: rule: line 1, column 1: nothing"
    ):
        Runner([(SegmentsService, settings)]).start()


KEEN = {"segment": "keen", "rule": 'orders(within="1d") > 0', "description": "Today."}
SHOP_FILE = """\
newcomer:
  rule: orders() == 0
  description: New.
buyer:
  rule: |
    # whoever has bought
    orders() >= 1
  description: Has bought.
"off":
  rule: "False"
  description: Nobody.
"""


def texts(file: str) -> dict[str, tuple[str, str]]:
    return {each.segment: (each.rule.text, each.description) for each in read_definitions(file)}


def test_a_file_is_checked_applied_and_exported_whole(cdp: Callable[..., Client]) -> None:
    client = cdp(following=False)
    checked = client.call("segments", "check", file=SHOP_FILE)
    changes = {each["segment"]: each["change"] for each in checked["segments"]}
    assert (checked["file"], changes["buyer"], changes["high_value"]) == ("new", "added", "missing")
    assert "buyer" not in {each["segment"] for each in client.call("segments", "list")}
    for name in [each["segment"] for each in client.call("segments", "list")]:
        client.call("segments", "delete", segment=name)
    assert client.call("segments", "apply", file=SHOP_FILE)["sha256"] == checked["sha256"]
    exported = client.call("segments", "export")["file"]
    assert texts(exported) == texts(SHOP_FILE)
    again = client.call("segments", "apply", file=exported)
    assert {each["change"] for each in again["segments"]} == {"unchanged"}


def test_without_a_file_that_of_the_process_is_meant(cdp: Callable[..., Client]) -> None:
    client = cdp(following=False)
    client.call("segments", "define", definition=KEEN)
    client.call("segments", "delete", segment="high_value")
    applied = client.call("segments", "apply")
    changes = {each["segment"]: each["change"] for each in applied["segments"]}
    assert (changes["high_value"], changes["lapsing"], changes["keen"]) == (
        "added",
        "unchanged",
        "missing",
    )
    assert client.call("segments", "describe", segment="high_value")["version"] == 3


def test_members_are_printed_page_by_page_by_their_new_name_too(
    cdp: Callable[..., Client],
) -> None:
    client = cdp()
    events = [order(f"e-{number}", f"u-{number}") for number in range(5)]
    recorded = client.call("profiles", "record", events=events)
    for receipt in recorded["receipts"]:
        client.call(
            "segments",
            "memberships",
            profile_id=receipt["profile_id"],
            at_least=recorded["token"],
            wait_ms=5_000,
        )
    profiles = sorted(receipt["profile_id"] for receipt in recorded["receipts"])
    pages: list[list[str]] = []
    after = None
    while not pages or after is not None:
        page = client.call("segments", "members", segment="high_value", after=after, limit=2)
        pages.append([each["profile_id"] for each in page["members"]])
        after = page["next"]
    assert [each for page in pages for each in page] == profiles
    assert max(map(len, pages)) == 2
    client.call("segments", "rename", segment="high_value", name="best")
    for profile_id in profiles:
        assert "best" in names(client.call("segments", "memberships", profile_id=profile_id))
    assert len(client.call("segments", "members", segment="best")["members"]) == 5
    with pytest.raises(
        NotFound, match="segment: high_value has been renamed: it is called best now"
    ):
        client.call("segments", "members", segment="high_value")


def test_each_condition_of_an_explanation_says_when_it_changes(cdp: Callable[..., Client]) -> None:
    client = cdp(following=False)
    recorded = client.call("profiles", "record", events=[order("e-1")])
    profile_id = recorded["receipts"][0]["profile_id"]
    client.call(
        "segments",
        "memberships",
        profile_id=profile_id,
        at_least=recorded["token"],
        wait_ms=5_000,
    )
    why = client.call("segments", "explain", profile_id=profile_id, segment="new_buyer")
    assert why["conditions"] == [
        {"condition": "orders() == 1 (1)", "holds": True, "changes_at": None},
        {
            "condition": 'orders(within="60d") == 1 (1)',
            "holds": True,
            "changes_at": "2027-01-20T19:00:00.000000Z",
        },
    ]
