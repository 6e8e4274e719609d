"""Receipts for events that wait for identity."""

from __future__ import annotations

from contracts.incoming import IncomingEvent
from contracts.ingest import read_events
from identifiers import list_ignored, load_types
from services.profiles.domain.receipts import (
    RecordOutcome,
    expected_refusals,
    record_response,
)
from services.profiles.vault import open_vault
from tests.unit.profiles.test_recording import NOW, event

VAULT = open_vault(load_types(), b"a key for tests")


def incoming(**identifiers: str) -> IncomingEvent:
    return read_events([event("e-1", identifiers=identifiers)], NOW).valid[0]


def test_what_identity_will_refuse_is_known_before_it_is_asked() -> None:
    accepted = {
        "usable": VAULT.accept(incoming(anonymous_id="a-1", email="undefined")),
        "useless": VAULT.accept(incoming(email="undefined")),
    }
    assert expected_refusals(accepted).keys() == {"useless"}
    assert [ignored["type"] for ignored in list_ignored(accepted["usable"].ignored)] == ["email"]


def test_an_address_is_kept_as_it_can_be_written_to() -> None:
    (kept,) = VAULT.new_values([incoming(email="<mailto:Ann@shop.example>,")], NOW)
    assert VAULT.open(kept.key, kept.sealed) == "Ann@shop.example"


def test_a_deferred_event_is_accepted_and_has_no_position_yet() -> None:
    raw = [event("e-1")]
    ignored = [{"type": "email", "reason": "placeholder"}]
    outcome = RecordOutcome({}, {}, {}, {}, {}, {"e-1": ignored})
    assert record_response(raw, read_events(raw, NOW), outcome) == {
        "receipts": [
            {
                "event_id": "e-1",
                "status": "accepted",
                "ignored_identifiers": ignored,
                "warnings": [],
            }
        ],
        "token": {},
    }
