"""Contents: typed fields, languages, plurals, and what their variables are."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import HOUR, InvalidInput, parse_instant
from services.offers.configuration import read_catalogue
from services.offers.domain.decision import Decision, decide, fall_back, fallback_blocks
from services.offers.domain.languages import Languages
from services.offers.domain.messages import MessageError, parse_message
from services.offers.domain.request import DecisionRequest
from services.offers.domain.shopper import Shopper
from services.offers.domain.trace import trace
from services.offers.domain.variables import VARIABLES, Money, bounded

FILE = """\
languages: [en, de, de-AT, pl]
free_delivery: {EUR: 5000, USD: 6000}
loyalty:
  tiers:
    - {name: member, threshold: 0}
    - {name: silver, threshold: 500}
    - {name: gold, threshold: 1000}
  earn: {EUR: {points: 1, per: 100}}
placements:
  checkout:
    slots:
      banner:
        fallback: {title: Nothing special}
        translations: {de: {title: Nichts Besonderes}}
offers:
  - {id: it, version: 1, slots: [checkout.banner], priority: 1, requires: verified, FIELDS}
"""
CART = {
    "value": 4_250, "currency": "EUR",
    "items": [
        {"sku": "W-1", "name": "Running watch", "category": "watch", "quantity": 2},
        {"sku": "S-1", "category": "strap", "quantity": 1},
    ],
    "stock": {"W-1": 3, "S-1": 2, "X-1": 1},
    "rating": 4.6, "review_count": 1_204,
}  # fmt: skip


def loyal(points: int, **traits: Any) -> Shopper:
    return Shopper("p-1", "verified", frozenset(), {"loyalty_enrolled": True, **traits}, {}, points)


def decided(fields: str, context: Any = CART, shopper: Shopper | None = None) -> Decision:
    catalogue = read_catalogue(FILE.replace("FIELDS", fields))
    request = DecisionRequest("checkout", context=context)
    return decide(request, shopper or loyal(0), catalogue, 0, "d-1")


def content(fields: str, context: Any = CART, shopper: Shopper | None = None) -> Any:
    (block,) = decided(fields, context, shopper).slots["banner"]
    return block.content if block.offer_id else None


def title(text: str, context: Any = CART, shopper: Shopper | None = None) -> Any:
    found = content(f"content: {{title: '{text}'}}", context, shopper)
    return found and found["title"]


def refusal(fields: str, old: str = "", new: str = "") -> InvalidInput:
    assert old in FILE
    with pytest.raises(InvalidInput) as refused:
        read_catalogue(FILE.replace(old, new).replace("FIELDS", fields))
    return refused.value


def test_numbers_and_money_in_texts_are_written_in_the_language_of_the_text() -> None:
    text = "{points} points, {order_value}, {rating} of {review_count}"
    fields = f"content: {{title: '{text}'}}, translations: {{de: {{title: '{text}'}}}}"
    cases = [
        ("en", "1,325 points, €42.50, 4.6 of 1,204"),
        ("de", "1.325 points, 42,50\N{NO-BREAK SPACE}€, 4,6 of 1.204"),
        ("de-AT", "1.325 points, €\N{NO-BREAK SPACE}42,50, 4,6 of 1.204"),
        ("pl", "1,325 points, €42.50, 4.6 of 1,204"),  # in English, as it is not translated
    ]
    for language, expected in cases:
        found = content(fields, {**CART, "language": language}, loyal(1_325))
        assert found["title"].replace("1\N{NO-BREAK SPACE}", "1.") == expected


def test_each_field_is_in_the_nearest_language_that_has_it() -> None:
    fields = """content: {title: Hello, text: Bye, flag: true},
       translations: {de: {title: Hallo, text: Auf Wiedersehen}, de-AT: {text: Servus}}"""
    for language, expected in [
        ("de-AT", ("Hallo", "Servus")),
        ("de-CH", ("Hallo", "Auf Wiedersehen")),
        ("DE_at", ("Hallo", "Servus")),
        ("de-AT,en;q=0.8", ("Hallo", "Servus")),
        ("pl", ("Hello", "Bye")),
        ("fr", ("Hello", "Bye")),
        (None, ("Hello", "Bye")),
    ]:
        found = content(fields, {**CART, "language": language})
        assert (found["title"], found["text"]) == expected
        assert found["flag"] is True


def test_a_fallback_block_is_in_the_language_of_the_request_also_without_any_data() -> None:
    hello = "content: {title: Hello}, when: identified and not identified"
    assert decided(hello, {"language": "de"}).slots["banner"][0].content["title"] == (
        "Nichts Besonderes"
    )
    catalogue = read_catalogue(FILE.replace("FIELDS", "content: {title: Hello}"))
    request = DecisionRequest("checkout", context={"language": "de"})
    decision = fall_back(request, catalogue, 0, "d-1", "failed")
    assert decision.slots["banner"][0].content == {"title": "Nichts Besonderes"}


def test_plurals_are_those_of_the_language() -> None:
    fields = """content: {title: '{points, plural, =0 {No points} one {# point} other {# points}}'},
       translations: {pl: {title: '{points, plural, one {# punkt} few {# punkty} many {# punktów}
       other {# punktu}}'}}"""
    for points, english, polish in [
        (0, "No points", "0 punktów"),
        (1, "1 point", "1 punkt"),
        (2, "2 points", "2 punkty"),
        (5, "5 points", "5 punktów"),
        (1_022, "1,022 points", "1022 punkty"),
        (-1, "-1 point", "-1 punkt"),
    ]:
        assert content(fields, {}, loyal(points))["title"] == english
        found = content(fields, {"language": "pl"}, loyal(points))["title"]
        assert found.replace("\N{NO-BREAK SPACE}", "") == polish


def test_branches_of_a_plural_hold_other_variables() -> None:
    text = "{points_to_next_tier, plural, one {# point} other {# points}} to {next_tier}"
    assert title(text, {}, loyal(499)) == "1 point to silver"
    assert title(text, {}, loyal(-5)) == "505 points to silver"
    assert title(text, {}, loyal(1_000)) is None
    assert title(text, {}, loyal(-5, loyalty_tier="member")) == "505 points to silver"
    nested = "{points, plural, one {{tier}} other {{tier}: # points}}"
    assert title(nested, {}, loyal(2)) == "member: 2 points"


def test_nobody_is_told_that_nothing_is_missing_or_left_or_earned() -> None:
    assert title("{points_to_next_tier} more", {}, loyal(1_000)) is None
    assert title("{to_free_delivery} more", {**CART, "value": 5_000}) is None
    assert title("{stock_left} left", {**CART, "stock": {"W-1": 0}}) is None
    assert title("{points_to_earn} points", {**CART, "value": 99}) is None
    assert title("{review_count} reviews", {**CART, "review_count": 0}) is None
    assert title("{item_count} articles", {"items": []}) is None
    assert title("{points_with_order} points", {}, loyal(3)) is None
    assert title("{tier_with_order}", CART, loyal(1)) is None


def test_the_values_are_those_of_the_request_and_the_shopper() -> None:
    assert (
        title("{to_free_delivery} more and delivery is free") == "€7.50 more and delivery is free"
    )
    assert title("{item_count} articles") == "3 articles"
    assert title("{stock_left} left") == "2 left"
    assert title("Hello {first_name}", {}, loyal(0, first_name="Grace")) == "Hello Grace"
    assert title("{points_with_order} points, {tier_with_order}", CART, loyal(460)) == (
        "502 points, silver"
    )
    scarce = {**CART, "stock": {"W-1": 1, "S-1": 2}}
    assert title("{stock_left} left: {scarce_item}", scarce) == "1 left: Running watch"
    assert title("{scarce_item}") is None  # the strap has no name


def test_what_is_left_of_the_offers_own_article_goes_before_the_basket() -> None:
    fields = "sku: X-1, content: {title: '{stock_left, plural, one {# left} other {# left}}'}"
    assert content(fields)["title"] == "1 left"
    assert content(fields, {**CART, "stock": {"W-1": 1}}) is None


def test_what_is_left_is_of_the_article_that_is_named() -> None:
    scarce = {**CART, "stock": {"W-1": 3, "S-1": 1, "X-1": 2}}
    fields = "sku: %s, content: {title: '{stock_left} left: {scarce_item}'}"
    assert content(fields % "W-1", scarce)["title"] == "3 left: Running watch"
    assert content(fields % "X-1", scarce) is None  # it is not in the basket, and has no name


def test_an_offer_that_goes_with_an_article_names_it() -> None:
    fields = "goes_with: {categories: [strap], skus: [W-1]}, content: {title: 'For your {item}'}"
    assert content(fields)["title"] == "For your Running watch"
    strap = {"items": CART["items"][1:]}  # type: ignore[index]
    assert content(fields, strap)["title"] == "For your strap"
    assert content(fields, {"items": [{"sku": "A-1"}]}) is None
    catalogue = read_catalogue(FILE.replace("FIELDS", fields))
    (considered,) = trace("checkout", {}, loyal(0), catalogue, 0)["banner"]
    assert considered.why == ("the basket has no article that it goes with",)


def test_a_whole_placeholder_is_the_value_and_money_has_its_text() -> None:
    found = content("content: {points: '{points}', worth: '{order_value}'}", CART, loyal(1_325))
    assert found == {
        "points": 1_325,
        "worth": {"amount": 4_250, "currency": "EUR", "text": "€42.50"},
    }


def progress(tiers: str, points: int, **traits: Any) -> Any:
    """What is missing to the next tier of a programme with these tiers."""
    fields = "content: {title: '{points_to_next_tier} to {next_tier}'}"
    text = FILE.replace("{name: member, threshold: 0}", tiers).replace("FIELDS", fields)
    request = DecisionRequest("checkout", context={})
    (block,) = decide(request, loyal(points, **traits), read_catalogue(text), 0, "d-1").slots[
        "banner"
    ]
    return block.content["title"] if block.offer_id else None


@pytest.mark.parametrize(
    ("points", "missing"),
    [
        (-3, "103 to bronze"),
        (0, "100 to bronze"),
        (99, "1 to bronze"),
        (100, "400 to silver"),
        (500, "500 to gold"),
        (1_000, None),
    ],
)
def test_who_is_below_the_first_tier_is_on_the_way_to_it(points: int, missing: str | None) -> None:
    assert progress("{name: bronze, threshold: 100}", points) == missing


def test_a_tier_from_0_is_also_of_those_who_owe_points() -> None:
    assert title("{tier}, {points_to_next_tier} to {next_tier}", {}, loyal(-3)) == (
        "member, 503 to silver"
    )


@pytest.mark.parametrize("named", ["silver", "Silver", " SILVER ", "silver-"])
def test_a_tier_is_known_however_the_shop_spells_it(named: str) -> None:
    assert title("{tier}", {}, loyal(0, loyalty_tier=named)) == "silver"


@pytest.mark.parametrize("named", ["", "  ", None, 5])
def test_a_blank_tier_is_none_that_the_shop_has_named(named: Any) -> None:
    assert title("{tier}", {}, loyal(500, loyalty_tier=named)) == "silver"
    stranger = replace(loyal(500), traits={"loyalty_tier": named})
    assert title("{tier}", {}, stranger) is None


def test_the_words_of_a_tier_may_stand_apart() -> None:
    tiers = "{name: gold_plus, threshold: 10}"
    assert progress(tiers, 5, loyalty_tier="Gold Plus") == "495 to silver"
    assert progress(tiers, 5, loyalty_tier="vip") is None  # nobody knows what is above it


@pytest.mark.parametrize(
    ("points", "text"), [(-3, "-3 points"), (-1, "you owe a point"), (0, "none"), (1, "1 point")]
)
def test_a_plural_may_have_a_text_for_a_number_below_0(points: int, text: str) -> None:
    plural = "{points, plural, =-1 {you owe a point} =0 {none} one {# point} other {# points}}"
    assert title(plural, {}, loyal(points)) == text


def test_a_placeholder_may_have_spaces_within_its_braces() -> None:
    assert title("You have { points } points", {}, loyal(7)) == "You have 7 points"


TYPED = """\
        fields: {title: text, points: optional number, active: optional flag, link: optional url,
          picture: optional image, price: optional money, badges: optional texts,
          more: optional json}
        fallback"""


def typed(text: str, **context: Any) -> Any:
    file = FILE.replace("        fallback", TYPED, 1)
    catalogue = read_catalogue(file.replace("FIELDS", f"content: {text}"))
    request = DecisionRequest("checkout", context={**CART, **context})
    (block,) = decide(request, loyal(1_325), catalogue, 0, "d-1").slots["banner"]
    return block.content


def test_fields_have_the_types_that_the_slot_declares() -> None:
    found = typed("""{title: '{points}', points: '{points}', active: false, link: '/account?a=b',
      picture: {url: 'https://shop.example/a.png', alt: A watch},
      price: {amount: 500, currency: EUR}, badges: [secure, '{tier}'], more: {a: [1]}}""")
    assert found == {
        "title": "1,325", "points": 1_325, "active": False, "link": "/account?a=b",
        "picture": {"url": "https://shop.example/a.png", "alt": "A watch"},
        "price": {"amount": 500, "currency": "EUR", "text": "€5.00"},
        "badges": ["secure", "gold"], "more": {"a": [1]},
    }  # fmt: skip
    assert typed("{title: A, price: '{order_value}'}")["price"]["text"] == "€42.50"


def test_whole_placeholders_are_texts_wherever_a_field_holds_texts() -> None:
    found = typed("""{title: A, badges: ['{points}', '{order_value}', gold],
      picture: {url: /a.png, alt: '{points}'}}""")
    assert found["badges"] == ["1,325", "€42.50", "gold"]
    assert found["picture"]["alt"] == "1,325"


@pytest.mark.parametrize(
    ("text", "path", "fix"),
    [
        ("{points: 1}", "content", "no `title`"),
        ("{title: 5}", "content.title", "must be text"),
        ("{title: A, titles: B}", "content.titles", "did you mean `title`?"),
        ("{title: A, points: many}", "content.points", "whole number such as 0; it is text"),
        ("{title: A, points: '12'}", "content.points", "it is text; remove its quotes"),
        ("{title: A, points: 1.5}", "content.points", "whole number such as 0; it is a fraction"),
        ("{title: A, price: {amount: 4.99, currency: EUR}}", "content.price.amount", "whole"),
        ("{title: A, points: '{tier}'}", "content.points", "whole number"),
        ("{title: A, points: '{points'}", "content.points", "whole number"),
        ("{title: A, active: 'yes'}", "content.active", "true or false"),
        ("{title: A, link: 'javascript:alert(1)'}", "content.link", "https://"),
        ("{title: A, link: '//evil.example'}", "content.link", "https://"),
        ("{title: A, link: '/a?b={points}'}", "content.link", "placeholders"),
        ("{title: A, picture: {url: /a.png}}", "content.picture", "`alt` is missing"),
        ("{title: A, price: {amount: -1, currency: EUR}}", "content.price.amount", "between 0"),
        ("{title: A, price: {amount: 1, currency: EURO}}", "content.price.currency", "ISO 4217"),
        ("{title: A, price: '{points}'}", "content.price", "mapping"),
        ("{title: A, badges: [1]}", "content.badges[0]", "must be text"),
        ("{title: A}, translations: {de: {title: 1}}", "translations.de.title", "must be text"),
    ],
)
def test_a_content_of_another_type_is_refused(text: str, path: str, fix: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        typed(text)
    assert refused.value.subject == f"offers[0].{path}"
    assert fix in refused.value.message


@pytest.mark.parametrize(
    ("new", "path", "fix"),
    [
        ("fields: {}, fallback", "banner.fields", "at least one field"),
        ("fields: {title: txt}, fallback", "banner.fields.title", "did you mean `text`?"),
        ("fields: {title: maybe text}, fallback", "banner.fields.title", "`optional`"),
        ("fields: {title: number}, fallback", "banner.fallback.title", "whole number"),
    ],
)
def test_a_mistake_in_declared_fields_is_refused(new: str, path: str, fix: str) -> None:
    text = FILE.replace("        fallback", "        fallback".replace("fallback", new), 1)
    text = text.replace(", fallback", "\n        fallback", 1)
    with pytest.raises(InvalidInput) as refused:
        read_catalogue(text.replace("FIELDS", "content: {title: A}"))
    assert refused.value.subject == f"placements.checkout.slots.{path}"
    assert fix in refused.value.message


SLOTS = """\
placements:
  checkout:
    slots:
      one: {fallback: {title: A}, fields: {title: text, more: optional text}}
      two: {fallback: {title: 1}, fields: {title: number}}
      three: {fallback: {title: A}, fields: {title: text}}
      four: {fallback: {title: A, needed: A}, fields: {title: text, needed: text}}
      five: {fallback: {whatever: 1}}
offers:
  - {id: it, version: 1, slots: SLOTS, priority: 1, content: {title: A}}
"""


@pytest.mark.parametrize(
    ("slots", "fix"),
    [
        ("[checkout.one, checkout.two]", "text in the one and number in the other"),
        ("[checkout.three, checkout.four]", "only some have the field `needed`"),
        ("[checkout.one, checkout.three, checkout.five]", None),
        ("[checkout.five]", None),
    ],
)
def test_an_offer_of_several_slots_has_the_fields_of_all(slots: str, fix: str | None) -> None:
    text = SLOTS.replace("slots: SLOTS", f"slots: {slots}")
    if fix is None:
        read_catalogue(text)
        return
    with pytest.raises(InvalidInput, match=fix) as refused:
        read_catalogue(text)
    assert refused.value.subject == "offers[0].content"


@pytest.mark.parametrize(
    ("fields", "path", "fix"),
    [
        ("content: {title: '{points, plural, one {#}}'}", "content.title", "cannot be read"),
        ("content: {title: '{points, plural, other {#}}'}", "content.title", "without `one`"),
        ("content: {title: '{points, plural, one {#} other {#}'}", "content.title", "cannot be"),
        ("content: {title: '{points, plural, one {#'}", "content.title", "not closed"),
        (
            "content: {title: '{points, plural, one {#} other {{points, plural, other {#}}}}'}",
            "content.title",
            "within a plural",
        ),
        ("content: {title: '{tier, plural, one {#} other {#}}'}", "content.title", "no number"),
        ("content: {title: '{points, number}'}", "content.title", "brace"),
        ("content: {title: 'Hi {Points}, hi'}", "content.title", "`{Points}`; write `{points}`"),
        ("content: {title: 'a } b'}", "content.title", "brace"),
        ("content: {title: A}, translations: {en: {title: A}}", "translations.en", "no language"),
        ("content: {title: A}, translations: {dee: {title: A}}", "translations.dee", "`de`"),
        (
            "content: {title: A}, translations: {de: {titles: A}}",
            "translations.de.titles",
            "`title`",
        ),
        (
            "content: {title: A}, translations: {pl: {title: '{points, plural, other {#}}'}}",
            "translations.pl.title",
            "without `few`, which pl has",
        ),
        (
            "content: {title: '{points, plural, one {#} other {#} one {some}}'}",
            "content.title",
            "two texts for `one`",
        ),
        (
            "content: {title: '{points, plural, =1 {a} =01 {b} one {#} other {#}}'}",
            "content.title",
            "two texts for `=01`",
        ),
        (
            "content: {title: '{points, plural, zero {none} one {#} other {#}}'}",
            "content.title",
            "`zero`, which en does not have, so that its text is never shown: remove it; for 0",
        ),
        (
            """content: {title: A},
       translations: {de: {title: '{points, plural, one {a} few {b} other {c}}'}}""",
            "translations.de.title",
            "`few`, which de does not have",
        ),
        ("goes_with: {skus: []}, content: {title: A}", "goes_with", "at least one"),
    ],
)
def test_a_mistake_in_a_content_is_refused_with_the_fix(fields: str, path: str, fix: str) -> None:
    error = refusal(fields)
    assert error.subject == f"offers[0].{path}"
    assert fix in error.message


@pytest.mark.parametrize(
    "fields",
    [
        "content: {title: '{order_value}'}",
        "content: {title: '{points, plural, one {#} other {#}}'}",
        "content: {title: A}, translations: {de: {title: B}}",
    ],
)
def test_without_languages_there_is_neither_money_nor_plural_nor_translation(fields: str) -> None:
    plain = FILE.replace("languages: [en, de, de-AT, pl]\n", "").replace(
        "        translations: {de: {title: Nichts Besonderes}}\n", ""
    )
    with pytest.raises(InvalidInput, match=r"add `languages: \[en\]`"):
        read_catalogue(plain.replace("FIELDS", fields))
    read_catalogue(plain.replace("FIELDS", "content: {title: A}"))


@pytest.mark.parametrize(
    ("new", "path", "fix"),
    [
        ("[]", "languages", "at least the language"),
        ("[english]", "languages[0]", "tag such as en"),
        ("[en, EN]", "languages[1]", "twice"),
    ],
)
def test_a_mistake_in_the_languages_is_refused(new: str, path: str, fix: str) -> None:
    error = refusal("content: {title: A}", "[en, de, de-AT, pl]", new)
    assert error.subject == path
    assert fix in error.message


def test_free_delivery_is_by_currency() -> None:
    error = refusal("content: {title: A}", "{EUR: 5000", "{eur: 5000")
    assert error.subject == "free_delivery.eur"


def test_norwegian_and_the_nearest_region_are_matched() -> None:
    languages = Languages(("en", "no", "pt-BR"))
    assert [languages.match(tag) for tag in ("no", "pt", "pt-PT", "x", "", 5)] == [
        "no", "pt-BR", "pt-BR", "en", "en", "en",
    ]  # fmt: skip
    assert Languages(("en", "zh-Hant")).match("zh-Hant-u-TW") == "zh-Hant"


@pytest.mark.parametrize(
    ("tags", "matches"),
    [
        ("en no", {"nb-NO": "no", "nb": "no", "nn-NO": "no", "no": "no", "NB_no;q=1": "no"}),
        ("en nb", {"no": "nb", "no-NO": "nb", "nn": "nb", "nb-NO": "nb"}),
        ("en nb nn", {"no": "nb", "nn-NO": "nn"}),
        ("en zh-TW zh-CN", {"zh-HK": "zh-TW", "zh-SG": "zh-CN", "zh-Hans": "zh-CN", "zh": "zh-TW"}),
        ("en zh-Hans zh-Hant", {"zh-TW": "zh-Hant", "zh-CN": "zh-Hans", "zh-u-x": "zh-Hans"}),
        ("en sr-Cyrl sr-Latn", {"sr-ME": "sr-Latn", "sr-RS": "sr-Cyrl", "sr": "sr-Cyrl"}),
        ("en he id", {"iw": "he", "iw-IL": "he", "in": "id"}),
        ("en-GB en-US", {"en-AU": "en-GB", "en": "en-GB", "en-US": "en-US"}),
        ("en de de-AT", {"de-CH": "de", "de-at": "de-AT", "de-AT-1996": "de-AT", "den": "en"}),
    ],
)
def test_a_language_is_found_by_whatever_name_browsers_send(
    tags: str, matches: dict[str, str]
) -> None:
    languages = Languages(tuple(tags.split()))
    assert {asked: languages.match(asked) for asked in matches} == matches


def test_what_stands_in_for_a_language_is_of_its_script_if_it_can_be() -> None:
    languages = Languages(("en", "zh-Hans", "zh-Hant", "zh-HK", "no", "nb"))
    assert languages.chain("zh-HK") == ["zh-HK", "zh-Hant", "zh-Hans", "en"]
    assert languages.chain("nb") == ["nb", "no", "en"]


@given(st.text())
def test_a_value_of_a_shopper_is_printable_and_bounded(value: str) -> None:
    found = bounded(value)
    if found is not None:
        assert 0 < len(found) <= 100
        assert re.sub("[\u200c\u200d]", "", found).isprintable()
        assert bounded(found) == found


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Wasser\N{SOFT HYPHEN}kocher", "Wasserkocher"),
        ("\N{ZERO WIDTH NO-BREAK SPACE}Lea\N{ZERO WIDTH SPACE}", "Lea"),
        ("a\N{RIGHT-TO-LEFT OVERRIDE}b", "ab"),
        ("می\N{ZERO WIDTH NON-JOINER}خواهم", "می\N{ZERO WIDTH NON-JOINER}خواهم"),
        ("👩\N{ZERO WIDTH JOINER}👧", "👩\N{ZERO WIDTH JOINER}👧"),
        ("one\r\ntwo\N{NO-BREAK SPACE}three", "one two three"),
        ("\N{ZERO WIDTH JOINER}", None),
        ("\N{SOFT HYPHEN}", None),
    ],
)
def test_characters_without_a_form_of_their_own_part_no_words(
    value: str, expected: str | None
) -> None:
    assert bounded(value) == expected


def test_what_is_no_text_has_no_value() -> None:
    assert bounded(5) is None
    assert bounded(" \n ") is None


def test_a_value_that_looks_like_a_variable_or_markup_stays_as_it_is() -> None:
    """The page escapes it: what a block shows is text."""
    assert title("Hello {first_name}", {}, loyal(0, first_name="{points} <b>&")) == (
        "Hello {points} <b>&"
    )


messages = st.text(alphabet="{}#ab, =01plural one other", max_size=40)


@given(messages)
def test_any_text_is_a_message_or_refused(text: str) -> None:
    try:
        message = parse_message(text)
    except MessageError:
        return
    values: dict[str, Any] = dict.fromkeys(message.names(), 1)
    assert message.show(values, "en") is not None


def test_money_is_shown_in_major_units_of_its_currency() -> None:
    assert Money(4_800, "JPY").show("en") == "¥4,800"
    assert Money(4_800, "KWD").show("en").endswith("4.800")


def test_the_catalogue_of_the_page_is_read_and_speaks_its_languages() -> None:
    page = (Path(__file__).parents[3] / "docs" / "howto" / "offers.md").read_text()
    text = page.partition("## Writing a catalogue")[2].split("```yaml\n")[1].split("```")[0]
    catalogue = read_catalogue(text)
    context = {**CART, "country": "AT", "language": "de-AT", "currency": "EUR"}
    now = parse_instant("2026-12-06T19:00:00+01:00")
    request = DecisionRequest("checkout", context=context)
    decision = decide(request, loyal(1_325), catalogue, now, "d-1")
    titles = {
        name: [block.content["title"] for block in blocks]
        for name, blocks in decision.slots.items()
    }
    assert [title.replace("\N{NO-BREAK SPACE}", ".") for title in titles["summary"]] == [
        "Nur mehr 2 da", "1.325 Punkte",
    ]  # fmt: skip
    assert titles["discount"] == ["Ten percent off this evening"]
    later = decide(request, loyal(1_325), catalogue, now + 6 * HOUR, "d-1")
    assert later.slots["discount"][0].content == {"title": "Kostenlose Rückgabe"}


def test_every_variable_says_what_it_is() -> None:
    assert {name for name, each in VARIABLES.items() if each.is_personal} == {
        "points", "points_pending", "tier", "next_tier", "points_to_next_tier", "points_with_order",
        "tier_with_order", "first_name",
    }  # fmt: skip
    assert all(each.meaning for each in VARIABLES.values())


@pytest.mark.parametrize("language", [None, "de-AT", "fr"])
def test_fallback_blocks_by_placement_are_those_of_a_decision_without_data(
    language: str | None,
) -> None:
    catalogue = read_catalogue(FILE.replace("FIELDS", "content: {title: Hello}"))
    request = DecisionRequest("checkout", context={"language": language} if language else {})
    blocks = fall_back(request, catalogue, 0, "d-1", "overloaded").slots
    listed = fallback_blocks(catalogue, language)
    assert listed.keys() == {"checkout"}
    assert {slot: (block,) for slot, block in listed["checkout"].items()} == blocks
