from __future__ import annotations

from typing import Any

import pytest

from chassis import Event, JointDraft, copy_id, parse_instant
from chassis.validation import load
from contracts.incoming import CheckedEvents, IncomingEvent
from contracts.ingest import read_events
from contracts.profiles import RECORD_RESPONSE
from services.profiles.domain.receipts import LogPosition, RecordOutcome, record_response
from services.profiles.domain.recording import (
    ResolvedEvent,
    channels_refused,
    draft,
    fact_drafts,
    first_by_id,
    missing_epochs,
    observation,
    read_resolutions,
)

NOW = parse_instant("2026-11-21T19:30:00Z")
FACT = "0193a5f0-0000-7000-8000-000000000001"


def event(event_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": event_id,
        "type": "page_read",
        "time": "2026-11-21T19:00:00Z",
        "identifiers": {"anonymous_id": "a-1"},
        "authenticated": False,
        **changes,
    }


def read(*raw: Any) -> CheckedEvents:
    return read_events(list(raw), NOW)


def one(**changes: Any) -> IncomingEvent:
    return read(event("e-1", **changes)).valid[0]


def resolution(stream: str = "s-1", epoch: int = 1) -> ResolvedEvent:
    return ResolvedEvent(stream, "p-1", epoch, "device", [])


def copy_of_fact(stream: str, moved: dict[str, int]) -> Event:
    entries = [
        {"stream": name, "version": epoch, "profile_id": "p-1", "epoch": epoch, "identifiers": []}
        for name, epoch in sorted(moved.items())
    ]
    return Event(
        id=copy_id(FACT, stream),
        source="identity",
        type="identity_changed",
        stream=stream,
        version=moved[stream],
        data={"reason": "merged", "fact_id": FACT, "streams": entries},
        occurred_at=NOW,
        recorded_at=NOW,
        metadata={"joint": True, "causation_id": "e-1", "correlation_id": "c-1"},
    )


def outcome(**changes: Any) -> RecordOutcome:
    nothing: dict[str, Any] = {
        "positions": {},
        "resolutions": {},
        "refusals": {},
        "profiles": {"s-1": "p-1", "s-2": "p-1", "s-3": "p-3"},
        "fact_versions": {},
    }
    return RecordOutcome(**{**nothing, **changes})


def test_of_events_that_share_an_id_the_first_valid_one_counts() -> None:
    wrong = event("e-1", time="soon")
    events = read(wrong, event("e-1"), event("e-1", type="other"), event("e-2"))
    first = first_by_id(events.valid.values())
    assert [(name, one.type) for name, one in first.items()] == [
        ("e-1", "page_read"),
        ("e-2", "page_read"),
    ]


def test_identity_is_asked_with_plain_json() -> None:
    assert observation(one()) == {
        "event_id": "e-1",
        "type": "page_read",
        "time": "2026-11-21T19:00:00.000000Z",
        "identifiers": {"anonymous_id": "a-1"},
        "authenticated": False,
    }


def consent(**data: Any) -> list[str]:
    return channels_refused(one(type="consent_changed", data=data))


@pytest.mark.parametrize(
    "purpose",
    [
        "email", "sms", "marketing", "marketing.email", "marketing_sms", "E-Mail",
        "email:promotions", "newsletters", "emailMarketing", "smsmarketing", "Mailing", "eMailings",
        "Telephone", "promos", "text messages", "texts", "calls", "WhatsApp_Business",
        "Telefon", "correo electrónico",
    ],
)  # fmt: skip
def test_channels_of_an_address_are_refused_in_whatever_spelling(purpose: str) -> None:
    assert consent(purpose=purpose, granted=False) == [purpose.lower()]
    assert consent(purpose=purpose, granted=True) == []


def test_what_is_no_channel_stays_with_whoever_refused_it() -> None:
    for purpose in (
        "analytics",
        "personalised_advertising",
        "contextual",
        "recall",
        "push",
        "microphone",
        "telemetry",
    ):
        assert consent(purpose=purpose, granted=False) == []
    purposes = {"sms": False, "email": False, "personalisation": False, "whatsapp": True}
    assert consent(purposes=purposes) == ["email", "sms"]


def test_identity_is_told_how_an_event_came_in_and_what_it_proves() -> None:
    (event_,) = read_events([event("e-1")], NOW, origin="browser").valid.values()
    assert observation(event_)["origin"] == "browser"
    assert observation(one(proven=[]))["proven"] == []


def test_answers_of_identity_are_resolutions_or_refusals() -> None:
    refusal = {"event_id": "e-2", "error": {"field": "identifiers", "message": "no"}}
    response = {
        "event_id": "e-1",
        "stream_id": "s-1",
        "profile_id": "p-1",
        "epoch": 1,
        "assurance": "device",
        "ignored_identifiers": [],
    }
    assert read_resolutions([response, refusal]) == ({"e-1": resolution()}, {"e-2": refusal})


def test_the_log_gets_the_context_beside_the_data_and_no_identifier_value() -> None:
    recorded = draft(one(data={"page": "/"}, context={"device": "mobile"}), resolution())
    assert recorded.data == {"page": "/", "context": {"device": "mobile"}}
    assert recorded.metadata == {
        "profile_id": "p-1",
        "assurance": "device",
        "authenticated": False,
    }
    assert "a-1" not in repr(recorded)


def test_a_corrected_time_is_kept_as_it_was_told() -> None:
    incoming = one(time="2026-11-21T19:30:00Z", sent_at="2026-11-21T20:00:00Z")
    recorded = draft(incoming, resolution())
    assert recorded.occurred_at == parse_instant("2026-11-21T19:00:00Z")
    assert recorded.metadata["told_time"] == "2026-11-21T19:30:00Z"


def test_a_fact_of_identity_becomes_one_draft_however_many_copies_are_at_hand() -> None:
    copies = [copy_of_fact(stream, {"s-1": 3, "s-2": 1}) for stream in ("s-1", "s-2")]
    (made,) = fact_drafts(copies)
    assert made == JointDraft(
        id=FACT,
        type="identity_changed",
        entries={
            "s-1": {"profile_id": "p-1", "epoch": 3, "identifiers": []},
            "s-2": {"profile_id": "p-1", "epoch": 1, "identifiers": []},
        },
        data={"reason": "merged"},
        occurred_at=NOW,
        metadata={"causation_id": "e-1"},
    )


def test_a_resolution_is_explained_by_the_log_or_by_the_facts_at_hand() -> None:
    facts = fact_drafts([copy_of_fact("s-2", {"s-2": 4})])
    resolutions = [resolution("s-1", 2), resolution("s-2", 4), resolution("s-3", 1)]
    assert missing_epochs(resolutions, {"s-1": 2, "s-2": 3}, facts) == {"s-3": 0}
    assert missing_epochs(resolutions, {"s-1": 1, "s-2": 3, "s-3": 1}, facts) == {"s-1": 1}


def test_receipts_come_in_the_order_of_the_events() -> None:
    raw = [event("new"), event("wrong", time="soon"), event("known"), event("nobody"), 7]
    raw.append(event("new"))
    positions = {"new": LogPosition("s-1", 4, False), "known": LogPosition("s-3", 2, True)}
    refusal = {
        "error": {"field": "identifiers.email", "message": "must differ"},
        "ignored_identifiers": [{"type": "email", "reason": "placeholder"}],
    }
    response = record_response(
        raw,
        read(*raw),
        outcome(
            positions=positions, refusals={"nobody": refusal}, resolutions={"new": resolution()}
        ),
    )
    load(RECORD_RESPONSE, response)
    receipts = response["receipts"]
    assert [(r["event_id"], r["status"]) for r in receipts] == [
        ("new", "appended"),
        ("wrong", "rejected"),
        ("known", "duplicate"),
        ("nobody", "rejected"),
        (None, "rejected"),
        ("new", "duplicate"),
    ]
    assert receipts[5]["version"] == 4
    assert receipts[1]["error"]["field"] == "events[1].time"
    assert receipts[3]["error"] == {
        "field": "events[3].identifiers.email",
        "message": "must differ",
    }
    assert receipts[3]["ignored_identifiers"] == refusal["ignored_identifiers"]
    assert response["token"] == {"s-1": 4, "s-3": 2}


def test_a_token_covers_the_streams_that_this_call_moved_to_the_events_profile() -> None:
    raw = [event("e-1")]
    response = record_response(
        raw,
        read(*raw),
        outcome(
            positions={"e-1": LogPosition("s-1", 4, False)},
            fact_versions={"s-1": 3, "s-2": 7, "s-3": 1},
        ),
    )
    assert response["receipts"][0]["token"] == {"s-1": 4, "s-2": 7}


def test_an_id_that_cannot_be_repeated_is_null_in_the_receipt() -> None:
    raw = [event("x" * 101), event("a\nb"), event("good", identifiers={}), {"id": 5}]
    receipts = record_response(raw, read(*raw), outcome())["receipts"]
    assert [receipt["event_id"] for receipt in receipts] == [None, None, "good", None]
