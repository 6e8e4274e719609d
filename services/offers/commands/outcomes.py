"""The command `record_outcomes`, and joining outcomes with decisions that are logged after them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, NamedTuple

import structlog
from prometheus_client import Counter

from chassis import DAY, Draft, Event
from chassis.core.field_message import FieldMessage
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.validation.plain import join
from chassis.validation.schema import InvalidFields, Mending
from contracts.decisions import DECIDED
from contracts.event_schema import MAX_ID
from contracts.outcomes import KINDS, check_outcomes, read_outcome
from services.offers import store
from services.offers.domain.outcomes import (
    CONFLICT,
    JoinedOutcome,
    Misfit,
    OfferOutcome,
    event_id_of,
    is_same,
    joinable_since,
    joined,
    kept_outcome,
    messages,
    outcome_of,
    twin_id,
)

OUTCOMES = Counter("cdp_outcomes", "Outcomes of decisions that were recorded, by kind.", ["kind"])
for _kind in KINDS:
    OUTCOMES.labels(_kind)

_JOINED_A_UNIT = 500
_KEPT_UNJOINED = 30 * DAY

_log = structlog.get_logger("offers")

OutcomeReader = Callable[[UnitOfWork, Sequence[JoinedOutcome]], None]
"""What is called, within the unit that joins them, with outcomes and their decisions: each once."""


class _New(NamedTuple):
    """An outcome that goes into the log, and the data of its decision if that is there."""

    outcome: OfferOutcome
    decision: Mapping[str, Any] | None

    @property
    def draft(self) -> Draft:
        """Its event."""
        return self.outcome.draft(self.decision["profile_id"] if self.decision else None)


@dataclass(slots=True)
class _Report:
    """One report of a call, and what becomes of it; `outcome` is None if it cannot be read."""

    path: str
    outcome_id: str | None
    outcome: OfferOutcome | None = None
    status: str = "rejected"
    is_joined: bool = False
    errors: list[FieldMessage] = field(default_factory=list)
    warnings: list[FieldMessage] = field(default_factory=list)

    def to_wire(self) -> dict[str, Any]:
        """Plain JSON as `contracts.outcomes.OutcomeReceiptSchema`."""
        receipt: dict[str, Any] = {
            "outcome_id": self.outcome_id,
            "status": self.status,
            "warnings": [warning.to_wire() for warning in self.warnings],
        }
        if self.errors:
            receipt["errors"] = [error.to_wire() for error in self.errors]
        if self.status == "appended":
            receipt["joined"] = self.is_joined
        return receipt


class _Overtaken(Exception):
    """Somebody has reported the same at once, with its offer or else without it."""


class OutcomeHandler:
    """Records outcomes; `readers` learn of each once it is joined with its decision."""

    def __init__(self, readers: Sequence[OutcomeReader] = ()) -> None:
        self._readers = readers
        self._turn = 0  # of joining
        self._joined_at = 0  # µs

    def record(self, raw: object, work: UnitOfWorkRunner) -> dict[str, Any]:
        """A receipt for each report of a call; InvalidInput if it is no list, or too long."""
        sent = check_outcomes(raw)

        def run(unit: UnitOfWork) -> list[_Report]:
            reports = [_read(each, index, unit.now) for index, each in enumerate(sent)]
            self._record(unit, reports)
            return reports

        while True:
            try:
                reports = work.run(run)
            except _Overtaken:
                continue  # now that one is found
            return {"receipts": [report.to_wire() for report in reports]}

    def _record(self, unit: UnitOfWork, reports: Sequence[_Report]) -> None:
        outcomes = [report.outcome for report in reports if report.outcome is not None]
        ids = {each.event_id for each in outcomes} | {each.decision_id for each in outcomes}
        found = dict(unit.find(sorted(ids))) if ids else {}
        twins = sorted({twin for each in outcomes if (twin := _twin_of(each, found))} - ids)
        before = unit.find(twins) if twins else {}
        found |= before
        new: dict[str, _New] = {}
        for report in reports:
            if report.outcome is not None:
                _settle(report, report.outcome, found, new)
        if not new:
            return
        unit.append([each.draft for each in new.values()])
        # The append waits for whoever reports of the same decisions at once.
        if twins and unit.find(twins).keys() != before.keys():
            raise _Overtaken
        self._tell(unit, [JoinedOutcome(n.outcome, n.decision) for n in new.values() if n.decision])
        store.put_unjoined_outcomes(
            unit,
            [
                (n.outcome.outcome_id, n.outcome.decision_id, asdict(n.outcome))
                for n in new.values()
                if n.decision is None
            ],
        )
        unit.after_commit(lambda: _count(new.values()))

    def join(self, work: UnitOfWorkRunner) -> None:
        """Join outcomes with decisions that are in the log by now; they wait 30 days for theirs."""
        now = work.clock.now()
        since = joinable_since(self._turn, now, self._joined_at)
        while work.run(partial(self._join_some, since=since)) == _JOINED_A_UNIT:
            pass
        self._turn, self._joined_at = self._turn + 1, now
        gone = work.run(
            lambda unit: store.forget_unjoined_outcomes(
                unit, unit.now - _KEPT_UNJOINED, _JOINED_A_UNIT
            )
        )
        if gone:
            _log.warning("outcomes_never_joined", outcomes=gone)

    def _join_some(self, unit: UnitOfWork, since: int) -> int:
        found = [
            JoinedOutcome(kept_outcome(each.outcome), each.decision)
            for each in store.take_joinable_outcomes(unit, _JOINED_A_UNIT, since)
        ]
        repeated = _repeated(unit, found)
        outcomes = []
        for outcome, decision in ((each.outcome, each.decision) for each in found):
            if outcome.event_id in repeated:
                continue
            try:
                outcomes.append(joined(outcome, decision))
            except Misfit as error:
                _log.warning("outcome_misfit", decision_id=outcome.decision_id, field=error.field)
        self._tell(unit, outcomes)
        return len(found)

    def _tell(self, unit: UnitOfWork, outcomes: Sequence[JoinedOutcome]) -> None:
        if outcomes:
            for reader in self._readers:
                reader(unit, outcomes)


def _read(raw: Any, index: int, now: int) -> _Report:
    path = f"outcomes[{index}]"
    report = _Report(path, _readable_id(raw))
    mending = Mending()
    try:
        report.outcome = outcome_of(read_outcome(raw, path, mending), now)
        report.outcome_id = report.outcome.outcome_id
    except InvalidFields as error:
        report.errors = list(error.errors)
    except Misfit as error:
        report.errors = messages(error, path)
    report.warnings = [FieldMessage(join(path, parts), text) for parts, text in mending.warnings]
    return report


def _settle(
    report: _Report, outcome: OfferOutcome, found: Mapping[str, Event], new: dict[str, _New]
) -> None:
    """Say what becomes of a report, by what is in the log and what came before it in the call."""
    before = _before(outcome.event_id, found, new) or _before(_twin_of(outcome, found), found, new)
    if before is not None:
        if is_same(outcome, before):
            report.status = "duplicate"
        else:
            report.status = "conflict"
            report.errors = [FieldMessage(f"{report.path}.outcome_id", CONFLICT)]
        return
    decision = _decision_of(outcome, found)
    if decision is not None:
        try:
            outcome = joined(outcome, decision).outcome
        except Misfit as error:
            report.errors = messages(error, report.path)
            return
    report.status, report.is_joined = "appended", decision is not None
    new[outcome.event_id] = _New(outcome, decision)


def _repeated(unit: UnitOfWork, outcomes: Iterable[JoinedOutcome]) -> set[str]:
    """The ids of the events of those outcomes that had been reported before, with their offer or
    else without it: nobody could know that before their decision was in the log.

    Both are in one stream. The first of them counts, whichever process joins which of them when.
    """
    twins = {
        each.outcome.event_id: event_id_of(twin)
        for each in outcomes
        if (twin := twin_id(each.outcome, each.decision)) is not None
    }
    found = unit.find(sorted({*twins, *twins.values()})) if twins else {}
    versions = {event_id: event.version for event_id, event in found.items()}
    return {
        own for own, twin in twins.items() if twin in versions and versions[twin] < versions[own]
    }


def _before(
    event_id: str | None, found: Mapping[str, Event], new: Mapping[str, _New]
) -> Draft | Event | None:
    """The event of this id, in the log or of this call."""
    if event_id is None:
        return None
    return new[event_id].draft if event_id in new else found.get(event_id)


def _twin_of(outcome: OfferOutcome, found: Mapping[str, Event]) -> str | None:
    """The id of the event by which the same may have been reported, if its decision is there."""
    decision = _decision_of(outcome, found)
    twin = None if decision is None else twin_id(outcome, decision)
    return None if twin is None else event_id_of(twin)


def _decision_of(outcome: OfferOutcome, found: Mapping[str, Event]) -> Mapping[str, Any] | None:
    """The data of the decision of an outcome, if it is in the log."""
    decided = found.get(outcome.decision_id)
    return decided.data if decided is not None and decided.type == DECIDED else None


def _count(recorded: Iterable[_New]) -> None:
    for each in recorded:
        OUTCOMES.labels(each.outcome.kind).inc()


def _readable_id(raw: Any) -> str | None:
    """The id of a report, if it has one that may be repeated."""
    outcome_id = raw.get("outcome_id") if isinstance(raw, dict) else None
    if isinstance(outcome_id, str) and 0 < len(outcome_id) <= MAX_ID and outcome_id.isprintable():
        return outcome_id
    return None
