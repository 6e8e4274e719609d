"""Caps and budgets: how often an offer may be granted, to one shopper and to all. Pure."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from chassis import MINUTE, SECOND

DEFAULT_HOLD = 30 * MINUTE
GRACE = 10 * SECOND
"""How much longer it counts than it can be confirmed: clocks differ, commits take time."""
EVERYBODY = "*"
"""The key of all shoppers together: it has a lock, and only earlier releases gave it to grants."""

RESERVED, CONFIRMED = "reserved", "confirmed"
RELEASED, EXPIRED, RETURNED = "released", "expired", "returned"
SHOPPER, OFFER = "shopper", "offer"

# Keys that say for whom a reservation was asked. Nothing counts by them: a reservation uses up no
# contact's cap, and whoever has a device next is somebody else.
_CONTACT, _NAME = "contact ", "name "
_NAME_LOCKS = 256
_MOST_KEY_LOCKS = 200

_IDS = uuid.UUID("6f1f2c1a-3b62-4d0c-9b6c-54b8a3e7c1d4")


@dataclass(frozen=True, slots=True)
class Cap:
    """The most that is granted by one `shopper`, or of the `offer` to all, `within` a time (µs).

    Without `within` it is for ever. With a `currency`, `most` is an amount in its minor units, else
    a number of grants.
    """

    by: str
    most: int
    within: int | None = None
    currency: str | None = None

    def since(self, now: int) -> int:
        """The instant (µs) after which grants count."""
        return -1 if self.within is None else now - self.within


@dataclass(frozen=True, slots=True)
class Pacing:
    """A budget is used up evenly from `begins_at` until `ends_at` (µs)."""

    begins_at: int
    ends_at: int


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that is granted of an offer altogether, as in `Cap`; with `pacing`, by and by."""

    most: int
    currency: str | None = None
    pacing: Pacing | None = None

    def limit(self, now: int) -> int:
        """How much may be used by `now` (µs): the part of the time that has passed, rounded up."""
        if self.pacing is None or now >= self.pacing.ends_at:
            return self.most
        if now < self.pacing.begins_at:
            return 0
        whole = self.pacing.ends_at - self.pacing.begins_at
        return -(-self.most * (now - self.pacing.begins_at + 1) // whole)


class Cost(NamedTuple):
    """What one grant costs: `amount` in minor units of `currency`."""

    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class Limits:
    """The caps and the budget of an offer; `hold` is how long a reservation stands (µs)."""

    caps: tuple[Cap, ...] = ()
    budget: Budget | None = None
    cost: Cost | None = None
    hold: int = DEFAULT_HOLD

    @property
    def by_shopper(self) -> bool:
        """Whether it matters who the shopper is."""
        return any(cap.by == SHOPPER for cap in self.caps)

    @property
    def by_offer(self) -> bool:
        """Whether the grants to all shoppers are counted."""
        return any(cap.by == OFFER for cap in self.caps)

    @property
    def currency(self) -> str | None:
        """The currency in which its amounts are, if it has any."""
        currencies = [cap.currency for cap in self.caps if cap.currency]
        if self.budget and self.budget.currency:
            currencies.append(self.budget.currency)
        return currencies[0] if currencies else None


def amount_in(currency: str | None, amount: int | None, its_currency: str | None) -> int:
    """What an amount counts in `currency`: nothing if it is in another one, as nobody converts.

    A grant may have been made before its offer was limited in that currency.
    """
    return (amount or 0) if currency is not None and its_currency == currency else 0


class Usage(NamedTuple):
    """What counts against a cap: how many grants, and their amounts together.

    Those are in minor units of the cap's currency, and 0 where it has none.
    """

    grants: int = 0
    amount: int = 0


@dataclass(frozen=True, slots=True)
class Grant:
    """Something that was granted of the offer `cap_id`, by the `keys` of its shopper.

    It is `reserved` until `expires_at`, then `confirmed`; `released`, `expired` and, once its order
    was given back, `returned` count no longer. Instants are in µs, `amount` in minor units of
    `currency`.
    """

    grant_id: str
    cap_id: str
    keys: frozenset[str]
    amount: int | None
    currency: str | None
    state: str
    decided_at: int
    expires_at: int

    def is_live(self, now: int) -> bool:
        """Whether it is reserved and still counts, or confirmed."""
        return self.state == CONFIRMED or (self.state == RESERVED and self.expires_at > now - GRACE)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who a grant is for: the profile and all its streams, or nobody who is known.

    `stream` is that to which the request led. `names` are the keys of the request's devices and
    proven names: by these counts what was granted before anybody was known by them. `contacts` are
    those of the request, which count only where a shop's server tells them. `known_names` are those
    of the names that led to a profile, whose request it is not.
    """

    profile_id: str | None = None
    stream: str | None = None
    streams: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    contacts: frozenset[str] = frozenset()
    known_names: frozenset[str] = frozenset()

    @property
    def own(self) -> frozenset[str]:
        """The keys under which everything counts that was granted."""
        return self.streams | self.names

    @property
    def keys(self) -> frozenset[str]:
        """The keys under which something new counts."""
        return frozenset({self.stream}) if self.stream else self.names

    @property
    def notes(self) -> frozenset[str]:
        """The keys that say for whom something is reserved."""
        contacts = {f"{_CONTACT}{key}" for key in self.contacts}
        return frozenset(contacts | {f"{_NAME}{key}" for key in self.names})


@dataclass(frozen=True, slots=True)
class GrantKeys:
    """The keys of a grant: those by which it counts for a shopper, and for whom it was asked."""

    counting: frozenset[str]
    asked_contacts: frozenset[str]
    asked_names: frozenset[str]

    @classmethod
    def of(cls, keys: Iterable[str]) -> GrantKeys:
        """By all keys of a grant."""
        found = frozenset(keys) - {EVERYBODY}
        contacts = {key for key in found if key.startswith(_CONTACT)}
        names = {key for key in found if key.startswith(_NAME)}
        return cls(
            found - contacts - names,
            frozenset(key.removeprefix(_CONTACT) for key in contacts),
            frozenset(key.removeprefix(_NAME) for key in names),
        )

    def may_be_of(self, holder: Holder, streams: Iterable[str]) -> bool:
        """Whether nothing says that it is another shopper's; `streams` are those of its profile."""
        whose = self.counting | self.asked_contacts | self.asked_names | frozenset(streams)
        asking = holder.own | holder.contacts
        return not whose or not asking or not whose.isdisjoint(asking)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A grant that is asked for, of `amount` in minor units of its currency, until `expires_at`."""

    grant_id: str
    cap_id: str
    limits: Limits
    amount: int | None
    currency: str | None
    decided_at: int
    expires_at: int
    decision_id: str | None = None

    def keys(self, holder: Holder, others: Iterable[str]) -> frozenset[str]:
        """The keys whose grants decide about it, where `others` carry the holder's contacts.

        A decision reserves nothing that another one has reserved for the same shopper.
        """
        keys = frozenset[str]()
        if self.limits.by_shopper or self.decision_id is not None:
            keys |= holder.own | frozenset(others)
        return keys | {EVERYBODY} if self.limits.by_offer else keys


class Lock(NamedTuple):
    """A lock by its number; those for whom it `is_shared` hold it together."""

    number: int
    is_shared: bool = False


class Moved(Exception):
    """The shopper's streams are others than those that were read: read again."""


class Capped(Exception):
    """Why offers cannot be granted, by their ids."""

    def __init__(self, obstacles: Mapping[str, str]) -> None:
        super().__init__(obstacles)
        self.obstacles = obstacles


def grant_id(key: str) -> str:
    """The id of the grant that a caller has asked for by `key`: the same key, the same grant."""
    return str(uuid.uuid5(_IDS, key))


def decision_key(decision_id: str, offer_id: str) -> str:
    """The key of the reservation of an offer by a decision."""
    return f"{decision_id}/{offer_id}"


def usage(
    cap: Cap, grants: Iterable[Grant], own: Iterable[str], others: Iterable[str], now: int
) -> Usage:
    """What counts against a cap of the keys `own`, and of those that carry the same contacts.

    Of the latter only what is confirmed. It is what the statements of the store count, too.
    """
    own, others = frozenset(own), frozenset(others)
    counted = [
        grant
        for grant in grants
        if grant.decided_at > cap.since(now)
        and (
            (grant.is_live(now) and (cap.by == OFFER or grant.keys & own))
            or (grant.state == CONFIRMED and cap.by == SHOPPER and grant.keys & others)
        )
    ]
    amounts = (amount_in(cap.currency, grant.amount, grant.currency) for grant in counted)
    return Usage(len(counted), sum(amounts))


def obstacle(cap: Cap, used: Usage, amount: int) -> str | None:
    """Why one more grant of `amount` does not fit under a cap; None if it does."""
    if cap.currency is None:
        fits = used.grants < cap.most
        counted, most = str(used.grants), str(cap.most)
    else:
        fits = used.amount + amount <= cap.most
        counted, most = str(used.amount), f"{cap.most} {cap.currency}"
    whom = "this shopper" if cap.by == SHOPPER else "all shoppers"
    time = "ever" if cap.within is None else f"within {_duration(cap.within)}"
    return None if fits else f"cap: {counted} of {most} {time} by {whom}"


def first_obstacle(limits: Limits, used: Sequence[Usage], amount: int) -> str | None:
    """Why one more grant does not fit under the caps, whose usage is given in their order."""
    for cap, of_cap in zip(limits.caps, used, strict=True):
        if (why := obstacle(cap, of_cap, amount)) is not None:
            return why
    return None


def exceeded(
    limits: Limits, grants: Sequence[tuple[int, int | None, str | None]], now: int
) -> list[str]:
    """The caps by shopper that grants of one shopper exceed together.

    Of each these are the instant, the amount and its currency.
    """
    found = []
    for cap in limits.caps:
        counted = [
            amount_in(cap.currency, amount, currency)
            for at, amount, currency in grants
            if at > cap.since(now)
        ]
        used = Usage(len(counted), sum(counted))
        over = used.grants > cap.most if cap.currency is None else used.amount > cap.most
        if cap.by == SHOPPER and over:
            found.append(obstacle(cap, used, 0 if cap.currency is None else 1) or "")
    return found


def budget_obstacle(budget: Budget, used: int, amount: int, now: int) -> str | None:
    """Why one more grant of `amount` (1 for a number of grants) is not in the budget."""
    limit = budget.limit(now)
    if used + amount <= limit:
        return None
    unit = f" {budget.currency}" if budget.currency else ""
    paced = f" by now, {budget.most}{unit} in all" if limit < budget.most else ""
    return f"budget: {used} of {limit}{unit} used{paced}"


def budget_id(offer_id: str, budget: Budget) -> str:
    """The row of a budget; another unit is another one."""
    return f"{offer_id}/{budget.currency or 'grants'}"


def lock_of(cap_id: str, key: str) -> int:
    """The number, of 64 bits and with a sign, of the lock of a key of a cap."""
    digest = hashlib.blake2b(f"{cap_id}\0{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def lock_of_order(store: str, order_id: str) -> Lock:
    """The lock of an order of a store."""
    return Lock(lock_of("\0order", f"{store}\0{order_id}"))


def locks_of_names(names: Iterable[str]) -> list[Lock]:
    """The locks of names by which nobody is known, or somebody is from now on.

    Names share them: a batch of events may have thousands, and a database so many locks in all.
    """
    return sorted({Lock(lock_of("", str(lock_of("", name) % _NAME_LOCKS))) for name in names})


def locks_of(keys: Mapping[str, Iterable[str]]) -> list[Lock]:
    """The locks of the keys of each cap, in the one order in which everybody takes them.

    Who has very many keys, as an address that was typed on thousands of devices, takes the lock of
    the whole cap, which all others share: a database has so many locks in all.
    """
    found = set[Lock]()
    for cap_id, each in keys.items():
        of_keys = {Lock(lock_of(cap_id, key)) for key in each}
        whole = lock_of(cap_id, "")
        if len(of_keys) > _MOST_KEY_LOCKS:
            found.add(Lock(whole))
        elif of_keys:
            found |= {Lock(whole, is_shared=True), *of_keys}
    return sorted(found)


def _duration(within: int) -> str:
    hours = within // (60 * MINUTE)
    if within % (60 * MINUTE):
        return f"{within // MINUTE} minutes"
    return f"{hours // 24} days" if hours % 24 == 0 else f"{hours} hours"
