"""The one write command, from what a shop sends to what is in the log."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

from chassis import Event, Unavailable
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from contracts.ingest import IncomingEvent, read_events
from profile_index import profiles_of
from services.profiles import store
from services.profiles.domain import recording
from services.profiles.domain.recording import LogPosition, RecordOutcome, ResolvedEvent
from services.profiles.vault import SealedValue, Vault

_HISTORY_PAGE = 1_000
# One round is the rule. A second one follows a fact that another call has just made in identity and
# not brought here yet; each round brings all that its resolutions were made under.
_ROUNDS = 5


class IdentityClient(Protocol):
    """What profiles asks of identity."""

    def resolve(self, *, observations: list[dict[str, Any]]) -> dict[str, Any]:
        """`{"resolutions": […], "facts": […]}`"""
        ...

    def history(self, *, streams: list[dict[str, Any]], limit: int) -> dict[str, Any]:
        """`{"events": […]}` of identity's log."""
        ...


class IdentityUnavailable(Unavailable):
    """Identity, or what it stands on, did not answer in time."""


Finish = Callable[[UnitOfWork, dict[str, str]], None]


class RecordHandler:
    """Records events, under the identity that they are resolved to.

    While identity does not answer, events are accepted: they wait in a queue, and so does all that
    comes later, until `record_waiting` has recorded them in their order.
    """

    def __init__(self, work: UnitOfWorkRunner, identity: IdentityClient, vault: Vault) -> None:
        self._work = work
        self._identity = identity
        self._vault = vault

    def record(self, raw: Any) -> dict[str, Any]:
        """A receipt for each event of the list `raw`, and one token for them all.

        InvalidInput if the call as a whole is wrong; Unavailable, with nothing written, if the
        database does not answer.
        """
        events = read_events(raw, self._work.clock.now())
        first = recording.first_by_id(events)
        known, must_wait = self._work.read(
            lambda unit: (unit.find(list(first)), store.is_anything_waiting(unit))
        )
        fresh = [event for event in first.values() if event.id not in known]
        outcome = None
        if not (must_wait and fresh):
            with suppress(IdentityUnavailable):
                outcome = self._record(fresh, known)
        if outcome is None:
            outcome = self._accept(raw, events, fresh, known)
        return recording.answer(raw, events, outcome)

    def record_waiting(
        self, events: Sequence[IncomingEvent], refused: dict[str, str], finish: Finish
    ) -> None:
        """Record events that waited; `finish` is called in the same transaction.

        It is given the events, by id, that cannot be recorded and why: `refused` and those that
        identity refuses.
        """
        known = self._work.read(lambda unit: unit.find([event.id for event in events]))
        fresh = [event for event in events if event.id not in known]
        self._record(fresh, known, lambda unit, more: finish(unit, {**refused, **more}))

    def _record(
        self,
        fresh: Sequence[IncomingEvent],
        known: Mapping[str, Event],
        finish: Finish | None = None,
    ) -> RecordOutcome:
        resolved, refused, facts = self._resolve(fresh)
        accepted = [event for event in fresh if event.id in resolved]
        now = self._work.clock.now()
        values = self._vault.new_values(accepted, now)
        for _ in range(_ROUNDS):
            outcome = self._work.run(
                partial(
                    _append,
                    events=accepted,
                    resolved=resolved,
                    refused=refused,
                    facts=facts,
                    known=known,
                    values=values,
                    finish=finish,
                )
            )
            if isinstance(outcome, RecordOutcome):
                self._vault.remember(accepted, now)
                return outcome
            facts = [*self._history(outcome), *facts]
        raise IdentityUnavailable("identity", "moves faster than it tells; try again")

    def _accept(
        self,
        raw: Sequence[Any],
        events: Sequence[Any],
        fresh: Sequence[IncomingEvent],
        known: Mapping[str, Event],
    ) -> RecordOutcome:
        """Let the events wait, those that identity will be able to use."""
        accepted = {event.id: self._vault.accept(event) for event in fresh}
        refused = recording.refusals(accepted)
        bodies: dict[str, Any] = {}
        for event, body in zip(events, raw, strict=True):
            if isinstance(event, IncomingEvent) and event.id in accepted.keys() - refused.keys():
                bodies.setdefault(event.id, body)
        sealed = [
            (event_id, self._vault.seal.close(json.dumps(body), event_id))
            for event_id, body in bodies.items()
        ]
        places = recording.places(known)

        def wait(unit: UnitOfWork) -> Mapping[str, str]:
            store.let_wait(unit, sealed)
            return profiles_of(unit.connection, {place.stream for place in places.values()})

        profiles = self._work.run(wait)
        waiting = {event_id: recording.ignored_of(accepted[event_id]) for event_id in bodies}
        return RecordOutcome(places, {}, refused, profiles, {}, waiting)

    def _resolve(
        self, events: Sequence[IncomingEvent]
    ) -> tuple[dict[str, ResolvedEvent], dict[str, Mapping[str, Any]], list[Event]]:
        if not events:
            return {}, {}, []
        answer = _asked(
            lambda: self._identity.resolve(
                observations=[recording.observation(event) for event in events]
            )
        )
        resolved, refused = recording.read_resolutions(answer["resolutions"])
        return resolved, refused, [Event.from_wire(fact) for fact in answer["facts"]]

    def _history(self, after: Mapping[str, int]) -> list[Event]:
        """Identity's facts past the epochs `after`, of each stream at least the next."""
        asked = [{"stream": stream, "after": epoch} for stream, epoch in sorted(after.items())]
        answer = _asked(lambda: self._identity.history(streams=asked, limit=_HISTORY_PAGE))
        events = [Event.from_wire(wire) for wire in answer["events"]]
        if not events:
            raise IdentityUnavailable("identity", "does not have the facts that it resolved under")
        return events


class IdentityProjection:
    """Brings in the facts of identity's log that no `record` has: splits, merges, leftovers."""

    def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        """Append the facts that are not in our log yet."""
        facts = [event for event in events if event.type == "identity_changed"]
        known = unit.find([fact.id for fact in facts])  # as most came by `record`
        new = [fact for fact in facts if fact.id not in known]
        store.append(unit, recording.fact_drafts(new), [])


def _append(
    unit: UnitOfWork,
    events: Sequence[IncomingEvent],
    resolved: Mapping[str, ResolvedEvent],
    refused: Mapping[str, Mapping[str, Any]],
    facts: Sequence[Event],
    known: Mapping[str, Event],
    values: Sequence[SealedValue],
    finish: Finish | None,
) -> RecordOutcome | dict[str, int]:
    """What was appended; or nothing, and the epochs past which identity must be asked."""
    fact_drafts = recording.fact_drafts(facts)
    used = [resolved[event.id] for event in events]
    epochs = store.epochs(unit, [resolution.stream for resolution in used])
    if missing := recording.unexplained(used, epochs, fact_drafts):
        return missing
    drafts = [recording.draft(event, resolved[event.id]) for event in events]
    told, recorded = store.append(unit, fact_drafts, drafts)
    store.keep_sealed(unit, values)
    if finish is not None:
        finish(unit, {id_: answer["error"]["message"] for id_, answer in refused.items()})
    places = recording.places(known)
    for outcome in recorded:
        event = outcome.event
        places[event.id] = LogPosition(event.stream, event.version, outcome.duplicate)
    moved: dict[str, int] = {}
    for fact in told:
        for stream, version in fact.event.versions.items():
            moved[stream] = max(version, moved.get(stream, 0))
    streams = {place.stream for place in places.values()} | moved.keys()
    profiles = profiles_of(unit.connection, streams)
    return RecordOutcome(places, resolved, refused, profiles, moved)


def _asked(call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The answer of identity; IdentityAway, whatever was Unavailable there."""
    try:
        return call()
    except Unavailable as error:
        raise IdentityUnavailable(error.subject, error.message) from None
