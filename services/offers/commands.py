"""The command `decide`: every well-formed request is answered in time, whatever fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import structlog
from prometheus_client import Counter

from chassis import Draft, NotFound, ServiceError, Unavailable, new_id, parse_instant
from chassis.config.settings import Settings
from chassis.core.deadline import DeadlineExceeded, run_within
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from contracts.decisions import DECIDED, DECIDED_VERSION
from contracts.offers import read_request
from identifiers import Accepted, IdentifierTypes, accept, load_types
from services.offers import store
from services.offers.configuration import load_file
from services.offers.domain.catalogue import Catalogue
from services.offers.domain.decision import Decision, decide, fall_back, outcome
from services.offers.domain.log_entry import log_entry
from services.offers.domain.recognition import (
    IdentifierMatch,
    leading_keys,
    recognise,
    shopper_of,
    with_segments,
)
from services.offers.domain.request import DecisionRequest
from services.offers.domain.shopper import Shopper
from services.offers.domain.trace import to_wire, trace
from services.offers.registry import CatalogueRegistry

DEFAULT_DEADLINE_MS = 500
# The rest of the deadline is for the way back; of what is usable, a part may go into catching up.
_USABLE = 0.95
_CATCHING_UP = 0.6
_MOST_ON_THE_WAY = 0.5
# These workers never wait for the database: they answer requests above the capacity at once.
_SPARE_WORKERS = 2

DECISIONS = Counter(
    "cdp_decisions",
    "Decisions by outcome: ok, or the gravest reason why the decision was degraded.",
    ["outcome"],
)
DECISIONS.labels("ok")  # there before the first decision, so that its increase is seen

_log = structlog.get_logger("offers")


@dataclass(frozen=True, slots=True)
class Upstream:
    """The calls to other services, made only for a request with `at_least`.

    `catch_up(at_least, seconds)` returns whether offers has applied that much; `memberships(
    profile_id, at_least, seconds)` is the response of segments. Both may raise ServiceError.
    """

    catch_up: Callable[[Mapping[str, int], float], bool]
    memberships: Callable[[str, Mapping[str, int], float], Mapping[str, Any]]


@dataclass(slots=True)
class DecisionAttempt:
    """A request under way; `decision` is None until it has been decided for `shopper`."""

    request: DecisionRequest
    accepted: Accepted
    catalogue: Catalogue
    decision_id: str
    now: int
    until: float
    decision: Decision | None = None
    shopper: Shopper = field(default_factory=Shopper)

    def remaining(self) -> float:
        """Seconds until the response must be ready."""
        return self.until - time.monotonic()


@dataclass(frozen=True, slots=True)
class CatchUp:
    """The result of catching up: the segments, if they were called, and whether it is stale."""

    stale: bool = False
    segments: frozenset[str] | None = None


class DecisionHandler:
    """Reads, decides and logs; any failure is answered by fallback blocks and a reason."""

    def __init__(
        self,
        catalogues: CatalogueRegistry,
        types: IdentifierTypes,
        key: bytes,
        capacity: int,
        ids: Callable[[], str] = new_id,
    ) -> None:
        self.catalogues = catalogues
        self._types = types
        self._key = key
        self._capacity = capacity
        self._ids = ids
        self._busy = 0

    def decide(self, raw: object, work: UnitOfWorkRunner, upstream: Upstream) -> dict[str, Any]:
        """The decision as plain JSON; InvalidInput for a wrong placement or wrong identifiers."""
        received = time.monotonic()
        request = DecisionRequest(**read_request(raw))
        now = work.clock.now()
        until = received + seconds_left(request, now)
        attempt = DecisionAttempt(
            request=request,
            accepted=accept(request.identifiers, self._types, self._key),
            catalogue=self._catalogue(request.placement, work, until),
            decision_id=self._ids(),
            now=now,
            until=until,
        )
        if attempt.remaining() <= 0:
            decision = self._fall_back(attempt, "deadline_exceeded")
        elif self._busy >= self._capacity:
            decision = self._fall_back(attempt, "overloaded")
        elif not self.catalogues.is_known:  # nobody could explain a decision by another one
            decision = self._fall_back(attempt, "database_unavailable")
        else:
            decision = self._try(attempt, work, upstream)
        if decision.degraded:
            _log.warning("degraded", decision_id=decision.decision_id, reasons=decision.degraded)
        if not request.dry_run:
            DECISIONS.labels(outcome(decision.degraded)).inc()
        if not request.explain:
            return decision.to_wire()
        return {**decision.to_wire(), "trace": _trace(attempt)}

    def _catalogue(self, placement: str, work: UnitOfWorkRunner, until: float) -> Catalogue:
        """The catalogue in force; InvalidInput if it does not have the placement.

        The first decisions of a process ask the database which one it is, as many at once as it has
        room for; then a timer does.
        """
        seconds = until - time.monotonic()
        if not self.catalogues.is_known and self._busy < self._capacity and seconds > 0:
            self._busy += 1
            try:
                with suppress(DeadlineExceeded, Unavailable):
                    run_within(seconds, partial(self.catalogues.refresh, work))
            finally:
                self._busy -= 1
        catalogue = self.catalogues.current
        catalogue.slots(placement)
        return catalogue

    def _try(
        self, attempt: DecisionAttempt, work: UnitOfWorkRunner, upstream: Upstream
    ) -> Decision:
        def run() -> Decision:
            at_least = attempt.request.at_least
            catch_up = self._catch_up(attempt, work, upstream) if at_least else CatchUp()
            return work.autocommit(lambda unit: self._decide(attempt, unit, catch_up))

        self._busy += 1
        try:
            return run_within(attempt.remaining(), run)
        except DeadlineExceeded:
            failure = "deadline_exceeded"
        except Unavailable:
            failure = "database_unavailable"
        except Exception as error:  # noqa: BLE001 - the checkout gets an answer, whatever it was
            _log.error("decide_failed", decision_id=attempt.decision_id, error=type(error).__name__)
            failure = "failed"
        finally:
            self._busy -= 1
        if attempt.decision is None:
            return self._fall_back(attempt, failure)
        codes = (*attempt.decision.degraded, "decision_not_logged")
        return replace(attempt.decision, degraded=codes)

    def _decide(self, attempt: DecisionAttempt, unit: UnitOfWork, catch_up: CatchUp) -> Decision:
        """Decide, then log; the attempt keeps its decision even if the log cannot be reached.

        A unit of work that is run again, after its connection was lost, logs the same decision:
        the first run may have been committed.
        """
        if attempt.decision is None:
            attempt.decision = self._evaluate(attempt, unit, catch_up)
        if not attempt.request.dry_run:
            # The shopper waits; a crash of the database server may cost the last of these events.
            unit.append([_decided(attempt, attempt.decision)], synchronous_commit=False)
        return attempt.decision

    def _evaluate(self, attempt: DecisionAttempt, unit: UnitOfWork, catch_up: CatchUp) -> Decision:
        shopper, _ = self._recognise(attempt, unit)
        if catch_up.segments is not None:
            shopper = with_segments(shopper, catch_up.segments, shopper.segments_version)
        attempt.shopper = shopper
        decision = decide(
            attempt.request, shopper, attempt.catalogue, attempt.now, attempt.decision_id
        )
        if catch_up.stale:
            decision = replace(decision, stale=True)
        if attempt.remaining() <= 0:
            raise DeadlineExceeded
        return decision

    def _recognise(
        self, attempt: DecisionAttempt, unit: UnitOfWork
    ) -> tuple[Shopper, IdentifierMatch | None]:
        found = store.load_matches(unit, leading_keys(attempt.accepted))
        recognition = recognise(attempt.accepted, attempt.request.authenticated, found.by_key)
        match = recognition.match
        streams = found.streams[match.profile_id] if match else ()
        shopper = shopper_of(recognition, streams, attempt.accepted, attempt.now)
        return replace(shopper, unreadable=found.unreadable), match

    def _catch_up(
        self, attempt: DecisionAttempt, work: UnitOfWorkRunner, upstream: Upstream
    ) -> CatchUp:
        """Fetch what `at_least` asks for, from profiles and then, if need be, from segments."""
        at_least = attempt.request.at_least
        until = time.monotonic() + attempt.remaining() * _CATCHING_UP
        try:
            complete = upstream.catch_up(at_least, until - time.monotonic())
        except ServiceError:
            complete = False
        if not complete:
            return CatchUp(stale=True)
        _, match = work.read(lambda unit: self._recognise(attempt, unit))
        if match is None:
            return CatchUp()
        as_of = match.profile_segments.as_of if match.profile_segments else {}
        if all(as_of.get(stream, 0) >= version for stream, version in at_least.items()):
            return CatchUp()
        try:
            response = upstream.memberships(
                match.profile_id, at_least, max(until - time.monotonic(), 0.001)
            )
        except ServiceError:
            return CatchUp(stale=True)
        segments = frozenset(entry["segment"] for entry in response["segments"])
        return CatchUp(response["stale"], segments)

    def _fall_back(self, attempt: DecisionAttempt, failure: str) -> Decision:
        # With an id of its own: what came too late may still be logged under the attempt's.
        decision = fall_back(attempt.request, attempt.catalogue, attempt.now, self._ids(), failure)
        if attempt.request.dry_run:
            return decision
        return replace(decision, degraded=(*decision.degraded, "decision_not_logged"))


def refresh_halted(work: UnitOfWorkRunner, halted: Callable[[str], Mapping[str, Any]]) -> None:
    """Keep which streams of profiles segments has halted; `halted(after)` is its next page.

    While segments does not answer, or its release does not have the call, what it said last stands.
    """
    streams: list[str] = []
    try:
        while page := halted(streams[-1] if streams else "")["streams"]:
            streams += page
    except (Unavailable, NotFound):
        return
    if work.read(store.load_halted_in_segments) != set(streams):
        work.run(partial(store.save_halted_in_segments, streams=streams))


def refresh_unreadable(
    work: UnitOfWorkRunner, standstills: Callable[[], Mapping[str, Any]]
) -> None:
    """Keep which segments stand still, as `standstills()` says.

    While segments does not answer, or its release does not have the call, what it said last stands.
    """
    try:
        still = standstills()["segments"]
    except (Unavailable, NotFound):
        return
    segments = {each["segment"]: parse_instant(each["since"]) for each in still if each["since"]}
    if work.read(store.load_unreadable_segments) != segments:
        work.run(partial(store.save_unreadable_segments, segments=segments))


def open_decision_handler(settings: Settings) -> DecisionHandler:
    """The handler of one process; InvalidInput if offers.yaml or identity.yaml has a mistake."""
    return DecisionHandler(
        CatalogueRegistry(load_file(settings.config_dir)),
        load_types(settings.config_dir),
        settings.identifier_key,
        capacity=max(1, settings.workers - _SPARE_WORKERS),
    )


def seconds_left(request: DecisionRequest, now: int) -> float:
    """Seconds for the response: the deadline less the time since `sent_at`, if the request has it.

    That counts for half the deadline at most, since the sender's clock may be behind ours; one that
    is ahead gets no more than the deadline.
    """
    deadline = (request.deadline_ms or DEFAULT_DEADLINE_MS) / 1_000
    on_the_way = 0 if request.sent_at is None else max(0, now - request.sent_at) / 1_000_000
    return (deadline - min(on_the_way, deadline * _MOST_ON_THE_WAY)) * _USABLE


def _trace(attempt: DecisionAttempt) -> dict[str, Any]:
    """Why each offer was chosen or not; nothing if nobody looked."""
    request, slots = attempt.request, attempt.catalogue.slots(attempt.request.placement)
    if attempt.decision is None:
        return {name: [] for name in slots}
    return to_wire(
        trace(request.placement, request.context, attempt.shopper, attempt.catalogue, attempt.now)
    )


def _decided(attempt: DecisionAttempt, decision: Decision) -> Draft:
    request = attempt.request
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
        metadata={"profile_id": decision.profile_id} if decision.profile_id else {},
        schema_version=DECIDED_VERSION,
    )
