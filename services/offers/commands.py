"""The desk: answers every well-formed request in time, whatever fails behind it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import structlog

from chassis import Draft, InvalidInput, NotFound, ServiceError, Unavailable, new_id
from chassis.config.settings import Settings
from chassis.core.deadline import DeadlineExceeded, run_within
from chassis.core.event import is_name
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from contracts.offers import read_request
from identifiers import Accepted, IdentifierTypes, accept, load_types
from services.offers import store
from services.offers.domain.answer import Decision
from services.offers.domain.catalogue import Catalogue, load_catalogue
from services.offers.domain.decision import DecisionRequest, Shopper, decide, fall_back
from services.offers.domain.recognition import IdentifierMatch, recognise, shopper_of, with_segments

DECIDED = "offer_decided"
DEFAULT_DEADLINE_MS = 500
# Of a deadline, what is left for the way back; and of the rest, what may go into catching up.
_USABLE = 0.95
_CATCHING_UP = 0.6
# Workers that never wait for the database, so that what is too much is answered at once.
_SPARE_WORKERS = 2

_log = structlog.get_logger("offers")


@dataclass(frozen=True, slots=True)
class Upstream:
    """What is asked of other services, and only for a request with `at_least`.

    `catch_up(at_least, seconds)` says whether offers holds it then; `memberships(profile_id,
    at_least, seconds)` is the answer of segments. Both may raise ServiceError.
    """

    catch_up: Callable[[Mapping[str, int], float], bool]
    memberships: Callable[[str, Mapping[str, int], float], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class DecisionAttempt:
    """A request under way."""

    request: DecisionRequest
    accepted: Accepted
    decision_id: str
    now: int
    until: float

    def left(self) -> float:
        """Seconds until the answer must be ready."""
        return self.until - time.monotonic()


@dataclass(frozen=True, slots=True)
class CatchUp:
    """What catching up gave: the segments if they were asked for, and whether it fell short."""

    stale: bool = False
    segments: frozenset[str] | None = None


class DecisionHandler:
    """Reads, decides and logs; the fallback blocks and a reason are its answer to any failure."""

    def __init__(
        self,
        catalogue: Catalogue,
        types: IdentifierTypes,
        key: bytes,
        capacity: int,
        ids: Callable[[], str] = new_id,
    ) -> None:
        self.catalogue = catalogue
        self._types = types
        self._key = key
        self._capacity = capacity
        self._ids = ids
        self._busy = 0

    def answer(self, request: object, work: UnitOfWorkRunner, upstream: Upstream) -> dict[str, Any]:
        """The decision as plain JSON; InvalidInput, naming the field, for a malformed request."""
        received = time.monotonic()
        asked = DecisionRequest(**read_request(request))
        self.catalogue.slots(asked.placement)
        now = work.clock.now()
        case = DecisionAttempt(
            request=asked,
            accepted=accept(asked.identifiers, self._types, self._key),
            decision_id=self._ids(),
            now=now,
            until=received + seconds_left(asked, now),
        )
        if case.left() <= 0:
            decision = self._fall_back(case, "deadline_exceeded")
        elif self._busy >= self._capacity:
            decision = self._fall_back(case, "overloaded")
        else:
            decision = self._try(case, work, upstream)
        if decision.degraded:
            _log.warning("degraded", decision_id=decision.decision_id, reasons=decision.degraded)
        return decision.to_wire(asked.explain)

    def _try(self, case: DecisionAttempt, work: UnitOfWorkRunner, upstream: Upstream) -> Decision:
        made: list[Decision] = []

        def run() -> Decision:
            fresh = self._catch_up(case, work, upstream) if case.request.at_least else CatchUp()
            return work.autocommit(lambda unit: self._decide(case, unit, fresh, made))

        self._busy += 1
        try:
            return run_within(case.left(), run)
        except DeadlineExceeded:
            failure = "deadline_exceeded"
        except Unavailable:
            failure = "database_unavailable"
        except Exception as error:  # noqa: BLE001 - the checkout gets an answer, whatever it was
            _log.error("decide_failed", decision_id=case.decision_id, error=type(error).__name__)
            failure = "failed"
        finally:
            self._busy -= 1
        if not made:
            return self._fall_back(case, failure)
        return replace(made[0], degraded=("decision_not_logged",))

    def _decide(
        self, case: DecisionAttempt, unit: UnitOfWork, fresh: CatchUp, made: list[Decision]
    ) -> Decision:
        """Decide, then log it; what was decided is in `made` even if the log cannot be reached.

        It is decided once: another attempt, after a connection was lost, logs the same, since the
        first one may have been committed.
        """
        if not made:
            made.append(self._made(case, unit, fresh))
        if not case.request.dry_run:
            unit.append([_decided(case, made[0])], synchronous_commit=False)  # the shopper waits
        return made[0]

    def _made(self, case: DecisionAttempt, unit: UnitOfWork, fresh: CatchUp) -> Decision:
        shopper, _ = self._recognise(case, unit)
        if fresh.segments is not None:
            shopper = with_segments(shopper, fresh.segments, shopper.segments_version)
        decision = decide(case.request, shopper, self.catalogue, case.now, case.decision_id)
        if fresh.stale:
            decision = replace(decision, stale=True)
        if case.left() <= 0:
            raise DeadlineExceeded
        return decision

    def _recognise(
        self, case: DecisionAttempt, unit: UnitOfWork
    ) -> tuple[Shopper, IdentifierMatch | None]:
        keys = [identifier.key for identifier in case.accepted.keys]
        leads, held = store.load_matches(unit.connection, keys)
        recognition = recognise(case.accepted, case.request.authenticated, leads)
        lead = recognition.lead
        streams = held[lead.profile_id] if lead else []
        return shopper_of(recognition, streams, case.accepted), lead

    def _catch_up(
        self, case: DecisionAttempt, work: UnitOfWorkRunner, upstream: Upstream
    ) -> CatchUp:
        """Fetch what the request must count, from profiles and then from segments, if need be."""
        at_least = case.request.at_least
        until = time.monotonic() + case.left() * _CATCHING_UP
        try:
            held = upstream.catch_up(at_least, until - time.monotonic())
        except ServiceError:
            held = False
        if not held:
            return CatchUp(stale=True)
        _, lead = work.read(lambda unit: self._recognise(case, unit))
        if lead is None:
            return CatchUp()
        as_of = lead.membership.as_of if lead.membership else {}
        if all(as_of.get(stream, 0) >= version for stream, version in at_least.items()):
            return CatchUp()
        try:
            told = upstream.memberships(
                lead.profile_id, at_least, max(until - time.monotonic(), 0.001)
            )
        except ServiceError:
            return CatchUp(stale=True)
        return CatchUp(told["stale"], frozenset(entry["segment"] for entry in told["segments"]))

    def _fall_back(self, case: DecisionAttempt, failure: str) -> Decision:
        # An id of its own: what came too late for the answer may be logged under the first one.
        decision = fall_back(case.request, self.catalogue, case.now, self._ids(), failure)
        if case.request.dry_run:
            return decision
        return replace(decision, degraded=(*decision.degraded, "decision_not_logged"))


def open_decision_handler(settings: Settings) -> DecisionHandler:
    """The desk of one process; InvalidInput if offers.yaml or identity.yaml has a mistake."""
    return DecisionHandler(
        load_catalogue(settings.config_dir),
        load_types(settings.config_dir),
        settings.identifier_key,
        capacity=max(1, settings.workers - _SPARE_WORKERS),
    )


def read_decision(unit: UnitOfWork, decision_id: object) -> dict[str, Any]:
    """A decision as the log has it: answer, trace and request; NotFound if it is not there."""
    if not is_name(decision_id):
        raise InvalidInput("decision_id", "must be the text that `decide` answered with")
    found = unit.history({decision_id: 0}, 1)
    if not found:
        raise NotFound("decision_id", "is no decision in the log; a dry run leaves none")
    return dict(found[0].data)


def seconds_left(request: DecisionRequest, now: int) -> float:
    """Seconds for the answer: the deadline less what has passed since `sent_at`, if that is told.

    A sender's clock that is ahead of ours gives no more than the deadline.
    """
    deadline_ms = request.deadline_ms or DEFAULT_DEADLINE_MS
    on_the_way = 0 if request.sent_at is None else max(0, now - request.sent_at)
    return (deadline_ms / 1_000 - on_the_way / 1_000_000) * _USABLE


def _decided(case: DecisionAttempt, decision: Decision) -> Draft:
    request = case.request
    data = decision.to_wire(explain=True)
    data["request"] = {
        "identifiers": [identifier.key for identifier in case.accepted.keys],
        "authenticated": request.authenticated,
        "context": request.context,
        "at_least": request.at_least,
        "deadline_ms": request.deadline_ms,
    }
    return Draft(
        id=decision.decision_id,
        stream=decision.decision_id,
        type=DECIDED,
        data=data,
        occurred_at=decision.decided_at,
        metadata={"profile_id": decision.profile_id} if decision.profile_id else {},
    )
