"""The one write command, from what a shop sends to what is in the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from chassis import Event, Unavailable
from chassis.work import Unit, Work
from contracts.event import IncomingEvent, read_events
from directory import profiles_of
from services.profiles import recording, store
from services.profiles.recording import Outcome, Place, Resolution

_HISTORY_PAGE = 1_000
# One round is the rule. A second one follows a fact that another call has just made in identity and
# not brought here yet; each round brings all that its resolutions were made under.
_ROUNDS = 5


class Identity(Protocol):
    """What profiles asks of identity."""

    def resolve(self, *, observations: list[dict[str, Any]]) -> dict[str, Any]:
        """`{"resolutions": […], "facts": […]}`"""
        ...

    def history(self, *, streams: list[dict[str, Any]], limit: int) -> dict[str, Any]:
        """`{"events": […]}` of identity's log."""
        ...


class Recorder:
    """Records events, under the identity that they are resolved to."""

    def __init__(self, work: Work, identity: Identity) -> None:
        self._work = work
        self._identity = identity

    def record(self, raw: Any) -> dict[str, Any]:
        """A receipt for each event of the list `raw`, and one token for them all.

        InvalidInput if the call as a whole is wrong; Unavailable, with nothing written, if identity
        or the database does not answer.
        """
        events = read_events(raw, self._work.clock.now())
        first = recording.first_by_id(events)
        known = self._work.read(lambda unit: unit.find(list(first)))
        fresh = [event for event in first.values() if event.id not in known]
        resolved, refused, facts = self._resolve(fresh)
        accepted = [event for event in fresh if event.id in resolved]
        for _ in range(_ROUNDS):
            outcome = self._work.run(
                partial(
                    _append,
                    events=accepted,
                    resolved=resolved,
                    refused=refused,
                    facts=facts,
                    known=known,
                )
            )
            if isinstance(outcome, Outcome):
                return recording.answer(raw, events, outcome)
            facts = [*self._history(outcome), *facts]
        raise Unavailable("identity", "moves faster than it tells; try again")

    def _resolve(
        self, events: Sequence[IncomingEvent]
    ) -> tuple[dict[str, Resolution], dict[str, Mapping[str, Any]], list[Event]]:
        if not events:
            return {}, {}, []
        answer = self._identity.resolve(
            observations=[recording.observation(event) for event in events]
        )
        resolved, refused = recording.read_resolutions(answer["resolutions"])
        return resolved, refused, [Event.from_wire(fact) for fact in answer["facts"]]

    def _history(self, after: Mapping[str, int]) -> list[Event]:
        """Identity's facts past the epochs `after`, of each stream at least the next."""
        asked = [{"stream": stream, "after": epoch} for stream, epoch in sorted(after.items())]
        answer = self._identity.history(streams=asked, limit=_HISTORY_PAGE)
        events = [Event.from_wire(wire) for wire in answer["events"]]
        if not events:
            raise Unavailable("identity", "does not have the facts that it resolved under")
        return events


class IdentityFacts:
    """Brings in the facts of identity's log that no `record` has: splits, merges, leftovers."""

    def apply(self, unit: Unit, events: Sequence[Event]) -> None:
        """Append the facts that are not in our log yet."""
        facts = [event for event in events if event.type == "identity_changed"]
        known = unit.find([fact.id for fact in facts])  # as most came by `record`
        new = [fact for fact in facts if fact.id not in known]
        store.append(unit, recording.fact_drafts(new), [])


def _append(
    unit: Unit,
    events: Sequence[IncomingEvent],
    resolved: Mapping[str, Resolution],
    refused: Mapping[str, Mapping[str, Any]],
    facts: Sequence[Event],
    known: Mapping[str, Event],
) -> Outcome | dict[str, int]:
    """What was appended; or nothing, and the epochs past which identity must be asked."""
    fact_drafts = recording.fact_drafts(facts)
    used = [resolved[event.id] for event in events]
    epochs = store.epochs(unit, [resolution.stream for resolution in used])
    if missing := recording.unexplained(used, epochs, fact_drafts):
        return missing
    drafts = [recording.draft(event, resolved[event.id]) for event in events]
    told, recorded = store.append(unit, fact_drafts, drafts)
    places = {event.id: Place(event.stream, event.version, True) for event in known.values()}
    for outcome in recorded:
        event = outcome.event
        places[event.id] = Place(event.stream, event.version, outcome.duplicate)
    moved: dict[str, int] = {}
    for fact in told:
        for stream, version in fact.event.versions.items():
            moved[stream] = max(version, moved.get(stream, 0))
    streams = {place.stream for place in places.values()} | moved.keys()
    profiles = profiles_of(unit.connection, streams)
    return Outcome(places, resolved, refused, profiles, moved)
