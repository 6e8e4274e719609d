"""What happened to a profile, page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chassis import Event, NotFound
from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index import current_streams
from rules import combine
from services.profiles import store
from services.profiles.domain import timeline
from services.profiles.domain.timeline import TimelinePlace
from services.profiles.queries.reading import Reading, plain_values
from services.profiles.store import CurrentSummary
from services.profiles.vault import Vault

_TIMELINE_ROUNDS = 20
_LEAST_READ = 50


def read_timeline(
    unit: UnitOfWork, profile_id: str, request: Mapping[str, Any], vault: Vault | None = None
) -> Reading:
    """A page of what happened to the profile that `profile_id` stands for today.

    With a `vault`, plain values are shown.
    """
    current = current_streams(unit, profile_id)
    if current is None:
        raise NotFound("profile_id", "is not a profile that we know")
    current_id, streams = current
    events, cursor = _timeline_page(unit, streams, request)
    summaries: Mapping[str, CurrentSummary] = {}
    orders = order_count = None
    if "before" not in request:
        summaries = store.current_summaries(unit, streams)
        whole = combine(current.summary for current in summaries.values())
        orders, order_count = timeline.order_list(whole)
    response = {
        "profile_id": current_id,
        "requested": request.get("profile_id"),
        "entries": _timeline_entries(unit, events, vault),
        "next": cursor,
        "orders": orders,
        "order_count": order_count,
    }
    return Reading(response, summaries)


def _timeline_page(
    unit: UnitOfWork, streams: Sequence[str], request: Mapping[str, Any]
) -> tuple[list[Event], str | None]:
    """The events of a page, a copy of each joint fact, and where the next page begins.

    Copies are passed over by a few rounds at most: a page may have fewer than it could.
    """
    before = TimelinePlace.read(request["before"]) if "before" in request else None
    limit: int = request["limit"]
    size = max(limit, _LEAST_READ)
    events: list[Event] = []
    for _ in range(_TIMELINE_ROUNDS):
        places = store.timeline_places(unit, streams, request.get("types"), before, size + 1)
        found = {
            TimelinePlace.of(event): event
            for event in unit.events_at((each.stream, each.version) for each in places[:size])
        }
        for place in places[:size]:
            if len(events) == limit:
                return events, before.cursor if before else None
            before = place
            if timeline.is_told_here(found[place], streams):
                events.append(found[place])
        if len(places) <= size:
            return events, None
    return events, before.cursor if before else None


def _timeline_entries(
    unit: UnitOfWork, events: Sequence[Event], vault: Vault | None
) -> list[dict[str, Any]]:
    firsts = unit.events_at({(event.stream, 1) for event in events})
    foundings = {event.stream: event for event in firsts}
    causes = {str(event.metadata.get("causation_id", "")) for event in events} - {""}
    types = {event.id: event.type for event in unit.find(sorted(causes)).values()}
    values = None
    if vault is not None:
        values = plain_values(unit, timeline.keys_of(events, foundings), vault)
    return [timeline.entry(event, foundings.get(event.stream), types, values) for event in events]
