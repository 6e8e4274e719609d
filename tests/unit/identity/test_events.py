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


def test_no_identifier_leads_to_an_address_stream() -> None:
    shop = ResolvedShop()
    order = shop.order(1, email="ann@shop.example")
    ann = shop.account(2, user_id="ann", email="ann@shop.example")
    entries = [identity_changed(change, "fact-2").entries for change in shop.changes]
    assert [entry[order.stream]["identifiers"] for entry in entries] == [[], []]
    assert entries[1][order.stream]["profile_id"] == ann.profile


def test_a_split_is_recorded_with_its_note_and_no_event() -> None:
    shop = ResolvedShop()
    account = shop.account(1, user_id="ann", anonymous_id="d")
    shop.split(account.profile, "anonymous_id", "d")
    draft = identity_changed(shop.changes[-1], "fact-3")
    assert draft.data == {"reason": "split", "note": "because"}
    assert draft.metadata == {}


def test_a_change_of_many_streams_is_several_facts_as_each_copy_names_all_of_its_own() -> None:
    shop = ResolvedShop()
    for number in range(250):
        shop.account(2, loyalty_id="card", device_id=f"d-{number}")
    shop.account(1, user_id="ann")
    facts = len(shop.changes)
    shop.account(3, user_id="ann", loyalty_id="card")
    assert [len(change.streams) for change in shop.changes[facts:]] == [100, 100, 51]
    moved = [stream.stream for change in shop.changes[facts:] for stream in change.streams]
    assert moved == sorted(set(moved))
