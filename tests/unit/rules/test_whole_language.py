"""The evaluator against an oracle that looks at everything anew at each instant."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chassis import DAY, HOUR
from rules import SEGMENT_VOCABULARY, Rule, ShopContext, Summary, compile_rule, decider
from tests.unit.rules import oracle
from tests.unit.rules.oracle import START, History, Meaning


def compiled(meaning: Meaning, history: History) -> Rule[Summary]:
    return compile_rule(meaning.text, SEGMENT_VOCABULARY, ShopContext(history.zone))


def corners(history: History, begin: int, end: int) -> list[int]:
    """Instants at which something may turn: beside events and windows, and each local hour."""
    lasting = (0, HOUR, DAY, 2 * DAY, 3 * DAY)
    turns = {event.at + plus for event in history.events for plus in lasting}
    first = begin - begin % HOUR
    turns |= {first + half * HOUR // 2 for half in range(2 * 24 * 7)}
    return sorted({turn + edge for turn in turns for edge in (-1, 0) if begin <= turn + edge < end})


@given(oracle.rules, oracle.histories(), oracle.instants, st.data())
def test_a_rule_holds_as_the_oracle_says_until_the_instant_that_it_names(
    meaning: Meaning, history: History, now: int, data: st.DataObject
) -> None:
    rule, summary = compiled(meaning, history), history.summary()
    value, changes_at = rule.evaluate(summary, now)
    assert value is meaning.at(history, now)
    assert rule.explain(summary, now).value is value
    assert decider(rule)(summary, now, {}) is value
    end = START + 400 * DAY if changes_at is None else changes_at
    assert end > now
    between = corners(history, now, end)
    if len(between) > 20:
        between = data.draw(st.randoms(use_true_random=False)).sample(between, 20)
    for instant in {*between, end - 1}:
        assert meaning.at(history, instant) is value, instant
    if changes_at is not None:
        after = rule.evaluate(summary, changes_at).value
        assert after is meaning.at(history, changes_at)


@given(oracle.tests, oracle.histories(), oracle.instants)
def test_one_comparison_turns_at_the_instant_that_it_names(
    meaning: Meaning, history: History, now: int
) -> None:
    value, changes_at = compiled(meaning, history).evaluate(history.summary(), now)
    if changes_at is not None:
        given_up = changes_at > now + 30 * DAY and ("hour" in meaning.text or "day" in meaning.text)
        assert given_up or meaning.at(history, changes_at) is not value
