"""The panel's contents: who a visit is taken for, the last decision and why, what has come."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from cdp.shop.calls import ShopCalls
from cdp.shop.journal import Journal, JournalEntry
from cdp.shop.visits import Visit
from chassis.core.errors import ServiceError
from rules.language.units import show_money

_SHORT = 8
_ASSURANCES = {
    "verified": "The shop has proved who is signed in.",
    "device": "This browser is known; nobody has signed in on it now.",
    "claimed": "A name or an address that nothing proves: it leads to nobody.",
}
_REFUSED = "Consent was refused: no cookie, no event, and offers by the cart alone."
_UNANSWERED = "The banner is not answered: nothing is stored or sent."
_LONGEST_DATA = 1_500
_FRESH_SECONDS = 1.5


class Panel:
    """Asks the services what they know of a visit."""

    def __init__(self, calls: ShopCalls, journal: Journal) -> None:
        self._calls = calls
        self._journal = journal
        self._meanings: dict[str, str] = {}
        self._known: dict[str, tuple[Any, float, dict[str, Any]]] = {}

    def state(
        self, visit: Visit, after: int, identifiers: Mapping[str, str], consent: str | None
    ) -> dict[str, Any]:
        """What is to be seen, with the entries of this visit after a number."""
        known = self._what_is_known(visit, identifiers, consent)
        entries = self._journal.after(max(after, visit.since))
        return {**known, "entries": [_entry(each) for each in entries]}

    def _what_is_known(
        self, visit: Visit, identifiers: Mapping[str, str], consent: str | None
    ) -> dict[str, Any]:
        """Asked anew after something has happened, and now and then: time goes on, too."""
        of = (self._journal.last, consent, dict(identifiers))
        before, at, known = self._known.get(visit.visit_id, (None, 0.0, {}))
        if of == before and time.monotonic() - at < _FRESH_SECONDS:
            return known
        try:
            who = self._who(visit, identifiers, consent)
        except ServiceError:
            who = {"title": "…", "how": "The services do not answer.", "facts": [], "segments": []}
        known = {"who": who, "decision": self._decision(visit)}
        self._known[visit.visit_id] = of, time.monotonic(), known
        return known

    def _who(
        self, visit: Visit, identifiers: Mapping[str, str], consent: str | None
    ) -> dict[str, Any]:
        if consent != "yes":
            how = _REFUSED if consent == "no" else _UNANSWERED
            return {"title": "Nobody", "how": how, "facts": [], "segments": []}
        found = self._calls.call(
            "identity",
            "lookup",
            identifiers=dict(identifiers),
            authenticated="user_id" in identifiers,
        )
        profile_id = found["profile_id"]
        if profile_id is None:
            how = "No event of this browser has come yet."
            return {"title": "Nobody yet", "how": how, "facts": [], "segments": []}
        try:
            profile = self._calls.call("profiles", "get", profile_id=profile_id)
            members = self._calls.call("segments", "memberships", profile_id=profile_id)
        except ServiceError:
            profile, members = {}, {"segments": []}  # its first event is on its way
        names = [each["segment"] for each in members["segments"]]
        self._note_segments(visit, frozenset(names))
        title = profile.get("traits", {}).get("first_name") or "Shopper"
        return {
            "title": f"{title} {profile_id[:_SHORT]}",
            "how": _ASSURANCES.get(found["assurance"], ""),
            "facts": _facts(profile),
            "segments": [{"name": name, "means": self._meaning(name)} for name in names],
        }

    def _note_segments(self, visit: Visit, names: frozenset[str]) -> None:
        before = visit.segments
        visit.segments = names
        if before is None:
            return
        for name in sorted(names - before):
            self._journal.add("segment", name, "entered", (self._meaning(name),))
        for name in sorted(before - names):
            self._journal.add("segment", name, "left", (self._meaning(name),))

    def _meaning(self, segment: str) -> str:
        if not self._meanings:
            listed = self._calls.call("segments", "list")
            self._meanings = {each["segment"]: each["description"] for each in listed}
        return self._meanings.get(segment, "")

    def _decision(self, visit: Visit) -> dict[str, Any] | None:
        entries = self._journal.after(visit.since)
        decided = next((each.detail for each in entries if each.kind == "decision"), None)
        if decided is None:
            return None
        trace = self._trace(decided["decision_id"])
        notes = [*decided["reasons"], *decided["degraded"]]
        codes = [note for note in notes if not note.startswith("fallback:")]
        how = f"{decided['placement']}, as {decided['assurance']}"
        return {
            "how": " · ".join([how, *codes]),
            "blocks": [
                _block(slot, block, trace.get(slot, ()))
                for slot, blocks in decided["slots"].items()
                for block in blocks
            ],
        }

    def _trace(self, decision_id: str) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        try:
            explained = self._calls.call("offers", "explain", decision_id=decision_id)
        except ServiceError:
            return {}  # a decision of fallback blocks is not logged
        trace: Mapping[str, Sequence[Mapping[str, Any]]] = explained.get("trace", {})
        return trace


def _facts(profile: Mapping[str, Any]) -> list[str]:
    orders, loyalty = profile.get("orders", {}), profile.get("loyalty", {})
    facts = [f"{profile.get('events', 0)} events", f"{orders.get('count', 0)} orders"]
    facts += [show_money(amount, code) for code, amount in orders.get("revenue", {}).items()]
    if loyalty.get("enrolled"):
        facts.append(f"{loyalty['tier'] or 'member'}, {loyalty['points']:,} points")
    return facts


def _block(
    slot: str, block: Mapping[str, Any], considered: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    offer = block["offer_id"]
    why = [line for each in considered if each["offer_id"] == offer for line in each["why"]]
    return {
        "slot": slot,
        "title": str(block["content"].get("title", "")),
        "offer": f"{offer} v{block['offer_version']}, {block['variant']}" if offer else "",
        "why": why,
    }


def _entry(entry: JournalEntry) -> dict[str, Any]:
    data = entry.detail.get("data") if entry.kind == "event" else None
    text = json.dumps(data, indent=1, ensure_ascii=False)[:_LONGEST_DATA] if data else ""
    return {
        "number": entry.number,
        "kind": entry.kind,
        "title": entry.title.replace("_", " "),
        "status": entry.status,
        "lines": list(entry.lines),
        "data": text,
    }
