"""What another offers.yaml changes, and its likely slips."""

from __future__ import annotations

import pytest

from services.offers.configuration import read_catalogue
from services.offers.domain.catalogue_changes import (
    OfferChange,
    SlotChange,
    offer_changes,
    slot_changes,
)
from services.offers.domain.trial_changes import TrialChange, trial_changes

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
TRIALS = """\
experiments:
  - id: greeting
    variants:
      - {name: without, weight: 1}
      - {name: greeted, weight: 1, offers: [hello]}
holdouts: [{id: nothing, share: 5}]
"""


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


def test_an_offer_of_one_variant_does_not_hide_those_of_the_others() -> None:
    below = FILE.replace("priority: 20", "priority: 5")
    split = (
        "experiments:\n  - id: words\n    variants:\n"
        "      - {name: control, weight: 1, offers: [everybody]}\n"
        "      - {name: other, weight: 1, offers: [hello]}\n"
    )
    assert changes(below + split)["hello"].warnings == ()


@pytest.mark.parametrize(
    ("rule", "slip"),
    [
        ('context.device == "Mobile"', 'in small letters, write "mobile"'),
        ('context.referrer == "Club.example"', 'in small letters, write "club.example"'),
        ('context.country in ("DE", "at")', 'in capitals, write "AT"'),
        ('context.currency == "eur"', 'in capitals, write "EUR"'),
        ("loyalty_points() > 5 and loyalty_points() < 3", "never true together"),
    ],
)
def test_the_likely_slips_of_a_rule_are_warned_of(rule: str, slip: str) -> None:
    (warning,) = changes(FILE.replace("when: identified", f"when: '{rule}'"))["hello"].warnings
    assert warning.startswith("hello: rule: line 1, column ")
    assert slip in warning


def test_a_segment_that_is_not_defined_is_warned_of_with_the_likeliest() -> None:
    file = FILE.replace("when: identified", "when: '\"hihg_value\" in segments'")
    after = read_catalogue(file)
    found = {each.offer_id: each for each in offer_changes(CATALOGUE, after, {"high_value"})}
    (warning,) = found["hello"].warnings
    assert warning == (
        'hello: rule: "hihg_value" is no segment, and nobody is in it; did you mean `high_value`?'
    )
    for known in ({"hihg_value"}, None):
        (_, hello) = offer_changes(CATALOGUE, after, known)
        assert hello.warnings == ()


def test_slots_are_added_removed_and_fall_back_to_another_block() -> None:
    other = FILE.replace("footer: {fallback: {title: Nothing}}", "header: {fallback: {title: x}}")
    other = other.replace("banner: {fallback: {title: Nothing}}", "banner: {fallback: {title: y}}")
    assert slot_changes(CATALOGUE, read_catalogue(other)) == [
        SlotChange("checkout.banner", "changed"),
        SlotChange("checkout.footer", "removed"),
        SlotChange("checkout.header", "added"),
    ]


def trials(before: str, after: str) -> dict[str, TrialChange]:
    """What becomes of the experiments and holdouts of one file by another."""
    old, new = (read_catalogue(FILE + text).trials for text in (before, after))
    return {each.experiment: each for each in trial_changes(old, new)}


def test_experiments_that_stay_as_they_are_are_no_change() -> None:
    assert trials(TRIALS, TRIALS) == {}


def test_experiments_and_holdouts_are_added_and_removed() -> None:
    assert {name: each.change for name, each in trials("", TRIALS).items()} == {
        "greeting": "added", "nothing": "added",
    }  # fmt: skip
    removed = trials(TRIALS, "")
    assert "`status: stopped`" in removed["greeting"].warnings[0]
    assert "keep it" in removed["nothing"].warnings[0]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("greeted, weight: 1", "greeted, weight: 3"),
        ("id: greeting", "id: greeting\n    coverage: 50"),
        ("id: greeting", "id: greeting\n    seed: other"),
        ("id: greeting", "id: greeting\n    hash_attribute: user_id"),
        ("name: greeted", "name: welcomed"),
        ("share: 5", "share: 10"),
    ],
)
def test_a_split_that_is_changed_while_it_is_running_is_warned_of(old: str, new: str) -> None:
    (change,) = trials(TRIALS, TRIALS.replace(old, new)).values()
    assert change.change == "changed"
    assert "splits shoppers otherwise while it is running" in change.warnings[0]
    assert "another id" in change.warnings[0]


@pytest.mark.parametrize(
    ("old", "new"),
    [("offers: [hello]", "offers: [everybody]"), ("share: 5", "share: 5, exempt: [hello]")],
)
def test_other_offers_while_it_is_running_are_warned_of(old: str, new: str) -> None:
    (change,) = trials(TRIALS, TRIALS.replace(old, new)).values()
    assert "shows other offers while it is running" in change.warnings[0]


def test_what_mixes_no_figures_is_not_warned_of() -> None:
    stopped = TRIALS.replace("id: greeting", "id: greeting\n    status: stopped")
    draft = TRIALS.replace("id: greeting", "id: greeting\n    status: draft")
    planned = TRIALS.replace("id: greeting", "id: greeting\n    planned: 900")
    for before, after in (
        (TRIALS, stopped),
        (draft, TRIALS.replace("weight: 1}", "weight: 2}")),
        (TRIALS, planned),
    ):
        (change,) = trials(before, after).values()
        assert (change.change, change.warnings) == ("changed", ())
