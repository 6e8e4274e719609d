"""What the shop's panel shows: what came to the platform, and what it made of it, as it happens."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_MOST = 300


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A line of the panel: `kind` is event, decision, outcome, reject or segment."""

    number: int
    kind: str
    title: str
    status: str = ""
    lines: tuple[str, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)


class Journal:
    """The newest entries, numbered from 1."""

    def __init__(self) -> None:
        self._entries: deque[JournalEntry] = deque(maxlen=_MOST)
        self._event_ids: set[str] = set()
        self.last = 0

    def add(
        self,
        kind: str,
        title: str,
        status: str = "",
        lines: tuple[str, ...] = (),
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Write an entry."""
        self.last += 1
        self._entries.append(JournalEntry(self.last, kind, title, status, lines, detail or {}))

    def after(self, number: int) -> list[JournalEntry]:
        """The entries after one, the newest first."""
        return [entry for entry in reversed(self._entries) if entry.number > number]

    def note_call(
        self, service: str, method: str, arguments: Mapping[str, Any], response: Any
    ) -> None:
        """Write down what a call has told the platform, or what it was answered."""
        match service, method:
            case "profiles", "record":
                for event, receipt in zip(arguments["events"], response["receipts"], strict=True):
                    self._note_event(event, receipt, arguments.get("origin", "server"))
            case "offers", "decide":
                decided = response["placement"]
                self.add("decision", f"decide {decided}", response["assurance"], detail=response)
            case "offers", "record_outcomes":
                for outcome, receipt in zip(
                    arguments["outcomes"], response["receipts"], strict=True
                ):
                    title = f"{outcome['kind']}: {outcome.get('offer_id') or outcome['slot']}"
                    self.add("outcome", title, receipt["status"])
            case "gateway", "keep_rejects" | "keep_public_rejects":
                for reject in arguments["rejects"]:
                    self.add("reject", "rejected", "rejected", (str(reject["reason"]),))

    def _note_event(
        self, event: Mapping[str, Any], receipt: Mapping[str, Any], origin: str
    ) -> None:
        event_id = str(receipt.get("event_id"))
        if receipt["status"] == "duplicate" and event_id in self._event_ids:
            return  # a page that was left has told it twice, which is no news
        self._event_ids.add(event_id)
        warnings = (f"{each['field']} {each['message']}" for each in receipt.get("warnings", ()))
        errors = (f"{each['field']} {each['message']}" for each in receipt.get("errors", ()))
        kinds = ", ".join(event.get("identifiers", {}))
        proof = "authenticated" if event.get("authenticated") else "not authenticated"
        where = f"version {receipt['version']} of its stream" if "version" in receipt else ""
        lines = (f"from the {origin}, by {kinds or 'nobody'}, {proof}", where, *errors, *warnings)
        self.add(
            "event",
            str(event.get("type")),
            receipt["status"],
            tuple(line for line in lines if line),
            {"data": event.get("data", {}), "event_id": event_id},
        )
