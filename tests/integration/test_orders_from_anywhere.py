"""One order that is told from any origins in any order: one home, its money once."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules import OrderAccount, Summary
from tests.conftest import FULL_SIZE
from tests.support.case_shop import CaseShop
from tests.support.suite_without_broker import OpenSuite, SuiteWithoutBroker

pytestmark = pytest.mark.timeout(3_600 if FULL_SIZE else 300)

_EXAMPLES = itertools.count(1)
# Who tells: with which identifiers, whether authenticated, by which entry. Only one is an account,
# and all guests have one address, so nobody contradicts anybody.
SENDERS: Mapping[str, tuple[Mapping[str, str], bool, str]] = {
    "the account": ({"user_id": "ann"}, True, "server"),
    "the account on a device": ({"user_id": "ann", "anonymous_id": "a1"}, True, "server"),
    "a guest": ({"email": "lea"}, False, "server"),
    "a guest on a device": ({"anonymous_id": "a2", "email": "lea"}, False, "server"),
    "a device": ({"anonymous_id": "a3"}, False, "server"),
    "a browser": ({"anonymous_id": "b1"}, False, "browser"),
    "another browser": ({"anonymous_id": "b2", "email": "lea"}, False, "browser"),
}
PRICE = {"revenue": 500, "currency": "USD"}
KINDS: Mapping[str, Mapping[str, Any]] = {
    "order_completed": PRICE,
    "order_updated": {"revenue": 700, "currency": "USD"},
    "order_refunded": {"amount": 100, "currency": "USD"},
    "order_cancelled": {},
    "order_fulfilled": {},
}


BROWSER, SHOP, ACCOUNT = range(3)
OrderAtHome = tuple[int, OrderAccount]  # whose it is, by who told it, and what it is worth


@dataclass(frozen=True, slots=True)
class Telling:
    """Somebody tells something of the order, as of an hour of its own."""

    sender: str
    kind: str
    hour: int
    store: str

    @property
    def strength(self) -> int:
        """How well the sender of a completion knows whose the order is."""
        _, authenticated, origin = SENDERS[self.sender]
        return ACCOUNT if authenticated else SHOP if origin == "server" else BROWSER

    @property
    def places_order(self) -> bool:
        """Whether it is a part of the order: what browsers tell of its end is not."""
        return self.strength > BROWSER or self.kind == "order_completed"

    def event(self, shop: CaseShop) -> dict[str, Any]:
        """The event, of the one order of this shop."""
        who, authenticated, _ = SENDERS[self.sender]
        data = {"order_id": "1", **KINDS[self.kind]}
        if self.store:
            data["store"] = self.store
        time = f"{self.hour:02}:00"
        return shop.event(self.kind, time, who, authenticated=authenticated, **data)


@st.composite
def some_tellings(draw: st.DrawFn) -> list[Telling]:
    hours = draw(st.lists(st.integers(0, 11), min_size=1, max_size=9, unique=True))
    kinds = [*KINDS, "order_completed", "order_completed"]
    return [
        Telling(
            draw(st.sampled_from(sorted(SENDERS))),
            draw(st.sampled_from(kinds)),
            hour,
            draw(st.sampled_from(["", "", "de"])),
        )
        for hour in hours
    ]


def tell(
    suite: SuiteWithoutBroker, tellings: Sequence[Telling], size: int
) -> dict[str, list[OrderAtHome]]:
    """Tell all in this order, in calls of up to `size` events of one origin.

    For each store the homes of the order: whose it is, and what it is worth.
    """
    shop = CaseShop(suite, suite.clock, next(_EXAMPLES), list)
    browsers: set[str] = set()
    origins = itertools.groupby(tellings, key=lambda telling: SENDERS[telling.sender][2])
    for origin, of_origin in origins:
        events = [telling.event(shop) for telling in of_origin]
        for start in range(0, len(events), size):
            receipts = shop.receipts(*events[start : start + size], origin=origin)
            assert {receipt["status"] for receipt in receipts} == {"appended"}
            if origin == "browser":
                browsers |= {receipt["profile_id"] for receipt in receipts}
    (account,) = shop.record(
        shop.event("page_read", "2026-06-01", {"user_id": "ann"}, authenticated=True)
    )
    summaries = suite.summaries()
    profiles = suite.profiles_of(summaries)
    strengths = {**dict.fromkeys(browsers, BROWSER), account["profile_id"]: ACCOUNT}
    homes: dict[str, list[OrderAtHome]] = {}
    for stream, summary in summaries.items():
        for order in _orders(summary, shop.mine("1")):
            owner = strengths.get(profiles.get(stream, ""), SHOP)
            homes.setdefault(order.store or "", []).append((owner, order._replace(key="")))
    return homes


def _orders(summary: Summary, order_id: str) -> list[OrderAccount]:
    return [order for order in summary.orders() if order.order_id == order_id]


@settings(
    max_examples=300 if FULL_SIZE else 12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data(), tellings=some_tellings(), size=st.integers(1, 9))
def test_one_order_from_any_origins_in_any_order_and_calls_has_one_home_and_its_money_once(
    open_suite: OpenSuite, data: st.DataObject, tellings: list[Telling], size: int
) -> None:
    with open_suite() as suite:
        homes = tell(suite, tellings, size)
        swapped_tellings = data.draw(st.permutations(tellings))
        swapped = tell(suite, swapped_tellings, data.draw(st.integers(1, 9)))
        alone = tell(suite, [telling for telling in tellings if telling.store], size)
    for store in ("", "de"):
        completions = [t for t in tellings if (t.store, t.kind) == (store, "order_completed")]
        found = homes.get(store, [])
        again = swapped.get(store, [])
        strongest = max((telling.strength for telling in completions), default=None)
        if strongest is not None and strongest > BROWSER:
            assert [owner for owner, _ in found] == [strongest]
            assert again == found
            continue
        # What browsers alone complete is the first one's, unless the shop has told of it before.
        for homes_told, in_order in ((found, tellings), (again, swapped_tellings)):
            of_store = [t for t in in_order if t.store == store and t.places_order]
            counts = of_store != [] and of_store[0].strength == BROWSER
            assert [owner for owner, _ in homes_told] == [BROWSER] * counts
    # What is told of an order of one store is nothing to that of another.
    assert alone == {store: found for store, found in homes.items() if store}
