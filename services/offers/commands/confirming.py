"""Confirming a reservation: what is confirmed stays within the caps, whoever shares them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chassis import Conflict, NotFound
from chassis.core.instants import format_instant
from chassis.eventlog.unit_of_work import UnitOfWork
from identifiers import Accepted
from profile_index import profiles_of, streams_of
from services.offers import store
from services.offers.commands.coupons import take_coupon
from services.offers.commands.granting import GRANTS, contact_keys, lock_keys
from services.offers.domain.caps import (
    CONFIRMED,
    EXPIRED,
    RELEASED,
    RETURNED,
    SHOPPER,
    Capped,
    GrantKeys,
    Holder,
    Limits,
    Moved,
    Wanted,
    amount_in,
    first_obstacle,
    grant_id,
)
from services.offers.domain.catalogue import Offer
from services.offers.domain.recognition import holder_of, leading_keys

_CONTRADICTED = {
    "order_id": "is another order than the key is confirmed for; take a key for each",
    "store": "makes it another order than the key is confirmed for; take a key for each",
    "value": "is not that with which the key is confirmed, which stays",
}


class BudgetGone(Exception):
    """A reservation has lost its part of the budget, as its time was over."""


def find_holder(unit: UnitOfWork, accepted: Accepted, request: Mapping[str, Any]) -> Holder:
    """By whom a grant counts, for a request with these identifiers."""
    found = store.load_matches(unit, leading_keys(accepted))
    return holder_of(accepted, request["authenticated"], found.by_key, found.streams)


def confirm(
    unit: UnitOfWork,
    request: Mapping[str, Any],
    grant: Any,
    offer: Offer | None,
    accepted: Accepted,
) -> dict[str, Any]:
    """Confirm a reservation, as its row `grant` was read before, within this unit.

    What is confirmed now takes a code of its offer if it has none yet; the offer may have left the
    catalogue.
    Of the shopper, of whoever the order is for, and of those who carry the same contacts, all that
    is confirmed counts: two reservations that stood before a merge are not both confirmed where
    only one is allowed. Capped says why it is refused. BudgetGone and Moved: try again.
    """
    limits = limits_of(offer)
    holder, others, buyer = _standing(unit, grant, accepted, request)
    wanted = as_wanted(grant, limits, unit.now)
    lock_keys(unit, [wanted], holder, others, buyer=buyer)
    if (holder, buyer) != (after := _standing(unit, grant, accepted, request))[::2]:
        raise Moved
    if not after[1] <= others:
        raise Moved
    if order_id := request.get("order_id"):
        store.lock_order(unit, request.get("store") or "", order_id)
    grant = known_grant(unit, request["key"], lock=True)
    if grant.state in (CONFIRMED, RELEASED, RETURNED):
        if grant.state != RELEASED:
            _check_same(grant, request)
        ended = response(request["key"], grant.cap_id, grant.state, None)
        code = store.coupon_of(unit, grant.grant_id) if grant.state == CONFIRMED else None
        return with_code(ended, code)
    _check(unit, grant, limits, holder, others)
    # What it holds is kept in any case: the offer may have left the catalogue since, and come back.
    if not store.keep_holds(unit, grant.grant_id, None) and limits.budget:
        raise BudgetGone
    _write(unit, request, grant, holder, buyer)
    confirmed = response(request["key"], grant.cap_id, CONFIRMED, None)
    return with_code(confirmed, take_coupon(unit, offer, grant.grant_id))


def limits_of(offer: Offer | None) -> Limits:
    """The limits of an offer; none of one that has left the catalogue."""
    return (offer.limits if offer else None) or Limits()


def _check_same(grant: Any, request: Mapping[str, Any]) -> None:
    """Conflict if a grant was confirmed for another order or value than this request has.

    A repeat may say less than the first call. What it says beyond that would not be kept: refunds
    of that order would give nothing back. An order counts within its store.
    """
    sent = {"order_id": request.get("order_id"), "store": None, "value": request.get("value")}
    if sent["order_id"] is not None:
        sent["store"] = request.get("store") or ""
    first = {"order_id": grant.order_id, "store": grant.store, "value": grant.order_value}
    for field, message in _CONTRADICTED.items():
        if sent[field] is not None and sent[field] != first[field]:
            raise Conflict(field, message)


def _standing(
    unit: UnitOfWork, grant: Any, accepted: Accepted, request: Mapping[str, Any]
) -> tuple[Holder, frozenset[str], Holder]:
    """By whom a grant counts, the keys of those who share its caps, and whose the order is.

    Without an address of the order it is for those that it was reserved for.
    """
    buyer = find_holder(unit, accepted, request)
    keys = GrantKeys.of(store.keys_of_grant(unit, grant.grant_id))
    profile, streams = shopper_of_grant(unit, grant)
    contacts = buyer.contacts or keys.asked_contacts
    holder = Holder(profile, grant.stream_id, streams, keys.counting - streams, contacts)
    others = contact_keys(unit, holder) | contact_keys(unit, buyer) | buyer.own
    return holder, others, buyer


def shopper_of_grant(unit: UnitOfWork, grant: Any) -> tuple[str | None, frozenset[str]]:
    """The profile of the stream of a grant by now, if it has one, and all its streams."""
    profile = profiles_of(unit, [grant.stream_id] if grant.stream_id else []).get(grant.stream_id)
    return profile, frozenset(streams_of(unit, [profile])[profile] if profile else ())


def _is_late(grant: Any, now: int) -> bool:
    return bool(grant.state == EXPIRED or grant.expires_at <= now)


def _check(
    unit: UnitOfWork, grant: Any, limits: Limits, holder: Holder, others: frozenset[str]
) -> None:
    """Capped if too much is confirmed; or, after its time, also if too much is reserved by now."""
    if not _is_late(grant, unit.now):
        # Its place among all shoppers, and in what its shopper has reserved, is kept.
        caps = tuple(cap for cap in limits.caps if cap.by == SHOPPER)
        limits, others = replace(limits, caps=caps), others | holder.own
        holder = Holder()
    used = store.count_usage(
        unit,
        [(grant.cap_id, cap) for cap in limits.caps],
        holder.own,
        others,
        besides=grant.grant_id,
    )
    amount = amount_in(limits.currency, grant.amount, grant.currency)
    if why := first_obstacle(limits, used, amount):
        raise Capped({grant.cap_id: why})


def _write(
    unit: UnitOfWork, request: Mapping[str, Any], grant: Any, holder: Holder, buyer: Holder
) -> None:
    order_id, store_name = request.get("order_id"), request.get("store") or ""
    columns: dict[str, Any] = {"store": store_name, "order_id": order_id} if order_id else {}
    if _is_late(grant, unit.now):  # it is granted anew: what was confirmed now counts from now on
        columns["decided_at"] = unit.now
    store.change_grant(unit, grant.grant_id, CONFIRMED, order_value=request.get("value"), **columns)
    streams = {each.stream for each in (holder, buyer) if each.stream}
    contacts = store.carried_in(unit, streams) | holder.contacts
    keys = streams | contacts | buyer.keys
    store.put_grant_keys(unit, [(grant.cap_id, grant.grant_id, keys)])
    if order_id:
        store.reopen_returns(unit, store_name, order_id)
    unit.after_commit(lambda: GRANTS.labels(CONFIRMED).inc())


def as_wanted(grant: Any, limits: Limits, now: int) -> Wanted:
    """What a grant, as its row has it, was asked for, by the limits of today."""
    return Wanted(
        grant.grant_id,
        grant.cap_id,
        limits,
        grant.amount,
        grant.currency,
        now,
        grant.expires_at,
        grant.decision_id,
    )


def known_grant(unit: UnitOfWork, key: str, *, lock: bool = False) -> Any:
    """The row of the grant of a key; NotFound if nothing was reserved by it."""
    grant = store.load_grant(unit, grant_id(key), lock=lock)
    if grant is None:
        raise NotFound("key", "is no reservation; `reserve` it first")
    return grant


def response(
    key: str, offer_id: str, state: str, expires_at: int | None, refusal: Capped | None = None
) -> dict[str, Any]:
    """Plain JSON as `contracts.reservations.ReservationResponse`."""
    return {
        "key": key,
        "offer_id": offer_id,
        "state": state,
        "expires_at": None if expires_at is None else format_instant(expires_at),
        "reasons": list(refusal.obstacles.values()) if refusal else [],
    }


def with_code(reservation: dict[str, Any], code: str | None) -> dict[str, Any]:
    """The response with the code of the grant, if it has one."""
    return reservation if code is None else {**reservation, "code": code}


def refused(key: str, grant: Any, refusal: Capped) -> dict[str, Any]:
    """The response to a confirmation that is refused; the reservation stands."""
    return response(key, grant.cap_id, "refused", grant.expires_at, refusal)
