"""Granting offers with caps and budgets: what decisions and reservations have in common."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from prometheus_client import Counter

from chassis import MINUTE
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from profile_index import find, streams_of
from services.offers import store
from services.offers.commands.coupons import without_codes
from services.offers.domain.caps import (
    Capped,
    Holder,
    Limits,
    Moved,
    Usage,
    Wanted,
    amount_in,
    budget_id,
    budget_obstacle,
    first_obstacle,
    locks_of,
    locks_of_names,
)
from services.offers.domain.catalogue import Offer
from services.offers.domain.own_reservations import OwnReservations

GRANTS = Counter("cdp_grants", "Grants of offers with caps or a budget, by state.", ["state"])
for _state in ("reserved", "confirmed", "released", "expired", "returned", "refused"):
    GRANTS.labels(_state)

_UNTIL_GRANTED = MINUTE  # a part of a budget is held so long without a grant
_NOBODY = "cap: nobody is known by whom it could count"
_NO_COST = "its caps or its budget are in money: give it a `cost`, or reserve it by its amount"


class Turns:
    """One after the other within this process, by key: the others need not ask the database."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[str, tuple[threading.Lock, int]] = {}

    @contextmanager
    def turn(self, key: str) -> Iterator[None]:
        """Wait for the turn of whoever asks by the same key."""
        with self._guard:
            lock, waiting = self._locks.get(key, (threading.Lock(), 0))
            self._locks[key] = (lock, waiting + 1)
        try:
            with lock:
                yield
        finally:
            with self._guard:
                lock, waiting = self._locks.pop(key)
                if waiting > 1:
                    self._locks[key] = (lock, waiting - 1)


@dataclass(slots=True)
class _Request:
    """What somebody wants of a budget; `has_it` is None until the batch is committed."""

    hold: store.BudgetHold
    limit: int
    has_it: bool | None = None


class BudgetBatcher:
    """Takes parts of budgets in batches, one transaction at a time for each budget.

    A budget is one row, which only one transaction at a time can change: whoever comes while a
    batch is under way goes with the next one.
    """

    def __init__(self) -> None:
        self._turns = Turns()
        self._waiting: dict[str, list[_Request]] = {}

    def take(self, work: UnitOfWorkRunner, hold: store.BudgetHold, limit: int) -> bool:
        """Whether the budget has room for it, up to `limit`; it is held then."""
        request = _Request(hold, limit)
        waiting = self._waiting.setdefault(hold.budget_id, [])
        waiting.append(request)
        try:
            with self._turns.turn(hold.budget_id):
                if request.has_it is None:
                    self._run(work, [each for each in waiting if each.has_it is None])
        finally:
            if request in waiting:
                waiting.remove(request)
        return bool(request.has_it)

    def _run(self, work: UnitOfWorkRunner, batch: Sequence[_Request]) -> None:
        """Answer a batch; if that fails, each of it asks again when it has its turn."""
        limit = min(each.limit for each in batch)
        holds = [each.hold for each in batch]
        taken = work.run(lambda unit: store.take_budget(unit, limit, holds))
        for each in batch:
            each.has_it = each.hold.grant_id in taken


@dataclass(slots=True)
class Granter:
    """Reserves offers for shoppers; one of a process."""

    _budgets: BudgetBatcher = field(default_factory=BudgetBatcher)
    _turns: Turns = field(default_factory=Turns)

    @contextmanager
    def turn(self, holder: Holder) -> Iterator[None]:
        """Wait for those of this process who reserve for the same shopper."""
        with self._turns.turn(holder.profile_id or min(holder.own | holder.contacts, default="")):
            yield

    def reserve(
        self,
        work: UnitOfWorkRunner,
        wanted: Sequence[Wanted],
        holder: Holder,
        *,
        with_contacts: bool,
        seconds: float | None = None,
        and_then: Callable[[UnitOfWork], None] = lambda _unit: None,
    ) -> None:
        """Reserve all that is wanted, and do something in the same unit; or nothing of it.

        Capped says which of it does not fit, Moved that the shopper has to be read again.
        """
        if lacking := without_amount(wanted):
            raise Capped(lacking)
        try:
            for each in wanted:
                self.take_budget(work, each)
            work.run(lambda unit: _reserve(unit, wanted, holder, with_contacts, seconds, and_then))
        except (Capped, Moved):  # after any other error what no grant holds runs out by itself
            if unused := [each.grant_id for each in wanted if each.limits.budget]:
                work.run(lambda unit: store.give_back_unused(unit, unused))
            raise

    def take_budget(self, work: UnitOfWorkRunner, wanted: Wanted) -> None:
        """Take the part of the budget, if the offer has one; Capped if there is no room."""
        budget = wanted.limits.budget
        if budget is None:
            return
        amount = 1
        if budget.currency:
            amount = amount_in(budget.currency, wanted.amount, wanted.currency)
        name = budget_id(wanted.cap_id, budget)
        hold = store.BudgetHold(wanted.grant_id, name, amount, work.clock.now() + _UNTIL_GRANTED)
        if not self._budgets.take(work, hold, budget.limit(wanted.decided_at)):
            used = work.read(lambda unit: store.load_budgets(unit, [name])).get(name, 0)
            why = budget_obstacle(budget, used, amount, wanted.decided_at)
            raise Capped({wanted.cap_id: why or "budget: it was full a moment ago"})


def obstacles(
    unit: UnitOfWork, offers: Sequence[Offer], holder: Holder, now: int
) -> dict[str, str]:
    """Those of the offers that could not be granted now, by id, and why: nothing is reserved."""
    limited = [(offer.id, offer.limits) for offer in offers if offer.limits]
    caps = [(offer_id, cap) for offer_id, limits in limited for cap in limits.caps]
    usages = iter(store.count_usage(unit, caps, holder.own, ()))
    budgets = {
        offer_id: budget_id(offer_id, limits.budget)
        for offer_id, limits in limited
        if limits.budget
    }
    used = store.load_budgets(unit, budgets.values()) if budgets else {}
    found = without_codes(unit, offers)
    for offer_id, limits in limited:
        amount = limits.cost.amount if limits.cost else 1
        why = _obstacle(limits, [next(usages) for _ in limits.caps], amount, holder.keys)
        if why is None and (budget := limits.budget) is not None:
            wanted = amount if budget.currency else 1
            why = budget_obstacle(budget, used.get(budgets[offer_id], 0), wanted, now)
        if why is not None:
            found[offer_id] = why
    return found


def own_reservations(unit: UnitOfWork, offers: Iterable[Offer], holder: Holder) -> OwnReservations:
    """What decisions have reserved of the offers for the shopper, and what still counts."""
    limited = [offer.id for offer in offers if offer.limits]
    return OwnReservations.of(store.load_decision_grants(unit, limited, holder), unit.now)


def without_amount(wanted: Sequence[Wanted]) -> dict[str, str]:
    """Those that have no amount although they are limited in money."""
    return {
        each.cap_id: _NO_COST for each in wanted if each.limits.currency and each.amount is None
    }


def _reserve(
    unit: UnitOfWork,
    wanted: Sequence[Wanted],
    holder: Holder,
    with_contacts: bool,
    seconds: float | None,
    and_then: Callable[[UnitOfWork], None],
) -> None:
    if unit.is_repeated and not with_contacts and _are_granted(unit, wanted):
        return  # the first run was committed before its connection was lost
    others = contact_keys(unit, holder) if with_contacts else frozenset[str]()
    lock_keys(unit, wanted, holder, others, seconds)
    _check_unmoved(unit, wanted, holder, others, with_contacts=with_contacts)
    caps = [(each.cap_id, cap) for each in wanted for cap in each.limits.caps]
    usages = iter(store.count_usage(unit, caps, holder.own, others))
    # What a decision reserves counts by no contact: by an address alone it would count for nobody.
    countable = holder.keys | holder.contacts if with_contacts else holder.keys
    found: dict[str, str] = {}
    for each in wanted:
        used = [next(usages) for _ in each.limits.caps]
        if why := _obstacle(each.limits, used, each.amount or 0, countable):
            found[each.cap_id] = why
    if found:
        raise Capped(found)
    for each in wanted:
        if each.limits.budget and not store.keep_holds(unit, each.grant_id, each.expires_at):
            raise Moved
    keys = holder.keys
    if with_contacts:
        keys |= holder.notes
    store.put_grants(unit, [_row(each, holder) for each in wanted], keys)
    unit.after_commit(lambda: GRANTS.labels("reserved").inc(len(wanted)))
    and_then(unit)


def _obstacle(
    limits: Limits, used: Sequence[Usage], amount: int, keys: frozenset[str]
) -> str | None:
    """Why one more grant does not fit under the caps, or could not count by any of the `keys`."""
    why = first_obstacle(limits, used, amount)
    return _NOBODY if why is None and limits.by_shopper and not keys else why


def _check_unmoved(
    unit: UnitOfWork,
    wanted: Sequence[Wanted],
    holder: Holder,
    others: frozenset[str],
    *,
    with_contacts: bool,
) -> None:
    """Moved if something has happened to the shopper while the locks were waited for."""
    if with_contacts and _are_granted(unit, wanted):
        raise Moved  # by the same key, while we waited or by an earlier run: see whose that is
    if holder.profile_id is not None:
        streams = streams_of(unit, [holder.profile_id])[holder.profile_id]
        if frozenset(streams) != holder.streams:
            raise Moved
    elif holder.names and find(unit, holder.names).keys() != holder.known_names:
        raise Moved  # somebody is known by them now: it counts by her streams
    if with_contacts and not contact_keys(unit, holder) <= others:
        raise Moved
    of_decisions = [each.cap_id for each in wanted if each.decision_id is not None]
    if store.load_decision_grants(unit, of_decisions, holder):
        raise Moved  # another tab has reserved it while we waited: that one is shown


def _are_granted(unit: UnitOfWork, wanted: Sequence[Wanted]) -> bool:
    return all(store.load_grant(unit, each.grant_id) for each in wanted)


def lock_keys(
    unit: UnitOfWork,
    wanted: Sequence[Wanted],
    holder: Holder,
    others: frozenset[str],
    seconds: float | None = None,
    buyer: Holder | None = None,
) -> None:
    """Take the locks of all keys whose grants decide about what is wanted.

    It is granted to the holder, and to the buyer if there is one.
    """
    keys: Mapping[str, frozenset[str]] = {each.cap_id: each.keys(holder, others) for each in wanted}
    locks = locks_of(keys)
    for each in (holder, buyer or holder):
        if each.profile_id is None:  # until she is known, or has what is granted to her names
            locks = sorted({*locks, *locks_of_names(each.names)})
    store.lock_caps(unit, locks, seconds)


def contact_keys(unit: UnitOfWork, holder: Holder) -> frozenset[str]:
    """The contacts of a shopper, and the streams of everybody who carries one of them."""
    return frozenset(store.keys_of_carriers(unit, holder.streams, holder.contacts))


def _row(wanted: Wanted, holder: Holder) -> dict[str, object]:
    return {
        "grant_id": wanted.grant_id,
        "cap_id": wanted.cap_id,
        "stream_id": holder.stream,
        "amount": wanted.amount,
        "currency": wanted.currency,
        "decided_at": wanted.decided_at,
        "expires_at": wanted.expires_at,
        "decision_id": wanted.decision_id,
    }
