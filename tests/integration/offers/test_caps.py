"""Caps and budgets on both databases: what is reserved, confirmed, given back, and shared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import eventlet
import pytest
import sqlalchemy as sa
from prometheus_client import REGISTRY

from chassis import (
    DAY,
    MINUTE,
    Conflict,
    Event,
    FixedClock,
    InvalidInput,
    NotFound,
    Unavailable,
    new_id,
)
from chassis.core.upcasting import Upcasters
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.projections.inbox import Inbox
from contracts.decisions import DECISION_STEPS
from contracts.offers import DecideResponse
from contracts.reservations import ReservationResponse
from identifiers import accept, load_types
from services.offers import queries, store
from services.offers.commands import (
    DecisionHandler,
    ReservationHandler,
    Upstream,
    settle_grants,
)
from services.offers.commands.granting import Granter
from services.offers.configuration import read_file
from services.offers.decision_log import DecisionLog
from services.offers.domain.caps import EVERYBODY, Holder, Moved, Wanted, grant_id, locks_of
from services.offers.projections import LiveShopperProjection
from services.offers.registry import CatalogueRegistry, put_in_force

NOW = 1_795_289_400_000_000
TYPES = load_types()
KEY = b"key"
RESPONSE = ReservationResponse()
DECISION = DecideResponse()
OFFERS = """
placements:
  checkout:
    slots:
      extras: {fallback: {title: Free returns}}
offers:
  - id: coupon
    version: 1
    slots: [checkout.extras]
    priority: 60
    requires: any
    content: {title: Ten off}
    cost: {amount: 1000, currency: EUR}
    caps: [%s]
    %s
  - id: plain
    version: 1
    slots: [checkout.extras]
    priority: 50
    requires: any
    content: {title: Plain}
"""
ONCE = "{by: shopper, most: 1}"
COST = "{amount: 1000, currency: EUR}"
NO_COUPON = OFFERS.replace("id: coupon", "id: other") % (ONCE, "")


class CappedShop:
    """Offers without nameko, whose only limited offer is `coupon`."""

    def __init__(self, database: Database) -> None:
        self.clock = FixedClock(NOW)
        self.work = UnitOfWorkRunner(
            database, "offers", self.clock, upcasters=Upcasters(DECISION_STEPS)
        )
        self.profiles = Inbox(self.work, "profiles")
        self.reservations = ReservationHandler(Granter(), TYPES, KEY)
        self.log = DecisionLog(self.work)
        self.versions: dict[str, int] = {}
        self.set_limits()

    def set_limits(
        self, caps: str = ONCE, more: str = "", requires: str = "any", cost: str | None = COST
    ) -> None:
        text = (OFFERS % (caps, more)).replace("requires: any", f"requires: {requires}", 1)
        text = text.replace("    caps: []\n", "")
        if cost is None:
            text = text.replace(f"    cost: {COST}\n", "")
        file = read_file(text, is_shipped=False)
        self.work.run(lambda unit: put_in_force(unit, file))
        self.handler = DecisionHandler(CatalogueRegistry(file), TYPES, KEY, 8)
        self.catalogue = file.catalogue

    def follow(self, *events: Event) -> None:
        self.profiles.process(events, LiveShopperProjection())

    def move(self, profile: str, stream: str, epoch: int = 1, **identifiers: str) -> None:
        """A stream is of a profile from now on, and these identifiers lead to it."""
        keys = [
            {"key": i.key, "type": i.type.name, "tenure": epoch, "assurance": i.assured(True)}
            for i in accept(identifiers, TYPES, KEY).keys
        ]
        version = self.next_version(stream)
        entry = {"stream": stream, "version": version, "profile_id": profile, "epoch": epoch}
        data = {"reason": "moved", "fact_id": new_id(),
                "streams": [{**entry, "identifiers": keys}]}  # fmt: skip
        self.follow(
            Event(new_id(), "profiles", "identity_changed", stream, version, data, NOW, NOW, 1,
                  {"joint": True})
        )  # fmt: skip

    def happen(self, stream: str, kind: str, email: str | None = None, **data: Any) -> None:
        metadata = {}
        if email:
            (contact,) = accept({"email": email}, TYPES, KEY).keys
            metadata = {"address": contact.key, "contacts": contact.contact}
        version = self.next_version(stream)
        self.follow(Event(new_id(), "profiles", kind, stream, version, data, NOW, NOW, 1, metadata))

    def next_version(self, stream: str) -> int:
        self.versions[stream] = self.versions.get(stream, 0) + 1
        return self.versions[stream]

    def reserve(self, key: str, **request: Any) -> dict[str, Any]:
        request = {"key": key, "offer_id": "coupon", **request}
        return self._checked(self.reservations.reserve(request, self.catalogue, self.work))

    def confirm(self, key: str, **request: Any) -> dict[str, Any]:
        return self._checked(
            self.reservations.confirm({"key": key, **request}, self.catalogue, self.work)
        )

    def release(self, key: str) -> dict[str, Any]:
        return self._checked(self.reservations.release({"key": key}, self.work))

    def _checked(self, response: dict[str, Any]) -> dict[str, Any]:
        RESPONSE.load(response)
        return response

    def decide(
        self, device: str = "d-1", handler: DecisionHandler | None = None, **request: Any
    ) -> dict[str, Any]:
        request = {
            "placement": "checkout",
            "identifiers": {"device_id": device},
            "deadline_ms": 60_000,
            **request,
        }
        upstream = Upstream(lambda _at_least, _seconds: True, lambda *_: {})
        decision = (handler or self.handler).decide(request, self.work, upstream, self.log)
        DECISION.load(decision)
        return decision

    def run_timers(self, later: int = 0) -> None:
        self.clock.at += later
        settle_grants(self.work, self.catalogue)

    def used(self) -> int:
        rows = self.work.read(lambda unit: unit.connection.execute(sa.select(store.BUDGETS)).all())
        return sum(row.used for row in rows)


def offer_in(decision: dict[str, Any]) -> str | None:
    offer: str | None = decision["slots"]["extras"][0]["offer_id"]
    return offer


@pytest.fixture
def shop(service_database: Callable[[str], Database]) -> CappedShop:
    shop = CappedShop(service_database("offers"))
    shop.move("p-1", "s-1", device_id="d-1")
    shop.move("p-2", "s-2", device_id="d-2")
    return shop


ANN = {"identifiers": {"device_id": "d-1"}}
BEN = {"identifiers": {"device_id": "d-2"}}


def test_what_was_granted_before_anybody_was_known_counts_by_whoever_it_turns_out_to_be(
    shop: CappedShop,
) -> None:
    reserved = shop.decide("d-9", reserve=True)
    assert offer_in(reserved) == "coupon"
    shop.move("p-9", "s-9", device_id="d-9")
    shop.move("p-10", "s-10", user_id="u-9")
    shop.move("p-10", "s-9", epoch=2)
    user: dict[str, Any] = {"identifiers": {"user_id": "u-9"}, "authenticated": True}
    assert shop.decide(**user, reserve=True)["reservations"] == reserved["reservations"]
    assert shop.reserve("k", **user)["state"] == "refused"
    # Whoever has the device next is somebody else.
    shop.move("p-11", "s-11", epoch=3, device_id="d-9", user_id="u-11")
    next_user = {"user_id": "u-11", "device_id": "d-9"}
    assert offer_in(shop.decide(identifiers=next_user, authenticated=True)) == "coupon"
    other = shop.reserve("other", identifiers=next_user, authenticated=True)
    assert other["state"] == "reserved"
    assert shop.reserve("k", **user)["state"] == "refused"


def test_the_same_key_is_the_same_reservation(shop: CappedShop) -> None:
    first, again = (shop.reserve("k", **ANN) for _ in range(2))
    assert first == again
    assert first["state"] == "reserved"
    assert first["expires_at"] is not None
    with pytest.raises(Conflict, match="a key of its own"):
        shop.reserve("k", **ANN, offer_id="plain")


def test_a_key_that_is_used_again_for_another_amount_is_a_conflict(shop: CappedShop) -> None:
    shop.set_limits("{by: shopper, amount: 2500, currency: EUR}")
    shop.reserve("k", **ANN, amount=400, currency="EUR")
    for amount in (900, 0):
        with pytest.raises(Conflict, match="is a reservation of 400 EUR"):
            shop.reserve("k", **ANN, amount=amount, currency="EUR")
    assert shop.reserve("k", **ANN, amount=400, currency="EUR")["state"] == "reserved"
    assert shop.reserve("k", **ANN)["state"] == "reserved"


def test_a_key_that_is_used_again_by_another_shopper_is_a_conflict(shop: CappedShop) -> None:
    new = {"identifiers": {"device_id": "new", "email": "new@example.com"}}
    shop.reserve("a", **ANN)
    shop.reserve("n", **new)
    for key in "an":
        with pytest.raises(Conflict, match="another shopper"):
            shop.reserve(key, **BEN)
    assert shop.reserve("b", **BEN)["state"] == "reserved"
    # She is the same one after a sign-in, and when her device has become somebody else's.
    shop.move("p-7", "s-7", user_id="ann")
    shop.move("p-7", "s-1", epoch=2)
    account: dict[str, Any] = {"identifiers": {"user_id": "ann"}, "authenticated": True}
    assert shop.reserve("a", **account)["state"] == "reserved"
    shop.move("p-8", "s-8", epoch=3, device_id="d-1")
    assert shop.reserve("a", **ANN)["state"] == "reserved"
    assert shop.reserve("n", identifiers={"email": "new+x@example.com"})["state"] == "reserved"


def test_the_same_key_at_once_by_another_shopper_is_a_conflict(shop: CappedShop) -> None:
    slower = ReservationHandler(Overtaken(lambda: shop.reserve("k", **ANN)), TYPES, KEY)
    with pytest.raises(Conflict, match="another shopper"):
        slower.reserve({"key": "k", "offer_id": "coupon", **BEN}, shop.catalogue, shop.work)


def test_a_reservation_is_answered_as_it_was_though_its_offer_has_left_the_catalogue(
    shop: CappedShop,
) -> None:
    first = shop.reserve("k", **ANN)
    shop.catalogue = read_file(NO_COUPON, is_shipped=False).catalogue
    assert shop.reserve("k", **ANN) == first
    with pytest.raises(NotFound, match="no offer of the catalogue"):
        shop.reserve("other", **ANN)


def test_a_process_that_starts_with_a_replaced_file_grants_by_the_catalogue_in_force(
    shop: CappedShop,
) -> None:
    replaced = read_file(NO_COUPON, is_shipped=False)
    shop.work.run(lambda unit: put_in_force(unit, replaced))
    shop.set_limits()
    in_force = CatalogueRegistry(replaced).in_force(shop.work)
    assert in_force.offers.keys() == {"coupon", "plain"}


def test_an_order_of_another_store_is_another_order(shop: CappedShop) -> None:
    shop.reserve("k", **ANN)
    for _ in range(2):
        assert shop.confirm("k", order_id="o-1", store="north")["state"] == "confirmed"
    for store_name in ({"store": "south"}, {}):
        with pytest.raises(Conflict, match="another order"):
            shop.confirm("k", order_id="o-1", **store_name)


FIRST = {"order_id": "o-1", "store": "north", "value": 5_000}


@pytest.mark.parametrize("ended", [False, True], ids=["confirmed", "returned"])
def test_a_repeated_confirmation_may_say_less_and_nothing_else(
    shop: CappedShop, ended: bool
) -> None:
    shop.reserve("k", **ANN)
    first = shop.confirm("k", **FIRST)
    if ended:
        shop.happen("s-1", "order_cancelled", order_id="o-1", store="north")
        shop.run_timers()
        first["state"] = "returned"
    order = {"order_id": "o-1", "store": "north"}
    for repeat in (FIRST, order, {"value": 5_000}, {}):
        assert shop.confirm("k", **repeat) == first
    others: list[tuple[str, dict[str, Any]]] = [
        ("order_id", {**FIRST, "order_id": "o-2"}),
        ("store", {**FIRST, "store": "south"}),
        ("store", {"order_id": "o-1"}),
        ("value", {**FIRST, "value": 4_999}),
        ("value", {"value": 0}),
    ]
    for field, other in others:
        with pytest.raises(Conflict) as conflict:
            shop.confirm("k", **other)
        assert conflict.value.subject == field


@pytest.mark.parametrize(
    ("field", "more"), [("order_id", {"order_id": "o-1"}), ("value", {"value": 5})]
)
def test_what_a_repeated_confirmation_adds_is_not_dropped_in_silence(
    shop: CappedShop, field: str, more: dict[str, Any]
) -> None:
    shop.reserve("k", **ANN)
    shop.confirm("k")
    with pytest.raises(Conflict) as conflict:
        shop.confirm("k", **more)
    assert conflict.value.subject == field


class Overtaken(Granter):
    """Whoever has her turn finds that somebody else has just done the same."""

    def __init__(self, overtake: Callable[[], Any]) -> None:
        super().__init__()
        self._overtake: list[Callable[[], Any]] = [overtake]

    @contextmanager
    def turn(self, holder: Holder) -> Iterator[None]:
        if self._overtake:
            self._overtake.pop()()
        with super().turn(holder):
            yield


def test_the_same_key_at_once_is_the_same_reservation(shop: CappedShop) -> None:
    shop.set_limits(ONCE, "budget: {count: 5}")
    request = {"key": "k", "offer_id": "coupon", **ANN}
    slower = ReservationHandler(Overtaken(lambda: shop.reserve("k", **ANN)), TYPES, KEY)
    reserved = slower.reserve(request, shop.catalogue, shop.work)
    assert reserved == shop.reserve("k", **ANN)
    assert (reserved["state"], shop.used()) == ("reserved", 1)


def test_what_is_granted_while_somebody_becomes_known_counts_by_her(shop: CappedShop) -> None:
    slower = ReservationHandler(
        Overtaken(lambda: shop.move("p-9", "s-9", device_id="d-9")), TYPES, KEY
    )
    request = {"key": "k", "offer_id": "coupon", "identifiers": {"device_id": "d-9"}}
    assert slower.reserve(request, shop.catalogue, shop.work)["state"] == "reserved"
    shop.move("p-10", "s-10", user_id="u-9")
    shop.move("p-10", "s-9", epoch=2)
    account: dict[str, Any] = {"identifiers": {"user_id": "u-9"}, "authenticated": True}
    assert shop.reserve("other", **account)["state"] == "refused"


def test_what_a_shopper_has_used_up_is_refused_and_not_offer_in(shop: CappedShop) -> None:
    assert offer_in(shop.decide()) == "coupon"
    assert shop.reserve("a", **ANN)["state"] == "reserved"
    refused = shop.reserve("b", **ANN)
    assert (refused["state"], refused["reasons"]) == (
        "refused",
        ["cap: 1 of 1 ever by this shopper"],
    )
    decision = shop.decide(explain=True)
    assert offer_in(decision) == "plain"
    assert decision["capped"] == {"coupon": "cap: 1 of 1 ever by this shopper"}
    assert "cap: 1 of 1" in str(decision["trace"])
    assert shop.reserve("c", **BEN)["state"] == "reserved"
    assert offer_in(shop.decide("d-2")) == "plain"


def test_a_released_reservation_counts_no_longer(shop: CappedShop) -> None:
    shop.reserve("a", **ANN)
    assert [shop.release("a")["state"] for _ in range(2)] == ["released"] * 2
    assert shop.reserve("b", **ANN)["state"] == "reserved"
    assert shop.reserve("a", **ANN)["state"] == "released"


def test_reservations_expire_lazily_and_by_a_timer(shop: CappedShop) -> None:
    shop.set_limits(ONCE, "budget: {amount: 5000, currency: EUR}")
    shop.reserve("a", **ANN)
    assert shop.used() == 1000
    shop.clock.at += 31 * MINUTE
    assert shop.reserve("b", **ANN)["state"] == "reserved"
    shop.run_timers()
    assert shop.used() == 1000
    assert shop.reserve("a", **ANN)["state"] == "expired"


def test_a_confirmation_after_its_time_is_one_if_there_is_still_room(shop: CappedShop) -> None:
    shop.set_limits(ONCE, "budget: {count: 1}")
    shop.reserve("a", **ANN)
    shop.reserve("b", **BEN)
    shop.run_timers(31 * MINUTE)
    assert shop.confirm("a", order_id="o-1")["state"] == "confirmed"
    assert shop.used() == 1
    shop.reserve("c", **BEN)
    assert shop.reserve("d", **ANN)["state"] == "refused"


def test_what_is_confirmed_after_its_time_counts_from_then_on(shop: CappedShop) -> None:
    shop.set_limits("{by: shopper, most: 1, within: 1h}")
    for key in "abc":
        assert shop.reserve(key, **ANN)["state"] == "reserved"
        shop.run_timers(later=120 * MINUTE)
    states = [shop.confirm(key)["state"] for key in "abc"]
    assert states == ["confirmed", "refused", "refused"]
    assert shop.reserve("d", **ANN)["state"] == "refused"
    shop.clock.at += 60 * MINUTE
    assert shop.confirm("b")["state"] == "confirmed"


def test_confirming_is_idempotent_and_needs_a_reservation(shop: CappedShop) -> None:
    with pytest.raises(NotFound, match="reserve"):
        shop.confirm("nothing")
    shop.reserve("a", **ANN)
    assert [shop.confirm("a", order_id="o-1")["state"] for _ in range(2)] == ["confirmed"] * 2
    with pytest.raises(Conflict, match="another order"):
        shop.confirm("a", order_id="o-2")
    shop.run_timers(DAY)
    assert shop.reserve("b", **ANN)["state"] == "refused"


def test_after_a_window_it_may_be_granted_again(shop: CappedShop) -> None:
    shop.set_limits("{by: shopper, most: 1, within: 30d}")
    shop.reserve("a", **ANN)
    shop.confirm("a")
    shop.clock.at += 29 * DAY
    assert shop.reserve("b", **ANN)["state"] == "refused"
    shop.clock.at += DAY
    assert shop.reserve("c", **ANN)["state"] == "reserved"


def test_a_cap_in_money_sums_amounts(shop: CappedShop) -> None:
    shop.set_limits("{by: shopper, amount: 2500, currency: EUR}")
    for key, amount, state in (
        ("a", None, "reserved"),
        ("b", 1500, "reserved"),
        ("c", 1, "refused"),
    ):
        extra = {} if amount is None else {"amount": amount, "currency": "EUR"}
        assert shop.reserve(key, **ANN, **extra)["state"] == state
    with pytest.raises(InvalidInput, match="EUR"):
        shop.reserve("d", **ANN, amount=1, currency="USD")


YEN: dict[str, Any] = {"amount": 100_000, "currency": "JPY"}
CENT: dict[str, Any] = {"amount": 1, "currency": "EUR"}


def test_what_was_granted_in_another_currency_uses_up_nothing_of_a_cap(shop: CappedShop) -> None:
    shop.set_limits("{by: shopper, most: 5}", cost=None)
    for key in ("confirmed", "reserved"):
        assert shop.reserve(key, **ANN, **YEN)["state"] == "reserved"
    shop.confirm("confirmed", order_id="o-1")
    shop.set_limits("{by: shopper, amount: 5000, currency: EUR}, {by: shopper, most: 5}")
    assert shop.reserve("k", **ANN, amount=5_000, currency="EUR")["state"] == "reserved"
    assert shop.reserve("one more", **ANN, **CENT)["state"] == "refused"
    assert shop.confirm("k", order_id="o-2")["state"] == "confirmed"
    used = shop.work.read(lambda unit: queries.preview_caps(unit, shop.catalogue, [["s-1"]]))
    assert [cap["used"] for cap in used[0]["coupon"]] == [5_000, 3]
    # It has an amount, but none that would not fit: what is confirmed is full, and not over it.
    assert shop.confirm("reserved", order_id="o-3")["state"] == "confirmed"


def test_what_is_confirmed_late_in_another_currency_takes_nothing_of_a_budget(
    shop: CappedShop,
) -> None:
    shop.set_limits(ONCE, "budget: {count: 5}", cost=None)
    shop.reserve("k", **ANN, **YEN)
    shop.run_timers(31 * MINUTE)
    shop.set_limits(ONCE, "budget: {amount: 5000, currency: EUR}")
    assert shop.confirm("k", order_id="o-1")["state"] == "confirmed"
    assert shop.used() == 0


def test_a_merge_exceeds_no_cap_by_amounts_of_another_currency(shop: CappedShop) -> None:
    shop.set_limits("{by: shopper, most: 5}", cost=None)
    for key, who in (("a", ANN), ("b", BEN)):
        shop.reserve(key, **who, **YEN)
    shop.set_limits("{by: shopper, amount: 5000, currency: EUR}")
    before = REGISTRY.get_sample_value("cdp_caps_exceeded_total") or 0.0
    shop.move("p-2", "s-1", epoch=2)
    shop.run_timers()
    assert (REGISTRY.get_sample_value("cdp_caps_exceeded_total") or 0.0) == before


def test_a_cap_by_offer_counts_everybody(shop: CappedShop) -> None:
    shop.set_limits("{by: offer, most: 2, within: 1d}")
    states = [
        shop.reserve(f"k-{n}", identifiers={"device_id": f"x-{n}"})["state"] for n in range(3)
    ]
    assert states == ["reserved", "reserved", "refused"]
    assert offer_in(shop.decide("x-9")) == "plain"


@pytest.mark.parametrize("cap", [ONCE, "{by: offer, most: 2}"])
def test_the_key_of_all_shoppers_that_the_release_before_gave_to_grants_counts_nothing(
    shop: CappedShop, cap: str
) -> None:
    def grant_as_before(unit: UnitOfWork) -> None:
        rows = [{"cap_id": "coupon", "key": EVERYBODY, "grant_id": grant_id(n)} for n in "ab"]
        unit.connection.execute(sa.insert(store.GRANT_KEYS), rows)

    shop.set_limits(cap)
    shop.reserve("a", **ANN)
    shop.work.run(grant_as_before)
    assert shop.reserve("b", **BEN)["state"] == "reserved"
    assert [shop.confirm(key)["state"] for key in "ab"] == ["confirmed", "confirmed"]


def test_what_has_ended_counts_among_the_grants_to_all_once_it_is_confirmed(
    shop: CappedShop,
) -> None:
    shop.set_limits("{by: offer, most: 2}")
    for number in range(5):
        assert offer_in(shop.decide(f"x-{number}", reserve=True)) == "coupon"
        shop.run_timers(later=60 * MINUTE)
    shop.reserve("late", **ANN)
    shop.run_timers(later=60 * MINUTE)
    assert shop.confirm("late")["state"] == "confirmed"
    assert shop.reserve("b", **BEN)["state"] == "reserved"
    assert shop.reserve("c", **BEN)["state"] == "refused"


def test_a_budget_is_not_exceeded_and_is_given_back(shop: CappedShop) -> None:
    shop.set_limits("{by: shopper, most: 9}", "budget: {amount: 2500, currency: EUR}")
    states = [shop.reserve(f"k-{n}", **ANN)["state"] for n in range(3)]
    assert states == ["reserved", "reserved", "refused"]
    assert "budget: 2000 of 2500 EUR" in shop.decide()["capped"]["coupon"]
    shop.release("k-0")
    assert shop.used() == 1000
    assert shop.reserve("k-4", **ANN)["state"] == "reserved"


def test_guest_and_account_share_a_cap_after_a_merge(shop: CappedShop) -> None:
    shop.reserve("a", **ANN)
    shop.move("p-2", "s-1", epoch=2)
    assert shop.reserve("b", **BEN)["state"] == "refused"
    assert offer_in(shop.decide("d-1")) == "plain"


def test_what_both_sides_held_is_reported_and_blocks_more(shop: CappedShop) -> None:
    before = REGISTRY.get_sample_value("cdp_caps_exceeded_total") or 0.0
    for key, who in (("a", ANN), ("b", BEN)):
        shop.reserve(key, **who)
        shop.confirm(key)
    shop.move("p-2", "s-1", epoch=2)
    shop.run_timers()
    assert (REGISTRY.get_sample_value("cdp_caps_exceeded_total") or 0.0) == before + 1
    assert shop.reserve("c", **BEN)["reasons"] == ["cap: 2 of 1 ever by this shopper"]


def test_what_was_granted_before_anybody_was_known_is_reported_if_she_had_it_already(
    shop: CappedShop,
) -> None:
    before = REGISTRY.get_sample_value("cdp_caps_exceeded_total") or 0.0
    for key, who in (("a", ANN), ("b", {"identifiers": {"device_id": "d-9"}})):
        shop.reserve(key, **who)
        shop.confirm(key)
    shop.move("p-1", "s-9", device_id="d-9")
    shop.run_timers()
    assert (REGISTRY.get_sample_value("cdp_caps_exceeded_total") or 0.0) == before + 1


def test_of_two_reservations_before_a_merge_one_alone_is_confirmed(shop: CappedShop) -> None:
    shop.reserve("a", **ANN)
    shop.reserve("b", **BEN)
    shop.move("p-2", "s-1", epoch=2)
    assert shop.confirm("b")["state"] == "confirmed"
    assert shop.confirm("a")["state"] == "refused"


def test_whoever_carries_the_same_mailbox_shares_the_cap_once_it_is_confirmed(
    shop: CappedShop,
) -> None:
    shop.happen("s-1", "order_completed", email="ann+news@example.com", order_id="o-1")
    shop.reserve("a", **ANN)
    assert shop.reserve("b", **BEN)["state"] == "reserved", "nothing is confirmed yet"
    shop.confirm("a")
    shop.happen("s-2", "checkout_started", email="Ann@example.com")
    assert shop.reserve("c", **BEN)["state"] == "refused"
    assert shop.confirm("b")["state"] == "refused"


def test_a_confirmation_by_the_key_alone_counts_for_whom_it_was_reserved(shop: CappedShop) -> None:
    ann = {"identifiers": {"email": "ann@example.com"}}
    for key in "ab":
        assert shop.reserve(key, **ann)["state"] == "reserved", "nothing is confirmed yet"
    assert shop.confirm("a", order_id="o-1")["state"] == "confirmed"
    assert shop.confirm("b", order_id="o-2")["state"] == "refused"
    assert shop.reserve("c", identifiers={"email": "ann+x@example.com"})["state"] == "refused"


def test_the_address_of_the_order_goes_before_the_one_that_was_reserved_for(
    shop: CappedShop,
) -> None:
    typed, own = {"email": "typed@example.com"}, {"email": "own@example.com"}
    shop.reserve("a", identifiers=typed)
    assert shop.confirm("a", identifiers=own)["state"] == "confirmed"
    assert shop.reserve("b", identifiers=own)["state"] == "refused"
    shop.reserve("c", identifiers=typed)
    assert shop.confirm("c", identifiers=typed)["state"] == "confirmed"


def test_a_device_is_not_told_what_its_account_has_used_of_an_offer_for_a_sign_in(
    shop: CappedShop,
) -> None:
    account: dict[str, Any] = {"identifiers": {"user_id": "u-1"}, "authenticated": True}
    shop.move("p-1", "s-3", epoch=3, user_id="u-1")
    shop.set_limits(ONCE, requires="verified")
    shop.reserve("a", **account)
    assert shop.decide(**account)["capped"] == {"coupon": "cap: 1 of 1 ever by this shopper"}
    assert "capped" not in shop.decide("d-1", reserve=True)


def test_decisions_do_not_tell_of_others_with_the_same_contact(shop: CappedShop) -> None:
    shop.reserve("a", identifiers={"device_id": "d-1", "email": "ann@example.com"})
    shop.confirm("a", identifiers={"email": "ann@example.com"})
    both = {"device_id": "d-2", "email": "ann@example.com"}
    assert offer_in(shop.decide(identifiers=both, reserve=True)) == "coupon"
    assert (
        shop.reserve("b", identifiers={"device_id": "d-3", "email": "ann@example.com"})["state"]
        == "refused"
    )


def test_a_guest_who_is_not_known_yet_is_capped_by_device_and_by_contact(shop: CappedShop) -> None:
    new = {"identifiers": {"device_id": "new", "email": "new@example.com"}}
    shop.reserve("a", **new)
    assert shop.reserve("b", **new)["state"] == "refused"
    shop.confirm("a", **new)
    shop.move("p-9", "s-9", device_id="new")
    assert shop.reserve("c", identifiers={"device_id": "new"})["state"] == "refused"
    assert shop.reserve("d", identifiers={"email": "new@example.com"})["state"] == "refused"
    assert "nobody is known" in str(shop.reserve("e")["reasons"])


CARRIERS = 20_000


@pytest.mark.parametrize("engine", ["postgresql"])
def test_an_address_that_was_typed_on_thousands_of_devices_stops_no_grant(
    shop: CappedShop,
) -> None:
    (ann,) = accept({"email": "ann@example.com"}, TYPES, KEY).keys
    carried = [(ann.contact, f"typed-{number}") for number in range(CARRIERS)]
    shop.work.run(lambda unit: store.save_carried(unit, carried))
    request = {"identifiers": {"email": "ann@example.com"}}
    for key in ("a", "b"):
        assert shop.reserve(key, **request)["state"] == "reserved"
    assert shop.confirm("a")["state"] == "confirmed"
    assert shop.confirm("b")["state"] == "refused"


@pytest.mark.parametrize("engine", ["postgresql"])
@pytest.mark.parametrize("many_first", [False, True])
def test_who_has_very_many_keys_and_who_has_few_wait_for_each_other(
    shop: CappedShop, many_first: bool
) -> None:
    many = locks_of({"coupon": [f"s-{number}" for number in range(CARRIERS)]})
    few, others = locks_of({"coupon": ["s-7"]}), locks_of({"coupon": ["s-8"]})

    def meet(unit: UnitOfWork) -> None:
        store.lock_caps(unit, many if many_first else few)
        if not many_first:
            shop.work.run(lambda other: store.lock_caps(other, others, 0.05))
        with pytest.raises(Unavailable):
            shop.work.run(lambda other: store.lock_caps(other, few if many_first else many, 0.05))

    shop.work.run(meet)


def test_a_name_that_is_typed_beside_a_device_makes_nobody_another_shopper(
    shop: CappedShop,
) -> None:
    shop.move("p-1", "s-3", user_id="ann")
    ann: dict[str, Any] = {"identifiers": {"user_id": "ann"}, "authenticated": True}
    typed: dict[str, Any] = {"identifiers": {"device_id": "d-1", "user_id": "bogus"}}
    shop.move("p-4", "s-4", user_id="known")
    known: dict[str, Any] = {"identifiers": {"device_id": "d-1", "user_id": "known"}}
    reserved = shop.decide("d-1", reserve=True)
    for claim in (typed, known):
        assert shop.reserve("k", **claim)["state"] == "refused"
        again = shop.decide(**claim, reserve=True)
        assert again["reservations"] == reserved["reservations"]
    shop.release(reserved["reservations"]["coupon"]["key"])
    # What is granted so is the device's owner's, on all her devices.
    assert shop.reserve("l", **typed)["state"] == "reserved"
    assert shop.reserve("m", **ann)["state"] == "refused"
    assert offer_in(shop.decide(**typed)) == offer_in(shop.decide(**known)) == "plain"
    # Whoever proves another name is another shopper.
    assert shop.reserve("n", **known, authenticated=True)["state"] == "reserved"


def test_an_order_for_an_account_counts_for_it(shop: CappedShop) -> None:
    shop.move("p-7", "s-7", user_id="ann")
    account: dict[str, Any] = {"identifiers": {"user_id": "ann"}, "authenticated": True}
    shop.reserve("a", **ANN)
    assert shop.confirm("a", **account)["state"] == "confirmed"
    assert shop.reserve("b", **account)["state"] == "refused"


@pytest.mark.parametrize("meanwhile", [False, True])
def test_an_order_for_a_device_counts_for_whoever_it_turns_out_to_be(
    shop: CappedShop, monkeypatch: pytest.MonkeyPatch, engine: str, meanwhile: bool
) -> None:
    shop.move("p-10", "s-10", user_id="u-9")
    shop.reserve("a", **ANN)
    put, threads = store.put_grant_keys, []

    def put_later(*arguments: Any) -> None:
        if meanwhile and engine == "postgresql":
            threads.append(eventlet.spawn(shop.move, "p-10", "s-9", device_id="d-9"))
            eventlet.sleep(0.3)
        put(*arguments)

    monkeypatch.setattr(store, "put_grant_keys", put_later)
    assert shop.confirm("a", identifiers={"device_id": "d-9"})["state"] == "confirmed"
    monkeypatch.undo()
    if threads:
        threads[0].wait()
    else:
        shop.move("p-10", "s-9", device_id="d-9")
    account: dict[str, Any] = {"identifiers": {"user_id": "u-9"}, "authenticated": True}
    assert shop.reserve("b", **account)["state"] == "refused"
    # Whoever has the device next is somebody else.
    shop.move("p-11", "s-11", epoch=2, device_id="d-9")
    assert shop.reserve("c", identifiers={"device_id": "d-9"})["state"] == "reserved"


@pytest.mark.parametrize("returned_first", [True, False])
def test_a_refund_of_all_of_an_order_gives_back(shop: CappedShop, returned_first: bool) -> None:
    shop.set_limits(ONCE, "budget: {count: 5}")
    shop.reserve("a", **ANN)
    if returned_first:
        shop.happen("s-1", "order_cancelled", order_id="o-1")
        shop.run_timers()
    shop.confirm("a", order_id="o-1")
    if not returned_first:
        shop.happen("s-1", "order_refunded", order_id="o-1", amount=400, currency="EUR")
    shop.run_timers()
    assert shop.used() == 0
    assert shop.confirm("a", order_id="o-1")["state"] == "returned"
    assert shop.reserve("b", **ANN)["state"] == "reserved"


@pytest.mark.parametrize("engine", ["postgresql"])
def test_what_is_confirmed_while_its_order_is_given_back_is_given_back(
    shop: CappedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.reserve("a", **ANN)
    reopen, threads = store.reopen_returns, []

    def reopen_too_early(unit: UnitOfWork, *order: str) -> None:
        reopen(unit, *order)
        shop.happen("s-1", "order_cancelled", order_id="o-1")
        threads.append(eventlet.spawn(shop.run_timers))
        eventlet.sleep(0.3)

    monkeypatch.setattr(store, "reopen_returns", reopen_too_early)
    assert shop.confirm("a", order_id="o-1")["state"] == "confirmed"
    threads[0].wait()
    shop.run_timers()
    assert shop.confirm("a", order_id="o-1")["state"] == "returned"


@pytest.mark.parametrize("engine", ["postgresql"])
def test_what_an_order_gives_back_while_it_moves_is_given_back(shop: CappedShop) -> None:
    shop.reserve("a", **ANN)
    shop.confirm("a", order_id="o-1")
    shop.happen("s-1", "order_cancelled", order_id="o-1")

    def move(unit: UnitOfWork) -> Any:
        store.move_returns(unit, "", "o-1", "s-1", "s-2")
        thread = eventlet.spawn(shop.run_timers)
        eventlet.sleep(0.3)
        return thread

    shop.work.run(move).wait()
    shop.run_timers()
    assert shop.confirm("a", order_id="o-1")["state"] == "returned"


@pytest.mark.parametrize("engine", ["postgresql"])
def test_what_is_granted_meanwhile_keeps_its_part_of_the_budget(shop: CappedShop) -> None:
    shop.set_limits("", "budget: {count: 5}")
    limits = shop.catalogue.offers["coupon"].limits
    assert limits is not None
    wanted = Wanted("g-1", "coupon", limits, None, None, NOW, NOW + MINUTE)
    row = {"grant_id": "g-1", "cap_id": "coupon", "stream_id": "s-1", "amount": None,
           "currency": None, "decided_at": NOW, "expires_at": NOW + MINUTE,
           "decision_id": None}  # fmt: skip
    shop.reservations.granter.take_budget(shop.work, wanted)

    def reserve_as_another_process() -> None:
        before_a_merge = Holder("p-1", "s-1", frozenset({"s-1", "s-0"}))
        with pytest.raises(Moved):
            Granter().reserve(shop.work, [wanted], before_a_merge, with_contacts=True)

    def grant(unit: UnitOfWork) -> Any:
        assert store.keep_holds(unit, "g-1", wanted.expires_at)
        store.put_grants(unit, [row], {"s-1"})
        thread = eventlet.spawn(reserve_as_another_process)
        eventlet.sleep(0.3)
        return thread

    shop.work.run(grant).wait()
    assert shop.used() == 1


@pytest.mark.parametrize("kind", ["order_cancelled", "order_refunded"])
def test_a_browser_gives_nothing_back(shop: CappedShop, kind: str) -> None:
    shop.reserve("a", **ANN)
    shop.confirm("a", order_id="o-1")
    version = shop.next_version("s-1")
    data = {"order_id": "o-1"}
    shop.follow(
        Event(new_id(), "profiles", kind, "s-1", version, data, NOW, NOW, 1, {"origin": "browser"})
    )
    shop.run_timers()
    assert shop.confirm("a", order_id="o-1")["state"] == "confirmed"


def test_what_is_confirmed_of_an_offer_that_has_left_the_catalogue_stays_used(
    shop: CappedShop,
) -> None:
    shop.set_limits(ONCE, "budget: {count: 5}")
    shop.reserve("a", **ANN)
    offers, shop.catalogue = shop.catalogue, read_file(NO_COUPON, is_shipped=False).catalogue
    assert shop.confirm("a", order_id="o-1")["state"] == "confirmed"
    shop.catalogue = offers
    shop.run_timers(later=DAY)
    assert shop.used() == 1


def test_a_part_of_an_order_that_is_refunded_gives_nothing_back(shop: CappedShop) -> None:
    shop.reserve("a", **ANN)
    shop.confirm("a", order_id="o-1", value=5000)
    for number, state in ((1, "confirmed"), (2, "returned")):
        shop.happen(
            "s-1", "order_refunded", order_id="o-1", refund_id=f"r-{number}", amount=2500,
            currency="EUR",
        )  # fmt: skip
        shop.run_timers()
        assert shop.confirm("a", order_id="o-1")["state"] == state


def test_a_decision_reserves_what_it_shows_and_is_logged_with_it(shop: CappedShop) -> None:
    decision = shop.decide(reserve=True)
    reservation = decision["reservations"]["coupon"]
    explained = queries.explain(shop.work, decision["decision_id"], shop.handler.catalogues)
    assert explained["reservations"] == decision["reservations"]
    assert shop.confirm(reservation["key"], order_id="o-1")["state"] == "confirmed"
    again = shop.decide(reserve=True)
    assert offer_in(again) == "plain"
    assert "reservations" not in again
    shop.log.flush(5)
    page = shop.work.read(lambda unit: queries.replay_page(unit, {}, shop.handler.catalogues))
    assert (page["decisions"], page["same"]) == (2, 2)


def test_what_a_merge_would_exceed_is_told_beforehand(shop: CappedShop) -> None:
    for key, who in (("a", ANN), ("b", BEN)):
        shop.reserve(key, **who)
    sets = [["s-1"], ["s-1", "s-2"], ["s-9"]]
    one, both, none = shop.work.read(lambda unit: queries.preview_caps(unit, shop.catalogue, sets))
    assert one["coupon"] == [
        {"most": 1, "within": None, "currency": None, "used": 1, "exceeded": False}
    ]
    assert (both["coupon"][0]["used"], both["coupon"][0]["exceeded"]) == (2, True)
    assert none == {}


@pytest.mark.parametrize(
    "claimed", [{}, {"email": "ann@example.com"}, {"user_id": "bogus"}], ids=str
)
def test_what_could_count_for_nobody_is_neither_shown_nor_reserved(
    shop: CappedShop, claimed: dict[str, str]
) -> None:
    asked: list[dict[str, Any]] = [{}, {"reserve": True}, {"reserve": True, "dry_run": True}]
    for each in asked:
        decision = shop.decide(identifiers=claimed, **each)
        assert offer_in(decision) == "plain"
        assert decision["capped"] == {"coupon": "cap: nobody is known by whom it could count"}
    shop.set_limits("{by: offer, most: 9}")
    offers = [offer_in(shop.decide(identifiers=claimed, **each)) for each in asked]
    assert offers == ["coupon"] * 3


def test_a_dry_run_tells_caps_and_reserves_nothing(shop: CappedShop) -> None:
    for _ in range(2):
        decision = shop.decide(reserve=True, dry_run=True)
        assert offer_in(decision) == "coupon"
        assert "reservations" not in decision
    shop.reserve("a", **ANN)
    assert shop.decide(reserve=True, dry_run=True)["capped"].keys() == {"coupon"}
