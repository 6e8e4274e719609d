"""What a marketer reads: wrong rules with their messages, suspicious ones with their warnings."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chassis import DAY
from rules import (
    ELIGIBILITY_VOCABULARY,
    SEGMENT_VOCABULARY,
    RuleError,
    ShopContext,
    Vocabulary,
    compile_rule,
    rule_form,
    rule_text,
)
from rules.language.dependencies import CircularSegments, evaluation_order

VOCABULARIES: dict[str, Vocabulary[Any]] = {
    "segment": SEGMENT_VOCABULARY,
    "eligibility": ELIGIBILITY_VOCABULARY,
}
SHOP = ShopContext(
    zone=ZoneInfo("Europe/Riga"),
    segments=frozenset({"high_value", "frequent_buyer"}),
    event_types={
        "product_viewed": {"": frozenset({"product_id", "category", "price", "currency"})},
        "order_completed": {
            "": frozenset({"order_id", "revenue", "currency", "products", "context"}),
            "products": frozenset({"product_id", "category", "quantity", "price"}),
            "context": frozenset({"device", "country"}),
        },
        "cart_updated": {"": frozenset({"products"})},
        "wishlist_updated": {},
        "consent_changed": {"": frozenset({"purposes"}), "purposes": frozenset({"Email", "sms"})},
    },
    traits={
        "": frozenset(
            {"loyalty_tier", "tier", "city", "birthday", "renewal", "tags", "vip", "address"}
        ),
        "address": frozenset({"city", "postcode"}),
    },
    keeps=400 * DAY,
)

TABLE = Path(__file__).with_name("messages.txt").read_text()
"""Sections of rules, each with its message on the line after it"""


def table(title: str) -> list[tuple[str, str, str]]:
    """(vocabulary, rule, message) of the sections with this title."""
    rows = []
    for section in TABLE.removeprefix("# ").split("\n# "):
        heading, *lines = [line for line in section.split("\n") if line]
        vocabulary, _, kind = heading.partition(": ")
        if kind == title:
            pairs = zip(lines[::2], lines[1::2], strict=True)
            rows += [(vocabulary, rule, message.strip()) for rule, message in pairs]
    return rows


WRONG, SUSPICIOUS = table("refused"), table("warned of")


def test_the_table_has_all_its_sections() -> None:
    assert {vocabulary for vocabulary, _, _ in [*WRONG, *SUSPICIOUS]} == set(VOCABULARIES)
    assert len(WRONG) >= 190
    assert len(SUSPICIOUS) >= 20


@pytest.mark.parametrize(("vocabulary", "text", "message"), WRONG)
def test_a_wrong_rule_is_refused_with_what_to_write(
    vocabulary: str, text: str, message: str
) -> None:
    with pytest.raises(RuleError) as caught:
        compile_rule(text, VOCABULARIES[vocabulary], SHOP)
    assert str(caught.value) == message


@pytest.mark.parametrize(("vocabulary", "text", "message"), SUSPICIOUS)
def test_a_suspicious_rule_is_taken_with_a_warning(
    vocabulary: str, text: str, message: str
) -> None:
    assert compile_rule(text, VOCABULARIES[vocabulary], SHOP).warnings == (message,)


def test_nothing_is_checked_of_what_a_shop_does_not_know() -> None:
    text = '"x" in segments and traits.x == 1 and count("x", where=y == 1, within="999d") > 1'
    assert compile_rule(text, SEGMENT_VOCABULARY).warnings == ()


@pytest.mark.parametrize(
    "text",
    [
        'orders(within="25m") > 1',
        'exists("cart_updated", within="3m")',
        'then("cart_updated", "order_completed", within="12m")',
        'cart_ordered(within="1m", during="30d")',
        'exists("order_completed", within="7d", where=category == "3m")',
        'has_consent("EMAIL")',
    ],
)
def test_what_may_well_be_meant_is_not_warned_of(text: str) -> None:
    assert not any("minute" in w or "consent" in w for w in _warnings_in(text))


def _warnings_in(text: str) -> tuple[str, ...]:
    return tuple(compile_rule(text, SEGMENT_VOCABULARY, SHOP).warnings)


@pytest.mark.parametrize("text", ['percentile("clv") >= 0', 'percentile("clv") <= 100'])
def test_a_percentile_that_everybody_has_who_has_one_is_not_warned_of(text: str) -> None:
    assert _warnings_in(text) == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("orders()\u00a0> 3", "column 9: write a plain space: this is the character '\\xa0'"),
        ("orders() >\u202f3", "column 11: write a plain space: this is the character '\\u202f'"),
        ("orders() > 3\u200b", "column 13: the character '\\u200b' is not allowed in a rule"),
        ("# a\u200db\norders() > 3 \u200d", "column 14: the character '\\u200d' is not allowed"),
        (
            'traits.city == "a\u202eb"',
            "column 18: the character '\\u202e' is not allowed in a rule",
        ),
        ('traits.city == "a\x00b"', "column 18: the character '\\x00' is not allowed in a rule"),
    ],
)
def test_what_nobody_can_see_is_named(text: str, message: str) -> None:
    with pytest.raises(RuleError) as caught:
        compile_rule(text, SEGMENT_VOCABULARY, SHOP)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "name", ["Été\u00a0: soldes", "👩\u200d💻", "\u0645\u06cc\u200c\u062e", "Café ☕", "O'Brien"]
)
def test_a_name_of_the_shop_may_have_any_space_and_joiner(name: str) -> None:
    rule = compile_rule(f'bought("{name}") or traits.city == "{name}"', SEGMENT_VOCABULARY)
    assert f'"{name}"' in rule.describe()
    assert rule_text(rule_form(rule.text)) == rule.text


def test_an_event_type_of_the_shop_is_known_once_it_has_come() -> None:
    text = 'count("wishlist_updated") > 1 and then(event("product_viewed"), "wishlist_updated")'
    assert compile_rule(text, SEGMENT_VOCABULARY, SHOP).warnings == ()


def test_segments_are_evaluated_after_those_that_they_ask_for() -> None:
    asked = {"a": {"b", "gone"}, "b": {"c"}, "c": frozenset[str]()}
    assert evaluation_order(asked) == ["c", "b", "a"]


def test_a_circle_of_segments_is_named() -> None:
    asked = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}
    with pytest.raises(CircularSegments) as caught:
        evaluation_order(asked)
    first, *others = caught.value.circle
    assert others[-1] == first
    assert str(caught.value).startswith("segments cannot ask for each other in a circle: ")
    assert f'"{first}" asks for "{others[0]}", which asks for ' in str(caught.value)
    with pytest.raises(CircularSegments, match='"e" asks for "e"'):
        evaluation_order({"e": {"e"}})
