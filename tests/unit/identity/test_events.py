"""What a change of identity is recorded as."""

from __future__ import annotations

from services.identity.domain.events import identity_changed
from tests.unit.identity.shop import ResolvedShop


def test_a_fact_names_the_event_that_led_to_it_and_the_identifiers_that_lead_to_each_stream() -> (
    None
):
    shop = ResolvedShop()
    account = shop.account(1, user_id="ann", anonymous_id="d")
    draft = identity_changed(shop.changes[0], "fact-1")
    assert (draft.id, draft.data, draft.metadata) == (
        "fact-1",
        {"reason": "created"},
        {"causation_id": "e"},
    )
    entry = draft.entries[account.stream]
    assert (entry["profile_id"], entry["epoch"]) == (account.profile, 1)
    (identifier,) = entry["identifiers"]
    assert (identifier["type"], identifier["assurance"]) == ("user_id", "verified")


def test_what_an_account_has_proven_does_not_lead_to_a_guest_who_claims_it() -> None:
    shop = ResolvedShop()
    shop.account(1, user_id="ann", email="ann@shop.example")
    claim = shop.guest(2, email="ann@shop.example")
    draft = identity_changed(shop.changes[-1], "fact-2")
    assert draft.entries[claim.stream]["identifiers"] == []


def test_a_split_is_recorded_with_its_note_and_no_event() -> None:
    shop = ResolvedShop()
    account = shop.account(1, user_id="ann", anonymous_id="d")
    shop.split(account.profile, "anonymous_id", "d")
    draft = identity_changed(shop.changes[-1], "fact-3")
    assert draft.data == {"reason": "split", "note": "because"}
    assert draft.metadata == {}
