"""The events of identity's log: what a change is recorded as."""

from __future__ import annotations

from typing import Any

from chassis import JointDraft
from services.identity.domain.change import IdentityChange
from services.identity.domain.restoring import LostFact
from services.identity.domain.state import Stream, Tenure


def identity_changed(change: IdentityChange, fact_id: str) -> JointDraft:
    """The draft of a change: one fact in the streams of all that have moved."""
    return JointDraft(
        id=fact_id,
        type="identity_changed",
        entries={stream.stream: _entry(stream) for stream in change.streams},
        data={"reason": change.reason} | ({"note": change.note} if change.note else {}),
        occurred_at=change.occurred_at,
        metadata={"causation_id": change.event_id} if change.event_id else {},
    )


def lost_fact(fact: LostFact) -> JointDraft:
    """The draft of a fact that was recorded before, and lost: the same, under the same id."""
    return JointDraft(
        id=fact.id,
        type="identity_changed",
        entries=fact.entries,
        data={"reason": fact.reason} | ({"note": fact.note} if fact.note else {}),
        occurred_at=fact.occurred_at,
        metadata={"causation_id": fact.causation_id} if fact.causation_id else {},
    )


def _entry(stream: Stream) -> dict[str, Any]:
    """The entry of a stream; it names the identifiers that lead there today: never an address."""
    identifiers = []
    if isinstance(stream, Tenure) and stream.current:
        identifiers.append(
            {
                "key": stream.key,
                "type": stream.type,
                "tenure": stream.number,
                "assurance": stream.assurance,
            }
        )
    return {"profile_id": stream.profile, "epoch": stream.epoch, "identifiers": identifiers}
