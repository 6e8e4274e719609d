"""Every shipped segment that two real shops' orders can fill, against a plain script, at 20 dates.

CDNOW's file, and the baskets of The Complete Journey, which `make prove` fetches. The engine takes
the orders as they came, its clock goes with them, and a model of customer lifetime value is fitted
on the way.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from cdp.demo.demo import cdnow_directory
from cdp.demo.purchases import MASTER
from chassis import Event, new_id, parse_instant
from chassis.database.engine import Database
from services.segments import store
from services.segments.configuration import load_file
from services.segments.domain.value_model import to_plain
from services.segments.registry import DefinitionRegistry
from services.segments.value_fitting import fit, mark_due
from services.segments.value_settings import ValueSettings
from tests.support.reference_cdnow import purchases
from tests.support.reference_segments import (
    DAY,
    Members,
    ValueReference,
    members_by_orders,
    parameters_of,
    pasts,
)
from tests.support.segments_service import SegmentsWithoutNameko

pytestmark = pytest.mark.timeout(3_600)

DATES = 20
_BATCH = 100
_FIT = 9  # the date, of twenty, at which the model is fitted
_UNTOUCHED = {"first_time_visitor", "anonymous_context", "gold_and_recent", "abandoned_cart"}


@dataclass(frozen=True, slots=True)
class RealOrders:
    """Orders, sorted by instant: customer, at (µs), cents, and the dates to compare at (µs)."""

    orders: pd.DataFrame
    zone: str
    dates: Sequence[int]


def cdnow(customers: int | None) -> RealOrders:
    """At noon of each day, as in the demo, so that every window of days ends on an order's."""
    lines = [
        (customer, parse_instant(f"{day}T12:00:00Z"), cents)
        for customer, day, cents in purchases(cdnow_directory() / MASTER)
    ]
    frame = pd.DataFrame(lines, columns=["customer", "at", "cents"])
    return shop_of(frame, "UTC", customers, 30 * DAY, 27 * DAY)


def journey(customers: int | None) -> RealOrders:
    path = Path(os.environ["CDP_JOURNEY_DIR"]) / "transactions.parquet"
    columns = ["household_id", "basket_id", "sales_value", "transaction_timestamp"]
    lines = pd.read_parquet(path, columns=columns)
    baskets = lines.groupby("basket_id").agg(
        customer=("household_id", "first"),
        at=("transaction_timestamp", "first"),
        dollars=("sales_value", "sum"),
    )
    baskets["at"] = (
        baskets["at"]
        .dt.tz_localize("America/New_York", nonexistent="shift_forward", ambiguous=True)
        .astype("datetime64[us, UTC]")
        .astype("int64")
    )
    baskets["cents"] = (baskets["dollars"] * 100).round().astype("int64")
    orders = baskets[["customer", "at", "cents"]]
    step = 18 * DAY if customers is None else 4 * DAY
    return shop_of(orders, "America/New_York", customers, 20 * DAY, step)


def shop_of(
    orders: pd.DataFrame, zone: str, customers: int | None, first: int, step: int
) -> RealOrders:
    """The first customers of a shop, or all of them, up to the last date."""
    start = int(orders["at"].min())
    dates = [start + first + step * number for number in range(DATES)]
    if customers is not None:
        orders = orders[orders["customer"].isin(orders["customer"].unique()[:customers])]
    orders = orders[orders["at"] <= dates[-1]].sort_values("at", kind="stable")
    return RealOrders(orders.reset_index(drop=True), zone, dates)


class ShopSegments:
    """The engine, fed with a shop's orders."""

    def __init__(self, segments: Database, zone: str) -> None:
        self._segments = SegmentsWithoutNameko(segments, load_file())
        self._settings = ValueSettings(zone_name=zone)
        self._segments.projection.registry = DefinitionRegistry(self._settings.zone)
        self._versions: Counter[str] = Counter()

    def take(self, orders: pd.DataFrame) -> None:
        """Take orders; what one customer did at two instants is never in one batch."""
        batch: list[Any] = []
        seen: dict[Any, int] = {}
        for order in orders.itertuples():
            is_full = len(batch) >= _BATCH and order.at != batch[-1].at
            if is_full or seen.get(order.customer, order.at) != order.at:
                self._follow(batch)
                batch, seen = [], {}
            batch.append(order)
            seen[order.customer] = order.at
        if batch:
            self._follow(batch)

    def _follow(self, batch: Sequence[Any]) -> None:
        events = []
        for order in batch:
            if f"s-{order.customer}" not in self._versions:
                events.append(self._event(order, "identity_changed", _whose(order.customer)))
            data = {"order_id": f"order-{order.Index}", "revenue": order.cents}
            data |= {"currency": "USD", "products": []}
            events.append(self._event(order, "order_completed", data))
        self._segments.clock.at = batch[-1].at
        self._segments.follow(*events)

    def _event(self, order: Any, event_type: str, data: dict[str, Any]) -> Event:
        """The next event of a customer's stream in profiles' log, recorded as it happened."""
        stream = f"s-{order.customer}"
        self._versions[stream] += 1
        version = self._versions[stream]
        metadata = {"joint": True} if "streams" in data else {}
        return Event(
            new_id(), "profiles", event_type, stream, version, data, order.at, order.at, 1, metadata
        )

    def pass_time(self, until: int) -> None:
        self._segments.clock.at = until
        while self._segments.tick(500):
            pass

    def fit(self) -> dict[str, Any]:
        model = fit(self._segments.work, self._settings)
        mark_due(self._segments.work, self._segments.registry)
        return to_plain(model)

    def members(self) -> Members:
        found: Members = {}
        for row in self._segments.rows(sa.select(store.MEMBERSHIPS)):
            found.setdefault(row.segment, set()).add(row.profile_id.removeprefix("p-"))
        return found

    def flaws(self) -> list[str]:
        """Entries of those inside, and exits of those outside."""
        inside: set[tuple[str, str]] = set()
        flaws = []
        for event in self._segments.published:
            member = (event.stream, event.data["segment"])
            if (event.type == "segment_entered") is (member in inside):
                flaws.append(f"{event.type} of {member} twice in a row")
            inside ^= {member}
        return flaws

    @property
    def changes(self) -> int:
        return len(self._segments.published)


def _whose(customer: Any) -> dict[str, Any]:
    entry = {"stream": f"s-{customer}", "version": 1, "profile_id": f"p-{customer}", "epoch": 1}
    return {
        "reason": "created",
        "fact_id": new_id(),
        "streams": [{**entry, "identifiers": []}],
    }


@pytest.mark.parametrize(
    ("make", "few"), [(cdnow, 400), pytest.param(journey, 110, marks=pytest.mark.long)]
)
def test_every_segment_has_the_members_of_a_plain_script_at_twenty_dates(
    make: Callable[[int | None], RealOrders],
    few: int,
    service_database: Callable[[str], Database],
    size: Callable[[int, int], int],
) -> None:
    shop = make(size(few, 0) or None)
    engine = ShopSegments(service_database("segments"), shop.zone)
    steps = pasts(shop.orders, shop.zone)
    reference: ValueReference | None = None
    known: dict[Any, Any] = {}
    ahead = next(steps, None)
    done, compared, before = 0, 0, shop.orders["at"].to_numpy()
    for number, date in enumerate(shop.dates):
        upto = int((before <= date).sum())
        engine.take(shop.orders.iloc[done:upto])
        done = upto
        engine.pass_time(date)
        while ahead is not None and ahead[0] <= date:
            at, customer, past = ahead
            known[customer] = past
            if reference is not None:
                reference.follow(customer, at, past)
            ahead = next(steps, None)
        if number == _FIT:
            reference = ValueReference(parameters_of(engine.fit()), dict(known))
            reference.start(date)
            engine.pass_time(date)
        expected = members_by_orders(shop.orders, date)
        undecided: set[Any] = set()
        if reference is not None:
            expected |= reference.members(date)
            undecided = reference.undecided
        found = engine.members()
        assert not found.keys() & _UNTOUCHED
        for segment in found.keys() | expected.keys():
            left_out = undecided if segment == "top_quartile_clv" else set()
            ours = found.get(segment, set()) - {str(each) for each in left_out}
            theirs = {str(each) for each in expected.get(segment, set()) - left_out}
            assert ours == theirs, (segment, number, len(ours), len(theirs))
            compared += len(theirs)
    assert reference is not None
    assert len(reference.undecided) <= 3
    assert engine.flaws() == []
    print(
        f"{make.__name__}: {len(shop.orders)} orders of {len(known)} customers, {compared} members"
        f" compared, {engine.changes} entries and exits, {len(reference.undecided)} left out"
    )
