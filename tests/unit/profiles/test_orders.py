"""Where orders are at home, whoever tells what of them in whatever order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import Draft, Event, JointDraft
from chassis.core.event import copy_id
from contracts.incoming import IncomingEvent
from identifiers import accept, load_types
from profile_index import fold_events
from rules import OrderAccount, Summary, combine
from services.profiles.domain import carts, order_plan, order_points, orders
from services.profiles.domain.orders import OrderKey, OrderRow
from services.profiles.domain.owners import OwnerHistory, OwnerLabel, owner_history
from services.profiles.domain.recording import ResolvedEvent, draft

NOW = 10**15
TYPES = load_types()
# Who tells, with which identifiers; the stream is what identity says, and the profile its label.
SENDERS: Mapping[str, tuple[dict[str, str], bool, str]] = {
    "ann": ({"user_id": "ann", "email": "ann@shop.example"}, True, "server"),
    "ann by loyalty card": ({"loyalty_id": "L-7001"}, True, "server"),
    "ben": ({"user_id": "ben"}, True, "server"),
    "ben by ann's address": ({"user_id": "ben", "email": "ann@shop.example"}, True, "server"),
    "a guest by ann's address": ({"email": "ann@shop.example"}, False, "server"),
    "a guest": ({"email": "lea@shop.example"}, False, "server"),
    "another guest": ({"email": "tom@shop.example"}, False, "server"),
    "a device": ({"anonymous_id": "laptop-1"}, False, "server"),
    "a browser": ({"anonymous_id": "laptop-1"}, False, "browser"),
    "a browser with an address": (
        {"anonymous_id": "laptop-1", "email": "lea@shop.example"},
        False,
        "browser",
    ),
    "another browser": ({"anonymous_id": "phone-77"}, False, "browser"),
    "nobody": ({"email": "test@example.com"}, False, "server"),
}
PROFILES = {"ann": "ann", "ann by loyalty card": "ann"}
STREAMS = {
    "a browser": "a device",
    "a browser with an address": "a device",
    "ben by ann's address": "ben",
}


def owned(profiles: Mapping[str, str], accounts: frozenset[str] = frozenset()) -> OwnerHistory:
    """Streams that stay whose they are."""
    labels = {stream: [OwnerLabel(1, profile)] for stream, profile in profiles.items()}
    return owner_history(labels, accounts)


@dataclass
class OrderWorld:
    """The log of profiles and its order homes, with an identity whose labels stand still."""

    rows: dict[OrderKey, OrderRow] = field(default_factory=dict)
    log: list[Event] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)
    reviews: set[str] = field(default_factory=set)
    number: int = 0

    def tell(self, sender: str, kind: str, at: int = NOW, **data: Any) -> str:
        """Record an event of the order; where it went, or what it was: rejected, refused."""
        self.number += 1
        identifiers, authenticated, origin = SENDERS[sender]
        event = IncomingEvent(
            id=f"e-{self.number:03}",
            type=kind,
            time=at,
            original_time=None,
            identifiers=identifiers,
            authenticated=authenticated,
            context=None,
            data={"order_id": "1", **data},
            origin=origin,
            arrival=(NOW, self.number),
        )
        accepted = accept(identifiers, TYPES, b"key")
        resolution = None
        if accepted.keys:
            stream = STREAMS.get(sender, sender)
            resolution = ResolvedEvent(stream, PROFILES.get(sender, stream), 1, "device", ())
        key = orders.order_key(event) or order_points.order_of_points(event)
        by_identity = draft(event, resolution or orders.unresolved({"ignored_identifiers": []}))
        if key is None:
            assert resolution is not None
            self._append([by_identity])
            return resolution.stream
        row = self.rows.setdefault(key, OrderRow(key))
        telling = orders.order_event(event, key, accepted, resolution, NOW, 0)
        owners = owned(
            {s: PROFILES.get(s, s) for s in SENDERS if s != "nobody"}, frozenset({"ann", "ben"})
        )
        plan = order_plan.plan([telling], {key: row}, owners)
        self.reviews |= {review["id"] for review in plan.reviews}
        if event.id in plan.errors:
            return "rejected"
        if event.id not in plan.places:
            return "refused"
        place = plan.places[event.id]
        self._append(carts.drafts_at_home(telling, by_identity, place, {}, owners))
        return place.stream

    def _append(self, drafts: Sequence[Draft | JointDraft]) -> None:
        for each in drafts:
            entries = each.entries if isinstance(each, JointDraft) else {each.stream: {}}
            for stream in entries:
                self.versions[stream] = self.versions.get(stream, 0) + 1
            streams = [{"stream": s, "version": self.versions[s]} for s in entries]
            for stream in entries:
                joint = isinstance(each, JointDraft)
                self.log.append(
                    Event(
                        id=copy_id(each.id, stream) if joint else each.id,
                        source="profiles",
                        type=each.type,
                        stream=stream,
                        version=self.versions[stream],
                        data={**each.data, "streams": streams} if joint else each.data,
                        occurred_at=each.occurred_at,
                        recorded_at=NOW,
                        metadata={**each.metadata, "joint": True} if joint else each.metadata,
                    )
                )

    def summaries(self) -> dict[str, Summary]:
        """The summaries of all streams, as profiles folds its log."""
        summaries: dict[str, Summary] = {}
        fold_events(summaries, self.log)
        return summaries

    def orders(self) -> dict[str, list[OrderAccount]]:
        """The completed orders of each stream that has any."""
        found = {stream: summary.orders() for stream, summary in self.summaries().items()}
        return {stream: accounts for stream, accounts in found.items() if accounts}

    def nets(self) -> dict[str, list[int]]:
        """What the standing orders of each stream are worth."""
        found = self.summaries().items()
        nets = {stream: [o.net for o in summary.book(None).orders] for stream, summary in found}
        return {stream: net for stream, net in nets.items() if net}


def completed(world: OrderWorld, sender: str, revenue: int = 500, **more: Any) -> str:
    return world.tell(sender, "order_completed", **{"revenue": revenue, "currency": "USD", **more})


TELLINGS = st.tuples(
    st.sampled_from(sorted(SENDERS)),
    st.sampled_from(["order_completed", "order_updated", "order_cancelled", "order_refunded"]),
    st.integers(-3, 3),
    st.sampled_from([{}, {"store": "de"}]),
)


def data_of(kind: str) -> dict[str, Any]:
    if kind in {"order_completed", "order_updated"}:
        return {"revenue": 500, "currency": "USD"}
    return {"amount": 100, "currency": "USD"} if kind == "order_refunded" else {}


@given(st.lists(TELLINGS, max_size=12))
def test_an_order_told_from_anywhere_in_any_order_counts_once_at_its_home(
    tellings: list[tuple[str, str, int, dict[str, str]]],
) -> None:
    world = OrderWorld()
    for sender, kind, hours, store in tellings:
        world.tell(sender, kind, NOW + hours, **data_of(kind), **store)
    found = world.orders()
    for key, row in world.rows.items():
        completions = [home for home in row.homes if {"first", "seen"} & home.state.keys()]
        expected = sorted(home.stream for home in completions)
        names = {orders.summary_key(key, home) for home in row.homes}
        having = [stream for stream, accounts in found.items() for a in accounts if a.key in names]
        assert sorted(having) == expected
        # Only another account has the second order of an id: all totals are the same here.
        assert {home.stream for home in row.reused[:1]} <= {"ann", "ann by loyalty card", "ben"}
    assert not any(
        account.store not in (None, "de") for accounts in found.values() for account in accounts
    )


@given(st.lists(TELLINGS, max_size=12))
def test_what_is_known_of_an_order_is_what_its_home_says(
    tellings: list[tuple[str, str, int, dict[str, str]]],
) -> None:
    world = OrderWorld()
    for sender, kind, hours, store in tellings:
        if "browser" in sender and kind != "order_completed":
            continue  # what a browser tells of an order's end stays in its stream
        world.tell(sender, kind, NOW + hours, **data_of(kind), **store)
        summaries = world.summaries()
        for key, row in world.rows.items():
            for home in row.homes:
                name = orders.summary_key(key, home)
                known = Summary()
                known.state.orders[name] = home.state
                folded = Summary()
                folded.state.orders[name] = summaries[home.stream].state.orders[name]
                for now in (None, NOW, NOW + 3):
                    assert known.book(now) == folded.book(now)


@given(st.lists(st.sampled_from(["ann", "a guest", "a device", "a browser"]), min_size=1))
def test_whoever_tells_a_completion_best_has_the_order_in_the_end(senders: list[str]) -> None:
    world = OrderWorld()
    for sender in senders:
        completed(world, sender)
    strongest = "ann" if "ann" in senders else next((s for s in senders if s != "a browser"), "")
    home = strongest or "a device"
    assert world.nets() == {home: [500]}
    assert not world.reviews


@given(st.permutations(["order_completed", "order_refunded", "order_updated", "order_cancelled"]))
def test_all_that_is_told_of_an_order_counts_whatever_comes_first(kinds: list[str]) -> None:
    events: Mapping[str, tuple[str, int, dict[str, Any]]] = {
        "order_completed": ("ann", 0, {"revenue": 500, "currency": "USD"}),
        "order_refunded": ("a guest", 2, {"amount": 100, "currency": "USD"}),
        "order_updated": ("nobody", 1, {"revenue": 700, "currency": "USD"}),
        "order_cancelled": ("a device", 3, {}),
    }
    world = OrderWorld()
    for kind in kinds:
        sender, after, data = events[kind]
        world.tell(sender, kind, NOW + after, **data)
    whole = combine(world.summaries().values())
    (account,) = whole.orders()
    assert (account.status, account.revenue, account.net) == ("cancelled", 700, 600)
    assert list(world.orders()) == ["ann"]


def test_an_account_never_loses_its_order_to_another() -> None:
    world = OrderWorld()
    for sender in ("ann", "ben", "ben"):
        completed(world, sender)
    assert world.nets() == {"ann": [500], "ben": [500]}
    assert len(world.reviews) == 1
    world.tell("ben", "order_cancelled", NOW + 1)
    assert world.nets() == {"ann": [500]}


def test_an_order_of_an_id_of_several_is_another_unless_its_shopper_has_one() -> None:
    world = OrderWorld()
    for sender in ("ann", "ben", "a guest", "a device", "a guest"):
        completed(world, sender)
    assert world.nets() == {each: [500] for each in ("ann", "ben", "a guest", "a device")}
    world.tell("a guest", "order_cancelled", NOW + 1)
    assert world.tell("another guest", "order_cancelled", NOW + 1) == "another guest"
    assert world.tell("nobody", "order_cancelled", NOW + 1) not in world.nets()
    assert world.nets() == {each: [500] for each in ("ann", "ben", "a device")}


def test_a_completion_by_an_address_of_several_orders_of_its_id_changes_none_of_them() -> None:
    world = OrderWorld()
    completed(world, "ann")
    completed(world, "ben by ann's address", 600)
    completed(world, "a guest by ann's address", 999)
    assert world.nets() == {"ann": [500], "ben": [600], "a guest by ann's address": [999]}


def test_an_account_that_is_known_by_two_names_has_one_order() -> None:
    world = OrderWorld()
    completed(world, "ann by loyalty card")
    completed(world, "ann", 700)
    assert world.nets() == {"ann by loyalty card": [700]}
    assert not world.reviews


def test_guests_contradict_each_other_by_address_and_total_together() -> None:
    world = OrderWorld()
    assert completed(world, "a guest", 500) == "a guest"
    assert completed(world, "another guest", 500) == "a guest"
    assert completed(world, "a device", 900) == "a guest"
    assert completed(world, "another guest", 300) == "another guest"
    assert world.tell("another guest", "order_refunded", NOW + 1) == "another guest"
    assert world.nets() == {"a guest": [900]}


def test_orders_of_one_id_stay_several_when_their_shoppers_turn_out_to_be_one() -> None:
    world = OrderWorld()
    completed(world, "a guest", 1_000)
    completed(world, "another guest", 700)
    world.tell("another guest", "order_refunded", amount=200, currency="USD", refund_id="r")
    completed(world, "another guest", 600)
    found = combine(world.summaries().values())
    assert sorted(order.net for order in found.book(None).orders) == [400, 1_000]
    assert [(each.order_id, each.store) for each in found.orders()] == [("1", None), ("1", None)]


def test_an_order_that_is_apart_stays_so_when_the_account_of_its_address_takes_it_over() -> None:
    world = OrderWorld()
    completed(world, "a guest", 1_000)
    completed(world, "a guest by ann's address", 700)
    assert completed(world, "ann", 700) == "ann"
    world.tell("ann", "order_refunded", amount=100, currency="USD")
    assert world.nets() == {"a guest": [1_000], "ann": [600]}
    together = combine(world.summaries().values())
    assert sorted(order.net for order in together.book(None).orders) == [600, 1_000]


def test_an_order_that_is_apart_stays_at_home_when_the_account_that_has_it_tells_it() -> None:
    world = OrderWorld()
    completed(world, "ben")
    completed(world, "ann by loyalty card", 700)
    row = world.rows[OrderKey("", "1")]
    row.reused[0].strength = orders.SHOP  # as the till of a shop tells it
    assert completed(world, "ann", 800) == "ann by loyalty card"
    assert world.nets() == {"ben": [500], "ann by loyalty card": [800]}


def test_points_name_the_home_of_an_order_whose_id_was_another_orders_before() -> None:
    world = OrderWorld()
    completed(world, "ben")
    completed(world, "ann by loyalty card", 700)
    for sender in ("ben", "ann by loyalty card", "ann", "a guest"):
        assert world.tell(sender, order_points.POINTS, points=30) == sender
    metadata = [e.metadata for e in world.log if e.type == order_points.POINTS]
    homes = [(each.get("order_apart"), each.get("order_home")) for each in metadata]
    assert homes == [(None, None), (True, None), (True, "ann by loyalty card"), (None, None)]
    named = {
        name
        for summary in world.summaries().values()
        for name in summary.state.stated.points_once | summary.state.unproven.points_once
    }
    assert named == {"order 1 +30", "order 1\x1eann by loyalty card +30"}


def test_points_told_by_the_address_of_one_order_are_for_that_one() -> None:
    world = OrderWorld()
    completed(world, "a guest", 1_000)
    completed(world, "another guest", 700)
    world.tell("a device", order_points.POINTS, points=30)
    world.tell("another guest", order_points.POINTS, points=30)
    marks = [e.metadata.get("order_apart") for e in world.log if e.type == order_points.POINTS]
    assert marks == [None, True]


def test_what_a_browser_types_contradicts_nothing_that_the_shop_tells() -> None:
    world = OrderWorld()
    assert completed(world, "a device") == "a device"
    assert completed(world, "a browser with an address") == "a device"
    assert completed(world, "another guest", 900) == "a device"
    assert world.nets() == {"a device": [900]}
    assert not world.reviews


def test_the_address_of_a_refund_is_not_that_of_its_order() -> None:
    world = OrderWorld()
    completed(world, "a device")
    world.tell("another guest", "order_refunded", NOW + 1, amount=1, currency="USD")
    assert completed(world, "a guest", 900) == "a device"
    assert not world.reviews


def test_what_no_identifier_leads_to_waits_in_a_stream_of_the_order() -> None:
    world = OrderWorld()
    stream = world.tell("nobody", "order_refunded", NOW + 1, amount=100, currency="USD")
    assert stream == orders.stream_of_nobody(OrderKey("", "1"))
    assert stream != orders.stream_of_nobody(OrderKey("de", "1"))
    assert completed(world, "nobody") == "refused"
    assert completed(world, "a guest") == "a guest"
    assert world.nets() == {"a guest": [400]}
    assert completed(world, "nobody", 600) == "a guest"


@pytest.mark.parametrize(
    ("refund", "answer"),
    [
        ({"amount": 1, "currency": "EUR"}, "rejected"),
        ({"products": [{"price": 1, "currency": "EUR"}]}, "rejected"),
        ({"amount": 1, "currency": "USD"}, "ann"),
        ({}, "ann"),
    ],
)
def test_a_refund_is_in_the_currency_of_its_order(refund: dict[str, Any], answer: str) -> None:
    world = OrderWorld()
    completed(world, "ann")
    assert world.tell("a guest", "order_refunded", NOW + 1, **refund) == answer


def test_no_browser_says_in_which_currency_a_shop_may_refund() -> None:
    world = OrderWorld()
    completed(world, "a browser", currency="EUR")
    assert world.tell("nobody", "order_refunded", NOW + 1, amount=1, currency="USD") == "a device"
    completed(world, "ann")
    assert world.nets() == {"ann": [499]}


def test_two_browsers_that_tell_one_order_make_one_of_it() -> None:
    world = OrderWorld()
    assert completed(world, "a browser") == "a device"
    assert completed(world, "another browser") == "another browser"
    assert world.nets() == {"a device": [500]}


@pytest.mark.parametrize("kind", ["updated", "refunded", "fulfilled", "cancelled"])
@pytest.mark.parametrize("told_by", ["ann", "a guest", "another guest"])
def test_a_browser_takes_no_order_from_whomever_a_shop_has_told_anything_of_it(
    kind: str, told_by: str
) -> None:
    world = OrderWorld()
    assert world.tell(told_by, f"order_{kind}", **data_of(f"order_{kind}")) == told_by
    assert completed(world, "a browser") == "a device"
    assert world.nets() == {}
    assert [event.type for event in world.log if event.stream == told_by] == [f"order_{kind}"]
    assert completed(world, "another guest", 500, at=NOW - 1) == "another guest"
    worth = {"refunded": [400], "cancelled": []}.get(kind, [500])
    assert world.nets() == ({"another guest": worth} if worth else {})


def test_a_browser_completes_what_a_shop_has_told_of_the_same_shopper_or_of_nobody() -> None:
    world = OrderWorld()
    assert world.tell("a device", "order_updated", revenue=700, currency="USD") == "a device"
    assert completed(world, "a browser") == "a device"
    assert world.nets() == {"a device": [700]}
    world.tell("nobody", "order_fulfilled", store="de")
    assert completed(world, "another browser", store="de") == "another browser"
    assert world.nets() == {"a device": [700], "another browser": [500]}


def test_a_device_is_told_of_a_bought_cart_if_it_is_anybodys() -> None:
    event = IncomingEvent("e", "order_completed", NOW, None, {}, False, None, {"order_id": "1"})
    (checkout,) = carts.checkouts(event, {"s": NOW, "t": NOW}, owned({"s": "p"}).at(0))
    assert (checkout.stream, checkout.type, checkout.data) == ("s", "checkout_completed", {})
    assert checkout.metadata == {"profile_id": "p", "causation_id": "e"}
