from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chassis import DAY, HOUR, Event, JointDraft, parse_instant
from contracts.incoming import IncomingEvent
from contracts.ingest import read_events
from identifiers import load_types
from services.profiles.domain.addresses import (
    AddressBook,
    AddressedEvent,
    AddressRefusal,
    AddressUse,
    ConsentStatement,
    addressed,
    note_addresses,
    places_of,
    refused_in,
    remembered,
    statements,
    to_lock,
    told_last,
)
from services.profiles.domain.recording import ResolvedEvent, draft, with_proof
from services.profiles.vault import open_vault

NOW = parse_instant("2026-11-21T19:30:00Z")
VAULT = open_vault(load_types(), b"a key for tests")
ADA = "email:ada"


def incoming(**fields: Any) -> IncomingEvent:
    raw = {
        "id": "e-1",
        "type": "consent_changed",
        "time": "2026-11-21T19:00:00Z",
        "identifiers": {"email": "ada@shop.example"},
        "authenticated": False,
        "data": {"purpose": "email", "granted": False},
        **fields,
    }
    (event,) = read_events([raw], NOW).valid.values()
    return event


def resolved(stream: str = "s", assurance: str = "claimed", **more: Any) -> ResolvedEvent:
    return ResolvedEvent(stream, "p", 1, assurance, more.pop("ignored", ()), **more)


def uses_of(event: IncomingEvent, resolution: ResolvedEvent, *, verified: bool = True) -> Any:
    accepted = VAULT.accept(event)
    found = addressed(event, accepted, resolution, contacts_verified=verified)
    return found and [(use.stream, use.kind, use.proven) for use in found.uses]


def use(stream: str = "s", address: str = ADA, **fields: Any) -> AddressUse:
    return replace(AddressUse(address, stream, "device", False, NOW, NOW), **fields)


def refusing(
    stream: str = "s", address: str = ADA, *, purposes: tuple[str, ...] = ("email",), **fields: Any
) -> AddressedEvent:
    return AddressedEvent(incoming(**fields), (use(stream, address),), purposes)


def noted(book: AddressBook, *events: AddressedEvent, now: int = NOW) -> list[JointDraft]:
    return note_addresses(book, events, now)


def streams_of(facts: list[JointDraft]) -> list[str]:
    return sorted(stream for fact in facts for stream in fact.entries)


ACCOUNT = {"user_id": "ada", "email": "ada@shop.example"}
SIGN_IN = {"type": "signed_in", "data": {}, "identifiers": ACCOUNT, "authenticated": True}


@pytest.mark.parametrize(
    ("fields", "resolution", "uses"),
    [
        ({}, resolved(), [("s", "address", False)]),
        (
            {"identifiers": {"anonymous_id": "a", "email": "ada@shop.example"}},
            resolved(assurance="device"),
            [("s", "device", False)],
        ),
        (
            {"identifiers": {"anonymous_id": "a", "email": "ada@shop.example"}},
            resolved(assurance="device", tenure_stream="t", tenure_epoch=1),
            [("s", "address", False), ("t", "device", False)],
        ),
        (SIGN_IN, resolved(assurance="verified"), [("s", "account", True)]),
        ({**SIGN_IN, "proven": []}, resolved(assurance="verified"), [("s", "account", False)]),
        (
            SIGN_IN,
            resolved(assurance="verified", ignored=[{"type": "email", "reason": "another's"}]),
            [("s", "account", False)],
        ),
        (
            {"identifiers": ACCOUNT, "authenticated": True},
            resolved(assurance="verified"),
            [("s", "account", False)],
        ),
        ({"identifiers": {"anonymous_id": "a"}}, resolved(assurance="device"), None),
    ],
)
def test_an_event_shows_where_its_addresses_are_told(
    fields: dict[str, Any], resolution: ResolvedEvent, uses: Any
) -> None:
    assert uses_of(incoming(**fields), resolution) == uses


def test_what_an_account_says_of_itself_proves_nothing_where_it_is_configured_so() -> None:
    found = uses_of(incoming(**SIGN_IN), resolved(assurance="verified"), verified=False)
    assert found == [("s", "account", False)]


def test_an_address_is_locked_where_it_is_new_refused_or_not_told_of_all_refusals() -> None:
    typed = replace(refusing(), refuses=())
    known = {use().place: use()}
    assert to_lock([typed], {}, {}) == [ADA]
    assert to_lock([typed], known, {ADA: 0}) == []
    assert to_lock([typed], known, {ADA: 1}) == [ADA]
    assert to_lock([refusing()], known, {ADA: 0}) == [ADA]


def test_a_refusal_is_recorded_in_all_other_streams_of_the_address() -> None:
    others = [use(f"o{number:02}") for number in range(45)]
    book = AddressBook(counts={ADA: 0}, recipients={ADA: others})
    facts = noted(book, refusing())
    assert streams_of(facts) == [other.stream for other in others]
    assert [len(fact.entries) for fact in facts] == [20, 20, 5]
    assert len({fact.id for fact in facts}) == 3
    assert {fact.data["event_id"] for fact in facts} == {"e-1"}
    assert book.counts[ADA] == 1
    assert {each.refusals for each in book.uses.values()} == {1}


def test_a_stream_is_told_of_each_refusal_once() -> None:
    book = AddressBook(counts={ADA: 0}, recipients={ADA: [use("o")]})
    assert streams_of(noted(book, refusing())) == ["o"]
    typed = AddressedEvent(incoming(id="e-2"), (use("o"), use("new")), ())
    again = noted(AddressBook(book.counts, book.uses, book.refusals), typed)
    assert streams_of(again) == ["new"]


def test_a_refusal_that_is_older_than_one_in_force_is_told_to_nobody() -> None:
    book = AddressBook(counts={ADA: 0}, recipients={ADA: [use("o")]})
    noted(book, refusing())
    older = refusing(id="e-2", time="2026-11-21T18:00:00Z")
    book.recipients = {ADA: [book.uses[ADA, "o"]]}
    assert noted(book, older) == []
    assert book.counts[ADA] == 1


def test_an_address_remembers_so_many_purposes() -> None:
    book = AddressBook(counts={ADA: 0})
    noted(book, refusing(purposes=tuple(f"marketing.{number}" for number in range(300))))
    assert len(book.refusals[ADA]) == 200


def test_of_refusals_the_latest_and_those_ahead_are_remembered() -> None:
    def refusal(number: int, at: int, purpose: str = "email") -> AddressRefusal:
        return AddressRefusal(ADA, number, purpose, f"e-{number}", at, (at, 0))

    refusals = [refusal(1, NOW - 2), refusal(2, NOW), refusal(3, NOW - 1), refusal(4, NOW, "sms")]
    ahead = [refusal(5 + place, NOW + DAY + place) for place in range(12)]
    kept = remembered([*refusals, *ahead], NOW)
    assert [each.number for each in kept] == [2, 4, *range(7, 17)]


def test_what_an_account_gives_up_is_proven_no_more() -> None:
    book = AddressBook(uses={use().place: use(kind="account", proven=True)})
    release = AddressedEvent(incoming(type="contact_released", data={}), (use(),), ())
    note_addresses(book, [release], NOW)
    assert not book.uses[use().place].proven


def test_a_use_keeps_its_first_and_its_last_time_and_what_an_account_has_told() -> None:
    book = AddressBook(uses={use().place: use()})
    later = use(kind="account", proven=True, first_at=NOW + 1, last_at=NOW + 1)
    note_addresses(book, [AddressedEvent(incoming(), (later,), ())], NOW)
    expected = use(kind="account", proven=True, first_at=NOW, last_at=NOW + 1)
    assert book.changed_uses == {use().place: expected}


def test_what_is_told_again_within_the_hour_writes_nothing() -> None:
    def noted(*uses: AddressUse) -> list[AddressUse]:
        events = [AddressedEvent(incoming(id=f"e-{n}"), (u,), ()) for n, u in enumerate(uses)]
        book = AddressBook(uses={("email:ada", "s"): use()})
        note_addresses(book, events, NOW)
        return list(book.changed_uses.values())

    nearly = use(first_at=NOW + HOUR - 1, last_at=NOW + HOUR - 1)
    assert noted(use(), use(first_at=NOW + 1, last_at=NOW + 1), nearly) == []
    assert noted(use(first_at=NOW + HOUR, last_at=NOW + HOUR)) == [use(last_at=NOW + HOUR)]
    assert noted(nearly, use(proven=True)) == [use(proven=True)]
    assert noted(replace(nearly, kind="account")) == [use(kind="account", last_at=NOW + HOUR - 1)]


def test_the_addresses_of_a_profile_are_one_each_the_newest_first() -> None:
    uses = [
        use("s1", last_at=NOW + 1),
        use("s2", first_at=NOW - 1, last_at=NOW, proven=True),
        use("s1", "email:eve", last_at=NOW + 2),
    ]
    ada = use("s1", first_at=NOW - 1, last_at=NOW + 1, proven=True)
    assert told_last(uses) == [uses[2], ada]
    assert told_last(reversed(uses)) == [uses[2], ada]


def test_statements_are_those_of_events_and_of_the_address() -> None:
    granted = Event(
        id="e-2",
        source="profiles",
        type="consent_changed",
        stream="s",
        version=1,
        data={"purposes": {"email": True, "sms": False}},
        occurred_at=NOW - 1,
        recorded_at=NOW,
    )
    refusal = AddressRefusal(ADA, 1, "email", "e-1", NOW, (NOW, 0))
    assert statements([granted], [refusal]) == [
        ConsentStatement("email", False, NOW, "e-1"),
        ConsentStatement("email", True, NOW - 1, "e-2"),
        ConsentStatement("sms", False, NOW - 1, "e-2"),
    ]


def test_places_and_refused_addresses_are_sorted_and_named_once() -> None:
    typed = AddressedEvent(incoming(), (use("s", "email:eve"), use("s", "email:eve")), ())
    assert places_of([refusing("t"), typed, refusing()]) == [
        (ADA, "s"),
        (ADA, "t"),
        ("email:eve", "s"),
    ]
    assert refused_in([refusing("t"), typed, refusing()]) == [ADA]


@pytest.mark.parametrize(
    ("fields", "unproven"),
    [
        ({"proven": ["email"]}, False),
        ({"proven": ["phone"]}, True),
        ({"proven": []}, True),
        ({}, True),
    ],
)
def test_a_consent_whose_link_was_opened_on_a_device_is_proven(
    fields: dict[str, Any], unproven: bool
) -> None:
    identifiers = {"anonymous_id": "a", "email": "ada@shop.example"}
    event = incoming(identifiers=identifiers, data={"purpose": "email", "granted": True}, **fields)
    marked = with_proof(draft(event, resolved()), event, VAULT.accept(event))
    assert bool(marked.metadata.get("unproven")) == unproven
