"""The command `decide`: every well-formed request is answered in time, whatever fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar

import structlog
from prometheus_client import Counter

from chassis import ServiceError, Unavailable, new_id
from chassis.config.settings import Settings
from chassis.core.deadline import DeadlineExceeded, received_at, wait_within
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from contracts.offers import read_request
from identifiers import IdentifierTypes, accept, load_types
from services.offers import store
from services.offers.commands.admission import Admission
from services.offers.commands.attempts import (
    DecisionAttempt,
    draft_of,
    enter_in_log,
    seconds_left,
    trace_of,
)
from services.offers.commands.granting import Granter, obstacles, own_reservations
from services.offers.commands.learning import StatisticsRegistry
from services.offers.commands.reserving import ShownReservation, TentativeDecision
from services.offers.configuration import load_file
from services.offers.decision_log import DecisionLog
from services.offers.domain.catalogue import Catalogue
from services.offers.domain.decision import Decision, decide, fall_back, outcome
from services.offers.domain.eligibility import is_open_to
from services.offers.domain.experiments import assign, identified
from services.offers.domain.ledger import balance
from services.offers.domain.own_reservations import OwnReservations
from services.offers.domain.recognition import (
    IdentifierMatch,
    holder_of,
    leading_keys,
    recognise,
    shopper_of,
    with_balance,
    with_segments,
)
from services.offers.domain.request import DecisionRequest
from services.offers.domain.shopper import Shopper
from services.offers.registry import CatalogueRegistry

T = TypeVar("T")

# For so long the database may still answer when nobody waits for it any more.
_GRACE_SECONDS = 1.0
_CATCHING_UP = 0.6  # of the time that is left
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


@dataclass(frozen=True, slots=True)
class CatchUp:
    """The result of catching up: the segments, if they were called, and whether it is stale."""

    stale: bool = False
    segments: frozenset[str] | None = None


class DecisionHandler:
    """Reads and decides; any failure is answered by fallback blocks and a reason."""

    def __init__(
        self,
        catalogues: CatalogueRegistry,
        types: IdentifierTypes,
        key: bytes,
        capacity: int,
        ids: Callable[[], str] = new_id,
    ) -> None:
        self.catalogues = catalogues
        self.granter = Granter()
        self.statistics = StatisticsRegistry()
        self.types = types
        self._key = key
        self._ids = ids
        self._admission = Admission(capacity)

    def decide(
        self, raw: object, work: UnitOfWorkRunner, upstream: Upstream, log: DecisionLog
    ) -> dict[str, Any]:
        """The decision as plain JSON; InvalidInput for a wrong placement or wrong identifiers.

        Nobody waits for the log: what comes too late to be answered as decided is not in it.
        """
        request = DecisionRequest(**read_request(raw))
        now = work.clock.now()
        until = _until(request, now)
        catalogue = self._catalogue(request.placement, work, until)
        attempt = self._attempt(request, catalogue, now, until)
        if attempt.remaining() <= 0:
            decision = self._fall_back(attempt, "deadline_exceeded")
        elif not self._admission.has_room(attempt.remaining()):
            decision = self._fall_back(attempt, "overloaded")
        elif not self.catalogues.is_known:  # nobody could explain a decision by another one
            decision = self._fall_back(attempt, "database_unavailable")
        else:
            decision = self._try(attempt, work, upstream)
        if decision is attempt.decision and not request.dry_run:
            decision = enter_in_log(attempt, decision, work.correlation, log)
        if decision.degraded:
            _log.warning("degraded", decision_id=decision.decision_id, reasons=decision.degraded)
        return _counted(attempt, decision)

    def has_room(self) -> bool:
        """Whether one more decision may be begun now."""
        return self._admission.is_open()

    def answer_at_once(self, raw: object, now: int) -> dict[str, Any]:
        """The same for a request above the capacity: fallback blocks, without waiting for anything.

        It is counted, and not logged: whatever this takes is missing to those who are decided for.
        """
        request = DecisionRequest(**read_request(raw))
        catalogue = self.catalogues.current
        catalogue.slots(request.placement)
        attempt = self._attempt(request, catalogue, now, _until(request, now))
        return _counted(attempt, self._fall_back(attempt, "overloaded"))

    def _attempt(
        self, request: DecisionRequest, catalogue: Catalogue, now: int, until: float
    ) -> DecisionAttempt:
        return DecisionAttempt(
            request=request,
            accepted=accept(request.identifiers, self.types, self._key),
            catalogue=catalogue,
            decision_id=self._ids(),
            now=now,
            until=until,
        )

    def _catalogue(self, placement: str, work: UnitOfWorkRunner, until: float) -> Catalogue:
        """The catalogue in force; InvalidInput if it does not have the placement.

        The first decisions of a process ask the database which one it is, as many at once as it has
        room for; then a timer does.
        """
        seconds = until - time.monotonic()
        if not self.catalogues.is_known and seconds > 0 and self._admission.has_room(seconds):
            with suppress(DeadlineExceeded, Unavailable):
                self._wait(seconds, partial(self.catalogues.refresh, work))
        catalogue = self.catalogues.current
        catalogue.slots(placement)
        return catalogue

    def _try(
        self, attempt: DecisionAttempt, work: UnitOfWorkRunner, upstream: Upstream
    ) -> Decision:
        def run() -> Decision:
            at_least = attempt.request.at_least
            catch_up = self._catch_up(attempt, work, upstream) if at_least else CatchUp()
            if attempt.request.reserve and not attempt.request.dry_run:
                return self._reserve(attempt, work, catch_up)
            return work.read(lambda unit: self._decide(attempt, unit, catch_up))

        is_typical = not (attempt.request.at_least or attempt.request.reserve)
        try:
            return self._wait(attempt.remaining(), run, is_typical=is_typical)
        except DeadlineExceeded:
            failure = "deadline_exceeded"
        except Unavailable:
            failure = "database_unavailable"
        except Exception as error:  # noqa: BLE001 - the checkout gets an answer, whatever it was
            _log.error("decide_failed", decision_id=attempt.decision_id, error=type(error).__name__)
            failure = "failed"
        return attempt.decision or self._fall_back(attempt, failure)

    def _wait(self, seconds: float, function: Callable[[], T], *, is_typical: bool = False) -> T:
        """Wait for something that needs the database; it is under way until it ends."""

        def run() -> T:
            with self._admission.turn(is_typical=is_typical):
                return function()

        return wait_within(seconds, _GRACE_SECONDS, run)

    def _decide(self, attempt: DecisionAttempt, unit: UnitOfWork, catch_up: CatchUp) -> Decision:
        """Decide, once: a unit of work that is run again, as its connection was lost, changes
        nothing of it.
        """
        if attempt.decision is None:
            attempt.decision = self._evaluate(attempt, unit, catch_up)
        return attempt.decision

    def _reserve(
        self, attempt: DecisionAttempt, work: UnitOfWorkRunner, catch_up: CatchUp
    ) -> Decision:
        """Decide, and reserve what it shows of offers with caps or budgets."""

        def evaluate(capped: Mapping[str, str]) -> TentativeDecision:
            decision = work.read(partial(self._evaluate, attempt, catch_up=catch_up, capped=capped))
            return TentativeDecision(decision, attempt.holder, attempt.own)

        reservation = ShownReservation(
            self.granter,
            attempt.catalogue,
            evaluate,
            draft=lambda decision: draft_of(attempt, decision, work.correlation),
            remaining=attempt.remaining,
        )
        attempt.decision, attempt.is_logged = reservation.make(work)
        return attempt.decision

    def _evaluate(
        self,
        attempt: DecisionAttempt,
        unit: UnitOfWork,
        catch_up: CatchUp,
        capped: Mapping[str, str] = MappingProxyType({}),
    ) -> Decision:
        """The decision; offers that are `capped` already are kept out, whatever is counted.

        What is reserved for the shopper herself is not: a page that is loaded again shows it again.
        """
        shopper, _ = self._recognise(attempt, unit)
        attempt.own = OwnReservations()
        if catch_up.segments is not None:
            shopper = with_segments(shopper, catch_up.segments, shopper.segments_version)
        # What has become of an offer for a sign-in is told to nobody who is not signed in.
        offers = attempt.catalogue.limited[attempt.request.placement]
        if limited := [offer for offer in offers if is_open_to(offer, shopper)]:
            found = {**obstacles(unit, limited, attempt.holder, attempt.now), **capped}
            if found or attempt.request.reserve:
                attempt.own = own_reservations(unit, limited, attempt.holder)
            shopper = replace(shopper, capped=attempt.own.remaining_obstacles(found))
        shopper = _with_assignments(shopper, attempt, unit)
        attempt.shopper = shopper
        decision = decide(
            attempt.request,
            shopper,
            attempt.catalogue,
            attempt.now,
            attempt.decision_id,
            self.statistics.draws(attempt.request),
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
        attempt.holder = holder_of(
            attempt.accepted, attempt.request.authenticated, found.by_key, found.streams
        )
        shopper = shopper_of(recognition, streams, attempt.accepted, attempt.now)
        programme = attempt.catalogue.programme
        if match and programme.ledger and attempt.catalogue.reads[attempt.request.placement].points:
            entries = store.load_point_entries(unit, [each.stream for each in streams])
            shopper = with_balance(shopper, balance(entries, programme, attempt.now))
        if found.unreadable:
            shopper = replace(shopper, unreadable=found.unreadable)
        return shopper, match

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


def _until(request: DecisionRequest, now: int) -> float:
    """Until when (s, monotonic clock) the request that is answered here has to be answered."""
    received = received_at()
    waited = int(1_000_000 * (time.monotonic() - received))
    return received + seconds_left(request, now - waited)


def _counted(attempt: DecisionAttempt, decision: Decision) -> dict[str, Any]:
    """The decision as plain JSON, which counts from now on."""
    if not attempt.request.dry_run:
        DECISIONS.labels(outcome(decision.degraded)).inc()
    if not attempt.request.explain:
        return decision.to_wire()
    return {**decision.to_wire(), "trace": trace_of(attempt)}


def _with_assignments(shopper: Shopper, attempt: DecisionAttempt, unit: UnitOfWork) -> Shopper:
    """The shopper with her variants; one who refuses to be recognised takes part in nothing."""
    trials = attempt.catalogue.trials
    if shopper.refuses_personalization or not (trials.experiments or trials.holdouts):
        return shopper
    request = attempt.request
    who = identified(attempt.accepted, request)
    exposures = store.load_exposures(unit, sorted(who.keys.values()), sorted(shopper.streams))
    offers = attempt.catalogue.offers_of(request.placement)
    return replace(shopper, assignments=assign(trials, request.placement, offers, who, exposures))


def open_decision_handler(settings: Settings) -> DecisionHandler:
    """The handler of one process; InvalidInput if offers.yaml or identity.yaml has a mistake."""
    return DecisionHandler(
        CatalogueRegistry(load_file(settings.config_dir)),
        load_types(settings.config_dir),
        settings.identifier_key,
        capacity=max(1, settings.workers - _SPARE_WORKERS),
    )
