"""Orders, pure: in which stream each is at home, and where what is told of it goes.

The first who tells that an order was completed decides whose it is, until somebody tells it who
knows better: a shop that names an account, before a shop that does not, before a browser. An
account's order is never given to another account. What the shop tells of an order later goes to
its home, whatever identifiers it carries.

An order that contradicts the one at home is another order of the same id: it is recorded under its
own identifiers, apart from the first, and somebody should look at it. From then on what is told of
that id reaches the order of its own profile or address, or none: a till that begins at 1 each day
has told them all. Orders that are apart stay so when their shoppers turn out to be one.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple

from chassis import Draft, JointDraft
from contracts.event_types import EVENT_TYPES, OrderData
from contracts.incoming import IncomingEvent
from identifiers import Accepted
from rules import Occasion, apply_to_order, money_of, refunded_money, uncounted_currencies
from rules import order_key as key_in_summaries
from services.profiles.domain.owners import Owners
from services.profiles.domain.recording import ResolvedEvent

COMPLETED = "order_completed"
_TELL_MONEY = frozenset({COMPLETED, "order_updated"})
ORDER_TYPES = frozenset(
    name for name, schema in EVENT_TYPES.items() if isinstance(schema, OrderData)
)

TOLD_BEFORE, BROWSER, SHOP, ACCOUNT = range(4)
"""How well who told an order knows whose it is; `TOLD_BEFORE`: no completion was told yet."""

# Of other orders of the same id, so many are found again, the newest.
_MOST_REUSED = 100
IDS = uuid.UUID("8a5a3a52-5f0d-5d4f-9a43-5d8f6e0c1b77")


class OrderKey(NamedTuple):
    """An order of a shop: its id counts within its store, which is empty where none is named."""

    store: str
    order_id: str


@dataclass(slots=True)
class OrderHome:
    """The stream where an order is at home, who told that, and what is known of the order.

    `address` is the key of the address that it was told with, `state` as summaries have it. With
    `is_apart` it is kept apart from the order that its id stood for before.
    """

    stream: str = ""
    strength: int = TOLD_BEFORE
    address: str | None = None
    state: dict[str, Any] = field(default_factory=dict)
    is_apart: bool = False


@dataclass(slots=True)
class OrderRow:
    """The home of an order, and the homes of other orders of the same id."""

    key: OrderKey
    home: OrderHome = field(default_factory=OrderHome)
    reused: list[OrderHome] = field(default_factory=list)

    @property
    def homes(self) -> list[OrderHome]:
        """All homes, that of the order first; none if nothing was told of it."""
        return [self.home, *self.reused] if self.home.stream else []


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """An event that tells of an order, the `place`th of its call.

    `resolution` is None where no identifier can be used, and `address` where no shop tells one: by
    that of its order a shop's events are compared.
    """

    event: IncomingEvent
    key: OrderKey
    resolution: ResolvedEvent | None
    strength: int
    address: str | None
    occasion: Occasion
    place: int


@dataclass(frozen=True, slots=True)
class OrderPlace:
    """Where an event of an order is recorded, and as whose.

    With `home` it tells of an order that has its home in that other stream, and changes nothing.
    `moved` is the fact that is recorded before it. `is_reused`: its id is another order's, too; of
    which order it tells, if it completes none, cannot be known then. `is_apart`: it tells of an
    order that is kept apart from the first of its id. `uncounted` are the currencies of refunds
    that its order has and, as this event tells of it, never counts.
    """

    stream: str
    profile_id: str | None
    home: str | None = None
    moved: JointDraft | None = None
    error: Mapping[str, str] | None = None
    is_reused: bool = False
    is_apart: bool = False
    uncounted: tuple[str, ...] = ()


def order_event(
    event: IncomingEvent,
    key: OrderKey,
    accepted: Accepted,
    resolution: ResolvedEvent | None,
    recorded_at: int,
    place: int,
) -> OrderEvent:
    """An event that tells of an order, the `place`th of its call."""
    occasion = Occasion(
        at=event.time,
        event_id=event.id,
        arrival=event.arrival or (recorded_at, place),
        recorded_at=recorded_at,
        by_browser=event.origin == "browser",
    )
    strength = strength_of(event, accepted)
    address = None if strength == BROWSER else address_of(accepted)
    return OrderEvent(event, key, resolution, strength, address, occasion, place)


def at_home(draft: Draft, order: OrderPlace) -> Draft:
    """The draft of an event as it is recorded where its order is at home, or elsewhere."""
    metadata = {name: value for name, value in draft.metadata.items() if name != "profile_id"}
    if order.profile_id is not None:
        metadata["profile_id"] = order.profile_id
    if order.home is not None:
        metadata["order_home"] = order.home
    if order.is_apart:
        metadata["order_apart"] = True
    return replace(draft, stream=order.stream, metadata=metadata)


def order_key(event: IncomingEvent) -> OrderKey | None:
    """The order that an event is about; None if it is about none, or a browser tells of its end.

    What a browser tells of an order, its completion excepted, stays with its device.
    """
    order_id = event.data.get("order_id")
    if event.type not in ORDER_TYPES or not isinstance(order_id, str):
        return None
    if event.origin == "browser" and event.type != COMPLETED:
        return None
    return OrderKey(event.data.get("store") or "", order_id)


def summary_key(key: OrderKey, home: OrderHome) -> str:
    """The key of an order in the summary of its home."""
    return str(key_in_summaries(key._asdict(), home.stream if home.is_apart else ""))


def strength_of(event: IncomingEvent, accepted: Accepted) -> int:
    """How well who tells a completed order knows whose it is."""
    if event.origin == "browser":
        return BROWSER
    names_account = any(identifier.type.assurance == "verified" for identifier in accepted.keys)
    return ACCOUNT if event.authenticated and names_account else SHOP


def address_of(accepted: Accepted) -> str | None:
    """The key of the first address among identifiers: what somebody types, and no device has."""
    keys = (each.key for each in accepted.keys if each.type.assurance == "claimed")
    return next(keys, None)


def stream_of_nobody(key: OrderKey) -> str:
    """The stream for what is told of an order before anybody is known whose it is."""
    return str(uuid.uuid5(IDS, f"{len(key.store)} {key.store}{key.order_id}"))


def place(telling: OrderEvent, row: OrderRow, owners: Owners) -> OrderPlace:
    """Where an event goes; the row is brought up to date."""
    if telling.event.type == COMPLETED:
        return _place_completion(telling, row, owners)
    home = _home_of(telling, row, owners)
    if home is None and row.reused:
        return _apart(telling, row)
    if home is None:
        stream = telling.resolution.stream if telling.resolution else stream_of_nobody(row.key)
        home = row.home = OrderHome(stream, address=telling.address)
    elif error := _currency_error(telling, home):
        return OrderPlace(home.stream, None, error=error)
    return _at_home(telling, home, owners)


def _place_completion(telling: OrderEvent, row: OrderRow, owners: Owners) -> OrderPlace:
    home, own = row.home, telling.resolution
    if own is None:
        return _at_home(telling, home, owners)
    if telling.strength == BROWSER:
        if home.stream != own.stream and _withstands_browser(home, own, owners):
            return OrderPlace(own.stream, own.profile_id, home=home.stream)
    elif home.stream and (known := _completed(telling, own, row, owners)) is not home:
        if known is None:
            # Two accounts that tell one total may be one shopper's, and their order one.
            is_apart = not any(_is_of_total(telling, each) for each in row.homes)
            known = OrderHome(own.stream, telling.strength, telling.address, is_apart=is_apart)
            row.reused = [*row.reused, known][-_MOST_REUSED:]
        return replace(_complete(telling, own, row, known, owners), is_reused=True)
    return _complete(telling, own, row, home, owners)


def _complete(
    telling: OrderEvent, own: ResolvedEvent, row: OrderRow, home: OrderHome, owners: Owners
) -> OrderPlace:
    """The place of an order's completion, which takes it over if it knows better whose it is.

    A stream is the home of one order of an id: an order stays where it is if another is there. So
    does one that is apart and its shopper's already: it is known by its stream, in points for it.
    """
    is_taken = any(each.stream == own.stream for each in row.homes if each is not home)
    is_known = home.is_apart and is_of_profile(home, own, owners)
    if home.stream and (is_taken or is_known or telling.strength <= home.strength):
        home.address = home.address or telling.address
        return _at_home(telling, home, owners)
    home.stream = home.stream or own.stream
    moved = _move(telling, row.key, home, own.stream) if home.stream != own.stream else None
    known = home.address if home.strength >= SHOP else None
    home.stream, home.strength = own.stream, telling.strength
    home.address = telling.address or known
    return replace(_at_home(telling, home, owners), moved=moved)


def _apart(telling: OrderEvent, row: OrderRow) -> OrderPlace:
    """The place of what is told of one of several orders, nobody can say of which."""
    own = telling.resolution
    if own is None:
        return OrderPlace(stream_of_nobody(row.key), None, is_reused=True)
    # Where some are forgotten, its stream may have one of those.
    may_have_one = len(row.reused) == _MOST_REUSED
    return OrderPlace(own.stream, own.profile_id, is_reused=True, is_apart=may_have_one)


def _withstands_browser(home: OrderHome, own: ResolvedEvent, owners: Owners) -> bool:
    """Whether an order stays where it is when a browser tells that it was completed.

    What only a shop has told of so far is somebody's, too: anybody may type the number of an order.
    """
    if home.strength > TOLD_BEFORE:
        return True
    return owners.profile_of(home.stream) is not None and not is_of_profile(home, own, owners)


def _at_home(telling: OrderEvent, home: OrderHome, owners: Owners) -> OrderPlace:
    home.state = dict(home.state)
    occasion = telling.occasion
    apply_to_order(
        home.state, telling.event.type, telling.event.data, occasion, occasion.recorded_at
    )
    uncounted: tuple[str, ...] = ()
    if telling.event.type in _TELL_MONEY and telling.strength != BROWSER:
        uncounted = tuple(uncounted_currencies(home.state))
    own = telling.resolution
    is_own = own is not None and own.stream == home.stream
    profile_id = own.profile_id if own and is_own else owners.profile_of(home.stream)
    return OrderPlace(home.stream, profile_id, is_apart=home.is_apart, uncounted=uncounted)


def _move(telling: OrderEvent, key: OrderKey, home: OrderHome, stream: str) -> JointDraft:
    """The fact that an order has its home in another stream from now on."""
    event = telling.event
    data: dict[str, Any] = {"order_id": key.order_id, "from": home.stream, "to": stream}
    if key.store:
        data["store"] = key.store
    return JointDraft(
        id=str(uuid.uuid5(IDS, f"moved {event.id}")),
        type="order_moved",
        entries={home.stream: {}, stream: {}},
        data={**data, "state": home.state},
        occurred_at=event.time,
        metadata={
            "causation_id": event.id,
            "arrival": list(telling.occasion.arrival),
            **({"order_apart": True} if home.is_apart else {}),
        },
    )


def _contradicts(telling: OrderEvent, own: ResolvedEvent, home: OrderHome, owners: Owners) -> bool:
    """Whether it is another order than the one at home, in spite of its id."""
    if home.strength <= BROWSER or is_of_profile(home, own, owners):
        return False
    if telling.strength == ACCOUNT and (home.strength == ACCOUNT or owners.is_account(home.stream)):
        return True
    if None in (telling.address, home.address) or telling.address == home.address:
        return False
    return money_of(home.state) is not None and not _is_of_total(telling, home)


def _completed(
    telling: OrderEvent, own: ResolvedEvent, row: OrderRow, owners: Owners
) -> OrderHome | None:
    """Which order is completed: the one at home, another of the same id, or None of them yet.

    Where the id stands for several, the one at home is as little presumed as any other.
    """
    if row.reused:
        return _known(telling, own, row.homes, owners)
    return None if _contradicts(telling, own, row.home, owners) else row.home


def _home_of(telling: OrderEvent, row: OrderRow, owners: Owners) -> OrderHome | None:
    """The home of what is told: the profile's own order, that of its address, or the only one."""
    known = _known(telling, telling.resolution, row.homes, owners)
    return known or (row.homes[0] if row.homes and not row.reused else None)


def _known(
    telling: OrderEvent, own: ResolvedEvent | None, homes: Sequence[OrderHome], owners: Owners
) -> OrderHome | None:
    """Which of the orders of an id is that of a profile, or the only one of its address."""
    if own is not None and (mine := [home for home in homes if is_of_profile(home, own, owners)]):
        return min(mine, key=partial(_unlikeness, telling))
    if telling.address is None:
        return None
    found = [home for home in homes if home.address == telling.address]
    if own is not None and telling.event.type == COMPLETED:
        found = [home for home in found if not _contradicts(telling, own, home, owners)]
    return found[0] if len(found) == 1 else None


def _unlikeness(telling: OrderEvent, home: OrderHome) -> tuple[bool, bool]:
    """How little an event looks as if it told of this order of several that a profile has."""
    return home.address != telling.address, not _is_of_total(telling, home)


def _is_of_total(telling: OrderEvent, home: OrderHome) -> bool:
    """Whether an event tells the total of an order, as far as both are known."""
    data = telling.event.data
    return money_of(home.state) == (data.get("revenue"), data.get("currency"))


def is_of_profile(home: OrderHome, own: ResolvedEvent, owners: Owners) -> bool:
    """Whether an order is at home with the profile of an event."""
    profile = owners.profile_of(home.stream)
    mine = owners.profile_of(own.stream) or own.profile_id
    return home.stream == own.stream or (profile is not None and profile == mine)


def _currency_error(telling: OrderEvent, home: OrderHome) -> Mapping[str, str] | None:
    """What is wrong with a refund in another currency than that in which the shop sold."""
    money = money_of(home.state)
    if telling.event.type != "order_refunded" or money is None or home.strength < SHOP:
        return None
    _, currency = refunded_money(telling.event.data)
    if currency is None or money[1] in (None, currency):
        return None
    message = f"is {currency}, but the order is in {money[1]}: refund it in its own currency"
    return {"field": "data.currency", "message": message}


def unresolved(refusal: Mapping[str, Any]) -> ResolvedEvent:
    """The resolution of an event none of whose identifiers can be used: it is nobody's."""
    return ResolvedEvent("", "", 0, "none", refusal["ignored_identifiers"])
