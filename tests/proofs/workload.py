"""Made-up shoppers on their way from guest to account, the same for the same seed.

A story is what one or two people do; each has ten events and at least one sign-in that merges a
guest's profile into that of an account. Events of one strand are sent in order, batch after batch;
those of different strands, of one story too, are sent by different senders at the same time.
"""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)  # the clock of every process of the proof
EVENTS_A_STORY = 10

_CATEGORIES = ("running shoes", "running watch", "kitchen", "music")


@dataclass(slots=True)
class Workload:
    """`strands` are lists of batches of events; `whose` names the person behind each event id."""

    stories: int = 0
    strands: list = field(default_factory=list)
    whose: dict = field(default_factory=dict)

    @property
    def events(self):
        """How many events there are."""
        return len(self.whose)


def make_workload(stories, seed, name="s"):
    """The traffic of so many stories; `name` keeps the ids of several traffics apart."""
    traffic = Workload(stories)
    for number in range(stories):
        story = _Story(f"{name}{number}", random.Random(f"{seed}/{number}"))
        kind = (_returning, _on_two_devices, _sharing_a_device, _loyal)[
            (0, 0, 0, 1, 2, 3)[number % 6]
        ]
        for batches in kind(story):
            traffic.strands.append([[event for event, _ in batch] for batch in batches])
            traffic.whose.update(
                {event["id"]: person for batch in batches for event, person in batch}
            )
    return traffic


class _Story:
    """Tells events: each is a pair of what is sent and the person behind it."""

    def __init__(self, name, rng):
        self.name = name
        self.rng = rng
        self._told = 0
        self._at = NOW - timedelta(days=rng.uniform(1, 80))

    def event(self, person, kind, *, account=None, device=None, email=None, ago=0.0, **data):
        """An event of now, a few minutes after the one before, or of `ago` minutes ago."""
        self._told += 1
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
            "id": f"{self.name}-{self._told}",
            "type": kind,
            "time": at.isoformat().replace("+00:00", "Z"),
            "identifiers": identifiers,
            "authenticated": account is not None,
            "data": data,
        }
        return event, f"{self.name}/{person}"

    def lines(self):
        """One to three lines of a cart, and what they cost."""
        lines = [
            {
                "sku": f"sku-{self.rng.randrange(50)}",
                "category": self.rng.choice(_CATEGORIES),
                "quantity": self.rng.randint(1, 3),
                "price": self.rng.randint(500, 30_000),
            }
            for _ in range(self.rng.randint(1, 3))
        ]
        return lines, sum(line["quantity"] * line["price"] for line in lines)

    def view(self, person, **who):
        return self.event(person, "product_viewed", sku="sku-1", category="music", **who)

    def cart(self, person, **who):
        lines, value = self.lines()
        return self.event(
            person, "cart_updated", products=lines, value=value, currency="USD", **who
        )

    def order(self, person, order_id, **who):
        lines, value = self.lines()
        currency = self.rng.choice(("USD", "USD", "USD", "EUR"))
        return self.event(
            person,
            "order_completed",
            order_id=f"{self.name}-{order_id}",
            revenue=value,
            currency=currency,
            products=lines,
            **who,
        )

    def sign_in(self, person, **who):
        return self.event(person, "signed_in", **who)

    def after_an_order(self, person, order_id, **who):
        """A refund in full or in part, a cancellation, or points for the order."""
        order_id = f"{self.name}-{order_id}"
        match self.rng.randrange(4):
            case 0:
                return self.event(person, "order_refunded", order_id=order_id, **who)
            case 1:
                paid = {"amount": self.rng.randint(100, 5_000), "currency": "USD"}
                return self.event(person, "order_refunded", order_id=order_id, **paid, **who)
            case 2:
                return self.event(person, "order_cancelled", order_id=order_id, **who)
        points = self.rng.randint(-50, 500)
        return self.event(person, "loyalty_points_changed", points=points, **who)


def _returning(story):
    """A guest who turns out to have an account; a refund may be told before its order."""
    a = {"account": "a", "device": "d"}
    typed = "a" if story.rng.random() < 0.3 else None
    first = (
        story.event("a", "traits_changed", account="a", email="a", traits={"city": "Oslo"})
        if story.rng.random() < 0.4
        else story.order("a", 1, account="a", email="a")
    )
    early = story.after_an_order("a", 2, account="a")
    batches = [
        [first],
        [story.view("a", device="d"), story.cart("a", device="d")],
        [early, story.event("a", "checkout_started", device="d", email=typed)],
        [story.sign_in("a", **a), story.event("a", "traits_changed", traits={"city": "Rome"}, **a)],
        [story.order("a", 2, **a) if story.rng.random() < 0.7 else story.cart("a", **a)],
        [story.view("a", device="d", ago=90.0), story.event("a", "newsletter_opened", **a)],
    ]
    return [batches]


def _on_two_devices(story):
    """One account, two devices, two senders that know nothing of one another."""
    one = [
        [story.order("a", 1, account="a", email="a"), story.view("a", device="d1")],
        [story.cart("a", device="d1")],
        [story.sign_in("a", account="a", device="d1")],
        [story.order("a", 2, account="a", device="d1")],
    ]
    other = [
        [story.view("a", device="d2"), story.cart("a", device="d2")],
        [story.sign_in("a", account="a", device="d2")],
        [
            story.event("a", "consent_changed", account="a", purpose="email", granted=True),
            story.after_an_order("a", 1, account="a"),
        ],
    ]
    return [one, other]


def _sharing_a_device(story):
    """Two accounts on one device, one after the other; between them there is a guest: nobody."""
    rng = story.rng
    batches = [
        [story.order("a", 1, account="a"), story.order("b", 2, account="b")],
        [story.view("a", device="d")],
        [story.sign_in("a", account="a", device="d")],
        [story.order("a", 3, account="a", device="d")],
        [story.event("a", "signed_out", account="a", device="d")],
        [story.view("nobody", device="d")],
        [story.sign_in("b", account="b", device="d")],
    ]
    late = story.view("a", device="d", ago=rng.uniform(1_000, 2_000))
    batches += [[story.order("b", 4, account="b", device="d"), late]]
    return [batches]


def _loyal(story):
    """Many orders and a tier; some of it is told late, one order is dated ahead of the clock."""
    a = {"account": "a", "device": "d"}
    batches = [
        [story.event("a", "loyalty_enrolled", account="a", email="a", tier="silver")],
        [story.cart("a", device="d")],
        [story.sign_in("a", **a)],
        [story.order("a", 1, **a), story.event("a", "loyalty_tier_changed", tier="gold", **a)],
        [story.order("a", 2, **a), story.order("a", 3, ago=600.0, **a)],
        [story.order("a", 4, **a), story.order("a", 5, ago=-5.0, **a)],
        [story.order("a", 6, account="a")],
    ]
    tomorrow = (NOW + timedelta(hours=6)).isoformat().replace("+00:00", "Z")
    if story.rng.random() < 0.5:
        batches[-1][0][0]["time"] = tomorrow
    return [batches]
