"""Terms over the data of single events: counts, sums and the like, of those in a window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from rules.facts import Fact
from rules.fields import whole_or_none
from rules.language.arithmetic import exact
from rules.language.conditions import Condition
from rules.language.curves import Combined, Curve, Trend
from rules.language.data import Asked, Element, Field, Happened, SinceLast, where_words
from rules.language.reads import Reads
from rules.language.terms import Kind, Term, Until
from rules.language.windows import ALWAYS, Window
from rules.summary.summary import Summary
from rules.vocabularies import event_terms
from rules.vocabularies.tallies import Distinct, End, Extreme, Sliding, Tally, Total

Where = Condition[Element] | None


def matching(summary: Summary, event: str, where: Where) -> list[Fact]:
    """The events of a type whose data fulfils the condition; later than now ones among them."""
    facts = summary.facts.events(event)
    if where is None:
        return list(facts)
    return [fact for fact in facts if where.evaluate(Element.of(fact.data), 0)[0]]


def reads_facts(event: str, window: Window = ALWAYS) -> Reads:
    """What a term over the data of events in a window reads."""
    return Reads(facts={event: window.depth})


def _numbers(of: Field) -> Callable[[Fact], list[Any]]:
    def values(fact: Fact) -> list[Any]:
        read = whole_or_none if of.currency else exact
        return [number for each in of.values(fact.data) if (number := read(each)) is not None]

    return values


def _aggregate(
    asked: Asked,
    kind: Kind,
    words: str,
    tally: Callable[[], Tally],
    values: Callable[[Fact], Sequence[Any]],
    *,
    whole: bool = False,
    missable: bool = True,
) -> Term[Summary]:
    def curve(summary: Summary, _now: int) -> Curve:
        facts = matching(summary, asked.event, asked.where)
        instants = [fact.at for fact in facts]
        return Sliding(instants, [values(fact) for fact in facts], asked.window, tally())

    return Term(
        kind,
        f"{words}{where_words(asked.where)}{asked.window.words}",
        lambda summary, now: curve(summary, now).value(now),
        currency="" if asked.of is None else asked.of.currency,
        curve=curve,
        whole=whole,
        missable=missable,
        range=(0, None) if kind is Kind.NUMBER and whole else None,
        reads=reads_facts(asked.event, asked.window),
        meaning=asked,
    )


def count(event: str, where: Where = None, window: Window = ALWAYS) -> Term[Summary]:
    """How often it happened."""
    if where is None and window.is_plain:
        return event_terms.count(event, window.oldest)
    return _aggregate(
        Asked("count", event, None, where, window),
        Kind.NUMBER,
        f"the number of {event} events",
        lambda: Total(lambda tally: tally.events),
        lambda _fact: (),
        whole=True,
        missable=False,
    )


def _over(
    function: str, words: str, tally: Callable[[], Tally], missable: bool
) -> Callable[..., Term[Summary]]:
    """A function over the numbers of a field."""

    def make(event: str, of: Field, where: Where = None, window: Window = ALWAYS) -> Term[Summary]:
        return _aggregate(
            Asked(function, event, of, where, window),
            Kind.MONEY if of.currency else Kind.NUMBER,
            f"{words} {of.words} over {event} events",
            tally,
            _numbers(of),
            whole=bool(of.currency) and function != "average",
            missable=missable,
        )

    return make


sum_of = _over("sum", "the sum of", lambda: Total(lambda tally: tally.total), missable=False)
average = _over(
    "average",
    "the average",
    lambda: Total(lambda tally: Fraction(tally.total, tally.number) if tally.number else None),
    missable=True,
)
least = _over("min", "the smallest", lambda: Extreme(min), missable=True)
largest = _over("max", "the largest", lambda: Extreme(max), missable=True)


def distinct(event: str, of: Field, where: Where = None, window: Window = ALWAYS) -> Term[Summary]:
    """How many different values a field has; objects and lists are none."""

    def values(fact: Fact) -> list[Any]:
        return [
            (isinstance(value, bool), isinstance(value, str), value)
            for value in of.values(fact.data)
            if isinstance(value, str | int | float)
        ]

    return _aggregate(
        Asked("distinct", event, of, where, window),
        Kind.NUMBER,
        f"the number of different values of {of.words} in {event} events",
        Distinct,
        values,
        whole=True,
        missable=False,
    )


def _end(
    function: str, place: int, plain: Callable[[str], Term[Summary]]
) -> Callable[..., Term[Summary]]:
    """When the first or last event happened, or what one of its fields says."""

    def make(
        event: str, of: Field | None = None, where: Where = None, window: Window = ALWAYS
    ) -> Term[Summary]:
        if of is None and where is None and window == ALWAYS:
            return plain(event)
        kind = Kind.INSTANT
        values: Callable[[Fact], Sequence[Any]] = _instant
        words = f"the {function} {event}"
        if of is not None:
            kind = Kind.MONEY if of.currency else Kind.FIELD
            values = _numbers(of) if of.currency else _plain(of)
            words = f"{of.words} of {words}"
        asked = Asked(function, event, of, where, window)
        return _aggregate(asked, kind, words, lambda: End(place), values, whole=True)

    return make


def _instant(fact: Fact) -> Sequence[Any]:
    return (fact.at,)


def _plain(of: Field) -> Callable[[Fact], Sequence[Any]]:
    return lambda fact: list(of.values(fact.data))


first = _end("first", 0, event_terms.first)
last = _end("last", -1, event_terms.last)


def exists(event: str, where: Where = None, window: Window = ALWAYS) -> Term[Summary]:
    """Whether it happened."""
    return _any(event, where, window, happened=True)


def never(event: str, where: Where = None, window: Window = ALWAYS) -> Term[Summary]:
    """Whether it did not happen."""
    if where is None and window == ALWAYS:
        return event_terms.never(event)
    return _any(event, where, window, happened=False)


def _any(event: str, where: Where, window: Window, happened: bool) -> Term[Summary]:
    number = count(event, where, window)
    words = f"at least one {event} event" if happened else f"no {event} event"
    ever = " ever" if window == ALWAYS else ""

    def verdict(count: int) -> bool:
        return (count > 0) is happened

    return Term(
        Kind.TRUTH,
        f"{words}{where_words(where)}{window.words or ever}",
        lambda summary, now: verdict(number.read(summary, now)),
        number.step,
        curve=None
        if number.curve is None
        else lambda summary, now: Combined(verdict, (number.at(summary, now),)),
        until=_until(number.until, verdict),
        coming=number.coming,
        missable=False,
        reads=number.reads,
        meaning=Happened(number.meaning, happened),
    )


def _until(number: Until | None, verdict: Callable[[int], bool]) -> Until | None:
    """The turn of a verdict on a number, which depends on whether it is zero."""
    if number is None:
        return None
    turn = number
    return lambda summary, now, holds, _bounds: turn(
        summary, now, lambda count: holds(verdict(count)), (0,)
    )


def since_last(event: str, where: Where = None) -> Term[Summary]:
    """How long ago it last happened."""
    if where is None:
        return event_terms.since_last(event)
    newest = last(event, where=where)

    def curve(summary: Summary, now: int) -> Curve:
        return _Since(newest.at(summary, now))

    return Term(
        Kind.DURATION,
        f"the time since the last {event}{where_words(where)}",
        lambda summary, now: curve(summary, now).value(now),
        curve=curve,
        trend=Trend.LINEAR,
        reads=newest.reads,
        meaning=SinceLast(newest.meaning),
    )


@dataclass(frozen=True, slots=True)
class _Since:
    """The time since the instant that another curve gives."""

    newest: Curve

    def value(self, at: int) -> int | None:
        last = self.newest.value(at)
        return None if last is None else at - last

    def next(self, at: int) -> int | None:
        return self.newest.next(at)
