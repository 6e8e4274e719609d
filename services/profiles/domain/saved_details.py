"""Addresses and payment methods that accounts keep for their checkouts, pure.

The details of a stream are plain JSON: `{kind: {reference: statement}}`. A statement is `[µs, µs of
arrival, place of arrival, event id, content]`, its content null once the detail was removed. Of a
detail the greatest statement is kept, of a kind the greatest 50: so the order in which events are
folded makes no difference, nor does the grouping of streams.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from chassis import Event, format_instant
from chassis.core.json import dump_json
from contracts.checkout_profile import MAX_SHOWN
from contracts.event_types import SAVED_DETAILS
from contracts.saved_details import detail_in

MOST_KEPT = 50
ADDRESSES, PAYMENT_METHODS = "addresses", "payment_methods"
_KINDS: Mapping[str, str] = {
    "address_saved": ADDRESSES,
    "address_removed": ADDRESSES,
    "payment_method_saved": PAYMENT_METHODS,
    "payment_method_removed": PAYMENT_METHODS,
}
_REFERENCES: Mapping[str, tuple[str, ...]] = {
    ADDRESSES: ("address_id",),
    PAYMENT_METHODS: ("provider", "token"),
}
_SAVED = frozenset({"address_saved", "payment_method_saved"})
_CONTENT = 4

Statement = list[Any]
Details = dict[str, dict[str, Statement]]


def tells_details(event: Event) -> bool:
    """Whether an event saves or removes a detail of an account that was signed in."""
    metadata = event.metadata
    return (
        event.type in SAVED_DETAILS
        and metadata.get("assurance") == "verified"
        and metadata.get("authenticated") is True
    )


def with_event(details: Details, event: Event) -> Details:
    """The details of a stream with what another event of it tells, if that can be read."""
    detail = detail_in(event.type, event.data)
    if detail is None:
        return details
    kind = _KINDS[event.type]
    reference = dump_json([detail[name] for name in _REFERENCES[kind]])
    content = detail if event.type in _SAVED else None
    statement = [event.occurred_at, *event.arrival, event.id, content]
    return combined([details, {kind: {reference: statement}}])


def combined(parts: Iterable[Details]) -> Details:
    """The details of several streams together."""
    together: Details = {}
    for part in parts:
        for kind, statements in part.items():
            kept = together.setdefault(kind, {})
            for reference, statement in statements.items():
                before = kept.get(reference)
                if before is None or before[:_CONTENT] < statement[:_CONTENT]:
                    kept[reference] = statement
    return {kind: dict(_newest(kept, MOST_KEPT)) for kind, kept in together.items()}


def saved(details: Details) -> dict[str, Any]:
    """The response of `profiles.checkout_profile`."""
    return {kind: _shown(details.get(kind, {})) for kind in (ADDRESSES, PAYMENT_METHODS)}


def _shown(statements: Mapping[str, Statement]) -> list[dict[str, Any]]:
    """Those that are kept, the newest first; of several defaults the newest is one."""
    kept = {name: each for name, each in statements.items() if each[_CONTENT] is not None}
    entries = []
    has_default = False
    for _, (time, *_, content) in _newest(kept, MAX_SHOWN):
        is_default = content.get("default", False) and not has_default
        has_default = has_default or is_default
        entries.append({**content, "default": is_default, "saved_at": format_instant(time)})
    return entries


def _newest(statements: Mapping[str, Statement], most: int) -> list[tuple[str, Statement]]:
    ranked = sorted(statements.items(), key=_rank, reverse=True)
    return ranked[:most]


def _rank(entry: tuple[str, Statement]) -> list[Any]:
    return entry[1][:_CONTENT]
