"""Random histories of a shop: what is told by whom, in calls of any size, and what strangers type.

The world is small, so that people often get in one another's way: two accounts, a few devices and
contacts, four orders. Names are those of `CaseShop`, which makes them the case's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from tests.support.case_shop import CaseShop

# Past days, hours of today with many equal ones, and one that is yet to come.
TIMES = ("2026-06-01", "11-01", "11-18", "09:00", "10:00", "10:00", "11:00", "12:00", "12:30")
ACCOUNTS: Sequence[dict[str, str]] = (
    {"user_id": "ann"},
    {"user_id": "ann", "loyalty_id": "card"},
    {"loyalty_id": "card"},
    {"user_id": "bob"},
)
NAMES: Sequence[dict[str, str]] = (*ACCOUNTS, {"user_id": "zoe"})
DEVICES: Sequence[dict[str, str]] = (
    {"anonymous_id": "a1"},
    {"anonymous_id": "a2"},
    {"device_id": "d1"},
    {"anonymous_id": "a1", "device_id": "d1"},
)
CONTACTS: Sequence[dict[str, str]] = (
    {"email": "ann"},
    {"email": "bob"},
    {"email": "cem"},
    {"phone": "1"},
    {"phone": "2"},
    {"email": "ann", "phone": "2"},
)
REFUSALS_OF_ADDRESSES = ("email", "sms", "marketing.news")


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """An event as `CaseShop.event` takes it."""

    kind: str
    time: str
    who: Mapping[str, str]
    data: Mapping[str, Any] = field(default_factory=dict)
    authenticated: bool = False
    proven: Sequence[str] | None = None

    def to_json(self, shop: CaseShop) -> dict[str, Any]:
        """The event of this shop, with an id of its own."""
        event = shop.event(
            self.kind, self.time, self.who, authenticated=self.authenticated, **self.data
        )
        return event if self.proven is None else {**event, "proven": list(self.proven)}


@dataclass(frozen=True, slots=True)
class HistoryCall:
    """Events that are recorded in one call, by one entry."""

    origin: str
    events: Sequence[HistoryEvent]

    def send(self, shop: CaseShop) -> list[dict[str, Any]]:
        """Record the events; their receipts."""
        events = [event.to_json(shop) for event in self.events]
        return shop.receipts(*events, origin=self.origin)


ADDRESS_IDS = st.sampled_from(["home", "office"])
TOKEN = {"provider": "stripe", "token": "pm_1"}


def _data(orders: Sequence[str], carts: Sequence[str]) -> dict[str, st.SearchStrategy[Any]]:
    """Data of each type of event, about these orders and carts."""
    order = st.fixed_dictionaries(
        {"order_id": st.sampled_from(orders)}, optional={"store": st.just("de")}
    )
    cart = st.fixed_dictionaries({}, optional={"cart_id": st.sampled_from(carts)})
    price = {"currency": "USD"}
    completed = st.tuples(
        order,
        cart,
        st.fixed_dictionaries(
            {"revenue": st.sampled_from([500, 500, 60_000])},
            optional={
                "revision": st.integers(0, 2),
                "placed_at": st.just("2026-06-01T12:00:00Z"),
            },
        ),
    ).map(lambda parts: price | parts[0] | parts[1] | parts[2])
    consent = st.fixed_dictionaries(
        {
            "purpose": st.sampled_from([*REFUSALS_OF_ADDRESSES, "personalisation"]),
            "granted": st.booleans(),
        }
    )
    points = st.fixed_dictionaries(
        {"points": st.sampled_from([600, -5])}, optional={"reference": st.just("r")}
    )
    lines = st.sampled_from([[], [{"sku": "w", "quantity": 1, "price": 500}]])
    traits = st.fixed_dictionaries(
        {},
        optional={
            "city": st.sampled_from(["Rome", "Oslo"]),
            "loyalty_tier": st.just("platinum"),
            "loyalty_enrolled": st.booleans(),
        },
    )
    nothing: st.SearchStrategy[dict[str, Any]] = st.just({})
    return {
        "product_viewed": st.just({"product_id": "w"}),
        "cart_updated": st.builds(lambda c, products: {**c, "products": products}, cart, lines),
        "checkout_started": cart,
        "checkout_completed": cart,
        "order_completed": completed,
        "order_updated": order.map(lambda o: {**o, "revenue": 900, **price}),
        "order_refunded": st.builds(
            lambda o, refund: {**o, "amount": 100, **price, **refund},
            order | st.just({"without_order": True}),
            st.sampled_from([{}, {"refund_id": "f"}]),
        ),
        "order_cancelled": order,
        "order_fulfilled": order,
        "traits_changed": traits.map(lambda t: {"traits": t}),
        "consent_changed": consent,
        "loyalty_enrolled": nothing,
        "loyalty_points_changed": points,
        "loyalty_tier_changed": st.just({"tier": "gold"}),
        "address_saved": st.fixed_dictionaries(
            {"address_id": ADDRESS_IDS, "address": st.just({"line1": "1 Example Street"})},
            optional={"default": st.booleans()},
        ),
        "address_removed": st.fixed_dictionaries({"address_id": ADDRESS_IDS}),
        "payment_method_saved": st.just({**TOKEN, "brand": "visa", "last4": "4242"}),
        "payment_method_removed": st.just(TOKEN),
        "signed_in": nothing,
        "signed_out": nothing,
        "account_created": nothing,
        "account_updated": nothing,
        "contact_released": nothing,
        "page_read": nothing,
    }


_SHOPS = _data(("1", "2", "3"), ("c1", "c2"))
# What often decides who is who, or what is bought, comes often.
_KINDS = [*_SHOPS, *["order_completed", "signed_in", "consent_changed"] * 3, "order_refunded"]


@st.composite
def _of_an_account(draw: st.DrawFn) -> HistoryEvent:
    who = dict(draw(st.sampled_from(ACCOUNTS)))
    who |= draw(st.sampled_from([{}, *DEVICES]))
    who |= draw(st.sampled_from([{}, *CONTACTS]))
    kind = draw(st.sampled_from(_KINDS))
    proven = draw(st.sampled_from([None, None, None, ("email",), ()]))
    return HistoryEvent(
        kind,
        draw(st.sampled_from(TIMES)),
        who,
        draw(_SHOPS[kind]),
        authenticated=True,
        proven=proven,
    )


@st.composite
def _of_a_guest(draw: st.DrawFn) -> HistoryEvent:
    who = dict(draw(st.sampled_from([{}, *DEVICES])))
    who |= draw(st.sampled_from([{}, *CONTACTS]))
    if not who or draw(st.integers(0, 9)) == 0:
        who |= draw(st.sampled_from(NAMES))
    kind = draw(st.sampled_from(_KINDS))
    return HistoryEvent(kind, draw(st.sampled_from(TIMES)), who, draw(_SHOPS[kind]))


_EVENTS = st.one_of(_of_an_account(), _of_a_guest())
CALLS = st.builds(
    HistoryCall,
    st.sampled_from(["server", "server", "server", "browser"]),
    st.lists(_EVENTS, min_size=1, max_size=5).map(tuple),
)
HISTORIES = st.lists(CALLS, min_size=1, max_size=6)


def is_order(kind: str) -> bool:
    """Whether an event tells of an order."""
    return kind.startswith("order_")


_STRANGERS: Sequence[dict[str, str]] = (
    {"anonymous_id": "stranger"},
    {"device_id": "strangers"},
    {"anonymous_id": "stranger", "device_id": "strangers"},
)
_OWN = _data(("own1", "own2"), ("own",))


@st.composite
def _typed(draw: st.DrawFn, origin: str) -> HistoryEvent:
    who = dict(draw(st.sampled_from([{}, *_STRANGERS])))
    who |= draw(st.sampled_from([*CONTACTS, {"email": "dia"}, {"phone": "3"}]))
    if draw(st.integers(0, 4)) == 0:
        who |= draw(st.sampled_from(NAMES))
    kind = draw(st.sampled_from(_KINDS))
    # A browser may name any order and any cart; what the shop tells of an order is true.
    data = draw((_SHOPS if origin == "browser" else _OWN)[kind])
    if data.get("purpose") in REFUSALS_OF_ADDRESSES:
        data = data | {"granted": True}
    claims = origin == "browser" and draw(st.booleans())
    return HistoryEvent(
        kind,
        draw(st.sampled_from(TIMES)),
        who,
        data,
        authenticated=claims,
        proven=("email", "phone") if claims else None,
    )


@st.composite
def strangers_calls(draw: st.DrawFn) -> list[HistoryCall]:
    """What a stranger types: any contact, from devices of its own or from none.

    No refusal of a channel is among it: that belongs to the address. What a browser says of proof
    is worth nothing.
    """
    calls = []
    for _ in range(draw(st.integers(1, 4))):
        origin = draw(st.sampled_from(["server", "browser"]))
        events = draw(st.lists(_typed(origin), min_size=1, max_size=4))
        calls.append(HistoryCall(origin, tuple(events)))
    return calls
