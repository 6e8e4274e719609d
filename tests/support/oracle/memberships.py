"""Who is in which of the segments that are shipped, each written out by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from tests.support.oracle.shopper import FoldedShopper

_HOUR = 3_600_000_000
_DAY = 24 * _HOUR


def memberships(shopper: FoldedShopper, now: int) -> set[str]:
    """The names of the shipped segments that a shopper is in at `now`, in µs.

    What is dated after `now` has not happened yet. The thresholds are those that
    services/segments/segments.yaml promises to people.
    """
    standing = shopper.standing(now)
    found = set()
    if not standing:
        found.add("first_time_visitor")
    if len(standing) == 1:
        found.add("returning_one_time_buyer")
    if sum(order.at > now - 60 * _DAY for order, _ in standing) > 5:
        found.add("frequent_buyer")
    if sum(paid for order, paid in standing if order.currency == "USD") >= 500_00:
        found.add("high_value")
    if _left_a_cart(shopper, now):
        found.add("abandoned_cart")
    return found


def _left_a_cart(shopper: Any, now: int) -> bool:
    carts = [at for at in shopper.happened.get("cart_updated", ()) if at <= now]
    orders = [
        at
        for name in ("order_completed", "checkout_completed")
        for at in shopper.happened.get(name, ())
        if at <= now
    ]
    if not carts or not shopper.cart[2]:
        return False
    last = max(carts)
    if not _HOUR <= now - last < 30 * _DAY:
        return False
    return not orders or max(orders) < last


def entries_and_exits(
    events: Iterable[Any],
) -> tuple[dict[str, set[str]], list[str]]:
    """What the log of segments adds up to, {profile: its segments}, and what is wrong with it:
    an entry of who is inside, an exit of who is not."""
    inside: defaultdict[str, set[str]] = defaultdict(set)
    flaws = []
    for event in events:  # sorted by stream, which is a profile, and version
        if event.type == "memberships_settled":
            told = {each["segment"] for each in event.data["segments"]}
            if told != inside[event.stream]:
                flaws.append(f"segments: {event.stream} is settled in {sorted(told)}")
            continue
        segment = event.data["segment"]
        entered = event.type == "segment_entered"
        if event.stream != event.data["profile_id"]:
            flaws.append(f"segments: {event.id} of {event.data['profile_id']} is in {event.stream}")
        if entered is (segment in inside[event.stream]):
            flaws.append(f"segments: {event.stream} has {event.type} {segment} twice in a row")
        (inside[event.stream].add if entered else inside[event.stream].discard)(segment)
    return {profile: segments for profile, segments in inside.items() if segments}, flaws
