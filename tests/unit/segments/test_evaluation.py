from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chassis import DAY, HOUR
from rules import Summary
from services.segments.configuration import read_definition
from services.segments.domain.definitions import ActiveDefinitions, DefinitionVersion
from services.segments.domain.evaluation import (
    MOST_TURNS,
    UNEVALUATED,
    Evaluation,
    EvaluationState,
    ProfileEvaluation,
    evaluate,
)
from services.segments.domain.memberships import Membership, MembershipChange
from tests.unit.rules.shoppers import NOW, fold, histories


def definitions(**rules: str) -> ActiveDefinitions:
    return ActiveDefinitions(
        {
            segment: DefinitionVersion(
                1, read_definition({"segment": segment, "rule": rule, "description": "x"}), 1
            )
            for segment, rule in rules.items()
        },
    )


def viewer(*instants: int) -> Summary:
    summary = Summary()
    for number, at in enumerate(instants):
        summary.add("product_viewed", {}, at, f"e{number}")
    return summary


RULES = definitions(
    newcomer="orders() == 0",
    active='count("product_viewed", within="30d") > 0',
    buyer='orders(within="60d") >= 1',
    cart='"1h" <= since_last("cart_updated") < "2d"',
)
IN = Membership(NOW, 1)


def test_only_the_net_change_against_what_was_told_is_told() -> None:
    members = {"newcomer": IN, "buyer": IN}
    assert evaluate(viewer(NOW), RULES, members, NOW).changes == (
        MembershipChange("active", True, NOW, 1),
        MembershipChange("buyer", False, NOW, 1),
    )


def test_nothing_is_told_twice() -> None:
    summary = viewer(NOW)
    members = {change.segment: IN for change in evaluate(summary, RULES, {}, NOW).changes}
    assert evaluate(summary, RULES, members, NOW).changes == ()


def test_a_profile_without_streams_is_in_no_segment() -> None:
    evaluation = evaluate(None, RULES, {"newcomer": IN}, NOW)
    assert evaluation.changes == (MembershipChange("newcomer", False, NOW, 1),)
    assert evaluation.next_at is None


def test_the_next_look_is_at_the_earliest_turn_of_any_rule() -> None:
    assert evaluate(viewer(NOW - DAY), RULES, {}, NOW).next_at == NOW + 29 * DAY


def test_what_time_brought_is_dated_to_the_instant_at_which_it_turned() -> None:
    due = NOW + 30 * DAY
    late = evaluate(viewer(NOW), RULES, {"newcomer": IN, "active": IN}, due + 5 * HOUR, due)
    assert late.changes == (MembershipChange("active", False, due, 1),)


def test_a_segment_entered_and_left_while_nobody_looked_is_not_told() -> None:
    summary = Summary()
    summary.add("cart_updated", {"products": []}, NOW, "e1")
    week_later = NOW + 7 * DAY
    assert evaluate(summary, RULES, {"newcomer": IN}, week_later, NOW + HOUR).changes == ()
    assert evaluate(summary, RULES, {"newcomer": IN}, NOW + DAY, NOW + HOUR).changes == (
        MembershipChange("cart", True, NOW + HOUR, 1),
    )


def test_a_profile_with_endless_turns_is_judged_at_once_after_a_hundred() -> None:
    rules = definitions(busy='count("product_viewed", within="1h") in [1]')
    summary = viewer(*(NOW + n * 2 * HOUR for n in range(3 * MOST_TURNS)))
    end = NOW + 600 * HOUR - 2 * HOUR
    assert evaluate(summary, rules, {}, end, NOW).changes == (
        MembershipChange("busy", True, end, 1),
    )


def test_a_profile_is_due_by_time_or_by_a_newer_definition() -> None:
    assert EvaluationState(NOW, 3).is_due(NOW, 3)
    assert EvaluationState(None, 2).is_due(NOW, 3)
    assert not EvaluationState(NOW + 1, 3).is_due(NOW, 3)
    assert not EvaluationState(None, 3).is_due(NOW, 3)


def reasons(state: EvaluationState, now: int = NOW) -> dict[str, str]:
    """Why a viewer who was in no segment enters some now, by segment."""
    evaluation = ProfileEvaluation(RULES, state, {})
    evaluation.evaluate(viewer(NOW), None, now, is_new=False)
    return {change.segment: reason for reason, change in evaluation.changes}


def test_a_profile_changes_by_a_rebuild_a_definition_or_time() -> None:
    assert reasons(UNEVALUATED) == {"active": "rebuild", "newcomer": "rebuild"}
    earlier = EvaluationState(None, -1, due={})
    assert reasons(earlier) == {"active": "definition", "newcomer": "definition"}
    assert reasons(EvaluationState(NOW, 1, due={"active": NOW})) == {"active": "time"}
    assert reasons(EvaluationState(NOW, 1)) == {"active": "time", "newcomer": "time"}
    assert reasons(EvaluationState(NOW + 1, 1, due={"active": NOW + 1})) == {}


@given(histories(), st.sets(st.sampled_from(sorted(RULES.versions))), st.integers(0, 90 * DAY))
def test_looking_late_ends_in_the_same_segments_as_looking_at_every_turn(
    events: Any, segments: set[str], later: int
) -> None:
    summary = fold(events)
    members = dict.fromkeys(segments, IN)
    first = evaluate(summary, RULES, members, NOW)
    inside = _after(members, first)
    due = first.next_at
    late = _after(inside, evaluate(summary, RULES, inside, NOW + later, due))
    while due is not None and due <= NOW + later:
        step = evaluate(summary, RULES, inside, due)
        inside, due = _after(inside, step), step.next_at
    assert late == inside == _after({}, evaluate(summary, RULES, {}, NOW + later))


def _after(members: Mapping[str, Membership], evaluation: Evaluation) -> dict[str, Membership]:
    inside = set(members)
    for change in evaluation.changes:
        assert change.entered is (change.segment not in inside)
        inside ^= {change.segment}
    return dict.fromkeys(inside, IN)
