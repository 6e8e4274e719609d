"""Noting where addresses are told, and who learns of what they refuse."""

from __future__ import annotations

from collections.abc import Sequence

from chassis import JointDraft
from chassis.eventlog.unit_of_work import UnitOfWork
from services.profiles import store
from services.profiles.domain import addresses
from services.profiles.domain.addresses import AddressBook, AddressedEvent


def note_addresses(unit: UnitOfWork, events: Sequence[AddressedEvent]) -> list[JointDraft]:
    """Note where addresses were told; the facts by which streams learn of their refusals."""
    if not events:
        return []
    places = addresses.places_of(events)
    known, counts = store.load_address_uses(unit, places)
    book = AddressBook(uses=known)
    wanted = addresses.to_lock(events, known, counts)
    if wanted:
        book.counts = store.lock_addresses(unit, wanted)
        # Whoever told the same meanwhile is done by then.
        book.uses, _ = store.load_address_uses(unit, places)
        book.refusals = store.load_refusals(unit, wanted)
        refused = addresses.refused_in(events)
        book.recipients = store.newest_uses(unit, refused) if refused else {}
        recorded = unit.find([each.event.id for each in events]) if unit.is_repeated else {}
        events = [each for each in events if each.event.id not in recorded]
    facts = addresses.note_addresses(book, events, unit.now)
    store.save_addresses(unit, book)
    return facts
