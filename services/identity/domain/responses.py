"""The responses of identity's calls, as plain JSON: see `contracts.identity`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis import Event, format_instant
from identifiers import NONE_USABLE, Assurance, Ignored, list_ignored
from services.identity.domain.resolution import Resolution, ResolutionResult, Unresolvable
from services.identity.domain.state import BEGINNING, Period, Sighting, Stream, Tenure


@dataclass(frozen=True, slots=True)
class RepairResult:
    """The streams of each profile involved, as they were and as they are or would be.

    `keys` has the key of each stream; `fact` is None for a dry run.
    """

    before: Mapping[str, Collection[str]]
    after: Mapping[str, Collection[str]]
    keys: Mapping[str, str]
    fact: Event | None


@dataclass(frozen=True, slots=True)
class RedrawResult:
    """The profiles that one step of a redraw has changed, of so many that it has `checked`.

    The next one begins past `after`; None: it was the last.
    """

    checked: int
    profiles: Sequence[RepairResult]
    after: str | None


def resolution(result: ResolutionResult) -> dict[str, Any]:
    """One of the resolutions of `resolve`."""
    response: dict[str, Any] = {
        "event_id": result.event_id,
        "ignored_identifiers": list_ignored(result.ignored),
    }
    if isinstance(result, Unresolvable):
        return {**response, "error": dict(NONE_USABLE)}
    resolved = {
        **response,
        "stream_id": result.stream,
        "profile_id": result.profile,
        "epoch": result.epoch,
        "assurance": result.assurance,
    }
    if result.came_from is not None:
        resolved["came_from"] = {
            "stream_id": result.came_from.stream,
            "profile_id": result.came_from.profile,
            "epoch": result.came_from.epoch,
        }
    return resolved


def lookup(result: Resolution | None, claims: bool, ignored: Sequence[Ignored]) -> dict[str, Any]:
    """The response of `lookup`; `claims`: there are identifiers that nobody has proven.

    Whoever is not found is answered alike, whether an address or a name is known or not.
    """
    return {
        "profile_id": result.profile if result else None,
        "stream_id": result.stream if result else None,
        "assurance": result.assurance if result else "claimed" if claims else None,
        "ignored_identifiers": list_ignored(result.ignored if result else ignored),
    }


def describe(
    profile_id: str,
    requested: str,
    streams: Iterable[Stream],
    proven: Collection[tuple[str, int]],
    periods: Sequence[Period],
    merged_profiles: Sequence[str],
) -> dict[str, Any]:
    """The response of `describe`.

    `proven` has the addresses that the profile has proven, with their tenures, and `periods` those
    of all its devices.
    """
    return {
        "profile_id": profile_id,
        "requested": requested,
        "streams": [_stream(stream, proven, periods) for stream in streams],
        "merged_profiles": list(merged_profiles),
    }


def explain(
    profile_id: str, requested: str, events: Iterable[Event], streams: Collection[Stream]
) -> dict[str, Any]:
    """The response of `explain`, from all copies of the facts that concern `streams`.

    Facts name no address; which one a stream is of is known from the stream itself.
    """
    facts: dict[str, Event] = {}
    labels: dict[tuple[str, int], str] = {}
    identifiers = {
        stream.stream: [_identifier(stream, stream.assurance)]
        for stream in streams
        if isinstance(stream, Sighting)
    }
    own = {stream.stream for stream in streams}
    for event in events:
        for entry in event.data["streams"]:
            stream = entry["stream"]
            labels[stream, entry["epoch"]] = entry["profile_id"]
            identifiers[stream] = entry["identifiers"] or identifiers.get(stream, [])
        if event.stream in own:
            facts.setdefault(event.data["fact_id"], event)
    order = sorted(facts.values(), key=lambda fact: (fact.recorded_at, fact.data["fact_id"]))
    return {
        "profile_id": profile_id,
        "requested": requested,
        "happened": [_fact(fact, labels, identifiers) for fact in order],
    }


def repair(result: RepairResult) -> dict[str, Any]:
    """The response of `split` and `merge`."""
    return {
        "dry_run": result.fact is None,
        "fact_id": result.fact.data["fact_id"] if result.fact else None,
        "before": _profiles(result.before, result.keys),
        "after": _profiles(result.after, result.keys),
    }


def redraw(result: RedrawResult) -> dict[str, Any]:
    """The response of `redraw`."""
    return {
        "checked": result.checked,
        "profiles": [repair(profile) for profile in result.profiles],
        "after": result.after,
    }


def review(
    entries: Iterable[Mapping[str, Any]], current_profiles: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The response of `review`; `current_profiles` has what profile ids stand for today."""
    return [
        {
            **{name: entry[name] for name in ("id", "kind", "about", "reason", "event_id")},
            "subject": current_profiles.get(entry["subject"], entry["subject"]),
            "first_at": format_instant(entry["first_at"]),
            "last_at": format_instant(entry["last_at"]),
            **_done(entry),
        }
        for entry in entries
    ]


def _done(entry: Mapping[str, Any]) -> dict[str, Any]:
    if entry["done_at"] is None:
        return {}
    return {"done_at": format_instant(entry["done_at"]), "done_by": entry["done_by"]}


def _stream(
    stream: Stream, proven: Collection[tuple[str, int]], periods: Sequence[Period]
) -> dict[str, Any]:
    is_proven = (stream.key, stream.number) in proven
    opened_at, closed_at = BEGINNING, None
    if isinstance(stream, Tenure) and stream.assurance == "device":
        own = [p.opened_at for p in periods if p.stream == stream.stream] or [stream.opened_at]
        opened_at = min(own)
        later = [p.opened_at for p in periods if p.key == stream.key and p.opened_at > max(own)]
        closed_at = min(later, default=None)
    return {
        "stream": stream.stream,
        "epoch": stream.epoch,
        "identifiers": [_identifier(stream, "verified" if is_proven else stream.assurance)],
        "opened_at": None if opened_at == BEGINNING else format_instant(opened_at),
        "closed_at": None if closed_at is None else format_instant(closed_at),
    }


def _identifier(stream: Stream, assurance: Assurance) -> dict[str, Any]:
    return {
        "key": stream.key,
        "type": stream.type,
        "tenure": max(stream.number, 1),
        "assurance": assurance,
    }


def _fact(
    fact: Event,
    labels: Mapping[tuple[str, int], str],
    identifiers: Mapping[str, list[dict[str, Any]]],
) -> dict[str, Any]:
    return {
        "fact_id": fact.data["fact_id"],
        "at": format_instant(fact.occurred_at),
        "reason": fact.data["reason"],
        "note": fact.data.get("note"),
        "event_id": fact.metadata.get("causation_id"),
        "moves": [
            {
                "stream": entry["stream"],
                "profile_id": entry["profile_id"],
                "came_from": labels.get((entry["stream"], entry["epoch"] - 1)),
                "identifiers": entry["identifiers"] or identifiers.get(entry["stream"], []),
            }
            for entry in fact.data["streams"]
        ],
    }


def _profiles(
    profiles: Mapping[str, Collection[str]], keys: Mapping[str, str]
) -> list[dict[str, Any]]:
    return [
        {
            "profile_id": profile,
            "streams": sorted(streams),
            "identifiers": [
                {"type": key.partition(":")[0], "key": key}
                for key in sorted({keys[stream] for stream in streams})
            ],
        }
        for profile, streams in profiles.items()
    ]
