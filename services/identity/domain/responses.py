"""Answers of identity, as plain JSON: see `contracts.identity.calls`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from chassis import Event, format_instant
from identifiers import Ignored
from services.identity.domain.resolution import Resolution, ResolutionResult, Unresolvable
from services.identity.domain.state import BEGINNING, Tenure

_ERROR = {
    "field": "identifiers",
    "message": "has none that can be used; ignored_identifiers says why",
}


def resolution(answer: ResolutionResult) -> dict[str, Any]:
    """One of the resolutions of `resolve`."""
    told: dict[str, Any] = {
        "event_id": answer.event_id,
        "ignored_identifiers": ignored_identifiers(answer.ignored),
    }
    if isinstance(answer, Unresolvable):
        return {**told, "error": dict(_ERROR)}
    return {
        **told,
        "stream_id": answer.stream,
        "profile_id": answer.profile,
        "epoch": answer.epoch,
        "assurance": answer.assurance,
    }


def found(
    answer: Resolution | None, is_claimed: bool, ignored: Sequence[Ignored]
) -> dict[str, Any]:
    """The answer of `lookup`; `is_claimed` says that the identifiers claim an account."""
    return {
        "profile_id": answer.profile if answer else None,
        "stream_id": answer.stream if answer else None,
        "assurance": answer.assurance if answer else "claimed" if is_claimed else None,
        "ignored_identifiers": ignored_identifiers(answer.ignored if answer else ignored),
    }


def description(
    profile_id: str,
    requested: str,
    tenures: Iterable[Tenure],
    related: Sequence[Tenure],
    merged: Sequence[str],
) -> dict[str, Any]:
    """The answer of `describe`; `related` are all tenures of the keys."""
    return {
        "profile_id": profile_id,
        "requested": requested,
        "streams": [_stream(tenure, related) for tenure in tenures],
        "merged_profiles": list(merged),
    }


def history(
    profile_id: str, requested: str, told: Iterable[Event], streams: Collection[str]
) -> dict[str, Any]:
    """The answer of `explain`, of all copies of facts that concern `streams`."""
    facts: dict[str, Event] = {}
    labels: dict[tuple[str, int], str] = {}
    keys: dict[str, list[dict[str, Any]]] = {}
    for event in told:
        for entry in event.data["streams"]:
            labels[entry["stream"], entry["epoch"]] = entry["profile_id"]
            keys[entry["stream"]] = entry["identifiers"] or keys.get(entry["stream"], [])
        if event.stream in streams:
            facts.setdefault(event.data["fact_id"], event)
    order = sorted(facts.values(), key=lambda fact: (fact.recorded_at, fact.data["fact_id"]))
    return {
        "profile_id": profile_id,
        "requested": requested,
        "happened": [_happening(fact, labels, keys) for fact in order],
    }


def ignored_identifiers(ignored: Iterable[Ignored]) -> list[dict[str, str]]:
    """The identifiers that were not used, with the reason."""
    return [{"type": unused.type, "reason": unused.reason} for unused in ignored]


def _stream(tenure: Tenure, related: Iterable[Tenure]) -> dict[str, Any]:
    later = [t.opened_at for t in related if t.key == tenure.key and t.opened_at > tenure.opened_at]
    began = tenure.opened_at
    return {
        "stream": tenure.stream,
        "epoch": tenure.epoch,
        "identifiers": [
            {
                "key": tenure.key,
                "type": tenure.type,
                "tenure": tenure.number,
                "assurance": tenure.assurance,
            }
        ],
        "opened_at": None if began == BEGINNING else format_instant(began),
        "closed_at": format_instant(min(later)) if later else None,
    }


def _happening(
    fact: Event,
    labels: Mapping[tuple[str, int], str],
    keys: Mapping[str, list[dict[str, Any]]],
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
                "identifiers": entry["identifiers"] or keys[entry["stream"]],
            }
            for entry in fact.data["streams"]
        ],
    }
