"""Random rules of the whole language, each with what it means, worked out in the plainest way.

`Meaning.at(history, now)` looks at every event for each question and keeps nothing: it shares no
code with the evaluator but the standing orders of a summary.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from chassis import DAY, HOUR
from chassis.core.instants import parse_instant
from rules import Fact, ListedFacts, Summary
from tests.support.oracle import LoggedEvent
from tests.unit.rules.shoppers import ShopperEvent, fold

START = parse_instant("2026-10-24T22:30:00Z")  # clocks in Riga go back at 01:00 of the next day
ZONES = [UTC, *map(ZoneInfo, ("Europe/Riga", "Australia/Lord_Howe", "America/St_Johns"))]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TYPES = ["viewed", "carted", "ordered"]


class History(NamedTuple):
    """Events in any order, the zone, and the other segments that the shopper is in.

    `defined` are other segments by their meaning, and `logged` the events as a log has them, for
    what is asked of orders, carts, loyalty and consent. `model` has the parameters of what values
    are computed with. `upright` is for a member by the rule that is asked: whether the part that is
    asked makes the whole true, or denies it; None for who is no member.
    """

    events: Sequence[ShopperEvent]
    zone: Any = UTC
    segments: frozenset[str] = frozenset()
    defined: Mapping[str, Meaning] = {}
    logged: Sequence[LoggedEvent] = ()
    model: Any = None
    upright: bool | None = None

    def summary(self) -> Summary:
        """What the evaluator reads."""
        summary = fold(self.events)
        summary.facts = ListedFacts.of(
            (event.type, Fact(event.at, event.id, event.data)) for event in self.events
        )
        summary.memberships = dict.fromkeys(self.segments, (True, None))
        return summary

    def upto(self, event_type: str, now: int) -> list[ShopperEvent]:
        """The events of a type up to now, in their order."""
        events = [each for each in self.events if each.type == event_type and each.at <= now]
        return sorted(events, key=lambda event: (event.at, event.id))

    def is_in(self, segment: str, now: int) -> bool:
        """Whether the shopper is in another segment."""
        meaning, plain = self.defined.get(segment), self._replace(upright=None)
        return segment in self.segments or (meaning is not None and meaning.at(plain, now))

    def denied(self) -> History:
        """For a part whose opposite is asked for."""
        return self._replace(upright=None if self.upright is None else not self.upright)

    def clock(self, now: int) -> datetime:
        """The time in the zone."""
        return _clock(self.zone, now)


@lru_cache(maxsize=10_000)
def _clock(zone: Any, now: int) -> datetime:
    return (EPOCH + timedelta(microseconds=now)).astimezone(zone)


class Meaning(NamedTuple):
    """The text of a part of a rule, and its value by a history at an instant."""

    text: str
    at: Callable[[History, int], Any]


class Predicate(NamedTuple):
    """The text of a condition on data, and whether data fulfils it; a currency is from around."""

    text: str
    holds: Callable[[Any, str | None], bool]


def is_number(value: Any) -> bool:
    return isinstance(value, int | float | Fraction) and not isinstance(value, bool)


def exact(value: Any) -> Any:
    return Fraction(str(value)) if isinstance(value, float) else value


def compare(sign: str, left: Any, right: Any) -> bool:
    """As the page of the language says: nothing equals what is missing or of another kind."""
    if sign == "!=":
        return not compare("==", left, right)
    both = is_number(left) and is_number(right)
    if sign == "==":
        alike = both or (left is not None and type(left) is type(right))
        return alike and bool(left == right)
    signs = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
    return both and bool(signs[sign](exact(left), exact(right)))


signs = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
orderings = st.sampled_from(["<", "<=", ">", ">="])
categories = st.sampled_from(["running", "music"])


# Conditions on the data of events.


def _equals(name: str, sign: str, value: str) -> Predicate:
    return Predicate(
        f'{name} {sign} "{value}"',
        lambda data, _: compare(sign, _get(data, *name.split(".")), value),
    )


def _get(data: Any, *path: str) -> Any:
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def _amount_of(data: Any, around: str | None, currency: str) -> Any:
    price = _get(data, "price")
    named = _get(data, "currency") or around
    return price if type(price) is int and named == currency else None


def _priced(sign: str, cents: int) -> Predicate:
    return Predicate(
        f'amount(price, "USD") {sign} {cents // 100}.{cents % 100:02}',
        lambda data, around: compare(sign, _amount_of(data, around, "USD"), cents),
    )


def _quantified(word: str, inner: Predicate) -> Predicate:
    def holds(data: Any, around: str | None) -> bool:
        lines = _get(data, "products")
        lines = [line for line in lines if isinstance(line, dict)] if type(lines) is list else []
        currency = _get(data, "currency") or around
        verdicts = [inner.holds(line, _get(line, "currency") or currency) for line in lines]
        return any(verdicts) if word == "any" else all(verdicts)

    return Predicate(f"{word}(products, {inner.text})", holds)


def _joined(word: str, one: Predicate, other: Predicate) -> Predicate:
    if word == "not":
        return Predicate(f"not ({one.text})", lambda data, around: not one.holds(data, around))
    both = {"and": all, "or": any}[word]
    return Predicate(
        f"({one.text} {word} {other.text})",
        lambda data, around: both([one.holds(data, around), other.holds(data, around)]),
    )


simple_predicates = st.one_of(
    st.builds(
        _equals,
        st.sampled_from(["category", "shop.city"]),
        st.sampled_from(["==", "!="]),
        categories,
    ),
    st.builds(
        lambda sign, number: Predicate(
            f"quantity {sign} {number}",
            lambda data, _: compare(sign, _get(data, "quantity"), number),
        ),
        signs,
        st.integers(0, 3),
    ),
    st.just(Predicate("gift", lambda data, _: _get(data, "gift") is True)),
    st.just(Predicate("quantity == None", lambda data, _: _get(data, "quantity") is None)),
    st.builds(_priced, signs, st.sampled_from([0, 99, 100, 5_000])),
)
predicates = st.recursive(
    simple_predicates | st.builds(_quantified, st.sampled_from(["any", "all"]), simple_predicates),
    lambda inner: st.builds(_joined, st.sampled_from(["and", "or", "not"]), inner, inner),
    max_leaves=3,
)


class EventSelection(NamedTuple):
    """Which events are asked about: options of a function, and whether an event counts."""

    options: str
    counts: Callable[[History, ShopperEvent, int], bool]


@lru_cache
def _beginning(zone: Any, text: str) -> int:
    """The first instant of a date, by looking at each half hour around it."""
    day = datetime.fromisoformat(text)
    utc = (day.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
    half_hours = range(utc - DAY, utc + DAY, HOUR // 2)
    return next(at for at in half_hours if _clock(zone, at).date() >= day.date())


def _day(history: History, text: str) -> int:
    return _beginning(history.zone, text)


def _window(kind: str) -> EventSelection:
    if kind == "within":
        return EventSelection(
            ', within="2d"', lambda _, event, now: now - 2 * DAY < event.at <= now
        )
    if kind == "since":
        return EventSelection(
            ', since="2026-10-25"',
            lambda history, event, now: _day(history, "2026-10-25") <= event.at <= now,
        )
    if kind == "days":
        return EventSelection(
            ', between=("2026-10-24", "2026-10-25")',
            lambda history, event, now: (
                _day(history, "2026-10-24") <= event.at < _day(history, "2026-10-26")
                and event.at <= now
            ),
        )
    if kind == "ago":
        return EventSelection(
            ', between=("2d", "1h")', lambda _, event, now: now - 2 * DAY < event.at <= now - HOUR
        )
    return EventSelection("", lambda _, event, now: event.at <= now)


windows = st.sampled_from(["", "within", "since", "days", "ago"]).map(_window)


def _where(window: EventSelection, predicate: Predicate | None) -> EventSelection:
    if predicate is None:
        return window
    return EventSelection(
        f"{window.options}, where={predicate.text}",
        lambda history, event, now: (
            window.counts(history, event, now)
            and predicate.holds(event.data, _get(event.data, "currency"))
        ),
    )


choices = st.builds(_where, windows, st.none() | predicates)


def chosen(
    history: History, event_type: str, choice: EventSelection, now: int
) -> list[ShopperEvent]:
    events = [each for each in history.events if each.type == event_type]
    events = [each for each in events if choice.counts(history, each, now)]
    return sorted(events, key=lambda event: (event.at, event.id))


# Numbers.


def _count(event_type: str, choice: EventSelection) -> Meaning:
    return Meaning(
        f'count("{event_type}"{choice.options})',
        lambda history, now: len(chosen(history, event_type, choice, now)),
    )


def _values(data: Any) -> list[Any]:
    lines = _get(data, "products")
    lines = lines if type(lines) is list else [lines]
    return [_get(line, "quantity") for line in lines]


def _quantities(data: Any) -> list[Any]:
    values = _values(data)
    return [Fraction(str(value)) for value in values if is_number(value)]


def _aggregate(name: str, event_type: str, choice: EventSelection) -> Meaning:
    def at(history: History, now: int) -> Any:
        events = chosen(history, event_type, choice, now)
        numbers = [number for event in events for number in _quantities(event.data)]
        match name:
            case "sum":
                return sum(numbers)
            case "average":
                return sum(numbers) / len(numbers) if numbers else None
            case "min":
                return min(numbers, default=None)
            case "max":
                return max(numbers, default=None)
            case _:
                values = [value for event in events for value in _values(event.data)]
                kinds = (str, bool) if name == "distinct" else ()
                others = {(type(value), value) for value in values if type(value) in kinds}
                return len(others) + len(set(numbers))

    return Meaning(f'{name}("{event_type}", products.quantity{choice.options})', at)


def _calculated(sign: str, one: Meaning, other: Meaning) -> Meaning:
    def at(history: History, now: int) -> Any:
        left, right = exact(one.at(history, now)), exact(other.at(history, now))
        if not is_number(left) or not is_number(right) or (sign == "/" and right == 0):
            return None
        signs = {"+": operator.add, "-": operator.sub, "*": operator.mul}
        return signs[sign](left, right) if sign in signs else Fraction(left) / Fraction(right)

    return Meaning(f"({one.text} {sign} {other.text})", at)


def _days_left(history: History, now: int) -> int | None:
    day = _trait(history, "renewal", now)
    try:
        renewal = date.fromisoformat(day)
    except (TypeError, ValueError):
        return None
    return (renewal - history.clock(now).date()).days


def _trait(history: History, name: str, now: int) -> Any:
    values = [
        event.data["traits"][name]
        for event in history.upto("traits_changed", now)
        if name in event.data["traits"]
    ]
    return values[-1] if values else None


aggregates = st.builds(
    _aggregate,
    st.sampled_from(["sum", "average", "min", "max", "distinct"]),
    st.sampled_from(TYPES),
    choices,
)
numbers = st.one_of(
    st.builds(_count, st.sampled_from(TYPES), choices),
    aggregates,
    st.just(Meaning("traits.age", lambda history, now: _trait(history, "age", now))),
    st.just(Meaning("hour", lambda history, now: history.clock(now).hour)),
    st.just(Meaning("(day - 24)", lambda history, now: history.clock(now).day - 24)),
)
calculations = st.builds(_calculated, st.sampled_from("+-*/"), numbers, numbers)


def _literal(value: Fraction) -> str:
    return str(int(value)) if value.denominator == 1 else str(float(value))


def _tested(term: Meaning, sign: str, bound: int) -> Meaning:
    return Meaning(
        f"{term.text} {sign} {bound}",
        lambda history, now: compare(sign, term.at(history, now), bound),
    )


def _paired(one: Meaning, sign: str, other: Meaning) -> Meaning:
    return Meaning(
        f"{one.text} {sign} {other.text}",
        lambda history, now: compare(
            sign, exact(one.at(history, now)), exact(other.at(history, now))
        ),
    )


number_tests = st.one_of(
    st.builds(_tested, numbers | calculations, signs, st.integers(0, 3)),
    st.builds(_paired, numbers | calculations, signs, calculations),
    st.builds(
        _tested,
        st.just(Meaning("days_until(traits.renewal)", _days_left)),
        signs,
        st.integers(-1, 3),
    ),
)


# Times since, sequences, dates and segments.


def _since(event_type: str, choice: EventSelection) -> Meaning:
    def at(history: History, now: int) -> int | None:
        events = chosen(history, event_type, choice, now)
        return now - events[-1].at if events else None

    where = choice.options.removeprefix(", ")
    return Meaning(f'since_last("{event_type}"{f", {where}" if where else ""})', at)


sinces = st.builds(
    _since,
    st.sampled_from(TYPES),
    st.builds(_where, st.just(_window("")), st.none() | predicates),
)
DURATIONS = {"1h": HOUR, "1d": DAY, "2d": 2 * DAY}


def _since_test(term: Meaning, sign: str, duration: str) -> Meaning:
    return Meaning(
        f'{term.text} {sign} "{duration}"',
        lambda history, now: compare(sign, term.at(history, now), DURATIONS[duration]),
    )


def _shifted(one: Meaning, factor: int, sign: str, other: Meaning) -> Meaning:
    def at(history: History, now: int) -> bool:
        left, right = one.at(history, now), other.at(history, now)
        return left is not None and compare(sign, left * factor - DAY, right)

    return Meaning(f'{one.text} * {factor} - "1d" {sign} {other.text}', at)


def _then(types: list[str], within: str, during: str) -> Meaning:
    def ends(history: History, upto: int) -> list[int]:
        """When a chain of events that is within the time ended, by trying all of them."""
        chains: list[list[ShopperEvent]] = [[]]
        for event_type in types:
            chains = [
                [*chain, event]
                for chain in chains
                for event in history.upto(event_type, upto)
                if all(
                    event.at > before.at if before.type == event.type else event.at >= before.at
                    for before in chain
                )
            ]
        limit = DURATIONS[within]
        return [chain[-1].at for chain in chains if chain[-1].at - chain[0].at < limit]

    def at(history: History, now: int) -> bool:
        return any(not during or end > now - DURATIONS[during] for end in ends(history, now))

    steps = ", ".join(f'"{each}"' for each in types)
    option = f', during="{during}"' if during else ""
    return Meaning(f'then({steps}, within="{within}"{option})', at)


def _then_not(one: str, other: str, within: str) -> Meaning:
    def at(history: History, now: int) -> bool:
        begins = history.upto(one, now)
        if not begins or now < (due := begins[-1].at + DURATIONS[within]):
            return False
        return not any(
            begins[-1].at <= event.at < due and (one != other or event.at > begins[-1].at)
            for event in history.upto(other, now)
        )

    return Meaning(f'then_not("{one}", "{other}", within="{within}")', at)


def _birthday(days: int) -> Meaning:
    def at(history: History, now: int) -> bool:
        try:
            born = date.fromisoformat(_trait(history, "birthday", now))
        except (TypeError, ValueError):
            return False
        today = history.clock(now).date()
        for ahead in range(days):
            day = today + timedelta(days=ahead)
            leap = (born.month, born.day) == (2, 29) and not _is_leap(day.year)
            if (day.month, day.day) == ((2, 28) if leap else (born.month, born.day)):
                return True
        return False

    return Meaning(f'birthday(within="{days}d")', at)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


WEEKDAYS = ["monday", "saturday", "sunday"]
_NAMES = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
tests = st.one_of(
    number_tests,
    st.builds(_since_test, sinces, orderings, st.sampled_from([*DURATIONS])),
    st.builds(_shifted, sinces, st.integers(1, 2), orderings, sinces),
    st.builds(
        _then,
        st.lists(st.sampled_from(TYPES), min_size=2, max_size=3),
        st.sampled_from([*DURATIONS]),
        st.sampled_from(["", "1d"]),
    ),
    st.builds(
        _then_not, st.sampled_from(TYPES), st.sampled_from(TYPES), st.sampled_from([*DURATIONS])
    ),
    st.builds(_birthday, st.integers(1, 4)),
    st.builds(
        lambda sign, day: Meaning(
            f'today {sign} "{day}"',
            lambda history, now: compare(
                sign, history.clock(now).toordinal(), date.fromisoformat(day).toordinal()
            ),
        ),
        signs,
        st.sampled_from(["2026-10-25", "2026-10-26"]),
    ),
    st.builds(
        lambda days: Meaning(
            f"weekday in {days}".replace("'", '"'),
            lambda history, now: _NAMES[history.clock(now).weekday()] in days,
        ),
        st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=2),
    ),
    st.just(Meaning('"vip" in segments', lambda history, now: history.is_in("vip", now))),
    st.builds(
        lambda event_type, choice, word: Meaning(
            f'{word}("{event_type}"{choice.options})',
            lambda history, now: (
                bool(chosen(history, event_type, choice, now)) is (word == "exists")
            ),
        ),
        st.sampled_from(TYPES),
        choices,
        st.sampled_from(["exists", "never"]),
    ),
)


def _combined(word: str, one: Meaning, other: Meaning) -> Meaning:
    if word == "not":
        return Meaning(f"not ({one.text})", lambda history, now: not one.at(history.denied(), now))
    both = {"and": all, "or": any}[word]
    return Meaning(
        f"({one.text} {word} {other.text})",
        lambda history, now: both([one.at(history, now), other.at(history, now)]),
    )


def rules_of(comparisons: st.SearchStrategy[Meaning]) -> st.SearchStrategy[Meaning]:
    """Rules that are made of such comparisons."""
    return st.recursive(
        comparisons,
        lambda inner: st.builds(_combined, st.sampled_from(["and", "or", "not"]), inner, inner),
        max_leaves=4,
    )


rules = rules_of(tests)


# Histories.

instants = st.builds(
    lambda days, hours, edge: START + days * DAY + hours * HOUR + edge,
    st.integers(-4, 2),
    st.sampled_from([0, 1, 3]),
    st.integers(-1, 1),
)
lines = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "category": categories,
            "quantity": st.integers(0, 3) | st.sampled_from([0.1, 2.5, "two", True]),
            "price": st.sampled_from([99, 100, 5_000, "x"]),
            "currency": st.sampled_from(["USD", "EUR"]),
        },
    )
    | st.just("no line"),
    max_size=3,
)
data = (
    st.fixed_dictionaries(
        {},
        optional={
            "category": categories | st.just(5),
            "shop": st.just({"city": "music"}) | st.just("none"),
            "quantity": st.integers(0, 3) | st.just(0.5),
            "gift": st.booleans() | st.just("yes"),
            "price": st.sampled_from([99, 100, 5_000]),
            "currency": st.sampled_from(["USD", "EUR"]),
            "products": lines | st.just({"quantity": 2}),
        },
    )
    | st.none()
    | st.just([1])
)
traits = st.fixed_dictionaries(
    {},
    optional={
        "age": st.integers(0, 3) | st.just("old"),
        "renewal": st.sampled_from(["2026-10-25", "2026-10-28", "soon", 7]),
        "birthday": st.sampled_from(["1990-10-26", "2000-02-29", "1999-13-01"]),
    },
)
events = st.tuples(st.sampled_from(TYPES), data) | st.tuples(
    st.just("traits_changed"), st.builds(lambda values: {"traits": values}, traits)
)


@st.composite
def histories(draw: st.DrawFn, max_size: int = 8) -> History:
    drawn = draw(st.lists(st.tuples(events, instants), max_size=max_size))
    happened = sorted(enumerate(drawn), key=lambda each: (each[1][1], each[0]))
    return History(
        [
            ShopperEvent(kind, data, at, f"e{n:02}", n)
            for n, (_, ((kind, data), at)) in enumerate(happened)
        ],
        draw(st.sampled_from(ZONES)),
        draw(st.sampled_from([frozenset(), frozenset({"vip"})])),
    )
