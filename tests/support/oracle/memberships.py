"""Who is in which of the segments that are shipped, each written out by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from tests.support.oracle.shopper import FoldedShopper

_HOUR = 3_600_000_000
_DAY = 24 * _HOUR


def few_memberships(shopper: FoldedShopper, now: int) -> set[str]:
    """Which of the segments of tests/support/few_segments.yaml a shopper is in at `now`, in µs.

    What is dated after `now` has not happened yet.
    """
    standing = shopper.standing(now)
    found = set()
    if not standing:
        found.add("first_time_visitor")
    if len(standing) == 1:
        found.add("returning_one_time_buyer")
    if sum(order.at > now - 60 * _DAY for order, _ in standing) > 5:
        found.add("frequent_buyer")
    if shopper.revenue(now)["USD"] >= 500_00:
        found.add("high_value")
    if _left_a_cart(shopper, now, _HOUR, 0):
        found.add("abandoned_cart")
    return found


def memberships(shopper: FoldedShopper, now: int) -> set[str]:
    """Which of the shipped segments a shopper is in at `now`, in µs; no model has been fitted.

    What is dated after `now` has not happened yet. The thresholds are those that
    services/segments/segments.yaml promises to people.
    """
    standing = shopper.standing(now)
    recent = sum(order.at > now - 60 * _DAY for order, _ in standing)
    latest = sum(order.at > now - 30 * _DAY for order, _ in standing)
    paid = shopper.revenue(now)["USD"]
    bought_elsewhere = any(at <= now for at in shopper.happened.get("checkout_completed", ()))
    views = [at for at in shopper.happened.get("product_viewed", ()) if at <= now]
    has_context = any(at > now - 30 * _DAY for at in views) or bool(
        shopper.cart and shopper.cart[2]
    )
    number = len(standing)
    answers = {
        "first_time_visitor": number == 0 and not bought_elsewhere,
        "anonymous_context": not shopper.is_account and has_context,
        "returning_one_time_buyer": number == 1
        and shopper.traits.get("loyalty_enrolled") is not True,
        "high_basket_first_purchase": number == 1 and paid >= 150_00,
        "new_buyer": number == 1 and recent == 1,
        "occasional_buyer": number > 1 and recent in (1, 2),
        "regular_buyer": recent in (3, 4, 5),
        "frequent_buyer": recent > 5,
        "high_value": paid >= 500_00,
        "gold_and_recent": number > 3
        and latest > 0
        and shopper.traits.get("loyalty_tier") == "gold",
        "abandoned_cart": _left_a_cart(shopper, now, _DAY, _DAY // 144),
    }
    return {segment for segment, holds in answers.items() if holds}


def _left_a_cart(shopper: Any, now: int, after: int, echo: int) -> bool:
    """Whether a cart was left for `after` µs; one told within `echo` after an order is none."""

    def last(name: str) -> int | None:
        return max((at for at in shopper.happened.get(name, ()) if at <= now), default=None)

    cart, order, checkout = map(last, ("cart_updated", "order_completed", "checkout_completed"))
    if cart is None or not shopper.cart[2] or not after <= now - cart < 30 * _DAY:
        return False
    return (order is None or cart - order > echo) and (checkout is None or checkout < cart)


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
