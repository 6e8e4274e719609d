"""Attempts: a request under way, from its receipt to its response and to the log."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from chassis import Draft
from contracts.decisions import DECIDED, DECIDED_VERSION
from identifiers import Accepted
from services.offers.decision_log import DecisionLog
from services.offers.domain.caps import Holder
from services.offers.domain.catalogue import Catalogue
from services.offers.domain.decision import Decision
from services.offers.domain.log_entry import log_entry
from services.offers.domain.own_reservations import OwnReservations
from services.offers.domain.request import DecisionRequest
from services.offers.domain.shopper import Shopper
from services.offers.domain.trace import to_wire, trace

DEFAULT_DEADLINE_MS = 500
_USABLE = 0.95  # the rest of the deadline is for the way back
_MOST_ON_THE_WAY = 0.5


@dataclass(slots=True)
class DecisionAttempt:
    """A request under way; `decision` is None until it has been decided for `shopper`.

    `holder` is by whom caps count, `own` what is reserved already for the same shopper. `is_logged`
    is true once a unit of work of its own has appended the decision.
    """

    request: DecisionRequest
    accepted: Accepted
    catalogue: Catalogue
    decision_id: str
    now: int
    until: float
    decision: Decision | None = None
    shopper: Shopper = field(default_factory=Shopper)
    holder: Holder = field(default_factory=Holder)
    own: OwnReservations = field(default_factory=OwnReservations)
    is_logged: bool = False

    def remaining(self) -> float:
        """Seconds until the response must be ready."""
        return self.until - time.monotonic()


def seconds_left(request: DecisionRequest, received: int) -> float:
    """Seconds from the receipt (µs) to the response: the deadline less the time since `sent_at`.

    That counts for half the deadline at most, since the sender's clock may be behind ours; one that
    is ahead gets no more than the deadline.
    """
    deadline = (request.deadline_ms or DEFAULT_DEADLINE_MS) / 1_000
    on_the_way = 0 if request.sent_at is None else max(0, received - request.sent_at) / 1_000_000
    return (deadline - min(on_the_way, deadline * _MOST_ON_THE_WAY)) * _USABLE


def trace_of(attempt: DecisionAttempt) -> dict[str, Any]:
    """Why each offer was chosen or not; nothing if nobody looked."""
    request, slots = attempt.request, attempt.catalogue.slots(attempt.request.placement)
    if attempt.decision is None:
        return {name: [] for name in slots}
    return to_wire(
        trace(
            request.placement,
            request.context,
            attempt.shopper,
            attempt.catalogue,
            attempt.now,
            attempt.decision.rankings,
        )
    )


def enter_in_log(
    attempt: DecisionAttempt, decision: Decision, origin: Mapping[str, str], log: DecisionLog
) -> Decision:
    """The decision, which is on its way into the log, unless a unit of work has appended it."""
    if attempt.is_logged or log.add(draft_of(attempt, decision, origin)):
        return decision
    return replace(decision, degraded=(*decision.degraded, "decision_not_logged"))


def draft_of(attempt: DecisionAttempt, decision: Decision, origin: Mapping[str, str]) -> Draft:
    """The event of the decision; `origin` says which call led to it."""
    request = attempt.request
    profile = {"profile_id": decision.profile_id} if decision.profile_id else {}
    return Draft(
        id=decision.decision_id,
        stream=decision.decision_id,
        type=DECIDED,
        data=log_entry(
            request,
            [identifier.key for identifier in attempt.accepted.keys],
            attempt.shopper,
            decision,
            attempt.catalogue.reads[request.placement],
        ),
        occurred_at=decision.decided_at,
        metadata={**origin, **profile},
        schema_version=DECIDED_VERSION,
    )
