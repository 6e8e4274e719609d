"""Commands that evaluate profiles when a caller, time or a new definition asks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog
from prometheus_client import Gauge

from chassis import NotFound, Unavailable
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.projections.outage import (
    ApplyFailure,
    FailureHistory,
    FailureVerdict,
    failure_kind,
)
from identifiers import Accepted
from profile_index import current_profile, find
from services.segments import store
from services.segments.commands.definitions import note_unreadable
from services.segments.evaluator import (
    end_memberships,
    reevaluate_among,
    reevaluate_due,
    reevaluate_one,
)
from services.segments.registry import DefinitionRegistry

EVALUATION_OUTAGES = Gauge(
    "cdp_evaluation_outages",
    "Kinds of failure for which no profile can be evaluated just now.",
    ["service"],
)

_AT_ONCE = 100
_BY_DEFINITION_AT_ONCE = 500  # all by one rule, which is far less work for each
_PROBES = 5  # of either end of those that are due
_PAUSE_SECONDS = 5.0
_LOGGED = 5
_EVALUATION = "evaluation"

_log = structlog.get_logger("segments")


def reevaluate_shopper(
    unit: UnitOfWork, registry: DefinitionRegistry, shopper: str | Accepted
) -> str:
    """Evaluate a shopper who is due; the current profile, which is locked if it was due.

    NotFound if there is none. It is another profile's turn if this one was merged while we waited
    for its lock.
    """
    profile_id = _profile(unit, shopper)
    reevaluate_one(unit, registry, profile_id)
    if _profile(unit, shopper) != profile_id:
        return reevaluate_shopper(unit, registry, shopper)
    return profile_id


class DueEvaluation:
    """Evaluates the profiles that are due, and judges failures; one in each process.

    Members of deleted segments leave them, too.

    A profile whose evaluation fails is found by halves and left alone for a while: it delays no
    other one, and stays due. What fails alike for ALIKE_STREAMS profiles in a row within a minute,
    and for others that are due as well, is an outage: no profile is left alone, and all are tried
    again after a pause.
    """

    def __init__(self, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer = timer
        self._failures = FailureHistory()
        self._aside: list[str] = []  # who is left alone since an evaluation last went well
        self._probed = ""
        self._resume_at = self._forget_at = -float("inf")
        self._outages: list[str] = []

    def run(self, work: UnitOfWorkRunner, registry: DefinitionRegistry, seconds: float) -> None:
        """Evaluate due profiles, some in each transaction, until none is left or time is up.

        Raises Unavailable if the database does not answer, or does not fit this release.
        """
        if self._timer() < self._resume_at:
            return
        search = _Search(work, registry, self._timer() + seconds)
        try:
            while self._evaluate_some(search) == search.at_once and self._timer() < search.end:
                time.sleep(0)  # other greenlets have their turn
        except _EvaluationOutage:
            self._resume_at = self._timer() + _PAUSE_SECONDS
        self._report(search)
        work.run(partial(end_memberships, registry=registry, limit=_AT_ONCE))
        if self._timer() >= self._forget_at:
            work.run(partial(_forget_evaluated, registry=registry))
            note_unreadable(work, work.read(registry.current))
            self._forget_at = self._timer() + _PAUSE_SECONDS

    def _evaluate_some(self, search: _Search) -> int:
        """Evaluate some due profiles; how many were tried."""
        try:
            count = search.work.run(search.due)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - whose fault it is is looked for
            due = search.work.run(search.list_due)
            self._isolate(search, due)
            return len(due)
        self._note_evaluated(search, count)
        return count

    def _isolate(self, search: _Search, profile_ids: Sequence[str]) -> None:
        """Evaluate all but the profiles that fail, by halves; what is late is left for later."""
        try:
            count = search.work.run(partial(search.among, profile_ids=profile_ids))
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - it delays no other profile
            if len(profile_ids) == 1:
                self._judge(search, profile_ids[0], failure_kind(error))
                return
            middle = len(profile_ids) // 2
            self._isolate(search, profile_ids[:middle])
            if self._timer() < search.end:
                self._isolate(search, profile_ids[middle:])
            return
        self._note_evaluated(search, count)

    def _judge(self, search: _Search, profile_id: str, kind: str) -> None:
        """Leave a profile alone whose evaluation failed, unless others fail as well."""
        failure = ApplyFailure(kind, _EVALUATION, profile_id)
        verdict = self._failures.judge(failure, search.work.clock.now())
        if verdict is FailureVerdict.POISON:
            self._aside.append(profile_id)
        elif not self._others_succeed(search):
            search.work.run(partial(store.resume, profile_ids=self._aside))
            self._aside = []
            raise _EvaluationOutage
        search.work.run(partial(store.postpone, profile_id=profile_id))
        search.failed.append((profile_id, kind))

    def _others_succeed(self, search: _Search) -> bool:
        """Whether others that are due can be evaluated: each time, others are tried."""
        page = search.work.run(partial(search.page_of_due, after=self._probed))
        self._probed = page[-1] if page else ""
        latest = search.work.run(partial(store.latest_due_profiles, limit=_PROBES))
        for profile_id in dict.fromkeys([*latest, *page]):
            try:
                count = search.work.run(partial(search.among, profile_ids=[profile_id]))
            except Unavailable:
                raise
            except Exception:  # noqa: BLE001, S112 - it is judged when its turn comes
                continue
            if count:
                self._note_evaluated(search, count)
                return True
        return False

    def _note_evaluated(self, search: _Search, count: int) -> None:
        if count:
            self._failures.note_applied([_EVALUATION], search.work.clock.now())
            self._aside = []

    def _report(self, search: _Search) -> None:
        """Show outages in the metrics, and log them when they change; one line for all others."""
        outages = self._failures.outages(search.work.clock.now())
        EVALUATION_OUTAGES.labels(search.work.source).set(len(outages))
        if outages and outages != self._outages:
            _log.error("evaluation_outage", failures=outages)
        elif self._outages and not outages:
            _log.warning("evaluation_outage_over")
        self._outages = outages
        if search.failed:
            profiles = [profile_id for profile_id, _kind in search.failed]
            _log.error(
                "evaluations_failed",
                profiles=len(profiles),
                some=profiles[:_LOGGED],
                reasons=sorted({kind for _profile_id, kind in search.failed})[:_LOGGED],
            )


def _forget_evaluated(unit: UnitOfWork, registry: DefinitionRegistry) -> None:
    store.forget_evaluated(unit, registry.current(unit).generation)


class _EvaluationOutage(Exception):
    """Nobody can be evaluated just now."""


@dataclass(slots=True)
class _Search:
    """One turn of the evaluation of due profiles, until `end`; `failed` has profiles and kinds."""

    work: UnitOfWorkRunner
    registry: DefinitionRegistry
    end: float
    at_once: int = _AT_ONCE
    failed: list[tuple[str, str]] = field(default_factory=list)

    def due(self, unit: UnitOfWork) -> int:
        oldest = store.oldest_generation(unit)
        generation = self.registry.current(unit).generation
        is_redefined = oldest is not None and oldest < generation
        self.at_once = _BY_DEFINITION_AT_ONCE if is_redefined else _AT_ONCE
        return reevaluate_due(unit, self.registry, self.at_once)

    def among(self, unit: UnitOfWork, profile_ids: Sequence[str]) -> int:
        return reevaluate_among(unit, self.registry, profile_ids)

    def list_due(self, unit: UnitOfWork) -> list[str]:
        return store.due_profiles(unit, self.registry.current(unit).generation, self.at_once)

    def page_of_due(self, unit: UnitOfWork, after: str) -> list[str]:
        generation = self.registry.current(unit).generation
        return store.page_of_due(unit, generation, after, _PROBES)


def _profile(unit: UnitOfWork, shopper: str | Accepted) -> str:
    """The current profile of an id, however old, or of the strongest known identifier."""
    if isinstance(shopper, str):
        current = current_profile(unit, shopper)
        if current is None:
            raise NotFound("profile_id", "is not a profile that segments knows")
        return current
    owners = find(unit, [identifier.key for identifier in shopper.keys])
    for identifier in shopper.keys:
        if identifier.key in owners:
            return owners[identifier.key].profile_id
    unused = "".join(f"; {each.type} {each.reason}" for each in shopper.ignored)
    raise NotFound("identifiers", f"lead to no profile that segments knows{unused}")
