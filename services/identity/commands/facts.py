"""Appending what has changed to the log."""

from __future__ import annotations

from collections.abc import Sequence

from chassis import Event, new_id
from chassis.eventlog.unit_of_work import UnitOfWork
from services.identity.domain.change import IdentityChange
from services.identity.domain.events import identity_changed


def append(unit: UnitOfWork, changes: Sequence[IdentityChange]) -> list[Event]:
    """Append a fact for each change; returns one copy of each, in order."""
    drafts = [identity_changed(change, new_id()) for change in changes]
    facts = [appended.event for appended in unit.append(drafts)]
    check_epochs(facts)
    return facts


def check_epochs(facts: Sequence[Event]) -> None:
    """AssertionError if the log has another version of a stream than its epoch."""
    for fact in facts:
        if any(entry["version"] != entry["epoch"] for entry in fact.data["streams"]):
            raise AssertionError("a stream's version in identity's log is its epoch")
