"""Evaluation step by step ends in what all rules say of all events, however late a step comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from chassis import DAY, HOUR
from rules import Occasion, Summary, Verdict
from services.segments.domain.evaluation import UNEVALUATED, EvaluationState, ProfileEvaluation
from services.segments.domain.news import ProfileNews, share_watermarks
from tests.unit.rules.shoppers import NOW
from tests.unit.segments.test_evaluation import definitions

RULES = definitions(
    newcomer="orders() == 0",
    regular='orders(within="3d") >= 2',
    rich='revenue("USD", within="2d") >= 50',
    viewer='count("product_viewed", within="1d") in [1, 3]',
    gone='since_last("product_viewed") > "36h"',
    cart='cart_items() > 0 and "1h" <= since_last("cart_updated") < "2d"',
    nobody='never("product_viewed") and orders() < 1',
    city='traits.city == "Rome" or has_consent("email")',
    left_behind='"cart" in segments and "regular" not in segments',
    asks_again='"left_behind" in segments or "gone" in segments',
)
_ORDER = sorted(RULES.versions, key=RULES.index.place)  # what is asked for comes first
_EVENTS: dict[str, dict[str, Any]] = {
    "product_viewed": {},
    "cart_updated": {"products": [{"quantity": 1}]},
    "order_completed": {"order_id": "A", "revenue": 3_000, "currency": "USD"},
    "order_cancelled": {"order_id": "A"},
    "traits_changed": {"traits": {"city": "Rome"}},
    "consent_changed": {"purpose": "email", "granted": True},
}


class ShopperStep(NamedTuple):
    """Time that goes by, and an event after it, or the timer's turn if there is none.

    The event happened `age` before it was recorded, and is applied `lag` after that.
    """

    pause: int
    event: str | None
    age: int
    lag: int
    order: str


steps = st.lists(
    st.builds(
        ShopperStep,
        st.integers(0, 40 * HOUR),
        st.sampled_from([*_EVENTS, None]),
        st.integers(-60 * HOUR, 60 * HOUR),
        st.integers(0, 60 * HOUR),
        st.sampled_from("ABC"),
    ),
    max_size=12,
)


class EvaluatedShopper:
    """A profile with one stream, evaluated as the service does it, and its whole history."""

    def __init__(self) -> None:
        self.summary = Summary()
        self.state: EvaluationState = UNEVALUATED
        self.by_time: list[tuple[str, bool, int]] = []
        self.recorded: list[tuple[int, str, dict[str, Any], int, str]] = []

    def apply(self, recorded_at: int, event: str, age: int, order: str, now: int) -> None:
        evaluation = self._begin()
        evaluation.pass_time(self.summary, recorded_at - 1)
        data = dict(_EVENTS[event])
        if "order_id" in data:
            data["order_id"] = order
        self.recorded.append((recorded_at, event, data, recorded_at - age, str(len(self.recorded))))
        _add(self.summary, self.recorded[-1])
        news = ProfileNews(recorded_at, recorded_at, {event})
        self._end(evaluation, news, now, is_new=self.state.generation == 0)

    def tick(self, now: int) -> None:
        if self.state.is_due(now, RULES.generation):
            self._end(self._begin(), None, now)

    def _begin(self) -> ProfileEvaluation:
        return ProfileEvaluation(RULES, self.state, self.state.members or {})

    def _end(
        self,
        evaluation: ProfileEvaluation,
        news: ProfileNews | None,
        now: int,
        is_new: bool = False,
    ) -> None:
        evaluation.watermark = max(evaluation.watermark, self.summary.state.watermark)
        now = max(now, evaluation.watermark)
        evaluation.evaluate(self.summary, news, now, is_new=is_new)
        self.by_time += [
            (change.segment, change.entered, change.at)
            for reason, change in evaluation.changes
            if reason == "time"
        ]
        self.state = evaluation.state(now, is_settled=True)

    def turns(self, end: int) -> set[tuple[str, bool, int]]:
        """Every turn of every rule up to `end`, found by looking at every instant that matters."""
        found = set()
        inside = dict.fromkeys(RULES.versions, False)
        summary = Summary()
        arrivals = [event[0] for event in self.recorded]
        for number, event in enumerate(self.recorded):
            _add(summary, event)
            until = arrivals[number + 1] if number + 1 < len(arrivals) else end + 1
            at: int | None = event[0]
            while at is not None and at < until:
                coming = []
                for segment, (value, changes_at) in verdicts(summary, at).items():
                    if value is not inside[segment]:
                        inside[segment] = value
                        found.add((segment, value, at))
                    if changes_at is not None:
                        coming.append(changes_at)
                at = min(coming, default=None)
        return found


def verdicts(summary: Summary, at: int) -> dict[str, Verdict]:
    """What all rules say, evaluated anew."""
    found: dict[str, Verdict] = {}
    summary.memberships = found
    for segment in _ORDER:
        found[segment] = RULES.versions[segment].definition.rule.evaluate(summary, at)
    return found


def _add(summary: Summary, event: tuple[int, str, dict[str, Any], int, str]) -> None:
    recorded_at, kind, data, at, event_id = event
    occasion = Occasion(at, event_id, (recorded_at, int(event_id)), recorded_at)
    summary.add(kind, data, at, event_id, occasion)


@given(steps, st.integers(0, 100 * HOUR))
def test_every_step_ends_in_what_all_rules_say_and_every_turn_is_dated_to_its_instant(
    steps: Sequence[ShopperStep], later: int
) -> None:
    shopper = EvaluatedShopper()
    now = NOW
    for step in steps:
        # What nobody knew of while time was followed past it cannot be dated any more.
        recorded_at = now + step.pause
        if step.event is None:
            now = recorded_at
            shopper.tick(now)
        else:
            now = recorded_at + step.lag
            shopper.apply(recorded_at, step.event, step.age, step.order, now)
        if shopper.recorded:
            _check(shopper, now)
    if shopper.recorded:
        shopper.tick(now + later)
        _check(shopper, now + later)
        assert set(shopper.by_time) <= shopper.turns(now + later)


def _check(shopper: EvaluatedShopper, now: int) -> None:
    expected = verdicts(shopper.summary, now)
    assert set(shopper.state.members or ()) == {s for s, each in expected.items() if each.value}
    turns = [each.changes_at for each in expected.values() if each.changes_at is not None]
    if turns:
        assert shopper.state.next_at is not None
        assert shopper.state.next_at <= min(turns)


def test_a_replica_behind_in_time_re_enters_nobody() -> None:
    shopper = EvaluatedShopper()
    shopper.apply(NOW, "product_viewed", 0, "A", NOW)
    assert "viewer" in (shopper.state.members or {})
    shopper.tick(NOW + 2 * DAY)
    assert "viewer" not in (shopper.state.members or {})
    assert shopper.state.watermark == NOW + 2 * DAY
    shopper.apply(NOW + HOUR, "cart_updated", 0, "A", NOW + HOUR)
    shopper.tick(NOW + HOUR)
    assert "viewer" not in (shopper.state.members or {})


def test_profiles_between_which_streams_move_share_the_greatest_watermark() -> None:
    moves = [("a", "b"), ("c", "d"), ("b", "e")]
    marks = {"a": 1, "b": 5, "c": 2, "d": 1, "x": 9}
    assert share_watermarks(moves, marks) == {"a": 5, "b": 5, "e": 5, "c": 2, "d": 2}
