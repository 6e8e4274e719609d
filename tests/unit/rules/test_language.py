from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import (
    ELIGIBILITY_VOCABULARY,
    SEGMENT_VOCABULARY,
    RuleError,
    Situation,
    Vocabulary,
    compile_rule,
)
from rules.language.units import describe_duration

VOCABULARIES: dict[str, Vocabulary[Any]] = {
    "segment": SEGMENT_VOCABULARY,
    "eligibility": ELIGIBILITY_VOCABULARY,
}


def refusal(text: str, vocabulary: str = "segment") -> str:
    with pytest.raises(RuleError) as caught:
        compile_rule(text, VOCABULARIES[vocabulary])
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1, column 1: the rule is empty"),
        ('cout("x") > 5', "line 1, column 1: nothing is called cout; did you mean count?"),
        ('count("x") = 5', "line 1, column 1: write == to compare; = is not a comparison"),
        ('never("a") &&\n never("b")', 'line 1, column 12: write "and" instead of &&'),
        ('count("x" > 5', "line 1, column 1: the brackets do not match"),
        ("orders() > 1) and (orders() < 3", "line 1, column 1: the brackets do not match"),
        (
            'count("x", within="five") > 1',
            (
                'line 1, column 19: "five" is not a duration: write a whole number and one of'
                ' s, m, h, d, w, such as "90m" (minutes) or "60d" (days)'
            ),
        ),
        (
            'count("x") > "5"',
            (
                'line 1, column 14: count("x") is a number:'
                " compare it with a number, write 5 without quotes"
            ),
        ),
        (
            'count("x") > 2.5',
            'line 1, column 14: count("x") is a number: compare it with a whole number, not 2.5',
        ),
        (
            'count("x", within="3d") > 2000',
            (
                'line 1, column 27: count("x", within="3d") is a number:'
                " within a window it is counted only up to 1000"
            ),
        ),
        (
            'revenue("usd") > 5',
            'line 1, column 9: "usd" is not an ISO 4217 currency code; did you mean USD?',
        ),
        (
            'revenue("USD") > 5.001',
            (
                'line 1, column 18: revenue("USD") is an amount of money:'
                " USD has 2 decimals, 5.001 has more"
            ),
        ),
        (
            'never("Order Completed")',
            (
                'line 1, column 7: "Order Completed" is not an event type: they are snake_case;'
                " did you mean order_completed?"
            ),
        ),
        (
            'days_since("x") > 3',
            (
                "line 1, column 1: nothing is called days_since;"
                ' write since_last("order_completed") >= "30d"'
            ),
        ),
        (
            'count("x") ** 2 > 5',
            "line 1, column 1: a rule calculates with +, -, * and / only",
        ),
        (
            'traits.age > "5"',
            (
                "line 1, column 14: traits.age is a trait of any kind: a text has no order,"
                " use ==, != or in; did you mean 5 without quotes?"
            ),
        ),
        (
            'since_last("x") == "1h"',
            (
                'line 1, column 20: since_last("x") is a length of time:'
                " compare it with <, <=, > or >="
            ),
        ),
        (
            'first("x") > "2020-01-01T00:00"',
            (
                'line 1, column 14: first("x") is a point in time: "2020-01-01T00:00"'
                " has no time zone; end it with Z or an offset such as +02:00"
            ),
        ),
        (
            "orders() == None",
            "line 1, column 13: orders() is never missing; leave out the == None",
        ),
        (
            "orders()",
            "line 1, column 1: orders() is a number, not a condition: compare it, as in",
        ),
        (
            'traits.city ==\n"Riga" and\n  orders > 2',
            'line 3, column 3: orders needs brackets: write orders(within="90d")',
        ),
        (
            '"é" == "é" and foo',
            "line 1, column 1: this compares two fixed values: ask for something",
        ),
        ('traits.é == "é" and foo == 1', "line 1, column 21: nothing is called foo"),
        ("traits == 1", "line 1, column 1: traits needs a name after it, as in traits.something"),
        ("traits.a is 5", "line 1, column 13: is works with None only: write == to compare"),
        ("true", "line 1, column 1: nothing is called true; write True"),
        ("orders(5) > 1", "line 1, column 8: orders takes nothing: write orders(within="),
        ('cart_items(within="1d") > 1', "line 1, column 19: cart_items has no within=: write cart"),
        ('traits.a == "x\\n"', "line 1, column 15: the character '\\\\' is not allowed in a rule"),
        ("not " * 30 + "traits.a", "brackets and nots nest deeper than 20 levels"),
        (" or ".join(["not True"] * 130), "the rule has more than 250 parts; split it"),
        ("traits.a or " * 300, "line 1, column 1: a rule has at most 2000 characters"),
        ("traits.a == [1]", "column 13: a list goes with in: write x in [1, 2]"),
        ('first("x") < orders()', 'first("x") is a point in time and orders() is a number'),
        ('has_consent("email") < never("x")', "has no order: use == or !="),
        ('traits.a < first("x")', "a trait is not a point in time: compare with first() or last()"),
        ('"a" in ["a"]', "this compares fixed values: ask for something about the shopper"),
        ('traits.a in "gold"', 'in needs a list, such as ["gold", "silver"]'),
        ('"a" in orders()', "orders() is a number: nothing is in it"),
        ("5 in traits.a", 'write a quoted text before in, as in "x" in traits.a'),
        ("traits.a in []", "the list is empty"),
        ("traits.a in [orders()]", "a list holds fixed values only"),
        ("zzz() > 1", "nothing is called zzz; there are affinity, alive, average, "),
        ("traits.a, traits.b", "line 1, column 1: a list goes after in"),
        ("shopper.age > 1", "line 1, column 1: nothing is called shopper; "),
        ("None", "None alone is not a condition: compare it"),
        ('"x"', "a text alone is not a condition: compare it"),
        ("traits.a == 1e16", "the number is too large: at most 1000000000000000"),
        ('traits.a == -"x"', "a sign belongs before a number"),
        ("traits.a < None", "None can be compared only with == and !="),
        ("traits.a < True", "a yes or no has no order, use ==, != or in"),
        ('revenue("USD") > "x"', "compare it with a number such as 500 or 499.99, not a text"),
        ('orders() > "x"', "compare it with a number, not a text"),
        ('first("x") > 5', "compare it with another one, or a text such as"),
        ('since_last("x") > 5', "write a whole number and one of s, m, h, d, w"),
        ('since_last("x") > "999999w"', "is out of range: a duration is more than 0 and at most"),
        ('revenue("euros") > 1', "is not an ISO 4217 currency code; did you mean EUR?"),
        ('revenue("money") > 1', 'is not an ISO 4217 currency code, such as "USD"'),
        ('bought("")', "bought takes a category in quotes"),
        ("count(5) > 1", "count takes an event type in quotes"),
        ("orders().x > 1", "a dot goes after a name, as in traits.loyalty_tier"),
        ('never("a") & never("b")', 'write "and" or "or" instead of & and |'),
        ('traits.a == "x', "a text has no closing quote"),
        ("traits.a traits.b", "this is not an expression: "),
    ],
)
def test_a_wrong_rule_is_refused_with_its_place_and_what_was_meant(text: str, message: str) -> None:
    assert message in refusal(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("context.value > 5", 'an amount needs its currency: write basket_value("USD") >= 50'),
        ("segments.high_value", 'write "high_value" in segments'),
        ('segments == "a"', 'segments is a list: write "a" in it'),
        ('context.devise == "mobile"', "context has no devise; did you mean device?"),
        ('assurance == "verfied"', "did you mean verified?"),
        ("orders() > 3", 'make a segment of it and write "my_segment" in segments'),
        ("identified > 3", "identified is a yes or no: use it alone, or with not before it"),
        ("identified()", "identified is not a function: leave out the brackets"),
        ("assurance.level == 1", "assurance has no parts"),
        ("context.device.name == 1", "context.device has no parts"),
        ("context.zodiac == 1", "context has no zodiac; it has categories, country, currency"),
        ('assurance < "claimed"', "texts have no order, use ==, != or in"),
        ("assurance == 5", 'compare it with a quoted text, such as "5"'),
        ("segments", 'segments is a list, not a condition: compare it, as in "something" in'),
        ("segments == 5", 'write "something" in it'),
    ],
)
def test_a_wrong_eligibility_rule_says_what_to_write(text: str, message: str) -> None:
    assert message in refusal(text, "eligibility")


@pytest.mark.parametrize(
    "text",
    [
        "lambda: 0",
        "[x for x in traits.a]",
        "(yield)",
        "traits.a if traits.b else traits.c",
        "(a := 1)",
        'f"{traits.a}"',
        '__import__("os").system("true")',
        'count("x").__class__ == 1',
        "traits.a(1)",
        'count(*["x"]) > 1',
        'count("x", **{}) > 1',
        "traits[0] == 1",
        "traits[traits.a] == 1",
        "5j > orders()",
        "1e999 > orders()",
        "...",
        'b"x" == traits.a',
        "{} == traits.a",
        "await traits.a",
        "-traits.a > 1",
        "1if traits.a else 2",
    ],
)
def test_nothing_but_the_subset_is_accepted(text: str) -> None:
    refusal(text)
    refusal(text, "eligibility")


WORDS = """
count never first last since_last orders revenue bought has_consent cart_value cart_items
loyalty_points traits.a traits segments context context.device identified assurance within= and
or not in is None True == != < > <= >= ( ) [ ] , . "order_completed" "60d" "USD" "x" 5 -1 2.5
where= since= between= then then_not event sum average min max distinct exists any all amount
data products category price hour day weekday today date days_until birthday affinity
engagement clv alive percentile expected_orders half_life= band= during= brand= "2026-11-21"
"clv" / - $ % ; 1,000 “
0x1f 1e5 # + * lambda if else : = := ** * ' " é
"""
words = st.sampled_from([*WORDS.split(), "\n", "\x00", "\r"])


def place_of_error(text: str, vocabulary: Vocabulary[Any]) -> tuple[int, int]:
    try:
        assert compile_rule(text, vocabulary).describe()
    except RuleError as error:
        return error.line, error.column
    return 1, 1


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
@given(text=st.text(max_size=60) | st.lists(words, max_size=25).map(" ".join))
def test_any_text_is_a_rule_or_a_rule_error_with_a_place_in_it(vocabulary: str, text: str) -> None:
    line, column = place_of_error(text, VOCABULARIES[vocabulary])
    lines = text.split("\n")
    assert 1 <= line <= len(lines)
    assert 1 <= column <= len(lines[line - 1]) + 1


@pytest.mark.parametrize("text", ["(" * 999, "-" * 1_999, "not " * 499, "[" * 300 + "]" * 300])
def test_deep_nesting_is_refused_and_breaks_nothing(text: str) -> None:
    refusal(text)


def test_a_rule_may_span_lines_and_have_comments() -> None:
    text = '# who\norders() > 1  # twice\nand never("signed_in")\n'
    assert compile_rule(text, SEGMENT_VOCABULARY).text == text


def test_a_slip_in_an_event_type_is_a_warning_since_shops_have_types_of_their_own() -> None:
    rule = compile_rule('never("order_complete") or never("wish_made")', SEGMENT_VOCABULARY)
    assert rule.warnings == (
        (
            'line 1, column 7: no shipped event type is called "order_complete";'
            " did you mean order_completed?"
        ),
    )


def eligible(text: str, **situation: Any) -> bool:
    return compile_rule(text, ELIGIBILITY_VOCABULARY).evaluate(Situation(**situation), 0).value


def test_eligibility_sees_segments_traits_and_who_it_is() -> None:
    text = '"high_value" in segments and traits.loyalty_tier == "gold" and identified'
    gold = {"loyalty_tier": "gold"}
    high = frozenset({"high_value"})
    assert eligible(text, traits=gold, segments=high, identified=True)
    assert not eligible(text, traits=gold, identified=True)
    assert eligible('assurance in ["verified", "device"]', assurance="verified")


def test_eligibility_sees_consent_and_points() -> None:
    text = 'has_consent("email") and loyalty_points() >= 100'
    assert eligible(text, consent={"email": True}, points=100)
    assert not eligible(text, points=100)


def test_eligibility_sees_the_request() -> None:
    context = {
        "items": [{"category": "running", "sku": "W-100", "quantity": 2}, {"sku": "S-1"}],
        "value": 12_999,
        "currency": "USD",
        "device": "mobile",
        "referrer": "www.instagram.com",
    }
    for text in (
        '"running" in context.categories',
        '"W-100" in context.skus and context.item_count == 3',
        'basket_value("USD") == 129.99',
        'context.device == "mobile" and "instagram" in context.referrer',
        "context.language == None",
    ):
        assert eligible(text, context=context), text
    assert not eligible('basket_value("EUR") > 0', context=context)


def test_a_request_without_a_basket_has_no_articles() -> None:
    assert eligible("context.item_count == None")
    assert eligible("context.item_count == 0", context={"items": "many"})
    assert not eligible('"running" in context.categories', context={"items": "many"})


odd = st.none() | st.integers() | st.text()
odd_items = st.lists(odd | st.dictionaries(st.sampled_from(["sku", "category", "quantity"]), odd))


@given(st.dictionaries(st.sampled_from(["items", "value", "currency", "device"]), odd | odd_items))
def test_eligibility_is_total_over_any_context(context: Any) -> None:
    text = (
        '"x" in context.categories or context.item_count > 1 or basket_value("USD") > 1'
        ' or context.device == "mobile" or "x" in context.skus'
    )
    rule = compile_rule(text, ELIGIBILITY_VOCABULARY)
    rule.evaluate(Situation(context=context), 0)
    rule.explain(Situation(context=context), 0)


@pytest.mark.parametrize(
    ("duration", "described"),
    [
        (86_400_000_000, "1 day"),
        (7_200_000_000, "2 hours"),
        (90_000_000, "90 seconds"),
        (1_500, "1500 microseconds"),
    ],
)
def test_every_duration_can_be_described(duration: int, described: str) -> None:
    assert describe_duration(duration) == described
