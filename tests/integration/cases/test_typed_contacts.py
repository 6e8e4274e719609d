"""What anybody can type shows nobody anything, and changes no answer about anybody else."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import ENGINES, FULL_SIZE
from tests.support.case_shop import NOW, CaseShop
from tests.support.shop_histories import (
    ACCOUNTS,
    CONTACTS,
    DEVICES,
    HISTORIES,
    HistoryCall,
    is_order,
    strangers_calls,
)

# The databases give the same identity (`test_identity.py`), so one is enough for a small run.
pytestmark = [
    pytest.mark.parametrize("case_suite", ENGINES if FULL_SIZE else ["sqlite"], indirect=True),
    pytest.mark.timeout(3_600 if FULL_SIZE else 300),
]
_PROPERTY = settings(
    max_examples=200 if FULL_SIZE else 8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
_EXAMPLES = itertools.count(10_000)
_CONTEXT = {
    "currency": "USD",
    "value": 12_000,
    "items": [{"sku": "w", "category": "running watch", "quantity": 1}],
    "device": "mobile",
}
PLACEMENTS = ("checkout", "order_confirmation")

WaysToAsk = tuple[list[Mapping[str, str]], bool]
Asker = tuple[Mapping[str, str], bool]  # identifiers, and whether they are authenticated


def everybody() -> Iterator[Asker]:
    """How shoppers are asked for: accounts, devices, both, and what anybody can type."""
    for account in ACCOUNTS:
        yield account, True
        yield {**account, **DEVICES[0]}, False
    for device in DEVICES:
        yield device, False
        yield {**device, **CONTACTS[0]}, False
    for contact in CONTACTS:
        yield contact, False
    yield {**DEVICES[1], **ACCOUNTS[0]}, True


def decisions(shop: CaseShop, who: Asker) -> list[dict[str, Any]]:
    """What offers decides at each placement, but for the ids of the decisions."""
    identifiers, authenticated = who
    request = {
        "identifiers": shop.event("page_read", NOW, identifiers)["identifiers"],
        "authenticated": authenticated,
        "context": _CONTEXT,
        "deadline_ms": 10_000,
        "dry_run": True,
        "explain": True,
    }
    found = []
    for placement in PLACEMENTS:
        decision = shop.client.call("offers", "decide", request={**request, "placement": placement})
        assert decision["degraded"] == []
        found.append({name: value for name, value in decision.items() if name != "decision_id"})
    return found


def looked_up(shop: CaseShop, who: Asker) -> dict[str, Any]:
    """What identity answers."""
    identifiers, authenticated = who
    response: dict[str, Any] = shop.client.call(
        "identity",
        "lookup",
        identifiers=shop.event("page_read", NOW, identifiers)["identifiers"],
        authenticated=authenticated,
    )
    return response


def tell(shop: CaseShop, calls: Sequence[HistoryCall]) -> list[dict[str, Any]]:
    """Record all calls, and wait until everybody knows; the receipts of what a shop ordered."""
    of_orders = []
    for call in calls:
        receipts = call.send(shop)
        for event, receipt in zip(call.events, receipts, strict=True):
            if is_order(event.kind) and call.origin == "server":
                of_orders.append(receipt)
    shop.wait_until_followed()
    return of_orders


@_PROPERTY
@given(history=HISTORIES, typed=strangers_calls())
def test_what_a_stranger_types_changes_no_answer_of_decide_or_lookup_elsewhere(
    shop: CaseShop, history: list[HistoryCall], typed: list[HistoryCall]
) -> None:
    """An order that the shop itself tells is the account's that has proven its address (L2).

    It may change what that account is shown, and never who is recognised.
    """
    shop = replace(shop, case=next(_EXAMPLES))
    tell(shop, history)
    asked = list(everybody())
    before = [(looked_up(shop, who), decisions(shop, who)) for who in asked]
    orders = tell(shop, typed)
    buyers = {receipt.get("profile_id") for receipt in orders} - {None}
    for who, (lookup, decided) in zip(asked, before, strict=True):
        assert looked_up(shop, who) == lookup, who
        seen: Callable[[Sequence[Mapping[str, Any]]], Any] = list
        if lookup["profile_id"] in buyers:
            seen = recognitions
        elif orders:  # a stream of its own for what is told of an order, with nothing in it
            seen = without_inputs
        assert seen(decisions(shop, who)) == seen(decided), who


def recognitions(decided: Sequence[Mapping[str, Any]]) -> list[Any]:
    return [(each["profile_id"], each["assurance"]) for each in decided]


def without_inputs(decided: Sequence[Mapping[str, Any]]) -> list[Any]:
    return [{name: value for name, value in d.items() if name != "inputs"} for d in decided]


@st.composite
def ways_to_ask(draw: st.DrawFn) -> WaysToAsk:
    """One way to ask, with values that are proven, or known, or that nobody has told."""
    kinds = draw(
        st.lists(
            st.sampled_from(["email", "phone", "user_id", "loyalty_id"]), min_size=1, unique=True
        )
    )
    names = {"user_id", "loyalty_id"} & set(kinds)
    # A claimed name of another account than the device's own is no match; that is no address.
    devices = [{}, {"anonymous_id": "unseen"}, {"anonymous_id": "unseen", "device_id": "unseen2"}]
    device = draw(st.sampled_from(devices if names else [*devices, *map(dict, DEVICES)]))
    values = {
        "email": ["ann", "bob", "cem", "nobody"],
        "phone": ["1", "2", "9"],
        "user_id": ["ann", "bob", "zoe", "nobody"],
        "loyalty_id": ["card", "none"],
    }
    askers: list[Mapping[str, str]] = [
        dict(zip(kinds, combination, strict=True)) | device
        for combination in itertools.product(*(values[kind] for kind in kinds))
    ]
    authenticated = draw(st.booleans()) if not names else False
    return draw(st.permutations(askers))[:6], authenticated


@_PROPERTY
@given(
    history=HISTORIES, typed=strangers_calls(), ways=st.lists(ways_to_ask(), min_size=4, max_size=4)
)
def test_what_nobody_a_few_or_an_account_has_shown_is_answered_alike(
    shop: CaseShop,
    history: list[HistoryCall],
    typed: list[HistoryCall],
    ways: list[WaysToAsk],
) -> None:
    shop = replace(shop, case=next(_EXAMPLES))
    tell(shop, [*history, *typed])
    for askers, authenticated in ways:
        answers = [
            (looked_up(shop, (who, authenticated)), decisions(shop, (who, authenticated)))
            for who in askers
        ]
        for who, answer in zip(askers, answers, strict=True):
            assert answer == answers[0], (who, askers[0])
