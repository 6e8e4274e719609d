"""What accounts keep for their checkouts, folded: in any order and any grouping the same."""

from __future__ import annotations

from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import Event, format_instant
from contracts.checkout_profile import CHECKOUT_PROFILE_RESPONSE, MAX_SHOWN
from contracts.event_types import EVENT_TYPES, SAVED_DETAILS, without_details
from services.profiles.domain.saved_details import (
    MOST_KEPT,
    Details,
    combined,
    saved,
    tells_details,
    with_event,
)

NOW = 1_795_000_000_000_000
VERIFIED = {"assurance": "verified", "authenticated": True}
LINE = {"line1": "1 Example Street"}
CARD = {"provider": "stripe", "token": "pm_1", "brand": "visa", "last4": "4242"}


def event(kind: str, data: dict[str, Any], at: int = 0, version: int = 1, **more: Any) -> Event:
    return Event(
        id=f"e-{version}",
        source="profiles",
        type=kind,
        stream="s",
        version=version,
        data=data,
        occurred_at=NOW + at,
        recorded_at=NOW + version,
        metadata={**VERIFIED, "arrival": [NOW + version, 0], **more},
    )


def address(name: str = "home", at: int = 0, version: int = 1, **data: Any) -> Event:
    return event("address_saved", {"address_id": name, "address": LINE, **data}, at, version)


def fold(*events: Event) -> Details:
    return reduce(with_event, events, {})


def form(*events: Event) -> dict[str, Any]:
    response = saved(fold(*events))
    CHECKOUT_PROFILE_RESPONSE.load(response)
    return response


def test_an_address_is_shown_as_it_was_saved_last() -> None:
    moved = {"line1": "2 Other Street", "country": "DE"}
    response = form(address(label="Home"), address(at=5, version=2, address=moved))
    assert response["addresses"] == [
        {
            "address_id": "home",
            "address": moved,
            "default": False,
            "saved_at": format_instant(NOW + 5),
        }
    ]
    assert response["payment_methods"] == []


def test_a_payment_method_is_a_token_with_its_brand_and_last_four_digits() -> None:
    assert form(event("payment_method_saved", CARD))["payment_methods"] == [
        {**CARD, "default": False, "saved_at": format_instant(NOW)}
    ]


@pytest.mark.parametrize(
    ("kind", "removal", "data"),
    [
        ("address_saved", "address_removed", {"address_id": "home", "address": LINE}),
        ("payment_method_saved", "payment_method_removed", CARD),
    ],
)
def test_what_was_removed_stays_away_however_late_its_saving_comes(
    kind: str, removal: str, data: dict[str, Any]
) -> None:
    named: dict[str, Any] = {
        name: data[name] for name in ("address_id", "provider", "token") if name in data
    }
    first, then = event(kind, data), event(removal, named, at=5, version=2)
    assert form(first, then) == form(then, first) == saved({})
    assert form(first, then, event(kind, data, at=9, version=3)) != saved({})


def test_of_two_of_one_instant_the_one_that_came_later_counts() -> None:
    one, other = address(label="one"), address(label="other", version=2)
    for events in ((one, other), (other, one)):
        assert form(*events)["addresses"][0]["label"] == "other"


def test_the_default_is_the_one_that_was_named_last() -> None:
    events = [
        address("a", default=True),
        address("b", at=1, version=2, default=True),
        address("c", at=2, version=3),
    ]
    defaults = [(each["address_id"], each["default"]) for each in form(*events)["addresses"]]
    assert defaults == [("c", False), ("b", True), ("a", False)]


def test_fields_of_the_shops_own_stay_in_the_log() -> None:
    more = address(note="x", context={"device": "mobile"}, address={**LINE, "door_code": "1"})
    assert form(more)["addresses"][0]["address"] == LINE
    assert "door" not in str(fold(more))
    assert "mobile" not in str(fold(more))


def test_number_and_size_are_bounded() -> None:
    events = [address(f"a-{n}", at=n, version=n + 1) for n in range(MOST_KEPT + 10)]
    assert len(fold(*events)["addresses"]) == MOST_KEPT
    names = [each["address_id"] for each in form(*events)["addresses"]]
    assert names == [f"a-{MOST_KEPT + 9 - n}" for n in range(MAX_SHOWN)]


@pytest.mark.parametrize(
    "more",
    [
        {"assurance": "device"},
        {"assurance": "claimed"},
        {"assurance": None},
        {"authenticated": False},
        {"authenticated": "yes"},
    ],
)
def test_what_nobody_has_signed_in_for_is_saved_nowhere(more: dict[str, Any]) -> None:
    assert tells_details(address())
    assert not tells_details(event("address_saved", {"address_id": "x", "address": LINE}, **more))
    assert not tells_details(event("page_read", {}))


@pytest.mark.parametrize("data", [{}, {"address_id": "x", "address": "Example Street"}, {"a": 1}])
def test_what_an_earlier_release_has_recorded_under_the_name_tells_nothing(
    data: dict[str, Any],
) -> None:
    assert form(event("address_saved", data)) == saved({})


EVENTS = st.lists(
    st.builds(
        lambda kind, name, at, label: (kind, name, at, label),
        st.sampled_from(["address_saved", "address_removed"]),
        st.sampled_from("abc"),
        st.integers(0, 3),
        st.sampled_from(["x", "y"]),
    ),
    max_size=12,
)


@given(EVENTS, st.randoms(use_true_random=False))
def test_order_and_grouping_make_no_difference(
    steps: list[tuple[str, str, int, str]], chance: Any
) -> None:
    events = [
        event(
            kind,
            {"address_id": name, **({"address": LINE, "label": label} if "saved" in kind else {})},
            at,
            number + 1,
        )
        for number, (kind, name, at, label) in enumerate(steps)
    ]
    whole = fold(*events)
    shuffled = chance.sample(events, len(events))
    assert fold(*shuffled) == whole
    cut = chance.randint(0, len(events))
    parts = [fold(*shuffled[:cut]), fold(*shuffled[cut:])]
    assert combined(parts) == combined(reversed(parts)) == whole
    assert combined([whole, *parts]) == whole


@pytest.mark.parametrize("kind", sorted(SAVED_DETAILS))
def test_every_field_but_the_shops_own_name_of_an_address_is_declared_personal(kind: str) -> None:
    schema = EVENT_TYPES[kind]
    assert schema.load_fields.keys() - schema.personal <= {"address_id", "default"}
    data = dict.fromkeys(schema.load_fields, "x")
    assert without_details(kind, data).keys() <= {"address_id", "default"}
