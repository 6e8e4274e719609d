"""Facts: a change, as identity's log tells it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chassis import Event, JointDraft, new_id
from chassis.eventlog.unit_of_work import UnitOfWork
from services.identity.domain.change import IdentityChange
from services.identity.domain.state import Tenure


def tell(unit: UnitOfWork, changes: Sequence[IdentityChange]) -> list[Event]:
    """Append a fact for each change; returns one copy of each, in order."""
    facts = [appended.event for appended in unit.append([_fact(change) for change in changes])]
    for fact in facts:
        if any(entry["version"] != entry["epoch"] for entry in fact.data["streams"]):
            raise AssertionError("a stream's version in identity's log is its epoch")
    return facts


def _fact(change: IdentityChange) -> JointDraft:
    return JointDraft(
        id=new_id(),
        type="identity_changed",
        entries={tenure.stream: _entry(tenure) for tenure in change.moved},
        data={"reason": change.reason} | ({"note": change.note} if change.note else {}),
        occurred_at=change.occurred_at,
        metadata={"causation_id": change.event_id} if change.event_id else {},
    )


def _entry(tenure: Tenure) -> dict[str, Any]:
    """What a fact says of a stream; it names the identifiers that lead there today."""
    identifier = {
        "key": tenure.key,
        "type": tenure.type,
        "tenure": tenure.number,
        "assurance": tenure.assurance,
    }
    return {
        "profile_id": tenure.profile,
        "epoch": tenure.epoch,
        "identifiers": [identifier] if tenure.current else [],
    }
