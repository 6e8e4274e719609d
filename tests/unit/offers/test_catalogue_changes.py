"""What another offers.yaml changes, and its likely slips."""

from __future__ import annotations

from services.offers.configuration import read_catalogue
from services.offers.domain.catalogue_changes import (
    OfferChange,
    SlotChange,
    offer_changes,
    slot_changes,
)

FILE = """\
placements:
  checkout:
    slots:
      banner: {fallback: {title: Nothing}}
      footer: {fallback: {title: Nothing}}
offers:
  - {id: hello, version: 1, slots: [checkout.banner], priority: 20, requires: any,
     when: identified, content: {title: Hello}}
  - {id: everybody, version: 1, slots: [checkout.banner], priority: 10, requires: any,
     content: {title: Welcome}}
"""
CATALOGUE = read_catalogue(FILE)


def changes(text: str) -> dict[str, OfferChange]:
    return {each.offer_id: each for each in offer_changes(CATALOGUE, read_catalogue(text))}


def test_a_file_that_says_the_same_changes_no_offer() -> None:
    found = changes("# another comment\n" + FILE)
    assert {each.change for each in found.values()} == {"unchanged"}
    assert slot_changes(CATALOGUE, read_catalogue(FILE)) == []


def test_an_offer_is_added_changed_and_removed() -> None:
    other = FILE.replace("id: hello", "id: good_day").replace("priority: 10", "priority: 11")
    assert {name: each.change for name, each in changes(other).items()} == {
        "good_day": "added", "hello": "removed", "everybody": "changed",
    }  # fmt: skip


def test_another_content_of_the_same_version_is_warned_of() -> None:
    other = FILE.replace("title: Hello", "title: Good day")
    (warning,) = changes(other)["hello"].warnings
    assert "still of version 1" in warning
    assert changes(other.replace("hello, version: 1", "hello, version: 2"))["hello"].warnings == ()


def test_an_offer_below_one_for_everybody_is_never_shown() -> None:
    below = FILE.replace("priority: 20", "priority: 5")
    (warning,) = changes(below)["hello"].warnings
    assert warning == "hello is never shown: everybody is for everybody, and goes before it"
    elsewhere = below.replace(
        "[checkout.banner], priority: 5", "[checkout.banner, checkout.footer], priority: 5"
    )
    assert changes(elsewhere)["hello"].warnings == ()


def test_slots_are_added_removed_and_fall_back_to_another_block() -> None:
    other = FILE.replace("footer: {fallback: {title: Nothing}}", "header: {fallback: {title: x}}")
    other = other.replace("banner: {fallback: {title: Nothing}}", "banner: {fallback: {title: y}}")
    assert slot_changes(CATALOGUE, read_catalogue(other)) == [
        SlotChange("checkout.banner", "changed"),
        SlotChange("checkout.footer", "removed"),
        SlotChange("checkout.header", "added"),
    ]
