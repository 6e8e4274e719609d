"""What offers.yaml may say, and how every mistake in it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from chassis import DAY, InvalidInput
from services.offers.configuration import load_catalogue, read_catalogue
from services.offers.domain.loyalty import Earning, LedgerTerms, Tier

GOOD = """\
loyalty:
  tiers:
    - {name: member, threshold: 0}
    - {name: gold, threshold: 1000}
  earn:
    USD: {points: 1, per: 100}
placements:
  checkout:
    slots:
      loyalty:
        fallback: {title: Our programme}
  order_confirmation:
    slots:
      loyalty:
        fallback: {title: Our programme}
offers:
  - id: status
    version: 3
    slots: [checkout.loyalty, order_confirmation.loyalty]
    priority: 10
    when: '"high_value" in segments'
    content: {title: "{points} points", tier: "{tier}"}
"""


def refusal(text: str) -> InvalidInput:
    with pytest.raises(InvalidInput) as refused:
        read_catalogue(text)
    return refused.value


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


def test_the_shipped_catalogue_has_the_pages_of_a_purchase() -> None:
    catalogue = load_catalogue()
    assert list(catalogue.placements) == ["cart", "checkout", "order_confirmation"]


def test_every_shipped_rule_is_free_of_warnings() -> None:
    offers = [
        offer
        for slots in load_catalogue().placements.values()
        for slot in slots.values()
        for offer in slot.offers
    ]
    assert offers
    assert not [offer.id for offer in offers if offer.rule and offer.rule.warnings]


def test_an_offer_stands_in_each_slot_that_it_names() -> None:
    catalogue = read_catalogue(GOOD)
    for placement in ("checkout", "order_confirmation"):
        (offer,) = catalogue.placements[placement]["loyalty"].offers
        assert (offer.id, offer.version, offer.requires) == ("status", 3, "verified")
        assert offer.content.placeholders == ("points", "tier")


def test_offers_of_a_slot_are_sorted_by_priority_and_then_by_id() -> None:
    more = "".join(
        f"""\
  - id: {name}
    version: 1
    slots: [checkout.loyalty]
    priority: {priority}
    content: {{title: x}}
"""
        for name, priority in (("zebra", 20), ("apple", 10), ("middle", 10))
    )
    slot = read_catalogue(GOOD + more).placements["checkout"]["loyalty"]
    assert [offer.id for offer in slot.offers] == ["zebra", "apple", "middle", "status"]


def test_a_programme_has_its_tiers_and_earnings() -> None:
    programme = read_catalogue(GOOD).programme
    assert programme.tiers == (Tier("member", 0), Tier("gold", 1000))
    assert programme.earnings == {"USD": Earning(1, 100)}


def test_a_programme_may_have_a_ledger() -> None:
    assert read_catalogue(GOOD).programme.ledger is None
    for text, terms in (
        ("{}", LedgerTerms()),
        ("{pending: 30d, expiry: 365d}", LedgerTerms(30 * DAY, 365 * DAY)),
    ):
        found = read_catalogue(changed("  earn:", f"  ledger: {text}\n  earn:"))
        assert found.programme.ledger == terms


def test_a_shop_may_do_without_a_programme() -> None:
    text = GOOD[GOOD.index("placements:") :]
    assert read_catalogue(text).programme.tiers == ()


def test_the_fingerprint_changes_with_the_text() -> None:
    assert read_catalogue(GOOD).fingerprint == read_catalogue(GOOD).fingerprint
    assert read_catalogue(GOOD).fingerprint != read_catalogue(GOOD + "\n").fingerprint


def test_a_file_in_the_configuration_directory_replaces_the_shipped_one(tmp_path: Path) -> None:
    assert load_catalogue(tmp_path).fingerprint == load_catalogue().fingerprint
    (tmp_path / "offers.yaml").write_text(GOOD)
    assert load_catalogue(tmp_path).fingerprint == read_catalogue(GOOD).fingerprint


def test_an_unknown_placement_is_refused_with_what_was_meant() -> None:
    with pytest.raises(InvalidInput, match="did you mean `checkout`") as refused:
        read_catalogue(GOOD).slots("chekout")
    assert refused.value.subject == "placement"


@pytest.mark.parametrize(
    ("old", "new", "path", "line", "fix"),
    [
        ("id: status", "id: Big Status", "offers[0].id", 17, "lower-case"),
        ("version: 3", "version: three", "offers[0].version", 18, "whole number"),
        ("version: 3", "version: 0", "offers[0].version", 18, "between 1"),
        ("version: 3", "version: true", "offers[0].version", 18, "whole number"),
        ("version: 3", "verison: 3", "offers[0].verison", 18, "did you mean `version`?"),
        ("    version: 3\n", "", "offers[0]", 17, "`version` is missing"),
        ("priority: 10", "priority: -1", "offers[0].priority", 20, "between 0"),
        ("priority: 10", "priority: 1.5", "offers[0].priority", 20, "whole number"),
        ("priority: 10", "requires: sure\n    priority: 1", "offers[0].requires", 20, "verified"),
        ("[checkout.loyalty,", "[checkout.loyality,", "offers[0].slots[0]", 19, "checkout.loyalty"),
        ("[checkout.loyalty, order_confirmation.loyalty]", "[]", "offers[0].slots", 19, "one slot"),
        ("[checkout.loyalty, order_confirmation.loyalty]", "x", "offers[0].slots", 19, "a list"),
        ('"high_value" in segments', '"a" in segmets', "offers[0].when", 21, "segments"),
        ('"high_value" in segments', 'count("x") > 1', "offers[0].when", 21, "segment"),
        ('"high_value" in segments', "context.device == 3", "offers[0].when", 21, "text"),
        ("'\"high_value\" in segments'", "5", "offers[0].when", 21, "quotes"),
        ("{points} points", "{point} points", "offers[0].content.title", 22, "`points`?"),
        ("{points} points", "{points", "offers[0].content.title", 22, "brace"),
        ("{points} points", "{points.__class__}", "offers[0].content.title", 22, "brace"),
        ("{points} points", "{0}", "offers[0].content.title", 22, "brace"),
        ('{title: "{points} points", tier: "{tier}"}', "{}", "offers[0].content", 22, "empty"),
        ('{title: "{points} points", tier: "{tier}"}', "hello", "offers[0].content", 22, "mapping"),
        ('tier: "{tier}"', "rate: 1.5", "offers[0].content.rate", 22, "quotes"),
        ('tier: "{tier}"', "on: 2026-01-01", "offers[0].content", 22, "quotes"),
        (
            "{title: Our programme}",
            '{title: "{tier}"}',
            "placements.checkout.slots.loyalty.fallback",
            11,
            "everybody",
        ),
        (
            "fallback: {title: Our programme}",
            "{}",
            "placements.checkout.slots.loyalty",
            11,
            "`fallback` is missing",
        ),
        (
            "      loyalty:\n        fallback: {title: Our programme}",
            "      {}",
            "placements.checkout",
            9,
            "no slot",
        ),
        ("  checkout:", "  check.out:", "placements.check.out", 9, "lower-case"),
        ("threshold: 1000", "threshold: 0", "loyalty.tiers[1].threshold", 4, "lowest first"),
        ("name: gold", "name: member", "loyalty.tiers[1].name", 4, "twice"),
        (
            "\n    - {name: member, threshold: 0}\n    - {name: gold, threshold: 1000}",
            " []",
            "loyalty.tiers",
            2,
            "one tier",
        ),
        ("USD:", "usd:", "loyalty.earn.usd", 6, "ISO 4217"),
        ("USD:", "USB:", "loyalty.earn.USB", 6, "ISO 4217"),
        ("  earn:", "  ledger: {pending: 30}\n  earn:", "loyalty.ledger.pending", 5, "text"),
        ("  earn:", "  ledger: {expiry: 1y}\n  earn:", "loyalty.ledger.expiry", 5, "duration"),
        ("  earn:", "  ledger: {expire: 1d}\n  earn:", "loyalty.ledger.expire", 5, "`expiry`?"),
        ("per: 100", "per: 0", "loyalty.earn.USD.per", 6, "between 1"),
        ("offers:\n", "offers:\noffers:\n", "offers.yaml", 17, "twice"),
        ("offers:", "offerings:", "offerings", 17, "did you mean `offers`?"),
        ("loyalty:\n  tiers:", "loyalty: [", "offers.yaml", 2, "not valid YAML"),
    ],
)
def test_a_mistake_is_refused_by_path_position_and_fix(
    old: str, new: str, path: str, line: int, fix: str
) -> None:
    error = refusal(changed(old, new))
    assert error.subject == path
    assert f"line {line}, column " in error.message
    assert fix in error.message


def test_personal_content_must_require_verified() -> None:
    error = refusal(changed("priority: 10", "priority: 10\n    requires: any"))
    assert error.subject == "offers[0].requires"
    assert "write `verified`" in error.message


def test_all_mistakes_that_do_not_hide_one_another_are_told_at_once() -> None:
    wrong = changed("threshold: 1000", "threshold: -1")
    wrong = wrong.replace("{points} points", "{scores} points").replace("segments'", "segmnts'")
    wrong += """\
  - {id: second, version: one, slots: [checkout.loyalty], priority: 1, content: {title: A}}
  - {id: third, version: 1, slots: [checkout.loyalty], priority: 1, content: {title: A}}
experiments:
  - {id: one, variants: [{name: a, weight: 1, offers: [third]}, {name: b, weight: 0}]}
  - {id: two, variants: [{name: a, weight: 1, offers: [second]}, {name: b, shares: 1}]}
"""
    error = refusal(wrong)
    assert error.subject == "loyalty.tiers[1].threshold"
    paths = [line.partition(": offers.yaml line ")[0] for line in str(error).splitlines()]
    assert paths == [
        "loyalty.tiers[1].threshold",
        "offers[0].content.title",
        "offers[0].when",
        "offers[1].version",
        "experiments[0].variants[1].weight",
        "experiments[1].variants[1].shares",
    ]


def test_slots_are_read_before_their_offers_and_each_mistake_of_theirs_is_told() -> None:
    wrong = GOOD.replace("fallback: {title: Our programme}", "default: {}")
    paths = [line.partition(": offers.yaml")[0] for line in str(refusal(wrong)).splitlines()]
    assert paths == [
        f"placements.{each}.slots.loyalty.default" for each in ("checkout", "order_confirmation")
    ]


def test_two_offers_of_one_id_are_refused() -> None:
    offer = GOOD[GOOD.index("  - id: status") :]
    error = refusal(GOOD + offer)
    assert error.subject == "offers[1].id"
    assert "twice" in error.message


def test_content_that_refers_to_itself_is_refused() -> None:
    error = refusal(changed('tier: "{tier}"', "more: &a [*a]"))
    assert "nested" in error.message


@pytest.mark.parametrize("text", ["", "# nothing", "[]", "hello", "placements: {}\noffers: []\n"])
def test_a_file_without_a_catalogue_is_refused(text: str) -> None:
    assert refusal(text).message


def test_no_yaml_tag_makes_a_python_object() -> None:
    assert refusal("!!python/object/apply:os.system ['true']").message
