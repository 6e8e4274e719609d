"""Reserving what a decision shows: decided again until all of it fits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from chassis import Draft
from chassis.core.deadline import DeadlineExceeded
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from services.offers.commands.granting import Granter
from services.offers.commands.settling import end_overdue
from services.offers.domain.caps import Capped, Holder, Moved, Wanted, decision_key, grant_id
from services.offers.domain.catalogue import Catalogue
from services.offers.domain.decision import Decision, Reservation
from services.offers.domain.own_reservations import OwnReservations


class TentativeDecision(NamedTuple):
    """A decision before it reserves, by whom caps count, and what that shopper has already."""

    decision: Decision
    holder: Holder
    own: OwnReservations


@dataclass(frozen=True, slots=True)
class ShownReservation:
    """A decision that reserves the offers with caps or a budget that it shows.

    What an earlier decision has reserved for the same shopper it shows by that reservation, which
    stands no longer for it. `evaluate(capped)` decides without the offers that are `capped`, unless
    they are reserved already for the shopper. `draft` is the entry of a decision in the log, and
    `remaining` the seconds that are left for it.
    """

    granter: Granter
    catalogue: Catalogue
    evaluate: Callable[[Mapping[str, str]], TentativeDecision]
    draft: Callable[[Decision], Draft]
    remaining: Callable[[], float]

    def make(self, work: UnitOfWorkRunner) -> tuple[Decision, bool]:
        """The decision, and whether it is logged: it is, in the unit that reserves anything.

        What turns out not to fit is kept out, and it is decided again. Here only what was granted
        to the profile's own streams counts, as the answer would tell of others with its contacts.
        """
        capped: dict[str, str] = {}
        while True:
            decision, holder, own = self.evaluate(capped)
            if own.overdue:
                overdue = [each for ids in own.overdue.values() for each in ids]
                work.run(partial(end_overdue, grant_ids=overdue))
                continue
            decision = _with_own(decision, own)
            wanted = _wanted(self.catalogue, decision, work.clock.now())
            if not wanted:
                return decision, False
            decision = _with_reservations(decision, wanted)
            draft = self.draft(decision)
            try:
                with self.granter.turn(holder):
                    self.granter.reserve(
                        work,
                        wanted,
                        holder,
                        with_contacts=False,
                        seconds=self.remaining(),
                        and_then=partial(self._append, draft=draft),
                    )
            except Capped as error:
                capped |= error.obstacles
            except Moved:
                continue
            else:
                return decision, True

    def _append(self, unit: UnitOfWork, draft: Draft) -> None:
        if self.remaining() <= 0:  # nobody will learn of it: nothing is reserved
            raise DeadlineExceeded
        unit.append([draft])


def _wanted(catalogue: Catalogue, decision: Decision, now: int) -> list[Wanted]:
    """The grants of the offers with caps or a budget that a decision shows and has not reserved."""
    wanted = []
    for offer_id in sorted(decision.offers - decision.reservations.keys()):
        limits = catalogue.offers[offer_id].limits
        if limits is not None:
            amount, currency = limits.cost or (None, None)
            wanted.append(
                Wanted(
                    grant_id(decision_key(decision.decision_id, offer_id)),
                    offer_id,
                    limits,
                    amount,
                    currency,
                    now,
                    now + limits.hold,
                    decision.decision_id,
                )
            )
    return wanted


def _with_own(decision: Decision, own: OwnReservations) -> Decision:
    """The decision with what is reserved already of the offers that it shows."""
    offers = own.standing.keys() & decision.offers
    return replace(decision, reservations={each: own.standing[each] for each in offers})


def _with_reservations(decision: Decision, wanted: Sequence[Wanted]) -> Decision:
    """The decision also with the grants that are going to be reserved for it."""
    reservations = {
        each.cap_id: Reservation(decision_key(decision.decision_id, each.cap_id), each.expires_at)
        for each in wanted
    }
    return replace(decision, reservations={**decision.reservations, **reservations})
