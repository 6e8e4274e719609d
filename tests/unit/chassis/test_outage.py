"""Outage or poison: the rule, with the clock as an argument."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chassis.core.errors import Conflict
from chassis.projections.outage import (
    ALIKE_STREAMS,
    OTHERS_WINDOW,
    PATIENCE,
    WINDOW,
    ApplyFailure,
    FailureHistory,
    FailureVerdict,
    failure_kind,
    failure_reason,
)

SECOND = 1_000_000
NOW = 1_700_000_000 * SECOND


def failure(
    stream: str, of: str = "noted", kind: str = "KeyError in apply, x.py:1"
) -> ApplyFailure:
    return ApplyFailure(kind, of, stream)


def fail_alike(history: FailureHistory, count: int, now: int = NOW) -> list[FailureVerdict]:
    return [history.judge(failure(f"s{number}"), now) for number in range(count)]


def test_one_bad_event_is_poison_however_often_it_is_tried() -> None:
    history = FailureHistory()
    for second in range(20):
        assert history.judge(failure("a"), NOW + second * SECOND) is FailureVerdict.POISON
    assert history.outages(NOW) == []


def test_the_same_failure_on_many_streams_is_an_outage_from_the_threshold_on() -> None:
    history = FailureHistory()
    verdicts = fail_alike(history, ALIKE_STREAMS + 2)
    few = [FailureVerdict.POISON] * (ALIKE_STREAMS - 1)
    assert verdicts == [
        *few,
        FailureVerdict.OUTAGE_BEGINS,
        FailureVerdict.OUTAGE,
        FailureVerdict.OUTAGE,
    ]
    assert history.outages(NOW) == [failure("a").kind]


def test_different_failures_on_many_streams_are_poison() -> None:
    history = FailureHistory()
    for number in range(20):
        one = failure(f"s{number}", kind=f"ValueError in apply, x.py:{number}")
        assert history.judge(one, NOW) is FailureVerdict.POISON


def test_failures_alike_that_come_seldom_are_poison() -> None:
    history = FailureHistory()
    for number in range(20):
        now = NOW + number * WINDOW // (ALIKE_STREAMS - 2)
        assert history.judge(failure(f"s{number}"), now) is FailureVerdict.POISON


def test_failures_alike_are_poison_while_events_of_their_type_are_applied_in_between() -> None:
    history = FailureHistory()
    for number in range(100):
        assert history.judge(failure(f"s{number}"), NOW) is FailureVerdict.POISON
        history.note_applied(["noted"], NOW)


def test_events_of_other_types_prove_nothing_at_first() -> None:
    history = FailureHistory()
    for number in range(ALIKE_STREAMS):
        verdict = history.judge(failure(f"s{number}"), NOW)
        history.note_applied(["other"], NOW)
    assert verdict is FailureVerdict.OUTAGE_BEGINS


def test_what_other_replicas_have_halted_alike_counts() -> None:
    halted = [f"other-{number}" for number in range(ALIKE_STREAMS - 1)]
    assert FailureHistory().judge(failure("a"), NOW, halted) is FailureVerdict.OUTAGE_BEGINS
    assert FailureHistory().judge(failure("a"), NOW, [*halted[1:], "a"]) is FailureVerdict.POISON


def test_what_was_halted_counts_since_its_type_was_applied_and_for_a_minute_at_most() -> None:
    history = FailureHistory()
    assert history.since(failure("a"), NOW) == NOW - WINDOW
    history.note_applied(["noted"], NOW - SECOND)
    assert history.since(failure("a"), NOW) == NOW - SECOND
    assert history.since(failure("a", of="other"), NOW) == NOW - WINDOW
    assert history.since(failure("a"), NOW + 2 * WINDOW) == NOW + WINDOW


def test_a_misfit_of_release_and_database_is_an_outage_from_the_first_event_and_for_ever() -> None:
    history = FailureHistory()
    misfit = ApplyFailure("UndefinedColumn 42703 in save, store.py:1", "noted", "a", misfit=True)
    assert history.judge(misfit, NOW) is FailureVerdict.OUTAGE_BEGINS
    for second in range(0, 3_600, 5):
        history.note_applied(["other"], NOW + second * SECOND)
        assert history.judge(misfit, NOW + second * SECOND) is FailureVerdict.OUTAGE


def test_a_mistake_in_one_type_is_poison_after_minutes_in_which_others_were_applied() -> None:
    history = FailureHistory()
    verdicts = set()
    for second in range(0, PATIENCE // SECOND, 5):
        verdicts.update(fail_alike(history, ALIKE_STREAMS, NOW + second * SECOND)[-1:])
        history.note_applied(["other"], NOW + second * SECOND)
    assert verdicts == {FailureVerdict.OUTAGE_BEGINS, FailureVerdict.OUTAGE}
    assert history.judge(failure("s0"), NOW + PATIENCE) is FailureVerdict.POISON


def test_an_outage_in_which_nothing_is_applied_stays_one() -> None:
    history = FailureHistory()
    for second in range(0, 2 * PATIENCE // SECOND, 5):
        last = fail_alike(history, ALIKE_STREAMS, NOW + second * SECOND)[-1]
        assert last is not FailureVerdict.POISON


def test_an_outage_is_over_with_the_first_event_of_its_type_that_is_applied() -> None:
    history = FailureHistory()
    fail_alike(history, ALIKE_STREAMS)
    history.note_applied(["other"], NOW)
    assert history.outages(NOW)
    history.note_applied(["noted"], NOW)
    assert history.outages(NOW) == []
    assert history.judge(failure("a"), NOW) is FailureVerdict.POISON


def test_an_outage_of_which_nothing_is_heard_for_a_minute_is_over() -> None:
    history = FailureHistory()
    fail_alike(history, ALIKE_STREAMS)
    assert history.outages(NOW + WINDOW - 1)
    assert history.outages(NOW + WINDOW) == []


def test_whether_others_are_applied_is_asked_of_the_time_since_the_failure_began() -> None:
    history = FailureHistory()
    history.note_applied(["other"], NOW)
    assert not history.others_apply(failure("a"), NOW), "there is no failure"
    history.judge(failure("a"), NOW)
    assert not history.others_apply(failure("a"), NOW)
    history.note_applied(["other"], NOW + 1)
    assert history.others_apply(failure("a"), NOW + 1)
    assert not history.others_apply(failure("a"), NOW + 2 + OTHERS_WINDOW)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["fails", "applies"]),
            st.sampled_from(["noted", "other"]),
            st.integers(0, 12),
            st.integers(0, 20),
        ),
        max_size=80,
    )
)
def test_a_verdict_follows_from_the_failures_in_a_row(
    steps: list[tuple[str, str, int, int]],
) -> None:
    """Against a model that keeps everything that happened, and counts anew each time."""
    history = FailureHistory()
    now = NOW
    past: list[tuple[str, str, str, int]] = []
    for what, type_, number, seconds in steps:
        now += seconds * SECOND
        if what == "applies":
            history.note_applied([type_], now)
            past.append((what, type_, "", now))
            continue
        past.append((what, type_, f"{type_}-{number}", now))
        verdict = history.judge(failure(f"{type_}-{number}", type_), now)
        alike = {
            stream
            for place, (done, of, stream, at) in enumerate(past)
            if done == "fails"
            and at > now - WINDOW
            and not any(d == "applies" and t == of for d, t, _, _ in past[place:])
        }
        if len(alike) < ALIKE_STREAMS:
            assert verdict is FailureVerdict.POISON
        elif verdict is FailureVerdict.POISON:
            began = min(at for done, _, _, at in past if done == "fails")
            assert now - began >= PATIENCE


def raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:  # noqa: BLE001
        return caught


def test_failures_of_ours_with_different_ids_are_alike() -> None:
    errors = [raised(Conflict(f"stream {n}", f"is not that of profile {n}")) for n in range(2)]
    one, other = map(failure_kind, errors)
    assert one == other
    assert one.startswith("Conflict in raised, test_outage.py:")
    assert failure_reason(errors[0]) == f"{one}: stream 0: is not that of profile 0"
    assert failure_reason(raised(ValueError("grace@example.com"))).startswith("ValueError in ")
    assert "grace" not in failure_reason(raised(ValueError("grace@example.com")))
