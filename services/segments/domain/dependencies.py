"""The index of rules by what they read: which of them an event can change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set

from rules import Reads, Rule, Summary, Verdict
from rules.summary.orders import ORDER_EVENTS

# By which events each part of a summary changes, beside those that a rule names itself. A stream
# that becomes an account's no longer has what nothing proves.
_ORDERS = ORDER_EVENTS | {"order_moved"}
_CART = frozenset({"cart_updated"})
_POINTS = frozenset({"loyalty_points_changed", "identity_changed"})
_TRAITS = frozenset(
    {"traits_changed", "loyalty_enrolled", "loyalty_tier_changed", "identity_changed"}
)
_CONSENT = frozenset({"consent_changed", "consent_refused", "identity_changed"})


class RuleIndex:
    """The rules in force by the types of the events that can change what they say.

    No event of another type changes a rule's verdict: time alone does, and the values of a model.
    """

    def __init__(self, rules: Mapping[str, Rule[Summary]]) -> None:
        self._rules = rules
        self._depths = {segment: _depth(segment, rules, frozenset()) for segment in rules}
        self._dependents: dict[str, set[str]] = defaultdict(set)
        for segment, rule in rules.items():
            for asked in rule.reads.segments:
                self._dependents[asked].add(segment)
        self._by_type: dict[str, set[str]] = defaultdict(set)
        for segment, rule in rules.items():
            for event_type in _types_of(rule.reads):
                self._by_type[event_type].add(segment)
        for event_type, segments in self._by_type.items():
            self._by_type[event_type] = self.with_dependents(segments)
        self.asks_for_segments = bool(self._dependents)
        self._by_values = self.with_dependents(
            {s for s, rule in rules.items() if rule.reads.values}
        )
        self._facts = {s: rule.reads.facts for s, rule in rules.items() if rule.reads.facts}
        self._empty: dict[str, Verdict] = {}
        self._empty_from, self._empty_until = 0, 0

    @property
    def read_facts(self) -> Set[str]:
        """The segments whose rules read the data of single events."""
        return self._facts.keys()

    @property
    def read_values(self) -> Set[str]:
        """The segments whose rules a new model can change."""
        return self._by_values

    def touched_by(self, event_types: Iterable[str]) -> set[str]:
        """The segments whose rules events of these types can change."""
        touched: set[str] = set()
        for event_type in event_types:
            touched |= self._by_type.get(event_type, set())
        return touched

    def facts_of(self, segments: Iterable[str]) -> Mapping[str, int | None]:
        """The types of events of which the rules read the data, and how far they look back (µs).

        None is all time.
        """
        facts: dict[str, int | None] = {}
        for segment in segments:
            for event_type, window in self._facts.get(segment, {}).items():
                widest = facts.get(event_type, 0)
                facts[event_type] = (
                    None if widest is None or window is None else max(widest, window)
                )
        return facts

    def with_dependents(self, segments: Set[str]) -> set[str]:
        """These segments, and those whose rules ask for them."""
        found = set(segments)
        added = found
        while added:
            added = {d for segment in added for d in self._dependents.get(segment, ())} - found
            found |= added
        return found

    def place(self, segment: str) -> tuple[int, str]:
        """Its place in an order in which a rule comes after those that it asks for."""
        return self._depths[segment], segment

    def of_nothing(self, now: int) -> Mapping[str, Verdict]:
        """What the rules say at `now` of a profile of which nothing is known.

        Only those that hold or will turn: of all others the verdict is no, for good.
        """
        if not self._empty_from <= now < self._empty_until:
            summary = Summary()
            verdicts: dict[str, Verdict] = {}
            summary.memberships = verdicts
            for segment in sorted(self._rules, key=self.place):
                verdicts[segment] = self._rules[segment].evaluate(summary, now)
            turns = [v.changes_at for v in verdicts.values() if v.changes_at is not None]
            self._empty = {s: v for s, v in verdicts.items() if v.value or v.changes_at is not None}
            self._empty_from, self._empty_until = now, min(turns, default=1 << 63)
        return self._empty


def _depth(segment: str, rules: Mapping[str, Rule[Summary]], above: frozenset[str]) -> int:
    """How many rules stand between a segment's and one that asks for none."""
    asked = [each for each in rules[segment].reads.segments if each in rules and each not in above]
    return max((1 + _depth(each, rules, above | {segment}) for each in asked), default=0)


def _types_of(reads: Reads) -> Iterator[str]:
    """The types of the events by which what is read changes."""
    yield from reads.event_types
    yield from reads.facts
    for is_read, types in (
        (reads.orders or reads.values, _ORDERS),
        (reads.cart, _CART),
        (reads.points, _POINTS),
        (reads.traits, _TRAITS),
        (reads.consent, _CONSENT),
    ):
        if is_read:
            yield from types
