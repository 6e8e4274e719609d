"""Who is in which of the segments that are shipped, each written out by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from tests.support.oracle.shopper import FoldedShopper, instant

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
    if _left_a_cart(shopper, now, _HOUR) and _last(shopper, "order_completed", now) < _last(
        shopper, "cart_updated", now
    ):
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
        "abandoned_cart": _left_a_cart(shopper, now, _DAY) and not _was_ordered(shopper, now),
    }
    return {segment for segment, holds in answers.items() if holds}


def _last(shopper: FoldedShopper, name: str, now: int) -> int:
    """When something happened last, 0 if never."""
    return max((at for at in shopper.happened.get(name, ()) if at <= now), default=0)


def _left_a_cart(shopper: Any, now: int, after: int) -> bool:
    """Whether a cart was left for `after` µs, and no checkout has ended since."""
    cart, checkout = _last(shopper, "cart_updated", now), _last(shopper, "checkout_completed", now)
    if not cart or not shopper.cart[2] or not after <= now - cart < 30 * _DAY:
        return False
    return checkout < cart


def _was_ordered(shopper: FoldedShopper, now: int) -> bool:
    """Whether an order came after the last cart, names it, or was of its articles just before."""
    cart_at = _last(shopper, "cart_updated", now)
    orders: dict[Any, list[Any]] = {}
    for number, (at, data) in enumerate(shopper.completed):
        if cart_at - 30 * _DAY < at <= now:
            key = (data.get("store"), data.get("order_id", number))
            orders.setdefault(key, []).append((at, data))
    return any(_is_of_cart(tellings, cart_at, shopper.cart_data) for tellings in orders.values())


def _is_of_cart(tellings: list[Any], cart_at: int, cart: Any) -> bool:
    placed = [data["placed_at"] for _, data in tellings if data.get("placed_at")]
    at = instant(placed[-1]) if placed else tellings[0][0]
    cart_ids = {data.get("cart_id") for _, data in tellings} - {None}
    if at >= cart_at or cart.get("cart_id") in cart_ids:
        return True
    listed = [data["products"] for _, data in tellings if data.get("products")]
    wanted = [line for line in cart["products"] if line.get("quantity", 1)]
    ordered = listed[-1] if listed else None
    return at > cart_at - _HOUR and (
        ordered is None or all(any(_same(line, other) for other in ordered) for line in wanted)
    )


def _same(line: Any, other: Any) -> bool:
    for name in ("sku", "product_id"):
        if name in line and name in other:
            return bool(line[name] == other[name])
    names = {line.get("sku"), line.get("product_id")} & {other.get("sku"), other.get("product_id")}
    return bool(names - {None})


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
