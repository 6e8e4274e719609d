from __future__ import annotations

from typing import Any

import pytest

from chassis import DAY
from rules import (
    ELIGIBILITY_VOCABULARY,
    EMPTY_FACTS,
    SEGMENT_VOCABULARY,
    Fact,
    ListedFacts,
    Reads,
    Rule,
    RuleError,
    Summary,
    Vocabulary,
    compile_rule,
)
from rules.language.reads import union


def names(*words: str) -> frozenset[str]:
    return frozenset(words)


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ('count("a", within="1d") > 1', Reads(event_types=names("a"))),
        ('count("a") > 1 or not never("b")', Reads(event_types=names("a", "b"))),
        ('first("a") < last("b")', Reads(event_types=names("a", "b"))),
        ('since_last("a") > "1d"', Reads(event_types=names("a"))),
        ("orders() > 1", Reads(orders=True)),
        ('revenue("USD") > 1 and bought("music")', Reads(orders=True)),
        ('cart_items() > 1 or cart_value("USD") > 1', Reads(cart=True)),
        ("loyalty_points() > 1", Reads(points=True)),
        ('traits.address.city in ["Riga"] or traits.vip', Reads(traits=names("address", "vip"))),
        ('traits.city == None or "a" in traits.tags', Reads(traits=names("city", "tags"))),
        ('has_consent(" Email")', Reads(consent=names("email"))),
        ("True", Reads()),
    ],
)
def test_a_rule_says_what_it_reads(text: str, reads: Reads) -> None:
    assert compile_rule(text, SEGMENT_VOCABULARY).reads == reads


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ('"a" in segments and "b" not in segments', Reads(segments=names("a", "b"))),
        (
            "traits.a.b == 1 or loyalty_points() > 1",
            Reads(traits=names("a"), points=True, trait_paths=frozenset({("a", "b")})),
        ),
        ('has_consent("Email") and context.device == "mobile"', Reads(consent=names("email"))),
    ],
)
def test_the_rule_of_an_offer_says_what_it_reads(text: str, reads: Reads) -> None:
    words: Vocabulary[Any] = ELIGIBILITY_VOCABULARY
    assert compile_rule(text, words).reads == reads


def test_of_two_windows_over_the_data_of_events_the_longer_is_read() -> None:
    windows: list[dict[str, int | None]] = [{"a": 5, "b": 1}, {"a": 7}, {"b": None}, {"b": 3}]
    assert union(Reads(facts=window) for window in windows).facts == {"a": 7, "b": None}


def test_facts_are_listed_by_type_in_their_order() -> None:
    events = [Fact(2, "c", {}), Fact(1, "b", {}), Fact(1, "a", {})]
    facts = ListedFacts.of([*(("x", event) for event in events), ("y", Fact(5, "d", None))])
    assert [event.id for event in facts.events("x")] == ["a", "b", "c"]
    assert [event.id for event in facts.events("y")] == ["d"]
    assert (facts.events("z"), EMPTY_FACTS.events("x")) == ((), ())


def test_a_summary_has_no_facts_until_it_is_given_some() -> None:
    assert Summary().facts is EMPTY_FACTS


@pytest.mark.parametrize("name", SEGMENT_VOCABULARY.functions)
def test_every_function_says_what_it_reads(name: str) -> None:
    example = SEGMENT_VOCABULARY.functions[name].example
    bounds = ["", " > 1", ' > "1d"', ' > "2026-11-21T00:00:00Z"', ' > "2026-11-21"']
    reads = [rule.reads for bound in bounds if (rule := compiled_or_none(example + bound))]
    assert reads
    assert Reads() not in reads


def compiled_or_none(text: str) -> Rule[Summary] | None:
    try:
        return compile_rule(text, SEGMENT_VOCABULARY)
    except RuleError:
        return None


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ('count("a", where=x == 1, within="1d") > 1', {"a": DAY}),
        ('exists("a", where=x == 1) or sum("b", x, within="1d") > 1', {"a": None, "b": DAY}),
        (
            'then("a", event("b", where=x == 1), within="1d", during="2d")',
            {"a": 3 * DAY, "b": 3 * DAY},
        ),
        ('then_not("a", "b", within="1d")', {"a": None, "b": None}),
        ('count("a", since="2026-11-21") > 1', {"a": None}),
        ('count("a", between=("9d", "2d")) > 1', {"a": 9 * DAY}),
    ],
)
def test_a_rule_says_how_far_back_it_reads_the_data_of_events(
    text: str, facts: dict[str, int | None]
) -> None:
    assert compile_rule(text, SEGMENT_VOCABULARY).reads == Reads(facts=facts)


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ('"a" in segments', Reads(segments=names("a"))),
        ("alive() < 0.5", Reads(orders=True, values=names("alive"))),
        ('percentile("clv") > 75', Reads(orders=True, values=names("clv"))),
        ('birthday(within="7d")', Reads(traits=names("birthday"))),
        ('orders() / count("a") > traits.x', Reads(frozenset({"a"}), True, traits=names("x"))),
        ("hour > 8", Reads()),
    ],
)
def test_a_rule_says_what_it_reads_beside_events(text: str, reads: Reads) -> None:
    assert compile_rule(text, SEGMENT_VOCABULARY).reads == reads


@pytest.mark.parametrize(
    ("more", "is_included"),
    [
        ("traits.a.b == 1 and traits.a.b.c == 2", True),
        ('"s" in segments or not has_consent("email")', True),
        ("traits.a == 1", False),
        ("traits.a.c == 1", False),
        ('"t" in segments', False),
        ('has_consent("sms")', False),
        ("loyalty_points() > 1", False),
    ],
)
def test_what_a_rule_has_read_is_known_for_another_that_reads_no_more(
    more: str, is_included: bool
) -> None:
    words: Vocabulary[Any] = ELIGIBILITY_VOCABULARY
    known = compile_rule('traits.a.b == 1 or "s" in segments and has_consent("email")', words)
    assert known.reads.includes(compile_rule(more, words).reads) is is_included
