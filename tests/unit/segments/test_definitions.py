from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chassis import DAY, HOUR, MINUTE, InvalidInput
from rules import Fact, ListedFacts, Summary
from services.segments.configuration import load_definitions, read_definition, read_definitions

NOW = 1_000 * DAY
KINDS = ("cart_updated", "order_completed", "checkout_completed")


def refusal(text: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        read_definitions(text)
    return str(caught.value)


def segments_of(summary: Summary, now: int = NOW) -> set[str]:
    return {d.segment for d in load_definitions() if d.rule.evaluate(summary, now).value}


def buyer(*orders: tuple[int, int]) -> Summary:
    summary = Summary()
    for number, (at, cents) in enumerate(orders):
        data = {"order_id": f"o{number}", "revenue": cents, "currency": "USD"}
        summary.add("order_completed", data, at, f"e{number}")
    return summary


def with_event(summary: Summary, kind: str, at: int = NOW, **data: Any) -> Summary:
    summary.add(kind, data, at, f"{kind}{at}")
    facts = [(each, fact) for each in KINDS for fact in summary.facts.events(each)]
    summary.facts = ListedFacts.of([*facts, (kind, Fact(at, f"{len(facts):03}", data))])
    return summary


def cart(summary: Summary, at: int, pieces: int = 1, sku: str = "a") -> Summary:
    products = [{"sku": sku, "quantity": pieces}] if pieces else []
    return with_event(summary, "cart_updated", at, products=products)


def account(summary: Summary) -> Summary:
    summary.state.is_account = True
    return summary


def test_the_shipped_segments_are_those_that_are_promised() -> None:
    assert [definition.segment for definition in load_definitions()] == [
        "first_time_visitor",
        "anonymous_context",
        "returning_one_time_buyer",
        "high_basket_first_purchase",
        "new_buyer",
        "occasional_buyer",
        "regular_buyer",
        "frequent_buyer",
        "high_value",
        "gold_and_recent",
        "abandoned_cart",
        "top_quartile_clv",
        "lapsing",
    ]


def test_the_shipped_rules_have_no_likely_slips() -> None:
    assert not any(definition.rule.warnings for definition in load_definitions())


def test_a_shopper_without_an_order_is_a_first_time_visitor() -> None:
    assert segments_of(Summary()) == {"first_time_visitor"}


def test_whoever_bought_by_another_door_is_no_first_time_visitor() -> None:
    assert segments_of(with_event(Summary(), "checkout_completed")) == set()


def test_a_guest_who_has_viewed_something_has_an_anonymous_context_for_thirty_days() -> None:
    guest = with_event(Summary(), "product_viewed")
    assert segments_of(guest) == {"first_time_visitor", "anonymous_context"}
    assert segments_of(guest, NOW + 30 * DAY) == {"first_time_visitor"}
    assert segments_of(account(guest)) == {"first_time_visitor"}


def test_a_guest_with_a_cart_has_an_anonymous_context() -> None:
    assert segments_of(cart(Summary(), NOW)) == {"first_time_visitor", "anonymous_context"}


def test_a_shopper_with_one_order_is_a_one_time_buyer_unless_enrolled() -> None:
    once = buyer((NOW - 500 * DAY, 2_000))
    assert segments_of(once) == {"returning_one_time_buyer"}
    assert segments_of(with_event(once, "loyalty_enrolled")) == set()


def test_a_first_order_of_150_dollars_is_a_high_basket_until_the_next_order() -> None:
    first = {"returning_one_time_buyer", "new_buyer"}
    assert segments_of(buyer((NOW, 14_999))) == first
    assert segments_of(buyer((NOW, 15_000))) == {*first, "high_basket_first_purchase"}
    assert segments_of(buyer((NOW, 15_000), (NOW, 1))) == {"occasional_buyer"}


@pytest.mark.parametrize(
    ("before", "recent", "segment"),
    [
        (0, 1, "new_buyer"),
        (1, 1, "occasional_buyer"),
        (0, 2, "occasional_buyer"),
        (0, 3, "regular_buyer"),
        (9, 3, "regular_buyer"),
        (0, 5, "regular_buyer"),
        (0, 6, "frequent_buyer"),
    ],
)
def test_each_buyer_of_sixty_days_is_in_one_of_four_segments(
    before: int, recent: int, segment: str
) -> None:
    kinds = {"new_buyer", "occasional_buyer", "regular_buyer", "frequent_buyer"}
    orders = [(NOW - 300 * DAY, 100)] * before + [(NOW - n * DAY, 100) for n in range(recent)]
    assert segments_of(buyer(*orders)) & kinds == {segment}
    assert segments_of(buyer(*orders), NOW + 60 * DAY) & kinds == set()


def test_a_sixth_order_within_sixty_days_makes_a_frequent_buyer() -> None:
    orders = [(NOW - n * DAY, 100) for n in range(6)]
    assert segments_of(buyer(*orders[:5])) == {"regular_buyer"}
    assert segments_of(buyer(*orders)) == {"frequent_buyer"}
    assert segments_of(buyer(*orders), NOW + 55 * DAY) == {"regular_buyer"}


def test_five_hundred_dollars_make_a_shopper_of_high_value() -> None:
    assert segments_of(buyer((NOW, 30_000), (NOW, 19_999))) == {"occasional_buyer"}
    assert segments_of(buyer((NOW, 30_000), (NOW, 20_000))) == {"occasional_buyer", "high_value"}


def test_gold_and_recent_asks_for_the_tier_four_orders_and_thirty_days() -> None:
    def gold(count: int, tier: str = "gold") -> set[str]:
        summary = buyer(*[(NOW - n * DAY, 100) for n in range(count)])
        with_event(summary, "loyalty_tier_changed", tier=tier)
        return segments_of(summary, NOW + 30 * DAY - 1) & {"gold_and_recent"}

    assert gold(4) == {"gold_and_recent"}
    assert gold(3) == gold(4, "silver") == set()
    late = with_event(buyer(*[(NOW, 100)] * 4), "loyalty_tier_changed", tier="gold")
    assert "gold_and_recent" not in segments_of(late, NOW + 30 * DAY)


def left(at: int = NOW) -> Summary:
    """A buyer's cart."""
    return account(cart(buyer((NOW - DAY, 100), (NOW - DAY, 100)), at))


def bought(at: int) -> Summary:
    """A buyer whose cart has just been ordered."""
    summary = left(at - 3 * MINUTE)
    return with_event(summary, "order_completed", at, order_id="o", products=[{"sku": "a"}])


def is_abandoned(summary: Summary, now: int) -> bool:
    return "abandoned_cart" in segments_of(summary, now)


def test_a_cart_is_abandoned_after_a_day_and_for_thirty_days() -> None:
    assert not is_abandoned(left(), NOW + DAY - 1)
    assert is_abandoned(left(), NOW + DAY)
    assert is_abandoned(left(), NOW + 30 * DAY - 1)
    assert not is_abandoned(left(), NOW + 30 * DAY)


@pytest.mark.parametrize("kind", ["order_completed", "checkout_completed"])
def test_a_cart_is_not_abandoned_once_an_order_follows(kind: str) -> None:
    assert not is_abandoned(with_event(left(), kind, NOW + MINUTE), NOW + DAY)


def test_a_cart_that_is_told_once_more_just_after_its_order_is_not_abandoned() -> None:
    assert not is_abandoned(cart(bought(NOW), NOW + 2_000_000), NOW + 2 * DAY)
    assert not is_abandoned(cart(bought(NOW), NOW + HOUR - 1), NOW + 2 * DAY)


def test_a_cart_that_is_filled_anew_after_an_order_is_abandoned() -> None:
    assert is_abandoned(cart(bought(NOW), NOW + HOUR), NOW + 2 * DAY)
    assert is_abandoned(cart(bought(NOW), NOW + MINUTE, sku="b"), NOW + 2 * DAY)


def test_an_emptied_cart_is_not_abandoned() -> None:
    assert not is_abandoned(cart(left(), NOW + 1, pieces=0), NOW + 2 * DAY)


def test_nobody_has_a_lifetime_value_before_a_model_is_fitted() -> None:
    assert not segments_of(buyer(*[(NOW, 90_000)] * 9)) & {"top_quartile_clv", "lapsing"}


def test_an_own_file_replaces_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "segments.yaml").write_text("a: {rule: orders() == 0, description: New}")
    assert [definition.segment for definition in load_definitions(tmp_path)] == ["a"]


def test_a_folder_without_a_file_of_segments_leaves_the_shipped_one(tmp_path: Path) -> None:
    assert len(load_definitions(tmp_path)) == len(load_definitions())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "segments.yaml: is empty; start from the file that is shipped"),
        ("{}", "segments.yaml: line 1, column 1: must define at least one segment"),
        ("- a", "segments.yaml: line 1, column 1: must be a mapping"),
        ("a: {rule: [", "segments.yaml: line 1, column 12: is not valid YAML"),
        (
            'a:\n  rule: "buyer" in segments\n  description: x',
            "end the line above with `|` and indent what begins with a quote below it",
        ),
        (
            "a:\n  rule: orders() == 0\n  description: VIPs: the best",
            "mapping values are not allowed here; put a text with a colon in quotes",
        ),
        ("a:\n\trule: orders() == 0", "indent with spaces and not with tabs"),
        (
            "a:\n  rule: >\n    orders() > 3\n    # and\n    and has_account()\n  description: x",
            "a.rule: segments.yaml line 2, column 9: write `|` instead of `>`: it joins the lines",
        ),
        ("a: orders() == 0", "a: segments.yaml line 1, column 4: must be a mapping"),
        ("a: {rule: {b: c}, description: x}", "line 1, column 11: must be text; it is a mapping"),
        (
            "\nloyal: {rule: order() > 1, description: x}",
            (
                "loyal.rule: segments.yaml line 2, column 15: rule: line 1, column 1: nothing is"
                " called order; did you mean orders?"
            ),
        ),
        ("a: {rule: 'True'}", "a: segments.yaml line 1, column 4: `description` is missing"),
        (
            "a: {rule: 'True', describtion: x}",
            "line 1, column 32: `describtion` is not known here; did you mean `description`?",
        ),
        (
            "A b: {rule: 'True', description: x}",
            'A b: segments.yaml line 1, column 6: segment: must be snake_case: write "a_b"',
        ),
        (
            "a: {rule: 'True', description: x}\na: {rule: 'True', description: x}",
            "line 2, column 1: `a` appears twice",
        ),
        (
            "a: {rule: '1', rule: '2', description: x}",
            "line 1, column 16: `rule` appears twice",
        ),
    ],
)
def test_a_wrong_file_is_refused_naming_the_segment_the_place_and_the_meaning(
    text: str, message: str
) -> None:
    assert message in refusal(text)


def test_a_segment_may_be_named_with_a_word_that_yaml_reads_as_another_type() -> None:
    """`off` is false and `null` is nothing elsewhere in YAML."""
    fields = '{rule: never("order_completed"), description: x}'
    text = f"off: {fields}\nnull: {fields}\n"
    assert [definition.segment for definition in read_definitions(text)] == ["off", "null"]


def test_a_constant_rule_needs_no_quotes_in_the_file() -> None:
    (definition,) = read_definitions("ended: {rule: False, description: No longer used}")
    assert definition.rule.text == "False"


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        (None, "must be an object"),
        ({"segment": "a", "description": "x"}, "rule: is missing"),
        ({"segment": "a", "rule": 5, "description": "x"}, "rule: must be text"),
        (
            {"segment": "a", "rule": "orders() >\n 1 and", "description": "x"},
            "rule: line 2, column",
        ),
        ({"segment": "a", "rule": "True", "description": "x", "id": 1}, "id: is not a known field"),
    ],
)
def test_a_wrong_definition_is_refused_naming_the_field(definition: object, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_definition(definition)
    assert message in str(caught.value)
