"""The commands `reserve`, `confirm` and `release`, for the shop's servers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from chassis import Conflict, InvalidInput, NotFound, Unavailable
from chassis.config.settings import Settings
from chassis.core.suggest import suggest
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.validation import load
from contracts.reservations import CONFIRM_REQUEST, RELEASE_REQUEST, RESERVE_REQUEST
from identifiers import Accepted, IdentifierTypes, accept, load_types
from services.offers import store
from services.offers.commands.confirming import (
    BudgetGone,
    as_wanted,
    confirm,
    find_holder,
    known_grant,
    limits_of,
    refused,
    response,
    shopper_of_grant,
    with_code,
)
from services.offers.commands.coupons import take_coupon
from services.offers.commands.granting import GRANTS, Granter
from services.offers.commands.settling import end_grants
from services.offers.domain.caps import (
    CONFIRMED,
    RELEASED,
    RESERVED,
    Capped,
    GrantKeys,
    Holder,
    Limits,
    Moved,
    Wanted,
    grant_id,
)
from services.offers.domain.catalogue import Catalogue, Offer

_TRIES = 20

T = TypeVar("T")


@dataclass(slots=True)
class ReservationHandler:
    """Reserves, confirms and releases; one of a process."""

    granter: Granter
    types: IdentifierTypes
    key: bytes

    def reserve(self, raw: object, catalogue: Catalogue, work: UnitOfWorkRunner) -> dict[str, Any]:
        """Reserve an offer; the response says whether that went, see `contracts.reservations`."""
        request = load(RESERVE_REQUEST, raw)
        accepted = accept(request["identifiers"], self.types, self.key)

        def attempt() -> dict[str, Any]:
            # Before the catalogue is asked, which may be another one by now.
            known = work.read(partial(_known, request=request, accepted=accepted))
            if known is not None:
                return known
            offer = _offer(request["offer_id"], catalogue)
            wanted = _wanted(request, limits_of(offer), work.clock.now())
            holder = work.read(partial(find_holder, accepted=accepted, request=request))
            with self.granter.turn(holder):
                try:
                    code = self._reserve(work, wanted, holder, offer)
                except Capped as error:
                    GRANTS.labels("refused").inc()
                    return response(request["key"], offer.id, "refused", None, error)
            return with_code(response(request["key"], offer.id, RESERVED, wanted.expires_at), code)

        return _until_settled(attempt)

    def _reserve(
        self, work: UnitOfWorkRunner, wanted: Wanted, holder: Holder, offer: Offer
    ) -> str | None:
        """Reserve, and take the offer's code in the same unit."""
        codes: list[str | None] = [None]

        def take(unit: UnitOfWork) -> None:
            codes[0] = take_coupon(unit, offer, wanted.grant_id)

        self.granter.reserve(work, [wanted], holder, with_contacts=True, and_then=take)
        return codes[0]

    def confirm(self, raw: object, catalogue: Catalogue, work: UnitOfWorkRunner) -> dict[str, Any]:
        """Have a reservation count for good, for an order; NotFound without a reservation."""
        request = load(CONFIRM_REQUEST, raw)
        if request.get("store") and not request.get("order_id"):
            raise InvalidInput("order_id", "is missing: a store needs its order")
        accepted = accept(request["identifiers"], self.types, self.key)

        def attempt() -> dict[str, Any]:
            grant = work.read(lambda unit: known_grant(unit, request["key"]))
            offer = catalogue.offers.get(grant.cap_id)
            try:
                return work.run(lambda unit: confirm(unit, request, grant, offer, accepted))
            except BudgetGone:
                wanted = as_wanted(grant, limits_of(offer), work.clock.now())
                try:
                    self.granter.take_budget(work, wanted)
                except Capped as error:
                    return refused(request["key"], grant, error)
                raise Moved from None
            except Capped as error:
                GRANTS.labels("refused").inc()
                return refused(request["key"], grant, error)

        return _until_settled(attempt)

    def release(self, raw: object, work: UnitOfWorkRunner) -> dict[str, Any]:
        """Give a reservation back, or what was confirmed and came to nothing."""
        request = load(RELEASE_REQUEST, raw)

        def run(unit: UnitOfWork) -> dict[str, Any]:
            grant = known_grant(unit, request["key"], lock=True)
            state = grant.state
            if state in (RESERVED, CONFIRMED):
                state = RELEASED
                end_grants(unit, [grant.grant_id], state)
            return response(request["key"], grant.cap_id, state, None)

        return work.run(run)


def open_reservation_handler(settings: Settings) -> ReservationHandler:
    """The handler of one process; InvalidInput if identity.yaml has a mistake."""
    return ReservationHandler(Granter(), load_types(settings.config_dir), settings.identifier_key)


def _until_settled(attempt: Callable[[], T]) -> T:
    """The result of an attempt, which reads again while the shopper's streams are moving."""
    for _ in range(_TRIES):
        try:
            return attempt()
        except Moved:
            continue
    raise Unavailable("shopper", "is being merged just now; try again")


def _offer(offer_id: str, catalogue: Catalogue) -> Offer:
    offer = catalogue.offers.get(offer_id)
    if offer is None:
        hint = suggest(offer_id, catalogue.offers)
        raise NotFound("offer_id", f"is no offer of the catalogue in force; {hint}")
    return offer


def _wanted(request: Mapping[str, Any], limits: Limits, now: int) -> Wanted:
    amount, currency = request.get("amount"), request.get("currency")
    if (amount is None) != (currency is None):
        missing = "currency" if currency is None else "amount"
        raise InvalidInput(missing, "is missing: an amount needs its currency")
    if amount is None and limits.cost is not None:
        amount, currency = limits.cost
    if limits.currency and currency and currency != limits.currency:
        raise InvalidInput("currency", f"must be {limits.currency}, as the offer is limited in it")
    return Wanted(
        grant_id=grant_id(request["key"]),
        cap_id=request["offer_id"],
        limits=limits,
        amount=amount,
        currency=currency,
        decided_at=now,
        expires_at=now + limits.hold,
    )


def _known(
    unit: UnitOfWork, request: Mapping[str, Any], accepted: Accepted
) -> dict[str, Any] | None:
    """The reservation that there is by this key, None if there is none; Conflict if it is another.

    Another shopper is not told its code, and what is hers has to be counted for her.
    """
    grant = store.load_grant(unit, grant_id(request["key"]))
    if grant is None:
        return None
    _, streams = shopper_of_grant(unit, grant)
    keys = GrantKeys.of(store.keys_of_grant(unit, grant.grant_id))
    if not keys.may_be_of(find_holder(unit, accepted, request), streams):
        raise Conflict("key", "is a reservation of another shopper; take a key for each")
    return with_code(_as_known(request, grant), store.coupon_of(unit, grant.grant_id))


def _as_known(request: Mapping[str, Any], grant: Any) -> dict[str, Any]:
    if grant.cap_id != request["offer_id"]:
        raise Conflict("key", f"is a reservation of {grant.cap_id}; take a key of its own")
    sent = request.get("amount"), request.get("currency")
    if sent[0] is not None and sent != (grant.amount, grant.currency):
        reserved = "no amount" if grant.amount is None else f"{grant.amount} {grant.currency}"
        raise Conflict("key", f"is a reservation of {reserved}; release it, and take another key")
    expires_at = grant.expires_at if grant.state == RESERVED else None
    return response(request["key"], grant.cap_id, grant.state, expires_at)
