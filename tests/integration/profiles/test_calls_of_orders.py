"""Orders told in one call end as the same orders in a call each, with the real identity."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from chassis import Event
from chassis.database.engine import Database
from chassis.database.tables import STREAMS
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from chassis.projections.inbox import Inbox
from contracts.identity.calls import read_observations
from deploy.services import upgrade
from profile_index import profiles_of
from rules import Summary, combine
from services.identity.commands import ResolveHandler
from services.identity.domain import responses
from services.profiles import store
from services.profiles.projections import IdentityProjection
from tests.conftest import FULL_SIZE
from tests.integration.profiles.test_order_homes import folded
from tests.integration.profiles.test_profiles import NOW, ProfilesWithoutNameko
from tests.unit.identity.shop import OBSERVER

Call = tuple[str, Sequence[Mapping[str, Any]]]  # its origin, and its events


class ResolvingIdentity:
    """The real identity. In a `hurry`, its facts reach profiles before its response does.

    If it `responds_late`, profiles has given up by then, and each call is made again.
    """

    def __init__(self, database: Database, profiles: UnitOfWorkRunner) -> None:
        self.work = UnitOfWorkRunner(database, "identity", profiles.clock)
        self.resolver = ResolveHandler(OBSERVER.policy)
        self.inbox = Inbox(profiles, "identity")
        self.in_hurry = False
        self.responds_late = False
        self._delivered: set[str] = set()

    def resolve(self, *, observations: list[dict[str, Any]]) -> dict[str, Any]:
        if self.responds_late:
            self._resolve(observations)
        return self._resolve(observations)

    def _resolve(self, observations: list[dict[str, Any]]) -> dict[str, Any]:
        batch = [OBSERVER.observe(**one) for one in read_observations(observations)]
        results, facts = self.resolver.resolve(batch, self.work)
        if self.in_hurry:
            self.inbox.process(facts, IdentityProjection())
        return {
            "resolutions": [responses.resolution(result) for result in results],
            "facts": [fact.to_wire() for fact in facts],
        }

    def deliver(self) -> None:
        """Let all facts reach profiles that have not come with a response."""
        query = sa.select(STREAMS.c.stream_id)
        streams = self.work.read(lambda unit: list(unit.connection.execute(query).scalars()))
        new = dict.fromkeys(set(streams) - self._delivered, 0)
        self._delivered |= new.keys()
        facts = self.work.read(lambda unit: unit.history(new, 9_999))
        self.inbox.process(facts, IdentityProjection())

    def history(self, *, streams: list[dict[str, Any]], limit: int) -> dict[str, Any]:
        after = {each["stream"]: each["after"] for each in streams}
        events = self.work.read(lambda unit: unit.history(after, limit))
        return {"events": [event.to_wire() for event in events]}


class OrderShop:
    """Profiles and identity on databases of their own; shops there share no name."""

    def __init__(self, profiles: Database, identity: Database) -> None:
        self.profiles = ProfilesWithoutNameko(profiles)
        self.identity = ResolvingIdentity(identity, self.profiles.work)
        self.profiles.identity = self.identity  # type: ignore[assignment]
        self.shops = 0

    def ends(self, calls: Sequence[Call]) -> dict[str, Any]:
        """What a new shop ends in that makes these calls; ids are replaced by what is recorded."""
        self.shops += 1
        name = f"shop{self.shops}"
        before = self._streams()
        for origin, events in calls:
            named = [self._named(event, name) for event in events]
            self.profiles.recorder.record(named, self.identity, self.profiles.work, origin)
        self.identity.deliver()
        new = dict.fromkeys(self._streams() - before, 0)
        return self._ends(name, self.profiles.work.read(lambda unit: unit.history(new, 9_999)))

    def _streams(self) -> set[str]:
        query = sa.select(STREAMS.c.stream_id)
        return self.profiles.work.read(lambda unit: set(unit.connection.execute(query).scalars()))

    def _named(self, event: Mapping[str, Any], name: str) -> dict[str, Any]:
        identifiers = {
            kind: f"{value}.{name}@shop.example" if kind == "email" else f"{value}-{name}"
            for kind, value in event["identifiers"].items()
        }
        ids = {field: f"{event['data'][field]}-{name}" for field in _IDS & event["data"].keys()}
        data = {**event["data"], **ids}
        return {**event, "id": f"{event['id']}-{name}", "identifiers": identifiers, "data": data}

    def _ends(self, shop: str, log: list[Event]) -> dict[str, Any]:
        contents: dict[str, set[str]] = {}
        for event in log:
            if event.type == "checkout_completed":
                continue  # one of a call may stand for two of two calls
            label = _cause(event).removesuffix(f"-{shop}")
            contents.setdefault(event.stream, set()).add(f"{event.type} {label}")
        names = {stream: " | ".join(sorted(content)) for stream, content in contents.items()}
        names[""] = ""
        of_shop = {
            table: table.select().where(table.c.order_id.endswith(f"-{shop}"))
            for table in (store.ORDER_HOMES, store.ORDER_REVIEWS)
        }
        rows, reviews = self.profiles.work.read(
            lambda unit: [list(unit.connection.execute(query)) for query in of_shop.values()]
        )
        summaries = folded(log)
        labels = self.profiles.work.read(lambda unit: profiles_of(unit, summaries))
        profiles: dict[str | None, list[str]] = {}
        for stream in summaries:
            profiles.setdefault(labels.get(stream), []).append(stream)
        return {
            "recorded as": {
                _cause(event).removesuffix(f"-{shop}"): names[event.metadata["profile_id"]]
                for event in log
                if "profile_id" in event.metadata and event.type != "checkout_completed"
            },
            "owners": sorted((names[stream], names[label]) for stream, label in labels.items()),
            "homes": {
                (row.store, row.order_id.removesuffix(f"-{shop}")): [
                    (names[home["stream"]], home["strength"], home["address"] is None)
                    for home in (
                        {"stream": row.stream_id, "strength": row.strength, "address": row.address},
                        *row.reused,
                    )
                ]
                for row in rows
            },
            "money": {
                names[stream]: sorted(order.net for order in summary.book(None).orders)
                for stream, summary in summaries.items()
            },
            "abandoned": sorted(
                sorted(names[stream] for stream in streams)
                for streams in profiles.values()
                if _abandoned(combine(summaries[stream] for stream in streams))
            ),
            "reviews": sorted(
                (
                    row.order_id.removesuffix(f"-{shop}"),
                    names[row.home_stream],
                    names[row.stream_id],
                )
                for row in reviews
            ),
        }


_IDS = {"order_id", "cart_id", "refund_id"}


def _abandoned(summary: Summary) -> bool:
    """Whether nothing was bought since the last that was told of a cart."""
    last = {kind: summary.last(kind, NOW) or 0 for kind in ("cart_updated", *_BOUGHT)}
    return last["cart_updated"] > max(last[kind] for kind in _BOUGHT)


_BOUGHT = ("checkout_completed", "order_completed")


def _cause(event: Event) -> str:
    """The id of the event that another one follows from, or its own."""
    return str(event.metadata.get("causation_id", event.id))


def one_by_one(calls: Sequence[Call]) -> list[Call]:
    return [(origin, [event]) for origin, events in calls for event in events]


D1, D2 = {"anonymous_id": "d1"}, {"anonymous_id": "d2"}
A, B = {"user_id": "a"}, {"user_id": "b"}
E1, E2 = {"email": "e1"}, {"email": "e2"}
SENDERS: list[tuple[dict[str, str], bool]] = [
    (D1, False),
    (D2, False),
    (E1, False),
    (E2, False),
    ({**D1, **E1}, False),
    ({**D2, **E1}, False),
    ({**D1, **E2}, False),
    (A, True),
    (B, True),
    ({**A, **D1}, True),
    ({**B, **D1}, True),
    ({**A, **E1}, True),
    ({**B, **D2, **E2}, True),
]
MONEY: dict[str, dict[str, Any]] = {
    "order_completed": {"revenue": 500, "currency": "USD"},
    "order_updated": {"revenue": 700, "currency": "USD"},
    "order_refunded": {"amount": 100, "currency": "USD"},
    "order_cancelled": {},
}


def shop_event(
    kind: str, sender: tuple[dict[str, str], bool], order: str = "1", minute: int = 0, **data: Any
) -> dict[str, Any]:
    """An event of an order, or of an account."""
    of_order = {"order_id": order, **MONEY[kind]} if kind in MONEY else {}
    return {
        "type": kind,
        "time": f"2026-11-21T19:{minute:02}:00Z",
        "identifiers": sender[0],
        "authenticated": sender[1],
        "data": {**of_order, **data},
    }


def numbered(calls: Sequence[tuple[str, Sequence[Mapping[str, Any]]]]) -> list[Call]:
    numbers = iter(range(1_000))
    return [
        (origin, [{**event, "id": f"e{next(numbers)}"} for event in events])
        for origin, events in calls
    ]


ORDERS = st.builds(
    shop_event,
    st.sampled_from(
        [*["order_completed"] * 5, "order_updated", "order_refunded", "order_cancelled"]
    ),
    st.sampled_from(SENDERS),
    st.sampled_from(["1", "2"]),
    st.integers(0, 3),
    store=st.sampled_from(["", "", "de"]),
    cart_id=st.sampled_from(["", "c"]),
    revenue=st.sampled_from([500, 500, 700]),
)
SIGN_INS = st.builds(
    shop_event,
    st.sampled_from(["signed_in", "signed_in", "signed_out", "account_updated"]),
    st.sampled_from([sender for sender in SENDERS if sender[1]]),
    minute=st.integers(0, 3),
)
CARTS = st.builds(
    shop_event,
    st.just("cart_updated"),
    st.sampled_from([(D1, False), (D2, False), ({**A, **D1}, True)]),
    minute=st.sampled_from([0, 1, 2, 3, 20]),
    cart_id=st.just("c"),
    products=st.just([]),
)
# What goes elsewhere once an address is proven or released, and what names an account unproven.
TYPED = st.builds(
    shop_event,
    st.sampled_from(["cart_updated", "contact_released", "account_updated", "signed_out"]),
    st.sampled_from([(E1, False), ({**A, **E1}, True), ({**D1, **A}, False), (D1, False)]),
    minute=st.integers(0, 3),
)


def calls_of(*events: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[list[Call]]:
    return st.lists(
        st.tuples(
            st.sampled_from(["server", "server", "browser"]),
            st.lists(st.one_of(*events), min_size=1, max_size=8),
        ),
        min_size=1,
        max_size=3,
    ).map(numbered)


CALLS = calls_of(ORDERS, ORDERS, SIGN_INS, CARTS)

GUEST_THEN_ACCOUNT = numbered(
    [
        (
            "server",
            [
                shop_event("order_completed", (D1, False), "3", 0),
                shop_event("order_completed", (B, True), "3", 1),
                shop_event("signed_in", ({**A, **D1}, True), minute=2),
            ],
        )
    ]
)

BOUGHT_ELSEWHERE = numbered(
    [
        (
            "server",
            [
                shop_event("order_completed", ({**D1, **E1}, False), cart_id="c"),
                shop_event("cart_updated", (D2, False), cart_id="c", products=[]),
            ],
        )
    ]
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OrderShop]:
    databases = []
    for service in ("profiles", "identity"):
        uri = f"sqlite:///{tmp_path_factory.mktemp('calls') / service}.db"
        upgrade(service, uri)
        databases.append(Database(uri))
    yield OrderShop(*databases)
    for database in databases:
        database.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(calls=CALLS, in_hurry=st.booleans())
@example(GUEST_THEN_ACCOUNT, False)
@example(GUEST_THEN_ACCOUNT, True)
@example(BOUGHT_ELSEWHERE, False)
def test_orders_in_one_call_end_as_in_a_call_each(
    shop: OrderShop, calls: list[Call], in_hurry: bool
) -> None:
    shop.identity.in_hurry = in_hurry
    whole = shop.ends(calls)
    shop.identity.in_hurry = False
    assert whole == shop.ends(one_by_one(calls))


@pytest.fixture
def own_shop(service_database: Callable[[str], Database]) -> OrderShop:
    return OrderShop(service_database("profiles"), service_database("identity"))


@pytest.mark.parametrize("responds_late", [False, True])
@pytest.mark.parametrize("in_hurry", [False, True])
def test_an_account_that_signs_in_later_in_the_call_had_no_order_before(
    own_shop: OrderShop, in_hurry: bool, responds_late: bool
) -> None:
    own_shop.identity.in_hurry = in_hurry
    own_shop.identity.responds_late = responds_late
    end = own_shop.ends(GUEST_THEN_ACCOUNT)
    assert [money for money in end["money"].values() if money] == [[500]]
    assert end["reviews"] == []
    own_shop.identity.responds_late = False
    assert end == own_shop.ends(one_by_one(GUEST_THEN_ACCOUNT))


@pytest.mark.parametrize("in_hurry", [False, True])
def test_an_account_that_has_signed_in_before_the_call_keeps_its_order(
    own_shop: OrderShop, in_hurry: bool
) -> None:
    """The device is known from a call before: what its owner was is in the log alone."""
    own_shop.identity.in_hurry = in_hurry
    known = ("server", [shop_event("cart_updated", (D1, False), products=[])])
    sign_in = shop_event("signed_in", ({**A, **D1}, True), minute=1)
    first = shop_event("order_completed", (D1, False), "3", 2)
    other = shop_event("order_completed", (B, True), "3", 3)
    before = numbered([known, ("server", [first, sign_in, other])])
    assert own_shop.ends(before)["reviews"] != []  # A's by then, and never B's
    after = numbered([known, ("server", [first, other, sign_in])])
    assert own_shop.ends(after)["reviews"] == []
    assert own_shop.ends(after) == own_shop.ends(one_by_one(after))


# What shops and browsers tell of one order and of its namesake in another store, by minute. The
# worth of the order is what follows from their times, whoever tells what first.
NOBODY = ({"email": "undefined"}, False)
HABITS: dict[str, tuple[list[Mapping[str, Any]], list[int]]] = {
    "refunded in parts, one of them twice": (
        [
            shop_event("order_completed", ({**D1, **E1}, False), minute=1),
            shop_event("order_completed", (A, True), minute=2),
            shop_event("order_refunded", (E1, False), minute=3, refund_id="r1", amount=100),
            shop_event("order_refunded", (A, True), minute=4, refund_id="r1", amount=100),
            shop_event("order_refunded", NOBODY, minute=5, refund_id="r2", amount=50),
        ],
        [350],
    ),
    "cancelled and revived": (
        [
            shop_event("order_completed", (E1, False), minute=1),
            shop_event("order_cancelled", NOBODY, minute=2),
            shop_event("order_completed", (A, True), minute=3, revenue=700),
            shop_event("order_updated", ({**A, **E1}, True), minute=4, revenue=600),
        ],
        [600],
    ),
    "cancelled after all": (
        [
            shop_event("order_completed", (A, True), minute=1),
            shop_event("order_cancelled", (E1, False), minute=3),
            shop_event("order_updated", (E1, False), minute=4, revenue=600),
        ],
        [],
    ),
    "refunded whole, first of all": (
        [
            shop_event("order_refunded", NOBODY, minute=0, amount=500, refund_id="r1"),
            shop_event("order_completed", ({**D2, **E1}, False), minute=1),
            shop_event("order_refunded", (A, True), minute=3, amount=500, refund_id="r1"),
            shop_event("order_completed", (A, True), minute=2),
        ],
        [],
    ),
    "proven in between": (
        [
            shop_event("order_completed", ({**D1, **E1}, False), minute=1),
            shop_event("account_updated", ({**A, **E1}, True), minute=2),
            shop_event("order_refunded", (A, True), minute=3, amount=100),
            shop_event("order_completed", (E1, False), minute=4),
        ],
        [400],
    ),
}
OPENED_AGAIN = shop_event("order_completed", (D1, False), minute=9, revenue=999)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(HABITS)), st.randoms(use_true_random=False), st.booleans())
def test_an_order_has_its_money_once_in_any_order_and_any_grouping_into_calls(
    shop: OrderShop, habit: str, chance: Random, opened_again: bool
) -> None:
    events, worth = HABITS[habit]
    namesake = shop_event("order_completed", (B, True), minute=1, revenue=70, store="de")
    calls = [("server", event) for event in [*events, namesake]]
    calls += [("browser", OPENED_AGAIN)] if opened_again else []
    chance.shuffle(calls)
    grouped: list[tuple[str, list[Mapping[str, Any]]]] = []
    for origin, event in calls:
        if grouped and grouped[-1][0] == origin and chance.random() < 0.5:
            grouped[-1][1].append(event)
        else:
            grouped.append((origin, [event]))
    end = shop.ends(numbered(grouped))
    assert sorted(net for nets in end["money"].values() for net in nets) == sorted([*worth, 70])
    assert end["reviews"] == []


DATED_BACK = shop_event("signed_in", ({**A, **D1}, True), minute=1)
GUEST_BEFORE_A_SIGN_IN = numbered(
    [
        ("server", [shop_event("signed_in", ({**B, **D1}, True))]),
        ("server", [shop_event("signed_out", (D1, False))]),
        ("server", [shop_event("order_completed", (D1, False), "3", 2), DATED_BACK]),
    ]
)
SIGNED_OUT_AT_ONCE = numbered(
    [("server", [DATED_BACK, shop_event("signed_out", ({**D1, **A}, False), minute=1)])]
)
PROVEN = shop_event("account_updated", ({**A, **E1}, True), minute=1)
CART_OF_AN_ADDRESS = numbered(
    [("server", [shop_event("cart_updated", (E1, False), cart_id="c", products=[]), PROVEN])]
)
ORDER_BEFORE_A_RELEASE = numbered(
    [
        ("server", [PROVEN]),
        (
            "server",
            [
                shop_event("order_completed", (E1, False), "3", 3),
                shop_event("contact_released", ({**A, **E1}, True), minute=2),
            ],
        ),
    ]
)


@settings(
    max_examples=500 if FULL_SIZE else 15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(calls=calls_of(ORDERS, SIGN_INS, CARTS, TYPED), in_hurry=st.booleans())
@example(GUEST_BEFORE_A_SIGN_IN, False)
@example(SIGNED_OUT_AT_ONCE, False)
@example(CART_OF_AN_ADDRESS, True)
@example(ORDER_BEFORE_A_RELEASE, False)
def test_a_call_that_is_made_again_ends_as_made_once(
    shop: OrderShop, calls: list[Call], in_hurry: bool
) -> None:
    once = shop.ends(calls)
    shop.identity.responds_late, shop.identity.in_hurry = True, in_hurry
    again = shop.ends(calls)
    shop.identity.responds_late = shop.identity.in_hurry = False
    # By the time that they are recorded, events may be of an account that has signed in since.
    assert {**again, "recorded as": None} == {**once, "recorded as": None}
