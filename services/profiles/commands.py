"""The one write command, from what a shop sends to what is in the log; and keeping summaries."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

from chassis import Event, Unavailable
from chassis.config.settings import Settings
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from contracts.ingest import IncomingEvent, read_events
from identifiers import list_ignored, load_types
from profile_index import profiles_of
from services.profiles import store
from services.profiles.domain import receipts, recording
from services.profiles.domain.receipts import LogPosition, RecordOutcome
from services.profiles.domain.recording import MissingFacts, ResolvedBatch
from services.profiles.store import CurrentSummary
from services.profiles.vault import SealedValue, Vault, open_vault

_HISTORY_PAGE = 1_000
# One round is the rule. A second one fetches a fact that another call has just made in identity and
# not appended here yet; each round brings all that its resolutions were made under.
_ROUNDS = 5
_PATIENCE = 5.0  # seconds in all: each round may wait for locks, and for identity
# A summary is stored again once this many events have come after the one in the table.
_TAIL = 20


class IdentityClient(Protocol):
    """The calls of identity that profiles makes."""

    def resolve(self, *, observations: list[dict[str, Any]]) -> dict[str, Any]:
        """`{"resolutions": […], "facts": […]}`"""
        ...

    def history(self, *, streams: list[dict[str, Any]], limit: int) -> dict[str, Any]:
        """`{"events": […]}` of identity's log."""
        ...


class IdentityUnavailable(Unavailable):
    """Identity, or something that it depends on, did not answer in time."""


# Called in the transaction that records deferred events, with the ids of those that cannot be
# recorded and the reason.
Finish = Callable[[UnitOfWork, dict[str, str]], None]


def open_record_handler(settings: Settings) -> RecordHandler:
    """The handler of one process."""
    return RecordHandler(open_vault(load_types(settings.config_dir), settings.identifier_key))


class RecordHandler:
    """Records events, under the identity that they are resolved to.

    While identity does not answer, events are accepted and deferred, and so are all later ones,
    until `record_deferred` has recorded them in their order.
    """

    def __init__(self, vault: Vault) -> None:
        self.vault = vault

    def record(self, raw: Any, identity: IdentityClient, work: UnitOfWorkRunner) -> dict[str, Any]:
        """A receipt for each event of the list `raw`, and one token for them all.

        InvalidInput if the call as a whole is wrong; Unavailable, with nothing written, if the
        database does not answer.
        """
        events = read_events(raw, work.clock.now())
        first = recording.first_by_id(events.valid.values())
        stored, must_defer = work.read(
            lambda unit: (unit.find(list(first)), store.has_deferred_events(unit))
        )
        new = [event for event in first.values() if event.id not in stored]
        outcome = None
        if not (must_defer and new):
            with suppress(IdentityUnavailable):
                outcome = self._record(new, stored, identity, work)
        if outcome is None:
            bodies: dict[str, Any] = {}
            for index, event in events.valid.items():
                bodies.setdefault(event.id, raw[index])
            outcome = self._defer(new, bodies, stored, work)
        return receipts.record_response(raw, events, outcome)

    def record_deferred(
        self,
        events: Sequence[IncomingEvent],
        finish: Finish,
        identity: IdentityClient,
        work: UnitOfWorkRunner,
    ) -> None:
        """Record events that were deferred, and call `finish` in the same transaction."""
        stored = work.read(lambda unit: unit.find([event.id for event in events]))
        new = [event for event in events if event.id not in stored]
        self._record(new, stored, identity, work, finish)

    def _record(
        self,
        new: Sequence[IncomingEvent],
        stored: Mapping[str, Event],
        identity: IdentityClient,
        work: UnitOfWorkRunner,
        finish: Finish | None = None,
    ) -> RecordOutcome:
        batch = resolve(new, identity)
        events = [event for event in new if event.id in batch.resolutions]
        now = work.clock.now()
        values = self.vault.new_values(events, now)
        facts = list(batch.facts)
        end = time.monotonic() + _PATIENCE
        for _ in range(_ROUNDS):
            try:
                outcome = work.run(partial(_append, batch, events, facts, stored, values, finish))
            except MissingFacts as missing:
                if time.monotonic() > end:
                    break
                facts = [*_fetch_facts(missing.epochs, identity), *facts]
            else:
                self.vault.remember(events, now)
                return outcome
        raise IdentityUnavailable("identity", "keeps moving these streams; try again")

    def _defer(
        self,
        new: Sequence[IncomingEvent],
        bodies: Mapping[str, Any],
        stored: Mapping[str, Event],
        work: UnitOfWorkRunner,
    ) -> RecordOutcome:
        """Defer the events that identity will be able to use; `bodies` are the events as sent."""
        accepted = {event.id: self.vault.accept(event) for event in new}
        refusals = receipts.expected_refusals(accepted)
        deferred = {
            event_id: list_ignored(identifiers.ignored)
            for event_id, identifiers in accepted.items()
            if event_id not in refusals
        }
        sealed = [
            (event_id, self.vault.seal.close(json.dumps(bodies[event_id]), event_id))
            for event_id in deferred
        ]
        positions = receipts.duplicate_positions(stored)

        def defer(unit: UnitOfWork) -> Mapping[str, str]:
            store.defer(unit, sealed)
            streams = {position.stream for position in positions.values()}
            return profiles_of(unit, streams)

        profiles = work.run(defer)
        return RecordOutcome(positions, {}, refusals, profiles, {}, deferred)


def resolve(events: Sequence[IncomingEvent], identity: IdentityClient) -> ResolvedBatch:
    """What identity says of the events, in one call."""
    if not events:
        return ResolvedBatch({}, {}, [])
    observations = [recording.observation(event) for event in events]
    response = _call(lambda: identity.resolve(observations=observations))
    resolutions, refusals = recording.read_resolutions(response["resolutions"])
    return ResolvedBatch(
        resolutions, refusals, [Event.from_wire(fact) for fact in response["facts"]]
    )


def refresh_summaries(unit: UnitOfWork, summaries: Mapping[str, CurrentSummary]) -> None:
    """Store the summaries of streams that have grown by many events since the stored ones."""
    store.save_summaries(
        unit,
        {
            stream: current
            for stream, current in summaries.items()
            if current.version - current.stored_version >= _TAIL
        },
    )


def _append(
    batch: ResolvedBatch,
    events: Sequence[IncomingEvent],
    facts: Sequence[Event],
    stored: Mapping[str, Event],
    values: Sequence[SealedValue],
    finish: Finish | None,
    unit: UnitOfWork,
) -> RecordOutcome:
    """Append the facts and then the events; MissingFacts if identity has later ones."""
    fact_drafts = recording.fact_drafts(facts)
    resolutions = [batch.resolutions[event.id] for event in events]
    epochs = store.epochs(unit, [resolution.stream for resolution in resolutions])
    if missing := recording.missing_epochs(resolutions, epochs, fact_drafts):
        raise MissingFacts(missing)
    drafts = [recording.draft(event, batch.resolutions[event.id]) for event in events]
    appended_facts, appended = store.append(unit, fact_drafts, drafts)
    store.keep_sealed(unit, values)
    if finish is not None:
        reasons = {id_: refusal["error"]["message"] for id_, refusal in batch.refusals.items()}
        finish(unit, reasons)
    positions = receipts.duplicate_positions(stored)
    for result in appended:
        event = result.event
        positions[event.id] = LogPosition(event.stream, event.version, result.duplicate)
    fact_versions: dict[str, int] = {}
    for fact in appended_facts:
        for stream, version in fact.event.versions.items():
            fact_versions[stream] = max(version, fact_versions.get(stream, 0))
    streams = {position.stream for position in positions.values()} | fact_versions.keys()
    profiles = profiles_of(unit, streams)
    return RecordOutcome(positions, batch.resolutions, batch.refusals, profiles, fact_versions)


def _fetch_facts(epochs: Mapping[str, int], identity: IdentityClient) -> list[Event]:
    """Identity's facts past the `epochs` of streams, of each stream at least the next one."""
    streams = [{"stream": stream, "after": epoch} for stream, epoch in sorted(epochs.items())]
    response = _call(lambda: identity.history(streams=streams, limit=_HISTORY_PAGE))
    events = [Event.from_wire(wire) for wire in response["events"]]
    if not events:
        raise IdentityUnavailable("identity", "does not have the facts that it resolved under")
    return events


def _call(function: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The response of identity; IdentityUnavailable for whatever was Unavailable there."""
    try:
        return function()
    except Unavailable as error:
        raise IdentityUnavailable(error.subject, error.message) from None
