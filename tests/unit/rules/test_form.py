from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import SEGMENT_VOCABULARY, FormError, RuleError, compile_rule, rule_form, rule_text
from tests.unit.rules import oracle
from tests.unit.rules.oracle import Meaning
from tests.unit.rules.test_messages import SUSPICIOUS


def there_and_back(text: str) -> str:
    return rule_text(json.loads(json.dumps(rule_form(text))))


@given(oracle.rules)
def test_a_rule_survives_its_way_through_json(meaning: Meaning) -> None:
    text = there_and_back(meaning.text)
    assert rule_form(text) == rule_form(meaning.text)
    assert there_and_back(text) == text
    before, after = (compile_rule(each, SEGMENT_VOCABULARY) for each in (meaning.text, text))
    assert (after.describe(), after.reads) == (before.describe(), before.reads)


@pytest.mark.parametrize(
    "text",
    [
        'count("product_viewed", where=any(products, category == "running"), within="7d") >= 3',
        '1 <= orders() < 3 and (never("a") or not exists("b")) and traits.vip',
        "(traits.a and traits.b) and traits.c or not (traits.d or traits.e)",
        'revenue("USD") / (orders() + 1) - 2 * (cart_value("USD") - 499.90) > -0.50',
        'traits["shoe size"].eu == None or traits["class"] not in ["a", True, 5]',
        'count("a", between=["60d", "30d"]) > 1',
        '"a" in segments and weekday == "monday"',
        'traits.a == "it\'s"',
        'traits.a == "say " \'"\' "yes" \'"\'',
        'traits.a == "" and True',
        'first("a") - (last("b") - "1d") > "1d"',
    ],
)
def test_a_rule_that_is_written_plainly_comes_back_to_the_letter(text: str) -> None:
    assert there_and_back(text) == text
    assert compile_rule(text, SEGMENT_VOCABULARY).describe()


@pytest.mark.parametrize(("_vocabulary", "text", "_message"), SUSPICIOUS)
def test_every_suspicious_rule_comes_back(_vocabulary: str, text: str, _message: str) -> None:
    assert rule_form(there_and_back(text)) == rule_form(text)


def test_comments_and_needless_brackets_are_left_out() -> None:
    text = "((orders()) > 1_000)  # many\nand not(traits.a is None) and (x) == +1e3"
    assert there_and_back(text) == "orders() > 1000 and not traits.a == None and x == 1000.000000"


def test_the_parts_of_a_rule_have_their_names() -> None:
    assert rule_form('not count("a", within="7d") + 1.5 > traits.b') == {
        "not": {
            "operands": [
                {
                    "calculate": "+",
                    "left": {
                        "call": "count",
                        "arguments": [{"value": "a"}],
                        "options": {"within": {"value": "7d"}},
                    },
                    "right": {"decimal": "1.5"},
                },
                {"path": ["traits", "b"]},
            ],
            "signs": [">"],
        }
    }


@given(st.text(st.characters(exclude_characters="\\\r", codec="utf-8"), max_size=8))
def test_any_text_is_quoted_so_that_it_is_read_again(text: str) -> None:
    stored = rule_text({"operands": [{"path": ["traits", text]}, {"value": text}], "signs": ["=="]})
    try:
        form = rule_form(stored)
    except RuleError as error:
        assert "is not allowed in a rule" in error.message  # noqa: PT017 - some texts are none
    else:
        assert form["operands"] == [{"path": ["traits", text]}, {"value": text}]


@pytest.mark.parametrize(
    "text", ["lambda: 0", "a[0] == 1", 'f"{a}"', "a.b() == 1", "-a == 1", '-"x" == a', "a % 2 == 1"]
)
def test_what_is_not_part_of_the_language_has_no_form(text: str) -> None:
    with pytest.raises(RuleError, match="not part of the rule language"):
        rule_form(text)


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (5, "the rule: a part of a rule is an object"),
        ({}, "the rule: a part of a rule has one of and, or, not, operands, calculate, call, "),
        ({"and": [{"value": 1}]}, "and: is a list of 2 or more"),
        ({"or": [{"value": 1}, 5]}, "or.1: a part of a rule is an object"),
        ({"not": None}, "not: a part of a rule is an object"),
        ({"operands": [{"value": 1}, {"value": 2}], "signs": ["<", "<"]}, "signs: there is one"),
        ({"operands": [{"value": 1}, {"value": 2}], "signs": ["~"]}, "signs.0: is one of != < "),
        ({"calculate": "%", "left": {}, "right": {}}, "calculate: is one of + - * /"),
        ({"calculate": "+", "left": {"value": 1}}, "right: a part of a rule is an object"),
        ({"call": "a b"}, "call: is a name"),
        ({"call": "a", "options": []}, "options: is an object"),
        ({"call": "a", "options": {"x y": {"value": 1}}}, "options.x y: is a name"),
        ({"call": "a", "arguments": 5}, "arguments: is a list"),
        ({"path": []}, "path: is a list of 1 or more"),
        ({"path": ["a", 5]}, "path.1: is a text"),
        ({"path": ["class"]}, "path.0: is a name"),
        ({"list": {}}, "list: is a list"),
        ({"value": 1.5}, "value: is a text, a whole number, true, false or null"),
        ({"decimal": 1.5}, 'decimal: is a number as a text, such as "499.90"'),
    ],
)
def test_json_that_is_no_rule_is_refused_with_its_place(form: Any, message: str) -> None:
    with pytest.raises(FormError) as caught:
        rule_text(form)
    assert str(caught.value).startswith(message)


def test_json_that_nests_without_an_end_is_refused() -> None:
    form: Any = {"value": True}
    for _ in range(300):
        form = {"not": form}
    with pytest.raises(FormError, match="nest deeper than 20 levels"):
        rule_text(form)
