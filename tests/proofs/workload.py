"""Made-up shoppers on their way from guest to account, the same for the same seed.

A journey is what one or two people do: ten events, with at least one sign-in that merges a guest's
profile into that of an account. The events of a strand are sent in order, batch by batch; different
strands, even of one journey, are sent by different clients at the same time.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

EventJson = dict[str, Any]
PersonalEvent = tuple[EventJson, str]
Strand = list[list[EventJson]]

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)  # the clock of every process of the proof
EVENTS_A_JOURNEY = 10

_CATEGORIES = ("running shoes", "running watch", "kitchen", "music")


@dataclass(slots=True)
class Workload:
    """`strands` are lists of batches of events; `whose` names the person behind each event id."""

    journeys: int = 0
    strands: list[Strand] = field(default_factory=list)
    whose: dict[str, str] = field(default_factory=dict)

    @property
    def events(self) -> int:
        """How many events there are."""
        return len(self.whose)


def make_workload(journeys: int, seed: int, name: str = "s", now: datetime = NOW) -> Workload:
    """A workload of some journeys; `name` keeps the ids of several workloads apart.

    It begins up to 80 days before `now`, at which the suite's clock stands or starts.
    """
    workload = Workload(journeys)
    for number in range(journeys):
        journey = Journey(f"{name}{number}", random.Random(f"{seed}/{number}"), now)
        kind = (_returning, _on_two_devices, _sharing_a_device, _loyal)[
            (0, 0, 0, 1, 2, 3)[number % 6]
        ]
        for batches in kind(journey):
            workload.strands.append([[event for event, _ in batch] for batch in batches])
            workload.whose.update(
                {event["id"]: person for batch in batches for event, person in batch}
            )
    return workload


class Journey:
    """Makes events, each with the person behind it."""

    def __init__(self, name: str, rng: random.Random, now: datetime = NOW) -> None:
        self.name = name
        self.rng = rng
        self.now = now
        self._count = 0
        self._currencies: dict[int, str] = {}
        self._at = now - timedelta(days=rng.uniform(1, 80))

    def event(
        self,
        person: str,
        kind: str,
        *,
        account: str | None = None,
        device: str | None = None,
        email: str | None = None,
        ago: float = 0.0,
        **data: Any,
    ) -> PersonalEvent:
        """An event a few minutes after the last one, or `ago` minutes before that."""
        self._count += 1
        self._at += timedelta(minutes=self.rng.uniform(1, 30))
        at = self._at - timedelta(minutes=ago)
        identifiers = {}
        if account:
            identifiers["user_id"] = f"{self.name}-{account}"
        if device:
            identifiers["anonymous_id"] = f"{self.name}-{device}"
        if email:
            identifiers["email"] = f"{self.name}-{email}@shop.example.net"
        event = {
            "id": f"{self.name}-{self._count}",
            "type": kind,
            "time": at.isoformat().replace("+00:00", "Z"),
            "identifiers": identifiers,
            "authenticated": account is not None,
            "data": data,
        }
        return event, f"{self.name}/{person}"

    def lines(self) -> tuple[list[EventJson], int]:
        """One to three lines of a cart, and what they cost."""
        lines: list[EventJson] = [
            {
                "sku": f"sku-{self.rng.randrange(50)}",
                "category": self.rng.choice(_CATEGORIES),
                "quantity": self.rng.randint(1, 3),
                "price": self.rng.randint(500, 30_000),
            }
            for _ in range(self.rng.randint(1, 3))
        ]
        return lines, sum(line["quantity"] * line["price"] for line in lines)

    def view(self, person: str, **who: Any) -> PersonalEvent:
        return self.event(person, "product_viewed", sku="sku-1", category="music", **who)

    def cart(self, person: str, **who: Any) -> PersonalEvent:
        lines, value = self.lines()
        return self.event(
            person, "cart_updated", products=lines, value=value, currency="USD", **who
        )

    def order(self, person: str, order_id: int, **who: Any) -> PersonalEvent:
        lines, value = self.lines()
        return self.event(
            person,
            "order_completed",
            order_id=f"{self.name}-{order_id}",
            revenue=value,
            currency=self.currency_of(order_id),
            products=lines,
            **who,
        )

    def currency_of(self, order_id: int) -> str:
        """The currency of an order and of its refunds: one in another would be rejected."""
        if order_id not in self._currencies:
            self._currencies[order_id] = self.rng.choice(("USD", "USD", "USD", "EUR"))
        return self._currencies[order_id]

    def sign_in(self, person: str, **who: Any) -> PersonalEvent:
        return self.event(person, "signed_in", **who)

    def after_an_order(self, person: str, order_id: int, **who: Any) -> PersonalEvent:
        """A refund in full or in part, a cancellation, or points for the order."""
        order = f"{self.name}-{order_id}"
        match self.rng.randrange(4):
            case 0:
                return self.event(person, "order_refunded", order_id=order, **who)
            case 1:
                paid: dict[str, Any] = {
                    "amount": self.rng.randint(100, 5_000),
                    "currency": self.currency_of(order_id),
                }
                return self.event(person, "order_refunded", order_id=order, **paid, **who)
            case 2:
                return self.event(person, "order_cancelled", order_id=order, **who)
        points = self.rng.randint(-50, 500)
        return self.event(person, "loyalty_points_changed", points=points, **who)


def _returning(journey: Journey) -> list[list[list[PersonalEvent]]]:
    """A guest who turns out to have an account; a refund may be sent before its order."""
    a: dict[str, Any] = {"account": "a", "device": "d"}
    typed = "a" if journey.rng.random() < 0.3 else None
    first = (
        journey.event("a", "traits_changed", account="a", email="a", traits={"city": "Oslo"})
        if journey.rng.random() < 0.4
        else journey.order("a", 1, account="a", email="a")
    )
    early = journey.after_an_order("a", 2, account="a")
    batches = [
        [first],
        [journey.view("a", device="d"), journey.cart("a", device="d")],
        [early, journey.event("a", "checkout_started", device="d", email=typed)],
        [
            journey.sign_in("a", **a),
            journey.event("a", "traits_changed", traits={"city": "Rome"}, **a),
        ],
        [journey.order("a", 2, **a) if journey.rng.random() < 0.7 else journey.cart("a", **a)],
        [journey.view("a", device="d", ago=90.0), journey.event("a", "newsletter_opened", **a)],
    ]
    return [batches]


def _on_two_devices(journey: Journey) -> list[list[list[PersonalEvent]]]:
    """One account, two devices, two clients that know nothing of each other."""
    one = [
        [journey.order("a", 1, account="a", email="a"), journey.view("a", device="d1")],
        [journey.cart("a", device="d1")],
        [journey.sign_in("a", account="a", device="d1")],
        [journey.order("a", 2, account="a", device="d1")],
    ]
    other = [
        [journey.view("a", device="d2"), journey.cart("a", device="d2")],
        [journey.sign_in("a", account="a", device="d2")],
        [
            journey.event("a", "consent_changed", account="a", purpose="email", granted=True),
            journey.after_an_order("a", 1, account="a"),
        ],
    ]
    return [one, other]


def _sharing_a_device(journey: Journey) -> list[list[list[PersonalEvent]]]:
    """Two accounts on one device, one after the other, and between them a guest: nobody."""
    rng = journey.rng
    batches = [
        [journey.order("a", 1, account="a"), journey.order("b", 2, account="b")],
        [journey.view("a", device="d")],
        [journey.sign_in("a", account="a", device="d")],
        [journey.order("a", 3, account="a", device="d")],
        [journey.event("a", "signed_out", account="a", device="d")],
        [journey.view("nobody", device="d")],
        [journey.sign_in("b", account="b", device="d")],
    ]
    late = journey.view("a", device="d", ago=rng.uniform(1_000, 2_000))
    batches += [[journey.order("b", 4, account="b", device="d"), late]]
    return [batches]


def _loyal(journey: Journey) -> list[list[list[PersonalEvent]]]:
    """Many orders and a tier; some events are sent late, one order is dated in the future."""
    a: dict[str, Any] = {"account": "a", "device": "d"}
    batches = [
        [journey.event("a", "loyalty_enrolled", account="a", email="a", tier="silver")],
        [journey.cart("a", device="d")],
        [journey.sign_in("a", **a)],
        [journey.order("a", 1, **a), journey.event("a", "loyalty_tier_changed", tier="gold", **a)],
        [journey.order("a", 2, **a), journey.order("a", 3, ago=600.0, **a)],
        [journey.order("a", 4, **a), journey.order("a", 5, ago=-5.0, **a)],
        [journey.order("a", 6, account="a")],
    ]
    tomorrow = (journey.now + timedelta(hours=6)).isoformat().replace("+00:00", "Z")
    if journey.rng.random() < 0.5:
        batches[-1][0][0]["time"] = tomorrow
    return [batches]
