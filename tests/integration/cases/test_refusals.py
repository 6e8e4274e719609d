"""Refusals reach everybody who was told with the address: in any order, and after crashes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import eventlet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdp.embedded import EMBEDDED_BROKER
from chassis.core.errors import Failure
from chassis.runtime.client import Client
from services.profiles import store
from services.profiles.commands import IdentityUnavailable, recording
from tests.integration.cases.test_consent import BARE, IDA, consent, consents
from tests.support.case_shop import CaseShop
from tests.support.toy_services import wait_until

_EXAMPLES = itertools.count(1_000)
SUBJECTS: Sequence[Mapping[str, str]] = (
    {"user_id": "ida"},
    {"anonymous_id": "phone"},
    {"anonymous_id": "laptop"},
    {},
)
ADDRESSES: Sequence[Mapping[str, str]] = ({}, {"email": "one"}, {"email": "two"})
Happening = tuple[int, int, int, bool | None]  # who, with which address, at which hour, consent


@st.composite
def happenings(draw: st.DrawFn) -> list[Happening]:
    happening = st.tuples(
        st.integers(0, 3),
        st.integers(0, 2),
        st.integers(1, 5),
        st.sampled_from([True, False, None]),
    )
    drawn = draw(st.lists(happening, min_size=2, max_size=8))
    # What an address alone grants comes to whoever proves it: that is another matter.
    return [each for each in drawn if each[0] != 3 or (each[1] != 0 and each[3] is False)]


def as_event(shop: CaseShop, happening: Happening) -> dict[str, Any]:
    who, address, hour, granted = happening
    identifiers = {**SUBJECTS[who], **ADDRESSES[address]}
    time = f"{hour:02}:00"
    if granted is None:
        kind = "checkout_started"
        return shop.event(kind, time, identifiers, authenticated="user_id" in identifiers)
    return consent(shop, time, identifiers, granted=granted)


def expected(subject: int, all_of_them: Sequence[Happening]) -> bool | None:
    """The latest of what a subject has said itself, and of what its addresses have refused."""
    own = {address for who, address, *_ in all_of_them if who == subject} - {0}
    statements = [
        (hour, not granted)
        for who, address, hour, granted in all_of_them
        if granted is not None and (who == subject or (not granted and address in own))
    ]
    return None if not statements else not max(statements)[1]


def consent_of(shop: CaseShop, who: Mapping[str, str]) -> bool | None:
    return consents(shop, **who).get("email")


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_a_refusal_by_any_address_ends_consent_unless_a_grant_of_its_own_is_later(
    shop: CaseShop, data: st.DataObject
) -> None:
    shop = replace(shop, case=next(_EXAMPLES))
    happened = data.draw(happenings())
    events = [as_event(shop, each) for each in happened]
    order = data.draw(st.permutations(range(len(events))))
    size = data.draw(st.integers(1, len(events) or 1))
    for start in range(0, len(order), size):
        shop.receipts(*(events[place] for place in order[start : start + size]))
    shop.receipts(*(events[place] for place in order[:2]))  # are told twice
    for subject in sorted({who for who, *_ in happened} - {3}):
        assert consent_of(shop, SUBJECTS[subject]) == expected(subject, happened)


def fail_once(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, *, after: bool) -> None:
    function = getattr(owner, name)
    failures = iter([True])

    def failing(*arguments: Any) -> Any:
        result = function(*arguments) if after else None
        if next(failures, False):
            raise RuntimeError("a crash")
        return result if after else function(*arguments)

    monkeypatch.setattr(owner, name, failing)


@pytest.mark.parametrize("place", ["resolved", "noted", "appended"])
def test_a_refusal_whose_recording_crashed_is_whole_when_it_is_told_again(
    shop: CaseShop, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    shop.record(
        consent(shop, "10:00", IDA, granted=True),
        consent(shop, "10:00", {"anonymous_id": "phone", **BARE}, granted=True),
    )
    refusal = consent(shop, "11:00", {"anonymous_id": "laptop", **BARE}, granted=False)
    with monkeypatch.context() as patched:
        if place == "resolved":  # identity has committed, and profiles knows nothing
            fail_once(patched, recording, "resolve", after=True)
        elif place == "noted":
            fail_once(patched, store, "save_addresses", after=True)
        else:
            fail_once(patched, store, "keep_sealed", after=False)
        with pytest.raises(Failure):
            shop.receipts(refusal)
    assert consents(shop, user_id="ida") == {"email": True}
    shop.record(refusal)
    assert consents(shop, user_id="ida") == {"email": False}
    assert consents(shop, anonymous_id="phone") == {"email": False}


def test_a_refusal_that_waited_for_identity_reaches_the_account(
    shop: CaseShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.record(consent(shop, "10:00", IDA, granted=True))
    refusal = consent(shop, "11:00", BARE, granted=False)

    def unavailable(*_: Any) -> Any:
        raise IdentityUnavailable("identity", "does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(recording, "resolve", unavailable)
        (receipt,) = shop.receipts(refusal)
    assert receipt["status"] == "accepted"
    wait_until(lambda: consents(shop, user_id="ida") == {"email": False})


def test_whoever_types_an_address_while_it_refuses_learns_of_it(shop: CaseShop) -> None:
    devices = [{"anonymous_id": f"device{number}"} for number in range(8)]
    for device in devices:
        shop.record(consent(shop, "09:00", device, granted=True))
    events = [shop.event("checkout_started", "10:00", {**each, **BARE}) for each in devices]
    events.insert(4, consent(shop, "11:00", BARE, granted=False))

    def record(event: Mapping[str, Any]) -> None:
        with Client(EMBEDDED_BROKER, 30.0) as client:  # a client is for one greenlet at a time
            replace(shop, client=client).receipts(event)

    list(eventlet.GreenPool().imap(record, events))
    assert [consents(shop, **each) for each in devices] == [{"email": False}] * 8


@pytest.mark.parametrize("service", ["segments", "offers"])
def test_who_follows_profiles_applies_a_refusal(shop: CaseShop, service: str) -> None:
    shop.record(
        consent(shop, "10:00", IDA, granted=True), consent(shop, "11:00", BARE, granted=False)
    )
    places = shop.profile(user_id="ida")["versions"]

    def lags() -> Any:
        return shop.client.call(service, "behind", source="profiles", places=places)["behind"]

    wait_until(lambda: not lags())
    halted = shop.client.call(service, "halted", source="profiles", after="", limit=100)
    assert halted["streams"] == []
